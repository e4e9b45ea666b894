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


def notes(outside: Outside, plan: Plan, repository: Repository, changes: Sequence[RawChange]) -> tuple[str, ...]:
    """A note on the large ones; raises StepError where the result goes to a forge that would refuse one."""
    new = [change for change in changes if change.status != "D" and not change.is_repository]
    bytes_of = blobs.sizes(repository, list(dict.fromkeys(change.new_blob for change in new)))
    found = sorted(((change.path, bytes_of.get(change.new_blob, 0)) for change in new), key=lambda one: -one[1])
    large = [(path, size) for path, size in found if size > sizes.LARGE_FILE]
    refused = [one for one in large if one[1] > sizes.LARGEST_FILE]
    taken = f"GitHub takes no file above {sizes.LARGEST_FILE // sizes.MB} MB"
    remotes = outside.snapshot
    url = remotes.push_urls.get(plan.base.remote, remotes.remotes.get(plan.base.remote)) if plan.base.remote else None
    if refused and url and outside.is_hosted(url, outside.environment):
        raise StepError(Reason.TOO_LARGE, f"{_named(refused)}: {taken}")
    return (f"large: {_named(large)}; {taken}, and it warns above {sizes.LARGE_FILE // sizes.MB} MB",) if large else ()


def _named(files: Sequence[tuple[str, int]]) -> str:
    return and_more([f"{git.printable(path)} ({size / sizes.MB:.0f} MB)" for path, size in files], _SHOWN)
