"""Rows that were handed over: a commit is an id, or the row counts for nothing."""

from __future__ import annotations

import pytest

from splinter.doit_plugins.database import _decoded
from splinter.doit_plugins.rows import _refuse_names, _rehearsed

ID = "a" * 40
UNION = {"inputs": {}, "unions": {"main": {"base": ID, "commit": ID}}, "run": None, "notes": []}
MEMBER = {"start": ID, "tip": ID, "head": ID}


@pytest.mark.parametrize("name", ["--output=/tmp/x", "main", "refs/heads/x", f"{ID}^", 5, [ID]])
def test_what_git_could_take_for_an_option_or_a_name_is_no_commit(name: object) -> None:
    assert _rehearsed({**UNION, "members": {"w": MEMBER}}) is not None
    for members, unions in (
        ({"w": {**MEMBER, "head": name}}, UNION["unions"]),
        ({"w": MEMBER}, {"main": {"base": name, "commit": ID}}),
    ):
        assert _rehearsed({**UNION, "members": members, "unions": unions}) is None
    for field in ("start", "base", "tip", "commit"):
        with pytest.raises(TypeError):
            _refuse_names({"fingerprint": "f", field: name})
    with pytest.raises(TypeError):
        _refuse_names({"depended_on": [name]})


@pytest.mark.parametrize("data", ["", "5", "[]", "[" * 100_000, '{"_values_:": 5}', '{"deps:": 5}'])
def test_a_row_that_is_none_of_doits_says_nothing(data: str) -> None:
    assert _decoded(data) == {}
