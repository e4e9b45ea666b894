"""How many git processes a run starts: a workstream costs little more than what a person would type."""

from __future__ import annotations

import shutil

import pytest

from tests.world import World

# its work tree laid out, what the step made added and written, where checks judge laid out, the branch moved
A_WORKSTREAM = 5
A_RUN = 20  # where nothing was made before; four of them are the look at the checkout, without a sandbox


@pytest.mark.parametrize("sandbox", ["off", pytest.param("auto", marks=pytest.mark.lane("stories"))])
def test_a_workstream_of_one_step_and_one_check_starts_few_git_processes(world: World, sandbox: str) -> None:
    log, program = world.home / "git-calls", world.home / "bin/git"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\necho "$@" >> "{log}"\nexec {shutil.which("git")} "$@"\n')
    program.chmod(0o755)
    world.env["PATH"] = f"{program.parent}:{world.environ()['PATH']}"
    world.write("splinter.toml", f'sandbox = "{sandbox}"\n')
    for number in range(4):
        world.workstream(
            f"w{number}", scope={"modify": [f"out/{number}.txt"]},
            steps=[{"id": "s", "run": f"mkdir -p out; echo x > out/{number}.txt"}], checks=[{"id": "c", "run": "true"}],
        )  # fmt: skip
    world.commit()
    log.unlink(missing_ok=True)
    assert ": 4 changed" in world.doit("workstreams").out
    calls = log.read_text().splitlines()
    assert len(calls) <= A_RUN + 4 * A_WORKSTREAM, "\n".join(calls)
    log.write_text("")
    assert "4 of 4 branches" in world.doit("rehearse").out
    assert "merge-tree" not in log.read_text(), "none of them touches what another does"
