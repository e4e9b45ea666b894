"""What is kept under `.splinter/`: history.db and run folders.

It never decides what a record means, and a store opened for reading writes no byte of the project.
"""

from __future__ import annotations

import hashlib
import json
import math
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from splinter.errors import NoRecordError, StorageError
from splinter.model import layout, record_json
from splinter.model.record_json import Record
from splinter.model.records import (
    ErrorRecord,
    Outcome,
    PullRequestRecord,
    RehearsalRecord,
    RunRecord,
    StepRecord,
    Usage,
    WorkstreamRecord,
)
from splinter.system.database import Database, read
from splinter.text.redact import Masked, Redactor

_MIGRATIONS = (
    """
create table if not exists runs (run text primary key, started text not null, finished text, notes text not null);
create table if not exists steps (run text, workstream text, step text, record text not null);
create index if not exists steps_of on steps (workstream, step);
create table if not exists workstreams (run text, workstream text, record text not null, primary key (run, workstream));
create table if not exists pull_requests
    (run text, workstream text, record text not null, primary key (run, workstream));
create table if not exists rehearsals (run text, base text, record text not null, primary key (run, base));
create table if not exists errors (run text, task text, record text not null, primary key (run, task));
create table if not exists costs (run text, call integer, record text, primary key (run, call));
""",
    "create index steps_in on steps (run); create index workstreams_of on workstreams (workstream)",
)

_TELLING = """select run from runs where (notes <> '[]' or exists (select 1 from steps where steps.run = runs.run)
 or exists (select 1 from workstreams where workstreams.run = runs.run)
 or exists (select 1 from pull_requests where pull_requests.run = runs.run)
 or exists (select 1 from rehearsals where rehearsals.run = runs.run)
 or exists (select 1 from errors where errors.run = runs.run))"""

_COMMIT, _OUTCOME, _SECONDS = (
    f"iif(json_valid(record), json_extract(record, '$.{name}'), null)" for name in ("commit", "outcome", "seconds")
)
_ODD_RUNS = "select 1 from runs where typeof(run) <> 'text' or run = '' or run glob '*[^0-9A-Za-z-]*' limit 1"


