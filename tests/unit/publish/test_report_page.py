from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splinter.model.records import (
    CaseRecord,
    CheckRecord,
    Clash,
    Comparison,
    ErrorRecord,
    LeftOut,
    RehearsalRecord,
    RunRecord,
    StepRecord,
    Usage,
    WorkstreamRecord,
)
from splinter.publish import reduced_records, report, report_contents, report_drawings
from splinter.publish.report_contents import Contents, Proposed, Shown
from splinter.text import markdown
from tests import reports
from tests.unit.publish.test_report import (
    DOCS,
    HOSTILE,
    LOG,
    OPENED,
    REST,
    SITE,
    TIDY,
    Reader,
    hostile,
    hostile_runs,
    run_of,
    without_blanks,
)

TAGS = set(
    re.findall(
        r"\w+",
        "html head meta title style body a header p bdi h1 svg rect ul ol li b nav main section div label input "
        "fieldset legend span table thead tbody tr th td button article h2 h3 h4 pre details summary code dl dt dd "
        "footer script ins del i br strong g path text defs marker",
    )
)
MORE = (
    "@everyone",
    "👩\u200d💻",
    "שלום",
    "\u200b",
    "\ufeff",
    "</script>",
    "</style>",
    "]]>",
    "+",
    "-",
    "diff --git a/x b/x\n",
    "@@ ",
)
wild = st.lists(st.sampled_from((*HOSTILE, *MORE)), min_size=1, max_size=6).map("".join)


def page_of(run: RunRecord, contents: Contents = report_contents.NOTHING) -> Reader:
    return Reader(report.index_html(run, contents))


def test_the_page_loads_nothing_and_runs_only_what_its_policy_names() -> None:
    html = report.index_html(run_of(TIDY, DOCS, SITE, REST, pull_requests=(OPENED,), notes=("a note",)))
    page = Reader(html)
    assert page.tags <= TAGS
    assert not {name for name in page.attributes if name.startswith("on") or name in ("src", "style", "action")}
    assert {one for one in page.addresses if ":" in one} == {"https://github.com/o/r/pull/12"}
    policy = re.search(r'Security-Policy" content="([^"]*)"', html)
    assert policy
    allowed = dict(part.split(maxsplit=1) for part in policy[1].replace("&#39;", "'").split("; "))
    assert allowed.keys() == {"default-src", "style-src", "script-src", "base-uri", "form-action"}
    assert {allowed[name] for name in ("default-src", "base-uri", "form-action")} == {"'none'"}
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert allowed[f"{tag}-src"] == f"'sha256-{digest}'"
    for words in (
        "4 workstreams: 1 changed",
        "a note",
        "Refresh the API docs",
        "PH-01",
        "src/app.py",
        "t.py::test_greet",
    ):
        assert words in page.words


@given(hostile_runs(), wild, wild)
def test_no_text_can_be_anything_but_text(run: RunRecord, shown: str, where: str) -> None:
    record = run.workstreams[0]
    id, said = record.workstream, replace(record.steps[0], said=shown, started="2026-01-02T02:00:00Z")
    other = WorkstreamRecord(workstream=f"{id}2", title=shown, outcome="changed", depends_on=(id,), steps=(said,))
    rehearsal = RehearsalRecord(
        base=shown, base_commit=shown, commit="", workstreams=(shown,), left_out=(LeftOut(workstream=id, reason="conflict", message=shown),),
        clashes=(Clash(one=id, other=shown, paths=(shown,)),), checks=record.checks,
    )  # fmt: skip
    run = replace(
        run, workstreams=(record, other), rehearsals=(rehearsal,), errors=(ErrorRecord(task=shown, message=shown),)
    )
    contents = Contents(
        repository=shown, ci=where, now=shown, diffs={id: Shown(text=f"diff --git a/x b/x\n@@\n+{shown}", left_out=3)},
        files={str(record.steps[0].log): Shown(text=shown), ".log": Shown(text=shown)}, branches={id: shown},
        proposed={id: Proposed(workstream=id, where=where, since=shown)},
    )  # fmt: skip
    seen = page_of(run, contents)
    assert seen.tags <= TAGS
    assert seen.odd == []
    assert all(re.match(r"https?://|\.\./\.\./|report\.(json|md)$|#[\w-]+$", one) for one in seen.addresses)
    told = without_blanks(seen.words)
    for text in (record.title, record.objective, record.notes[0], record.checks[0].cases[0].message, shown):
        assert without_blanks(markdown.one_line(text)) in told


