"""How doit stores our tasks: rows that count, calls that tear no output."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

from doit.action import BaseAction
from doit.exceptions import BaseFail, TaskError, TaskFailed
from doit.globals import Globals

from splinter.doit_plugins import row_recovery
from splinter.engine import work
from splinter.engine.branch import last_success
from splinter.engine.session import Session
from splinter.engine.work import Work
from splinter.errors import InputError, SplinterError, StepError
from splinter.git import commands as git
from splinter.model import fingerprints, layout
from splinter.model.done import Accepted, Branch, Prepared, Rehearsed, Row, Stepped, Union
from splinter.model.fingerprints import Values, fingerprint
from splinter.model.plan import Plan
from splinter.model.workstream import Step
from splinter.system import disk_errors
from splinter.text import outputs
from splinter.text.outputs import Outputs

_COMMITS = ("commit", "tip", "start", "base", "head")
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
Kind = TypeVar("Kind", Prepared, Stepped, Accepted)


class RefusedError(TaskError):
    """What the user wrote cannot be run, as was seen only when a task was begun: a base is gone from the remote."""


class WorkstreamFailed(TaskFailed):
    """A workstream's own failure, with its reason."""

    def __init__(self, error: StepError) -> None:
        super().__init__("\n".join([f"{error.reason}: {error}", *getattr(error, "__notes__", ())]))
        self.reason = error.reason


class Act(BaseAction):
    """A call of ours as doit's action; it neither captures nor swaps stdout, so that threads do not tear it."""

    def __init__(self, call: Callable[[Any], Values | None]) -> None:
        """`call` takes doit's task and returns the values to keep."""
        self._call = call
        self.task: Any = None
        self.out = self.err = self.result = None
        self.values: Values = {}

    def execute(self, out: object = None, err: object = None) -> BaseFail | None:
        """Call it; a failure of a workstream is a failed task, any other error of ours an error."""
        try:
            self.values = self._call(self.task) or {}
        except Exception as error:
            return fail_of(error, self.task)
        return None

    def __str__(self) -> str:
        """What `doit clean` and `doit info` print."""
        return getattr(self._call, "__name__", "splinter")


def fail_of(error: Exception, task: Any) -> BaseFail:
    """An error in a task as doit's; one that is none of ours, in a task of ours, is our own bug, and is shown whole."""
    if isinstance(error, StepError):
        return WorkstreamFailed(error)
    if isinstance(error, InputError):
        return RefusedError(str(error))
    if isinstance(error, SplinterError):
        fail = TaskError(str(error))
        fail.cause = error
        return fail
    session = (getattr(task, "meta", None) or {}).get("session")
    if session is None:
        return TaskError("the task's own code raised an error", error)
    if isinstance(error, OSError):
        return TaskError(str(disk_errors.of(error, session.folders())))
    return TaskError("this is a defect of splinter's; please report it", error)


