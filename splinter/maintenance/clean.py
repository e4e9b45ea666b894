"""What `doit clean` does: the work trees and logs of a workstream go, and what a person made in them is kept first.

It touches no ref but those that it makes, and leaves alone what no run put there.
"""

from __future__ import annotations

import secrets
from datetime import UTC
from pathlib import Path

from splinter.engine import simulation
from splinter.engine.steps import workspace
from splinter.engine.work import Work
from splinter.errors import SplinterError
from splinter.git import worktree
from splinter.model import layout
from splinter.system import disk


def clean(work: Work) -> tuple[str, ...]:
    """Remove them; returns what was kept, and what was left and why, a sentence each."""
    run = f"{work.session.outside.clock.now().astimezone(UTC):%Y%m%d-%H%M%S}-clean-{secrets.token_hex(2)}"
    said: list[str] = []
    try:
        said += workspace.keep_found(work, work.tree, run=run)
        worktree.remove(work.tree)
    except (SplinterError, OSError) as error:
        said.append(f"{work.plan.id}: its work tree stays: {work.mask(str(error))}.")
    try:
        workspace.refuse_others(work, work.judge_tree)
        worktree.remove(work.judge_tree)
    except SplinterError as error:
        said.append(f"{work.plan.id}: {error}.")
    _remove_simulated(work)
    for logs in work.session.history.folder.glob(f"{layout.RUNS}/*/{work.plan.id}"):
        _remove_logs(logs)
    return tuple(said)


def _remove_simulated(work: Work) -> None:
    """What the last simulated run left of it, all of which can be made again."""
    mine = simulation.repository(work.repository)
    for name in (work.plan.id, f"{work.plan.id}{layout.JUDGE}"):
        disk.remove(worktree.locate(mine.state, name).path)
    for logs in mine.root.glob(f"{layout.STATE}/{layout.RUNS}/*/{work.plan.id}"):
        disk.remove(logs)


def _remove_logs(folder: Path) -> None:
    """All but what a person made: that is nowhere else."""
    for path in folder.iterdir():
        if path.name != workspace.FOUND:
            disk.remove(path)
    if not any(folder.iterdir()):
        disk.remove(folder)
