"""The fix loop and its breakers: seen through real runs with an agent that answers from a list of scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from splinter.engine.checks import stuck_detector
from splinter.engine.checks.stuck_detector import STALLED_OVER, Tried
from tests.world import LEAN, TUESDAY, World, children, end_group, wait_for

TEST = """from pathlib import Path
import pytest
@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_value(name):
    assert Path("values", name).read_text() == "good\\n", f"{name} is wrong"
"""
# the same tests without pytest, whose start is most of what a check costs here
LIKE_TEST = """#!/bin/sh
[ "$1" != --version ] || exit 0
bad=0
{ echo '<testsuite>'
for name in a b c; do
  echo "<testcase classname='test_values' name='test_value[$name]'>"
  [ "$(cat values/$name)" = good ] || { bad=1; echo "<failure message='AssertionError: $name is wrong'/>"; }
  echo '</testcase>'
done
echo '</testsuite>'; } > "$1"
exit $bad
"""
PYTEST = {"id": "tests", "tool": "pytest", "args": ["-q", LEAN, "test_values.py"]}
CHECK = {"id": "tests", "tool": "values"}


def agent(world: World, *answers: str, attempts: int = 5, check: dict[str, Any] = CHECK, **fields: Any) -> None:
    """An agent whose n-th call runs the n-th script, the last one for ever; its prompts are kept beside it."""
    folder = world.home / "agent"
    folder.mkdir(exist_ok=True)
    for number, answer in enumerate(answers, 1):
        (folder / f"{number}.sh").write_text(answer)
    (folder / "agent").write_text(
        f"#!/bin/sh\n[ $# = 0 ] || exit 0\ncd_to=$PWD; cd '{folder}'; n=$(( $(cat count 2>/dev/null || echo 0) + 1 )); echo $n > count\n"
        f'echo call >> {world.calls_file}; cat > "asked-$n"\n'
        f'[ -e $n.sh ] || n={len(answers)}\ncd "$cd_to"; . "{folder}/$n.sh"\n'
    )
    (folder / "values").write_text(LIKE_TEST)
    for program in ("agent", "values"):
        (folder / program).chmod(0o755)
    world.write(
        "splinter.toml",
        f'[tools.agent]\ncommand = "{folder}/agent"\nprompt_args = []\nstdin = "prompt"\ntimeout = 30\n'
        f'[tools.values]\ncommand = "{folder}/values"\nargs = ["{{junit}}"]\n',
    )
    for name in "abc":
        world.write(f"values/{name}", "good\n")
    world.write("test_values.py", TEST)
    world.workstream(
        "w", tool="agent", scope={"modify": ["values/**"]}, fix={"attempts": attempts},
        steps=[{"id": "ask", "prompt": "Change the values."}], checks=[check], **fields,
    )  # fmt: skip
    world.commit()


def sets(**values: str) -> str:
    return "".join(f"echo {value} > values/{name}\n" for name, value in values.items())


def outcome(world: World) -> tuple[str, str | None, list[str]]:
    record = world.records()["w"]
    return record["outcome"], record["reason"], [step["step"] for step in record["steps"]]


def test_what_the_first_attempt_breaks_and_the_second_fixes_ends_changed_with_both_recorded(world: World) -> None:
    agent(world, sets(a="bad"), sets(a="good", b="bad"), sets(b="good") + "echo more > values/new", check=PYTEST)
    done = world.doit("w")
    assert done.status == 0
    assert "   w:accept  fix attempt 2 of 5 for tests (test_values::test_value[b])\n" in done.out
    headings = [line for line in world.doit("log", "w:tests").out.splitlines() if line.startswith("[")]
    assert headings == ["[after fix attempt 1 of 5]", "[after fix attempt 2 of 5]"]
    assert outcome(world) == ("changed", None, ["ask", "fix-1", "fix-2"])
    asked = [(world.home / f"agent/asked-{number}").read_text() for number in (2, 3)]
    assert "Fix the cause (attempt 1 of 5)." in asked[0]
    assert "test_values::test_value[a]: AssertionError: a is wrong" in asked[0]
    assert "test_value[b]" not in asked[0].split("The last of what it printed")[0]
    assert "test_values::test_value[b]: AssertionError: b is wrong" in asked[1]
    assert "You may change only: `values/**`" in asked[1]
    log = world.git("log", "--format=%(trailers:key=Step,valueonly,separator=)", "main..splinter/w").split()
    assert log == ["fix-2", "fix-1", "ask"]
    fixed = [step["notes"] for step in world.records()["w"]["steps"][1:]]
    assert fixed == [["fixed test_values::test_value[a]"], ["fixed test_values::test_value[b]"]]


def test_a_failed_check_that_goes_back_to_nobody_says_how_it_would_and_what_else_can_be_done(world: World) -> None:
    agent(world, sets(a="bad"), attempts=0)
    done = world.doit("w")
    again = "doit w goes on at accept, or starts over once main has moved; doit -a w starts over now, and asks its agents again."
    assert f"     fix: {{attempts: 2}} in workstreams/w.yaml would give it back to agent.\n     {again}\n" in done.out
    place = next(line for line in done.out.splitlines() if line.startswith("     Work tree: cd "))
    assert Path(place.partition("cd ")[2], "values/a").read_text() == "bad\n", "what it made is there"


@pytest.mark.lane("agents")
def test_two_wrong_results_in_turn_end_as_oscillating_at_the_third(world: World) -> None:
    agent(world, sets(a="bad"), sets(a="good", b="bad"), sets(a="bad", b="good"))
    assert world.doit("w").status == 1
    assert outcome(world) == ("failed", "oscillating", ["ask", "fix-1", "fix-2"])
    message = world.records()["w"]["message"]
    assert message.startswith("fix attempt 2 came back to a result that had failed before; no more are made until")
    assert len(world.calls()) == 3


@pytest.mark.lane("agents")
def test_the_same_failures_in_ever_new_results_end_as_oscillating_before_the_last_attempt(world: World) -> None:
    agent(world, *(sets(a=f"bad-{number}") for number in range(9)))
    assert world.doit("w").status == 1
    assert outcome(world) == ("failed", "oscillating", ["ask", "fix-1", "fix-2"])
    assert "left the same failures in 3 results one after another" in world.records()["w"]["message"]
    assert len(world.calls()) == 3


@pytest.mark.lane("agents")
def test_progress_is_let_go_on_to_the_last_attempt(world: World) -> None:
    agent(world, sets(a="bad", b="bad", c="bad"), sets(a="good"), sets(b="good"), attempts=2)
    assert world.doit("w").status == 1
    assert outcome(world) == ("failed", "check_failed", ["ask", "fix-1", "fix-2"])
    assert world.records()["w"]["message"] == (
        "tests: 1 of 3 tests failed (2 fix attempts are used up until the next occurrence, an edit, or doit -a)"
    )


@pytest.mark.lane("agents")
def test_used_up_attempts_wait_for_an_edit_all_again_or_the_next_occurrence(world: World) -> None:
    agent(world, *(sets(a=f"bad-{number}") for number in range(9)), attempts=1, when="daily")
    world.doit("w")
    assert len(world.new_calls()) == 2
    world.doit("w")
    assert world.new_calls() == []
    world.doit("-a", "w")
    assert len(world.new_calls()) == 2
    world.now = TUESDAY
    world.doit("w")
    assert len(world.new_calls()) == 2
    agent(world, *(sets(a=f"bad-{number}") for number in range(9)), attempts=1, when="daily", objective="Another one.")
    world.doit("w")
    assert len(world.new_calls()) == 2


@pytest.mark.lane("kills")
def test_a_kill_in_an_attempt_goes_on_counting_and_asks_for_no_finished_one_again(world: World) -> None:
    wait = f"until test -e '{world.home}/go'; do sleep 0.05; done\n"
    mends = sets(b="good", c="good") + "echo more > values/new"
    agent(world, sets(a="bad", b="bad", c="bad"), sets(a="good"), wait + sets(b="good"), mends)
    doit = world.start("w")
    wait_for(lambda: len(world.calls()) == 3, "the second attempt")
    end_group(doit)
    (world.home / "go").touch()
    assert world.doit("w").status == 0
    assert outcome(world) == ("changed", None, ["ask", "fix-1", "fix-3"])
    assert len(world.calls()) == 4
    assert children(world) == []


@pytest.mark.lane("agents")
def test_a_change_that_grows_past_its_limit_by_fixing_is_asked_for_no_more(world: World) -> None:
    grow = "seq 100 > values/new\n"
    agent(world, sets(a="bad"), grow + sets(a="good", b="bad"))
    world.workstream(
        "w", tool="agent", scope={"modify": ["values/**"]}, fix={"attempts": 5, "max_lines": 50},
        steps=[{"id": "ask", "prompt": "x"}], checks=[CHECK],
    )  # fmt: skip
    world.commit()
    assert world.doit("w").status == 1
    assert outcome(world) == ("failed", "check_failed", ["ask", "fix-1"])
    assert "(fixing let the change grow to 102 lines, past its limit of 50)" in world.records()["w"]["message"]


def test_a_check_without_test_results_is_compared_by_what_it_prints_numbers_aside(world: World) -> None:
    agent(world, *(sets(a=f"bad-{number}") for number in range(9)))
    world.workstream(
        "w", tool="agent", fix={"attempts": 8}, steps=[{"id": "ask", "prompt": "x"}],
        checks=[{"id": "c", "run": "date +%s%N; echo 'line 3 is wrong'; exit 1"}],
    )  # fmt: skip
    world.commit()
    world.doit("w")
    assert outcome(world)[1] == "oscillating"


@pytest.mark.lane("agents")
def test_an_attempt_that_fails_itself_ends_the_loop_with_its_reason_and_counts(world: World) -> None:
    agent(world, sets(a="bad"), "echo x > outside.txt", attempts=1)
    world.doit("w")
    record = world.records()["w"]
    assert (record["reason"], record["step"]) == ("out_of_scope", "accept")
    assert record["message"].startswith("fix-1: outside.txt is not in scope to create")
    assert [check["outcome"] for check in record["checks"]] == ["failed"]
    world.new_calls()
    world.doit("w")
    assert world.new_calls() == []


def tried(*pairs: tuple[str, str]) -> list[Tried]:
    return [Tried(tree=tree, failing=failing) for tree, failing in pairs]


@pytest.mark.parametrize(
    ("results", "told"),
    [
        ([("t1", "f1")], None),
        ([("t1", "f1"), ("t2", "f1")], None),
        ([("t1", "f1"), ("t1", "f1")], "came back"),
        ([("t1", "f1"), ("t2", "f2"), ("t1", "f1")], "came back"),
        ([("t1", "f1"), ("t2", "f1"), ("t3", "f1")], "left the same failures"),
        ([("t1", "f1"), ("t2", "f2"), ("t3", "f1"), ("t4", "f2")], None),
        ([("t1", "f9"), ("t2", "f1"), ("t3", "f1"), ("t4", "f1")], "left the same failures"),
    ],
)
def test_the_breakers_trip_on_circles_and_on_standing_still(results: list[tuple[str, str]], told: str | None) -> None:
    why = stuck_detector.trip(tried(*results))
    assert why is None if told is None else why is not None and why.startswith(told)
    assert STALLED_OVER == 3
