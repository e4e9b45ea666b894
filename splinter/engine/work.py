"""One workstream at work: what is planned, what its tasks have come to so far, and where it works."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from splinter.engine.activity import Command
from splinter.engine.session import Session
from splinter.git import worktree
from splinter.git.command_line import Repository, WorkTree
from splinter.model import layout
from splinter.model.done import Accepted, Prepared, Rows, Stepped
from splinter.model.fingerprints import definition, fingerprint
from splinter.model.plan import Plan
from splinter.model.workstream import Budget
from splinter.system.budget import Account
from splinter.text.outputs import Outputs
from splinter.text.redact import Masked


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Work:
    """A workstream in this call, as one of its tasks begins.

    `prepared` is None before it was; `stepped` are the steps so far by id, `builds_on` the ends of what it depends on.
    `outputs` are what these steps wrote, as far as a command may read it. `heading` is a line above what each command
    prints in its log, empty for none.
    """

    session: Session
    plan: Plan
    prepared: Prepared | None = None
    stepped: Mapping[str, Stepped] = field(default_factory=dict)
    builds_on: Mapping[str, Accepted] = field(default_factory=dict)
    heading: str = ""
    outputs: Outputs = field(default_factory=dict)

    @property
    def repository(self) -> Repository:
        """The user's."""
        return self.session.outside.repository

    @property
    def tree(self) -> WorkTree:
        """Where its steps work."""
        return worktree.locate(self.session.outside.state, self.plan.id)

    @property
    def judge_tree(self) -> WorkTree:
        """Where its checks judge."""
        return worktree.locate(self.session.outside.state, f"{self.plan.id}{layout.JUDGE}")

    @property
    def results(self) -> dict[str, str]:
        """What each workstream that it depends on came to, as a hash; empty where that is not known."""
        return {
            other: self.builds_on[other].result if other in self.builds_on else ""
            for other in self.plan.workstream.depends_on
        }

    @property
    def unbounded(self) -> Work:
        """The same without limits of its own and without outputs, for what is asked before the work begins."""
        workstream = replace(self.plan.workstream, budget=Budget())
        return replace(self, plan=replace(self.plan, workstream=workstream), outputs={})

    def before(self, step: str) -> str | None:
        """The commit that a step, or `accept`, starts from; None where the task before has not run."""
        earlier = self.plan.task_before(step).partition(":")[2]
        if earlier == "prepare":
            return self.prepared.start if self.prepared else None
        return self.stepped[earlier].commit if earlier in self.stepped else None

    @property
    def tries_key(self) -> str:
        """What tries and costs are counted by: definition and occurrence; with `-a` they count again from 0."""
        again = self.session.run.open() if self.session.is_always else ""
        made_of = {"definition": self._definition, "occurrence": self.plan.occurrence, "again": again}
        return fingerprint(made_of)

    @property
    def _definition(self) -> str:
        """Made once of the same plan: it is never changed, another is another object."""
        definitions = self.session.known.definitions
        plan, known = definitions.get(self.plan.id, (None, ""))
        if plan is not self.plan:
            known = definition(self.plan)
            definitions[self.plan.id] = self.plan, known
        return known

    @property
    def has_tries(self) -> bool:
        """Whether a fix is still allowed in this occurrence, or none was ever."""
        allowed = self.plan.workstream.fix.attempts
        return not allowed or len(self.session.memory.attempts(self.plan.id, self.tries_key)) < allowed

    @property
    def account(self) -> Account:
        """What its commands are booked on."""
        return Account(
            run=self.session.run.open(), workstream=self.plan.id, tries_key=self.tries_key,
            budget=self.plan.workstream.budget, until=self.plan.until,
        )  # fmt: skip

    @contextmanager
    def apart(self) -> Iterator[Work]:
        """The same with new objects apart: those of a ref that it moves are the user's then, and no others."""
        with self.session.apart() as session:
            yield replace(self, session=session)

    def log(self, name: str) -> Path:
        """Where a step's or check's output goes."""
        return self.session.history.run_folder(self.session.run.open()) / self.plan.id / f"{name}.log"

    def doing(self, name: str) -> AbstractContextManager[Command]:
        """While a command of that name runs."""
        log = self.session.outside.relative(self.log(name))
        return self.session.activity.command(self.plan.id, name, log)

    def mask(self, text: str) -> Masked:
        """The text with every secret masked."""
        return self.session.outside.redactor.text(text)


def of(session: Session, rows: Rows, plan: Plan, *, task: str = "accept") -> Work:
    """A workstream as one of its tasks begins: with what the tasks before it, and what it depends on, have come to."""
    before = plan.tasks[: plan.tasks.index(plan.task(task))]
    prepared = rows.prepared(plan) if before else None
    steps = [step.id for step in plan.workstream.steps if plan.task(step.id) in before]
    others = {other: rows.accepted(session.plans[other]) for other in plan.workstream.depends_on}
    stepped = {id: row.value for id in steps if (row := rows.stepped(plan, id))}
    return Work(
        session=session,
        plan=plan,
        prepared=prepared.value if prepared else None,
        stepped=stepped,
        builds_on={other: row.value for other, row in others.items() if row},
        outputs={id: one.outputs for id, one in stepped.items()},
    )
