"""What all tasks of one `doit` call share, in parts: the outside, its run, who may go on, and what it has found out.

It never decides what runs. A call takes the part that it uses; one that works on a workstream takes a `Work`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from splinter.engine.activity import Activity
from splinter.engine.current_run import CurrentRun
from splinter.engine.known import Known
from splinter.engine.outside import Outside
from splinter.engine.slots import Slots
from splinter.git import quarantine
from splinter.model import layout
from splinter.model.plan import Plan
from splinter.model.tool import Tool
from splinter.system import disk_errors, tool_versions
from splinter.system.budget import Ledger
from splinter.system.history import History
from splinter.system.memory import Memory
from splinter.system.process import Processes

if TYPE_CHECKING:
    from splinter.model.night_plan import NightPlan

Merged = Callable[["Session", str, str, str, str], str | None]


def nobody(session: Session, url: str, head: str, base: str, tip: str) -> str | None:
    """Of nothing is known that it was merged: no forge is asked."""
    return None


@dataclass(slots=True, kw_only=True, repr=False)
class Session:
    """The parts of one call; `plans` are all workstreams by id, `at` is the time that decides their occurrences.

    `merged` asks the forge of a remote's URL for the address of a pull request that was merged: of a head, a base, and
    the commit that it was opened for.

    `is_always` is doit's `-a`, `uses_kept` whether kept results may be applied.

    `asks` says whether remotes and the forge may be asked before something is published. `night` is the plan that was
    given, and `part` the ids of those that this call runs of it; None for all.
    """

    outside: Outside
    run: CurrentRun
    processes: Processes
    ledger: Ledger
    slots: Slots
    activity: Activity
    plans: Mapping[str, Plan]
    at: datetime
    known: Known = field(default_factory=Known)
    is_always: bool = False
    uses_kept: bool = True
    merged: Merged = nobody
    asks: bool = False
    night: NightPlan | None = None
    part: frozenset[str] | None = None

    @property
    def history(self) -> History:
        """What runs did."""
        return self.run.history

    @property
    def memory(self) -> Memory:
        """What the next run decides by."""
        return self.run.memory

    def version(self, tool: Tool) -> str | None:
        """What a tool says its version is, asked once; empty where it says nothing, None where it is not there."""
        outside = self.outside
        env = outside.environment.child_environment((*tool.env, *outside.settings.env), hides=tool.hides) | dict(
            tool.variables
        )
        folder = outside.state / layout.SCRATCH
        return self.known.once(f"version of {tool.name}", lambda: tool_versions.ask(self.processes, tool, env, folder))

    @contextmanager
    def apart(self) -> Iterator[Session]:
        """The same with new objects apart: those of a ref that it moves are the user's then, and no others."""
        with quarantine.opened(self.outside.repository) as repository:
            yield replace(self, outside=replace(self.outside, repository=repository))

    def commits(self) -> frozenset[str]:
        """The ids of all commits that we made: what is ours, whatever its message says."""
        return self.history.commits() | self.memory.commits()

    def folders(self) -> tuple[Path, ...]:
        """Where this call may write."""
        outside = self.outside
        return outside.repository.common, self.history.folder, outside.state, *disk_errors.temporary()
