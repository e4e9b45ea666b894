"""What travels between the jobs of a night, and from night to night: state as files, commits as a bundle, in a folder.

Of this repository only what the next job needs is put there: no log but those of one run, no commit that a base holds.
It trusts no folder: of one it takes what it knows by name, plain files that are not too large, and refs of ours.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from splinter.engine.project import Project
from splinter.errors import GitError, InputError
from splinter.git import bundles, held_branches
from splinter.git import commands as git
from splinter.git.command_line import Repository
from splinter.git.commands import RefUpdate
from splinter.model import layout
from splinter.model.night_plan import NightPlan
from splinter.system import handed_over, sqlite_files
from splinter.system.files import write_whole
from splinter.text.patterns import ref_problem

Allowed = Callable[[str], bool]

BUNDLE, REFS = f"{layout.STATE}/refs.bundle", f"{layout.STATE}/refs"
DATABASES = (layout.DATABASE, f"{layout.STATE}/{layout.HISTORY}", f"{layout.STATE}/{layout.MEMORY}")
UNDER_WAY = f"{layout.STATE}/{layout.UNDER_WAY}"
_PULL_REQUESTS = layout.PULL_REQUEST_FILES.rstrip("/")
LARGEST_DATABASE, _LARGEST_BUNDLE = 1_000_000_000, 2_000_000_000
_LARGEST_LISTING = 20_000_000  # of some 180,000 refs
LARGEST_FILE, MOST_FILES = 100_000_000, 20_000
# the remote's word, or this repository's own
_ELSEWHERE = tuple(f"{folder}/" for folder in (layout.HEADS, layout.SLOTS, layout.CLAIMS, layout.CLAIMED))
_LINE = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64}) (refs/\S+)")


def pack(known: Project, folder: Path, plan: NightPlan | None = None, *, given: Path | None = None) -> int:
    """Put what the next job needs into a folder, in the place of what was packed there; returns how many refs.

    With the plan of a run also its logs. Commits that the folder `given` names, which whoever takes this was given too,
    are left out. Raises InputError for a folder that is a checkout, GitError where commits cannot be packed.
    """
    repository, refs = known.repository, _ours(known)
    if folder.resolve() in (repository.root, repository.start) or (folder / ".git").exists():
        raise InputError(f"{folder} is a checkout, whose own state would be lost: name another folder")
    _empty(folder)
    for name in DATABASES:
        sqlite_files.copy_to(repository.root / name, folder / name)
    logs = [f"{layout.STATE}/{layout.RUNS}/{plan.run}"] if plan else []
    for below in (_PULL_REQUESTS, *logs):
        for name in handed_over.names(repository.root, below, most=MOST_FILES):
            handed_over.copy(repository.root, name, folder / name, most=LARGEST_FILE)
    if plan:
        handed_over.copy(repository.root, UNDER_WAY, folder / UNDER_WAY, most=LARGEST_FILE)
    write_whole(folder / REFS, "".join(f"{id} {name}\n" for name, id in sorted(refs.items())))
    held = [*git.refs(repository, layout.BASES).values(), *(_listed_in(given).values() if given else ())]
    bundles.create(repository, folder / BUNDLE, refs, but=held)
    return len(refs)


def unpack(known: Project, folder: Path) -> int:
    """Take what was packed into a folder as this checkout's state; returns how many refs.

    Raises InputError where this checkout has state of its own, GitError where commits cannot be brought back: the rest
    was taken then, and what those held is made again.
    """
    repository = known.repository
    own = [name for name in DATABASES if (repository.root / name).exists()]
    if own:
        raise InputError(f"this checkout has state of its own ({own[0]}), over which nothing is put")
    try:
        for name in DATABASES:
            handed_over.copy(folder, name, repository.root / name, most=LARGEST_DATABASE)
    except BaseException:  # half a state is none
        for name in DATABASES:
            (repository.root / name).unlink(missing_ok=True)
        raise
    for name in handed_over.names(folder, _PULL_REQUESTS, most=MOST_FILES):
        handed_over.copy(folder, name, repository.root / name, most=LARGEST_FILE)
    allowed = _allowed(known, _listed_in(folder))
    try:
        return take_refs(repository, folder, allowed)
    except GitError:
        _take_listed(repository, _listed_in(folder), allowed)
        raise


def take_refs(repository: Repository, folder: Path, allowed: Allowed) -> int:
    """Let refs name here what they name there, as far as their names are allowed; returns how many.

    Raises SplinterError where the list or the bundle cannot be taken: then none is moved.
    """
    listed = _listed_in(folder)  # before the bundle is, which moves some
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="splinter-") as place:
        file = Path(place) / "refs.bundle"
        if handed_over.copy(folder, BUNDLE, file, most=_LARGEST_BUNDLE):
            found = {name: id for name, id in bundles.refs(repository, file).items() if allowed(name)}
            bundles.fetch(repository, file, sorted(found))
    return len(found) + _take_listed(repository, listed, lambda name: allowed(name) and name not in found)


def _take_listed(repository: Repository, listed: Mapping[str, str], allowed: Allowed) -> int:
    """The same for refs that are in the list alone, where their commits are here."""
    wanted = {name: id for name, id in listed.items() if allowed(name)}
    here = git.existing(repository, (f"{id}^{{commit}}" for id in wanted.values()))
    updates = [RefUpdate(ref=name, new=id) for name, id in sorted(wanted.items()) if id in here]
    git.update_refs(repository, updates, why="splinter: handed on")
    return len(updates)


def _allowed(known: Project, listed: Iterable[str]) -> Allowed:
    """Which refs an own state may bring: what is ours, and of branches none that is here, or checked out."""
    branches = _branches(known, listed)
    branches -= {*git.refs(known.repository, "refs/heads"), *map(_head, held_branches.found(known.repository))}
    return lambda name: name in branches or (_is_ours(name) and not ref_problem(name.removeprefix("refs/")))


def _ours(known: Project) -> dict[str, str]:
    """All refs of ours with their ids, branches too."""
    own = {name: id for name, id in git.refs(known.repository, layout.OURS).items() if _is_ours(name)}
    wanted = _branches(known, own)
    heads = git.refs(known.repository, "refs/heads")
    return {**own, **{name: id for name, id in heads.items() if name in wanted}}


def _is_ours(name: str) -> bool:
    return name.startswith(layout.OURS) and not name.startswith(_ELSEWHERE)


def _branches(known: Project, refs: Iterable[str]) -> set[str]:
    """The names of our branches: of workstreams that there are, or that were accepted once."""
    accepted = (name.removeprefix(f"{layout.ACCEPTED}/") for name in refs if name.startswith(f"{layout.ACCEPTED}/"))
    ids = {*accepted, *(one.id for one in known.collection.workstreams), layout.TOGETHER}
    return {_head(f"{known.settings.branch_prefix}{id}") for id in ids}


def _head(branch: str) -> str:
    return f"refs/heads/{branch}"


def _listed_in(folder: Path) -> dict[str, str]:
    """The list of refs that lies in a folder, with their ids."""
    with tempfile.TemporaryDirectory(prefix="splinter-") as place:
        copy = Path(place) / "refs"
        if not handed_over.copy(folder, REFS, copy, most=_LARGEST_LISTING):
            return {}
        lines = copy.read_text("utf-8", "replace").splitlines()
    return {found[2]: found[1] for line in lines if (found := _LINE.fullmatch(line))}


def _empty(folder: Path) -> None:
    """Remove what was packed there before, and nothing else."""
    for name in (*DATABASES, UNDER_WAY, REFS, BUNDLE):
        for suffix in ("", "-wal", "-shm"):
            Path(f"{folder / name}{suffix}").unlink(missing_ok=True)
    for name in (f"{layout.STATE}/{layout.RUNS}", _PULL_REQUESTS):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / layout.STATE).mkdir(parents=True, exist_ok=True)