class Rows:
    """doit's rows as far as they count: one whose commit is gone counts for nothing, a lost one is brought back."""

    def __init__(self, session: Session) -> None:
        """`session` gives the plans whose rows are looked at; `rows_of` gives a call's."""
        self._session = session
        self.plans = session.plans
        self._held: frozenset[str] | None = None
        self._lock = threading.Lock()
        self._read: dict[str, tuple[Values, Row[Any] | None]] = {}  # by task: what its row was read from, and is
        self._made: dict[str, tuple[Plan, object, str]] = {}  # by task: what its fingerprint was made of, and is

    def prepared(self, plan: Plan) -> Row[Prepared] | None:
        """That of `prepare`."""
        return self._row(plan.task("prepare"), Prepared)

    def stepped(self, plan: Plan, step: str) -> Row[Stepped] | None:
        """That of a step."""
        return self._row(plan.task(step), Stepped)

    def accepted(self, plan: Plan) -> Row[Accepted] | None:
        """That of `accept`."""
        return self._row(plan.task("accept"), Accepted)

    def rehearsed(self) -> Rehearsed | None:
        """What `rehearse` came to last."""
        return _rehearsed(self._values("rehearse"))

    def source(self, plan: Plan) -> str:
        """The workstream's file when it was prepared last, from the root; empty where that is not known."""
        return str(self._values(plan.task("prepare")).get("source", ""))

    def before(self, plan: Plan, step: str) -> str:
        """The commit that a step, or `accept`, starts from; empty where the task before it has not run."""
        earlier = plan.task_before(step).partition(":")[2]
        if earlier == "prepare":
            prepared = self.prepared(plan)
            return prepared.value.start if prepared else ""
        stepped = self.stepped(plan, earlier)
        return stepped.value.commit if stepped else ""

    def outputs(self, plan: Plan, step: str) -> Outputs:
        """What the steps before a step, or before `accept`, wrote, as far as they ran."""
        earlier = plan.workstream.steps[: plan.tasks.index(plan.task(step)) - 1]
        found = {one.id: self.stepped(plan, one.id) for one in earlier}
        return {id: row.value.outputs for id, row in found.items() if row}

    def results(self, plan: Plan) -> dict[str, str]:
        """What each workstream that it depends on came to, as a hash; empty where that is not known."""
        others = {other: self.accepted(self._session.plans[other]) for other in plan.workstream.depends_on}
        return {other: row.value.result if row else "" for other, row in others.items()}

    def work(self, plan: Plan, task: str) -> Work:
        """The workstream as one of its tasks begins."""
        return work.of(self._session, self, plan, task=task)

    def is_done(self, one: Plan) -> bool:
        """Whether a workstream succeeded as it is defined now, from the commit that it was prepared at to its end."""
        for step in one.workstream.steps:
            row = self.stepped(one, step.id)
            if not row or not self.before(one, step.id) or row.fingerprint != self.step_made_of(one, step):
                return False
        accepted = self.accepted(one)
        if not accepted or not self.before(one, "accept"):
            return False
        return accepted.fingerprint == self.accept_made_of(one)

    def prepare_made_of(self, plan: Plan) -> str:
        """The fingerprint of `prepare` as it is defined now."""
        given = self.results(plan)
        return self._made_of(plan, "prepare", given, lambda: fingerprints.prepare_inputs(plan, given))

    def step_made_of(self, plan: Plan, step: Step) -> str:
        """That of a step, from where the task before it came to."""
        before, outputs = given = self.before(plan, step.id), self.outputs(plan, step.id)
        return self._made_of(plan, step.id, given, lambda: fingerprints.step_inputs(plan, step, before, outputs))

    def accept_made_of(self, plan: Plan) -> str:
        """That of `accept`, from where the last step came to."""
        before, outputs = given = self.before(plan, "accept"), self.outputs(plan, "accept")
        return self._made_of(plan, "accept", given, lambda: fingerprints.accept_inputs(plan, before, outputs))

    def _made_of(self, plan: Plan, name: str, given: object, inputs: Callable[[], Values]) -> str:
        """Made once of the same plan and the same strings: a plan is never changed, another is another object."""
        known = self._made.get(plan.task(name))
        if known is None or known[0] is not plan or known[1] != given:
            known = self._made[plan.task(name)] = plan, given, fingerprint(inputs())
        return known[2]

    def _row(self, task: str, kind: type[Kind]) -> Row[Kind] | None:
        values = self._kept(task)
        known = self._read.get(task)
        if known is not None and known[0] is values:  # doit puts another object there, and changes none
            return known[1]
        if not self._counts(values):
            return None
        row = self._decoded(values, kind)
        self._read[task] = values, row
        return row

    def _decoded(self, values: Values, kind: type[Kind]) -> Row[Kind] | None:
        known = {field.name: values[field.name] for field in fields(kind) if field.name in values}
        if "depended_on" in known and known["depended_on"] is not None:
            known["depended_on"] = tuple(known["depended_on"])
        try:
            _refuse_names(known, of_all=kind is Accepted)
            return Row(str(values["fingerprint"]), kind(**known))
        except (LookupError, TypeError):  # none, or one of an earlier version
            return None

    def _values(self, task: str) -> Values:
        """The values of a task's last success, empty where there is none that counts."""
        values = self._kept(task)
        return values if self._counts(values) else {}

    def _kept(self, task: str) -> Values:
        """What doit keeps of a task's last success, once it is known which commits there are: rows may come back."""
        if self._held is None:
            self._counts({})
        values: Values = Globals.dep_manager.get_values(task)
        return values

    def _counts(self, values: Values) -> bool:
        """Whether every commit of a row is there; what is held once stays so for this call."""
        with self._lock:
            if self._held is None:
                self._held = self._look()
        return _commits(values) - self._session.known.made <= self._held

    def of_file_states(self, task: str) -> dict[str, str]:
        """The meaning of each file that a task depends on, as its row keeps it."""
        states = {path: Globals.dep_manager._get(task, path) for path in Globals.dep_manager._get(task, "deps:") or ()}
        return {path: state[2] for path, state in states.items() if state}

    def _look(self) -> frozenset[str]:
        """Which of all recorded commits exist, in one git call for the whole run, and one more where rows were lost."""
        plans = self._session.plans.values()
        known = {one.id: [Globals.dep_manager.get_values(name) for name in one.tasks] for one in plans}
        recorded = [values for rows in known.values() for values in rows]
        back = self._lost([one for one in plans if not any(known[one.id])])
        commits = [_commits(row["_values_:"]) for rows in back for row in rows.values()]
        held = git.existing(self._session.outside.repository, frozenset().union(*commits, *map(_commits, recorded)))
        whole = [rows for rows in back if all(_commits(row["_values_:"]) <= held for row in rows.values())]
        if whole:
            found = {name: row for rows in whole for name, row in rows.items()}
            Globals.dep_manager.backend.bring_back(found, is_kept=not self._session.history.is_read_only)
        return held

    def _lost(self, plans: list[Plan]) -> list[dict[str, Values]]:
        """Each workstream's rows by task, of those that git remembers and doit's database never heard of."""
        is_lost = getattr(Globals.dep_manager.backend, "is_lost", lambda name: False)  # `--backend` names another
        # what was accepted is no end of an occurrence that is open
        timed = [one for one in plans if one.workstream.when != "always"]
        held = [one for one in timed if layout.accepted(one.id) in self._session.outside.snapshot.refs]
        done = last_success.of_all(self._session.outside, [one for one in held if all(map(is_lost, one.tasks))])
        return [row_recovery.rows(self._session.plans[id], one) for id, one in done.items()]


