"""The files that an agent is handed by name, for one that edits only what it was given, such as aider.

It hands over as many as a command line and a model bear, and says so where that is not all.
"""

from __future__ import annotations

import os
import posixpath

from splinter.engine.work import Work
from splinter.git import commands as git
from splinter.model.workstream import Step
from splinter.text.counts import plural

MOST_BYTES = 64 * 1024  # of names on a command line, of which Windows bears 32,767 characters and Linux 2 MiB
MOST_CONTENT_BYTES = 512 * 1024  # the agent sends each file whole to its model: about 130,000 tokens


def of_scope(work: Work, step: Step, before: str | None) -> tuple[str, ...]:
    """The paths that a scope lets an agent change, in the order of their names; none where no scope is declared.

    They count from where the step starts. What is left out is noted, before the call is paid for.
    """
    scope = work.plan.workstream.scope
    if before is None or not scope.is_declared:
        return ()
    found = git.sizes_at(work.repository, before, scope.modify)
    handed = _first(found)
    if len(handed) < len(found):
        limits = f"{MOST_BYTES // 1024} KiB of names or {MOST_CONTENT_BYTES // 1024} KiB of text"
        work.session.run.note(
            f"{work.plan.id}:{step.id} was handed the first {len(handed):,} of {plural(len(found), 'file')} "
            f"in its scope, since more than {limits} is not handed over. "
            f"A narrower scope, or several workstreams, hand over all."
        )
    return tuple(posixpath.relpath(path, step.working_directory or ".") for path in handed)


def _first(found: tuple[tuple[str, int], ...]) -> tuple[str, ...]:
    handed, names, contents = [], 0, 0
    for path, size in found:
        names, contents = names + len(os.fsencode(path)) + 1, contents + size
        if names > MOST_BYTES or contents > MOST_CONTENT_BYTES:
            break
        handed.append(path)
    return tuple(handed)
