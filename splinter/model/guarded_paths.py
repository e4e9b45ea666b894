"""Paths that a workstream may not change unless its scope names them, and some never. Patterns alone."""

from __future__ import annotations

from splinter.model import layout
from splinter.model.agents import registry as agents
from splinter.model.workstream import Scope

ALWAYS_FORBIDDEN = ("**/.git/**", f"{layout.STATE}/**", f"{layout.DATABASE}*")
# forbidden unless scope names them: what runs code here, or decides what runs
GUARDED = (
    ".github/**", f"{layout.WORKSTREAMS}/**", "dodo.py", layout.SETTINGS, "**/.gitattributes", "**/.gitmodules",
    *agents.ORDERS,  # agents are called in the root, and run the commands in these without asking
)  # fmt: skip


def forbidden_patterns(scope: Scope) -> tuple[str, ...]:
    """The patterns that are forbidden without being named: less those that the scope itself names."""
    named = (*scope.modify, *scope.create)
    return ALWAYS_FORBIDDEN + tuple(pattern for pattern in GUARDED if not any(_names(own, pattern) for own in named))


def _names(own: str, guarded: str) -> bool:
    """Whether a pattern of the user's speaks of a guarded path, rather than of everything."""
    plain = guarded.removeprefix("**/").removesuffix("/**")
    return own == plain or own.startswith(plain + "/") or (guarded.startswith("**/") and own.endswith("/" + plain))
