"""JUnit result files -> CaseRecords, with limits: the file may come from what an agent wrote. It never trusts it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from splinter.model.records import CaseRecord

MAX_BYTES = 32 * 1024 * 1024
MAX_CASES = 50_000
_MESSAGE = 2_000


class UnreadableResultsError(ValueError):
    """The file is no JUnit result that we would read; the message says why."""


def read(file: Path) -> tuple[CaseRecord, ...]:
    """The cases of a result file, none where there is no file; raises UnreadableResultsError."""
    data = _read_bytes(file)
    if data is None:
        return ()
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise UnreadableResultsError("it declares a document type")
    from junitparser import JUnitXml, JUnitXmlError, TestSuite

    try:
        found = JUnitXml.fromstring(data)
        suites = [found] if isinstance(found, TestSuite) else list(found)
        cases = [_case(case) for suite in suites for case in _all_cases(suite)]
    except (JUnitXmlError, SyntaxError, ValueError, TypeError, AttributeError) as error:
        raise UnreadableResultsError(f"it is no JUnit file: {error}") from error
    if len(cases) > MAX_CASES:
        raise UnreadableResultsError(f"it has more than {MAX_CASES} cases")
    return tuple(cases)


def _read_bytes(file: Path) -> bytes | None:
    try:
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnreadableResultsError(f"it cannot be opened: {error.strerror}") from error
    with os.fdopen(handle, "rb") as opened:
        status = os.fstat(opened.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableResultsError("it is no regular file")
        if status.st_size > MAX_BYTES:
            raise UnreadableResultsError(f"it is larger than {MAX_BYTES // 1024 // 1024} MB")
        return opened.read(MAX_BYTES)


def _all_cases(suite: Any) -> Iterator[Any]:
    yield from suite
    for inner in suite.testsuites():
        yield from _all_cases(inner)


def _case(case: Any) -> CaseRecord:
    outcome, message = "passed", ""
    for entry in case.result:
        kind = type(entry).__name__.lower()
        if kind == "failure":
            kind = "failed"
        if kind in ("failed", "error", "skipped"):
            outcome, message = kind, (entry.message or entry.text or "")
    id = f"{case.classname}::{case.name}" if case.classname else str(case.name)
    return CaseRecord(id=id[:500], outcome=outcome, seconds=float(case.time or 0.0), message=message[:_MESSAGE])
