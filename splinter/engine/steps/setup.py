"""What makes a work tree ready: ignored files that the user includes, and the commands of `setup`, once in each place.

They run again where their inputs differ, or where what they left was changed. What they left is known by a list, so
that a place can be swept of everything else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from splinter.engine.session import Session
from splinter.engine.steps import command, python_places, workspace
from splinter.errors import StepError
from splinter.git import clean_tree, worktree
from splinter.git import commands as git
from splinter.git.clean_tree import Stamp
from splinter.git.command_line import WorkTree
from splinter.model import layout
from splinter.model.fingerprints import fingerprint
from splinter.model.plan import Plan
from splinter.model.workstream import Budget, Run, Setup, Step
from splinter.system.history import write_whole
from splinter.text.counts import and_more

_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was made in a place: `key` is the hash of what it depends on, `files` what there is of it."""

    key: str = ""
    files: Mapping[str, Stamp] = field(default_factory=dict)


def ready(session: Session, plan: Plan, tree: WorkTree, commit: str, *, log: str, keeps_ignored: bool = False) -> None:
    """Put a work tree at a commit, with what its setup makes there and nothing else.

    Logs are named `setup-1` and so on, with `log` behind. `keeps_ignored` leaves what git ignores where it is.
    Raises StepError where a command of the setup fails.
    """
    worktree.ensure(session.repository, tree, _leaves(session))
    key, made = _key(session, plan, commit, is_judge=log == layout.JUDGE), _read(session, tree)
    is_made = made.key == key
    if keeps_ignored and is_made:
        worktree.place(session.repository, tree, commit, keep_ignored=True)
        if clean_tree.is_as_listed(tree, made.files):
            return
    if not _put(session, tree, commit, made.files if is_made else {}) or not is_made:
        _make(session, plan, tree, commit, key=key, log=log)


def touch(session: Session, plan: Plan, tree: WorkTree, commit: str | None = None) -> None:
    """Before a work tree is used for the first time in a run: what is found in it is kept as a patch.

    One that is missing is made ready at the commit, where one is given.
    """
    if not session.touches_first(plan.id):
        return
    _sealed(session, worktree.locate(session.state, f"{plan.id}{layout.JUDGE}"))
    workspace.included(session)  # as it is before any step
    if tree.path.is_dir():
        workspace.keep_hand_edits(session, plan, tree)
        worktree.ensure(session.repository, tree, _leaves(session))
    elif commit:
        ready(session, plan, tree, commit, log="")


def _put(session: Session, tree: WorkTree, commit: str, files: Mapping[str, Stamp]) -> bool:
    known = session.indexes.get(tree.index)
    is_known = known is not None and known == clean_tree.index_digest(tree)
    is_whole = clean_tree.put(session.repository, tree, commit, files, is_known=is_known)
    session.indexes[tree.index] = clean_tree.index_digest(tree)
    return is_whole


def _make(session: Session, plan: Plan, tree: WorkTree, commit: str, *, key: str, log: str) -> None:
    """Make it from nothing, and remember what was made."""
    _write(session, tree, "")
    _put(session, tree, commit, {})
    workspace.include_ignored(session, tree)
    included = clean_tree.listing(session.repository, tree)
    for number, one in enumerate(plan.setup, 1):
        _run(session, plan, tree, one, f"setup-{number}", log)
    if plan.setup:
        env = command.environment(session, plan, None, tree)
        python_places.refuse_repointed(session, plan, tree, commit, env)
    _look_at_what_is_left(session, plan, tree, included, log)
    clean_tree.unlink_shared(session.repository, tree)
    files = clean_tree.listing(session.repository, tree)
    if not _put(session, tree, commit, files):
        raise StepError("preflight", "what its setup made changes by itself: a process of it still runs")
    folders = [folder for folder in command.PROGRAMS if folder in files and folder not in included]
    write_whole(command.programs_file(tree), json.dumps(folders))
    _write(session, tree, json.dumps({"key": key, "files": files}))


