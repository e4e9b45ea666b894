"""Names of tests that differ from run to run, such as one with a random id in it. Pure.

The rule, for a name that ran before a change and is gone with it:

1. It is unstable only where the commit before the change, asked once more, does not give it again either. A test
   that the change deleted is given again, and has vanished.
2. Its shape is the name without what stands in brackets, numbers and hexadecimal ids. It is accounted for only where
   as many names of its shape ran with the change as ran before it: whoever deletes a test whose name differs from
   run to run leaves one too few.
3. Where the second run before the change ended otherwise than the first, it proves nothing.

So a change can hide a test only by putting one of the same shape in its place: the same file, suite, class and
function, which is to rewrite the test. Whether it fails there is judged as of any new test.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from splinter.model.records import Outcome
from splinter.model.verdict import Outcomes

_BRACKETS = re.compile(r"\[[^\]]*\]|\([^)]*\)|\{[^}]*\}")
_VARYING = re.compile(r"0x[0-9a-f]+|(?=[a-f-]*\d)[0-9a-f]{6,}(?:-[0-9a-f]+)*|\d+", re.IGNORECASE)


def ran(run: Outcomes) -> list[str]:
    """The cases that were not skipped."""
    return [id for id, outcome in run.cases.items() if outcome != Outcome.SKIPPED]


def shape(id: str) -> str:
    """A name without what may differ from run to run."""
    return _VARYING.sub("#", _BRACKETS.sub("[]", id))


def may_be_unstable(gone: Collection[str], before: Outcomes, now: Outcomes) -> bool:
    """Whether asking the commit before the change once more may account for one of these names."""
    return bool(_replaced(gone, before, [now]))


def accounted_for(
    gone: Collection[str], before: Outcomes, runs: Sequence[Outcomes], before_again: Outcomes | None
) -> frozenset[str]:
    """Those of the names that are gone which the rule accounts for; `before_again` is the second run before."""
    if before_again is None or _ending(before_again) != _ending(before):
        return frozenset()
    return _replaced([id for id in gone if id not in before_again.cases], before, runs)


def _ending(run: Outcomes) -> tuple[object, ...]:
    return run.check, run.exit_status, run.is_unexplained


def _replaced(ids: Collection[str], before: Outcomes, runs: Sequence[Outcomes]) -> frozenset[str]:
    """Those names of which as many of the same shape ran in one of the runs as before."""
    needed, found = _shapes(before), [_shapes(run) for run in runs]
    return frozenset(id for id in ids if any(run[shape(id)] >= needed[shape(id)] for run in found))


def _shapes(run: Outcomes) -> Counter[str]:
    return Counter(shape(id) for id in ran(run))
