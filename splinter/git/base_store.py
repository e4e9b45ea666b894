"""The objects that a work tree's own git reads: what bases reach, once for all work trees, and what one starts from.

It holds nothing else of the user's: no stash, no branch that is not in a base, no other workstream's result. It grows
by what each new base adds. None of our calls reads from it, and no work tree's git writes in it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from splinter.errors import GitError
from splinter.git import command_line, users_config
from splinter.git import commands as git
from splinter.git import held as refs
from splinter.git.command_line import Repository
from splinter.model import layout
from splinter.system import disk
from splinter.system.files import write_whole

_BASES = "bases"  # a line for each base that is whole here: its commit, and the pack that came with it
_MOST_PACKS = 30
_TIMEOUT_S = 3600.0  # of gigabytes on a slow disk
# deltas and what is compressed already are taken as they are; for loose objects time counts more than disk
_OPTIONS = ("--quiet", "--revs", "--non-empty", "--delta-base-offset", "--window=0", "--compression=1")
_growing = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """What `tidy` would leave out: bases that no ref holds any more, or packs that are brought together."""

    bases: tuple[str, ...] = ()
    packs: int = 0


def place(repository: Repository) -> Path:
    """Where it lies, in the state folder."""
    return repository.state / layout.STORE


def hold(repository: Repository, base: str) -> None:
    """Let it hold all that a base reaches, and the tags on that; raises GitError or StorageError."""
    with _growing:
        store = place(repository)
        held = _held(store)
        if base in held:
            return
        try:
            _grow(repository, store, base, held)
        except GitError:
            if not held:
                raise
            disk.remove(store)  # it is not what we left
            _grow(repository, store, base, {})


def lend(repository: Repository, objects: Path, commit: str) -> None:
    """Let a work tree's own folder of objects borrow it, and hold itself what it lacks of a commit."""
    store = place(repository)
    (store / "pack").mkdir(parents=True, exist_ok=True)
    (objects / "info").mkdir(parents=True, exist_ok=True)
    (objects / "pack").mkdir(exist_ok=True)
    (objects / "info/alternates").write_text(f"{store}\n", "utf-8")
    held = _held(store)
    if commit in held:
        return
    try:
        _pack(repository, objects, commit, but=held)
    except GitError:
        if not held:
            raise
        disk.remove(store)  # as above: the next base makes it again
        (store / "pack").mkdir(parents=True)
        _pack(repository, objects, commit, but=())


def borrow(repository: Repository, objects: Path, ids: Iterable[str], *, but: Iterable[str]) -> None:
    """Bring what some ids reach from another folder of objects into the repository's own; raises GitError."""
    others = ":".join(f'"{_escaped(path)}"' for path in (objects, place(repository)))
    command_line.call(
        repository, "pack-objects", *_OPTIONS, str(repository.store / "pack/pack"),
        stdin="".join([*(f"{id}\n" for id in ids), *(f"^{base}\n" for base in but)]).encode(),
        env={"GIT_ALTERNATE_OBJECT_DIRECTORIES": others}, timeout_s=_TIMEOUT_S,
    )  # fmt: skip


def superseded(repository: Repository) -> Superseded | None:
    """What of it could go, None where nothing could."""
    held = _held(place(repository))
    there = git.existing(repository, held)
    gone = tuple(base for base in held if base not in there or not refs.holds(repository, "refs/", base))
    packs = len(list(place(repository).glob("pack/*.pack")))
    return Superseded(bases=gone, packs=packs) if gone or packs > _MOST_PACKS else None


def tidy(repository: Repository, going: Superseded) -> int:
    """Make it again without what is superseded; returns the bytes that went. For whoever holds the lock of the run."""
    store = place(repository)
    before, made = disk.measure([store]).bytes, store.with_name(f"{layout.STORE}.made")
    kept = [base for base in _held(store) if base not in going.bases]
    disk.remove(made)
    for base in kept:
        _grow(repository, made, base, _held(made))
    disk.remove(store)
    if kept:
        made.rename(store)
    return before - disk.measure([store]).bytes


def _held(store: Path) -> dict[str, str]:
    """The bases that are whole, each with its pack; none where a pack is gone."""
    with suppress(FileNotFoundError, ValueError, IndexError):
        lines = [line.split(" ") for line in (store / _BASES).read_text("ascii").splitlines()]
        held = {line[0]: line[1] for line in lines}
        if all((store / f"pack/pack-{pack}.idx").is_file() for pack in held.values() if pack != "-"):
            return held
        disk.remove(store)
    return {}


def _grow(repository: Repository, store: Path, base: str, held: dict[str, str]) -> None:
    (store / "pack").mkdir(parents=True, exist_ok=True)
    for left in store.glob("pack/tmp_*"):  # of a run that was killed
        left.unlink(missing_ok=True)
    pack = _pack(repository, store, base, but=held, options=("--include-tag",))
    lines = {**held, base: pack or "-"}
    write_whole(store / _BASES, "".join(f"{base} {pack}\n" for base, pack in lines.items()))


def _pack(repository: Repository, into: Path, commit: str, *, but: Iterable[str], options: tuple[str, ...] = ()) -> str:
    """Write what a commit reaches and `but` do not; returns the pack's name, empty where that is nothing."""
    if users_config.promising(repository.reaching):  # what the user's clone lacks is lacking here
        options = (*options, "--missing=allow-any")
    others = ":".join(f'"{_escaped(path)}"' for path in (repository.store, place(repository)))
    done = command_line.call(
        replace(repository, objects=into), "pack-objects", *_OPTIONS, *options, str(into / "pack/pack"),
        stdin="".join([f"{commit}\n", *(f"^{base}\n" for base in but)]).encode(),
        env={"GIT_ALTERNATE_OBJECT_DIRECTORIES": others}, timeout_s=_TIMEOUT_S,
    )  # fmt: skip
    return done.stdout.decode().strip()


def _escaped(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')
