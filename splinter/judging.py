"""Acceptance checks run on a commit; what they change on disk is thrown away and told. They never move a ref."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from splinter import acting, git, worktree
from splinter.breakers import Tried, essence
from splinter.errors import StepError
from splinter.plan import Plan, fingerprint
from splinter.prompts import Failure
from splinter.records import CheckRecord
from splinter.session import Session
from splinter.workstream import Step

_FATAL = ("interrupted", "over_budget", "tool_missing")  # the check did not judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The commit that the checks were run on, what they said, and the last of what each printed, by its id."""

    commit: str
    checks: tuple[CheckRecord, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The checks that did not pass."""
        failed = (check for check in self.checks if check.outcome == "failed")
        return tuple(Failure(check=check, output=self.outputs.get(check.check, "")) for check in failed)


def judge(session: Session, plan: Plan, commit: str) -> Judged:
    """Run every check on a commit; raises StepError where one could not judge."""
    tree = acting.locate(session, plan)
    checks, outputs = [], {}
    worktree.place(session.repository, tree, commit, keep_ignored=True)
    for check in plan.workstream.checks:
        record, outputs[check.id] = _check(session, plan, check)
        worktree.guard(tree)
        after = worktree.measure(session.repository, tree)
        changes = git.diff(session.repository, commit, after)
        if changes:
            told = f"it changed {len(changes)} files ({git.printable(changes[0].path)} first); thrown away"
            record = replace(record, notes=(*record.notes, told))
            worktree.place(session.repository, tree, commit, keep_ignored=True)
        checks.append(record)
    return Judged(commit=commit, checks=tuple(checks), outputs=outputs)


def tried(session: Session, judged: Judged) -> Tried:
    """A judged result as the breakers see it: failing tests by name, else what a check printed, numbers aside."""
    failing: list[tuple[str, str]] = []
    for failure in judged.failures:
        cases = [case.id for case in failure.check.cases if case.outcome in ("failed", "error")]
        failing += [(failure.check.check, case) for case in cases or [essence(failure.output)]]
    tree = git.tree_of(session.repository, judged.commit)
    return Tried(tree=tree, failing=fingerprint({"failing": sorted(failing)}))


def _check(session: Session, plan: Plan, check: Step) -> tuple[CheckRecord, str]:
    started = time.monotonic()
    acted = acting.act(session, plan, check, check.id)
    failure = acted.failure
    if failure and failure.reason in _FATAL:
        raise failure
    record = CheckRecord(
        workstream=plan.id,
        check=check.id,
        outcome="failed" if failure else "passed",
        seconds=round(time.monotonic() - started, 3),
        reason=failure.reason if failure else None,
        message=str(failure) if failure else "",
        command=acting.label(check),
        exit_status=acted.ended.exit_status,
        cases=acted.cases,
        log=session.relative(session.log(plan, check.id)),
        notes=acted.notes,
    )
    return record, acted.ended.output


def failed(reason: str, message: str, judged: Judged) -> StepError:
    """The error of a workstream whose checks were run."""
    error = StepError(reason, message)
    error.checks = judged.checks
    return error
