"""What makes a work tree ready: ignored files that the user includes, and the commands of `setup`, once in each place.

They run again where their inputs differ, or where what they left was changed. What they left is known by a list, so
that a place can be swept of everything else.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.engine.steps import command, installed_programs, python_places, workspace
from splinter.engine.work import Work
from splinter.errors import Reason, StepError
from splinter.git import base_store, clean_tree, given_refs, worktree
from splinter.git import commands as git
from splinter.git.clean_tree import Stamp
from splinter.git.command_line import WorkTree
from splinter.git.given_refs import Given
from splinter.model import bases, layout
from splinter.model.fingerprints import fingerprint
from splinter.model.workstream import Run, Setup, Step
from splinter.system.files import write_whole
from splinter.text.counts import and_more, duration

_NAMED = 3
_WORTH_TELLING_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was made in a place: `key` is the hash of what it depends on, `files` what there is of it.

    `included` is the hash of the files that were copied in.
    """

    key: str = ""
    included: str = ""
    files: Mapping[str, Stamp] = field(default_factory=dict)


def ready(work: Work, tree: WorkTree, commit: str, *, log: str, keeps_ignored: bool = False) -> None:
    """Put a work tree at a commit, with what its setup makes there and nothing else.

    Logs are named `setup-1` and so on, with `log` behind. `keeps_ignored` leaves what git ignores where it is.
    Raises StepError where a command of the setup fails.
    """
    if work.prepared:
        hold_base(work, work.prepared.base)
    workspace.refuse_others(work, tree)
    worktree.ensure(work.repository, tree, _leaves(work.session.outside))
    if not tree.index.exists():
        worktree.expect(tree, commit)  # whoever kills us in the midst leaves files that are known for ours
    key, made = _key(work, commit, is_judge=log == layout.JUDGE), _read(work.session, tree)
    is_made = made.key == key
    if keeps_ignored and is_made:
        worktree.place(work.repository, tree, commit)
        if clean_tree.is_as_listed(tree, made.files):
            return
    if not _put(work.session, tree, commit, made.files if is_made else {}) or not is_made:
        _make(work, tree, commit, key=key, log=log)


def touch(work: Work, tree: WorkTree, commit: str | None = None) -> None:
    """Before a work tree is used for the first time in a run: what is found in it is kept as a patch.

    Where a commit is given, it is made ready there if it is missing, or if files that are included came, changed or
    went in the checkout since.
    """
    if work.prepared:
        hold_base(work, work.prepared.base)
    if not work.session.known.touches_first(work.plan.id):
        return
    _sealed(work.session, worktree.locate(work.session.outside.state, f"{work.plan.id}{layout.JUDGE}"))
    workspace.included(work.session)  # as it is before any step
    if tree.path.is_dir():
        workspace.keep_hand_edits(work, tree)
        worktree.ensure(work.repository, tree, _leaves(work.session.outside))
    if commit and (not tree.path.is_dir() or _read(work.session, tree).included != _hash(work.session)):
        ready(work, tree, commit, log="")


def hold_base(work: Work, base: str) -> None:
    """Let the git of both work trees read what a base reaches, with what it is called and the tags on it."""
    outside, named = work.session.outside, work.plan.base
    tags = {ref: id for ref, id in outside.snapshot.refs.items() if ref.startswith("refs/tags/")}
    base_store.hold(work.repository, base, tags)
    url = outside.snapshot.remotes.get(named.remote) if named.remote else None
    given = Given(
        base=base,
        branch=None if named.name == bases.UNKNOWN else named.name,
        url=outside.redactor.text(given_refs.without_credentials(url)) if url else None,
    )
    for tree in (work.tree, work.judge_tree):
        given_refs.remember(tree, given)


def _put(session: Session, tree: WorkTree, commit: str, files: Mapping[str, Stamp]) -> bool:
    known = session.known.indexes.get(tree.index)
    is_known = known is not None and known == clean_tree.index_digest(tree)
    is_whole = clean_tree.put(session.outside.repository, tree, commit, files, is_known=is_known)
    session.known.indexes[tree.index] = clean_tree.index_digest(tree)
    return is_whole


def _make(work: Work, tree: WorkTree, commit: str, *, key: str, log: str) -> None:
    """Make it from nothing, and remember what was made."""
    _write(work.session, tree, "")
    _put(work.session, tree, commit, {})
    workspace.include_ignored(work.session, tree)
    included = clean_tree.listing(work.repository, tree)
    started = time.monotonic()
    for number, one in enumerate(work.plan.setup, 1):
        _run(work, tree, one, f"setup-{number}", log)
    if work.plan.setup:
        workspace.lead_packages_back(work.session, tree, commit)
        _tell_price(work, time.monotonic() - started, is_judge=log == layout.JUDGE)
        env = command.environment(work, None, tree)
        python_places.refuse_repointed(work, tree, commit, env)
    _look_at_what_is_left(work, tree, included, log)
    clean_tree.unlink_shared(work.repository, tree)
    files = clean_tree.listing(work.repository, tree)
    if not _put(work.session, tree, commit, files):
        raise StepError(Reason.PREFLIGHT, "what its setup made changes by itself: a process of it still runs")
    folders = [
        folder for folder in installed_programs.below(work.plan.setup) if folder in files and folder not in included
    ]
    write_whole(installed_programs.file(tree), json.dumps(folders))
    _write(work.session, tree, json.dumps({"key": key, "included": _hash(work.session), "files": files}))


