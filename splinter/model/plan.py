"""Workstreams + settings + what git says + the time give frozen Plans: every decision made before anything runs.

Pure: it reads no file, no clock, and starts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from splinter.errors import InputError
from splinter.model import layout, schedule
from splinter.model.ports import Snapshot
from splinter.model.settings import Settings
from splinter.model.tool import Tool
from splinter.model.workstream import Prompt, Setup, ToolCall, Workstream

COMMON_BASES = ("main", "master")


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Where a workstream starts: a branch's name, the ref that stands for it here, and the remote it is fetched from.

    `ref` is None where only the remote knows the branch.
    """

    name: str
    ref: str | None
    remote: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One workstream with every decision made; `recorded` holds the hash of each recorded patch by step id.

    `forgives_earlier`: tests that failed before its change do not fail it.
    """

    workstream: Workstream
    base: Base
    branch: str
    occurrence: str
    forgives_earlier: bool = False
    tools: Mapping[str, Tool] = field(default_factory=dict)
    recorded: Mapping[str, str] = field(default_factory=dict)
    setup: tuple[Setup, ...] = ()

    @property
    def id(self) -> str:
        """The workstream's id."""
        return self.workstream.id

    def task(self, step: str) -> str:
        """The name of one of its tasks."""
        return f"{self.workstream.id}:{step}"

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of its tasks, in their order."""
        return tuple(self.task(name) for name in ("prepare", *(step.id for step in self.workstream.steps), "accept"))

    def task_before(self, step: str) -> str:
        """The task that a step, or `accept`, starts from."""
        return self.tasks[self.tasks.index(self.task(step)) - 1]


def make(
    workstreams: tuple[Workstream, ...],
    settings: Settings,
    snapshot: Snapshot,
    *,
    now: datetime,
    run_bound: Mapping[str, str],
    watched: Mapping[str, str],
    recorded: Mapping[str, Mapping[str, str]],
) -> tuple[Plan, ...]:
    """One Plan a workstream, in the same order; raises InputError for bases and remotes that do not exist.

    `run_bound` is the occurrence of each `always` workstream, `watched` what each `on-change` one sees on its base.
    """
    remote = choose_remote(settings, snapshot)
    zone = schedule.zone(settings.timezone)
    plans = []
    for workstream in workstreams:
        timed = schedule.occurrence(workstream.when, now=now, zone=zone)
        bound = run_bound.get(workstream.id, "") + watched.get(workstream.id, "")
        plans.append(
            Plan(
                workstream=workstream,
                base=choose_base(workstream, settings, snapshot, remote),
                branch=f"{settings.branch_prefix}{workstream.id}",
                occurrence=timed or bound,
                forgives_earlier=settings.checks == "baseline",
                tools={name: settings.tools[name] for name in sorted(tool_names(workstream))},
                recorded=recorded.get(workstream.id, {}),
                setup=(*settings.setup, *workstream.setup),
            )
        )
    if settings.pull_requests == "together":
        _refuse_several_bases(plans)
    return tuple(plans)


def _refuse_several_bases(plans: Sequence[Plan]) -> None:
    for plan in plans:
        if plan.base.name != plans[0].base.name:
            bases = f'{plans[0].id} has "{plans[0].base.name}", {plan.id} "{plan.base.name}"'
            raise InputError(f'pull_requests = "together" needs one base for all workstreams: {bases}')


def tool_names(workstream: Workstream) -> frozenset[str]:
    """Every profile that a workstream may call."""
    actions = [step.action for step in (*workstream.preflight, *workstream.steps, *workstream.checks)]
    names = {action.tool for action in actions if isinstance(action, ToolCall | Prompt)}
    if workstream.fix.attempts and workstream.tool:
        names.add(workstream.tool)
    return frozenset(names)


def choose_remote(settings: Settings, snapshot: Snapshot) -> str | None:
    """The remote that counts: the setting, else `origin`, else the only one, else none."""
    if settings.remote:
        if settings.remote not in snapshot.remotes:
            raise InputError(f'remote "{settings.remote}" of the settings does not exist; "git remote" lists them')
        return settings.remote
    if "origin" in snapshot.remotes:
        return "origin"
    return next(iter(snapshot.remotes)) if len(snapshot.remotes) == 1 else None


def choose_base(workstream: Workstream, settings: Settings, snapshot: Snapshot, remote: str | None) -> Base:
    """The branch that a workstream starts from; raises InputError where there is nothing to start from."""
    name = workstream.base or settings.base or _default_base(snapshot, remote, settings.branch_prefix)
    if name is None and snapshot.head_branch and snapshot.head:
        raise InputError(
            f'the checkout is on "{snapshot.head_branch}", which is a workstream\'s own branch; '
            f'name the branch to start from with "base:" in {workstream.source}, or in the settings'
        )
    if name is None:
        if snapshot.head is None:
            raise InputError('this repository has no commit yet; "git commit" makes the first')
        return Base(name="HEAD", ref="HEAD", remote=None)
    local = f"refs/heads/{name}"
    if remote:
        tracking = f"refs/remotes/{remote}/{name}"
        ref = next((ref for ref in (tracking, local) if ref in snapshot.refs), None)
        return Base(name=name, ref=ref, remote=remote)
    if local not in snapshot.refs:
        if snapshot.head is None:
            raise InputError('this repository has no commit yet; "git commit" makes the first')
        raise InputError(missing_base(workstream, name, None))
    return Base(name=name, ref=local, remote=None)


def missing_base(workstream: Workstream, name: str, remote: str | None) -> str:
    """The sentence for a base that is not there."""
    where = f"on {remote}" if remote else "here"
    mend = f'"git push {remote} {name}" makes it' if remote else f'"git branch {name}" makes it'
    return f'{workstream.source}: base "{name}" does not exist {where}; {mend}, or name another with "base:"'


def _default_base(snapshot: Snapshot, remote: str | None, prefix: str) -> str | None:
    head = snapshot.symbolic.get(f"refs/remotes/{remote}/HEAD", "")
    if head:
        return head.removeprefix(f"refs/remotes/{remote}/")
    # somebody who looks at a workstream's branch does not want it to start from itself
    is_ours = layout.accepted((snapshot.head_branch or "").removeprefix(prefix)) in snapshot.refs
    if snapshot.head_branch and not is_ours:
        return snapshot.head_branch
    known = [name for name in COMMON_BASES for ref in (f"refs/heads/{name}", f"refs/remotes/{remote}/{name}")
             if ref in snapshot.refs]  # fmt: skip
    return known[0] if known else None
