"""What the checks of a workstream say of the commit that its change begins at, run once for a tree.

The answer is remembered by tree, check, tool and environment, so that workstreams and nights on the same tree share it.
It moves no ref.
"""

from __future__ import annotations

from dataclasses import asdict, replace

from splinter.engine.checks import comparison, run_check
from splinter.engine.session import Session
from splinter.engine.steps import command
from splinter.engine.work import Work
from splinter.errors import Reason, StepError
from splinter.git import commands as git
from splinter.model import late_filling, value_names
from splinter.model.fingerprints import fingerprint
from splinter.model.plan import Plan
from splinter.model.records import Outcome
from splinter.model.verdict import Outcomes
from splinter.model.workstream import Step


def outcomes(work: Work, *, start: str) -> dict[str, Outcomes]:
    """The outcomes on `start` by the checks' ids, run there where nobody remembers them.

    A check is missing where it is not to be compared, or where its run had no time left. Raises StepError where the
    run is interrupted, or where a check would not look at `start`.
    """
    tree = git.tree_of(work.repository, start)
    waiting = late_filling.waiting_checks(work.plan.workstream)
    checks = [check for check in work.plan.workstream.checks if check.compare and check.id not in waiting]
    found = {check.id: _remembered(work.session, key(work, check), tree) for check in checks}
    found |= {check.id: _run(work, check, start, tree) for check in checks if found[check.id] is None}
    return {id: known for id, known in found.items() if known}


def _run(work: Work, check: Step, start: str, tree: str) -> Outcomes | None:
    name = key(work, check)
    # what is asked before the work begins takes nothing of its minutes
    with work.session.slots.alone(f"baseline {name} {tree}"):
        known = _remembered(work.session, name, tree)
        if known:
            return known
        try:
            checked = run_check.run(work.unbounded, check, start, name=f"{check.id}.base")
            found = comparison.outcomes(checked.record)
        except StepError as error:
            if error.reason in (Reason.INTERRUPTED, Reason.WRONG_TREE):
                raise
            if error.reason == Reason.OVER_BUDGET:
                return None
            found = Outcomes(check=Outcome.FAILED, is_unexplained=True)
        work.session.known.baselines[name, tree] = found
        if not found.cases and _leaves_cases(work.plan, check):
            return found  # nothing to compare with: it may be the fault of a moment, and the next run asks again
        work.session.memory.set_json_fact(f"baseline/{name}", {"tree": tree, **asdict(found)})
        return found


def again(work: Work, check: Step, *, start: str) -> Outcomes | None:
    """The outcome on `start` once more, None where the check cannot be run."""
    try:
        # no step had written anything there
        before = replace(work, outputs={})
        return comparison.outcomes(run_check.run(before, check, start, name=f"{check.id}.base.again").record)
    except StepError as error:
        if error.reason == Reason.INTERRUPTED:
            raise
        return None


def _leaves_cases(plan: Plan, check: Step) -> bool:
    profile = command.profile_of(plan, check)
    return profile is not None and profile.junit


def _remembered(session: Session, name: str, tree: str) -> Outcomes | None:
    known = session.known.baselines.get((name, tree))
    if known or session.is_always:
        return known
    kept = session.memory.json_fact(f"baseline/{name}")
    if kept.pop("tree", None) != tree:
        return None
    # asked before any step ran, it is not read again: a command outside the sandbox can write there
    session.known.baselines[name, tree] = found = Outcomes(**{**kept, "flaky": tuple(kept["flaky"])})
    return found


def key(work: Work, check: Step) -> str:
    """Stands for the check's definition and all that it runs with but the files."""
    profile = command.profile_of(work.plan, check)
    names = (*(profile.env if profile else ()), *work.plan.env)
    passed = work.session.outside.environment.plain_values(names)
    return fingerprint(
        {
            "rules": comparison.RULES,
            "check": asdict(check),
            "tool": asdict(profile) if profile else None,
            "version": work.session.version(profile) if profile else None,
            "setup": [asdict(one) for one in work.plan.setup],
            "judged in": "a clean tree",  # what was found in the tree of the steps is not believed
            "env": sorted(set(names)),
            "values of env": passed | dict(work.plan.workstream.variables),
            **({"runner": runner} if (runner := work.session.outside.environment.runner()) else {}),
            **({"values": values} if (values := _values(work.plan, check)) else {}),
            "imports": "of the work tree",  # what was said before that was so counts no more
        }
    )


def _values(plan: Plan, check: Step) -> dict[str, str]:
    """The values that a check finds in its environment: those of a matrix, of others those that it names."""
    found, named = value_names.variables(plan.values), str(check.action)
    own = {value_names.variable(name) for name in value_names.of_matrix(plan.workstream.matrix)}
    return {name: value for name, value in found.items() if name in own or name in named}
