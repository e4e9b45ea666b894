"""Takes over what the shards of a night handed on: records, files and commits, of what the plan gave each of them.

All of it was written by a job that ran what agents wrote. Nothing is taken by what it says of itself: not a run, a
workstream, a path or a ref that the plan does not name. It starts no workstream and publishes nothing.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from splinter.engine import night
from splinter.engine.session import Session
from splinter.errors import InputError, NoRecordError, SplinterError
from splinter.maintenance import packed
from splinter.model import layout, night_plan
from splinter.model.night_plan import NightPlan
from splinter.model.records import CheckRecord, Outcome, RunRecord, StepRecord, WorkstreamRecord
from splinter.model.under_way import UnderWay
from splinter.system import handed_over, under_way_file
from splinter.system.files import write_whole
from splinter.system.history import History
from splinter.system.memory import Memory
from splinter.text import markdown

_DATABASES = tuple(f"{name}{suffix}" for name in packed.DATABASES for suffix in ("", "-wal"))
_LARGEST_FILES, _LARGEST_UNDER_WAY = 1_000_000_000, 1_000_000
_MOST_NOTES, _LONGEST_NOTE = 100, 2_000
_CALLS = 1_000_000  # a shard's calls are counted from so many times its number
_NUMBER = re.compile(r"(?:.*\D)?(\d{1,4})")
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """What one shard handed on, brought into a folder of ours: `ids` are the workstreams that the plan gave it.

    `left` is what ran when it was killed, None where it was not, or nothing says so.
    """

    number: int
    ids: frozenset[str]
    folder: Path
    run: RunRecord
    steps: Mapping[str, tuple[StepRecord, ...]]
    left: UnderWay | None
    source: Path

    @property
    def database(self) -> Path:
        """The file with the rows of its tasks."""
        return self.folder / layout.DATABASE


def by_number(plan: NightPlan, folders: Iterable[Path]) -> dict[int, Path]:
    """The folder of each shard, by the number that its name ends in; raises InputError where that is none, or twice.

    With a single shard a single folder may have any name.
    """
    found: dict[int, Path] = {}
    every = tuple(folders)
    for folder in every:
        named = _NUMBER.fullmatch(folder.resolve().name)
        number = 1 if plan.shards == 1 and len(every) == 1 else int(named[1]) if named else 0
        if not 1 <= number <= plan.shards:
            raise InputError(f"{folder}: its name does not end in the number of a shard, 1 to {plan.shards}")
        if number in found:
            raise InputError(f"{folder}: {found[number]} is of shard {number} too")
        if not folder.is_dir():
            raise InputError(f"{folder} is no folder")
        found[number] = folder
    return found


@contextmanager
def opened(plan: NightPlan, number: int, source: Path) -> Iterator[Shard]:
    """What a shard left in a folder, its databases copied and read; raises SplinterError for what is not to be used."""
    with tempfile.TemporaryDirectory(prefix="splinter-") as place:
        folder = Path(place)
        for name in _DATABASES:
            handed_over.copy(source, name, folder / name, most=packed.LARGEST_DATABASE)
        handed_over.copy(source, packed.UNDER_WAY, folder / packed.UNDER_WAY, most=_LARGEST_UNDER_WAY)
        left, ids = under_way_file.left(folder / layout.STATE), plan.part(number)
        with closing(History(folder / layout.STATE, is_read_only=True)) as history:
            try:
                run = history.run(plan.run)
            except NoRecordError as error:
                raise SplinterError("it ended before it had recorded anything of this run") from error
            steps = {id: history.steps_of(plan.run, id) for id in sorted(ids)}
        left = left if left and left.run == plan.run and not run.finished else None
        yield Shard(number=number, ids=ids, folder=folder, run=run, steps=steps, left=left, source=source)


def take(session: Session, plan: NightPlan, shard: Shard) -> None:
    """Take over a shard's commits, then its records and files; raises SplinterError where it can have none."""
    packed.take_refs(session.outside.repository, shard.source, _allowed(session, plan, shard.ids))
    history, run = session.history, plan.run
    recorded = {one.workstream: one for one in shard.run.workstreams if one.workstream in shard.ids}
    for id in sorted(shard.ids):
        history.forget(run, id)
        for step in shard.steps[id]:
            history.add_step(run, _own_step(step, run, id))
        if id in recorded:
            history.put_workstream(run, _own(recorded[id], run, id))
        elif shard.steps[id] or not shard.run.finished:  # else it turned out to have nothing to do
            history.put_workstream(run, _killed(session, shard, id))
    told = {*map(markdown.one_line, plan.notes)}  # of the night, not of a shard
    for note in shard.run.notes[: _MOST_NOTES + len(told)]:
        text = markdown.one_line(note)[:_LONGEST_NOTE]
        if text in told:
            continue
        history.note(run, text if plan.shards == 1 else f"Shard {shard.number}: {text}")
    if plan.shards == 1:  # it has seen all branches
        for record in shard.run.rehearsals:
            history.put_rehearsal(run, record)
    _take_costs(session, plan, shard)
    _take_files(session, plan, shard)


