"""What runs left loose in the user's repository, brought into packs: objects that refs of ours reach, and these refs.

Nothing of the user's is packed, moved or written again, and no object is deleted: a loose one goes, and so does a small
pack of ours, once all of it is in a pack that has reached the disk. So a kill at any moment leaves it twice at most,
and a git of the user's that looks for it meanwhile finds it where it is now, as beside its own gc.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from splinter.errors import SplinterError
from splinter.git import command_line, users_config
from splinter.git.command_line import Repository
from splinter.model import layout
from splinter.system.files import write_whole

MOST_OBJECTS, MOST_REFS, MOST_PACKS = 1000, 200, 8  # that may lie about; a run of a few workstreams adds fewer
_TIMEOUT_S = 60.0  # it is at the end of a run, and the next run has the same chance
_LOOKED_AT = ("17", "5a", "a3", "e8")  # of 256 folders, among which objects are spread evenly
_HEADER, _FANOUT = 8, 1024  # bytes at the beginning of a pack's index
_CONFIG = "[core]\n\trepositoryFormatVersion = 0\n\tpackedRefsTimeout = 1000\n\tfilesRefLockTimeout = 1000\n"
_NAME = re.compile(r"[0-9a-f]{40,64}")
_SUFFIXES = (".idx", ".rev", ".pack")  # without the first git does not see the others


def tidy(repository: Repository, prefix: str) -> None:
    """Pack what is loose and ours where that is much; whatever fails leaves things as they were.

    `prefix` is what our branches begin with. For whoever holds the lock of the run.
    """
    if repository.copy or repository.format.refs != "files":
        return
    with suppress(SplinterError, OSError):
        if _count_refs(repository, prefix) > MOST_REFS:
            _pack_refs(repository, prefix)
    if users_config.promising(repository.reaching):
        return  # what such a clone lacks could not be told from what is loose
    with suppress(SplinterError, OSError, ValueError):
        if _estimate(repository) > MOST_OBJECTS:
            _pack_objects(repository, prefix)
            _join_packs(repository)


def _folders(repository: Repository, prefix: str) -> list[str]:
    """The folders of refs that are ours alone; a prefix that is no folder's name shares one with others."""
    branches = f"refs/heads/{prefix.rstrip('/')}"
    own = [layout.OURS.rstrip("/"), *([branches] if prefix.endswith("/") and prefix.strip("/") else [])]
    return [name for name in own if (repository.common / name).is_dir()]


def _count_refs(repository: Repository, prefix: str) -> int:
    folders = (repository.common / name for name in _folders(repository, prefix))
    return sum(len(files) for folder in folders for _, _, files in os.walk(folder))


def _pack_refs(repository: Repository, prefix: str) -> None:
    """Let git pack what it finds loose in a git directory that has only our folders of refs.

    `pack-refs --include` would do, but is newer than git 2.43.
    """
    with tempfile.TemporaryDirectory(prefix="splinter-") as folder:
        narrow = Path(folder)
        (narrow / "HEAD").write_text("ref: refs/splinter/no-head\n", "utf-8")
        (narrow / "config").write_text(_CONFIG, "utf-8")
        for name in ("objects", "packed-refs", *_folders(repository, prefix)):
            (narrow / name).parent.mkdir(parents=True, exist_ok=True)
            (narrow / name).symlink_to(repository.common / name)
        command_line.call(
            repository, "pack-refs", "--all", "--prune", is_elsewhere=True, env={"GIT_DIR": folder},
            timeout_s=_TIMEOUT_S,
        )  # fmt: skip


def _estimate(repository: Repository) -> int:
    """How many loose objects there are, by a few folders of them."""
    found = 0
    for name in _LOOKED_AT:
        with suppress(FileNotFoundError):
            found += len(os.listdir(repository.store / name))  # noqa: PTH208  asked at the end of each run
    return found * 256 // len(_LOOKED_AT)


def _pack_objects(repository: Repository, prefix: str) -> None:
    """Pack what our refs reach and no other does; a remote's copy of a branch of ours counts as ours."""
    own = re.compile(rf"{layout.OURS}|refs/(?:heads|remotes/[^/]+)/{re.escape(prefix)}")
    form = "--format=%(objectname) %(refname)"
    lines = command_line.text(repository, "for-each-ref", form).splitlines()
    refs = (line.partition(" ")[::2] for line in lines)
    names = [id if own.match(ref) else f"^{id}" for id, ref in refs]
    if pack := _written(repository, "--revs", "--unpacked", "--local", what=names):
        for id in _ids(repository, pack):
            with suppress(FileNotFoundError):
                (repository.store / id[:2] / id[2:]).unlink()
        _remember(repository, [*_ours(repository), pack])


def _join_packs(repository: Repository) -> None:
    """One pack of the small ones of ours, where these are many."""
    folder = repository.store / "pack"
    sizes = {name: (folder / f"pack-{name}.pack").stat().st_size for name in _ours(repository)}
    small = list(_small(sizes))
    if len(sizes) <= MOST_PACKS or len(small) < 2 or (folder / "multi-pack-index").exists():
        return
    whole = {id for name in small for id in _ids(repository, name)}
    made = _written(repository, "--stdin-packs", what=[f"pack-{name}.pack" for name in small])
    if made and made not in small and whole <= {*_ids(repository, made)}:
        _remember(repository, [made, *(name for name in sizes if name not in small)])
        for name in small:
            for suffix in _SUFFIXES:
                (folder / f"pack-{name}{suffix}").unlink(missing_ok=True)


def _small(sizes: Mapping[str, int]) -> Iterator[str]:
    """Packs from the smallest on, until one is larger than all before: each byte is written again few times."""
    total = 0
    for name, size in sorted(sizes.items(), key=lambda one: one[1]):
        if total and size > 2 * total:
            return
        total += size
        yield name


def _written(repository: Repository, *options: str, what: Iterable[str]) -> str:
    """Write a pack to the disk; returns its name, empty where there was nothing to write."""
    done = command_line.call(
        repository, "pack-objects", "--quiet", "--non-empty", "--delta-base-offset", *options,
        str(repository.store / "pack/pack"), stdin="".join(f"{one}\n" for one in what).encode(), timeout_s=_TIMEOUT_S,
    )  # fmt: skip
    name = done.stdout.decode().strip()
    if name:
        folder = repository.store / "pack"
        for file in (*(folder / f"pack-{name}{suffix}" for suffix in _SUFFIXES), folder):
            with suppress(FileNotFoundError):  # git before 2.41 writes no .rev
                _sync(file)
    return name


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _ids(repository: Repository, name: str) -> Iterator[str]:
    """The objects of a pack, by its index."""
    data = (repository.store / f"pack/pack-{name}.idx").read_bytes()
    if data[:_HEADER] != b"\xfftOc\0\0\0\2":
        raise ValueError(name)
    size, begin = 32 if repository.format.objects == "sha256" else 20, _HEADER + _FANOUT
    count = int.from_bytes(data[begin - 4 : begin], "big")
    yield from (data[place : place + size].hex() for place in range(begin, begin + count * size, size))


def _ours(repository: Repository) -> list[str]:
    """The packs that we made and that are still there: a `git gc` of the user's takes them over."""
    with suppress(OSError):
        names = (repository.state / layout.PACKS).read_text("ascii").split()
        whole = (name for name in names if _NAME.fullmatch(name))
        return [name for name in whole if (repository.store / f"pack/pack-{name}.idx").is_file()]
    return []


def _remember(repository: Repository, names: Iterable[str]) -> None:
    write_whole(repository.state / layout.PACKS, "".join(f"{name}\n" for name in dict.fromkeys(names)))
