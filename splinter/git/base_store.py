"""The objects that a work tree's own git reads: what bases reach, once for all work trees, and what one starts from.

It holds nothing else of the user's: no stash, no branch that is not in a base, no other workstream's result. Beside
each base it lists the tags on that. It grows by what each new base adds. None of our calls reads from it, and no work
tree's git writes in it.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from splinter.errors import GitError
from splinter.git import command_line, new_objects, object_reader, pack_file, tree_diff, users_config
from splinter.git import commands as git
from splinter.git import held as refs
from splinter.git.command_line import Repository
from splinter.model import layout
from splinter.system import disk
from splinter.system.files import write_whole

_BASES = "bases"  # a line for each base that is whole here: its commit, and the pack that came with it
_TAGS = "tags-"  # with a base's commit behind: a file of its tags, as git packs refs
_MOST_PACKS = 30
_MOST_SMALL, _MOST_BYTES = 500, 4_000_000  # objects that are read and written here, and what they hold
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


def hold(repository: Repository, base: str, tags: Mapping[str, str] | None = None) -> None:
    """Let it hold all that a base reaches, and those of the user's tags; raises GitError or StorageError.

    `tags` are all of theirs, ids by refs; None leaves those that were held before.
    """
    with _growing:
        store = place(repository)
        held = _held(store)
        if base not in held:
            try:
                _grow(repository, store, base, held)
            except GitError:
                if not held:
                    raise
                disk.remove(store)  # it is not what we left
                _grow(repository, store, base, {})
        if tags is not None:
            _hold_tags(repository, store, base, tags)


def holds(repository: Repository, base: str) -> bool:
    """Whether all that a base reaches is there."""
    return base in _held(place(repository))


def tags_of(repository: Repository, base: str) -> str:
    """The tags that a held base reaches, as lines of git's packed refs."""
    with suppress(OSError):
        return (place(repository) / f"{_TAGS}{base}").read_text("utf-8", "surrogateescape").partition("\n")[2]
    return ""


def lend(repository: Repository, objects: Path, commit: str) -> None:
    """Let a work tree's own folder of objects borrow it, and hold itself what it lacks of a commit."""
    store = place(repository)
    (store / "pack").mkdir(parents=True, exist_ok=True)
    (objects / "info").mkdir(parents=True, exist_ok=True)
    (objects / "pack").mkdir(exist_ok=True)
    (objects / "info/alternates").write_text(f"{store}\n", "utf-8")
    held = _held(store)
    if commit in held or _copy(repository, objects, commit, held):
        return
    try:
        _pack(repository, objects, commit, but=held)
    except GitError:
        if not held:
            raise
        disk.remove(store)  # as above: the next base makes it again
        (store / "pack").mkdir(parents=True)
        _pack(repository, objects, commit, but=())


def _copy(repository: Repository, objects: Path, commit: str, held: Mapping[str, str]) -> bool:
    """Write what a commit adds to held ones without a process; false where that is more than a few small objects."""
    found = tree_diff.reached(repository, commit, but=held, most=_MOST_SMALL, most_bytes=_MOST_BYTES) if held else None
    if found is None or not all(map(object_reader.is_sound, found)):
        return False
    if found:
        pack_file.write(objects / "pack", found)
    return True


def borrow(repository: Repository, objects: Path, ids: Iterable[str], *, but: Iterable[str]) -> None:
    """Bring what some ids reach from another folder of objects into the repository's own; raises GitError.

    Nothing there is believed: each object gets the id of what it holds, so that none comes in by another's, and what
    is not all there, or what `git fsck` would report, is refused.
    """
    others = ":".join(f'"{_escaped(path)}"' for path in (objects, place(repository)))
    (repository.store / "pack").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tmp_borrowed_", dir=repository.store / "pack") as folder:
        pack = Path(folder) / "new.pack"
        with pack.open("wb") as output:
            command_line.call(
                repository, "pack-objects", *_OPTIONS, "--stdout",
                stdin="".join([*(f"{id}\n" for id in ids), *(f"^{base}\n" for base in but)]).encode(),
                env={"GIT_ALTERNATE_OBJECT_DIRECTORIES": others}, timeout_s=_TIMEOUT_S, stdout=output,
            )  # fmt: skip
        if pack.stat().st_size:  # else there is nothing new
            new_objects.take_in(repository, pack, repository.store / "pack")


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
    pack = _pack(repository, store, base, but=held)
    lines = {**held, base: pack or "-"}
    write_whole(store / _BASES, "".join(f"{base} {pack}\n" for base, pack in lines.items()))


