"""The first task of a workstream: where it starts, its work tree there, its tools looked for, its preflight passed.

Nothing is paid for before all of it is well.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from splinter.engine import bases, merged_dependencies
from splinter.engine.branch import last_success, move_branch
from splinter.engine.checks import baseline
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.engine.steps import checkout_notes, checkpoint, command, sandboxing, setup
from splinter.engine.work import Work
from splinter.errors import GitError, Reason, SplinterError, StepError
from splinter.git import command_line, merge, submodules, worktree
from splinter.git import commands as git
from splinter.model.done import Accepted, Prepared
from splinter.model.records import Outcome
from splinter.text.counts import plural
from splinter.text.redact import Masked


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a workstream's own commits begin: on `base`, or on what it depends on."""

    commit: str
    base: str


def prepare(work: Work, *, previous: Prepared | None, has_failed: bool = False) -> Prepared:
    """The work tree at its start, tools looked for, preflight passed; raises StepError.

    `previous` is that of last time; `has_failed`: since then it was tried and did not succeed.
    """
    started = time.monotonic()
    work.session.run.open()
    tree = work.tree
    try:
        move_branch.refuse_if_it_cannot_be(work.session.outside, work.plan)
        start = _start(work, previous, has_failed=has_failed)
        setup.hold_base(work, start.base)
        _note_what_is_ahead(work)
        sandboxing.require(work)
        setup.touch(work, tree)
        setup.ready(
            work, tree, start.commit, log="", keeps_ignored=previous is not None and previous.start == start.commit
        )  # fmt: skip
        if why := submodules.missing(submodules.listed(tree)):
            work.session.run.note(f"{work.plan.id}: {why}.")
        _try_to_sign(work.session, start)
        versions = _look_for_tools(work)
        checkout_notes.note(work, tree)
        preflight(work, start.commit)
        baseline.outcomes(work, start=start.commit)  # before any step ran
    except StepError as error:
        is_interrupted = error.reason == Reason.INTERRUPTED
        outcome, reason = (Outcome.INTERRUPTED, None) if is_interrupted else (Outcome.FAILED, error.reason)
        record = checkpoint.record(work, "prepare", outcome, started, reason=reason, message=str(error))
        log = work.session.outside.relative(error.log) if error.log else record.log
        work.session.history.add_step(work.session.run.open(), replace(record, log=log))
        raise
    checkpoint.pin(work, "prepare", start.commit)
    return Prepared(
        start=start.commit, base=start.base, versions=versions, depended_on=_tips(work), has_failed=has_failed
    )


def _start(work: Work, previous: Prepared | None, *, has_failed: bool) -> Start:
    base = bases.commit(work.session, work.plan)
    others = {other: work.builds_on[other] for other in work.plan.workstream.depends_on}
    ahead = [
        one.tip for other, one in others.items()
        if not is_in(work.session.outside, one.start, one.tip, base) and not _is_merged(work, other, one, base)
    ]  # fmt: skip
    if ahead:
        with work.apart() as apart:
            merged = _merged(apart, base, ahead)
            checkpoint.pin(apart, "prepare", merged)
        return Start(commit=merged, base=base)
    base = base_of(work, previous, base, has_failed=has_failed)
    return Start(commit=base, base=base)


def _is_merged(work: Work, other: str, one: Accepted, base: str) -> bool:
    """Whether the forge says that what it builds on was merged; it is asked only where the base is another since."""
    if merged_dependencies.is_known(work.session, other, one.tip):
        return True
    where = None if one.base == base else merged_dependencies.ask(work.session, work.plan, other, one.tip)
    if where:
        work.session.run.note(
            f"{work.plan.id} starts from {work.plan.base.shown}: {where} was merged, though not as it was."
        )
    return bool(where)


def _note_what_is_ahead(work: Work) -> None:
    """Say where the user's own branch has what the remote's lacks: they may take it for a part of the run."""
    base, local = work.plan.base, f"refs/heads/{work.plan.base.name}"
    if base.remote and local in work.session.outside.snapshot.refs:
        ahead = git.count(work.repository, local, but=bases.commit(work.session, work.plan))
        if ahead:
            work.session.run.note(
                f"{base.name} is {plural(ahead, 'commit')} ahead of {base.shown}; that is not in this run."
            )


def base_of(work: Work, previous: Prepared | None, base: str, *, has_failed: bool = False) -> str:
    """Where a workstream starts that builds on no other: the base, or its last one where nothing that counts moved.

    What failed on its last one is not kept there by a setting.
    """
    if previous is None or previous.base == base or previous.start != previous.base:
        return base
    kept = previous.base
    may_stay = not has_failed and _may_stay(work, kept, base)
    return kept if may_stay or _moved_only_in_workstreams(work.session.outside, kept, base) else base


