from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from splinter.model import record_words
from splinter.model.records import (
    CaseRecord,
    CheckRecord,
    Comparison,
    FileChange,
    Outcome,
    PullRequestRecord,
    RunRecord,
    StepRecord,
    Usage,
    WorkstreamRecord,
)
from splinter.publish import mail, pull_request_body, report
from splinter.publish.forges.github_pulls import LIMITS
from splinter.publish.pull_request_body import Around
from splinter.publish.report_contents import Contents
from splinter.text import markdown
from splinter.text.redact import Masked

RUN = "2026-01-02T02-00-00Z-1a2b"
LOG = f".splinter/runs/{RUN}/api-docs/tests.log"
TIDY = WorkstreamRecord(
    workstream="tidy",
    title="Tidy the imports",
    outcome="changed",
    objective="Ruff finds nothing to mend.",
    base="main",
    branch="splinter/tidy",
    tip="b1c2d3e4f5a6" + "0" * 28,
    files=(FileChange(status="M", path="src/app.py"), FileChange(status="A", path="docs/api.md")),
    steps=(StepRecord(workstream="tidy", step="lint", outcome="changed", started="", seconds=1.24, tool="ruff"),),
    checks=(
        CheckRecord(
            workstream="tidy", check="tests", outcome="passed", seconds=2.5,
            cases=(CaseRecord(id="a", outcome="passed"), CaseRecord(id="b", outcome="skipped")),
            compared=Comparison(before="failed", itself="fixed", fixed=("c.d", "e")),
        ),
    ),
    metadata={"phase": "PH-01", "owners": ["docs", "core"], "nested": {"a": None}},
)  # fmt: skip
DOCS = WorkstreamRecord(
    workstream="api-docs",
    title="Refresh the API docs",
    outcome="failed",
    reason="check_failed",
    step="tests",
    message="2 tests failed:\n  test_greet[a|b] <- \x1b[31mHelo\x1b[0m",
    checks=(
        CheckRecord(
            workstream="api-docs", check="tests", outcome="failed", seconds=3, log=LOG,
            cases=(CaseRecord(id="t.py::test_greet", outcome="failed", message="assert 'Helo' == 'Hello'"),),
        ),
    ),
)  # fmt: skip
SITE = WorkstreamRecord(workstream="site", title="Build the site", outcome="blocked", depends_on=("api-docs",))
REST = WorkstreamRecord(workstream="deps", title="Update the dependencies", outcome="skipped")
OFF = WorkstreamRecord(workstream="off", title="Not now", outcome="disabled")
OPENED = PullRequestRecord(workstream="tidy", action="opened", where="https://github.com/o/r/pull/12", number=12)


def run_of(*workstreams: WorkstreamRecord, **fields: object) -> RunRecord:
    whole = {"started": "2026-01-02T04:00:00+02:00", "finished": "2026-01-02T02:04:31Z", **fields}
    return RunRecord(run=RUN, workstreams=workstreams, **whole)  # type: ignore[arg-type]


def body_of(record: WorkstreamRecord, **fields: str) -> str:
    return pull_request_body.body(record, **{"run": RUN, "reproduce": "doit tidy", "definition": "d" * 64, **fields})


