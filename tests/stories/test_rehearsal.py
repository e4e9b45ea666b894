"""Finished branches brought together: which fit, which conflict, what fails only in company, and one pull request of the rest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splinter.engine.rehearsal.largest_subset import Names, largest
from tests.world import TUESDAY, World


def fails_with(culprits: Sequence[frozenset[str]]) -> Any:
    """A trial in which those names fail that are together with all of their set."""
    return lambda names: tuple("+".join(sorted(one)) for one in culprits if one <= set(names))


NAMES = tuple("abcdefgh")


@given(st.lists(st.frozensets(st.sampled_from(NAMES), min_size=1, max_size=3), max_size=4))
def test_what_is_kept_passes_and_nothing_could_be_added(culprits: list[frozenset[str]]) -> None:
    fails = fails_with(culprits)
    found = largest(NAMES, fails, {})
    assert fails(found.kept) == ()
    for other in set(NAMES) - set(found.kept):
        assert fails((*found.kept, other))
        assert found.failed[other]
    assert list(found.kept) == [name for name in NAMES if name in found.kept]


def test_one_culprit_among_many_is_found_in_few_trials() -> None:
    names, trials = tuple(f"n{number:03}" for number in range(128)), []

    def fails(some: Names) -> Names:
        trials.append(some)
        return ("it",) if "n077" in some else ()

    assert set(names) - set(largest(names, fails, {}).kept) == {"n077"}
    assert len(trials) <= 2 * 7 + 1


def test_who_builds_on_what_is_left_out_is_left_out_and_not_tried() -> None:
    found = largest(("a", "b", "c", "d"), fails_with([frozenset("a")]), {"b": ("a",), "c": ("b",)})
    assert found.kept == ("d",)
    assert (found.failed["b"], found.failed["c"]) == ((), ())


def rehearsal(world: World) -> dict[str, Any]:
    report = json.loads((world.root / "reports/latest/report.json").read_text())
    (found,) = report["rehearsals"]
    assert isinstance(found, dict)
    return found


def refs(world: World) -> str:
    return world.git("for-each-ref", "refs/heads")


def sides(world: World, *ids: str, check: str = "test $(cat side-*.txt | wc -l) -lt 3") -> None:
    """Workstreams whose changes merge; three of them together are too many for the check of each."""
    for id in ids:
        steps = [{"id": "s", "run": f"echo {id} > side-{id}.txt"}]
        world.workstream(id, steps=steps, checks=[{"id": "few", "run": f"touch side-.txt; {check}"}])


@pytest.mark.lane("stories")
def test_branches_that_fit_are_judged_as_one_and_no_branch_moves(world: World) -> None:
    sides(world, "a", "b")
    world.commit()
    assert world.doit("workstreams").status == 0
    before, unreachable = refs(world), world.git("fsck", "--unreachable", "--no-reflogs")
    done = world.doit()
    assert done.status == 0, done.out
    assert "rehearse  2 of 2 branches  together" in done.out
    assert world.git("fsck", "--unreachable", "--no-reflogs") == unreachable  # no trial is left in the repository
    found = rehearsal(world)
    assert (found["workstreams"], found["left_out"], found["clashes"], found["unions"]) == (["a", "b"], [], [], 1)
    assert [(check["workstream"], check["outcome"]) for check in found["checks"]] == [("a", "passed")]
    assert refs(world) == before
    assert world.git("show", f"{found['commit']}:side-a.txt", f"{found['commit']}:side-b.txt") == "a\nb"
    assert "## All branches together, on `main`" in (world.root / "reports/latest/report.md").read_text()
    assert "Rehearsal" not in (world.root / ".splinter/pull-requests/a.md").read_text()
    again = world.doit()
    assert again.out.startswith("nothing ")


@pytest.mark.lane("stories")
def test_one_branch_alone_needs_no_rehearsal(world: World) -> None:
    sides(world, "a")
    world.commit()
    done = world.doit()
    assert done.status == 0
    assert ".  rehearse" not in done.out
    assert json.loads((world.root / "reports/latest/report.json").read_text())["rehearsals"] == []


@pytest.mark.lane("stories")
def test_what_fails_only_in_company_is_found_by_halving(world: World) -> None:
    sides(world, "a", "b", "c", "d")
    world.workstream("e", depends_on=["d"], steps=[{"id": "s", "run": "echo e > e.txt"}])
    world.commit()
    done = world.doit()
    assert done.status == 0, done.out
    found = rehearsal(world)
    assert found["workstreams"] == ["a", "b"]
    assert {one["workstream"]: one["reason"] for one in found["left_out"]} == {
        "c": "check_failed", "d": "check_failed", "e": "depends_on"}  # fmt: skip
    assert found["left_out"][0]["message"].startswith("few of a: ")
    report = (world.root / "reports/latest/report.md").read_text()
    assert "- `a`: included\n" in report
    assert "- `e`: left out, what it builds on is left out" in report
    assert world.outcomes() == dict.fromkeys("abcde", "changed")
    logs = {log.name for log in world.root.glob(".splinter/runs/*/a/*.log")}
    assert "rehearsal.few.log" in logs
    assert world.git("show", "splinter/a:side-a.txt") == "a"
    assert (world.worktree("a") / "side-a.txt").exists()
    assert not (world.worktree("a") / "side-b.txt").exists()


def test_conflicts_are_named_pair_by_pair(world: World) -> None:
    world.write("one.txt", "1\n")
    world.write("two.txt", "2\n")
    for id, run in {
        "a": "echo a > one.txt",
        "b": "echo b > one.txt; echo b > two.txt",
        "c": "echo c > two.txt",
    }.items():
        world.workstream(id, steps=[{"id": "s", "run": run}])
    world.commit()
    assert world.doit().status == 0
    found = rehearsal(world)
    assert (found["workstreams"], [one["workstream"] for one in found["left_out"]]) == (["a", "c"], ["b"])
    assert {(one["one"], one["other"], *one["paths"]) for one in found["clashes"]} == {
        ("a", "b", "one.txt"), ("b", "c", "two.txt")}  # fmt: skip
    report = (world.root / "reports/latest/report.md").read_text()
    assert "- `b`: left out, it does not merge with a in one.txt; c in two.txt" in report


@pytest.mark.lane("stories")
def test_a_branch_that_was_merged_is_in_the_base_and_needs_no_place(world: World) -> None:
    sides(world, "a", "b", "c", check="true")
    world.commit()
    assert world.doit().status == 0
    world.git("merge", "--quiet", "--no-edit", "splinter/a")
    world.now = TUESDAY
    assert world.doit("b", "c", "rehearse", "report").status == 0
    assert rehearsal(world)["workstreams"] == ["b", "c"]


def together(world: World) -> None:
    world.write("splinter.toml", 'pull_requests = "together"\n')


def subjects(world: World, branch: str) -> list[str]:
    return world.git("log", "--reverse", "--format=%s", f"main..{branch}").splitlines()


def test_one_branch_and_one_pull_request_hold_the_commits_of_all_in_turn(world: World) -> None:
    together(world)
    sides(world, "a", "b")
    world.workstream("c", depends_on=["a"], objective="Be last.", pull_request={"labels": ["docs"]}, steps=[
        {"id": "s", "run": "cat side-a.txt > c.txt"}, {"id": "t", "run": "echo t >> c.txt"}])  # fmt: skip
    world.commit()
    early = world.doit("run", "workstreams", "pr")
    assert early.status == 2
    assert "what goes together was never judged, so nothing is proposed; run `doit run rehearse pr`" in early.out
    done = world.doit("--continue")
    assert done.status == 0, done.out
    assert subjects(world, "splinter/together") == [
        "Title of a (s)",
        "Title of b (s)",
        "Title of c (s)",
        "Title of c (t)",
    ]
    assert world.git("log", "-1", "--format=%(trailers:key=Workstream,valueonly)", "splinter/together") == "c"
    (page,) = (world.root / ".splinter/pull-requests").iterdir()
    text = page.read_text()
    assert 'title: "3 workstreams: a, b, c"' in text
    assert 'labels: ["docs"]' in text
    assert "- `c`: Be last." in text
    tip = world.git("rev-parse", "splinter/together")
    assert world.doit().out.startswith("nothing ")
    world.now = TUESDAY
    assert world.doit().status == 0
    assert world.git("rev-parse", "splinter/together") == tip
    assert page.read_text() == text


@pytest.mark.lane("stories")
def test_what_does_not_go_together_stays_out_of_the_pull_request_and_is_named_there(world: World) -> None:
    together(world)
    sides(world, "a", "b", "c")
    world.commit()
    assert world.doit().status == 0
    assert subjects(world, "splinter/together") == ["Title of a (s)", "Title of b (s)"]
    assert "c is left out: few of a: " in (world.root / ".splinter/pull-requests/together.md").read_text()


@pytest.mark.lane("stories")
def test_a_persons_commits_on_the_common_branch_stay_on_top_of_ours(world: World) -> None:
    together(world)
    sides(world, "a")
    world.commit()
    assert world.doit().status == 0
    world.git("checkout", "--quiet", "splinter/together")
    world.write("mine.txt", "mine\n")
    world.git("add", "mine.txt")
    world.git("commit", "--quiet", "-m", "by a person")
    world.git("checkout", "--quiet", "main")
    sides(world, "a", "b")
    assert world.doit().status == 0
    assert subjects(world, "splinter/together") == ["Title of a (s)", "Title of b (s)", "by a person"]


@pytest.mark.lane("stories")
def test_a_workstream_without_a_pull_request_is_in_the_union_only_where_others_build_on_it(world: World) -> None:
    together(world)
    world.workstream("alone", pull_request=False, steps=[{"id": "s", "run": "echo 1 > alone.txt"}])
    world.workstream("below", pull_request=False, steps=[{"id": "s", "run": "echo 1 > below.txt"}])
    world.workstream("top", depends_on=["below"], steps=[{"id": "s", "run": "echo 1 > top.txt"}])
    world.commit()
    assert world.doit().status == 0
    assert subjects(world, "splinter/together") == ["Title of below (s)", "Title of top (s)"]


def test_two_bases_are_refused_for_one_pull_request(world: World) -> None:
    together(world)
    world.workstream("a", steps=[{"id": "s", "run": "true"}])
    world.workstream("b", base="develop", steps=[{"id": "s", "run": "true"}])
    world.commit()
    world.git("branch", "develop")
    done = world.doit()
    assert done.status == 3
    assert 'pull_requests = "together" needs one base for all workstreams: a has "main", b "develop"' in done.err


@pytest.mark.parametrize("mode", [pytest.param("each", marks=pytest.mark.lane("stories")), "together"])
@pytest.mark.lane("stories")
def test_a_dry_run_says_what_would_be_published_and_changes_nothing(world: World, mode: str) -> None:
    world.write("splinter.toml", f'pull_requests = "{mode}"\n')
    sides(world, "a", "b")
    world.commit()
    assert "rehearse  would run" in world.doit("--dry-run").out
    assert world.git("for-each-ref", "refs/splinter") == ""
    assert world.doit("workstreams", "rehearse").status == 0
    before = world.git("for-each-ref")
    told = world.doit("--dry-run").out
    assert ("| head: splinter/together\n     | base: main\n" in told) == (mode == "together")
    assert world.git("for-each-ref") == before


@pytest.mark.lane("stories")
def test_a_workstream_that_is_gone_asks_for_no_new_rehearsal(world: World) -> None:
    sides(world, "a", "b", "c", check="true")
    world.commit()
    assert world.doit().status == 0
    (world.root / "workstreams/c.yaml").unlink()
    assert world.doit().out.startswith("nothing ")


@pytest.mark.lane("stories")
def test_gc_takes_the_common_branch_for_no_workstream_that_is_gone(world: World) -> None:
    together(world)
    sides(world, "a", "b")
    world.commit()
    assert world.doit().status == 0
    world.now = "2027-11-23T02:00:00+00:00"
    assert world.doit("gc").status == 0
    assert "refs/splinter/accepted/together" in world.git("for-each-ref", "refs/splinter")


@pytest.mark.lane("stories")
def test_a_rehearsal_alone_is_not_reported_as_a_run_in_which_nothing_ran(world: World) -> None:
    sides(world, "a", "b")
    world.commit()
    assert world.doit("workstreams").status == 0
    assert world.doit().status == 0
    report = (world.root / "reports/latest/report.md").read_text()
    assert report.startswith("# 2 workstreams: 2 skipped")
    assert "nothing ran" not in report


@pytest.mark.lane("stories")
def test_where_nothing_goes_together_an_open_pull_request_stays(world: World) -> None:
    together(world)
    sides(world, "a", check="true")
    world.commit()
    assert world.doit().status == 0
    page = world.root / ".splinter/pull-requests/together.md"
    before, tip = page.read_text(), world.git("rev-parse", "splinter/together")
    passes_once = {"id": "once", "run": f"mkdir '{world.home}/once'", "compare": False}
    world.workstream("a", steps=[{"id": "s", "run": "echo new > side-a.txt"}], checks=[passes_once])
    world.commit()
    done = world.doit()
    assert done.status == 2, done.out
    assert "pr:together  error  nothing goes together, so no pull request is opened" in done.out
    assert (page.read_text(), world.git("rev-parse", "splinter/together")) == (before, tip)
