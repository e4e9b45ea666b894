"""History: what a second look must find, whatever was drawn."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from splinter.system.history import Store


def test_two_runs_of_one_second_never_share_an_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter(["cad2", "cad2", "cad2", "0b1e"])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(draws))
    store, now = Store(tmp_path / ".splinter"), datetime(2026, 11, 23, 2, tzinfo=UTC)
    assert [store.begin_run(now), store.begin_run(now)] == ["20261123-020000-cad2", "20261123-020000-0b1e"]
