"""An agent's stored login and settings, let into the sandbox for that agent alone.

A login renews itself, and what it was renewed by is used up: a copy would log the user out. So it is the user's own
file that is written in, by one command at a time, in a folder of ours that stands for the agent's. A file that is put
in its place there is brought back when the command has ended, or by the next one where we were killed. Settings are
copied: what an agent writes there is gone afterwards.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from splinter.engine.session import Session
from splinter.model.agents import registry as agents
from splinter.model.tool import Tool
from splinter.system import disk, locks, user_folders

_LARGEST = 20_000_000  # bytes of settings that are copied


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What an agent finds in its home: `files`, and where they are to be seen, and `copies`.

    One of the files may be a folder of ours with the user's file in it. `drops` are variables that name other places
    for them.
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
    place = user_folders.state() / "logins" / name
    with locks.alone(place.with_name(f"{name}.lock"), lambda: session.processes.is_stopping):
        if session.processes.is_stopping:  # perhaps without the lock
            yield login
            return
        try:
            yield _staged(login, place) or login
        finally:
            _bring_back(place, login.files[0])


def _staged(login: Login, place: Path) -> Login | None:
    """The login in a folder of ours, as a second name of the user's file; None where it cannot have one there."""
    source, name = login.files[0]
    _bring_back(place, login.files[0])  # of a run that was killed
    if len(login.files) > 1 or "/" not in name:
        return None
    folder, _, file = name.rpartition("/")
    inside = tuple(one for one in login.copies if one[1].startswith(f"{folder}/"))
    try:
        place.mkdir(parents=True, mode=0o700)
        _linked(place).write_text(_identity(source), "ascii")
        (place / file).hardlink_to(source)
    except OSError:  # another file system
        disk.remove(place)
        return None
    Login(copies=tuple((one, path.removeprefix(f"{folder}/")) for one, path in inside)).bring(place)
    return replace(
        login, files=((place, folder),), copies=tuple(one for one in login.copies if one not in inside)
    )  # fmt: skip


def _bring_back(place: Path, login: tuple[Path, str]) -> None:
    """A file that took the login's place becomes the user's, unless theirs is another one by now; the folder goes."""
    source, name = login
    with suppress(OSError):
        known = _linked(place).read_text("ascii")
        data = _replaced(place / name.rpartition("/")[2], known)
        if data is not None and _identity(source) == known:
            _write(source, data)
    disk.remove(place)
    _linked(place).unlink(missing_ok=True)


def _replaced(file: Path, known: str) -> bytes | None:
    """What a file holds that is not the one known, nor a link of the agent's; None for any other."""
    handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as opened:
        found = os.fstat(handle)
        is_new = stat.S_ISREG(found.st_mode) and 0 < found.st_size <= _LARGEST and _identity(file) != known
        return opened.read(_LARGEST) if is_new else None


def _write(file: Path, data: bytes) -> None:
    """Whole or not at all, for the same eyes as before."""
    handle, made = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    with os.fdopen(handle, "wb") as output:
        output.write(data)
        output.flush()
        os.fsync(handle)
    Path(made).chmod(file.stat().st_mode & 0o777)
    Path(made).replace(file)


def _identity(file: Path) -> str:
    found = file.lstat()
    return f"{found.st_dev} {found.st_ino}"


def _linked(place: Path) -> Path:
    """Says which file has its second name in a folder."""
    return place.with_name(f"{place.name}.linked")