def begin(session: Session, plan: NightPlan) -> None:
    """Open the run that all is put into, which began when it was planned, and keep its plan."""
    session.history.begin_run(min(plan.at, session.outside.clock.now()), plan.run)
    session.run.open()
    write_whole(night.file_of(session, plan.run), night_plan.to_text(plan))


def miss(session: Session, plan: NightPlan, number: int, why: str) -> None:
    """Record of a shard's workstreams that they did not come to an end, where nothing can be taken over of them."""
    sentence = f"shard {number} of {plan.shards} was left out: {markdown.one_line(why)}"
    session.run.note(f"{sentence[0].upper()}{sentence[1:]}.")
    for id in sorted(plan.part(number)):
        session.history.put_workstream(plan.run, _unfinished(session, id, sentence))


def _killed(session: Session, shard: Shard, id: str) -> WorkstreamRecord:
    """Of a workstream that a shard was to bring to its end, and did not."""
    tasks = {one.workstream: one.task for one in shard.left.doing} if shard.left else {}
    steps = tuple(_own_step(step, shard.run.run, id) for step in shard.steps[id])
    is_begun = id in tasks or steps
    message = f"its shard was killed {'while it worked on this' if is_begun else 'before it came to this'}"
    names = {one.partition(":")[2] for one in session.plans[id].tasks}
    step = tasks.get(id, "").partition(":")[2]
    return _unfinished(session, id, message, steps=steps, step=step if step in names else None)


def _unfinished(session: Session, id: str, message: str, **more: Any) -> WorkstreamRecord:
    title = session.plans[id].workstream.title
    return WorkstreamRecord(workstream=id, title=title, outcome=Outcome.INTERRUPTED, message=message, **more)


def _allowed(session: Session, plan: NightPlan, ids: Iterable[str]) -> packed.Allowed:
    """Which refs a shard may have made."""
    below = (layout.CHECKPOINTS, layout.BACKUPS)
    names = [rf"{layout.RESULTS}/[0-9a-f]{{64}}/[0-9a-f]{{16}}"]
    for id in ids:
        names += [re.escape(f"refs/heads/{session.plans[id].branch}"), re.escape(layout.accepted(id))]
        names += [rf"{re.escape(folder)}/{re.escape(id)}/{_PART}" for folder in below]
    if plan.shards == 1:
        names.append(rf"{layout.REHEARSALS}/{_PART}(?:/{_PART})*")
    allowed = re.compile("|".join(names))
    return lambda name: bool(allowed.fullmatch(name))


def _take_costs(session: Session, plan: NightPlan, shard: Shard) -> None:
    with closing(History(shard.folder / layout.STATE, is_read_only=True)) as history:
        for number, usage in enumerate(history.costs_of(plan.run)[: _CALLS - 1], shard.number * _CALLS):
            session.history.put_cost(plan.run, number, usage)
    with closing(Memory(shard.folder / layout.STATE, is_read_only=True)) as memory:
        for id in sorted(shard.ids):
            session.memory.take_over(memory, plan.run, id)
            if session.plans[id].workstream.when == "always":
                is_open = memory.open_occurrence(id) is not None
                session.memory.set_occurrence(id, session.plans[id].occurrence, is_open=is_open)
            for commit in memory.commits_of((id,)):
                session.memory.add_commit(commit, id)


def _take_files(session: Session, plan: NightPlan, shard: Shard) -> None:
    """Logs and patches of its workstreams, as far as they are plain files and not too many."""
    left = _LARGEST_FILES
    for id in sorted(shard.ids):
        below = f"{layout.STATE}/{layout.RUNS}/{plan.run}/{id}"
        for name in handed_over.names(shard.source, below, most=packed.MOST_FILES):
            to = session.outside.repository.root / name
            if any(part.is_symlink() for part in (to, *to.parents)):
                raise SplinterError(f"{to} is a link here, and is not written through")
            left -= handed_over.copy(shard.source, name, to, most=min(left, packed.LARGEST_FILE))


def _own(record: WorkstreamRecord, run: str, id: str) -> WorkstreamRecord:
    """A record about the workstream that it is kept for, with no path of another's."""
    return replace(
        record,
        workstream=id,
        patch=_path(record.patch, run, id),
        steps=tuple(_own_step(step, run, id) for step in record.steps),
        checks=tuple(_own_check(check, run, id) for check in record.checks),
    )


def _own_step(step: StepRecord, run: str, id: str) -> StepRecord:
    return replace(step, workstream=id, log=_path(step.log, run, id), patch=_path(step.patch, run, id))


def _own_check(check: CheckRecord, run: str, id: str) -> CheckRecord:
    return replace(check, workstream=id, log=_path(check.log, run, id))


def _path(path: str | None, run: str, id: str) -> str | None:
    """A path of a record as far as it leads to the logs of that workstream."""
    is_own = path is not None and path.startswith(f"{layout.STATE}/{layout.RUNS}/{run}/{id}/")
    return path if is_own and path and ".." not in path.split("/") else None