class Reader(HTMLParser):
    """What a browser would see of a page: tags, addresses, text, and anything that is none of them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.attributes: set[str] = set()
        self.odd: list[str] = []
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "action")]

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_comment(self, data: str) -> None:
        self.odd.append(data)

    unknown_decl = handle_pi = handle_comment


@pytest.mark.parametrize(
    ("run", "first_line"),
    [
        (run_of(TIDY, replace(TIDY, workstream="two"), DOCS), "# 3 workstreams: 2 changed, 1 failed"),
        (run_of(TIDY), "# 1 workstream: 1 changed"),
        (run_of(REST, replace(REST, workstream="b")), "# 2 workstreams: nothing ran, 2 skipped"),
        (run_of(REST, OFF), "# 2 workstreams: nothing ran, 1 skipped, 1 disabled"),
        (run_of(), "# 0 workstreams: nothing ran"),
        (
            run_of(REST, pull_requests=(replace(OPENED, workstream="deps", action="updated"),)),
            "# 1 workstream: nothing ran, 1 skipped, 1 pull request updated",
        ),
    ],
)
def test_the_first_line_is_the_verdict(run: RunRecord, first_line: str) -> None:
    assert report.report_markdown(run).splitlines()[0] == first_line


def test_what_is_disabled_is_not_called_not_due() -> None:
    for shown in (report.report_markdown(run_of(REST, OFF)), report.index_html(run_of(REST, OFF))):
        not_due, _, disabled = shown.rpartition("Skipped<" if "<h2" in shown else "## Skipped")[2].partition("Disabled")
        assert ("deps" in not_due, "off" in not_due, "off" in disabled) == (True, False, True)


def test_failures_stand_before_what_went_well() -> None:
    page = report.report_markdown(run_of(TIDY, SITE, DOCS))
    places = [page.index(text) for text in ("### api-docs: Refresh", "### site: Build", "## Workstreams", "### Tidy")]
    assert places == sorted(places)


def test_a_failure_shows_step_reason_message_and_log() -> None:
    page = report.report_markdown(run_of(DOCS))
    assert (
        "### api-docs: Refresh the API docs\n\n"
        "**Failed** at step `tests`, reason `check_failed`\n\n"
        "    2 tests failed:\n      test_greet[a|b] <- Helo\n\n"
        "- tests: t.py::test\\_greet: assert 'Helo' == 'Hello'\n\n"
        f"- Log of tests: `{LOG}`\n"
    ) in page
    assert "- Failed: `t.py::test_greet`: assert 'Helo' == 'Hello'\n" in page


def test_a_failed_step_names_its_patch() -> None:
    step = StepRecord(
        workstream="w", step="write", outcome="failed", started="", seconds=1, log="a/write.log", patch="a/write.patch"
    )
    record = replace(DOCS, steps=(step,), checks=(), step="write", reason="exit_code")
    page = report.report_markdown(run_of(record))
    assert "- Log of write: `a/write.log`\n- Patch of write: `a/write.patch`\n" in page
    assert 'href="../../a/write.patch"' in report.index_html(run_of(record))


def test_a_blocked_workstream_names_what_it_waited_for() -> None:
    assert "**Blocked**: it depends on `api-docs`\n" in report.report_markdown(run_of(SITE))


def test_where_ci_shows_the_run_is_a_link_in_each_form() -> None:
    ci = "https://github.example/octo/project/actions/runs/42"
    assert f"- In CI, with its logs: <{ci}>\n" in report.report_markdown(run_of(DOCS), Contents(ci=ci))
    assert f'href="{ci}"' in report.index_html(run_of(DOCS), Contents(ci=ci))
    assert f'href="{ci}"' in mail.message(run_of(DOCS), Masked, ci=ci).html


def test_where_nothing_changed_no_branch_is_told() -> None:
    """There may be none, or a person's commits on it: the record's commit is the base's."""
    run = run_of(replace(TIDY, outcome="unchanged"))
    page = report.report_markdown(run)
    assert "- Base: `main`\n" in page
    assert "splinter/tidy" not in page + report.index_html(run)
    assert "b1c2d3e4f5a6" not in report.index_html(run)


def test_a_workstream_is_reported_with_everything_that_is_recorded() -> None:
    page = report.report_markdown(run_of(TIDY, pull_requests=(replace(OPENED, notes=("reviewer x: refused",)),)))
    for text in (
        "- Started: 2026-01-02 02:00:00 UTC\n- Finished: 2026-01-02 02:04:31 UTC, after 4 min 31 s\n",
        "- Outcome: **changed**\n- Objective: Ruff finds nothing to mend.\n",
        "- Branch: `splinter/tidy`, on `main`; its result is commit `b1c2d3e4f5a6`\n",
        "- Pull request: opened #12, <https://github.com/o/r/pull/12>\n- Pull request note: reviewer x: refused\n",
        '- phase: PH-01\n- owners: docs, core\n- nested: {"a": null}\n',
        "- Step `lint`: changed, 1.2 s\n",
        "- Check `tests`: passed: 1 passed, 1 skipped; none failing; before: failed; 2.5 s\n",
        "- Fixed: `c.d`, `e`\n",
        "- modified `src/app.py`\n- added `docs/api.md`\n",
    ):
        assert text in page


def test_a_run_in_which_nothing_was_due_says_so() -> None:
    run = run_of(REST)
    assert "No workstream was due, so nothing ran." in report.report_markdown(run)
    assert "No workstream was due, so nothing ran." in report.index_html(run)
    assert not report.is_failure(run)


