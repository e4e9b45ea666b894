"""Checks held against what they said before the change: what is new, fixed, old, flaky, gone or newly skipped."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from splinter.engine.checks import baseline, comparison
from splinter.engine.checks.comparison import compare
from splinter.engine.due import way_out
from splinter.engine.tools import prompts
from splinter.engine.work import Work
from splinter.model.records import CaseRecord, CheckRecord, Comparison
from splinter.model.verdict import Outcomes
from splinter.model.workstream import Run, Step, Workstream
from tests import deep
from tests.world import LEAN, TUESDAY, World

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
    ("vanished, and back at the second try", {"a": "passed", "b": "passed"}, {"b": "passed"},
     {"a": "passed", "b": "passed"}, NOTHING),
    ("vanished, and fails at the second try", {"a": "passed", "b": "passed"}, {"b": "passed"},
     {"a": "failed", "b": "passed"}, replace(NOTHING, broken=("a",))),
    ("skipped, and passes at the second try", {"a": "passed"}, {"a": "skipped"}, {"a": "passed"}, NOTHING),
    ("skipped, and fails at the second try", {"a": "passed"}, {"a": "skipped"}, {"a": "failed"},
     replace(NOTHING, broken=("a",))),
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
    assert compare(before, now) == Comparison(before="passed", itself="broken")
    assert compare(now, now) == Comparison(before="failed", itself="failing_before")
    assert compare(now, before) == Comparison(before="failed", itself="fixed")


def test_a_check_that_fails_beside_its_cases_is_a_failure_of_its_own() -> None:
    """As coverage below its limit is: every test passes, and the exit status says failed."""
    compared = compare(comparison.outcomes(check(a="passed")), comparison.outcomes(check("failed", a="passed")))
    assert compared.itself == "broken"
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


def run(status: int, doubts: tuple[str, ...] = (), reason: str | None = None, **cases: str) -> CheckRecord:
    """A check whose command ended with that status."""
    reason = reason or ("exit_code" if status else None)
    return replace(check("failed" if status else "passed", **cases), exit_status=status, reason=reason, doubts=doubts)


# situation, the check before, now, once more or None, and whether it passes where what failed before is forgiven
VERDICTS = (
    ("nothing failed", run(0, a="passed"), run(0, a="passed"), None, True),
    ("it failed before, by name", run(1, a="failed"), run(1, a="failed"), None, True),
    ("another failed before", run(1, a="failed", b="passed"), run(1, a="failed", b="failed"), None, False),
    ("one broke while another was fixed", run(1, a="failed", b="passed"), run(1, a="passed", b="failed"), None, False),
    ("it failed before, without a name", run(1), run(1), None, False),
    ("before it left no cases", run(4), run(1, a="failed"), None, False),
    ("before it left no cases, and now all pass", run(4), run(0, a="passed"), None, True),
    ("a case is named like its check", run(0, a="passed"), run(2, t="error"), None, False),
    ("every case passes, and the command fails", run(0, a="passed"), run(1, a="passed"), None, False),
    ("as before, but it ended otherwise", run(1, a="failed"), run(3, a="failed"), None, False),
    ("as before, but a signal ended it", run(1, a="failed"), run(-9, a="failed"), None, False),
    ("the status tells how many failed", run(2, a="failed", b="failed"), run(1, a="failed", b="passed"), None, True),
    ("the status tells that no error is left", run(2, a="error", b="failed"), run(1, a="passed", b="failed"), None, True),
    ("it hung as before", run(-9, reason="timed_out", a="failed"), run(-9, reason="timed_out", a="failed"), None, False),
    ("it says that more failed", run(1, a="failed"), run(1, ("2 failed, and 1 is there",), a="failed"), None, False),
    ("it said so before too", run(1, ("?",), a="failed"), run(1, ("?",), a="failed"), None, False),
    ("it ends well, and says that one failed", run(0, a="passed"), run(0, ("1 failed",), a="passed"), None, False),
    ("it ends well, and a case failed", run(0, a="passed"), run(0, a="failed"), None, False),
    ("a case is gone", run(1, a="failed", b="passed"), run(1, a="failed"), None, False),
    ("a case is skipped", run(1, a="failed", b="passed"), run(1, a="failed", b="skipped"), None, False),
    ("what broke passes when tried again", run(0, a="passed"), run(1, a="failed"), run(0, a="passed"), True),
    ("what broke fails when tried again", run(0, a="passed"), run(1, a="failed"), run(1, a="failed"), False),
    ("it crashed, and not when tried again", run(0, a="passed"), run(3), run(0, a="passed"), True),
    ("it crashed, and then a case fails", run(0, a="passed"), run(3), run(1, a="failed"), False),
    ("it crashed, and then a case is gone", run(0, a="passed", b="passed"), run(3), run(0, a="passed"), False),
    ("it crashed, and then only what failed before", run(1, a="failed"), run(3), run(1, a="failed"), True),
    ("a case broke, and then the command fails alone", run(0, a="passed"), run(1, a="failed"), run(1, a="passed"), False),
    ("it crashed twice", run(0, a="passed"), run(3), run(3), False),
)  # fmt: skip


@pytest.mark.parametrize(("before", "now", "again", "passes"), [v[1:] for v in VERDICTS], ids=[v[0] for v in VERDICTS])
def test_a_check_passes_only_where_every_failure_is_accounted_for(
    before: CheckRecord, now: CheckRecord, again: CheckRecord | None, passes: bool
) -> None:
    compared = compare(
        comparison.outcomes(before), comparison.outcomes(now), comparison.outcomes(again) if again else None
    )
    judged = comparison.judged(now, compared, forgives_earlier=True)
    assert judged.outcome == ("passed" if passes else "failed")
    assert passes or judged.message


def test_without_forgiving_no_case_may_fail() -> None:
    for _, before, now, again, passes in VERDICTS:
        ran = [comparison.outcomes(one) for one in (before, now, again) if one]
        judged = comparison.judged(now, compare(*ran), forgives_earlier=False)
        is_bad = bool(set(ran[-1].cases.values()) & {"failed", "error"})
        assert judged.outcome == ("passed" if passes and not is_bad else "failed")


def test_a_check_that_is_compared_with_nothing_passes_only_where_no_case_of_it_fails() -> None:
    assert comparison.judged_alone(run(0, a="passed")).outcome == "passed"
    for one, message in (
        (run(0, a="failed", b="passed"), "1 of 2 tests failed"),
        (run(0, ("its results are in doubt",), a="passed"), "its results are in doubt"),
        (run(1, a="passed"), "ended with exit status 1"),
    ):
        judged = comparison.judged_alone(one)
        assert (judged.outcome, judged.message) == ("failed", message)


def test_a_case_that_passed_at_a_later_attempt_is_flaky_and_fails_nothing() -> None:
    retried = CaseRecord(id="a", outcome="passed", attempts=("failed",))
    old, still = CaseRecord(id="b", outcome="failed"), run(1, b="failed", a="passed")
    now = replace(still, cases=(retried, old))
    compared = compare(comparison.outcomes(still), comparison.outcomes(now))
    assert compared == Comparison(before="failed", failing_before=("b",), flaky=("a",))
    assert comparison.judged(now, compared, forgives_earlier=True).outcome == "passed"
    assert (
        comparison.told(comparison.judged(now, compared, forgives_earlier=False))
        == "1 of 2 tests failed, none of them newly"
    )


def test_what_can_be_done_is_said_only_where_the_change_made_nothing_worse() -> None:
    def held(before: CheckRecord, now: CheckRecord) -> CheckRecord:
        compared = compare(comparison.outcomes(before), comparison.outcomes(now))
        return comparison.judged(now, compared, forgives_earlier=False)

    plan: Any = SimpleNamespace(base=SimpleNamespace(shown="main"), forgives_earlier=False)
    baseline: Any = SimpleNamespace(base=plan.base, forgives_earlier=True)
    old = held(run(1, a="failed", b="passed"), run(1, a="failed", b="passed"))
    worse = held(run(1, a="failed", b="passed"), run(1, a="failed", b="failed"))
    crashes = held(run(3), run(3))  # no test of it can be forgiven by its name
    settings = ' checks = "baseline" in the settings lets it stand.'
    says = (
        "What fails here failed before the change too, and is still to be fixed: by this workstream, on main, or in "
        "what is installed here.{}"
    )
    assert way_out.of_earlier_failures(plan, [old, run(0, c="passed")]) == says.format(settings)
    assert way_out.of_earlier_failures(plan, [old, crashes]) == says.format("")
    assert way_out.of_earlier_failures(baseline, [crashes]) == says.format("")
    assert way_out.of_earlier_failures(plan, [old, worse]) == way_out.of_earlier_failures(plan, []) == ""
    assert way_out.of_earlier_failures(plan, [held(run(0, a="passed"), run(0, b="passed"))]) == "", "one vanished"


def told_to_agent(before: CheckRecord, now: CheckRecord) -> str:
    """The prompt of a fix attempt."""
    judged = comparison.judged(
        now, compare(comparison.outcomes(before), comparison.outcomes(now)), forgives_earlier=False
    )
    workstream = Workstream(id="w", title="W", source="w.yaml", steps=())
    return prompts.of_fix(workstream, [prompts.Failure(check=judged, output="")], number=1, earlier=())


def test_an_agent_hears_what_is_in_doubt() -> None:
    """The command ended well, so that its exit status tells the agent nothing."""
    assert "- 1 is missing\n" in told_to_agent(run(0, a="passed"), run(0, ("1 is missing",), a="passed"))


def test_an_agent_hears_of_a_test_that_it_is_to_mend_that_it_still_fails() -> None:
    prompt = told_to_agent(run(1, a="failed", b="passed"), run(1, a="failed", b="failed"))
    assert "- b\n- a (it failed before your change, and still does)\n" in prompt


def test_what_passed_at_a_later_attempt_did_not_fail_before() -> None:
    before = replace(run(1, b="failed"), cases=(CaseRecord(id="a", outcome="passed", attempts=("failed",)),
                                                CaseRecord(id="b", outcome="failed")))  # fmt: skip
    compared = compare(comparison.outcomes(before), comparison.outcomes(run(1, a="failed", b="failed")))
    assert (compared.broken, compared.failing_before) == (("a",), ("b",))


def test_what_left_no_cases_before_is_not_comparable_and_a_note_says_so() -> None:
    before, now = comparison.outcomes(run(4)), comparison.outcomes(run(0, a="passed"))
    assert comparison.remarks(before, now) == (
        "not comparable: before the change the check left no results of single tests (it ended with exit status 4)",
    )
    assert comparison.remarks(now, now) == comparison.remarks(before, before) == ()


U, V, W = (f"t::test_u[{id}]" for id in ("0f9b-4c1d8a77", "6a3e-91b0c2d4", "b7c1-00ffee12"))
# situation, cases before, now, before once more, and what has vanished; all of them pass
NAMES = (
    ("a name of its own in each run", (U, "a"), (V, "a"), (W, "a"), ()),
    ("two of them", (U, V, "a"), ("t::test_u[1]", "t::test_u[2]", "a"), ("t::test_u[3]", "t::test_u[4]", "a"), ()),
    ("one of two is gone", (U, V, "a"), ("t::test_u[1]", "a"), ("t::test_u[3]", "t::test_u[4]", "a"), (U, V)),
    ("it is gone", (U, "a"), ("a",), (W, "a"), (U,)),
    ("it is gone, and another kind came", (U, "a"), ("t::test_other[1]", "a"), (W, "a"), (U,)),
    ("a test that the base gives again is gone", (U, "a", "b"), (V, "a", "c"), (W, "a", "b"), ("b",)),
    ("a parameter that the base gives again is gone", (U,), (V,), (U,), (U,)),
    ("the base was not run again", (U, "a"), (V, "a"), None, (U,)),
)


@pytest.mark.parametrize(("before", "now", "before_again", "gone"), [n[1:] for n in NAMES], ids=[n[0] for n in NAMES])
def test_only_a_name_that_the_base_does_not_give_again_may_be_gone(
    before: tuple[str, ...], now: tuple[str, ...], before_again: tuple[str, ...] | None, gone: tuple[str, ...]
) -> None:
    one, two, again = (
        Outcomes(check="passed", cases=dict.fromkeys(ids, "passed")) for ids in (before, now, before_again or ())
    )
    compared = compare(one, two, two, again if before_again else None)
    assert compared.vanished == tuple(sorted(gone))
    assert set(compared.unstable) == set(before) - set(now) - set(gone)


def test_a_base_that_ends_otherwise_the_second_time_proves_nothing_of_names() -> None:
    one, two = (Outcomes(check="passed", cases={id: "passed"}) for id in (U, V))
    for again in (Outcomes(check="failed", cases={W: "failed"}), Outcomes(check="failed", is_unexplained=True)):
        assert compare(one, two, two, again).vanished == (U,)


def tester(world: World) -> None:
    """A tool that reads `<test> <outcome>` lines from tests.txt as JUnit results; `flaky` fails every other time."""
    program = world.home / "tester"
    program.write_text(f"""#!/bin/sh
