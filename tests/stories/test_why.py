"""`doit why`, `doit plan` and `doit graph`: exactly what changed, and nothing written."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from splinter.config import dependency_graph
from splinter.model.workstream import Run, Step, Workstream
from tests.world import TUESDAY, World


@pytest.fixture
def asked(world: World) -> World:
    """A workstream with a prompt, inputs and a tool that says its version; and one that depends on it."""
    agent = world.home / "agent"
    agent.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "agent 1.0" && exit\necho "$1" > out.txt\n')
    agent.chmod(0o755)
    world.write("splinter.toml", f'[tools.agent]\ncommand = "{agent}"\nprompt_args = ["{{prompt}}"]\n')
    world.write("src/a.py", "a = 1\n")
    world.workstream(
        "docs", when="on-change", tool="agent", inputs=["src/**"], scope={"modify": ["out.txt"]},
        steps=[{"id": "write", "prompt": "Write the docs."}, {"id": "look", "run": "cat out.txt"}],
    )  # fmt: skip
    world.workstream("count", depends_on=["docs"], steps=[{"id": "wc", "run": "wc -c out.txt > count.txt"}])
    world.commit()
    return world


def why(world: World, id: str) -> str:
    refs = world.git("for-each-ref")
    done = world.doit("why", id)
    assert done.status == 0, done.err
    assert world.git("for-each-ref") == refs
    return done.out


def test_what_never_ran_is_due_for_that(asked: World) -> None:
    assert why(asked, "docs") == "docs is due:\n  it never ran\n  write will be asked: no result of it is kept\n"
    assert not (asked.root / ".splinter").exists()
    assert not (asked.root / ".doit.db").exists()


@pytest.mark.lane("stories")
def test_what_is_up_to_date_says_so(asked: World) -> None:
    assert asked.doit().status == 0
    assert why(asked, "docs") == "docs is up to date\n"


def test_an_edited_prompt_is_named(asked: World) -> None:
    asked.doit()
    file = asked.root / "workstreams/docs.yaml"
    file.write_text(file.read_text().replace("Write the docs.", "Write better docs."))
    assert why(asked, "docs") == (
        "docs is due:\n  steps.write.prompt was Write the docs., is Write better docs.\n"
        "  write will be asked again: its prompt was Write the docs., is Write better docs.\n"
    )
    assert why(asked, "count") == "count is due:\n  docs is due, and its result may change\n"


@pytest.mark.lane("stories")
def test_a_long_prompt_is_named_without_being_shown(asked: World) -> None:
    asked.doit()
    file = asked.root / "workstreams/docs.yaml"
    file.write_text(file.read_text().replace("Write the docs.", "Write " * 200))
    assert why(asked, "docs") == (
        "docs is due:\n  steps.write.prompt was edited\n  write will be asked again: its prompt was edited\n"
    )


@pytest.mark.lane("stories")
def test_a_touched_input_is_named_by_its_path(asked: World) -> None:
    asked.doit()
    asked.write("src/a.py", "a = 2\n")
    asked.write("src/b.py", "b = 1\n")
    asked.write("other.txt", "not an input\n")
    asked.commit()
    assert why(asked, "docs") == (
        "docs is due:\n  inputs changed on the base: src/a.py, src/b.py\n"
        "  write will be asked again: what the inputs and the scope show of the base is another\n"
    )


@pytest.mark.lane("stories")
def test_another_version_of_a_tool_is_named_and_is_no_reason(asked: World) -> None:
    asked.doit()
    agent = asked.home / "agent"
    agent.write_text(agent.read_text().replace("1.0", "1.1"))
    assert why(asked, "docs") == (
        "docs is up to date\n  tool version (no reason to run): agent was agent 1.0, is agent 1.1\n"
    )


@pytest.mark.lane("stories")
def test_an_edited_profile_is_named(asked: World) -> None:
    asked.doit()
    asked.write("splinter.toml", (asked.root / "splinter.toml").read_text() + "timeout = '5m'\n")
    assert "timeout of the profile agent was added" in why(asked, "docs")


@pytest.mark.lane("stories")
def test_a_new_day_is_named(asked: World) -> None:
    asked.doit()
    asked.now = TUESDAY
    assert why(asked, "count") == "count is due:\n  occurrence was 2026-11-23, is 2026-11-24\n"
    told = json.loads(asked.doit("why", "count", "--json").out)
    assert told == [
        {
            "workstream": "count", "due": True, "why": ["occurrence was 2026-11-23, is 2026-11-24"],
            "differences": [{"kind": "occurrence", "key": "occurrence", "was": "2026-11-23", "now": "2026-11-24"}],
            "also": [], "prompts": [], "under_way": None,
        }
    ]  # fmt: skip


def edited(world: World, path: str, old: str, new: str) -> str:
    text = (world.root / path).read_text()
    assert old in text
    world.write(path, text.replace(old, new))
    return text


def made_by(world: World) -> str:
    """The run that made the first kept result."""
    told = world.git("for-each-ref", "--format=%(contents:body)", "refs/splinter/results").splitlines()[0]
    return str(json.loads(told)["run"])


@pytest.mark.lane("stories")
def test_what_a_prompt_will_cost_is_reported_before_it_is_paid(asked: World) -> None:
    asked.doit("docs")
    before = edited(asked, "workstreams/docs.yaml", "when:", "checks: [{id: c, run: 'true'}]\nwhen:")
    assert "asked" not in why(asked, "docs")
    asked.write("workstreams/docs.yaml", before)
    asked.doit("forget", "docs")
    text = f"write: the kept result of run {made_by(asked)} will be applied"
    assert why(asked, "docs").splitlines()[-1] == f"  {text}"
    (told,) = json.loads(asked.doit("why", "docs", "--json").out)
    kept = {"step": "write", "asked": False, "kept": made_by(asked), "why": text, "differences": []}
    assert told["prompts"] == [kept]
    edited(asked, "splinter.toml", "prompt_args", 'model = "large"\nprompt_args')
    edited(asked, "workstreams/docs.yaml", "src/**", "src/*")
    agent = asked.home / "agent"
    agent.write_text(agent.read_text().replace("1.0", "1.1"))
    (told,) = json.loads(asked.doit("why", "docs", "--json").out)
    (write,) = told["prompts"]
    assert write["why"].startswith(
        "write will be asked again: inputs was ['src/**'], is ['src/*']; the model was added;"
    )
    assert "; version of the tool was agent 1.0, is agent 1.1" in write["why"]
    assert write["asked"] is True
    assert write["differences"][1] == {"kind": "tool", "key": "model", "was": None, "now": "large"}


@pytest.mark.lane("stories")
def test_what_runs_before_a_prompt_may_change_what_is_kept_for_it(asked: World) -> None:
    steps = [
        {"id": "first", "run": "date +%s%N > out.txt"},
        {"id": "write", "prompt": "x"},
        {"id": "again", "prompt": "y", "cache": False},
    ]
    asked.workstream("docs", when="daily", tool="agent", inputs=["src/**"], scope={"modify": ["out.txt"]}, steps=steps)
    asked.doit("docs")
    asked.now = TUESDAY
    assert why(asked, "docs").splitlines()[2:] == [
        f"  write: the kept result of run {made_by(asked)} will be applied, if what runs before it changes nothing",
        "  again will be asked: cache is false, so nothing is kept",
    ]
    edited(asked, "workstreams/docs.yaml", "prompt: x", "prompt: z")
    asked.git("update-ref", "refs/splinter/results/torn/1", "main")
    assert "  write will be asked again: its prompt was x, is z" in why(asked, "docs").splitlines()


@pytest.mark.lane("stories")
def test_a_changed_result_of_a_dependency_is_named(asked: World) -> None:
    asked.doit()
    file = asked.root / "workstreams/docs.yaml"
    file.write_text(file.read_text().replace("Write the docs.", "Write better docs."))
    asked.doit("docs")
    assert why(asked, "count") == "count is due:\n  the result of docs changed\n"


@pytest.mark.lane("stories")
def test_a_failure_is_named_with_its_run_and_step(asked: World) -> None:
    asked.doit()
    asked.now = TUESDAY
    file = asked.root / "workstreams/count.yaml"
    good = file.read_text()
    file.write_text(good.replace("wc -c", "exit 3; wc -c"))
    asked.doit()
    assert "steps.wc.run was wc -c out.txt > count.txt, is exit 3; wc -c out.txt > count.txt" in why(asked, "count")
    file.unlink()
    asked.workstream("new", steps=[{"id": "s", "run": "exit 4"}])
    asked.doit()
    assert "it never succeeded: in run 20261124-020000-" in why(asked, "new")
    assert "it failed at s (exit_code)" in why(asked, "new")


@pytest.mark.lane("stories")
def test_steps_that_come_and_go_are_one_difference_each(asked: World) -> None:
    asked.doit()
    asked.workstream(
        "count", depends_on=["docs"], title="Other",
        steps=[{"id": "wc", "run": "wc -c out.txt > count.txt"}, {"id": "more", "run": "true"}],
    )  # fmt: skip
    assert why(asked, "count") == ("count is due:\n  steps.more was added\n")


def test_an_edit_that_no_step_is_made_of_is_named_by_its_file_and_switching_off_is_none(world: World) -> None:
    world.workstream("w", steps=[world.step("s", "true")])
    world.commit()
    assert world.doit().status == 0
    world.workstream("w", steps=[world.step("s", "true")], enabled=False)
    assert why(world, "w") == "w is up to date\n"
    world.workstream("w", steps=[world.step("s", "true")], metadata={"phase": "2"}, pull_request={"draft": False})
    assert why(world, "w") == "w is up to date\n", "it is shown in the pull request, and no task but that rests on it"
    world.workstream("w", steps=[world.step("s", "true")], inputs=["src/**"])
    assert why(world, "w") == "w is due:\n  workstreams/w.yaml changed\n"


@pytest.mark.lane("stories")
def test_a_deleted_branch_is_named(asked: World) -> None:
    asked.doit()
    asked.git("branch", "-D", "splinter/count")
    assert why(asked, "count") == "count is due:\n  its branch splinter/count is gone\n"


def test_plan_shows_all_in_one_line_each(asked: World) -> None:
    assert (
        asked.doit("plan").out
        == "docs   due  it never ran\ncount  due  it never ran; docs is due, and its result may change\n"
    )


def test_why_without_a_name_says_how_it_is_called(asked: World) -> None:
    done = asked.doit("why")
    assert (done.status, done.err) == (3, "name a workstream: doit why WORKSTREAM; doit plan shows all\n")


def workstream(id: str, *depends_on: str, title: str = "T") -> Workstream:
    step = Step(id="s", action=Run(command="true"), timeout_s=1)
    return Workstream(id=id, title=title, source=f"workstreams/{id}.yaml", steps=(step,), depends_on=depends_on)


DIAMOND = (
    workstream("a", title='Say "hi" <b> #1 & `x`'),
    workstream("b", "a"),
    workstream("end", "a"),
    workstream("d", "b", "end"),
)


def test_mermaid_escapes_titles_and_names_no_node_by_a_word_of_its_own() -> None:
    assert dependency_graph.draw(DIAMOND, "mermaid") == (
        'flowchart TD\n    w0["a<br>Say #quot;hi#quot; #lt;b#gt; #35;1 #amp; #96;x#96;"]\n    w1["b<br>T"]\n'
        '    w2["end<br>T"]\n    w3["d<br>T"]\n    w0 --> w1\n    w0 --> w2\n    w1 --> w3\n    w2 --> w3\n'
    )


def test_dot_quotes_what_it_is_given() -> None:
    drawn = dependency_graph.draw(DIAMOND, "dot")
    assert '"a" [label="a\\nSay \\"hi\\" <b> #1 & `x`"];' in drawn
    assert '"end" -> "d";' in drawn


def test_svg_is_a_picture_with_every_box_and_arrow() -> None:
    root = ET.fromstring(dependency_graph.draw(DIAMOND, "svg"))
    space = "{http://www.w3.org/2000/svg}"
    titles = [node.text for node in root.iter(f"{space}title")]
    assert titles == ['Say "hi" <b> #1 & `x`', "T", "T", "T"]
    assert len([node for node in root.iter(f"{space}path") if node.get("marker-end")]) == 4
    assert [[one.id for one in row] for row in dependency_graph.levels(DIAMOND)] == [["a"], ["b", "end"], ["d"]]
    assert dependency_graph.draw((), "svg").startswith("<svg")


def test_graph_prints_what_was_asked(asked: World) -> None:
    assert "docs<br>" in asked.doit("graph").out
    assert asked.doit("graph", "--format", "dot").out.startswith("digraph workstreams {")
    assert asked.doit("graph", "--format", "svg").out.startswith("<svg ")