def test_a_run_that_was_killed_says_so_and_counts_as_a_failure() -> None:
    run = run_of(TIDY, finished=None)
    assert "This run did not finish. What follows is what it recorded." in report.report_markdown(run)
    assert "did not finish" in Reader(report.index_html(run)).words
    assert report.is_failure(run)


def test_the_json_report_has_a_version_and_a_stable_order() -> None:
    text = report.report_json(run_of(TIDY, pull_requests=(OPENED,)))
    document = json.loads(text)
    assert list(document)[:4] == ["schema_version", "verdict", "run", "started"]
    assert document["schema_version"] == 1
    assert document["workstreams"][0]["files"][0] == {"status": "M", "path": "src/app.py"}
    assert text == report.report_json(run_of(TIDY, pull_requests=(OPENED,)))


def test_a_long_message_loses_its_middle_and_says_so() -> None:
    shown = markdown.excerpt("start" + "x" * 10_000 + "end")
    assert shown.startswith("start")
    assert shown.endswith("end")
    assert "… 6008 characters left out; the log has them …" in shown


def test_more_files_than_one_reads_are_counted() -> None:
    files = tuple(FileChange(status="M", path=f"f{number}") for number in range(130))
    assert "- … and 30 more; `report.json` has them all\n" in report.report_markdown(run_of(replace(TIDY, files=files)))


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("a_b *c* `d` [e](f)", r"a\_b \*c\* &#96;d&#96; \[e\](f)"),
        ("<script>|~&", "&#60;script&#62;&#124;&#126;&#38;"),
        ("# title", r"\# title"),
        ("- item", r"\- item"),
        ("12. item", r"12\. item"),
        ("3.5 s", "3.5 s"),
        ("two\nlines\r\n\tof  text", "two lines of text"),
        ("\x1b[31mred\x1b[0m \u202egpj", r"red \\u202egpj"),
        ("ask @octocat about #12", "ask @\u200boctocat about #\u200b12"),
        ("", ""),
    ],
)
def test_any_text_is_shown_as_it_is(given_text: str, shown: str) -> None:
    assert markdown.text(given_text) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("src/a b.py", "`src/a b.py`"),
        ("a`b", "a&#96;b"),
        ("a|b", "a&#124;b"),
        ("new\nline", r"new\\nline"),
        ("<!-- splinter:end -->", "&#60;!-- splinter:end --&#62;"),
        ("@octocat/pkg", "`@octocat/pkg`"),
        ("a\x1b]0;hidden\x07.py", r"a\\u001b\]0;hidden\\u0007.py"),
    ],
)
def test_a_name_is_a_code_span_only_where_nothing_in_it_can_end_the_span(name: str, shown: str) -> None:
    assert markdown.code(name) == shown


# Everything that has meaning to Markdown, HTML, GitHub, a terminal, a mail, jinja, markdown2, or us.
HOSTILE = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "|", "`", "``", "```", "~~~", "\n", "\n\n", "    ",
    "\t", pull_request_body.END, pull_request_body.BEGIN, "<!--", "-->", "@octocat", "#12", "**", "__", "*", "_", "[x](javascript:alert(1))",
    "![i](http://e/x)", "[a]: http://x", "<http://x.y>", "<a@b.cc>", "\\", "\\\\", "&lt;", "&amp;", "&#60;", "# h",
    "- l", "1. l", "> q", "---", "===", "\x1b[31m", "\u202e", "\x00", "Bcc: x@y.z", "\r\n", "\r", "<div>", "</div>",
    "</pre>", "</code>", "<", "x", "y ", "é", "\udc80", "md5-", "{{ 7*7 }}", "{% if %}", "|---|", "a_b_c", "(", ")",
    "]", "!", "<hr/>", "<?x ?>", "<![CDATA[", "$x$", "https://x.y/z", "<p>", "Run: x", "\n===\n",
)  # fmt: skip
hostile = st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=6).map("".join)
MAIL_TAGS = set(
    re.findall(
        r"\w+", "html head meta title style body div h1 h2 h3 p ul li strong code pre a table thead tbody tr th td"
    )
)


