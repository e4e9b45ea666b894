"""The environment that git is called with: nothing of the caller's `GIT_*`, and no path that a work tree could fill."""

from __future__ import annotations

import os
from collections.abc import Mapping

from splinter.system.supervisor import MARKER

# where programs and libraries are looked for
_SEARCHED = frozenset(("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"))
# what a local call needs of the caller's environment; no token is in one of them
_SYSTEMS = _SEARCHED | frozenset(("TMPDIR", "TMP", "TEMP", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT",
                                  MARKER))  # fmt: skip
_OURS = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",  # an object that a step replaced is what it was
}
NO_SYSTEM = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_ATTR_NOSYSTEM": "1"}


def of_local_call(environ: Mapping[str, str]) -> dict[str, str]:
    """For local calls: what the system needs of the caller's environment, and no config of anybody's."""
    env = {name: _rooted(name, value) for name, value in environ.items() if name.upper() in _SYSTEMS}
    # git before 2.45 does not know the last, and without a promisor's config fetches nothing either
    return env | _OURS | NO_SYSTEM | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_NO_LAZY_FETCH": "1"}


def of_users(environ: Mapping[str, str]) -> dict[str, str]:
    """For what is asked of the user's own config, and for remotes: all of theirs but `GIT_*`."""
    return {name: _rooted(name, value) for name, value in environ.items() if not name.startswith("GIT_")} | _OURS


def _rooted(name: str, value: str) -> str:
    """A search path without relative entries, empty ones too: in a work tree these lead to an agent's files."""
    if name.upper() not in _SEARCHED:
        return value
    return os.pathsep.join(entry for entry in value.split(os.pathsep) if os.path.isabs(entry))  # noqa: PTH117