def _run(session: Session, plan: Plan, tree: WorkTree, one: Setup, name: str, log: str) -> None:
    step = Step(id=name, action=Run(command=one.command), timeout_s=one.timeout_s)
    # a budget of minutes is for steps, checks and fixes
    unbounded = replace(plan, workstream=replace(plan.workstream, budget=Budget()))
    failure = command.act(session, unbounded, step, f"{name}{log}", tree=tree, has_network=True).failure
    if failure and failure.reason == "interrupted":
        raise failure
    if failure:
        raise failure.within("preflight", f"{name}: {failure}")


def _look_at_what_is_left(
    session: Session, plan: Plan, tree: WorkTree, included: Mapping[str, Stamp], log: str
) -> None:  # fmt: skip
    """What git does not ignore of it would become part of a change; what git tracks is put back."""
    changed = clean_tree.changed(session.repository, tree)
    others = [path for path in changed.others if path not in included]
    if others:
        # a folder by its name: of a virtual environment there are thousands of files
        named = and_more([git.printable(name) for name in dict.fromkeys(map(_top, others))], _NAMED)
        raise StepError("preflight", f"setup left files that git does not ignore: {named}; list them in .gitignore")
    if changed.tracked and not log:
        named = and_more([git.printable(path) for path in changed.tracked], _NAMED)
        session.note(f"{plan.id}: its setup changed {named}, which was put back.")


def _top(path: str) -> str:
    folder, slash, _ = path.partition("/")
    return f"{folder}{slash}"


def _key(session: Session, plan: Plan, commit: str, *, is_judge: bool) -> str:
    """What is made depends on: the commands, their inputs at the commit, the included files; empty for nothing.

    Where checks judge, a command without inputs depends on the whole commit: what it builds must be of that.
    """
    whole = git.tree_of(session.repository, commit) if is_judge else ""
    included = tuple(_included(session))
    if not plan.setup and not included:
        return ""
    commands: list[Any] = [
        [one.command, git.seen(session.repository, commit, one.inputs) if one.inputs else whole] for one in plan.setup
    ]
    return fingerprint({"commands": commands, "included": included})


def _included(session: Session) -> Iterator[tuple[str, int, int]]:
    """The files that `.worktreeinclude` lists, by path, size and time."""
    yield from ((path, size, written) for path, (_, size, written, _) in workspace.included(session).items())


def _leaves(session: Session) -> tuple[str, ...]:
    return tuple(leaf for tool in session.settings.tools.values() for leaf in tool.leaves)


def refuse_forged(session: Session, plan: Plan) -> None:
    """Forget what was made for checks where somebody else wrote its list: a command outside the sandbox can."""
    tree = worktree.locate(session.state, f"{plan.id}{layout.JUDGE}")
    if not _sealed(session, tree):
        _write(session, tree, "")


def _sealed(session: Session, tree: WorkTree) -> bool:
    """Whether the list of a place is the one that this run found or wrote; the first look decides what that is."""
    try:
        digest = hashlib.sha256(_files(tree).read_bytes()).hexdigest()
    except OSError:
        digest = ""
    return session.indexes.setdefault(_files(tree), digest) == digest


def _write(session: Session, tree: WorkTree, text: str) -> None:
    if text:
        write_whole(_files(tree), text)
    else:
        _files(tree).unlink(missing_ok=True)
    session.indexes.pop(_files(tree), None)
    _sealed(session, tree)


def _read(session: Session, tree: WorkTree) -> Made:
    if not _sealed(session, tree):
        return Made(key="-")
    try:
        kept = json.loads(_files(tree).read_text("utf-8"))
        return Made(key=str(kept["key"]), files={str(path): _stamp(*stamp) for path, stamp in kept["files"].items()})
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # none yet, or a torn one
        return Made()


def _stamp(inode: int, size: int, changed_ns: int, digest: str) -> Stamp:
    return int(inode), int(size), int(changed_ns), str(digest)


def _files(tree: WorkTree) -> Path:
    return tree.index.with_name(f"{tree.index.name}.setup")
