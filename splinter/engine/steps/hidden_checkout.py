"""What a check that failed in the sandbox may miss of the user's checkout, which the sandbox hides.

Such a failure is the same on the base and on every change, so it is in doubt and forgives nothing. It reads what was
printed, links, and files that name places; what a missing file would have held it does not ask.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from splinter.engine.steps import checkout_notes, command, python_asking, sandboxing
from splinter.engine.work import Work
from splinter.git.command_line import WorkTree
from splinter.model import layout
from splinter.model.workstream import Step
from splinter.text.patterns import harmless

_MOST_PRINTED = 1024 * 1024  # characters


def doubts(work: Work, check: Step, tree: WorkTree, *, said: str) -> tuple[str, ...]:
    """Why the failure of a check may be none of the commit's; none without the sandbox. `said` is all it told."""
    profile = command.profile_of(work.plan, check)
    if not sandboxing.is_fenced(work.session, profile):
        return ()
    env = command.environment(work, profile, tree)
    seen = (work.session.outside.state, *sandboxing.reads(work, profile, check.action.label, env))
    found = (
        *(f"{way}, and the sandbox hides that" for way in checkout_notes.ways_back(work, tree)),
        *(f"the sandbox hides {one}, which it names" for one in _named(work, tree, said, seen)),
    )
    if not found:
        return ()
    way_out = f"`setup` or {layout.INCLUDE} brings what it needs into the work tree"
    return (work.mask(f"{found[0]}, so that its failure may say nothing of the change: {way_out}"),)


def _named(work: Work, tree: WorkTree, said: str, seen: Sequence[Path]) -> Iterator[str]:
    """Paths of a checkout that were printed, that there are, and that no command in the sandbox sees."""
    for checkout in python_asking.places(work.session, tree.path).checkouts:
        pattern = rf"{re.escape(str(checkout))}/[\w./@+-]{{1,200}}"
        for name in dict.fromkeys(re.findall(pattern, said[-_MOST_PRINTED:])):
            path = Path(os.path.normpath(name.rstrip(".")))
            if not any(path.is_relative_to(one) for one in seen) and os.access(path, os.F_OK):
                yield harmless(str(path))
