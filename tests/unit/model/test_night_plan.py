"""The plan of a run as a value: written and read again, refused where it is another's, cut into shards."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splinter.config import night_plan_file, yaml_documents
from splinter.errors import InputError
from splinter.model import night_plan, shards
from splinter.model.night_plan import NightPlan, PinnedBase, Planned, SeenBranch, SeenMerge

SLOT, COMMIT = "0" * 64, "1" * 40
DOCS = Planned(id="docs", occurrence="2026-11-26", is_due=True, slot=SLOT, shard=2, seconds=1.5, claim=COMMIT)
LINT = Planned(id="lint", occurrence="2026-11-26", is_due=True, slot=SLOT, held_by="another runner")
TIDY = Planned(id="tidy", occurrence="2026-11-26", is_due=False, slot=SLOT)
PLAN = NightPlan(
    run="20261126-020000-3f9a", at=datetime(2026, 11, 26, 2, tzinfo=UTC), commit=COMMIT, shards=2,
    bases=(PinnedBase(remote="origin", name="main", commit=COMMIT, is_default=True),),
    branches=(SeenBranch(remote="origin", branch="splinter/docs", is_there=False),),
    merged=(SeenMerge(head="splinter/tidy", base="main", tip=COMMIT, where="https://forge.example/1"),),
    workstreams=(DOCS, LINT, TIDY), notes=("naïve",),
)  # fmt: skip


def read(tmp_path: Path, text: str) -> NightPlan:
    file = tmp_path / "plan.json"
    file.write_text(text, "utf-8")
    return night_plan_file.read(file)


def refusal(tmp_path: Path, **changes: object) -> str:
    with pytest.raises(InputError) as caught:
        read(tmp_path, json.dumps({**json.loads(night_plan.to_text(PLAN)), **changes}))
    return str(caught.value)


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read(tmp_path, night_plan.to_text(PLAN)) == PLAN


def test_a_plan_of_thousands_is_read_again_and_one_that_nobody_would_read_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = replace(PLAN, workstreams=tuple(replace(DOCS, id=f"w{number}") for number in range(4_000)))
    text = night_plan.to_text(many)
    assert len(text) > yaml_documents.MAX_BYTES
    assert read(tmp_path, text) == many
    monkeypatch.setattr(night_plan, "LARGEST", 1_000_000)
    with pytest.raises(InputError, match="a plan of 4,000 workstreams is larger than 1 MB"):
        night_plan.to_text(many)
    with pytest.raises(InputError, match="larger than"):
        read(tmp_path, text)


@pytest.mark.parametrize("odd", ['"seconds": NaN', '"seconds": 1e999', '"held_by": "\\ud800"'])
def test_what_only_python_takes_for_json_is_no_plan(tmp_path: Path, odd: str) -> None:
    key = odd.partition(":")[0]
    whole = json.dumps(json.loads(night_plan.to_text(PLAN)), indent=1)
    text = "\n".join(f"   {odd}," if line.strip().startswith(key) else line for line in whole.splitlines())
    assert text != whole
    with pytest.raises(InputError):
        read(tmp_path, text.replace(f"{odd},\n  }}", f"{odd}\n  }}"))


def test_a_shard_has_what_is_due_and_nobody_else_holds() -> None:
    assert [PLAN.part(shard) for shard in (None, 1, 2)] == [{"docs"}, set(), {"docs"}]


def test_a_plan_of_another_version_or_shape_is_refused_with_its_place(tmp_path: Path) -> None:
    assert refusal(tmp_path, version=2).endswith("plan.json is a plan of version 2; this splinter knows version 1")
    for changes in ({"run": "../../x"}, {"extra": 1}, {"commit": "--output=x"}, {"at": 3}, {"shards": 0}):
        assert "is no plan of this splinter" in refusal(tmp_path, **changes)
    with pytest.raises(InputError, match="does not exist"):
        night_plan_file.read(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"at": "2026-11-26T02:00:00"}, "no time in UTC"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "no time in UTC"),
        ({"shards": 1}, "docs in shard 2 of 1"),
        ({"bases": [{"remote": "--upload-pack=x", "name": "main", "commit": COMMIT, "is_default": True}]}, "branch"),
        ({"branches": [{"remote": "origin", "branch": "a..b", "is_there": True}]}, 'a branch "a..b"'),
    ],
)
def test_what_the_schema_cannot_say_is_refused_too(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    assert said in refusal(tmp_path, **changes)


def test_a_workstream_or_base_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    for twice in (replace(PLAN, workstreams=(DOCS, DOCS)), replace(PLAN, bases=PLAN.bases * 2)):
        with pytest.raises(InputError, match="twice"):
            read(tmp_path, night_plan.to_text(twice))


@pytest.mark.parametrize(
    ("text", "said"),
    [("2", "such as 2/8"), ("1/2/2", "such as 2/8"), ("²/2", "such as 2/8"), ("1/3", "has 2 of them"), ("3/2", "last")],
)
def test_a_shard_that_the_plan_does_not_have_is_refused(text: str, said: str) -> None:
    assert night_plan.shard_of("2/2", PLAN) == 2
    with pytest.raises(InputError, match=said):
        night_plan.shard_of(text, PLAN)


def test_a_plan_of_other_workstreams_is_refused() -> None:
    known = {"docs": SLOT, "lint": SLOT, "tidy": SLOT}
    night_plan.refuse_unknown(PLAN, known)
    for other in ({"docz": SLOT, "lint": SLOT, "tidy": SLOT}, known | {"docs": "1" * 64}, known | {"more": SLOT}):
        with pytest.raises(InputError, match="other workstreams"):
            night_plan.refuse_unknown(PLAN, other)


def test_the_longest_go_first_onto_the_shard_with_the_least() -> None:
    seconds = {"a": 10.0, "b": 6.0, "c": 5.0, "d": 4.0}
    assert shards.cut(seconds, {}, shards=2) == {"a": 1, "b": 2, "c": 2, "d": 1}


def test_what_depends_on_each_other_stays_together_unless_it_is_done_already() -> None:
    seconds, depends_on = {"a": 1.0, "b": 1.0, "c": 1.0}, {"b": ("a",), "c": ("done",), "a": ("done",)}
    cut = shards.cut(seconds, depends_on, shards=2)
    assert cut["a"] == cut["b"] != cut["c"]


def test_what_never_ran_is_taken_for_one_in_the_middle() -> None:
    assert shards.expected_s({"a": [1.0, 9.0, 2.0], "b": [4.0], "new": []}) == {"a": 2.0, "b": 4.0, "new": 3.0}
    assert shards.expected_s({"new": []}) == {"new": shards.DEFAULT_S}


@given(
    seconds=st.dictionaries(st.sampled_from("abcdefghij"), st.floats(0, 1e6), min_size=1),
    edges=st.dictionaries(st.sampled_from("abcdefghij"), st.sets(st.sampled_from("abcdefghij"), max_size=2)),
    number=st.integers(1, 12), seed=st.randoms(),
)  # fmt: skip
def test_the_cut_is_whole_and_the_same_whatever_order_they_come_in(
    seconds: dict[str, float], edges: dict[str, set[str]], number: int, seed: object
) -> None:
    cut = shards.cut(seconds, edges, shards=number)
    shuffled = list(seconds.items())
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    assert cut == shards.cut(dict(shuffled), edges, shards=number)
    assert set(cut) == set(seconds)
    assert all(1 <= shard <= number for shard in cut.values())
    assert all(cut[id] == cut[other] for id in cut for other in edges.get(id, ()) if other in cut)
