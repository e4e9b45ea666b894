"""Which logs and patches of a run are still there. It looks at no disk itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from splinter.model.records import RunRecord


def with_files(run: RunRecord, is_there: Callable[[str], bool]) -> RunRecord:
    """The run without paths of logs and patches that are no longer there; `is_there` takes one from the root."""

    def kept(path: str | None) -> str | None:
        return path if path and is_there(path) else None

    return replace(
        run,
        workstreams=tuple(
            replace(
                one,
                patch=kept(one.patch),
                steps=tuple(replace(step, log=kept(step.log), patch=kept(step.patch)) for step in one.steps),
                checks=tuple(replace(check, log=kept(check.log)) for check in one.checks),
            )
            for one in run.workstreams
        ),
    )
