"""JUnit files as runners really write them, and as nobody should: what is read of them, and what is refused."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splinter.engine.checks import comparison
from splinter.engine.checks.comparison import compare
from splinter.engine.tools import cases, junit, junit_runners, junit_xml
from splinter.model.records import CaseRecord, CheckRecord
from tests import paths

FILES = paths.ROOT / "tests/data/junit"
SUMS = "example.com/sums"
# of each recorded file what its cases came to, those that passed aside, and a few of those; see README.md there
RECORDED = {
    "pytest.xml": {
        "test_all::test_passes": "passed", "test_all.TestIn::test_passes": "passed",
        "test_all::test_odd[a::b]": "passed", "test_all::test_odd[<&\"'>]": "passed",
        "test_all::test_fails": "failed", "test_all::test_skipped": "skipped", "test_all::test_xfails": "skipped",
        "test_all::test_errors": "error", "test_all::test_fails_and_errors_at_its_end": "error",
        "test_all::test_passes_and_errors_at_its_end": "error", "test_all.TestCase::test_sub": "failed",
        "test_all::test_subs": "failed",
    },
    "pytest-rerunfailures.xml": {
        "test_flaky::test_passes_the_third_time": "flaky", "test_flaky::test_fails_each_time": "failed",
    },
    "pytest-subtests-rerun.xml": {"m.test_m.TestCase::test_sub": "failed", "m.test_m::test_subs": "failed"},
    "pytest-collection-error.xml": {},
    "unittest.xml": {
        "test_all.Cases::test_passes": "passed", "test_all.Cases::test_fails": "failed",
        "test_all.Cases::test_sub (i=1)": "failed", "test_all.Cases::test_errors": "error",
        "test_all.Cases::test_skipped": "skipped", "test_all.Cases::test_expected": "skipped",
        "test_all.Cases::test_unexpected": "error",
    },
    "node.xml": {
        "test::passes": "passed", "outer > test::passes": "passed", "outer > inner > test::passes": "passed",
        "test::fails": "failed", "test::skipped": "skipped", "test::todo, and fails": "skipped",
        "test::twice": "passed", "test::twice (2)": "failed", "with parts > test::part fails": "failed",
        "outer > inner > test::fails": "failed", "outer > inner > test::skipped": "skipped",
    },
    "jest.xml": {
        " passes": "passed", " passes (2)": "passed", "outer inner passes": "passed", " twice": "passed",
        "retried passes the third time": "passed", " to do": "passed",
        " fails": "failed", " twice (2)": "failed", "outer inner fails": "failed", " skipped": "skipped",
    },
    "jest-files.xml": {
        "all.test.js >  passes": "passed", "other.test.js >  passes": "passed", "all.test.js >  twice": "passed",
        "all.test.js >  fails": "failed", "all.test.js >  twice (2)": "failed",
        "all.test.js > outer inner fails": "failed", "all.test.js >  skipped": "skipped",
    },
    "vitest.xml": {
        "all.test.mjs::passes": "passed", "other.test.mjs::passes": "passed", "all.test.mjs::twice": "passed",
        "all.test.mjs::fails": "failed", "all.test.mjs::skipped": "skipped", "all.test.mjs::to do": "skipped",
        "all.test.mjs::outer > inner > fails": "failed", "all.test.mjs::twice (2)": "failed",
    },
    "gotestsum.xml": {
        f"{SUMS}::TestPasses": "passed", f"{SUMS}/sub::TestPasses": "passed", f"{SUMS}::TestSub/one#01": "passed",
        f"{SUMS}::TestFails": "failed", f"{SUMS}::TestSub": "failed", f"{SUMS}::TestSub/two": "failed",
        f"{SUMS}::TestPassesTheSecondTime": "failed", f"{SUMS}::TestSkipped": "skipped",
        f"{SUMS}/panics::TestPanics": "failed",
    },
    "gotestsum-rerun.xml": {
        f"{SUMS}::TestPasses": "passed", f"{SUMS}::TestPassesTheSecondTime": "flaky", f"{SUMS}::TestFails": "failed",
        f"{SUMS}::TestSub": "failed", f"{SUMS}::TestSub/two": "failed", f"{SUMS}::TestSkipped": "skipped",
    },
    "gotestsum-rerun-passed.xml": {f"{SUMS}::TestPasses": "passed", f"{SUMS}::TestPassesTheSecondTime": "flaky"},
    "gotestsum-count.xml": {
        f"{SUMS}::TestPasses": "passed", f"{SUMS}::TestPassesTheSecondTime": "flaky", f"{SUMS}::TestFails": "failed",
        f"{SUMS}::TestSub": "failed", f"{SUMS}::TestSub/two": "failed", f"{SUMS}::TestSkipped": "skipped",
    },
    "go-junit-report.xml": {
        f"{SUMS}::TestPasses": "passed", f"{SUMS}::BenchmarkSums": "passed", f"{SUMS}::TestFails": "failed",
        f"{SUMS}::TestSkipped": "skipped",
    },
    "nextest.xml": {
        "sums::tests::passes": "passed", "sums::other :: passes": "passed", "sums::tests::fails": "failed",
        "sums::tests::passes_the_second_time": "flaky", "sums::other :: aborts": "failed",
    },
    "surefire.xml": {
        "sums.AllTest::passes": "passed", "sums.AllTest::passesTheSecondTime": "flaky",
        "sums.AllTest::fails": "failed", "sums.AllTest::errors": "error", "sums.AllTest::skipped": "skipped",
    },
    "gradle.xml": {
        "sums.AllTest::passes": "passed", "sums.AllTest::passesTheSecondTime": "failed",
        "sums.AllTest::fails": "failed", "sums.AllTest::errors": "failed", "sums.AllTest::skipped": "skipped",
    },
    "googletest.xml": {
        "t.cc > Sums::Passes": "passed", "t.cc > All/Odd::Passes/1": "passed", "t.cc > Sums::Fails": "failed",
        "t.cc > Sums::Skipped": "skipped", "t.cc > Sums::DISABLED_Later": "skipped",
    },
    "ctest.xml": {
        "passes": "passed", "fails": "failed", "too_slow": "failed", "second": "failed", "skipped": "skipped",
        "disabled": "skipped",
    },
    "ctest-repeat.xml": {
        "passes": "passed", "second": "passed", "fails": "failed", "too_slow": "failed", "skipped": "skipped",
        "disabled": "skipped",
    },
    "phpunit.xml": {
        "tests/AllTest.php > unit > AllTest::testPasses": "passed",
        "tests/AllTest.php > unit > AllTest::testRisky": "passed",
        "tests/AllTest.php > unit > AllTest::testOdd > AllTest::testOdd with data set #0": "passed",
        'tests/AllTest.php > unit > AllTest::testOdd > AllTest::testOdd with data set "b::c"': "failed",
        "tests/AllTest.php > unit > AllTest::testFails": "failed",
        "tests/AllTest.php > unit > AllTest::testErrors": "error",
        "tests/AllTest.php > unit > AllTest::testSkipped": "skipped",
        "tests/AllTest.php > unit > AllTest::testIncomplete": "skipped",
    },
    "rspec.xml": {
        "spec.all_spec::Sums passes": "passed", "spec.all_spec::Sums inside passes": "passed",
        "spec.all_spec::Sums inside is expected to eq 1 (2)": "passed", "spec.all_spec::Sums twice": "passed",
        "spec.all_spec::Sums fails": "failed", "spec.all_spec::Sums errors": "failed",
        "spec.all_spec::Sums twice (2)": "failed", "spec.all_spec::Sums is skipped": "skipped",
        "spec.all_spec::Sums is pending and fails": "skipped",
    },
    "rspec-load-error.xml": {},
}  # fmt: skip
RECORDED["pytest-xdist.xml"] = RECORDED["pytest.xml"]
RECORDED["pytest-xunit1.xml"] = RECORDED["pytest.xml"]
RECORDED["pytest-rerunfailures-xdist.xml"] = RECORDED["pytest-rerunfailures.xml"]


def settled(file: Path, *, ended_well: bool = False) -> dict[str, CaseRecord]:
    found = cases.settled(junit.read(file, tree="/repo").cases, ended_well=ended_well)
    assert len({case.id for case in found}) == len(found)
    return {case.id: case for case in found}


def ends(found: dict[str, CaseRecord]) -> dict[str, str]:
    return {id: "flaky" if case.is_flaky else case.outcome for id, case in found.items()}


def written(tmp_path: Path, text: str | bytes) -> Path:
    file = tmp_path / "results.xml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def checked(file: Path, status: int) -> CheckRecord:
    """A check whose command left that file and ended with that status."""
    results = junit.read(file, tree="/repo")
    return CheckRecord(
        workstream="w", check="t", outcome="failed" if status else "passed", seconds=1.0, exit_status=status,
        reason="exit_code" if status else None, message=f"ended with exit status {status}",
        cases=cases.settled(results.cases, ended_well=not status), doubts=results.doubts,
    )  # fmt: skip


def verdict(before: CheckRecord, now: CheckRecord) -> CheckRecord:
    compared = compare(comparison.outcomes(before), comparison.outcomes(now))
    return comparison.judged(now, compared, forgives_earlier=True)


@pytest.mark.parametrize("name", RECORDED)
def test_each_runners_file_is_read_right(name: str) -> None:
    found, expected = ends(settled(FILES / name)), RECORDED[name]
    assert {id: found.get(id) for id in expected} == expected
    assert {id for id, end in found.items() if end != "passed"} == {
        id for id, end in expected.items() if end != "passed"
    }


def test_every_recorded_file_is_tested_and_described() -> None:
    assert {file.name for file in FILES.glob("*.xml")} == set(RECORDED)
    described = (FILES / "README.md").read_text("utf-8")
    assert [name for name in RECORDED if f"`{name}`" not in described] == []


UNRUN = "{} could not be loaded or started, and no test in there ran"
DOUBTED = {
    "pytest-collection-error.xml": "test_broken",
    "pytest-xunit1.xml": "test_broken",
    "unittest.xml": "setUpClass (test_all.Broken), test_broken",
    "node.xml": "broken.test.mjs",
    "jest-files.xml": "broken.test.js",
    "vitest.xml": "broken.test.mjs",
    "go-junit-report.xml": f"{SUMS}/broken",
    "ctest.xml": "not found",
    "ctest-repeat.xml": "not found",
}


def test_what_a_runner_could_not_load_is_no_test_that_failed_and_the_rest_is_in_doubt() -> None:
    """gotestsum names no case for a package that does not build, and counts it."""
    doubts = {name: junit.read(FILES / name, tree="/repo").doubts for name in RECORDED}
    expected = {name: (UNRUN.format(what),) for name, what in DOUBTED.items()}
    assert {name: doubt for name, doubt in doubts.items() if doubt} == expected | {
        "gotestsum.xml": ("its results tell of 6 failures, and hold 5",)
    }
    record = checked(FILES / "gotestsum.xml", 2)
    judged = verdict(record, record)
    assert judged.outcome == "failed"
    assert comparison.told(judged) == (
        "5 of 10 tests failed, none of them newly, its results tell of 6 failures, and hold 5"
    )


@pytest.mark.parametrize("name", RECORDED)
def test_the_same_results_before_and_after_are_no_worse_where_all_that_failed_are_tests(name: str) -> None:
    record = checked(FILES / name, 1)
    is_doubted = name in DOUBTED or name in ("gotestsum.xml", "rspec-load-error.xml")
    failing = "failed" in RECORDED[name].values() or "error" in RECORDED[name].values()
    assert verdict(record, record).outcome == ("passed" if failing and not is_doubted else "failed")


@pytest.mark.parametrize("name", ["initializationError", "classMethod", "a.B"])
def test_a_class_of_java_that_could_not_be_set_up_is_no_test(tmp_path: Path, name: str) -> None:
    """Written after what surefire 3 and gradle 8 document, from no real run."""
    text = f'<testsuite name="a.B"><testcase classname="a.B" name="{name}"><error/></testcase></testsuite>'
    results = junit.read(written(tmp_path, text))
    assert (results.cases, results.doubts[0]) == ((), UNRUN.format("a.B"))


def test_a_hook_of_mocha_that_failed_is_no_test(tmp_path: Path) -> None:
    """Written after mocha 10's titles of hooks, from no real run."""
    name = "Sums &quot;before all&quot; hook: connect for &quot;adds&quot;"
    text = f'<testsuite name="Sums"><testcase classname="x" name="{name}"><failure/></testcase></testsuite>'
    results = junit.read(written(tmp_path, text))
    assert (results.cases, len(results.doubts)) == ((), 1)