@st.composite
def hostile_runs(draw: st.DrawFn) -> RunRecord:
    step = StepRecord(
        workstream="w", step=draw(hostile), outcome="failed", started=draw(hostile), seconds=1, reason=draw(hostile),
        log=draw(hostile), patch=draw(hostile), notes=(draw(hostile),), tool=draw(hostile),
    )  # fmt: skip
    case = CaseRecord(id=draw(hostile), outcome="failed", message=draw(hostile))
    check = CheckRecord(
        workstream="w",
        check=draw(hostile),
        outcome="failed",
        seconds=1,
        cases=(case,),
        notes=(draw(hostile),),
        compared=Comparison(before=draw(hostile), broken=(draw(hostile),), flaky=(draw(hostile),)),
    )
    record = WorkstreamRecord(
        workstream=draw(hostile), title=draw(hostile), outcome=draw(st.sampled_from(["changed", "failed", "blocked"])),
        reason=draw(hostile), step=draw(hostile), message=draw(hostile), objective=draw(hostile), base=draw(hostile),
        branch=draw(hostile), tip=draw(hostile), depends_on=(draw(hostile),), notes=(draw(hostile),),
        metadata={draw(hostile): draw(hostile), "list": [draw(hostile)], "map": {draw(hostile): draw(hostile)}},
        files=(FileChange(status="M", path=draw(hostile)),), steps=(step,), checks=(check,),
    )  # fmt: skip
    page = PullRequestRecord(workstream=record.workstream, action="opened", where=draw(hostile), notes=(draw(hostile),))
    return RunRecord(
        run=draw(hostile), started=draw(hostile), finished="x", workstreams=(record,), pull_requests=(page,)
    )


def without_blanks(text: str) -> str:
    return "".join(text.split()).replace("\u200b", "")


@settings(deadline=None)
@given(hostile_runs())
def test_no_record_can_put_anything_but_text_into_a_mail(run: RunRecord) -> None:
    seen = Reader(mail.message(run, Masked).html)
    assert seen.tags <= MAIL_TAGS
    assert seen.odd == []
    assert without_blanks(markdown.one_line(run.workstreams[0].workstream)) in without_blanks(seen.words)


