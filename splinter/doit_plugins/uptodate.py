"""How doit asks whether a task is up to date: our answer, and files by their meaning. It knows no row."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from splinter.config import workstream_files
from splinter.model.fingerprints import Values


class MeaningChecker:
    """doit's view of files: a workstream's file changed when what it says changed, any other when its bytes did."""

    CheckerError = OSError

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return Path(path).exists()

    def info(self, path: str) -> os.stat_result:
        """Its stat; raises OSError where there is none."""
        return Path(path).stat()

    def check_modified(self, path: str, stat: os.stat_result, state: list[Any]) -> bool:
        """Whether its meaning differs; equal time and size are taken for no change, as git does."""
        return [stat.st_mtime_ns, stat.st_size] != state[:2] and workstream_files.meaning(Path(path)) != state[2]

    def get_state(self, path: str, current: list[Any] | None) -> list[Any] | None:
        """What is kept of it after a success."""
        stat = Path(path).stat()
        if current and [stat.st_mtime_ns, stat.st_size] == current[:2]:
            return None
        return [stat.st_mtime_ns, stat.st_size, workstream_files.meaning(Path(path))]


class Fresh:
    """An answer whether a task is up to date; it says what it takes, which doit else finds out at each question."""

    __slots__ = ("_ask",)
    __signature__ = inspect.Signature([inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
                                       for name in ("task", "values")])  # fmt: skip

    def __init__(self, ask: Callable[[Any, Values], bool]) -> None:
        """`ask` takes doit's task, and what is kept of its last success."""
        self._ask = ask

    def __call__(self, task: Any, values: Values) -> bool:
        """Whether it is up to date."""
        return self._ask(task, values)
