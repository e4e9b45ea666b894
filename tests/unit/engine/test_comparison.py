"""Checks held against what they said before the change: what is new, fixed, old, flaky, gone or newly skipped."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from splinter.engine.checks import comparison
from splinter.engine.checks.comparison import compare
from splinter.model.records import CaseRecord, CheckRecord, Comparison, Outcomes
from tests.world import TUESDAY, World

NOTHING = Comparison(before="passed")
# situation, what the check's cases said before, now, and once more where it failed, what that means
SITUATIONS = (
    ("all as before", {"a": "passed"}, {"a": "passed"}, None, NOTHING),
    ("a new test passes", {"a": "passed"}, {"a": "passed", "b": "passed"}, None, NOTHING),
    ("a test broke", {"a": "passed"}, {"a": "failed"}, {"a": "failed"}, replace(NOTHING, broken=("a",))),
    ("an error is a failure", {"a": "passed"}, {"a": "error"}, {"a": "error"}, replace(NOTHING, broken=("a",))),
    ("a new test fails", {}, {"a": "failed"}, {"a": "failed"}, replace(NOTHING, broken=("a",))),
    ("a skipped test fails", {"a": "skipped"}, {"a": "failed"}, {"a": "failed"}, replace(NOTHING, broken=("a",))),
    ("fixed", {"a": "error"}, {"a": "passed"}, None, replace(NOTHING, fixed=("a",))),
    ("failing before", {"a": "failed"}, {"a": "error"}, None, replace(NOTHING, failing_before=("a",))),
    ("flaky", {"a": "passed"}, {"a": "failed"}, {"a": "passed"}, replace(NOTHING, flaky=("a",))),
    ("flaky the other way round", {"a": "failed", "b": "passed"}, {"a": "passed", "b": "failed"},
     {"a": "failed", "b": "failed"}, replace(NOTHING, flaky=("a",), broken=("b",))),
    ("vanished", {"a": "passed", "b": "passed"}, {"b": "passed"}, None, replace(NOTHING, vanished=("a",))),
    ("vanished, and failed before", {"a": "failed"}, {}, None, replace(NOTHING, vanished=("a",))),
    ("vanished, and was skipped", {"a": "skipped"}, {}, None, NOTHING),
    ("newly skipped", {"a": "passed"}, {"a": "skipped"}, None, replace(NOTHING, newly_skipped=("a",))),
    ("skipped, and failed before", {"a": "failed"}, {"a": "skipped"}, None, replace(NOTHING, newly_skipped=("a",))),
    ("skipped as before", {"a": "skipped"}, {"a": "skipped"}, None, NOTHING),
)  # fmt: skip


@pytest.mark.parametrize(
    ("before", "now", "again", "means"), [s[1:] for s in SITUATIONS], ids=[s[0] for s in SITUATIONS]
)
def test_cases_are_compared(before: Any, now: Any, again: Any, means: Comparison) -> None:
    once_more = Outcomes(check="passed", cases=again) if again else None
    assert compare(Outcomes(check="passed", cases=before), Outcomes(check="passed", cases=now), once_more) == means


def check(outcome: str = "passed", **cases: str) -> CheckRecord:
    return CheckRecord(
        workstream="w", check="t", outcome=outcome, seconds=1.0, message="ended with exit status 1",
        cases=tuple(CaseRecord(id=id, outcome=case) for id, case in cases.items()),
    )  # fmt: skip


def test_a_check_that_crashed_stands_for_itself_and_no_test_of_it_vanished() -> None:
    before, now = comparison.outcomes(check(a="passed", b="passed")), comparison.outcomes(check("failed"))
    assert compare(before, now) == Comparison(before="passed", broken=("t",))
    assert compare(now, now) == Comparison(before="failed", failing_before=("t",))
    assert compare(now, before) == Comparison(before="failed", fixed=("t",))


def test_a_check_that_fails_beside_its_cases_is_a_failure_of_its_own() -> None:
    """As coverage below its limit is: every test passes, and the exit status says failed."""
    compared = compare(comparison.outcomes(check(a="passed")), comparison.outcomes(check("failed", a="passed")))
    assert compared.broken == ("t",)
    assert comparison.told(comparison.judged(check("failed", a="passed"), compared, forgives_earlier=True)) == (
        "ended with exit status 1"
    )


def test_only_tests_are_forgiven_what_failed_before() -> None:
    """`test -s page.md` fails before the page is written, and is no less asked for."""
    bare, tests = check("failed"), check("failed", a="failed")
    for one, outcome in ((bare, "failed"), (tests, "passed")):
        compared = compare(comparison.outcomes(one), comparison.outcomes(one))
        assert comparison.judged(one, compared, forgives_earlier=True).outcome == outcome


def test_of_one_id_that_is_there_twice_the_worst_counts() -> None:
    twice = replace(check("failed"), cases=tuple(CaseRecord(id="a", outcome=one) for one in ("passed", "failed")))
    assert comparison.outcomes(twice).cases["a"] == "failed"


def tester(world: World) -> None:
    """A tool that reads `<test> <outcome>` lines from tests.txt as JUnit results; `flaky` fails every other time."""
    program = world.home / "tester"
    program.write_text(f"""#!/bin/sh
