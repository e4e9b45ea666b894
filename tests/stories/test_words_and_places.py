"""What a workstream says of its commits, its environment and the folder that it works in, in one run."""

from __future__ import annotations

import pytest

from tests.world import World

PULL = {"title": "feat: all", "body": "**Ask** first.\n"}
DEEP = pytest.mark.lane("git")


def test_commits_say_what_the_workstream_says_and_an_edit_of_that_reaches_the_branch(world: World) -> None:
    steps = [
        world.step("one", "echo $LEVEL $PASSED > 1.txt", working_directory="a/b"),
        world.step("two", "echo 2 > 2.txt", commit={"message": "feat: two"}),
    ]
    said = {"message": "chore: one\n\nWorkstream: other", "sign_off": True}
    world.env["PASSED"] = "on"
    world.write("a/b/c.txt", "c")
    world.workstream("w", steps=steps, commit=said, env={"LEVEL": "two", "PASSED": None}, pull_request=PULL)
    world.commit()
    assert world.doit().status == 0
    two, one = world.git("log", "--format=%B%x00", "-2", "splinter/w").split("\0")[:2]
    assert one.strip().startswith("chore: one\n\nWorkstream: other\n\nWorkstream: w\nStep: one\n")
    assert one.strip().endswith("Signed-off-by: Test User <test@example.org>")
    assert two.strip().startswith("feat: two\n\nWorkstream: w\nStep: two\n")
    assert world.git("show", "splinter/w:a/b/1.txt") == "two on"
    page = (world.root / ".splinter/pull-requests/w.md").read_text()
    assert 'title: "feat: all"\n' in page
    assert page.index("-->\n\n**Ask** first.\n") < page.index("### ")
    world.workstream("w", steps=steps, commit={"message": "chore: again"}, env=["LEVEL=two", "PASSED"])
    assert world.doit().status == 0
    assert world.git("log", "--format=%s", "-2", "splinter/w").splitlines() == ["feat: two", "chore: again"]


def made_by(world: World, path: str) -> str:
    return world.git("show", f"splinter/w:{path}")


@DEEP
def test_every_command_starts_where_it_is_told_to(world: World) -> None:
    """Setup, preflight, steps, checks: by the workstream, or by its own; what a setup installs there is found."""
    world.write(".gitignore", "node_modules/\n")
    for folder in ("api", "web"):
        world.write(f"{folder}/name", folder)
    tool = "mkdir -p node_modules/.bin && printf '#!/bin/sh\\necho tool of $(cat name)' > node_modules/.bin/made"
    world.workstream(
        "w", working_directory="api",
        setup=[{"run": f"{tool} && chmod +x node_modules/.bin/made"}],
        preflight=[{"run": "test -f name"}, {"run": "test -d api", "working_directory": "."}],
        steps=[world.step("one", "made > out"), world.step("two", "pwd > out", working_directory="web/")],
        checks=[{"id": "c", "run": "grep tool out"}, {"id": "d", "run": "grep /web out", "working_directory": "web"}],
    )  # fmt: skip
    world.commit()
    done = world.doit()
    assert done.status == 0, done.out
    assert made_by(world, "api/out") == "tool of api"
    assert made_by(world, "web/out").endswith("/web")


@DEEP
@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("rm -r sub && ln -s /tmp sub", ""),
        ("rm -r sub", 'working_directory "sub" is not there when two starts'),
        ("rm -r sub && echo > sub", 'working_directory "sub" is no folder when two starts'),
    ],
)
def test_a_folder_that_is_gone_or_leads_out_is_a_failure_with_a_sentence(world: World, before: str, why: str) -> None:
    world.write("sub/a.txt", "a")
    world.workstream(
        "w", steps=[world.step("one", before), world.step("two", "echo x > b.txt", working_directory="sub")]
    )
    world.commit()
    assert world.doit().status == 1
    assert why in world.records()["w"]["message"]
    assert "two" not in world.calls()


@DEEP
def test_results_of_tests_are_read_from_a_folder_too(world: World) -> None:
    world.write("api/test_a.py", "def test_a():\n    open('seen', 'w').close()\n")
    world.workstream(
        "w", working_directory="api", steps=[world.step("go", "echo x > x.txt")],
        checks=[{"id": "t", "tool": "pytest", "args": ["-q", "-p", "no:cacheprovider"]}],
    )  # fmt: skip
    world.commit()
    done = world.doit()
    assert done.status == 0, done.out
    (check,) = world.records()["w"]["checks"]
    assert [case["outcome"] for case in check["cases"]] == ["passed"]
