"""Paths that a workstream may not change unless its scope names them, and some never. Patterns alone."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from splinter.model import layout
from splinter.model.agents import registry as agents
from splinter.model.workstream import Scope
from splinter.text import file_names
from splinter.text.patterns import WILDCARDS, matches

ALWAYS_FORBIDDEN = ("**/.git/**", f"{layout.STATE}/**", f"{layout.DATABASE}*")
# agents are called in the root, or in a working_directory, and run the commands in these without asking
_ORDERS = (".mcp.json", *agents.ORDERS)
IN_FOLDERS = tuple(pattern for name in _ORDERS for pattern in (f"**/{name}", f"**/{name}/**"))
# forbidden unless scope names them: what runs code here, or decides what runs
GUARDED = (
    ".github/**", f"{layout.WORKSTREAMS}/**", "dodo.py", "doit.cfg", layout.SETTINGS, layout.INCLUDE,
    "**/.gitattributes", "**/.gitmodules", *_ORDERS,
    "**/AGENTS.md", "**/CLAUDE.md", "**/GEMINI.md", ".cursor/**",  # and do what these say, in the next night too
)  # fmt: skip


def forbidden_patterns(scope: Scope) -> tuple[str, ...]:
    """The patterns that are forbidden without being named: less those that the scope itself names."""
    return (*forbidden_at_the_top(scope), *_unnamed(scope, (*IN_FOLDERS, *map(_as_pattern, scope.guarded))))


def forbidden_at_the_top(scope: Scope) -> tuple[str, ...]:
    """The same without what agents read in folders: few enough to ask whether a pattern means anything else."""
    return (*ALWAYS_FORBIDDEN, *_unnamed(scope, GUARDED))


def _as_pattern(path: str) -> str:
    """A pattern that means that path alone."""
    return "".join(f"[{sign}]" if sign in WILDCARDS else sign for sign in path)


def _unnamed(scope: Scope, patterns: Iterable[str]) -> tuple[str, ...]:
    named = (*scope.modify, *scope.create)
    return tuple(pattern for pattern in patterns if not any(_names(own, pattern) for own in named))


def named_by(own: str) -> str:
    """The guarded pattern that one of a scope speaks of, and so opens; empty for none."""
    return next((pattern for pattern in GUARDED if _names(own, pattern)), "")


def is_guarded(path: str, patterns: Iterable[str]) -> bool:
    """Whether a disk may take a path for one that is guarded, such as `.GitHub/workflows/x.yml`."""
    name = file_names.folded(path)
    return any(matches(pattern.casefold(), name) for pattern in patterns)


def _names(own: str, guarded: str) -> bool:
    """Whether a pattern of the user's speaks of a guarded path, rather than of everything."""
    plain, below, anywhere = _spoken_of(guarded)
    return own == plain or own.startswith(below) or bool(anywhere and anywhere in f"/{own}/")


@functools.cache
def _spoken_of(guarded: str) -> tuple[str, str, str]:
    """A guarded pattern's own path, how a path below it begins, and what holds it anywhere; empty for none."""
    plain = guarded.removeprefix("**/").removesuffix("/**")
    return plain, f"{plain}/", f"/{plain}/" if guarded.startswith("**/") else ""
