"""What a call leaves behind that had nothing to do, or listed: what it said, until when, a hash of all it rests on.

Nothing is left where somebody outside was asked for more than a remote's default branch, where anything may have
changed while the call looked, or where the user's own tasks or another repository's objects have a say. The file holds
hashes and names, no value of a variable.
"""

from __future__ import annotations

import ast
import json
import math
import os
import re
import site
import sys
import time
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import doit

from splinter.config import packaged_files, process_environment
from splinter.doit_plugins.nothing_due import look, recall
from splinter.engine import bases, proposed
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.errors import SplinterError
from splinter.git import call_environment, command_line, remote_head, users_config
from splinter.model import layout, registry, schedule
from splinter.model.effects import State
from splinter.model.plan import catch_up
from splinter.model.settings import SECRET_NAME
from splinter.model.tool import recorded_path
from splinter.model.workstream import Prompt

MOST_CALLS = 16  # of different words that are remembered
_LONGEST = timedelta(seconds=recall.LONGEST_S)
_STEP = timedelta(minutes=15)
_OURS = {"DOIT_CONFIG", "task_splinter"}
_INCLUDE = re.compile(r"include(?:if\..*)?\.path", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of `doit run` or `doit list` as it came: its words, what of doit's configuration counts, when it began."""

    words: Sequence[str]
    asked: list[Any] | None
    began_ns: int


def keep(session: Session, call: Call, said: str, until: datetime, *, place: str = recall.FILE) -> None:
    """Leave it behind where all of it is certain; where it cannot be written, the next call looks at everything.

    The session's databases are closed by now. `place` is the file, of a run or of `doit list`.
    """
    try:
        if _is_certain(session.outside, call):
            _keep(session, call, said, until, place)
    except (OSError, ValueError, SyntaxError, AttributeError):  # the last: a system without such files
        return


def _is_certain(outside: Outside, call: Call) -> bool:
    """Whether it was a plain call in a main checkout whose `dodo.py` has no tasks but ours."""
    root = outside.repository.root
    return (
        call.asked is not None
        and recall.tasks(call.words) is not None
        and outside.environment.shortcut == "on"
        and not outside.is_simulated
        and outside.repository.start == root == Path.cwd()
        and outside.repository.common == root / ".git"
        and not (root / ".git/objects/info/alternates").exists()
        and _is_ours_alone(root / "dodo.py")
    )


def _is_ours_alone(dodo: Path) -> bool:
    """Whether it says what `doit init` writes, and nothing else but comments."""
    body = [one for one in ast.parse(dodo.read_bytes()).body if not _is_text(one)]
    imported = [one for one in body if isinstance(one, ast.ImportFrom) and one.module == "splinter.dodo"]
    names = [(one.name, one.asname) for statement in imported for one in statement.names]
    return body == imported and {*names} == {(name, None) for name in _OURS}


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _asked(session: Session) -> list[str] | None:
    """The remote that was asked for its default branch, with what it said: the next call asks it again.

    None where nobody was; raises ValueError where something else was asked, which may be answered otherwise now.
    """
    if session.known.forges or session.night:
        raise ValueError
    head = bases.unmoved_head(session) if command_line.REACHED else None
    if ({remote_head.words(head[0])} if head else set()) != command_line.REACHED:
        raise ValueError
    if head and session.outside.remote_auth(head[0]):  # a token that the short way does not know
        raise ValueError
    return [*head] if head else None


def _keep(session: Session, call: Call, said: str, until: datetime, place: str) -> None:
    outside, variables, remote = session.outside, process_environment.variables(), _asked(session)
    named = {
        "files": sorted({*_files(session), *_of_git(outside), *_of_python(outside)}),
        "secrets": sorted(name for name, value in variables.items() if _is_secret(name, value)),
    }
    folders = {*_of_state(outside), *(folder for name in named["files"] for folder in _above(name))}
    named["folders"] = sorted(map(str, folders))
    if not recall.is_harmless(said, named["secrets"], variables):
        return
    found = look.stamps(named)
    if look.newest_ns(found, call.began_ns) >= call.began_ns:
        return  # it may have changed while we looked
    seen = look.digest(found, look.facts(named, variables, call.asked))
    at, end = session.at.timestamp(), until.timestamp()
    others, their_end = _others(place, seen, remote, at)
    calls = {**dict([*others.items()][1 - MOST_CALLS :]), recall.key(call.words): said}
    kept = {
        "version": recall.VERSION, "remote": remote, "at": at, "until": min(end, their_end), "seen": seen,
        "calls": calls, **named,
    }  # fmt: skip
    _write(place, json.dumps(kept))


def _others(place: str, seen: str, remote: list[str] | None, at: float) -> tuple[Mapping[str, str], float]:
    """What calls of other words said of the same, where that counts now, and until when it does."""
    try:
        kept = recall._kept(place)
        if (kept["seen"], kept["remote"]) == (seen, remote) and kept["at"] <= at < kept["until"]:
            return dict(kept["calls"]), float(kept["until"])
    except recall.DAMAGED:
        pass
    return {}, math.inf


def _write(place: str, text: str) -> None:
    """Written whole, for the user alone; not where the file system's clock is another than ours."""
    temporary = f"{layout.STATE}/.{Path(place).name}.{os.getpid()}.0"  # as crash recovery knows what is half written
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with open(file, "w", encoding="utf-8") as writer:  # noqa: PTH123
            writer.write(text)
        if abs(Path(temporary).stat().st_mtime - time.time()) < 1:
            Path(temporary).replace(place)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _is_secret(name: str, value: str) -> bool:
    return bool(SECRET_NAME.search(name)) or name in registry.SECRETS or ("://" in value and "@" in value)


def _files(session: Session) -> Iterator[str]:
    """What workstreams are made of beside their own files, from the root; patches that are not there count too."""
    needing = {name for name, tool in session.outside.settings.tools.items() if tool.needs_recording}
    for one in (plan.workstream for plan in session.plans.values()):
        yield from one.scope.guarded
        steps = [step.id for step in one.steps if isinstance(step.action, Prompt) and step.action.tool in needing]
        fixes = range(one.fix.attempts if one.tool in needing else 0)
        yield from (recorded_path(one.id, step) for step in (*steps, *(f"fix-{number + 1}" for number in fixes)))


def _of_git(outside: Outside) -> Iterator[str]:
    """The user's git: the program, and each file of its configuration, also where there is none yet."""
    variables = outside.environment.variables
    for folder in variables.get("PATH", os.defpath).split(os.pathsep):
        program = str(Path(folder, "git").absolute())
        yield program
        if os.access(program, os.X_OK):
            break
    home = Path(variables.get("HOME") or "/")
    yield from ("/etc/gitconfig", str(home / ".gitconfig"))
    yield str(Path(variables.get("XDG_CONFIG_HOME") or home / ".config") / "git/config")
    environ = call_environment.of_users(outside.environment.variables)
    for origin, key, value in users_config.origins(outside.repository.common, environ):
        file = Path(origin.removeprefix("file:")).absolute()
        if not origin.startswith("file:") or (value[:1] == "~" and value[1:2] != "/" and _INCLUDE.fullmatch(key)):
            raise ValueError(origin)  # of no file, or of another user's
        yield str(file)
        if _INCLUDE.fullmatch(key):  # one that says nothing, or does not count now, is no origin
            yield str((file.parent / value.replace("~", str(home), 1)).absolute())


def _of_python(outside: Outside) -> Iterator[str]:
    """What is installed beside us and for the user, the schemas, and the files of time zones."""
    yield from (str(Path(doit.__file__).parent.parent), site.getusersitepackages())
    yield from (folder for folder in sys.path if folder.endswith(("site-packages", "dist-packages")))
    yield from (str(file) for file in packaged_files.schemas().iterdir())
    yield from ("/etc/localtime", *(str(Path(folder, outside.settings.timezone)) for folder in zoneinfo.TZPATH))


def _of_state(outside: Outside) -> Iterator[Path]:
    """Ours in the user's state folder, which a call writes to."""
    yield from (folder for folder in (outside.state, outside.state / layout.GIT) if folder.is_dir())


def _above(name: str) -> Iterator[Path]:
    """The folders on the way to a file of the repository."""
    if not Path(name).is_absolute():
        yield from (folder for folder in Path(name).parents if folder.is_dir())


def until(session: Session) -> datetime | None:
    """Until when the clock changes nothing; None where a time is recorded that is none, or a message still waits."""
    if session.memory.effects(State.WAITING, State.UNDER_WAY):
        return None  # which is given up, and told, at an age of its own
    try:
        return _until(session)
    except (ValueError, TypeError, SplinterError):
        return None


def _until(session: Session) -> datetime:
    """No rule names a time before, no slot that is not caught up with is too old, and no pull request."""
    now, zone = session.at, session.outside.settings.zone
    times = [steady_until({plan.workstream.when for plan in session.plans.values()}, now=now, zone=zone)]
    plans = session.plans.values()
    for rule in {one.workstream.when for one in plans if catch_up(one.workstream, session.outside.settings) == "none"}:
        if occurrence := schedule.occurrence(rule, now=now, zone=zone):
            over = schedule.begin(rule, occurrence, zone=zone) + timedelta(days=1)
            times += [over] if over > now else []
    for plan in plans:
        wanted = plan.workstream.pull_request
        since = proposed.since(session.memory, plan.id)[1] if wanted and wanted.close_after_s else ""
        if wanted and since and since != proposed.TOUCHED:
            over = datetime.fromisoformat(since) + timedelta(seconds=wanted.close_after_s or 0)
            times += [over] if over > now else []
    return min(times)


def steady_until(rules: Iterable[str], *, now: datetime, zone: zoneinfo.ZoneInfo) -> datetime:
    """Until when each rule's occurrence stays the one that it is `now`; a day at the most.

    It ends before clocks are changed: what a rule names at such an hour is not for here.
    """
    times = [now + _LONGEST, *filter(None, (schedule.next_time(rule, now=now, zone=zone) for rule in rules))]
    end, offset = min(time.astimezone(UTC) for time in times), now.astimezone(zone).utcoffset()
    later = now.astimezone(UTC)
    while later < end:
        later = min(later + _STEP, end)
        if later.astimezone(zone).utcoffset() != offset:
            return max(now.astimezone(UTC), later - 2 * _STEP)
    return end