def test_a_file_that_can_be_loaded_again_is_not_a_test_that_vanished(tmp_path: Path) -> None:
    before = checked(FILES / "pytest-collection-error.xml", 2)
    now = checked(written(tmp_path, '<testsuite><testcase classname="test_broken" name="test_a"/></testsuite>'), 0)
    assert verdict(before, now).outcome == "passed"


def test_a_deleted_test_right_under_testsuites_is_seen(tmp_path: Path) -> None:
    """node's own reporter writes tests outside of any suite; and a suite in a suite is not counted once for each."""
    text = (FILES / "node.xml").read_text("utf-8")
    less = written(tmp_path, text.replace('<testcase name="passes" time="0.001203" classname="test"/>', ""))
    judged = verdict(checked(FILES / "node.xml", 1), checked(less, 1))
    assert judged.compared is not None
    assert (judged.outcome, judged.compared.vanished) == ("failed", ("test::passes",))


def test_one_of_two_suites_is_not_excused_by_the_other(tmp_path: Path) -> None:
    suite = '<testsuite name="{}"><testcase classname="c" name="a">{}</testcase></testsuite>'
    text = "<testsuites>" + suite.format("s1", "{}") + suite.format("s2", "{}") + "</testsuites>"
    before = checked(written(tmp_path, text.format("", "<failure/>")), 1)
    now = checked(written(tmp_path, text.format("<failure/>", "")), 1)
    judged = verdict(before, now)
    assert judged.compared is not None
    assert (judged.outcome, judged.compared.broken, judged.compared.fixed) == ("failed", ("s1 > c::a",), ("s2 > c::a",))