def rows_of(session: Session) -> Rows:
    """The rows of a call, looked at once; anew where its plans are others by now."""
    known = session.known.rows
    if not isinstance(known, Rows) or known.plans is not session.plans:
        known = session.known.rows = Rows(session)
    return known


def follow_rename(one: Plan, task: Any, old: str) -> None:
    """A workstream's file that only got another name, from `old`, keeps its row: doit knows files by their paths."""
    new = one.workstream.source
    if not old or old == new:
        return
    rows = Globals.dep_manager
    paths = {str(path).removesuffix(new) + old: path for path in task.file_dep if str(path).endswith(new)}
    for before, after in paths.items():
        state = rows._get(task.name, before)
        if state and not Path(before).exists():
            rows._set(task.name, "_values_:", {**rows.get_values(task.name), "source": new})
            rows._set(task.name, after, state)
            rows._set(task.name, "deps:", [after if dep == before else dep for dep in rows._get(task.name, "deps:")])


def to_values(made_of: str, value: Prepared | Stepped | Accepted | Rehearsed, **more: Any) -> Values:
    """A row's value as doit keeps it."""
    return {"fingerprint": made_of, **asdict(value), **more}


def _refuse_names(values: Mapping[str, Any], *, of_all: bool = False) -> None:
    """Raise TypeError where a commit is named by anything but its id: git would take `--output=x` for an option.

    So it is with an output whose name would be another file's; `of_all`: the outputs are those of all steps.
    """
    named = [*(values.get(key) for key in _COMMITS), *(values.get("depended_on") or ())]
    if not all(isinstance(one, str) and _ID.fullmatch(one) for one in named if one):
        raise TypeError("no id")
    found = values.get("outputs", {})
    if not (outputs.are_all_sound(found) if of_all else outputs.are_sound(found)):
        raise TypeError("no outputs")


def _rehearsed(values: Values) -> Rehearsed | None:
    try:
        for one in (*values["unions"].values(), *values["members"].values()):
            _refuse_names(one, of_all=True)
        return Rehearsed(
            inputs=values["inputs"],
            unions={base: Union(**one) for base, one in values["unions"].items()},
            members={id: Branch(**one) for id, one in values["members"].items()},
            run=values["run"],
            notes=tuple(values["notes"]),
        )
    except (LookupError, TypeError, AttributeError):
        return None


def _commits(values: Values) -> frozenset[str]:
    return frozenset(str(values[key]) for key in ("commit", "tip", "start") if values.get(key))