class History(Database):
    """The history of one repository."""

    def __init__(self, folder: Path, *, redactor: Redactor | None = None, is_read_only: bool = False) -> None:
        """`folder` is `.splinter/`; raises what `Database` does."""
        super().__init__(folder / layout.HISTORY, _MIGRATIONS, redactor=redactor, is_read_only=is_read_only)

    def _begin(self) -> None:
        super()._begin()
        if self._rows(_ODD_RUNS):  # a run's id is the name of folders, which are written, and removed
            raise StorageError(f"{self.file} holds a run whose id is none of ours; move it away, then run doit again")

    def begin_run(self, now: datetime, run: str | None = None, *, suffix: str = "") -> str:
        """Open a run with its folder; returns its id, such as `20261123-020000-3f9a`, with the suffix at its end.

        A run that is named, and there already, goes on.
        """
        run = run or self.free_id(now, suffix)
        self.run_folder(run).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write(
            "insert into runs values (?, ?, null, '[]') on conflict do update set finished = null", run, _iso(now)
        )
        return run

    def free_id(self, now: datetime, suffix: str = "") -> str:
        """An id that no run has."""
        while True:
            run = f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}{suffix}"
            if not self._rows("select 1 from runs where run = ?", run):
                return run

    def finish_run(self, run: str, now: datetime) -> None:
        """Close a run: all that was to be done in it was done, or failed. One that has nothing to report goes."""
        self._write("update runs set finished = ? where run = ?", _iso(now), run)
        if not self.has_news(run):
            self._write("delete from runs where run = ?", run)
            shutil.rmtree(self.run_folder(run), ignore_errors=True)

    def last_sign(self, run: str, now: datetime) -> datetime:
        """When a run that was killed last wrote into its folder: no later than now."""
        folder = self.run_folder(run)
        written = [file.lstat().st_mtime for file in (folder, *folder.rglob("*"))] if folder.is_dir() else []
        return min(now, datetime.fromtimestamp(max(written), UTC)) if written else now

    def note(self, run: str, note: str) -> None:
        """Add a sentence to a run, once."""
        notes = _texts(self._text("select notes from runs where run = ?", run) or "[]")
        if self._redactor.text(note) not in notes:
            self._keep("update runs set notes = ?2 where run = ?1", run, record=self._redactor.json([*notes, note]))

    def unfinished_runs(self) -> tuple[str, ...]:
        """Runs that were begun and never closed."""
        return tuple(row[0] for row in self._rows("select run from runs where finished is null order by run"))

    def has_news(self, run: str) -> bool:
        """Whether a run has something to report."""
        return bool(self._rows(_TELLING + " and run = ?", run))

    def latest_run(self, *, but: str | None = None) -> str | None:
        """The id of the run that was begun last of those with something to report, whatever the clock said then."""
        return self._text(_TELLING + " and run is not ? order by rowid desc limit 1", but)

    def runs(self, limit: int) -> tuple[RunRecord, ...]:
        """The latest runs, the one that was begun last first."""
        rows = self._rows("select run from runs order by rowid desc limit ?", limit)
        return tuple(self.run(row[0]) for row in rows)

    def run(self, run: str) -> RunRecord:
        """Everything recorded of one run; raises NoRecordError for an unknown id."""
        rows = self._rows("select started, finished, notes from runs where run = ?", run)
        if not rows:
            raise NoRecordError(f'no run "{run}" is recorded; "doit history" lists them')
        (started, finished, notes), of = rows[0], "where run = ? order by rowid"
        return RunRecord(
            run=run,
            started=started,
            finished=finished,
            workstreams=self._records(WorkstreamRecord, f"workstreams {of}", run),
            pull_requests=self._records(PullRequestRecord, f"pull_requests {of}", run),
            rehearsals=self.rehearsals(run),
            notes=_texts(notes),
            usage=self.usage_of(run),
            errors=self.errors_of(run),
        )

    def hash_of(self, run: str, *, but_errors_of: Sequence[str]) -> str:
        """The hash of what is recorded of a run, as it stands there: when it was finished and errors of those aside."""
        rows = self._rows("select run, started, notes from runs where run = ?", run)
        for table in ("workstreams", "pull_requests", "rehearsals", "costs", "errors"):
            rows += [(table, *row) for row in self._rows(f"select * from {table} where run = ? order by rowid", run)]  # noqa: S608
        told = [row for row in rows if row[0] != "errors" or row[2] not in but_errors_of]
        return hashlib.sha256("\n".join(map(repr, told)).encode()).hexdigest()

    def has_run(self, run: str) -> bool:
        """Whether a run of that id is recorded."""
        return bool(self._rows("select 1 from runs where run = ?", run))

    def runs_of(self, workstream: str, limit: int) -> tuple[tuple[str, WorkstreamRecord], ...]:
        """The latest runs that a workstream took part in, the newest first, and how it ended in each."""
        rows = self._rows(
            "select run, record from workstreams where workstream = ? order by rowid desc limit ?", workstream, limit
        )
        return tuple((run, record) for run, text in rows for record in read(WorkstreamRecord, text))

    def run_folder(self, run: str) -> Path:
        """Where a run's logs and patches lie."""
        return self.folder / layout.RUNS / run

    def add_step(self, run: str, record: StepRecord) -> None:
        """Keep what a step did."""
        self._keep(
            "insert into steps values (?, ?, ?, ?)", run, record.workstream, record.step, record=self._json(record)
        )

    def last_step(self, workstream: str, step: str, commit: str) -> StepRecord | None:
        """The latest record of a step that ended well on that commit, from whichever run."""
        where = "steps where workstream = ? and step = ? order by rowid desc limit 50"
        good = (Outcome.CHANGED, Outcome.UNCHANGED, Outcome.CACHED, Outcome.SKIPPED)
        found = self._records(StepRecord, where, workstream, step)
        return next((one for one in found if one.commit == commit and one.outcome in good), None)

    def last_steps(self) -> tuple[StepRecord, ...]:
        """The latest record of every step of every workstream."""
        where = "steps where rowid in (select max(rowid) from steps group by workstream, step)"
        return self._records(StepRecord, where)

    def commits(self) -> frozenset[str]:
        """The ids of all commits that steps made: what is ours, whatever its message says.

        A kept result that changes nothing leaves the commit before it, which may be anybody's.
        """
        made = self._rows(
            f"select distinct {_COMMIT} from steps where {_OUTCOME} = 'changed'"  # noqa: S608  our own words
            f" or ({_OUTCOME} = 'cached' and iif(json_valid(record), json_array_length(record, '$.files'), 0) > 0)"
        )
        return frozenset(row[0] for row in made if isinstance(row[0], str))

    def commits_of(self, workstream: str, *, latest: int) -> tuple[str, ...]:
        """The ids of the latest commits that a workstream's steps made, the newest first."""
        rows = self._rows(
            f"select {_COMMIT} from steps where workstream = ? and {_OUTCOME} in ('changed', 'cached')"  # noqa: S608
            " order by rowid desc limit ?",
            workstream, latest,
        )  # fmt: skip
        return tuple(row[0] for row in rows if isinstance(row[0], str))

    def steps_of(self, run: str, workstream: str) -> tuple[StepRecord, ...]:
        """What the steps of a workstream did in one run, in their order."""
        return self._records(StepRecord, "steps where run = ? and workstream = ? order by rowid", run, workstream)

    def unended(self, run: str) -> tuple[str, ...]:
        """The workstreams of which a run recorded steps, and no end."""
        ended = "select workstream from workstreams where run = ?1"
        query = f"select distinct workstream from steps where run = ?1 and workstream not in ({ended}) order by rowid"  # noqa: S608
        return tuple(row[0] for row in self._rows(query, run))

    def put_workstream(self, run: str, record: WorkstreamRecord) -> None:
        """Keep how a workstream ended in a run, over what stood there."""
        self._keep(
            "insert into workstreams values (?, ?, ?) on conflict do update set record = excluded.record",
            run, record.workstream, record=self._json(record),
        )  # fmt: skip

    def workstreams(self) -> tuple[str, ...]:
        """The workstreams that took part in any run."""
        rows = self._rows("select distinct workstream from workstreams order by workstream")
        return tuple(str(row[0]) for row in rows)

    def last_workstream(self, workstream: str) -> tuple[str, WorkstreamRecord] | None:
        """The latest run that a workstream took part in, and how it ended there."""
        return next(iter(self.runs_of(workstream, 1)), None)

    def last_outcomes(self, workstreams: Sequence[str]) -> dict[str, tuple[str, Outcome | None]]:
        """The latest run that each took part in, if any, and how it ended there, None where that cannot be read."""
        latest = "workstreams.rowid = (select max(rowid) from workstreams where workstream = asked.value)"
        told = f"select workstream, run, {_OUTCOME} from json_each(?) asked cross join workstreams on {latest}"  # noqa: S608
        known = {outcome.value: outcome for outcome in Outcome}
        rows = self._rows(told, json.dumps(workstreams))
        return {workstream: (run, known.get(outcome)) for workstream, run, outcome in rows}

    def has_failed(self, workstream: str) -> bool:
        """Whether a workstream failed when it came to an end last; one that was interrupted or blocked came to none."""
        rows = self._rows(
            f"select {_OUTCOME} from workstreams where workstream = ? and"  # noqa: S608
            f" {_OUTCOME} in ('failed', 'changed', 'unchanged') order by rowid desc limit 1",
            workstream,
        )
        return bool(rows) and rows[0][0] == Outcome.FAILED

    def last_result(self, workstream: str, tip: str) -> tuple[str, WorkstreamRecord] | None:
        """The latest run that made a workstream end at that tip."""
        for run, text in self._rows(
            "select run, record from workstreams where workstream = ? order by rowid desc limit 200", workstream
        ):
            for record in read(WorkstreamRecord, text):
                if record.tip == tip and record.outcome in (Outcome.CHANGED, Outcome.UNCHANGED):
                    return run, record
        return None

    def durations(self, workstream: str, *, latest: int) -> tuple[float, ...]:
        """How many seconds its latest successes took."""
        rows = self._rows(
            f"select {_SECONDS} from workstreams where workstream = ? and {_OUTCOME} in ('changed', 'unchanged')"  # noqa: S608
            " order by rowid desc limit ?",
            workstream, latest,
        )  # fmt: skip
        return tuple(float(one) for (one,) in rows if isinstance(one, int | float) and math.isfinite(one))

    def put_pull_request(self, run: str, record: PullRequestRecord) -> None:
        """Keep what publishing a workstream did, over what stood there."""
        self._keep(
            "insert into pull_requests values (?, ?, ?) on conflict do update set record = excluded.record",
            run, record.workstream, record=self._json(record),
        )  # fmt: skip

    def published(self) -> Iterator[tuple[str, PullRequestRecord]]:
        """What publishing did in all runs, the earliest first, each with when its run began."""
        told = "select runs.started, record from pull_requests join runs using (run) order by pull_requests.rowid"
        yield from ((started, record) for started, text in self._rows(told) for record in read(PullRequestRecord, text))

    def put_rehearsal(self, run: str, record: RehearsalRecord) -> None:
        """Keep how the finished branches of one base fit together, over what stood there."""
        self._keep(
            "insert into rehearsals values (?, ?, ?) on conflict do update set record = excluded.record",
            run, record.base, record=self._json(record),
        )  # fmt: skip

    def rehearsals(self, run: str) -> tuple[RehearsalRecord, ...]:
        """How the finished branches of each base fit together in a run."""
        return self._records(RehearsalRecord, "rehearsals where run = ? order by rowid", run)

    def put_error(self, run: str, record: ErrorRecord) -> None:
        """Keep that a task of a run ended in an error, over what stood there."""
        self._keep(
            "insert into errors values (?, ?, ?) on conflict do update set record = excluded.record",
            run, record.task, record=self._json(record),
        )  # fmt: skip

    def put_cost(self, run: str, call: int, usage: Usage | None) -> None:
        """Keep what a paid call of a run cost; None: it was begun, and has not said."""
        self._keep(
            "insert into costs values (?, ?, ?) on conflict do update set record = excluded.record",
            run, call, record=Masked(json.dumps(record_json.to_json(usage)) if usage else "null"),
        )  # fmt: skip

    def drop_cost(self, run: str, call: int) -> None:
        """A call that could not be started costs nothing."""
        self._write("delete from costs where run = ? and call = ?", run, call)

    def costs_of(self, run: str) -> tuple[Usage | None, ...]:
        """What each call of a run cost; None for one that has not said."""
        rows = self._rows("select record from costs where run = ? order by call", run)
        return tuple(next(iter(read(Usage, text)), None) for (text,) in rows)

    def forget(self, run: str, workstream: str) -> None:
        """A workstream took no part in a run: what it did there is about to be told again."""
        for table in ("steps", "workstreams"):
            self._write(f"delete from {table} where run = ? and workstream = ?", run, workstream)  # noqa: S608

    def usage_of(self, run: str) -> Usage:
        """What the calls of a run cost; one that was killed counts as a call that reported nothing."""
        rows = self._rows("select record from costs where run = ?", run)
        return sum((one for (text,) in rows for one in read(Usage, text) or (Usage(calls=1),)), Usage())

    def errors_of(self, run: str) -> tuple[ErrorRecord, ...]:
        """The tasks of a run that ended in an error."""
        return self._records(ErrorRecord, "errors where run = ? order by rowid", run)

    def settle_error(self, run: str, task: str, now: datetime) -> None:
        """A task that ended in an error, in a run, was done after all."""
        for error in self.errors_of(run):
            if error.task == task and not error.settled:
                self.put_error(run, replace(error, settled=_iso(now)))

    def _records(self, kind: type[Record], where: str, *values: object) -> tuple[Record, ...]:
        rows = self._rows(f"select record from {where}", *values)  # noqa: S608  our own words
        return tuple(record for (text,) in rows for record in read(kind, text))


def _texts(text: str) -> tuple[str, ...]:
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return ()
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def _iso(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="milliseconds" if now.microsecond else "seconds")