def test_ids_that_begin_alike_are_not_one_case(tmp_path: Path) -> None:
    text = "".join(f'<testcase name="{"x" * 600}{end}">{{}}</testcase>' for end in "ab")
    text = f"<testsuite>{text}</testsuite>"
    before = checked(written(tmp_path, text.format("", "<failure/>")), 1)
    now = checked(written(tmp_path, text.format("<failure/>", "")), 1)
    assert all(len(case.id) == 500 for case in now.cases)
    assert verdict(before, now).outcome == "failed"


def test_tests_that_are_named_alike_are_numbered_and_one_that_breaks_is_seen(tmp_path: Path) -> None:
    text = '<testsuites><testcase name="a">{}</testcase><testcase name="a">{}</testcase></testsuites>'
    both = checked(written(tmp_path, text.format("", "")), 0)
    assert [case.id for case in both.cases] == ["a", "a (2)"]
    for one in (("<failure/>", ""), ("", "<failure/>")):
        assert verdict(both, checked(written(tmp_path, text.format(*one)), 1)).outcome == "failed"
    swapped = (checked(written(tmp_path, text.format(*one)), 1) for one in (("<failure/>", ""), ("", "<failure/>")))
    assert verdict(*swapped).outcome == "failed"
    deleted = checked(written(tmp_path, '<testsuites><testcase name="a"/></testsuites>'), 0)
    assert verdict(both, deleted).compared == replace(compare(*(2 * [comparison.outcomes(both)])), vanished=("a (2)",))


