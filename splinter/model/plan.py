"""Workstreams + settings + what git says + the time give frozen Plans: every decision made before anything runs.

Pure: it reads no file, no clock, and starts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from splinter.errors import InputError
from splinter.model import filling, schedule, value_names
from splinter.model.bases import Base, choose_base, default_branch, own_branch
from splinter.model.ports import Snapshot
from splinter.model.settings import Settings
from splinter.model.tool import Tool
from splinter.model.workstream import CatchUp, Prompt, Setup, ToolCall, Workstream


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One workstream with every decision made; `recorded` holds the hash of each recorded patch by step id.

    `has_passed`: its slot began more than a day ago, and is not caught up with.
    `template` is the workstream as its file says it, None where that holds no value that is known only with the plan.
    `forgives_earlier`: tests that failed before its change do not fail it. `waits_at` is the pull request that waits
    for somebody, where the occurrence is therefore still that of the last success.
    """

    workstream: Workstream
    base: Base
    branch: str
    occurrence: str
    template: Workstream | None = None
    has_passed: bool = False
    waits_at: str = ""
    forgives_earlier: bool = False
    tools: Mapping[str, Tool] = field(default_factory=dict)
    recorded: Mapping[str, str] = field(default_factory=dict)
    setup: tuple[Setup, ...] = ()
    env: tuple[str, ...] = ()
    tasks: tuple[str, ...] = field(init=False, repr=False, compare=False)  # their names, in their order

    def __post_init__(self) -> None:
        """Name its tasks, which are asked for all the time."""
        names = ("prepare", *(step.id for step in self.workstream.steps), "accept")
        object.__setattr__(self, "tasks", tuple(map(self.task, names)))

    @property
    def until(self) -> str:
        """Until when a limit that is used up stays so."""
        if self.workstream.when == "once":
            return f"until an edit, or doit -a {self.id}"
        return "until the next occurrence, an edit, or doit -a"

    @property
    def used_up(self) -> str:
        """What is said where no fix attempt is left."""
        return f"its fix attempts are used up {self.until}"

    @property
    def definition(self) -> Workstream:
        """The workstream as its file says it, whatever the occurrence."""
        return self.template or self.workstream

    @property
    def values(self) -> dict[str, str]:
        """The values that texts are filled with, by their names: all that are known before a step has run."""
        return {
            value_names.ID: self.id,
            value_names.OCCURRENCE: value_names.occurrence(self.occurrence, when=self.workstream.when),
            value_names.BASE: self.base.name,
            **value_names.of_matrix(self.workstream.matrix),
        }

    def at(self, occurrence: str) -> Plan:
        """The same for another occurrence; raises InputError for a text that its values spoil."""
        own = replace(self, occurrence=occurrence)
        if not self.definition.unfilled:
            return own
        filled = filling.fill(self.definition, own.values)
        of_settings = self.setup[: len(self.setup) - len(filled.setup)]
        branch = filled.branch or own.branch
        return replace(
            own, workstream=filled, branch=branch, template=self.definition, setup=(*of_settings, *filled.setup)
        )

    @property
    def id(self) -> str:
        """The workstream's id."""
        return self.workstream.id

    def task(self, step: str) -> str:
        """The name of one of its tasks."""
        return f"{self.workstream.id}:{step}"

    def task_before(self, step: str) -> str:
        """The task that a step, or `accept`, starts from."""
        return self.tasks[self.tasks.index(self.task(step)) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A last success that nobody has decided about yet: its occurrence, and where it is proposed."""

    occurrence: str
    where: str


def make(
    workstreams: tuple[Workstream, ...], settings: Settings, snapshot: Snapshot, *, now: datetime,
    run_bound: Mapping[str, str], watched: Mapping[str, str], recorded: Mapping[str, Mapping[str, str]],
    held: Mapping[str, Held] = MappingProxyType({}), reached: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Plan, ...]:  # fmt: skip
    """One Plan a workstream, in the same order; raises InputError for bases and remotes that do not exist.

    `run_bound` is the occurrence of each `always` workstream, `watched` what each `on-change` one sees on its base,
    `held` the success that each is not paid beyond yet, `reached` the occurrence that was done last of each that
    catches up with all.
    """
    remote = choose_remote(settings, snapshot)
    zone = schedule.zone(settings.timezone)
    plans = []
    for workstream in workstreams:
        timed = _timed(workstream, reached.get(workstream.id), now, zone)
        bound = run_bound.get(workstream.id, "") + watched.get(workstream.id, "")
        waits = held.get(workstream.id)
        plans.append(
            Plan(
                workstream=workstream,
                base=choose_base(workstream, settings, snapshot, remote),
                branch=own_branch(workstream, settings),
                occurrence="",
                has_passed=_has_passed(workstream, settings, timed, now),
                waits_at=waits.where if waits else "",
                forgives_earlier=settings.checks == "baseline",
                tools={name: settings.tools[name] for name in sorted(tool_names(workstream))},
                recorded=recorded.get(workstream.id, {}),
                setup=(*settings.setup, *workstream.setup),
                env=tuple(dict.fromkeys((*workstream.env, *settings.env))),
            ).at(waits.occurrence if waits else timed or bound)
        )
    _refuse_bases_as_branches(plans, snapshot, remote)
    if settings.pull_requests == "together":
        _refuse_several_bases(plans)
    return tuple(plans)


def _timed(workstream: Workstream, reached: str | None, now: datetime, zone: ZoneInfo) -> str | None:
    """The occurrence by the clock; with one that was `reached`, the first after that. None where no clock counts."""
    missed = schedule.first_after(workstream.when, reached, now=now, zone=zone) if reached is not None else None
    return missed or schedule.occurrence(workstream.when, now=now, zone=zone)


def catch_up(workstream: Workstream, settings: Settings) -> CatchUp:
    """What becomes of the times that one missed."""
    return workstream.catch_up or settings.catch_up


def _has_passed(workstream: Workstream, settings: Settings, occurrence: str | None, now: datetime) -> bool:
    if occurrence is None or catch_up(workstream, settings) != "none":
        return False
    return schedule.has_passed(workstream.when, occurrence, now=now, zone=settings.zone)


def _refuse_bases_as_branches(plans: Sequence[Plan], snapshot: Snapshot, remote: str | None) -> None:
    """What somebody starts from, or aims at, is no workstream's to move; nor is the default branch."""
    whose = {plan.workstream.pull_request.base: plan.id for plan in plans if plan.workstream.pull_request}
    whose |= {plan.base.name: plan.id for plan in plans}
    default = default_branch(snapshot, remote)
    for plan in plans:
        if plan.workstream.branch and plan.branch in (*whose, default):
            what = "the default branch" if plan.branch == default else f"the base of {whose[plan.branch]}"
            raise InputError(
                f'{plan.workstream.source}: branch "{plan.branch}" is {what}; name another, that nobody else writes to'
            )
    owners: dict[str, str] = {}
    for plan in plans:  # values that are known only now may make two the same
        other = owners.setdefault(plan.branch.casefold(), plan.id)
        if other != plan.id:
            raise InputError(f'{plan.workstream.source}: branch "{plan.branch}" is the branch of {other}; name another')


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
