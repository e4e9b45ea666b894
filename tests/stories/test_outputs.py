"""What a step writes for later ones, and whether a step runs at all; seen through real runs."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests import deep
from tests.agents import install_stub
from tests.world import World

SECRET = "made-up-secret-2f81c0"


def ended(world: World, *steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Run one workstream of these steps; its record."""
    world.workstream("w", steps=list(steps), **fields)
    world.commit()
    world.doit("w")
    return world.records()["w"]


def outcome(record: dict[str, Any]) -> tuple[str, str | None]:
    return record["outcome"], record["reason"]


def of_steps(record: dict[str, Any]) -> dict[str, str]:
    return {one["step"]: one["outcome"] for one in record["steps"]}


def test_a_step_hands_texts_to_those_after_it_which_can_only_read_them(world: World) -> None:
    find = "printf 'names=a b\\nmore<<EOF\\nx\\ny\\nEOF\\nlong=%05000d' 7 >> \"$SPLINTER_OUTPUT\""
    use = """
        cp "$SPLINTER_OUTPUT_DIR/find/more" more.txt
        printf '%s|%s|%s' "$OUTPUT_FIND_NAMES" "${OUTPUT_FIND_LONG-unset}" "$(wc -c < "$SPLINTER_OUTPUT_DIR/find/long")" > used.txt
        chmod -R u+w "$SPLINTER_OUTPUT_DIR"; echo forged > "$SPLINTER_OUTPUT_DIR/find/names"; mkdir "$SPLINTER_OUTPUT_DIR/use"
        echo theirs=1 > "$SPLINTER_OUTPUT_DIR/use/theirs"
    """
    last = 'cat "$SPLINTER_OUTPUT_DIR/find/names" > last.txt; ls "$SPLINTER_OUTPUT_DIR" >> last.txt'
    check = {
        "id": "same",
        "run": 'test "$(cat "$SPLINTER_OUTPUT_DIR/find/names")" = "a b"; test -z "${SPLINTER_OUTPUT-}"',
        "compare": False,
    }
    steps = world.step("find", find), world.step("use", use), world.step("last", last)
    record = ended(world, *steps, checks=[check])
    assert outcome(record) == ("changed", None), record["message"]
    assert record["steps"][0]["outputs"] | {"long": ""} == {"names": "a b", "more": "x\ny", "long": ""}
    told = "its output long is longer than 4 kB: $SPLINTER_OUTPUT_DIR/find/long has it, $OUTPUT_FIND_LONG does not"
    assert record["steps"][0]["notes"] == [told]
    assert world.git("show", "splinter/w:used.txt").split() == ["a", "b|unset|5000"]
    assert world.git("show", "splinter/w:more.txt") == "x\ny"
    assert world.git("show", "splinter/w:last.txt") == "a bfind\nuse"


def test_what_was_written_comes_back_with_lost_rows(world: World) -> None:
    find = world.step("find", 'echo names=a >> "$SPLINTER_OUTPUT"')
    ended(world, find, world.step("use", "echo x > used.txt"))
    (world.root / ".doit.db").unlink()
    world.new_calls()
    ended(world, find, world.step("use", 'echo "$OUTPUT_FIND_NAMES" > used.txt'))
    assert world.new_calls() == ["use"]
    assert world.git("show", "splinter/w:used.txt") == "a"


@pytest.mark.lane("stories")
def test_another_output_makes_due_what_may_read_it(world: World) -> None:
    source = world.home / "names"
    source.write_text("names=a\n")
    steps = (
        world.step("find", f'cat {source} >> "$SPLINTER_OUTPUT"'),
        world.step("use", 'echo "$OUTPUT_FIND_NAMES" > used.txt'),
    )
    ended(world, *steps)
    world.new_calls()
    for text, calls in (("names=a\n", ["find"]), ("names=b\n", ["find", "use"])):
        source.write_text(text)
        world.doit("forget", "w:find")
        world.doit("w")
        assert world.new_calls() == calls
    assert world.git("show", "splinter/w:used.txt") == "b"


