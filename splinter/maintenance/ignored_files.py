"""What tests need of a checkout and git ignores, as a `.worktreeinclude` that `doit init` writes.

A version that a build tool wrote and compiled translations are brought; what else lies in a package and is ignored may
hold a secret, so that it stands there as a comment for the user to decide. It reads names alone and never writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

_VERSIONS = frozenset({"_version.py", "version.py", "__version__.py", "_version_info.py", "_generated_version.py"})
_MADE = frozenset({".mo"})
# a cache, or what only a build for the work tree makes right
_NEVER = frozenset({".pyc", ".pyo", ".so", ".pyd", ".dylib", ".o", ".c", ".cpp", ".orig", ".rej", ".swp", ".log"})
_CACHES = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".ipynb_checkpoints"})
_SPECIAL = frozenset("*?[]!#\\")  # what a pattern means otherwise
_MOST = 20  # that are named for the user to decide
_FEW = 3  # that are named each
_HEAD = "# What git ignores and work trees get from your checkout all the same, one path or pattern a line."
_MAYBE = "# Ignored too. Take away the # of what your tests need; agents can read what is brought."


def package_folders(listed: Iterable[str]) -> tuple[str, ...]:
    """The topmost folders that hold a package of Python's; `listed`: what git tracks."""
    folders = sorted({path.rpartition("/")[0] for path in listed if path.endswith("/__init__.py")})
    found: list[str] = []
    for folder in folders:
        if not any(folder.startswith(f"{above}/") for above in found):
            found.append(folder)
    return tuple(found)


def worktreeinclude(ignored: Sequence[str]) -> str:
    """The text of a `.worktreeinclude` for ignored paths in packages; empty where there is nothing to say."""
    paths = [path for path in map(PurePosixPath, sorted(ignored)) if not _is_never_needed(path)]
    made = [path for path in paths if path.name in _VERSIONS or path.suffix in _MADE]
    maybe = [path for path in paths if path not in made]
    brought, asked = _lines(made), [f"# {path}" for path in maybe[:_MOST]]
    if not brought and not asked:
        return ""
    return "\n".join([_HEAD, *brought, *([_MAYBE, *asked] if asked else []), ""])


def _is_never_needed(path: PurePosixPath) -> bool:
    is_plain = path.as_posix().isprintable() and not _SPECIAL & set(path.as_posix())
    return not is_plain or path.suffix in _NEVER or not _CACHES.isdisjoint(path.parts)


def _lines(paths: Sequence[PurePosixPath]) -> list[str]:
    """The paths; of many translations in one package a pattern."""
    by_package: dict[str, list[str]] = {}
    for path in paths:
        above = path.parts[: 2 if path.parts[0] == "src" else 1]
        by_package.setdefault(f"{'/'.join(above)}/**/*{path.suffix}", []).append(path.as_posix())
    return [line for pattern, found in by_package.items() for line in (found if len(found) <= _FEW else [pattern])]
