"""What is kept under `.splinter/`: history.db and run folders.

It never decides what a record means, and a store opened for reading writes no byte of the project.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from splinter.errors import SplinterError
from splinter.model import layout, record_json
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
from splinter.system import sqlite_files
from splinter.text.redact import Masked, Redactor

_TABLES = """
create table if not exists runs (run text primary key, started text not null, finished text, notes text not null);
create table if not exists steps (run text, workstream text, step text, record text not null);
create index if not exists steps_of on steps (workstream, step);
create table if not exists workstreams
    (run text, workstream text, record text not null, primary key (run, workstream));
create table if not exists pull_requests
    (run text, workstream text, record text not null, primary key (run, workstream));
create table if not exists rehearsals (run text, base text, record text not null, primary key (run, base));
create table if not exists errors (run text, task text, record text not null, primary key (run, task));
create table if not exists occurrences
    (workstream text primary key, occurrence text not null, is_open integer not null);
create table if not exists attempts (workstream text, made_of text, attempt integer, record text not null);
create table if not exists calls
    (id integer primary key, run text, workstream text, made_of text, step text, is_paid integer, seconds real,
    usage text);
create index if not exists calls_of on calls (workstream, made_of);
create table if not exists facts (name text primary key, value text not null);
"""

_COMMIT = "commit/"
_TELLING = """select run from runs where (notes <> '[]' or exists (select 1 from steps where steps.run = runs.run)
 or exists (select 1 from workstreams where workstreams.run = runs.run)
 or exists (select 1 from pull_requests where pull_requests.run = runs.run)
 or exists (select 1 from rehearsals where rehearsals.run = runs.run)
 or exists (select 1 from errors where errors.run = runs.run))"""


class Store:
    """The history of one repository; safe to use from several threads."""

    def __init__(self, folder: Path, *, redactor: Redactor | None = None, is_read_only: bool = False) -> None:
        """`folder` is `.splinter/`; made, with its own `.gitignore`, unless opened for reading.

        What is written is masked by `redactor`. `repair` says what opening it repaired, empty for nothing.
        Raises OSError or StorageError where nothing can be written.
        """
        self.folder, self._redactor = folder, redactor or Redactor(())
        self.is_read_only = is_read_only
        self._lock = threading.RLock()
        file = folder / layout.HISTORY
        self.repair = ""
        if is_read_only:
            self._db = sqlite3.connect(":memory:", check_same_thread=False)
            sqlite_files.copy_into(self._db, file)
            self._db.executescript(_TABLES)
        else:
            make_ignored_folder(folder)
            self._db, self.repair = sqlite_files.connect(file, _TABLES, may_move=True)

    def close(self) -> None:
        """Write the log back into the database file."""
        self._db.close()

    def begin_run(self, now: datetime) -> str:
        """Open a run with its folder; returns its id, such as `20261123-020000-3f9a`."""
        run = self._free_id(now)
        self.run_folder(run).mkdir(parents=True, exist_ok=True)
        self._write("insert into runs values (?, ?, null, '[]')", run, _iso(now))
        return run

    def _free_id(self, now: datetime) -> str:
        while True:
            run = f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
            if not self._rows("select 1 from runs where run = ?", run):
                return run

    def finish_run(self, run: str, now: datetime) -> None:
        """Close a run: all that was to be done in it was done, or failed. One that has nothing to report goes."""
        self._write("update runs set finished = ? where run = ?", _iso(now), run)
        if not self.has_news(run):
            self._write("delete from runs where run = ?", run)
            shutil.rmtree(self.run_folder(run), ignore_errors=True)

    def note(self, run: str, note: str) -> None:
        """Add a sentence to a run, once."""
        notes = json.loads(self._text("select notes from runs where run = ?", run) or "[]")
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
        """Everything recorded of one run; raises SplinterError for an unknown id."""
        rows = self._rows("select started, finished, notes from runs where run = ?", run)
        if not rows:
            raise SplinterError(f'no run "{run}" is recorded; "doit history" lists them')
        started, finished, notes = rows[0]
        workstreams = self._rows("select record from workstreams where run = ? order by rowid", run)
        pulls = self._rows("select record from pull_requests where run = ? order by rowid", run)
        rehearsals = self._rows("select record from rehearsals where run = ? order by rowid", run)
        return RunRecord(
            run=run,
            started=started,
            finished=finished,
            workstreams=tuple(record_json.from_json(WorkstreamRecord, json.loads(row[0])) for row in workstreams),
            pull_requests=tuple(record_json.from_json(PullRequestRecord, json.loads(row[0])) for row in pulls),
            rehearsals=tuple(record_json.from_json(RehearsalRecord, json.loads(row[0])) for row in rehearsals),
            notes=tuple(json.loads(notes)),
            usage=self.usage_of(run),
            errors=self.errors_of(run),
        )

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
        for (text,) in self._rows(
            "select record from steps where workstream = ? and step = ? order by rowid desc limit 50", workstream, step
        ):
            record = record_json.from_json(StepRecord, json.loads(text))
            if record.commit == commit and record.outcome in (Outcome.CHANGED, Outcome.UNCHANGED, Outcome.CACHED):
                return record
        return None

    def last_steps(self) -> tuple[StepRecord, ...]:
        """The latest record of every step of every workstream."""
        rows = self._rows(
            "select record from steps where rowid in (select max(rowid) from steps group by workstream, step)"
        )
        return tuple(record_json.from_json(StepRecord, json.loads(row[0])) for row in rows)

    def commits(self) -> frozenset[str]:
        """The ids of all commits that we made: what is ours, whatever its message says.

        A kept result that changes nothing leaves the commit before it, which may be anybody's.
        """
        made = self._rows(
            "select distinct json_extract(record, '$.commit') from steps where"
            " json_extract(record, '$.outcome') = 'changed'"
            " or (json_extract(record, '$.outcome') = 'cached' and json_array_length(record, '$.files') > 0)"
        )
        merged = self._rows("select substr(name, ?) from facts where name like ?", len(_COMMIT) + 1, f"{_COMMIT}%")
        return frozenset(row[0] for row in (*made, *merged))

    def add_commit(self, commit: str, workstream: str) -> None:
        """Remember that a commit which no step made is ours: a merge of what a workstream depends on."""
        self.set_fact(f"{_COMMIT}{commit}", workstream)

    def commits_of(self, workstream: str, *, latest: int) -> tuple[str, ...]:
        """The ids of the latest commits that a workstream's steps made, the newest first."""
        rows = self._rows(
            "select json_extract(record, '$.commit') from steps where workstream = ? and"
            " json_extract(record, '$.outcome') = 'changed' order by rowid desc limit ?",
            workstream, latest,
        )  # fmt: skip
        return tuple(row[0] for row in rows)

    def steps_of(self, run: str, workstream: str) -> tuple[StepRecord, ...]:
        """What the steps of a workstream did in one run, in their order."""
        rows = self._rows("select record from steps where run = ? and workstream = ? order by rowid", run, workstream)
        return tuple(record_json.from_json(StepRecord, json.loads(row[0])) for row in rows)

    def put_workstream(self, run: str, record: WorkstreamRecord) -> None:
        """Keep how a workstream ended in a run, over what stood there."""
        self._keep(
            "insert into workstreams values (?, ?, ?) on conflict do update set record = excluded.record",
            run, record.workstream, record=self._json(record),
        )  # fmt: skip

    def last_workstream(self, workstream: str) -> tuple[str, WorkstreamRecord] | None:
        """The latest run that a workstream took part in, and how it ended there."""
        rows = self._rows(
            "select run, record from workstreams where workstream = ? order by rowid desc limit 1", workstream
        )
        return (rows[0][0], record_json.from_json(WorkstreamRecord, json.loads(rows[0][1]))) if rows else None

    def last_result(self, workstream: str, tip: str) -> tuple[str, WorkstreamRecord] | None:
        """The latest run that made a workstream end at that tip."""
        for run, text in self._rows(
            "select run, record from workstreams where workstream = ? order by rowid desc limit 200", workstream
        ):
            record = record_json.from_json(WorkstreamRecord, json.loads(text))
            if record.tip == tip and record.outcome in (Outcome.CHANGED, Outcome.UNCHANGED):
                return run, record
        return None

    def put_pull_request(self, run: str, record: PullRequestRecord) -> None:
        """Keep what publishing a workstream did, over what stood there."""
        self._keep(
            "insert into pull_requests values (?, ?, ?) on conflict do update set record = excluded.record",
            run, record.workstream, record=self._json(record),
        )  # fmt: skip

    def put_rehearsal(self, run: str, record: RehearsalRecord) -> None:
        """Keep how the finished branches of one base fit together, over what stood there."""
        self._keep(
            "insert into rehearsals values (?, ?, ?) on conflict do update set record = excluded.record",
            run, record.base, record=self._json(record),
        )  # fmt: skip

    def put_error(self, run: str, record: ErrorRecord) -> None:
        """Keep that a task of a run ended in an error, over what stood there."""
        self._keep(
            "insert into errors values (?, ?, ?) on conflict do update set record = excluded.record",
            run, record.task, record=self._json(record),
        )  # fmt: skip

    def errors_of(self, run: str) -> tuple[ErrorRecord, ...]:
        """The tasks of a run that ended in an error."""
        rows = self._rows("select record from errors where run = ? order by rowid", run)
        return tuple(ErrorRecord(**json.loads(row[0])) for row in rows)

    def settle_error(self, run: str, task: str, now: datetime) -> None:
        """A task that ended in an error, in a run, was done after all."""
        for error in self.errors_of(run):
            if error.task == task and not error.settled:
                self.put_error(run, replace(error, settled=_iso(now)))

    def open_occurrence(self, workstream: str) -> str | None:
        """The occurrence of an `always` workstream that was begun and has not come to its end."""
        return self._text("select occurrence from occurrences where workstream = ? and is_open = 1", workstream)

    def set_occurrence(self, workstream: str, occurrence: str, *, is_open: bool) -> None:
        """Begin or end an occurrence of an `always` workstream."""
        self._write(
            "insert into occurrences values (?, ?, ?) on conflict do update"
            " set occurrence = excluded.occurrence, is_open = excluded.is_open",
            workstream, occurrence, int(is_open),
        )  # fmt: skip

    def add_attempt(self, workstream: str, made_of: str, attempt: int, detail: Mapping[str, Any]) -> None:
        """Count a try of a fix loop, before it is made."""
        self._keep(
            "insert into attempts values (?, ?, ?, ?)", workstream, made_of, attempt, record=self._redactor.json(detail)
        )

    def add_attempt_result(self, workstream: str, made_of: str, attempt: int, detail: Mapping[str, Any]) -> None:
        """Keep what a counted try came to."""
        self._write(
            "update attempts set record = ? where workstream = ? and made_of = ? and attempt = ?",
            json.dumps(detail), workstream, made_of, attempt,
        )  # fmt: skip

    def attempts(self, workstream: str, made_of: str) -> tuple[dict[str, Any], ...]:
        """The tries of a fix loop made so far for the same definition and occurrence."""
        rows = self._rows(
            "select record from attempts where workstream = ? and made_of = ? order by rowid", workstream, made_of
        )
        return tuple(json.loads(row[0]) for row in rows)

    def begin_call(self, run: str, workstream: str, made_of: str, step: str, *, is_paid: bool) -> int:
        """Write down that a command is about to be started, and so may cost; one that is killed stays as it is now."""
        return self._write(
            "insert into calls (run, workstream, made_of, step, is_paid) values (?, ?, ?, ?, ?)",
            run, workstream, made_of, step, int(is_paid),
        )  # fmt: skip

    def end_call(self, call: int, seconds: float, usage: Usage | None) -> None:
        """Write down how long it took, and what it cost as far as it says."""
        taken = json.dumps(record_json.to_json(usage)) if usage else None
        self._write("update calls set seconds = ?, usage = ?, is_paid = ? where id = ?", seconds, taken,
                    int(usage is not None), call)  # fmt: skip

    def seconds_of_calls(self, workstream: str, made_of: str) -> float:
        """Seconds of all commands started for one definition and occurrence, whichever run they were in."""
        found = self._rows("select sum(seconds) from calls where workstream = ? and made_of = ?", workstream, made_of)
        return float(found[0][0] or 0.0)

    def usage_of_calls(self, workstream: str, made_of: str) -> Usage:
        """What the tools reported of those commands; one that was killed counts as a call that reported nothing."""
        return self._usage("workstream = ? and made_of = ?", workstream, made_of)

    def usage_of(self, run: str) -> Usage:
        """What the tools reported of the commands of a run."""
        return self._usage("run = ?", run)

    def _usage(self, where: str, *values: object) -> Usage:
        rows = self._rows(f"select usage from calls where is_paid = 1 and {where}", *values)  # noqa: S608
        return sum((Usage(**json.loads(row[0])) if row[0] else Usage(calls=1) for row in rows), Usage())

    def fact(self, name: str) -> str | None:
        """A small thing remembered between runs, such as the id that was pushed last."""
        return self._text("select value from facts where name = ?", name)

    def set_fact(self, name: str, value: str) -> None:
        """Remember a small thing."""
        self._keep(
            "insert into facts values (?, ?) on conflict do update set value = excluded.value",
            name, record=self._redactor.text(value),
        )  # fmt: skip

    def _json(self, record: object) -> Masked:
        return self._redactor.json(record_json.to_json(record))

    def _keep(self, sql: str, *keys: str | int | None, record: Masked) -> int:
        """Write one row whose last value is a record, after its keys; returns its number."""
        return self._write(sql, *keys, record)

    def _write(self, sql: str, *values: object) -> int:
        """Write one row, which holds no text of others; returns its number."""
        try:
            with self._lock:
                return self._db.execute(sql, values).lastrowid or 0
        except sqlite3.DatabaseError as error:
            raise sqlite_files.storage_error(self.folder / layout.HISTORY, error) from error

    def _rows(self, sql: str, *values: object) -> list[Any]:
        try:
            with self._lock:
                return self._db.execute(sql, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise sqlite_files.storage_error(self.folder / layout.HISTORY, error) from error

    def _text(self, sql: str, *values: object) -> str | None:
        rows = self._rows(sql, *values)
        return str(rows[0][0]) if rows else None


def make_ignored_folder(folder: Path) -> None:
    """Make a folder that git ignores by a file of its own."""
    if not (folder / ".gitignore").exists():
        write_whole(folder / ".gitignore", "*\n")


def write_whole(file: Path, text: str) -> None:
    """Write a file so that nobody ever sees half of it, after a power cut neither; raises OSError with its name."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as output:
            output.write(text)
            output.flush()
            os.fsync(output.fileno())
        temporary.replace(file)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        error.filename, error.filename2 = str(file), None
        raise


def exclude_from_git(common: Path, pattern: str) -> None:
    """Add a pattern to git's own, uncommitted ignore file, once."""
    file = common / "info" / "exclude"
    text = file.read_text("utf-8", "surrogateescape") if file.is_file() else ""
    if pattern not in text.splitlines():
        file.parent.mkdir(exist_ok=True)
        separator = "" if text.endswith("\n") or not text else "\n"
        with file.open("a", encoding="utf-8") as output:
            output.write(f"{separator}{pattern}\n")


def _iso(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="seconds")