@pytest.mark.lane("stories")
def test_a_kept_result_brings_its_outputs_back(world: World) -> None:
    ask = world.step("ask", 'echo x > x.txt; echo answer=42 >> "$SPLINTER_OUTPUT"', cache=True)
    use = world.step("use", 'echo "$OUTPUT_ASK_ANSWER" > used.txt')
    world.workstream("w", steps=[ask, use])
    world.commit()
    world.doit("w")
    (world.root / ".doit.db").unlink()
    world.git("for-each-ref", "--format=delete %(refname)", "refs/splinter/accepted")
    world.git("update-ref", "-d", "refs/splinter/accepted/w")
    world.new_calls()
    world.doit("w")
    assert world.new_calls() == ["use"]
    assert of_steps(world.records()["w"]) == {"ask": "cached", "use": "changed"}
    assert world.records()["w"]["steps"][0]["outputs"] == {"answer": "42"}
    assert world.git("show", "splinter/w:used.txt") == "42"


HOSTILE = {
    "a bad line": ("echo 'a=1\nhello' >> \"$SPLINTER_OUTPUT\"", "bad_output", 'line 2 is "hello"'),
    "a link to a secret": ("ln -sf SECRET \"$SPLINTER_OUTPUT\"", "bad_output", "it cannot be opened"),
    "a pipe": ('rm "$SPLINTER_OUTPUT"; mkfifo "$SPLINTER_OUTPUT"', "bad_output", "it is no regular file"),
    "a gigabyte": ('truncate -s 1G "$SPLINTER_OUTPUT"', "bad_output", "it is larger than 1 MB"),
    "a way out": ("echo ../../x=1 >> \"$SPLINTER_OUTPUT\"", "bad_output", 'line 1 names the output "../../x"'),
    "a secret": ("cat SECRET >> \"$SPLINTER_OUTPUT\"", "secret_in_result", "a secret stands in what act wrote: its output key"),
}  # fmt: skip


@pytest.mark.parametrize("what", deep.rows(HOSTILE, "attacks", ordinary=("a link to a secret",)))
def test_what_is_no_file_of_outputs_fails_its_step_and_reaches_nobody(world: World, what: str) -> None:
    secret = world.home / "secret"
    secret.write_text(f"key={SECRET}\n")
    world.env["ANTHROPIC_API_KEY"] = SECRET
    command, reason, said = HOSTILE[what]
    act = world.step("act", f"echo x > x.txt; {command.replace('SECRET', str(secret))}")
    record = ended(world, act, world.step("use", "env | grep OUTPUT_"))
    assert outcome(record) == ("failed", reason)
    assert said in record["message"]
    assert world.calls() == ["act"]
    assert world.branches() == []
    assert SECRET not in str(record)


@pytest.mark.lane("attacks")
@pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
def test_in_the_sandbox_what_was_written_stays_and_a_program_that_is_missing_says_nothing(world: World) -> None:
    (world.home / "secret").write_text(f"key={SECRET}\n")
    world.write("splinter.toml", 'sandbox = "bubblewrap"\n')
    use = """
        d="$SPLINTER_OUTPUT_DIR/find"
        if rm -f "$d/n" || chmod u+w "$d/n" || mv "$d" "$d.x" || echo y > "$SPLINTER_OUTPUT_DIR/y"; then exit 3; fi
        cat "$d/n" > n.txt
    """
    steps = [
        {"id": "find", "run": 'echo n=1 >> "$SPLINTER_OUTPUT"'},
        {"id": "use", "run": use, "only_if": 'test "$OUTPUT_FIND_N" = 1'},
        {"id": "no", "run": "echo x > no.txt", "only_if": ["test", "-e", "no.txt"]},
        {"id": "odd", "run": "echo x > no.txt", "only_if": ["no-such-program"]},
    ]
    record = ended(world, *steps)
    assert outcome(record) == ("failed", "exit_code"), "bubblewrap ends with 1 where there is no such program"
    assert of_steps(record) == {"find": "unchanged", "use": "changed", "no": "skipped", "odd": "failed"}
    steps[3] = {"id": "leak", "run": f'ln -sf "{world.home}/secret" "$SPLINTER_OUTPUT"'}
    assert outcome(ended(world, *steps)) == ("failed", "bad_output"), "what it cannot read is not read for it"