[ "$1" != --version ] || {{ echo tester 1.0; exit; }}
echo "$(grep -c . tests.txt)" >> {world.calls_file}
bad=0
{{ echo '<testsuite name="s">'
while read -r name outcome; do
  if [ "$outcome" = flaky ]; then
    if [ -e {world.home}/seen ]; then outcome=passed; else touch {world.home}/seen; outcome=failed; fi
  fi
  case $outcome in failed) bad=1; in='<failure message="no"/>' ;; skipped) in='<skipped/>' ;; *) in='' ;; esac
  echo "<testcase name=\\"$name\\">$in</testcase>"
done < tests.txt
echo '</testsuite>'; }} > "$1"
exit $bad
""")
    program.chmod(0o755)
    world.write("splinter.toml", f'[tools.tester]\ncommand = "{program}"\nargs = ["{{junit}}"]\n')


def asks(world: World, before: str, after: str, **fields: Any) -> None:
    """A workstream that makes tests.txt say `after` where it said `before`; cases by `;`."""
    tester(world)
    world.write("tests.txt", before.replace(";", "\n") + "\n")
    world.write("after.txt", after.replace(";", "\n") + "\n")
    one = {"id": "tests", "tool": "tester", **fields.pop("check", {})}
    world.workstream("w", steps=[{"id": "s", "run": "cp after.txt tests.txt"}], checks=[one], **fields)
    world.commit()


def compared(world: World) -> dict[str, Any]:
    told: dict[str, Any] = world.records()["w"]["checks"][0]["compared"]
    return {name: value for name, value in told.items() if value}


@pytest.mark.parametrize(
    ("before", "after", "forgiving", "outcome", "tells"),
    [
        ("a passed", "a passed;b passed", False, "changed", {"before": "passed"}),
        ("a failed;b passed", "a passed;b passed", False, "changed", {"before": "failed", "fixed": ["a"]}),
        ("a failed;b passed", "a failed;b passed;c passed", False, "failed", {"before": "failed", "failing_before": ["a"]}),
        ("a failed;b passed", "a failed;b passed;c passed", True, "changed", {"before": "failed", "failing_before": ["a"]}),
        ("a failed;b passed", "a failed;b failed", True, "failed",
         {"before": "failed", "failing_before": ["a"], "broken": ["b"]}),
        ("a passed;b passed", "b passed", True, "failed", {"before": "passed", "vanished": ["a"]}),
        ("a failed;b passed", "a skipped;b passed", True, "failed", {"before": "failed", "newly_skipped": ["a"]}),
        ("a passed", "a passed;b flaky", False, "changed", {"before": "passed", "flaky": ["b"]}),
    ],
)  # fmt: skip
def test_a_workstream_is_held_against_what_its_checks_said_before(
    world: World, before: str, after: str, forgiving: bool, outcome: str, tells: dict[str, Any]
) -> None:
    asks(world, before, after)
    if forgiving:
        world.write("splinter.toml", 'checks = "baseline"\n' + (world.root / "splinter.toml").read_text())
    done = world.doit()
    assert world.outcomes() == {"w": outcome}, done.out
    assert compared(world) == tells
    report = (world.root / "reports/latest/report.md").read_text()
    words = {"fixed": "Fixed: `a`", "vanished": "Vanished: `a`", "newly_skipped": "Newly skipped: `a`",
             "failing_before": "Failing before too: `a`", "broken": "Newly failing: `b`", "flaky": "Flaky: `b`"}  # fmt: skip
    for name in tells.keys() - {"before"}:
        assert words[name] in report
        assert words[name].split(": ")[1] in (world.root / "reports/latest/index.html").read_text().replace(
            "<code>", "`").replace("</code>", "`")  # fmt: skip
    if outcome == "changed":
        assert f"| `tests` | {tells['before']} | passed |" in (
            world.root / ".splinter/pull-requests/w.md"
        ).read_text()  # fmt: skip


def test_what_was_before_is_asked_once_for_a_tree(world: World) -> None:
    """By two workstreams at once, on the next day, and by an edit: the checks of the base ran once."""
    asks(world, "a passed", "a passed;b passed")
    text = (world.root / "workstreams/w.yaml").read_text()
    world.write("workstreams/v.yaml", text.replace("id: w", "id: v"))
    world.commit()
    assert world.doit("workstreams", "-n", "2").status == 0
    assert sorted(world.new_calls()) == ["1", "2", "2"]
    world.now = TUESDAY
    assert world.doit("workstreams").status == 0
    assert world.new_calls() == ["2", "2"]
    world.write("workstreams/w.yaml", text.replace("cp after.txt", "cp  after.txt"))
    assert world.doit("w").status == 0
    assert world.new_calls() == ["2"]
    world.write("tests.txt", "a passed\nz passed\ny skipped\n")
    world.commit()
    assert world.doit("w", "-a").status == 1
    assert sorted(world.new_calls()) == ["2", "3"]
    assert compared(world) == {"before": "passed", "vanished": ["z"]}


def test_a_check_that_is_not_to_be_compared_runs_on_the_change_alone(world: World) -> None:
    asks(world, "a passed;b passed", "b passed", check={"compare": False})
    assert world.doit().status == 0
    assert world.calls() == ["1"]
    assert world.records()["w"]["checks"][0]["compared"] is None


def test_a_step_that_changes_nothing_breaks_nothing(world: World) -> None:
    asks(world, "a failed", "a failed")
    world.write("splinter.toml", 'checks = "baseline"\n' + (world.root / "splinter.toml").read_text())
    assert world.doit().status == 0
    assert world.calls() == ["1", "1"], "before the step, and after it"
    assert compared(world) == {"before": "failed", "failing_before": ["a"]}


def test_a_failure_goes_back_to_the_agent_with_what_vanished(world: World) -> None:
    """The agent hears what its change broke; tests that it made vanish are back after its attempt."""
    asks(world, "a passed;b passed", "a passed", tool="agent", fix={"attempts": 1})
    agent = world.home / "agent"
    agent.write_text(
        f'#!/bin/sh\n[ "$1" != --version ] || exit 0\ncat > {world.home}/asked\necho "b passed" >> tests.txt\n'
    )
    agent.chmod(0o755)
    settings = (world.root / "splinter.toml").read_text()
    world.write("splinter.toml", settings + f'[tools.agent]\ncommand = "{agent}"\nprompt_args = []\nstdin = "prompt"\n')
    done = world.doit()
    assert done.status == 0, done.out
    assert "- b: it vanished; before your change it ran" in (world.home / "asked").read_text()
    assert compared(world) == {"before": "passed"}


def test_real_tests_are_judged_as_they_are_in_each_of_two_trees(world: World) -> None:
    """Both versions are of one size and may be of one second: what Python compiled of one must not stand for the other."""
    world.write(".gitignore", "__pycache__/\n")
    world.write("sums.py", "def one(): return 1\ndef two(): return 3\n")
    tests = "import sums\ndef test_one(): assert sums.one() == 1\ndef test_two(): assert sums.two() == 2\n"
    world.write("test_sums.py", tests)
    steps = [{"id": "s", "run": "sed 's/return 1/return 2/; s/return 3/return 2/' sums.py > new && mv new sums.py"}]
    world.workstream("w", steps=steps, checks=[{"id": "tests", "tool": "pytest", "args": ["test_sums.py"]}])
    world.commit()
    assert world.doit().status == 1
    assert compared(world) == {"before": "failed", "broken": ["test_sums::test_one"], "fixed": ["test_sums::test_two"]}
    logs = {log.name for log in world.root.glob(".splinter/runs/*/w/*.log")}
    assert {"tests.log", "tests.base.log", "tests.again.log"} <= logs


def test_a_base_whose_check_hangs_is_no_better_than_one_that_fails(world: World) -> None:
    world.write("hangs", "yes\n")
    check = {"id": "c", "run": "test ! -e hangs || exec sleep 60", "timeout": "1s"}
    world.workstream("w", steps=[{"id": "s", "run": "rm hangs"}], checks=[check])
    world.commit()
    done = world.doit()
    assert done.status == 0, done.out
    assert compared(world) == {"before": "failed", "fixed": ["c"]}
    assert json.loads((world.root / "reports/latest/report.json").read_text())["workstreams"][0]["checks"][0][
        "compared"]["before"] == "failed"  # fmt: skip


def test_a_used_up_budget_leaves_no_second_try_and_what_was_before_takes_nothing_of_it(world: World) -> None:
    """The check takes most of the minutes, so that none are left for a second try."""
    check = {"id": "c", "run": "sleep 1.2; test ! -e out.txt"}
    world.workstream("w", steps=[{"id": "s", "run": "echo x > out.txt"}], checks=[check], budget={"minutes": 0.03})
    world.commit()
    assert world.doit().status == 1
    record = world.records()["w"]
    assert record["reason"] == "check_failed"
    assert record["checks"][0]["compared"]["before"] == "passed"
