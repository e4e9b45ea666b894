"""Files of a result that a forge does not take, or warns of: told at the step, before more is paid. It reads none."""

from __future__ import annotations

from collections.abc import Sequence

from splinter.engine.outside import Outside
from splinter.errors import Reason, StepError
from splinter.git import blobs, sizes
from splinter.git import commands as git
from splinter.git.command_line import Repository
from splinter.git.commands import RawChange
from splinter.model.plan import Plan
from splinter.text.counts import and_more

_SHOWN = 5
_MB = 1_000_000


def notes(outside: Outside, plan: Plan, repository: Repository, changes: Sequence[RawChange]) -> tuple[str, ...]:
    """A note on the large ones; raises StepError where the result goes to a forge that would refuse one."""
    files = {change.new_blob: change.path for change in changes if change.status != "D" and not change.is_repository}
    found = sorted(blobs.sizes(repository, list(files)).items(), key=lambda one: -one[1])
    large = [(files[blob], size) for blob, size in found if size > sizes.LARGE_FILE]
    refused = [one for one in large if one[1] > sizes.LARGEST_FILE]
    taken = f"GitHub takes no file above {sizes.LARGEST_FILE // _MB} MB"
    url = outside.snapshot.remotes.get(plan.base.remote) if plan.base.remote else None
    if refused and url and outside.is_hosted(url, outside.environment):
        raise StepError(Reason.TOO_LARGE, f"{_named(refused)}: {taken}")
    return (f"large: {_named(large)}; {taken}, and it warns above {sizes.LARGE_FILE // _MB} MB",) if large else ()


def _named(files: Sequence[tuple[str, int]]) -> str:
    return and_more([f"{git.printable(path)} ({size / _MB:.0f} MB)" for path, size in files], _SHOWN)
