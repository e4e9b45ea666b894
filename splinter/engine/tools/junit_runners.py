"""What runners write into JUnit files that another runner would not mean so. Pure: elements in, answers out.

Each answer holds for the runner that a file shows to be its own; it never guesses in favour of a test.
`tests/data/junit/README.md` says which versions were seen to write so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from splinter.engine.tools.junit_xml import Element

_FIXED_SUITES = ("pytest", "rspec", "(empty)")  # what pytest, rspec and ctest call every suite
_TIMESTAMP = re.compile(r"-\d{14}$")
_NOT_RUN = ("notrun", "disabled", "skipped", "ignored", "suppressed", "pending")
_FAILED = ("fail", "failed", "failure", "error", "broken")
_STOPS = re.compile(r"-[qvsl]*x[qvsl]*|--exitfirst|--maxfail(?:=(?!0$).*)?|--?fail-?fast|--bail(?:=.*)?")
_STOPPED = re.compile(r"stopping after \d+ failures?\b|\bcancell?ing due to", re.IGNORECASE)  # pytest, nextest
_NO_TEST_CLASSES = ("Test suite failed to run", "unittest.loader._FailedTest")  # of jest-junit, of unittest
_NO_TEST_NAMES = ("[build failed]", "[setup failed]", "initializationError", "classMethod")  # of go, JUnit 4, gradle
_NO_TEST_MESSAGES = ("collection failure", "Build error")  # of pytest, go-junit-report
_HOLDER = "unittest.suite._ErrorHolder"  # of a class's or module's setup
_HOOK = re.compile(r'"before (?:all|each)" hook\b')  # of mocha: what comes behind it in its suite does not run
_SCRIPT = re.compile(r"\S.*\.[cm]?[jt]sx?")
_CTEST_SKIPS = "SKIP_"  # SKIP_RETURN_CODE=77, SKIP_REGULAR_EXPRESSION_MATCHED


def suite_name(suite: Element, root: Element) -> str:
    """A suite's name as far as it is the same in each run of the same tests."""
    name = suite.attributes.get("name", "")
    if name in _FIXED_SUITES:
        return ""
    if root.attributes.get("name") == "jest tests" and _is_title_of_a_test(name, suite):
        return ""
    return _TIMESTAMP.sub("", name)  # unittest-xml-reporting: test_sums.Sums-20261125225555


def _is_title_of_a_test(name: str, suite: Element) -> bool:
    """Whether jest-junit named a file's suite after the first test in it: a new first test would rename all others."""
    first = next(iter(suite.named("testcase")), None)
    title = first.attributes.get("classname", "") if first else ""
    return name == "undefined" or title.startswith(f"{name} ")


def is_implied(file: str, classname: str) -> bool:
    """Whether a class says its file already, as `tests.test_sums.Sums` does of tests/test_sums.py."""
    dotted = file.removeprefix("./").rpartition(".")[0].replace("/", ".")
    return bool(dotted) and (classname == dotted or classname.startswith(f"{dotted}."))


def is_pytest(suite: Element, root: Element) -> bool:
    """Whether pytest wrote the suite."""
    return root.attributes.get("name") == "pytest tests" or suite.attributes.get("name") == "pytest"


def runs_a_name_again(suite: Element, root: Element) -> bool:
    """Whether cases of one name in a suite are one test that was run again, and not tests that are named alike.

    go numbers tests that are named alike, and pytest makes their names differ. A suite's own count of its tests shows
    nothing: jest leaves some out of it, surefire counts only those of the last attempt.
    """
    if is_pytest(suite, root):
        return True
    found = [one for properties in suite.named("properties") for one in properties.named("property")]
    return any(one.attributes.get("name") == "go.version" for one in found)


def doubts_of_failure(words: Sequence[str], output: str) -> tuple[str, ...]:
    """What speaks against the results of a command that failed: where it ends at a failure, the rest did not run."""
    is_cut_short = any(_STOPS.fullmatch(word) for word in words) or _STOPPED.search(output)
    return ("it ended at a failure, and what comes behind did not run",) if is_cut_short else ()


def is_no_test(case: Element, suite: Element) -> bool:
    """Whether a case that failed stands for a file, class or package that could not be loaded, set up or started.

    What tests are in it is not known, and none of them ran: pytest then runs no test of any other file either.
    """
    name, classname = case.attributes.get("name", ""), case.attributes.get("classname", "")
    bad = case.named("error", "failure")
    if not bad:
        return outcome_of_attributes(case)[0] == "error"  # ctest
    around = suite.attributes.get("name", "")
    return (
        classname in _NO_TEST_CLASSES
        or name in _NO_TEST_NAMES
        or any(one.attributes.get("message") in _NO_TEST_MESSAGES for one in bad)
        or around.startswith(_HOLDER)
        or _HOOK.search(name) is not None
        or (classname == "test" and _SCRIPT.fullmatch(name) is not None)  # node's own reporter
        or name == classname == around  # vitest, surefire
    )


def name_of_no_test(case: Element) -> str:
    """What could not be loaded, set up or started."""
    name, classname = case.attributes.get("name", ""), case.attributes.get("classname", "")
    return classname if name in ("", *_NO_TEST_NAMES) else name


def is_risky_only(case: Element) -> bool:
    """Whether phpunit only warns of a test: it ends with 0 all the same, unless it is set to do otherwise."""
    errors = case.named("error", "failure")
    return bool(errors) and all(one.attributes.get("type", "").endswith("\\RiskyTestError") for one in errors)


def is_todo(case: Element) -> bool:
    """Whether node ran a test that is still to be done: it may fail, and speaks against nothing."""
    return any(one.attributes.get("type") == "todo" for one in case.named("skipped"))


def outcome_of_attributes(case: Element) -> tuple[str, str]:
    """The outcome of a case without a failure in it, and why: googletest and ctest tell some by attributes alone."""
    words = {case.attributes.get(name, "").lower() for name in ("status", "result")}
    skips = case.named("skipped")
    reason = skips[0].attributes.get("message") or skips[0].text if skips else ""
    if "notrun" in words and skips and not reason.startswith(_CTEST_SKIPS):
        return "error", reason  # ctest could not start it, and ends with 8
    if skips or words.intersection(_NOT_RUN):
        return "skipped", reason
    return ("failed", "") if words.intersection(_FAILED) else ("passed", "")
