"""What runs left on the disk: worktrees, and the logs, patches, reports and mails of past runs. It only looks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from splinter.engine import simulation
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.errors import SplinterError
from splinter.git import worktree
from splinter.maintenance import retention
from splinter.maintenance.retention import Thing
from splinter.model import layout
from splinter.model.layout import REPORTS
from splinter.system import disk, user_folders
from splinter.text.counts import plural

ANSWERS_MB = 50  # each is a page or a listing of pages, and only a copy
_RUN = re.compile(r"(\d{8}-\d{6})-[0-9a-z-]+")
_NO_WORKSTREAM = "its workstream is no longer there"
_STATE = (layout.WORKTREES, layout.INDEXES, layout.EXCLUDES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """A thing on the disk, and every file and folder that belongs to it."""

    thing: Thing
    paths: tuple[Path, ...]

    @property
    def name(self) -> str:
        """A workstream's id, or a run's."""
        return self.thing.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What lies in some folders, and why others could not be looked into."""

    leftovers: tuple[Leftover, ...] = ()
    problems: tuple[str, ...] = ()


def worktrees(outside: Outside, ids: Set[str] | None) -> Found:
    """Every worktree with what belongs to it; `ids` are the workstreams there are, None where nobody knows."""
    folders = {part: _entries(outside.state.parent, outside.state.name, part) for part in _STATE}
    names = sorted({path.name.partition(".")[0] for found in folders.values() for path in found.paths} - {""})
    leftovers = []
    for name in names:
        tree = worktree.locate(outside.state, name)
        beside = [path for part in _STATE for path in folders[part].paths if path.name.partition(".")[0] == name]
        paths = _there(
            tree.path,
            *(path for path in beside if path != tree.path),
            *(outside.state / layout.SCRATCH).glob(f"{name}.*"),
        )
        goes = _NO_WORKSTREAM if ids is not None and name not in ids else ""
        leftovers.append(_leftover(name, paths, goes=goes))
    return Found(leftovers=tuple(leftovers), problems=_problems(folders.values()))


def simulated(outside: Outside) -> tuple[Leftover, ...]:
    """The last simulated run, where there was one: all of it can be made again."""
    mine = simulation.repository(outside.repository)
    paths = _there(mine.root, mine.state)
    return (_leftover("the simulated run", paths),) if paths else ()


def runs(session: Session) -> Found:
    """What past runs left, by run: the latest one's stays, and that of runs that did not come to their end."""
    root, state = session.outside.repository.root, session.history.folder
    logs = _entries(state.parent, state.name, layout.RUNS)
    mails = _entries(state.parent, state.name, layout.OUTBOX)
    reports = _entries(root, REPORTS)
    by_run: dict[str, list[Path]] = {path.name: [path] for path in logs.paths if path.name != ".gitignore"}
    for path in (*(one for one in reports.paths if _is_report(one)), *(one for one in mails.paths if _is_mail(one))):
        by_run.setdefault(path.name.removesuffix(".eml"), []).append(path)
    stay = {
        session.history.latest_run(),
        *session.history.unfinished_runs(),
        *(one.run for one in session.history.runs(1)),
    }
    stay |= {max(by_run, default=""), (root / REPORTS / layout.LATEST).resolve().name}
    leftovers = [
        _leftover(run, tuple(paths), stays=run in stay, used_s=began_s(run)) for run, paths in sorted(by_run.items())
    ]
    return Found(leftovers=tuple(leftovers), problems=_problems((logs, mails, reports)))


def answers(outside: Outside, *, days: int, now_s: float) -> Found:
    """What a forge answered and is kept, as far as it was of no use for so long, or is the oldest of too much."""
    found = _entries(user_folders.cache(), outside.state.name, layout.ANSWERS)
    each = {path.name: _leftover(path.name, (path,)) for path in found.paths if path.is_file()}
    old = retention.expired((one.thing for one in each.values()), days=days, mb=ANSWERS_MB, now_s=now_s)
    paths = tuple(path for name in old for path in each[name].paths)
    why = f"{plural(len(old), 'answer')} not used for more than {plural(days, 'day')}, or of more than {ANSWERS_MB} MB"
    return Found(leftovers=(_leftover("forge", paths, goes=why),) if paths else (), problems=_problems((found,)))


def began_s(run: str) -> float | None:
    """When a run began, in seconds since the epoch, by its id; None for what is no run's id."""
    found = _RUN.fullmatch(run)
    try:
        return datetime.strptime(found[1], "%Y%m%d-%H%M%S").replace(tzinfo=UTC).timestamp() if found else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entries:
    paths: tuple[Path, ...] = ()
    problem: str = ""


def _entries(root: Path, *parts: str) -> _Entries:
    try:
        return _Entries(paths=disk.entries(root, *parts))
    except SplinterError as error:
        return _Entries(problem=str(error))


def _problems(found: Iterable[_Entries]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.problem for one in found if one.problem))


def _leftover(
    name: str, paths: tuple[Path, ...], *, goes: str = "", stays: bool = False, used_s: float | None = None
) -> Leftover:
    held = disk.measure(paths)
    used_s = held.newest_s if used_s is None else used_s
    return Leftover(thing=Thing(name=name, used_s=used_s, bytes=held.bytes, goes=goes, stays=stays), paths=paths)


def _there(*paths: Path) -> tuple[Path, ...]:
    return tuple(path for path in paths if path.is_symlink() or path.exists())


def _is_report(path: Path) -> bool:
    """Whether we wrote it: the folder may be one in which a user has reports of his own."""
    return began_s(path.name) is not None and disk.is_folder(path) and (path / "report.json").is_file()


def _is_mail(path: Path) -> bool:
    return path.suffix == ".eml" and began_s(path.stem) is not None and path.is_file()
