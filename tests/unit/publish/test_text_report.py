"""A run as plain text."""

from dataclasses import replace

from splinter.model.records import ErrorRecord, Outcome, Usage
from splinter.publish import text_report
from tests.unit.publish.test_report import DOCS, OPENED, REST, SITE, TIDY, run_of

HOSTILE = "\x1b[31m<b>@everyone</b> \u202e#1\n::error::x"


def test_what_needs_a_look_stands_first_and_says_what_to_type() -> None:
    told = text_report.short(run_of(TIDY, DOCS, SITE, REST, pull_requests=(OPENED,)), repository="o/r")
    assert told.startswith("4 workstreams: 1 changed, 1 failed, 1 blocked, 1 skipped\n\nRepository  o/r\n")
    assert "  - tests: t.py::test_greet: assert 'Helo' == 'Hello'\n  Its log: doit log api-docs:tests\n" in told
    assert told.index("Needs a look") < told.index("To run it again: doit api-docs") < told.index("\nWorkstreams\n")
    assert "tidy      changed  https://github.com/o/r/pull/12  3.7 s\n" in told
    assert "deps" not in told
    assert ".splinter/" not in told, "a mail's reader has no such path"


def test_a_whole_report_has_each_step_check_file_and_path() -> None:
    told = text_report.whole(run_of(TIDY, DOCS))
    assert "  lint   changed  ruff                               1.2 s\n" in told
    assert "  tests  passed   1 passed, 1 skipped; none failing  2.5 s\n  M src/app.py\n" in told
    assert f"Log of tests: {DOCS.checks[0].log}\n" in told


def test_a_mail_of_a_thousand_workstreams_stays_readable() -> None:
    many = [replace(DOCS, workstream=f"w{number}", message="x\n" * 9000) for number in range(1000)]
    told = text_report.short(run_of(*many))
    assert "… and 980 more, in the report\n" in told
    assert "… and 940 more, in the report\n" in told
    assert len(told.encode()) < 100_000


def test_no_text_steers_a_terminal_or_forges_a_line() -> None:
    record = replace(
        DOCS,
        title=HOSTILE,
        message=HOSTILE,
        objective=HOSTILE,
        notes=(HOSTILE,),
        step=None,
        branch=HOSTILE,
        tip="x" * 40,
    )
    run = run_of(
        record, errors=(ErrorRecord(task="email", message=HOSTILE),), notes=(HOSTILE,),
        usage=Usage(calls=1, priced=1, usd=1), pull_requests=(replace(OPENED, workstream="api-docs", where=HOSTILE),),
    )  # fmt: skip
    for told in (text_report.whole(run), text_report.short(run), text_report.of_workstream(run, record)):
        assert not {"\x1b", "\u202e", "\r"} & set(told)
        assert not [line for line in told.splitlines() if line.startswith(("::", "<b>"))]


def test_a_run_that_was_killed_says_so() -> None:
    assert "did not finish" in text_report.short(run_of(replace(TIDY, outcome=Outcome.CHANGED), finished=None))