def test_a_name_that_looks_numbered_is_not_taken_for_a_number(tmp_path: Path) -> None:
    """Else a second `a` could stand in for an `a (2)` that was deleted."""
    before = settled(written(tmp_path, '<testsuite><testcase name="a"/><testcase name="a (2)"/></testsuite>'))
    now = settled(written(tmp_path, '<testsuite><testcase name="a"/><testcase name="a"/></testsuite>'))
    assert set(before) - set(now) == {"a (2) (1)"}


def test_classes_and_names_are_not_mixed_up(tmp_path: Path) -> None:
    text = '<testsuite><testcase classname="a::b" name="c"/><testcase classname="a" name="b::c"/></testsuite>'
    assert list(settled(written(tmp_path, text))) == ["a::b :: c", "a::b::c"]


def test_a_command_that_ended_well_had_its_last_attempt_pass(tmp_path: Path) -> None:
    """Of runners that show no attempts, the exit status tells whether a second case of one name is one."""
    text = '<testsuite><testcase name="a"><failure/></testcase><testcase name="a"/></testsuite>'
    assert ends(settled(written(tmp_path, text), ended_well=True)) == {"a": "flaky"}
    assert ends(settled(written(tmp_path, text), ended_well=False)) == {"a": "failed", "a (2)": "passed"}
    text = '<testsuite><testcase name="a"/><testcase name="a"><failure/></testcase></testsuite>'
    assert ends(settled(written(tmp_path, text), ended_well=True)) == {"a": "passed", "a (2)": "failed"}


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        ("<failure/>", "", {"a::t": "failed", "a::t (2)": "passed"}),
        ("<skipped/>", "", {"a::t": "skipped", "a::t (2)": "passed"}),
        ("", "<failure/>", {"a::t": "failed"}),
        ("<failure/>", "<error/>", {"a::t": "error"}),  # a test, and its own teardown
        ("", "", {"a::t": "flaky"}),  # pytest-rerunfailures writes the first as if it had passed
    ],
)
def test_in_pytests_file_no_test_excuses_another_that_is_written_alike(
    tmp_path: Path, first: str, then: str, expected: dict[str, str]
) -> None:
    """`a/b.py` and `a.b.py` are one class there."""
    text = '<testsuites name="pytest tests"><testsuite name="pytest">{}{}</testsuite></testsuites>'
    one = '<testcase classname="a" name="t">{}</testcase>'
    found = settled(written(tmp_path, text.format(one.format(first), one.format(then))), ended_well=False)
    assert ends(found) == expected


