"""What a workstream says of its commits, its environment and the folder that it works in, in one run."""

from __future__ import annotations

from tests.world import World


def test_commits_say_what_the_workstream_says_and_an_edit_of_that_reaches_the_branch(world: World) -> None:
    steps = [
        world.step("one", "echo $LEVEL $PASSED > 1.txt"),
        world.step("two", "echo 2 > 2.txt", commit={"message": "feat: two"}),
    ]
    said = {"message": "chore: one\n\nWorkstream: other", "sign_off": True}
    world.env["PASSED"] = "on"
    world.workstream("w", steps=steps, commit=said, env={"LEVEL": "two", "PASSED": None})
    world.commit()
    assert world.doit().status == 0
    two, one = world.git("log", "--format=%B%x00", "-2", "splinter/w").split("\0")[:2]
    assert one.strip().startswith("chore: one\n\nWorkstream: other\n\nWorkstream: w\nStep: one\n")
    assert one.strip().endswith("Signed-off-by: Test User <test@example.org>")
    assert two.strip().startswith("feat: two\n\nWorkstream: w\nStep: two\n")
    assert world.git("show", "splinter/w:1.txt") == "two on"
    world.workstream("w", steps=steps, commit={"message": "chore: again"}, env=["LEVEL=two", "PASSED"])
    assert world.doit().status == 0
    assert world.git("log", "--format=%s", "-2", "splinter/w").splitlines() == ["feat: two", "chore: again"]