def test_a_diff_is_shown_line_by_line_with_its_files_and_counts() -> None:
    run, contents = reports.small()
    html = report.index_html(run, contents)
    assert '<code>docs/api.md</code> <ins class="count">+3</ins> <del class="count">\u22121</del>' in html
    assert "<del>-greet(&#34;world&#34;)\n</del>" in html
    hidden = replace(contents, diffs={"api-docs": Shown(text=reports.DIFF, left_out=7)})
    words = page_of(run, hidden).words
    assert "7 more lines are left out here." in words
    assert "doit diff api-docs" in words


def test_what_failed_stands_first_with_tests_log_patch_and_commands() -> None:
    run, contents = reports.small()
    words = " ".join(page_of(run, contents).words.split())
    look = words[words.index("Needs a look", words.index("Find a workstream")) :]
    places = [
        look.index(text)
        for text in (
            "Make parse trees immutable", "freeze-parser at tests", "Failing tests of tests", "failed tests/test_parser.py::test_empty_input", "'Tree' object has no attribute",
            "Log of tests (its end)", "test session starts", "Patch of what was made", "tree.freeze()", "git diff 3f2a1bc00000",
            "doit log freeze-parser:tests", "Build the site from the new docs", "Waiting for you", "Workstreams", "All branches together",
        )
    ]  # fmt: skip
    assert places == sorted(places)


def test_newly_failing_tests_come_first_and_all_are_there() -> None:
    cases = tuple(CaseRecord(id=f"t::{n:03}", outcome="failed", message=f"because {n}") for n in range(130))
    check = CheckRecord(
        workstream="w", check="tests", outcome="failed", seconds=1, cases=cases,
        compared=Comparison(before="failed", failing_before=("t::000",), broken=tuple(one.id for one in cases[1:])),
    )  # fmt: skip
    words = page_of(run_of(replace(DOCS, checks=(check,)))).words
    assert words.index("t::001") < words.index("t::000")
    assert "because 98" in words
    assert "and 30 more; report.json has them all" in words


def test_a_pull_request_is_linked_wherever_its_workstream_stands_also_when_nothing_was_written() -> None:
    where = "https://github.com/o/r/pull/7"
    contents = Contents(proposed={id: Proposed(workstream=id, where=where, number=7) for id in ("tidy", "deps")})
    run = run_of(replace(TIDY, outcome="unchanged"), REST)
    assert page_of(run, contents).addresses.count(where) == 5  # twice in rows, in the details, twice as waiting
    assert report.report_markdown(run, contents).count(f"<{where}>") == 4


def test_open_pull_requests_wait_with_their_age_and_merged_ones_do_not() -> None:
    run, contents = reports.small()
    assert "12 days" in page_of(run, contents).words
    assert "open for 12 days: Update the dependencies (`deps`)" in report.report_markdown(run, contents)
    merged = replace(contents, merged=frozenset({"api-docs"}), branches={"api-docs": "merged into main"})
    words = page_of(run, merged).words
    assert "1 pull request was open when last seen" in words
    assert "its result is commit 9d0e4f1a0000; merged into main" in words


