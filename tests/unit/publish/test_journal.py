"""An intent stands in the journal before anything is done, and its result after it, whatever became of it."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from splinter.errors import PublishError
from splinter.model.effects import Kind, State
from splinter.publish.journal import Journal
from splinter.system.memory import Memory
from splinter.text.redact import Redactor

SECRET = "made-up-secret-4711"


class Noon:
    def now(self) -> datetime:
        return datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    redactor = Redactor((SECRET,))
    memory = Memory(tmp_path / ".splinter", redactor=redactor)
    return Journal(memory=memory, clock=Noon(), redactor=redactor, run=lambda: "run-1")


def test_what_is_done_is_written_before_and_after(journal: Journal) -> None:
    with journal.effect(Kind.COMMENT, "one", "abc"):
        [under_way] = journal.memory.effects(State.UNDER_WAY)
        assert (under_way.kind, under_way.target, under_way.run) == (Kind.COMMENT, "one", "run-1")
    done = journal.memory.effect(Kind.COMMENT, "one")
    assert done
    assert (done.state, done.tries, done.ended) == (State.DONE, 1, "2026-11-26T12:00:00+00:00")


def test_what_was_cut_off_is_found_by_the_next(journal: Journal) -> None:
    with pytest.raises(KeyboardInterrupt), journal.effect(Kind.SLACK, "run-1", "abc"):
        raise KeyboardInterrupt
    with journal.effect(Kind.SLACK, "run-1", "abc") as entry:
        assert entry.before
        assert entry.before.state == State.UNDER_WAY
        entry.state = State.UNKNOWN
    after = journal.memory.effect(Kind.SLACK, "run-1")
    assert after
    assert (after.state, after.tries) == (State.UNKNOWN, 2)


def test_what_failed_waits_with_its_masked_words(journal: Journal) -> None:
    with pytest.raises(PublishError), journal.effect(Kind.EMAIL, "run-1", "abc"):
        raise PublishError(f"the server said {SECRET}")
    [waiting] = journal.memory.effects(State.WAITING)
    assert waiting.said.startswith("the server said")
    assert SECRET not in waiting.said


def test_a_refusal_that_the_block_knows_of_stands(journal: Journal) -> None:
    with suppress(PublishError), journal.effect(Kind.LABELS, "one", "abc") as entry:
        entry.state, entry.said = State.REFUSED, "422"
        raise PublishError("no such label")
    refused = journal.memory.effect(Kind.LABELS, "one")
    assert refused
    assert (refused.state, refused.said) == (State.REFUSED, "422")


def test_another_thing_to_the_same_target_counts_anew(journal: Journal) -> None:
    for made_of in ("abc", "def"):
        with journal.effect(Kind.PUSH, "one", made_of):
            pass
    again = journal.memory.effect(Kind.PUSH, "one")
    assert again
    assert (again.made_of, again.tries) == ("def", 1)


@pytest.mark.parametrize("target", ["run-2", SECRET])
def test_a_row_whose_record_names_another_effect_comes_to_an_end(journal: Journal, target: str) -> None:
    """Written by somebody else, or masked, it would be sent each night and never be done."""
    with journal.effect(Kind.EMAIL, "run-1", "abc") as entry:
        entry.state = State.WAITING
    with sqlite3.connect(journal.memory.file) as db:
        db.execute("update effects set target = ?", (target,))
    [found] = journal.memory.effects(State.WAITING)
    with journal.effect(found.kind, found.target, found.made_of) as entry:
        assert entry.before == found
    assert journal.memory.effects(State.WAITING) == ()