def _hold_tags(repository: Repository, store: Path, base: str, tags: Mapping[str, str]) -> None:
    """List the tags that a base reaches, with the objects of those that have some; looked for where tags differ."""
    state = hashlib.sha256("".join(f"{id} {ref}\n" for ref, id in sorted(tags.items())).encode("utf-8", "replace"))
    head, _ = _read_tags(store, store / f"{_TAGS}{base}")
    if head[:1] == [state.hexdigest()]:
        return
    packs, objects = {"-"}, set()
    for file in store.glob(f"{_TAGS}*"):
        names, lines = _read_tags(store, file)
        packs |= set(names[1:])
        objects |= {line.partition(" ")[0] for line in lines}
    lines, annotated = _reached(repository, base, tags) if tags else ([], [])
    new = [tag for tag in annotated if tag not in objects]
    packs |= {_pack(repository, store, *new, but=[base]) or "-"} if new else set()
    text = "".join(f"{line}\n" for line in (" ".join([state.hexdigest(), *sorted(packs)]), *lines))
    write_whole(store / f"{_TAGS}{base}", text)


def _read_tags(store: Path, file: Path) -> tuple[list[str], list[str]]:
    """The state of all tags that a list was made of and the packs that it needs; its lines. Nothing if one is gone."""
    try:
        head, *lines = file.read_text("utf-8", "surrogateescape").split("\n")[:-1]
    except (OSError, ValueError):
        return [], []
    names = head.split(" ")
    is_whole = all((store / f"pack/pack-{pack}.idx").is_file() for pack in names[1:] if pack != "-")
    return (names, lines) if is_whole else ([], [])


def _reached(repository: Repository, base: str, tags: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The tags that a base reaches as git packs refs, sorted, and the ids of tags that are objects.

    None where one of the user's tags is damaged: their own git does not list them either.
    """
    fields = "%(objectname) %(refname) %(*objecttype) %(*objectname)"
    lines, objects = [], []
    try:
        listing = command_line.text(repository, "for-each-ref", f"--merged={base}", f"--format={fields}", "refs/tags/")
    except GitError:
        return [], []
    for id, ref, kind, target in (line.split(" ") for line in listing.split("\n")[:-1]):
        if tags.get(ref) != id:
            continue  # it came after the run began
        lines.append(f"{id} {ref}")
        if kind:
            objects.append(id)
            lines.append(f"^{git.resolve(repository, id) if kind == 'tag' else target}")
    return lines, objects


def _pack(repository: Repository, into: Path, *what: str, but: Iterable[str]) -> str:
    """Write what commits or tags reach and `but` do not; returns the pack's name, empty where that is nothing."""
    # what the user's clone lacks is lacking here
    options = ("--missing=allow-any",) if users_config.promising(repository.reaching) else ()
    others = ":".join(f'"{_escaped(path)}"' for path in (repository.store, place(repository)))
    done = command_line.call(
        replace(repository, objects=into), "pack-objects", *_OPTIONS, *options, str(into / "pack/pack"),
        stdin="".join([*(f"{one}\n" for one in what), *(f"^{base}\n" for base in but)]).encode(),
        env={"GIT_ALTERNATE_OBJECT_DIRECTORIES": others}, timeout_s=_TIMEOUT_S,
    )  # fmt: skip
    return done.stdout.decode().strip()


def _escaped(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')