@pytest.mark.parametrize(
    ("since", "words"),
    [
        ("2026-11-26T09:00:00+00:00", "less than an hour"), ("2026-11-26T08:00:00+00:00", "an hour"),
        ("2026-11-25T08:00:00+00:00", "25 hours"), ("2026-11-14T09:00:00+01:00", "12 days"), ("", ""), ("2027-01-01T00:00:00+00:00", ""),
    ],
)  # fmt: skip
def test_an_age_is_what_people_say(since: str, words: str) -> None:
    assert report_contents.age(since, "2026-11-26T09:30:00+00:00") == words


def test_the_timeline_shows_what_ran_in_this_run_and_packs_many_rows() -> None:
    run, _ = reports.small()
    drawn = report_drawings.timeline(run)
    assert drawn
    assert [(row.workstream, len(row.bars)) for row in drawn.rows] == [("api-docs", 4), ("freeze-parser", 4)]
    earlier = replace(reports.DOCS, steps=(replace(reports.DOCS.steps[0], started=reports.at(-600)),), checks=())
    assert report_drawings.timeline(replace(run, workstreams=(earlier,))) is None
    packed = report_drawings.timeline(reports.large(60)[0])
    assert packed
    assert packed.is_packed
    assert len(packed.rows) < 60
    assert sum(len(row.bars) for row in packed.rows) == 54
    odd = replace(
        reports.DOCS, steps=(replace(reports.DOCS.steps[0], started="9999-12-31T23:59:59Z", seconds=1e300),), checks=()
    )
    assert report_drawings.timeline(replace(run, workstreams=(odd,))) is None


def test_the_graph_shows_outcomes_and_no_circle_stops_the_report() -> None:
    run, _ = reports.small()
    drawn = report_drawings.graph(run)
    assert "blocked · Build the site" in drawn
    assert drawn.count("marker-end") == 2
    round_about = (replace(reports.DOCS, depends_on=("site",)), replace(reports.SITE, depends_on=("api-docs",)))
    assert report_drawings.graph(replace(run, workstreams=round_about)) == ""
    assert report_drawings.graph(replace(run, workstreams=(reports.DOCS,))) == ""


def test_the_rehearsal_is_told_in_plain_words() -> None:
    run, contents = reports.small()
    words = page_of(run, contents).words
    assert "2 of 3 finished branches work together on 3f2a1bc00000; 3 combinations tested." in words
    assert "lint: it does not merge with api-docs in docs/api.md" in words


def test_what_the_settings_leave_out_is_in_no_form_of_the_report() -> None:
    secret, said = "line of a program", "words of an agent"
    step = StepRecord(
        workstream="w", step="ask", outcome="failed", started="", seconds=1, said=said, usage=Usage(calls=1),
        message=f"agent ended with exit status 1\n{said}", outputs={"plan": said},
    )  # fmt: skip
    case = CaseRecord(id="t", outcome="failed", message=secret)
    check = CheckRecord(
        workstream="w", check="tests", outcome="failed", seconds=1, message=f"failed\n{secret}", cases=(case,)
    )
    record = replace(DOCS, message=f"failed\n{secret}", steps=(step,), checks=(check,))
    whole = RehearsalRecord(base="main", base_commit="", commit="", checks=(check,))
    run = run_of(record, replace(record, step="ask", workstream="x", message=step.message), rehearsals=(whole,))
    for include, is_said in ((("diffs",), False), (("words",), False), (("logs",), True), (("logs", "words"), True)):
        reduced = reduced_records.reduced(run, include)
        for told in (report.report_json(reduced), report.index_html(reduced), report.report_markdown(reduced)):
            assert (secret in told) == is_said
            if "words" not in include:
                assert said not in told
    assert said in report.index_html(reduced_records.reduced(run, ("words",)))


def test_a_log_that_is_not_shown_is_linked() -> None:
    assert f"../../{LOG}" in page_of(run_of(DOCS)).addresses


@given(hostile)
def test_an_anchor_is_never_made_of_a_name(name: str) -> None:
    run = run_of(replace(TIDY, workstream=name), pull_requests=(replace(OPENED, workstream=name),))
    assert "#w1" in page_of(run).addresses