@settings(max_examples=max(20, settings().max_examples // 10), deadline=None)
@given(hostile_runs(), hostile)
def test_no_record_can_forge_the_markers_of_a_pull_request(run: RunRecord, reproduce: str) -> None:
    own = body_of(run.workstreams[0], run=run.run, reproduce=reproduce)
    hidden = 7 + bool(run.workstreams[0].tip)
    assert (own.count(pull_request_body.BEGIN), own.count(pull_request_body.END), own.count("<!--")) == (1, 1, hidden)
    assert own.startswith(pull_request_body.BEGIN)
    assert own.endswith(pull_request_body.END)
    assert not re.search(r"@\w", re.sub(r"`[^`\n]*`|^    .*$", "", own, flags=re.MULTILINE))
    assert pull_request_body.hidden(own, "definition") == "d" * 64
    own.encode()


def test_a_pull_request_body_says_what_was_done_and_how_to_do_it_again() -> None:
    body = body_of(TIDY)
    for text in (
        "-->\n\nRuff finds nothing to mend.\n",
        "### 2 files changed\n\n- modified `src/app.py`\n- added `docs/api.md`\n",
        "- `tests`: 1 passed, 1 skipped; none failing; failed before the change\n  - fixed: `c.d`, `e`\n",
        "| phase | PH-01 |\n",
        "| Step | Outcome | Tool | Files |\n|---|---|---|---:|\n| `lint` | changed | `ruff` | 0 |\n",
        "<summary>Reproduce</summary>\n\n    doit tidy\n\n</details>\n",
        f" in run `{RUN}`.\n",
        "To say no, close this pull request: it is not opened again until its workstream's definition is another.\n",
        "push to `splinter/tidy`: your commits stay",
    ):
        assert text in body


def test_a_pull_request_body_begins_with_what_a_reviewer_asks() -> None:
    fixed = StepRecord(
        workstream="tidy", step="fix-1", outcome="changed", started="", seconds=1, tool="agent", model="m",
        usage=Usage(calls=1, priced=1, usd=0.5), said="I did **this**.\n\n@bob closes #1", notes=("fixed c.d",),
    )  # fmt: skip
    objective = "Ruff finds:\n\n- *nothing*\n- `x`\n\n# closes #2"
    around = Around(lines={"src/app.py": (12, 3)}, builds_on=("https://github.com/o/r/pull/1",), fits=("It merges.",))
    body = pull_request_body.body(
        replace(TIDY, objective=objective, steps=(*TIDY.steps, fixed)),
        run=RUN, reproduce="doit tidy", definition="d" * 64, around=around,
    )  # fmt: skip
    told = (
        "Ruff finds:\n\n- *nothing*\n- `x`\n\n**closes #\u200b2**\n",
        "> I did **this**.\n>\n> @\u200bbob closes #\u200b1\n\n</details>\n",
        "**Builds on <https://github.com/o/r/pull/1>: merge that first.**\n",
        "### 2 files changed, +12 \u22123\n\n- modified `src/app.py`, +12 \u22123\n- added `docs/api.md`\n",
        "- `fix-1`, agent: fixed c.d\n",
        "the workstream `tidy` with `agent` (m) in run",
        "Cost: $0.5000.\nIt merges.\n<!-- splinter:lasting -->\n",
        "<summary>Steps</summary>",
        "To say no, close this pull request",
    )
    places = [body.find(text) for text in told]
    assert -1 not in places
    assert places == sorted(places)
    hidden = re.search(r"^<!-- splinter:record (\{.*\}) -->$", body, re.MULTILINE)
    assert hidden
    assert json.loads(hidden[1]) == {"workstream": "tidy", "metadata": TIDY.metadata}


@pytest.mark.parametrize(
    ("outcomes", "compared", "words"),
    [
        (["passed"] * 2, None, "2 passed; none failing"),
        (["passed", "failed"], None, "1 passed; 1 failing"),
        (["passed", "skipped"], Comparison(before="passed"), "1 passed, 1 skipped; none failing"),
        (["passed", "failed"], Comparison(before="failed", failing_before=("1",)),
         "1 passed; none newly failing, 1 failed before and still does"),
        (["failed"] * 3, Comparison(before="failed", failing_before=("0", "2")),
         "0 passed; 1 newly failing, 2 failed before and still do"),
        (["passed", "failed"], Comparison(before="passed", flaky=("1",)), "1 passed, 1 flaky; none failing"),
        ([], None, "passed"),
        ([], Comparison(before="failed"), "passed; failed before the change"),
        ([], Comparison(before="passed"), "passed, as before the change"),
    ],
)  # fmt: skip
def test_a_check_is_told_in_a_reviewers_words(outcomes: list[str], compared: Comparison | None, words: str) -> None:
    cases = tuple(CaseRecord(id=str(number), outcome=Outcome(one)) for number, one in enumerate(outcomes))
    check = CheckRecord(workstream="w", check="t", outcome="passed", seconds=1, cases=cases, compared=compared)
    assert record_words.check_in_words(check) == words


def test_code_that_would_be_cut_is_left_out() -> None:
    own = body_of(replace(TIDY, objective="Before.\n\n```\n" + "a line of code\n" * 20 + "```\n\nAfter."))
    cut = pull_request_body.merge_body("", own, longest=own.index("line of code") + 200)
    assert "Before.\n\n*Cut here:" in cut
    assert "```" not in cut
    cut = pull_request_body.merge_body("", own, longest=own.index("After.") + 200)
    assert "a line of code\n```\n\nAfter." in cut


def test_a_fold_that_is_cut_is_closed() -> None:
    own = body_of(TIDY)
    room = own.index("| phase") + 400
    assert own.count("<details>") == 3
    cut = pull_request_body.merge_body("", own, longest=room)
    assert len(cut) <= room
    assert cut.count("<details>") == cut.count("</details>") > 0


def test_run_and_times_alone_are_no_change_of_a_body() -> None:
    slower = replace(TIDY, steps=(replace(TIDY.steps[0], seconds=99),))
    assert pull_request_body.is_same_body(body_of(TIDY), body_of(slower, run="another"))
    assert pull_request_body.is_same_body(body_of(TIDY).replace("\n", "\r\n"), body_of(TIDY))


@pytest.mark.parametrize(
    "other",
    [
        body_of(TIDY, definition="e" * 64),
        body_of(replace(TIDY, objective="Another")),
        body_of(replace(TIDY, title="Another")),
        body_of(replace(TIDY, files=())),
        body_of(replace(TIDY, metadata={"Run": "x"})),
    ],
)
def test_anything_else_is_a_change(other: str) -> None:
    assert not pull_request_body.is_same_body(body_of(TIDY), other)


def test_a_metadata_key_called_run_is_not_taken_for_the_run() -> None:
    one, two = (body_of(replace(TIDY, metadata={"Run": value}, objective="Run: x")) for value in ("a", "b"))
    assert not pull_request_body.is_same_body(one, two)


def test_a_title_is_one_line() -> None:
    assert pull_request_body.title(replace(TIDY, title="Two\nlines\x1b[31m")) == "Two lines"
    assert pull_request_body.title(replace(TIDY, title=" \n")) == "tidy"


def test_a_first_body_is_our_part_alone() -> None:
    assert pull_request_body.merge_body("", body_of(TIDY)) == body_of(TIDY)


def test_a_body_without_our_part_gets_it_at_its_end() -> None:
    assert pull_request_body.merge_body("Mine.\r\n", "OWN") == "Mine.\r\n\n\nOWN"


def test_text_around_our_part_stays() -> None:
    old, new = body_of(TIDY), body_of(replace(TIDY, objective="Another"))
    assert pull_request_body.merge_body(f"before \r\n{old} after\t\n", new) == f"before \r\n{new} after\t\n"


human = st.lists(
    st.sampled_from(
        [pull_request_body.BEGIN, pull_request_body.END, "\r\n", "text ", "é", pull_request_body.BEGIN[:-1]]
    )
).map("".join)


@given(human, human)
@example(f"{pull_request_body.BEGIN} mine", "")
def test_merging_keeps_every_character_of_a_human(before: str, after: str) -> None:
    first, second = body_of(TIDY), body_of(DOCS)
    once = pull_request_body.merge_body(before, first)
    kept = before.replace(pull_request_body.own_part(before), "", 1)
    assert once.replace(first, "", 1).rstrip("\n") in (kept, kept.rstrip("\n"))
    edited = f"{once}{after}"
    assert pull_request_body.merge_body(edited, second) == edited.replace(first, second, 1)


def test_a_body_that_is_too_long_is_cut_with_whole_markers_and_a_note() -> None:
    files = tuple(FileChange(status="M", path=f"{number:03}{'x' * 700}") for number in range(130))
    own, mine = body_of(replace(TIDY, files=files)), "y" * 3_000
    merged = pull_request_body.merge_body(mine, own, longest=LIMITS.body)
    assert len(merged) <= 65_536
    assert merged.startswith(mine)
    assert merged.endswith(f"{pull_request_body.CUT.format(65_536)}\n\n{pull_request_body.END}")
    assert pull_request_body.hidden(pull_request_body.own_part(merged), "definition") == "d" * 64
    assert pull_request_body.merge_body(merged, own, longest=LIMITS.body) == merged


def test_a_body_with_no_room_for_us_stays_as_it_is() -> None:
    mine = "y" * 65_500
    assert pull_request_body.merge_body(mine, body_of(TIDY), longest=LIMITS.body) == mine


def test_a_pull_request_that_we_close_ourselves_forgets_its_definition() -> None:
    body = pull_request_body.withdrawn(f"mine <!-- splinter:definition x -->\n{body_of(TIDY)}")
    assert pull_request_body.hidden(pull_request_body.own_part(body), "definition") is None
    assert body.startswith("mine <!-- splinter:definition x -->\n<!-- splinter:begin -->")


def test_what_is_said_of_several_pull_requests_alike_is_said_once() -> None:
    one = replace(OPENED, notes=("nothing was pushed",))
    other = replace(one, workstream="deps", notes=("nothing was pushed", "its own"))
    run = run_of(TIDY, REST, pull_requests=(one, other))
    for told in (report.report_markdown(run), report.index_html(run)):
        assert told.count("nothing was pushed") == 1
        assert told.count("its own") == 1


def test_the_table_of_the_text_reads_as_text() -> None:
    run = run_of(TIDY, DOCS, pull_requests=(OPENED,))
    assert (
        "| Workstream | Outcome     | Cost | Time  | Pull request |\n|------------|-------------|------|-------|--------------|\n"
        "| `tidy`     | **changed** | -    | 3.7 s | <https://github.com/o/r/pull/12> |\n"
        "| `api-docs` | **failed**  | -    | 3 s   | - |\n"
    ) in report.report_markdown(run)
    assert "| Workstream" not in report.report_markdown(run_of(TIDY))
