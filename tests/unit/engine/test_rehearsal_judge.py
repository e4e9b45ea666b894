"""How a union is judged: as a change of its base, so that what it deleted is found nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from splinter.engine.checks import baseline, judge
from splinter.engine.checks.judge import Judged
from splinter.engine.rehearsal import rehearsal
from splinter.engine.rehearsal.merge_all import Member
from splinter.engine.work import Work
from tests.unit.model.test_fingerprints import BASE, SETTINGS, made


def test_a_union_is_judged_as_a_change_that_begins_at_its_base(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that it deleted must not be found in the user's checkout: for that, its beginning has to be known."""
    seen: list[Work] = []

    def judged(work: Work, commit: str, **_: Any) -> Judged:
        seen.append(work)
        return Judged(commit=commit)

    monkeypatch.setattr(judge, "judge", judged)
    monkeypatch.setattr(baseline, "key", lambda work, check: check.id)
    session: Any = None
    member = Member(plan=made(BASE, SETTINGS), base="b", start="s", tip="t", head="h")
    rehearsal._judge(session, [member], "b", "union")
    assert [(work.prepared.start, work.prepared.base) for work in seen if work.prepared] == [("b", "b")]
    assert seen[0].plan.workstream.budget.minutes is None