@pytest.mark.parametrize(
    ("words", "output", "is_cut_short"),
    [
        ("pytest -x tests", "", True),
        ("pytest -vxs", "", True),
        ("pytest --maxfail=1", "", True),
        ("jest --bail", "", True),
        ("go test -failfast", "", True),
        ("pytest", "!!!!!! stopping after 1 failures !!!!!!\n1 failed", True),
        ("cargo nextest run", "  Cancelling due to test failure: 2 tests still running", True),
        ("pytest --maxfail=0 -k x tests/x", "1 failed", False),
    ],
)
def test_what_ended_at_a_failure_did_not_run_all(words: str, output: str, is_cut_short: bool) -> None:
    assert bool(junit_runners.doubts_of_failure(words.split(), output)) is is_cut_short


def test_what_passed_at_a_later_attempt_does_not_excuse_its_failure_later() -> None:
    """In gotestsum's file it stands twice, failed and passed; it did not fail before."""
    before = checked(FILES / "gotestsum-rerun.xml", 1)
    broken = tuple(
        replace(case, outcome="failed") if case.id == f"{SUMS}::TestPassesTheSecondTime" else case
        for case in before.cases
    )
    judged = verdict(before, replace(before, cases=broken))
    assert judged.compared is not None
    assert (judged.outcome, judged.compared.broken) == ("failed", (f"{SUMS}::TestPassesTheSecondTime",))
    assert verdict(before, before).outcome == "passed"


@pytest.mark.parametrize(
    ("time", "seconds"),
    [("1.5", 1.5), ("1,234.5", 1234.5), ("1,234,567", 1234567.0), ("0", 0.0), ("", None), ("NaN", None),
     ("inf", None), ("-1", None), ("1e999", None), ("80.803us", None), ("1.234,5", None), ("soon", None)],
)  # fmt: skip
def test_a_time_that_cannot_be_read_is_unknown_and_drops_nothing(
    tmp_path: Path, time: str, seconds: float | None
) -> None:
    (case,) = junit.read(written(tmp_path, f'<testsuite><testcase name="a" time="{time}"/></testsuite>')).cases
    assert (case.outcome, case.seconds) == ("passed", seconds)


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ('<testsuite failures="1"><testcase name="a"/></testsuite>',
         "its results tell of 1 failure, and hold 0"),
        ('<testsuite failures="0" errors="0"><testcase name="a"><failure/></testcase></testsuite>',
         "its results tell of 0 failures, and hold 1"),
        ('<testsuites errors="2"><testsuite errors="1"><testcase name="a"><error/></testcase></testsuite></testsuites>',
         "its results tell of 2 failures, and hold 1"),
        ("<testsuite><error/></testsuite>", "its results say that a suite failed outside of its tests"),
        ("<testsuite><testcase><failure/></testcase></testsuite>",
         "its results say that a test without a name failed"),
    ],
)  # fmt: skip
def test_a_file_that_contradicts_itself_is_in_doubt(tmp_path: Path, text: str, doubt: str) -> None:
    record = checked(written(tmp_path, text), 1)
    assert doubt in record.doubts
    assert verdict(record, record).outcome == "failed"