STREAMED = ("claude-code", "codex", "gemini", "opencode")


@pytest.mark.parametrize("agent", deep.rows(STREAMED, "agents", ordinary=("codex",)))
def test_an_agents_last_message_is_its_output_text(world: World, agent: str) -> None:
    install_stub(world, agent, "answer")
    ask, use = {"id": "ask", "prompt": "What is a?"}, world.step("use", 'echo "$OUTPUT_ASK_TEXT" > used.txt')
    record = ended(world, ask, use, tool=agent)
    assert outcome(record) == ("changed", None), record["message"]
    assert (record["steps"][0]["outputs"], record["steps"][0]["said"]) == ({"text": "It is 1."}, "It is 1.")
    assert world.git("show", "splinter/w:used.txt") == "It is 1."


def asked(world: World, command: str | list[str], **more: Any) -> dict[str, Any]:
    return ended(
        world,
        world.step("find", 'echo n= >> "$SPLINTER_OUTPUT"'),
        world.step("act", "echo x > x.txt", only_if=command, **more),
    )


def test_only_if_runs_a_step_with_0_and_skips_it_with_1(world: World) -> None:
    steps = [
        world.step("find", 'echo n=1 >> "$SPLINTER_OUTPUT"'),
        world.step(
            "yes", "echo x > yes.txt", only_if='test -s "$SPLINTER_OUTPUT_DIR/find/n"; test "$OUTPUT_FIND_N" = 1'
        ),
        world.step("no", "echo x > no.txt", only_if=["test", "-f", "no.txt"], expect="change"),
        world.step("last", 'ls "$SPLINTER_OUTPUT_DIR" > last.txt'),
    ]
    world.workstream("w", steps=steps)
    world.commit()
    dry = world.doit("run", "--dry-run", "w")
    said = "only if: test -f no.txt ends with exit status 0; with 1 it is skipped, with any other it fails"
    assert said in dry.out
    done = world.doit("w")
    record = world.records()["w"]
    assert outcome(record) == ("changed", None), record["message"]
    assert of_steps(record) == {"find": "unchanged", "yes": "changed", "no": "skipped", "last": "changed"}
    why = "only_if: test -f no.txt ended with exit status 1"
    assert [one["message"] for one in record["steps"] if one["step"] == "no"] == [why]
    assert "w:no  skipped  only_if: test -f no.txt" in " ".join(done.out.split(" ")).replace("   ", "  ")
    assert world.calls() == ["find", "yes", "last"]
    world.new_calls()
    assert world.doit("w").out.startswith("nothing "), "what was skipped is done"
    world.doit("run", "report")
    assert why in (world.root / "reports/latest/report.md").read_text().replace("&#95;", "_").replace("\\_", "_")


FAILING = {
    "another exit status": ("exit 2", "exit_code", "only_if: exit 2 ended with exit status 2"),
    "no such program": (["no-such-program"], "exit_code", "only_if: no-such-program ended with exit status 127"),
    "the status that stands for no": ("exit 113", "exit_code", "only_if: exit 113 ended with exit status 112"),
    "a change": ("echo x > new.txt; exit 1", "out_of_scope", "only_if: it may change nothing, and changed new.txt"),
    "a change of git's": ("git tag own", "out_of_scope", "only_if: it may change nothing, and changed refs/tags/own"),
}  # fmt: skip


@pytest.mark.parametrize("what", deep.rows(FAILING, "attacks", ordinary=("a change",)))
def test_only_if_that_says_neither_fails_the_step(world: World, what: str) -> None:
    command, reason, said = FAILING[what]
    record = asked(world, command)
    assert outcome(record) == ("failed", reason)
    assert record["message"].startswith(said)
    assert "act" not in world.calls()
    assert not (world.worktree("w") / "new.txt").exists()


@pytest.mark.lane("attacks")
def test_only_if_that_does_not_end_fails_the_step(world: World) -> None:
    record = asked(world, "sleep 30", timeout=1)
    assert outcome(record) == ("failed", "timed_out")
    assert record["message"].startswith("only_if: sleep 30 did not end within 1 s")
