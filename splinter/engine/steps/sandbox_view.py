"""What is shown of the places that the sandbox hides: programs and what they need, and what an environment leads to.

It shows no file of a user's that nothing on `PATH` needs, and none of a checkout but the programs in it. What a command
may have written decides nothing: a link, or a path in a file, would have anything shown that it names.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from splinter.engine.session import Session
from splinter.engine.tools import python_interpreters
from splinter.system import disk

_MOST_LINKS = 20  # that lead from one to the next
_LONGEST = 4096  # characters of a path
_BESIDE_BIN = (
    "lib", "lib64", "libexec",
    "pyvenv.cfg",  # a virtual environment is one by it: without, its Python takes packages from elsewhere
    "share/pipx", "share/uv", "share/pypoetry", "share/pnpm", "share/mise", "install",
)  # fmt: skip
# what managers of versions keep below the home; `shims` know what they stand for by it
_OF_SHIMS = (".tool-versions", ".config/mise")
_PNPM = ("share", "pnpm")  # its programs, what they need, and its store
_OF_RUSTUP = (".rustup", ".cargo/config.toml", ".cargo/env")

CACHES = {
    "cargo": (".cargo/registry", ".cargo/git"),
    "go": ("go/pkg/mod", ".cache/go-build"),
    "npm": (".npm",),
    "pip": (".cache/pip",),
    "pnpm": (".cache/pnpm", ".local/share/pnpm/store"),
    "uv": (".cache/uv",),
}


def in_reach(session: Session, file: Path, home: Path) -> bool:
    """Whether a command in the sandbox may have written a file, or a link on the way to it, by whichever path."""
    places = (session.outside.state.resolve(), *caches(session.outside.settings.sandbox_caches, home))
    on_the_way = (file, file.parent.resolve(), *_hops(file), file.resolve())
    return any(one.is_relative_to(place) for one in on_the_way for place in places)


def programs(path: str, home: Path) -> Iterator[Path]:
    """Where programs lie: Python, the folders of the user's own PATH, and what comes with these."""
    yield from (Path(sys.prefix), Path(sys.base_prefix))
    for folder in (Path(entry) for entry in path.split(os.pathsep)):
        yield folder
        if folder.name == "bin":
            yield from _beside_bin(folder.parent, home)
        elif folder.name == "shims":
            yield folder.parent
            yield from (home / name for name in _OF_SHIMS)


def _beside_bin(prefix: Path, home: Path) -> Iterator[Path]:
    yield from (prefix / name for name in _BESIDE_BIN)
    if prefix == home / ".cargo":
        yield from (home / name for name in _OF_RUSTUP)
    if prefix == home / ".volta" or prefix.parts[-2:] == _PNPM or disk.seen_folder(prefix / "conda-meta"):
        yield prefix


def _hops(program: Path) -> Iterator[Path]:
    """A program and each link on the way to it."""
    hop = program
    for _ in range(_MOST_LINKS):
        yield hop
        if not hop.is_symlink():
            break
        hop = Path(os.path.normpath(hop.parent / hop.readlink()))


def python_behind(folder: Path, home: Path) -> Iterator[Path]:
    """The Python that a work tree's programs run with: an installation that is whole, and nothing else of its place."""
    prefix = (folder / "python3").resolve().parent.parent
    if disk.seen_folder(prefix) and any(disk.seen_file(one / "os.py") for one in prefix.glob("lib/python3*")):
        yield from (prefix / "bin", *_beside_bin(prefix, home))


def beside(program: Path, home: Path) -> Iterator[Path]:
    """What a program of the user's needs: each link on the way to it, its packages, the Python of its environment."""
    for hop in _hops(program):
        yield hop.parent
        if disk.seen_file(hop.parent.parent / "pyvenv.cfg"):
            yield hop.parent.parent
    real = program.resolve()
    if "node_modules" in real.parts:
        yield Path(*real.parts[: real.parts.index("node_modules") + 1])
    elif real.parent.name == "bin":
        prefix = real.parent.parent  # of what lies in ~/.local/share, most is no program's
        yield from _beside_bin(prefix, home) if prefix == home / ".local" else (prefix,)
    python = real.parent / "python3"
    if python.is_symlink():
        yield python.resolve().parent.parent


def editable(session: Session, path: str, program: str | None, folder: Path, home: Path) -> tuple[Path, ...]:
    """Folders that the environments of the user's Pythons lead to, as editable installs of other projects do."""
    found: list[str] = []
    for one in python_interpreters.interpreters(path, [program] if program else (), folder=folder):
        if in_reach(session, Path(one), home):
            continue
        key = f"where {one} leads, installed {python_interpreters.stamp(one)}"
        answer = session.known.once(key, lambda one=one: json.dumps(python_interpreters.leads_to(one)))  # type: ignore[misc]
        found += json.loads(answer or "[]")
    return tuple(Path(one) for one in found)


def named_in(values: Iterable[str]) -> Iterator[Path]:
    """The places that variables name which are passed on: certificates, a file of settings, folders of modules."""
    for value in values:
        yield from (Path(one) for one in value.split(os.pathsep) if one.startswith(os.sep) and len(one) < _LONGEST)


def caches(names: Iterable[str], home: Path) -> tuple[Path, ...]:
    """The folders of package managers' caches that there are."""
    return tuple(home / path for name in names for path in CACHES[name] if disk.seen_folder(home / path))


def shown(paths: Iterable[Path], hidden: Sequence[Path]) -> Iterator[Path]:
    """What of the paths must be let through: what lies in a hidden place, but no hidden place as a whole."""
    for path in paths:
        for place in {path, path.resolve()}:
            if any(place.is_relative_to(one) and place != one for one in hidden):
                yield from _without_store(place)


def _without_store(place: Path) -> Iterator[Path]:
    """A place as it is, but pnpm's without its store: every install writes in one, and has its own in the sandbox.

    What a store links to is shown, for programs that are installed for the user may lie there.
    """
    if place.parts[-2:] != _PNPM:
        yield place
    elif disk.seen_folder(place):  # else it is another user's
        yield from (one for one in place.glob("*") if one.name != "store")
        yield from place.glob("store/*/links")
