"""JUnit result files -> CaseRecords, with limits: the file may come from what an agent wrote. It never trusts it.

A case's id is what the runner tells of it: file, suites, class and name, without what its class says already. What
a file says of itself is held against what was read of it; where the two differ, `doubts` says so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from splinter.engine.tools import cases, junit_runners, junit_xml
from splinter.engine.tools.junit_xml import Element
from splinter.model.records import CaseRecord, Outcome
from splinter.system import disk
from splinter.text.counts import and_more, plural

MAX_BYTES = 32 * 1024 * 1024
MAX_CASES = 50_000
MAX_NAMES = 64 * 1024 * 1024  # characters of all ids together: a suite's name stands in each of its cases'
_MESSAGE = 2_000
_NAME, _SHOWN = 200, 3
_SUITES = ("testsuites", "testsuite")
_FAILURES = ("failure", "error")
_EARLIER = {"rerunFailure": "failed", "flakyFailure": "failed", "rerunError": "error", "flakyError": "error"}
_WITH_TEXT = (*_FAILURES, "skipped", *_EARLIER)
_KEPT = (*_SUITES, "testcase", "properties", "property", *_WITH_TEXT)
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")


class UnreadableResultsError(ValueError):
    """The file is no JUnit result that we would read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What a result file says: its cases, why it is not to be believed, and the bytes that were read."""

    cases: tuple[CaseRecord, ...] = ()
    doubts: tuple[str, ...] = ()
    data: bytes = b""


def read(file: Path, *, tree: str = "") -> Results:
    """The cases of a result file, none where there is no file; raises UnreadableResultsError.

    Ids may be there more than once. `tree` is the folder that the tests ran in: its path is no part of a name.
    """
    try:
        data = disk.whole(file, most=MAX_BYTES)
    except disk.NoPlainFileError as error:
        raise UnreadableResultsError(str(error)) from error
    if data is None:
        return Results()
    try:
        root = junit_xml.parse(data, keeps=_KEPT, with_text=_WITH_TEXT)
    except junit_xml.UnreadableXmlError as error:
        raise UnreadableResultsError(f"it is no JUnit file: {error}") from error
    if root.name not in _SUITES:
        raise UnreadableResultsError(f"it is no JUnit file: it begins with <{root.name[:40]}>")
    if sum(1 for _ in root.all("testcase")) > MAX_CASES:
        raise UnreadableResultsError(f"it has more than {MAX_CASES} cases")
    return Results(cases=tuple(_bounded(_cases(root, root, (), tree))), doubts=tuple(_doubts(root, tree)), data=data)


def _bounded(found: Iterator[CaseRecord]) -> Iterator[CaseRecord]:
    length = 0
    for case in found:
        length += len(case.id)
        if length > MAX_NAMES:
            raise UnreadableResultsError("its names are too long")
        yield case


def _cases(suite: Element, root: Element, around: tuple[str, ...], tree: str) -> Iterator[CaseRecord]:
    """The cases of a suite and of those in it, each once, wherever they stand."""
    names = (*around, *((_plain(junit_runners.suite_name(suite, root), tree),) if suite.name == "testsuite" else ()))
    tests = (case for case in suite.named("testcase") if not junit_runners.is_no_test(case, suite))
    own = (_case(case, names, tree) for case in tests)
    if junit_runners.runs_a_name_again(suite, root):
        yield from cases.merged(own, shows_reruns=not junit_runners.is_pytest(suite, root))
    else:
        yield from own
    for child in suite.children:
        yield from _cases(child, root, names, tree)


def _case(case: Element, suites: tuple[str, ...], tree: str) -> CaseRecord:
    bad = case.named(*_FAILURES)
    earlier = case.named(*_EARLIER)
    outcome, message = junit_runners.outcome_of_attributes(case)
    if bad and junit_runners.is_risky_only(case):
        outcome = "passed"
    elif bad and not junit_runners.is_todo(case):
        outcome = "error" if case.named("error") else "failed"
        message = bad[0].attributes.get("message") or bad[0].text
    elif any(one.name.startswith("rerun") for one in earlier):
        outcome = "failed"  # run again after a failure, and nothing says that it passed
    return CaseRecord(
        id=_id(case, suites, tree),
        outcome=Outcome(outcome),
        seconds=_seconds(case.attributes.get("time", "")),
        message=message[:_MESSAGE],
        attempts=tuple(_EARLIER[one.name] for one in earlier),
    )


def _id(case: Element, suites: tuple[str, ...], tree: str) -> str:
    """What the runner calls a test, by all that it tells: `file > suite > class::name`."""
    name, classname, file = (_plain(case.attributes.get(key, ""), tree) for key in ("name", "classname", "file"))
    around = [suite for suite in suites if suite not in ("", classname, file)]
    if file and not junit_runners.is_implied(file, classname):
        around.insert(0, file)
    separator = " :: " if "::" in classname else "::"  # a::b of c and b::c of a are two tests
    test = f"{classname}{separator}{name}" if classname not in ("", name) else name
    return " > ".join((*around, test))


def _plain(name: str, tree: str) -> str:
    return name.replace(f"{tree}/", "") if tree else name


def _seconds(time: str) -> float | None:
    """A time as runners write it, `1,234.5` too; None where it is not to be read."""
    try:
        seconds = float(time.replace(",", "") if _GROUPED.fullmatch(time) else time)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _doubts(root: Element, tree: str) -> Iterator[str]:
    """Where a file does not fit what it says of itself, the first place of each kind."""
    if any(suite.named(*_FAILURES) for suite in (root, *root.all(*_SUITES))):
        yield "its results say that a suite failed outside of its tests"
    if any(not case.attributes.get("name") and case.named(*_FAILURES) for case in root.all("testcase")):
        yield "its results say that a test without a name failed"
    unrun = dict.fromkeys(_unrun(root, tree))
    if unrun:
        yield f"{and_more(tuple(unrun), _SHOWN)} could not be loaded or started, and no test in there ran"
    mismatches: list[str] = []
    _failures(root, mismatches)
    yield from mismatches[-1:]


def _unrun(suite: Element, tree: str) -> Iterator[str]:
    """The names of what stands in the place of tests that did not run."""
    for case in suite.named("testcase"):
        if junit_runners.is_no_test(case, suite):
            yield _plain(junit_runners.name_of_no_test(case), tree)[:_NAME]
    for child in suite.children:
        yield from _unrun(child, tree)


def _failures(element: Element, mismatches: list[str]) -> int:
    """How many failures an element holds; a sentence for each suite in it whose own count does not fit, outer last."""
    read = sum(_failures(child, mismatches) for child in element.children)
    count = _own_count(element) if element.name in _SUITES else None
    if count is not None and (count > read or (count == 0 and read > 0)):
        mismatches.append(f"its results tell of {plural(count, 'failure')}, and hold {read}")
    return read + (element.name in _FAILURES)


def _own_count(suite: Element) -> int | None:
    """How many tests failed in a suite by its own count, None where it has none."""
    counts = [suite.attributes[name].replace(",", "") for name in ("failures", "errors") if name in suite.attributes]
    numbers = [int(count[:9]) for count in counts if count.isdecimal()]
    return sum(numbers) if numbers else None