[ "$1" != --version ] || {{ echo tester 1.0; exit; }}
echo "$(grep -c . tests.txt)" >> {world.calls_file}
bad=0
{{ echo '<testsuite>'
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


HELD: list[Any] = [
    ("a passed", "a passed;b passed", False, "changed", {"before": "passed"}),
    ("a failed;b passed", "a passed;b passed", False, "changed", {"before": "failed", "fixed": ["a"]}),
    ("a failed;b passed", "a failed;b passed;c passed", False, "failed", {"before": "failed", "failing_before": ["a"]}),
    ("a failed;b passed", "a failed;b passed;c passed", True, "changed", {"before": "failed", "failing_before": ["a"]}),
    ("a failed;b passed", "a failed;b failed", True, "failed",
     {"before": "failed", "failing_before": ["a"], "broken": ["b"]}),
    ("a passed;b passed", "b passed", True, "failed", {"before": "passed", "vanished": ["a"]}),
    ("a failed;b passed", "a skipped;b passed", True, "failed", {"before": "failed", "newly_skipped": ["a"]}),
    ("a passed", "a passed;b flaky", False, "changed", {"before": "passed", "flaky": ["b"]}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "forgiving", "outcome", "tells"), deep.rows(HELD, "stories", ordinary=HELD[3:7])
)
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
             "failing_before": "Still failing: `a`", "broken": "Newly failing: `b`", "flaky": "Flaky: `b`"}  # fmt: skip
    for name in tells.keys() - {"before"}:
        assert words[name] in report
        assert words[name].split(": ")[1] in (world.root / "reports/latest/index.html").read_text().replace(
            "<code>", "`").replace("</code>", "`")  # fmt: skip
    if outcome == "changed":
        proposed = (world.root / ".splinter/pull-requests/w.md").read_text()
        assert f"- `tests`: {sum(one.endswith('passed') for one in after.split(';'))} passed" in proposed


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
    assert sorted(world.new_calls()) == ["2", "2", "3"]  # what vanished is tried again
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
    world.workstream("w", steps=steps, checks=[{"id": "tests", "tool": "pytest", "args": [LEAN, "test_sums.py"]}])
    world.commit()
    assert world.doit().status == 1
    assert compared(world) == {"before": "failed", "broken": ["test_sums::test_one"], "fixed": ["test_sums::test_two"]}
    logs = {log.name for log in world.root.glob(".splinter/runs/*/w/*.log")}
    assert {"tests.log", "tests.base.log", "tests.again.log"} <= logs


@pytest.mark.lane("stories")
def test_a_base_whose_check_hangs_is_no_better_than_one_that_fails(world: World) -> None:
    world.write("hangs", "yes\n")
    check = {"id": "c", "run": "test ! -e hangs || exec sleep 60", "timeout": "1s"}
    world.workstream("w", steps=[{"id": "s", "run": "rm hangs"}], checks=[check])
    world.commit()
    done = world.doit()
    assert done.status == 0, done.out
    assert compared(world) == {"before": "failed", "itself": "fixed"}
    assert json.loads((world.root / "reports/latest/report.json").read_text())["workstreams"][0]["checks"][0][
        "compared"]["before"] == "failed"  # fmt: skip


@pytest.mark.lane("stories")
def test_a_used_up_budget_leaves_no_second_try_and_what_was_before_takes_nothing_of_it(world: World) -> None:
    """The check takes most of the minutes, so that none are left for a second try."""
    check = {"id": "c", "run": "sleep 1.2; test ! -e out.txt"}
    world.workstream("w", steps=[{"id": "s", "run": "echo x > out.txt"}], checks=[check], budget={"minutes": 0.03})
    world.commit()
    assert world.doit().status == 1
    record = world.records()["w"]
    assert record["reason"] == "check_failed"
    assert record["checks"][0]["compared"]["before"] == "passed"


def pytest_in(world: World, step: str, tests: str, **fields: Any) -> None:
    """A workstream that is judged by pytest, as the README's first one is."""
    world.write(".gitignore", "__pycache__/\n")
    world.write("tests.py", tests)
    one = {"id": "tests", "tool": "pytest", "args": [LEAN, "-p", "no:cacheprovider", "tests.py"]}
    world.workstream("w", steps=[{"id": "s", "run": step}], checks=[one], **fields)
    world.commit()


@pytest.mark.lane("stories")
def test_a_test_that_is_named_like_its_check_does_not_speak_for_the_check(world: World) -> None:
    pytest_in(world, "echo 'import no_such_module' >> tests.py", "def test_one(): pass\n")
    assert world.doit().status == 1
    record = world.records()["w"]
    assert (record["reason"], record["checks"][0]["outcome"]) == ("check_failed", "failed")
    assert record["checks"][0]["doubts"] == ["tests could not be loaded or started, and no test in there ran"]
    assert compared(world) == {"before": "passed", "itself": "broken"}


def test_where_a_file_could_not_be_loaded_before_the_others_were_not_judged(world: World) -> None:
    """pytest runs no test at all then, and says the same of a change that breaks any of them."""
    world.write("splinter.toml", 'checks = "baseline"\n')
    world.write("test_old.py", "import no_such_module\n")
    world.write("test_new.py", "import app\ndef test_one(): assert app.one == 1\n")
    world.write("app.py", "one = 1\n")
    one = {"id": "tests", "tool": "pytest", "args": [LEAN, "-p", "no:cacheprovider"]}
    world.workstream("w", steps=[{"id": "s", "run": "echo 'one = 2' > app.py"}], checks=[one])
    world.commit()
    assert world.doit().status == 1
    assert world.records()["w"]["message"] == (
        "tests: test_old could not be loaded or started, and no test in there ran"
    )


IDS = """import pytest, uuid
@pytest.mark.parametrize("u", [str(uuid.uuid4())])
def test_u(u): pass
def test_one(): pass
"""


@pytest.mark.lane("stories")
def test_names_that_differ_from_run_to_run_do_not_fail_a_change_of_the_docs(world: World) -> None:
    pytest_in(world, "echo more >> README.md", IDS)
    done = world.doit()
    assert done.status == 0, done.out
    assert list(compared(world)) == ["before", "unstable"]
    assert "Named differently in each run: `tests::test_u[" in (world.root / "reports/latest/report.md").read_text()


@pytest.mark.parametrize("gone", deep.rows(("test_u", "test_one"), "stories", ordinary=()))
def test_a_deleted_test_vanishes_beside_names_that_differ_from_run_to_run(world: World, gone: str) -> None:
    pytest_in(world, f"sed -i 's/def {gone}(.*/def other(u=0): pass/; s/^@.*//' tests.py", IDS)
    assert world.doit().status == 1
    assert any(name.startswith(f"tests::{gone}") for name in compared(world)["vanished"])


def test_what_an_earlier_version_remembered_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It judged by other rules, so that what it remembers might forgive what never failed."""
    outside = SimpleNamespace(environment=SimpleNamespace(plain_values=lambda names: {}, runner=dict))
    session: Any = SimpleNamespace(version=lambda profile: None, outside=outside)
    plan: Any = SimpleNamespace(
        env=(), setup=(), tools={}, values={"workstream.id": "w", "matrix.p": "a"}, workstream=Workstream(
            id="w", title="", source="", steps=(), matrix={"p": "a"}
        ),
    )  # fmt: skip
    step = Step(id="tests", action=Run(command="true"), timeout_s=1.0)
    work = Work(session=session, plan=plan)
    key = baseline.key(work, step)
    plan.values = {"workstream.id": "other", "matrix.p": "a"}
    assert baseline.key(work, step) == key, "it names no workstream"
    plan.values = {"workstream.id": "w", "matrix.p": "b"}
    assert baseline.key(work, step) != key, "it may read what its member is of"
    plan.values = {"workstream.id": "w", "matrix.p": "a"}
    assert baseline.key(work, step) == key
    monkeypatch.setattr(comparison, "RULES", comparison.RULES - 1)
    assert baseline.key(work, step) != key


@pytest.mark.lane("stories")
def test_a_base_that_left_no_cases_is_not_remembered(world: World) -> None:
    """By the next run: it may be the fault of a moment, such as a module that was missing or a disk that was full."""
    asks(world, "a passed", "a passed;b passed")
    tool = world.home / "tester"
    tool.write_text(
        tool.read_text().replace("bad=0", f"[ -e {world.home}/ready ] || [ -e after.done ] || exit 4\nbad=0")
    )
    world.workstream("w", steps=[{"id": "s", "run": "cp after.txt tests.txt; touch after.done"}],
                     checks=[{"id": "tests", "tool": "tester"}])  # fmt: skip
    world.commit()
    assert world.doit().status == 0
    assert sorted(world.new_calls()) == ["1", "2"], "the base once, before a step of the change could reach it"
    note = "not comparable: before the change the check left no results of single tests (it ended with exit status 4)"
    assert note in world.records()["w"]["checks"][0]["notes"]
    assert [row for row in facts(world) if row[0].startswith("baseline/")] == []
    (world.home / "ready").touch()
    world.now = TUESDAY
    assert world.doit().status == 0
    assert compared(world) == {"before": "passed"}


def facts(world: World) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(world.root / ".splinter/memory.db")) as database:
        return database.execute("select name, value from facts").fetchall()


def test_results_that_no_reader_of_json_takes_reach_no_report(world: World) -> None:
    """A time that is no number is unknown, and drops no result."""
    text = '<testsuite><testcase name="a" time="{}"/><testcase name="b" time="80.803us"/></testsuite>'
    world.write("before.xml", text.format("1"))
    world.write("splinter.toml", '[tools.unit]\ncommand = "sh"\nargs = ["-c", "cp before.xml $0", "{junit}"]\n')
    step = {"id": "s", "run": "sed -i 's/time=.1./time=\"NaN\"/' before.xml"}
    world.workstream("w", steps=[step], checks=[{"id": "tests", "tool": "unit", "args": []}])
    world.commit()
    assert world.doit().status == 0
    told = json.loads((world.root / "reports/latest/report.json").read_text(), parse_constant=pytest.fail)
    assert [(case["id"], case["seconds"]) for case in told["workstreams"][0]["checks"][0]["cases"]] == [
        ("a", None), ("b", None)
    ]  # fmt: skip


def test_a_results_file_of_three_thousand_suites_in_each_other_ends_no_run(world: World) -> None:
    world.write("deep.xml", "<testsuite>" * 3_000 + "</testsuite>" * 3_000)
    world.write("splinter.toml", '[tools.unit]\ncommand = "sh"\nargs = ["-c", "cp deep.xml $0; exit 1", "{junit}"]\n')
    world.workstream(
        "w", steps=[{"id": "s", "run": "echo x > x.txt"}], checks=[{"id": "c", "tool": "unit", "args": []}]
    )
    world.commit()
    assert world.doit().status == 1
    record = world.records()["w"]
    assert (record["reason"], record["checks"][0]["notes"][0]) == (
        "check_failed",
        "its results could not be read: it is no JUnit file: its elements are nested more than 100 deep",
    )


@pytest.mark.lane("stories")
def test_a_check_that_was_flaky_beyond_its_tests_says_so(world: World) -> None:
    fails_second = f"echo >> {world.home}/seen; test $(wc -l < {world.home}/seen) != 2 || exit 3; test ! -e x.txt"
    check = {"id": "c", "run": fails_second}
    world.workstream("w", steps=[{"id": "s", "run": "echo x > y.txt"}], checks=[check])
    world.commit()
    assert world.doit().status == 0
    assert compared(world) == {"before": "passed", "itself": "flaky"}
    assert "- Flaky beyond its tests: `c`" in (world.root / "reports/latest/report.md").read_text()