def _run(work: Work, tree: WorkTree, one: Setup, name: str, log: str) -> None:
    step = Step(
        id=name, action=Run(command=one.command), timeout_s=one.timeout_s, working_directory=one.working_directory
    )
    # a budget of minutes is for steps, checks and fixes
    failure = command.act(
        work.unbounded, step, f"{name}{log}", tree=tree, has_network=True, shown_lines=command.LINES_BEFOREHAND
    ).failure
    if failure and failure.reason == Reason.INTERRUPTED:
        raise failure
    if failure:
        raise failure.within(Reason.PREFLIGHT, f"{name}: {failure}")


def _tell_price(work: Work, seconds: float, *, is_judge: bool) -> None:
    """No record of a step or check has these seconds as its own."""
    if seconds > _WORTH_TELLING_S:
        where = "where checks judge" if is_judge else "where steps work"
        work.session.run.note(f"{work.plan.id}: its setup took {duration(seconds)} {where}.")


def _look_at_what_is_left(
    work: Work, tree: WorkTree, included: Mapping[str, Stamp], log: str
) -> None:  # fmt: skip
    """What git does not ignore of it would become part of a change; what git tracks is put back."""
    changed = clean_tree.changed(work.repository, tree)
    others = [path for path in changed.others if path not in included]
    if others:
        # a folder by its name: of a virtual environment there are thousands of files
        named = and_more([git.printable(name) for name in dict.fromkeys(map(_top, others))], _NAMED)
        why = f"setup left files that git does not ignore: {named}; list them in .gitignore, and commit that"
        raise StepError(Reason.PREFLIGHT, why)
    if changed.tracked and not log:
        named = and_more([git.printable(path) for path in changed.tracked], _NAMED)
        work.session.run.note(f"{work.plan.id}: its setup changed {named}, which was put back.")


def _top(path: str) -> str:
    folder, slash, _ = path.partition("/")
    return f"{folder}{slash}"


def _key(work: Work, commit: str, *, is_judge: bool) -> str:
    """What is made depends on: the commands, their inputs at the commit, the included files; empty for nothing.

    Where checks judge, a command without inputs depends on the whole commit: what it builds must be of that.
    """
    whole = git.tree_of(work.repository, commit) if is_judge else ""
    included = tuple(_included(work.session))
    if not work.plan.setup and not included:
        return ""
    commands: list[Any] = [
        [
            one.command,
            git.seen(work.repository, commit, git.globs(one.inputs)) if one.inputs else whole,
            *([one.working_directory] if one.working_directory else []),
        ]
        for one in work.plan.setup
    ]
    one = work.plan.workstream
    seen = {"variables": one.variables, "matrix": dict(one.matrix)}  # what it finds in its environment
    return fingerprint(
        {"commands": commands, "included": included, **{name: values for name, values in seen.items() if values}}
    )


def _included(session: Session) -> Iterator[tuple[str, int, int]]:
    """The files that `.worktreeinclude` lists, by path, size and time."""
    yield from ((path, size, written) for path, (_, size, written, _) in workspace.included(session).items())


def _hash(session: Session) -> str:
    included = list(_included(session))
    return fingerprint({"included": included}) if included else ""


def _leaves(outside: Outside) -> tuple[str, ...]:
    return tuple(leaf for tool in outside.settings.tools.values() for leaf in tool.leaves)


def refuse_forged(work: Work) -> None:
    """Forget what was made for checks where somebody else wrote its list: a command outside the sandbox can."""
    tree = worktree.locate(work.session.outside.state, f"{work.plan.id}{layout.JUDGE}")
    if not _sealed(work.session, tree):
        _write(work.session, tree, "")


def _sealed(session: Session, tree: WorkTree) -> bool:
    """Whether the list of a place is the one that this run found or wrote; the first look decides what that is."""
    try:
        digest = hashlib.sha256(_files(tree).read_bytes()).hexdigest()
    except OSError:
        digest = ""
    return session.known.indexes.setdefault(_files(tree), digest) == digest


def _write(session: Session, tree: WorkTree, text: str) -> None:
    if text:
        write_whole(_files(tree), text)
    else:
        _files(tree).unlink(missing_ok=True)
    session.known.indexes.pop(_files(tree), None)
    _sealed(session, tree)


def _read(session: Session, tree: WorkTree) -> Made:
    if not _sealed(session, tree):
        return Made(key="-")
    try:
        kept = json.loads(_files(tree).read_text("utf-8"))
        files = {str(path): _stamp(*stamp) for path, stamp in kept["files"].items()}
        return Made(key=str(kept["key"]), included=str(kept.get("included", "")), files=files)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # none yet, or a torn one
        return Made()


def _stamp(inode: int, size: int, changed_ns: int, digest: str) -> Stamp:
    return int(inode), int(size), int(changed_ns), str(digest)


def _files(tree: WorkTree) -> Path:
    return tree.index.with_name(f"{tree.index.name}.setup")
