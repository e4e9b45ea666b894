"""Options and instructions of agents in whole runs: what is handed over, what is paid again, what nobody may change."""

from __future__ import annotations

import pytest

from tests.stories.test_cache import agent, asks
from tests.world import World

pytestmark = pytest.mark.lane("agents")
PROFILE = 'reader = "free"\n[tools.agent.options]\nmcp_config = ["--mcp", "{value}"]\neffort = ["--effort={value}"]\n'
# it says how it was called, what lies at the path that it was given, and what it was told
SCRIPT = """echo "$@" > out.txt
while [ $# -gt 1 ] && [ "$1" != --mcp ]; do shift; done
[ "$1" != --mcp ] || { cat "$2" >> out.txt; case "$2" in "$PWD"*) echo inside >> out.txt;; esac; }
cat >> out.txt"""


@pytest.fixture
def called(world: World) -> World:
    world.write("tools/mcp.json", '{"servers": 1}\n')
    world.write("style.md", "Be brief.\n")
    agent(world, SCRIPT, PROFILE)
    asks(world, tool="agent", instructions=["style.md"], options={"mcp_config": "tools/mcp.json", "effort": "high"})
    world.commit()
    return world


def test_a_dry_run_says_how_it_would_be_called_and_where(called: World) -> None:
    options = {"mcp_config": "tools/mcp.json", "effort": "high"}
    asks(called, tool="agent", options=options, working_directory="tools", commit={"message": "feat: out\n\nMore."})
    out = called.doit("run", "--dry-run").out
    assert "--mcp MCP_CONFIG --effort=high < PROMPT" in out
    assert "starts in: tools\n     its commit says: feat: out\n" in out
    assert called.calls() == []


def test_a_copy_of_the_file_is_handed_over_and_the_content_is_in_the_key(called: World) -> None:
    done = called.doit("w")
    assert done.status == 0, done.out
    made = called.git("show", "splinter/w:out.txt")
    assert "--effort=high" in made
    assert '{"servers": 1}' in made
    assert "inside" not in made
    assert made.index("Be brief.") < made.index("Make out.txt of in.txt.")
    assert called.new_calls() == ["call"]
    assert called.doit("w").status == 0
    assert called.new_calls() == []
    for path, text in {"tools/mcp.json": '{"servers": 2}\n', "style.md": "Be long.\n"}.items():
        called.write(path, text)
        assert called.doit("w").status == 0
        assert called.new_calls() == ["call"], path
        assert text.strip() in called.git("show", "splinter/w:out.txt"), "as it is in the checkout"


@pytest.mark.parametrize("path", ["tools/mcp.json", "style.md"])
def test_no_step_of_any_workstream_changes_one(called: World, path: str) -> None:
    called.workstream("other", steps=[called.step("go", f"echo x >> {path}")])
    assert called.doit("other").status == 1
    assert called.records()["other"]["reason"] == "out_of_scope"
    called.workstream("other", scope={"modify": [path]}, steps=[called.step("go", f"echo x >> {path}")])
    assert called.doit("other").status == 0
