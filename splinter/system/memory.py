"""What the next run decides by, in `.splinter/memory.db`: open occurrences, tries, costs, and small facts.

What a run did is in the history; without this file tries and costs count from nothing, and no report changes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from splinter.model import layout, record_json
from splinter.model.done import Attempt
from splinter.model.effects import Effect, Kind, State
from splinter.model.records import Usage
from splinter.system.database import Database, read
from splinter.text.redact import Masked, Redactor

_MIGRATIONS = (
    """
create table if not exists occurrences
    (workstream text primary key, occurrence text not null, is_open integer not null);
create table if not exists attempts
    (workstream text, made_of text, attempt integer, record text not null, primary key (workstream, made_of, attempt));
create table if not exists calls
    (id integer primary key, run text, workstream text, made_of text, step text, is_paid integer, seconds real,
    usage text);
create index if not exists calls_of on calls (workstream, made_of);
create table if not exists facts (name text primary key, value text not null);
""",
    """
create table if not exists effects
    (kind text, target text, state text not null, record text not null, primary key (kind, target));
""",
)
_COMMIT = "commit/"
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Memory(Database):
    """What one repository's runs have to remember."""

    def __init__(self, folder: Path, *, redactor: Redactor | None = None, is_read_only: bool = False) -> None:
        """`folder` is `.splinter/`; raises what `Database` does."""
        super().__init__(folder / layout.MEMORY, _MIGRATIONS, redactor=redactor, is_read_only=is_read_only)

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

    def put_attempt(self, workstream: str, made_of: str, number: int, attempt: Attempt) -> None:
        """Count a try of a fix loop, before it is made; afterwards, keep what it came to."""
        self._keep(
            "insert into attempts values (?, ?, ?, ?) on conflict do update set record = excluded.record",
            workstream, made_of, number, record=self._json(attempt),
        )  # fmt: skip

    def attempts(self, workstream: str, made_of: str) -> tuple[Attempt, ...]:
        """The tries of a fix loop made so far for the same definition and occurrence."""
        rows = self._rows(
            "select record from attempts where workstream = ? and made_of = ? order by attempt", workstream, made_of
        )
        unread = (Attempt(begun_at="", failing=""),)  # it was a try all the same
        return tuple(one for (text,) in rows for one in read(Attempt, text) or unread)

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

    def take_over(self, other: Memory, run: str, workstream: str) -> None:
        """Take from another memory a workstream's tries, and its calls in a run, in the place of those known here."""
        for made_of, number, text in other._rows(
            "select made_of, attempt, record from attempts where workstream = ?"
            " and typeof(attempt) = 'integer' limit 1000",
            workstream,
        ):
            for attempt in read(Attempt, text):
                self.put_attempt(workstream, str(made_of), int(number), attempt)
        self._write("delete from calls where run = ? and workstream = ?", run, workstream)
        for made_of, step, is_paid, seconds, text in other._rows(
            "select made_of, step, is_paid, seconds, usage from calls where run = ? and workstream = ? limit 10000",
            run, workstream,
        ):  # fmt: skip
            call = self.begin_call(run, workstream, str(made_of), str(step), is_paid=bool(is_paid))
            if isinstance(seconds, float) and seconds >= 0:
                self.end_call(call, seconds, next(iter(read(Usage, text or "")), None))

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
        return sum((one for (text,) in rows for one in read(Usage, text) or (Usage(calls=1),)), Usage())

    def fact(self, name: str) -> str | None:
        """A small thing remembered between runs, such as the id that was pushed last."""
        return self._text("select value from facts where name = ?", name)

    def facts(self, prefix: str) -> dict[str, str]:
        """The small things whose names begin so, by what follows."""
        rows = self._rows("select name, value from facts where substr(name, 1, ?) = ?", len(prefix), prefix)
        return {name.removeprefix(prefix): value for name, value in rows}

    def set_fact(self, name: str, value: str) -> None:
        """Remember a small thing."""
        self._put_fact(name, self._redactor.text(value))

    def _put_fact(self, name: str, value: Masked) -> None:
        self._keep(
            "insert into facts values (?, ?) on conflict do update set value = excluded.value", name, record=value
        )  # fmt: skip

    def json_fact(self, name: str) -> dict[str, Any]:
        """A small thing of several parts, empty where there is none."""
        try:
            return dict(json.loads(self.fact(name) or "{}"))
        except (ValueError, TypeError, RecursionError):  # somebody else wrote it
            return {}

    def set_json_fact(self, name: str, value: Mapping[str, Any]) -> None:
        """Remember such a thing."""
        self._put_fact(name, self._redactor.json(value))

    def commits(self) -> frozenset[str]:
        """The commits of ours that no step made: merges of what a workstream depends on."""
        return frozenset(self.facts(_COMMIT))

    def commits_of(self, workstreams: Collection[str]) -> frozenset[str]:
        """Those of some workstreams."""
        found = self.facts(_COMMIT).items()
        return frozenset(commit for commit, id in found if id in workstreams and _ID.fullmatch(commit))

    def add_commit(self, commit: str, workstream: str) -> None:
        """Remember such a commit."""
        self.set_fact(f"{_COMMIT}{commit}", workstream)

    def put_effect(self, effect: Effect) -> None:
        """Keep how far something done to the outside is, over what stood there of the same kind and target."""
        self._keep(
            "insert into effects values (?, ?, ?, ?)"
            " on conflict do update set state = excluded.state, record = excluded.record",
            effect.kind, effect.target, effect.state, record=self._json(effect),
        )  # fmt: skip

    def effect(self, kind: Kind, target: str) -> Effect | None:
        """The latest of its kind that was done, or begun, to a target."""
        rows = self._rows("select kind, target, record from effects where kind = ? and target = ?", kind, target)
        return next(_effects(rows), None)

    def effects(self, *states: State) -> tuple[Effect, ...]:
        """Those in such states, the one that was first begun first."""
        marks = ", ".join("?" * len(states))
        asked = f"select kind, target, record from effects where state in ({marks}) order by rowid"  # noqa: S608
        return tuple(_effects(self._rows(asked, *states)))

    def drop_effect(self, effect: Effect) -> None:
        """Forget it: nothing asks for it any more."""
        self._write("delete from effects where kind = ? and target = ?", effect.kind, effect.target)


def _effects(rows: Iterable[tuple[str, str, str]]) -> Iterator[Effect]:
    """Each about what its row says: a record that says otherwise is masked, or somebody else's, and could never end."""
    for kind, target, text in rows:
        if kind in {*Kind}:
            yield from (replace(one, kind=Kind(kind), target=target) for one in read(Effect, text))
