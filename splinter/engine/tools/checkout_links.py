"""What in a work tree, or above it, leads back to the user's checkout: links, path overrides, files copied in.

It reads and judges; it follows no import, starts nothing and changes nothing. Python's own ways are `python_imports`.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_MANIFESTS = frozenset({
    "go.mod", "go.work", "Cargo.toml", "package.json", "pnpm-workspace.yaml", "tsconfig.json", ".npmrc",
    "pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg",
})  # fmt: skip
_CARGO = (".cargo/config.toml", ".cargo/config")
_ABOVE = ("go.work", *_CARGO)  # that programs look for in the folders above, too
_MOST_FILES = 2000
_MOST_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where to look: a work tree, or the checkout itself for what work trees will have; and what leads away from it."""

    tree: Path
    checkouts: tuple[Path, ...]

    def away(self, path: Path) -> Path | None:
        """Where a path really leads, if that is a checkout and not the work tree."""
        real = path.resolve()
        if real.is_relative_to(self.tree) and self.tree not in self.checkouts:
            return None
        return real if any(real.is_relative_to(one) for one in self.checkouts) else None


def found(
    ground: Ground, *, tracked: Iterable[str], included: Sequence[str], programs: Iterable[str], path: str
) -> tuple[str, ...]:
    """A sentence on each; `included` is what `.worktreeinclude` brings, `programs` are looked for on the PATH."""
    manifests = [one for one in tracked if one.rpartition("/")[2] in _MANIFESTS or one in _CARGO]
    untracked = [name for name in ("go.work", *_CARGO) if name not in manifests]
    return (
        *_texts(ground, [*manifests, *untracked], ""),
        *_texts(ground, included, ", which .worktreeinclude brings,"),
        *_leading_away(ground, included),
        *_above(ground),
        *_node_modules(ground, manifests),
        *_programs(ground, programs, path),
    )


def _texts(ground: Ground, paths: Iterable[str], which: str) -> Iterator[str]:
    """Files that name a checkout by its whole path."""
    for path in list(paths)[:_MOST_FILES]:
        named = _named(ground, os.path.join(ground.tree, path))  # noqa: PTH118
        if named:
            yield f"{path}{which} names {named}, not the work tree"


def _named(ground: Ground, file: str) -> Path | None:
    """By a plain string: most are not there, and paths that are objects take longer than all the rest."""
    try:
        if not stat.S_ISREG(os.lstat(file).st_mode):
            return None
        with open(file, "rb") as opened:  # noqa: PTH123
            text = opened.read(_MOST_BYTES)
    except OSError:
        return None
    for checkout in ground.checkouts:
        if re.search(re.escape(os.fsencode(checkout)) + rb"(?![\w.-])", text):
            return checkout
    return None


def _above(ground: Ground) -> Iterator[str]:
    for folder in () if ground.tree in ground.checkouts else ground.tree.parents:
        for name in _ABOVE:
            file = os.path.join(folder, name)  # noqa: PTH118
            if named := _named(ground, file):
                yield f"{file} names {named}, not the work tree, and is above it"


def _node_modules(ground: Ground, manifests: Sequence[str]) -> Iterator[str]:
    """Links to packages, as `npm link` and workspaces make them, beside each package.json and above the work tree."""
    above = () if ground.tree in ground.checkouts else ground.tree.parents
    for links in (links_to_packages(ground.tree, manifests), *(_links(one / "node_modules") for one in above)):
        for link in links:
            away = ground.away(link)
            if away and (ground.tree not in ground.checkouts or link.readlink().is_absolute()):
                name = link.relative_to(ground.tree) if link.is_relative_to(ground.tree) else link
                yield f"{name} leads to {away}, not to the work tree"


def links_to_packages(tree: Path, tracked: Iterable[str]) -> Iterator[Path]:
    """The links in the folders of packages beside each package.json."""
    inside = {str(Path(one).parent) for one in tracked if one.rpartition("/")[2] == "package.json"} | {"."}
    for one in sorted(inside):
        yield from _links(tree / one / "node_modules")


def _leading_away(ground: Ground, included: Sequence[str]) -> Iterator[str]:
    """Links that were copied in, but for those to packages."""
    for path in included[:_MOST_FILES]:
        link = ground.tree / path
        away = ground.away(link) if link.is_symlink() and "node_modules" not in link.parts else None
        if away and (ground.tree not in ground.checkouts or link.readlink().is_absolute()):
            yield f"{path} leads to {away}, not to the work tree"


def _links(folder: Path) -> Iterator[Path]:
    for entry in _entries(folder):
        if entry.name.startswith("@") and not entry.is_symlink():
            yield from (Path(inner.path) for inner in _entries(Path(entry.path)) if inner.is_symlink())
        elif entry.is_symlink():
            yield Path(entry.path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)[:_MOST_FILES]
    except OSError:
        return []


def _programs(ground: Ground, programs: Iterable[str], path: str) -> Iterator[str]:
    """Programs of the checkout on the PATH, as `npm link` puts them there: they run its files, not the branch's."""
    for name in dict.fromkeys(programs):
        place = shutil.which(name, path=path) if "/" not in name else None
        away = ground.away(Path(place)) if place else None
        if place and away and not _is_environments(away) and not _is_environments(Path(place)):
            yield f"{name} on the PATH is {away}, not the work tree's"


def _is_environments(program: Path) -> bool:
    return "node_modules" in program.parts or (program.parent.parent / "pyvenv.cfg").is_file()