DOCTYPE = '<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>'
BOMB = "<!DOCTYPE x [" + "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(20)) + "]><testsuite>&e20;</testsuite>"  # fmt: skip


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (DOCTYPE, "it is no JUnit file: it declares a document type"),
        (DOCTYPE.encode("utf-16"), "it is no JUnit file: it declares a document type"),
        (f'<?xml version="1.0" encoding="utf-16"?>{DOCTYPE}'.encode("utf-16-be"),
         "it is no JUnit file: it declares a document type"),
        (BOMB, "it is no JUnit file: it declares a document type"),
        ("<testsuite>" * 3_000 + "</testsuite>" * 3_000, "it is no JUnit file: its elements are nested more than 100 deep"),
        ("<testsuite>" * 3_000, "it is no JUnit file: its elements are nested more than 100 deep"),
        ("<html/>", "it is no JUnit file: it begins with <html>"),
        ("<testsuite>&x;</testsuite>", "it is no JUnit file: it is no XML: undefined entity: line 1, column 11"),
        ("", "it is no JUnit file: it is no XML: no element found: line 1, column 0"),
        ('<?xml version="1.0" encoding="utf-7"?><testsuite/>', "it is no JUnit file: it is no XML: "),
        ('<?xml version="1.0" encoding="no-such"?><testsuite/>', "it is no JUnit file: it is no XML: "),
    ],
    ids=["doctype", "utf-16", "utf-16-be", "bomb", "deep", "deep and open", "html", "entity", "empty", "utf-7", "no-such"],
)  # fmt: skip
def test_what_is_no_junit_file_is_refused(tmp_path: Path, data: str | bytes, message: str) -> None:
    with pytest.raises(junit.UnreadableResultsError) as refused:
        junit.read(written(tmp_path, data))
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("limit", "text", "message"),
    [
        ("MAX_CASES", "<testsuite>" + '<testcase name="a"/>' * 11 + "</testsuite>", "it has more than 10 cases"),
        ("MAX_BYTES", "<testsuite/>", "it is larger than 0 MB"),
        ("MAX_NAMES", '<testsuite name="sss"><testcase name="aaa"/><testcase name="aaa"/></testsuite>',
         "its names are too long"),
        ("junit_xml.MAX_KEPT", "<testsuite>" * 12 + "</testsuite>" * 12, "it is no JUnit file: it has too many elements"),
        ("junit_xml.MAX_ELEMENTS", f"<testsuite>{'<a/>' * 11}</testsuite>",
         "it is no JUnit file: it has too many elements"),
    ],
)  # fmt: skip
def test_limits_end_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, text: str, message: str
) -> None:
    module, name = (junit_xml, limit.partition(".")[2]) if "." in limit else (junit, limit)
    monkeypatch.setattr(module, name, 10)
    with pytest.raises(junit.UnreadableResultsError, match=message):
        junit.read(written(tmp_path, text))


def test_a_tag_that_does_not_end_is_not_gathered_for_ever(tmp_path: Path) -> None:
    attributes = "".join(f' a{number}=""' for number in range(1_500_000))
    with pytest.raises(junit.UnreadableResultsError, match="it holds a tag of more than 8 MB"):
        junit.read(written(tmp_path, f"<testsuite{attributes}/>"))


def test_a_file_that_is_no_regular_file_is_not_read(tmp_path: Path) -> None:
    """Nor waited for: nobody writes into the pipe."""
    (tmp_path / "target.xml").write_text("<testsuite/>")
    (tmp_path / "link").symlink_to("target.xml")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, message in (("folder", "no regular file"), ("pipe", "no regular file"), ("link", "cannot be opened")):
        with pytest.raises(junit.UnreadableResultsError, match=message):
            junit.read(tmp_path / name)
    assert junit.read(tmp_path / "absent") == junit.Results()


def test_utf_16_without_a_doctype_is_read(tmp_path: Path) -> None:
    file = written(tmp_path, '<testsuite><testcase name="é"/></testsuite>'.encode("utf-16"))
    assert list(settled(file)) == ["é"]


PARTS = st.sampled_from([
    "<testsuite name='s'>", "</testsuite>", "<testsuites>", "</testsuites>", "<testcase name='a'>", "</testcase>",
    "<testcase name='a'/>", "<failure/>", "<skipped/>", "<rerunFailure/>", "<error message='x'/>", "text", "<![CDATA[<a>]]>",
    "<!--", "-->", "&amp;", "&#0;", "<properties><property name='go.version'/></properties>",
])  # fmt: skip


@given(st.one_of(st.binary(max_size=200), st.lists(PARTS, max_size=30).map(lambda parts: "".join(parts).encode())))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.xml"
    file.write_bytes(data)
    try:
        results = junit.read(file)
    except junit.UnreadableResultsError:
        return
    found = cases.settled(results.cases, ended_well=False)
    assert len({case.id for case in found}) == len(found)
    assert data.count(b"<testcase") >= len(found)