def has_moved(work: Work, previous: Prepared) -> bool:
    """Whether the base is another than what failed was prepared on, in files that count; a real run asks for it.

    What it depends on counts too: made again on a moved base, its result may be the same, and its commits are others.
    Where the base cannot be found out, it has moved: `prepare` says why.
    """
    if previous.depended_on not in (None, _tips(work)):
        return True
    try:
        asks, base = work.session.asks, work.plan.base
        commit = bases.commit(work.session, work.plan) if asks else bases.last_seen(work.session, base)
    except SplinterError:
        return True
    if commit is None or commit == previous.base:
        return False
    return not _moved_only_in_workstreams(work.session.outside, previous.base, commit)


def _tips(work: Work) -> tuple[str, ...]:
    depends_on = work.plan.workstream.depends_on
    return tuple(work.builds_on[other].tip if other in work.builds_on else "" for other in depends_on)


def is_in(outside: Outside, start: str, tip: str, base: str) -> bool:
    """Whether a change is in the base: merged, or squashed or rebased so that it would change nothing there."""
    repository = outside.repository
    if git.is_ancestor(repository, tip, base):
        return True
    was, there, made = (git.tree_of(repository, commit) for commit in (start, base, tip))
    with command_line.borrowed(repository) as apart:
        return merge.three_way(apart, was, there, made)[0] == there


def _moved_only_in_workstreams(outside: Outside, old: str, new: str) -> bool:
    """A base that moved only in files that no step may read as input is no moved base: nothing is rebuilt for it."""
    repository = outside.repository
    if not git.existing(repository, [old]) or not git.is_ancestor(repository, old, new):
        return False
    return all(change.path.startswith("workstreams/") for change in git.diff(repository, old, new))


def _may_stay(work: Work, kept: str, base: str) -> bool:
    """Whether the settings ask for a new base only on conflict, and the branch on its old one still merges."""
    last = (
        last_success.last(work.session.outside, work.plan)
        if work.session.outside.settings.rebase == "conflict"
        else None
    )
    if last is None or last.start != kept or is_in(work.session.outside, last.start, last.tip, base):
        return False
    with command_line.borrowed(work.repository) as apart:
        return merge.merge_trees(apart, base, last.tip)[0] is not None


def _merged(work: Work, base: str, tips: list[str]) -> str:
    merged = tips[0]
    for tip in tips[1:]:
        tree, conflicts = merge.merge_trees(work.repository, merged, tip)
        if tree is None:
            raise StepError(Reason.CONFLICT, f"what it depends on does not merge: {', '.join(conflicts[:10])}")
        message = (
            f"Merge what {work.plan.id} depends on\n\nWorkstream: {work.plan.id}\nRun: {work.session.run.open()}\n"
        )
        date_s = int(work.session.outside.clock.now().timestamp())
        text = work.mask(message)
        merged = git.commit_tree(work.repository, tree, [merged, tip], text, date_s=date_s,
                                 is_signed=work.session.outside.settings.sign_commits)  # fmt: skip
        work.session.memory.add_commit(merged, work.plan.id)
    return merged


def _try_to_sign(session: Session, start: Start) -> None:
    """Where commits are to be signed, sign one that no ref will hold: a paid step's must not be the first."""

    def ask() -> str | None:
        tree = git.tree_of(session.outside.repository, start.commit)
        try:
            with command_line.borrowed(session.outside.repository) as apart:
                git.commit_tree(apart, tree, [start.commit], Masked("a first signature\n"), date_s=0, is_signed=True)
        except GitError as error:
            return str(error)
        return None

    why = (
        session.known.once("what keeps commits from being signed", ask)
        if session.outside.settings.sign_commits
        else None
    )
    if why:
        raise StepError(Reason.PREFLIGHT, f"commits cannot be signed, as sign_commits asks for: {why}")


def _look_for_tools(work: Work) -> dict[str, str]:
    """What each tool says its version is; raises StepError for one that is not there, before anything is paid."""
    versions = {}
    for tool in work.plan.tools.values():
        version = work.session.version(tool)
        if version is None:
            raise StepError(
                Reason.TOOL_MISSING, f'tool "{tool.name}": {tool.command} is not on PATH; install it and run again'
            )
        versions[tool.name] = version
    return versions


def preflight(work: Work, commit: str) -> None:
    """Run the preflight in the work tree at a commit, and put it back there; raises StepError."""
    for check in work.plan.workstream.preflight:
        failure = command.act(work, check, check.id, shown_lines=command.LINES_BEFOREHAND).failure
        if failure and failure.reason in (Reason.INTERRUPTED, Reason.OVER_BUDGET):
            raise failure
        if failure:
            raise failure.within(Reason.PREFLIGHT, f"{check.id}: {failure}")
    if work.plan.workstream.preflight:
        worktree.place(work.repository, work.tree, commit)
