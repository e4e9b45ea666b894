"""An agent's stored login and settings, let into the sandbox for that agent alone.

A login renews itself, and what it was renewed by is used up: a copy would log the user out. So it is the user's own
file that is written in, by one command at a time. Settings are copied: what an agent writes there is gone afterwards.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from splinter.engine.session import Session
from splinter.model.agents import registry as agents
from splinter.model.tool import Tool
from splinter.system import disk, locks, user_folders

_LARGEST = 20_000_000  # bytes of settings that are copied


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What an agent finds in its home: the user's `files` and where they are to be seen, `copies` too.

    `drops` are variables that name other places for them.
    """

    files: tuple[tuple[Path, str], ...] = ()
    copies: tuple[tuple[Path, str], ...] = ()
    drops: tuple[str, ...] = ()

    def bring(self, home: Path) -> None:
        """Put the copies into a home."""
        for source, name in self.copies:
            target = home / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with suppress(OSError):
                shutil.copyfile(source, target)


@contextmanager
def held(session: Session, profile: Tool | None, env: Mapping[str, str]) -> Iterator[Login]:
    """The login of an agent, while nobody else of ours renews it.

    With a key in its environment an agent does not renew it, and nobody waits.
    """
    agent = agents.of(profile) if profile else None
    if agent is None:
        yield Login()
        return
    variable, folder = agent.place or ("", "")
    moved = env.get(variable)

    def found(names: tuple[str, ...]) -> tuple[tuple[Path, str], ...]:
        home = Path(env.get("HOME") or Path.home())
        places = ((Path(moved, os.path.relpath(name, folder)) if moved else home / name, name) for name in names)
        return tuple((place.resolve(), name) for place, name in places if disk.seen_file(place))

    copies = tuple(one for one in found(agent.settings) if one[0].stat().st_size <= _LARGEST)
    login = Login(files=found(agent.login), copies=copies, drops=(variable,) if moved else ())
    if not login.files or any(env.get(name) for name in agent.keys):
        yield login
        return
    name = hashlib.sha256(os.fsencode(login.files[0][0])).hexdigest()[:16]
    lock = user_folders.state() / "logins" / f"{name}.lock"
    with locks.alone(lock, lambda: session.processes.is_stopping):
        yield login
