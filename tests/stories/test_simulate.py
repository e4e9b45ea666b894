"""A simulated run does everything but call agents: what is the user's stays as it is to the byte, and nobody is asked."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.world import World, wait_for

AGENT = """
[tools.stub]
command = "sh"
prompt_args = ["-c", "echo asked >> CALLS; if test -f a.txt; then echo good > a.txt; else echo bad > a.txt; fi"]
[tools.absent]
command = "made-up-agent"
prompt_args = ["{prompt}"]
env = ["MADE_UP_AGENT_KEY"]
"""
WORDS = {".md", ".log", ".json", ".html"}
LOCKS = {"splinter.lock", "splinter.holder.json"}


class Listener:
    """A server that is everything at once, and counts who comes."""

    def __init__(self) -> None:
        self.came: list[object] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                connection, address = self._server.accept()
                self.came.append(address)
                connection.close()

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    server = Listener()
    yield server
    server.close()


def contents(*folders: Path) -> dict[Path, object]:
    """Every file with its bytes and the time at which it was written; git touches an object that it would write again."""
    found: dict[Path, object] = {}
    for folder in folders:
        for file in folder.rglob("*"):
            is_ours = "simulated" in file.relative_to(folder).parts or file.name in LOCKS
            if not is_ours and (file.is_symlink() or file.is_file()):
                what = file.readlink() if file.is_symlink() else file.read_bytes()
                found[file] = what, 0 if "objects" in file.parts else file.lstat().st_mtime_ns
    return found


def real(world: World) -> dict[Path, object]:
    """All that a simulated run may not change: checkout, repository, records, reports, state folder, remote."""
    return contents(world.root, Path(os.environ["XDG_STATE_HOME"]), world.home / "origin.git")


def differing(before: dict[Path, object], after: dict[Path, object]) -> list[str]:
    """The files that are not what they were; no diff of their bytes, which takes minutes."""
    return sorted(str(file) for file in {*before, *after} if before.get(file) != after.get(file))


def all_configured(world: World, port: int) -> None:
    """GitHub, mail, Slack and healthcheck, as someone has them who runs it each night."""
    at = f"http://127.0.0.1:{port}"
    world.env |= {
        "GITHUB_TOKEN": "ghp_made0up0token0that0is0none000000000", "GITHUB_REPOSITORY": "octo/project",
        "GITHUB_API_URL": at, "SLACK_WEBHOOK_URL": f"{at}/slack", "HEALTHCHECK_URL": f"{at}/ping",
        "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_SECURITY": "none", "REPORT_RECIPIENTS": "a@example.org",
        "SMTP_FROM": "b@example.org",
    }  # fmt: skip


def with_a_task_of_their_own(world: World) -> None:
    default = "DOIT_CONFIG = {'default_tasks': ['own', 'workstreams', 'pr', 'report', 'email', 'slack', 'healthcheck']}"
    own = f"def task_own():\n    return {{'actions': ['echo own >> {world.calls_file}']}}\n"
    world.write("dodo.py", f"{(world.root / 'dodo.py').read_text()}\n{default}\n{own}")


def with_origin(world: World) -> None:
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(world.home / "origin.git"))
    world.git("remote", "add", "origin", str(world.home / "origin.git"))
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    world.git("fetch", "--quiet", "origin")
    world.git("remote", "set-head", "origin", "main")


def test_beside_a_real_run_nothing_of_it_differs_and_nobody_is_asked(world: World, listener: Listener) -> None:
    with_a_task_of_their_own(world)
    world.write("splinter.toml", f"share_results = true\n{AGENT}")
    world.workstream("tidy", when="weekly", catch_up="none", steps=[world.step("write", "echo tidy > tidy.txt")])
    world.write("workstreams/recorded/agent/write.patch", "--- /dev/null\n+++ b/made.txt\n@@ -0,0 +1 @@\n+made\n")
    steps = [{"id": "write", "prompt": "Make it."}, {"id": "again", "tool": "absent", "args": ["--review"]},
             world.step("count", "wc -l < made.txt > n.txt")]  # fmt: skip
    check = {"id": "is-made", "run": "grep made made.txt"}
    world.workstream("agent", tool="absent", depends_on=["tidy"], steps=steps, checks=[check])
    with_origin(world)
    done = world.doit("tidy", "pr:tidy")
    assert done.status == 0, done.out + done.err
    all_configured(world, listener.port)
    world.write("splinter.toml", f"share_results = true\nclaim_slots = true\n{AGENT}")
    world.now = "2026-11-26T02:00:00+00:00"  # three days later: without the agent there is nothing to catch up with
    world.new_calls()
    before = real(world)

    done = world.doit("run", "--simulate", "-n", "2")
    assert done.status == 0, done.out + done.err
    assert sorted(world.new_calls()) == ["count", "write"], "plain commands run, also where they are done"
    assert differing(before, real(world)) == []
    assert listener.came == []
    assert "origin was not asked; main is as last seen. A simulated run asks no remote.\n" in done.out

    assert "   agent:write  simulated  changed\n" in done.out
    assert "   pr:agent  simulated  written  .splinter/simulated/.splinter/pull-requests/agent.md\n" in done.out
    would = "would push the branch and ask github for a pull request of octo/project"
    assert f"nothing was pushed: this run is simulated; a real one {would}\n" in done.out
    for name in ("email", "slack", "healthcheck"):
        where = f".splinter/simulated/.splinter/outbox/{name}.md"
        assert f"   {name}  simulated  it would be sent; {where} holds its text\n" in done.out
        assert (world.root / where).read_text().startswith(f"Simulated: `{name}` would send this.\n")
    written = [file for file in (world.root / ".splinter/simulated").rglob("*") if file.suffix in WORDS]
    written = [file for file in written if not file.name.endswith(".prompt.md")]  # the agent's own, to the letter
    assert len(written) > len(WORDS)
    assert [file for file in written if "simulated" not in file.read_text().lower()] == []
    mail = (world.root / ".splinter/simulated/.splinter/outbox/email.md").read_text()
    assert "Subject: [splinter] simulated: 2 changed · octo/project · " in mail
    report = (world.root / ".splinter/simulated/reports/latest/report.md").read_text().replace("\\_", "_")
    assert "absent was not called, and workstreams/recorded/agent/write.patch was applied in its place" in report
    assert "absent was not called, and no patch of it is recorded" in report

    again = world.doit("run", "--simulate", "tidy")
    assert (again.status, world.new_calls()) == (0, ["write"]), again.out + again.err
    assert differing(before, real(world)) == []
    history = world.doit("history").out
    assert (history.partition("\n\n")[0].count("\n"), "simulated" in history) == (0, False)
    assert "agent  due" in world.doit("plan").out


@pytest.mark.lane("stories")
def test_what_an_agent_did_is_recorded_applied_and_judged_without_it(world: World) -> None:
    world.write("splinter.toml", AGENT.replace("CALLS", f"'{world.calls_file}'"))
    check = {"id": "good", "run": "grep good a.txt"}
    world.workstream("w", base="main", tool="stub", steps=[{"id": "s", "prompt": "Do."}], checks=[check], fix={"attempts": 1})  # fmt: skip
    world.commit()
    assert world.doit("w").status == 0
    assert world.new_calls() == ["asked", "asked"]
    recorded = world.doit("record", "w")
    assert recorded.status == 0, recorded.err
    files = [f"workstreams/recorded/w/{name}.patch  1 file" for name in ("s", "fix-1")]
    assert recorded.out.splitlines()[:2] == files
    due = world.doit("w")
    assert (due.status, world.calls()) == (0, []), "a recorded patch is no part of what an agent did"

    done = world.doit("run", "--simulate", "w")
    assert (done.status, world.calls()) == (0, []), done.out + done.err
    assert "   w:accept  simulated  fix attempt 1 of 1 for good\n" in done.out
    assert "   w  simulated  changed  doit diff --simulated w\n" in done.out
    assert "+good\n" in world.doit("diff", "--simulated", "w").out
    assert "in its place" in world.doit("log", "--simulated", "w:fix-1").out

    world.doit("record", "w:s")
    (world.root / "workstreams/recorded/w/fix-1.patch").unlink()
    failed = world.doit("run", "--simulate", "w")
    assert (failed.status, world.calls()) == (1, [])
    assert "   w:accept  simulated  failed  " in failed.out
    assert "   w  simulated  failed  (oscillating)  doit log --simulated w\n" in failed.out
    assert "doit w goes on" not in failed.out, "nothing goes on where a simulated run ended"


def test_what_would_be_real_is_refused_in_a_sentence(world: World) -> None:
    with_a_task_of_their_own(world)
    for words, said in (
        (["--dry-run"], "--simulate and --dry-run do not go together: leave out one of them"),
        (["pr", "--test"], "--simulate and pr --test do not go together: leave out one of them"),
        (["own"], '"own" is a task of your own, which a simulated run leaves alone'),
        (["--db-file", "other.db"], "--simulate has a database of its own: leave out --db-file"),
    ):
        done = world.doit("run", "--simulate", *words)
        assert (done.status, said in done.err, world.calls()) == (3, True, []), done.err
    world.workstream("w", steps=[{"id": "s", "prompt": "Do.", "tool": "cluade-code"}])
    done = world.doit("run", "--simulate")
    assert (done.status, 'did you mean "claude-code"?' in done.err, done.out) == (3, True, ""), done.err


@pytest.mark.lane("kills")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_one_that_is_ended_leaves_the_real_state_as_it_is(world: World, number: signal.Signals) -> None:
    os.mkfifo(world.home / "go")
    world.write(".splinter/.gitignore", "*\n")
    world.workstream("w", base="main", steps=[world.step("s", f"echo a > a.txt; read line < {world.home}/go")])
    world.commit()
    before = real(world)
    doit = world.start("run", "--simulate")
    wait_for(world.calls, "the step")
    told = world.doit("status").out
    assert "-simulated works" in told
    assert "w:s" in told
    assert world.doit("run", "--simulate").status == 4
    doit.send_signal(number)
    doit.communicate(timeout=30)
    assert doit.returncode != 0
    assert differing(before, real(world)) == []
    (world.root / "workstreams/w.yaml").unlink()
    world.workstream("w", base="main", steps=[world.step("s", "echo a > a.txt")])
    assert world.doit("run", "--simulate").status == 0


def test_what_proposes_nothing_names_no_file(world: World) -> None:
    world.workstream("w", steps=[world.step("s", "true")])
    world.commit()
    done = world.doit("run", "--simulate")
    assert "   w  simulated  unchanged\n" in done.out
    assert "pr:w  simulated" not in done.out


@pytest.mark.lane("gc")
def test_clean_and_gc_know_where_it_lies(world: World) -> None:
    world.workstream("w", base="main", steps=[world.step("s", "echo a > a.txt")])
    world.commit()
    assert world.doit("run", "--simulate").status == 0
    tree = next(Path(os.environ["XDG_STATE_HOME"]).glob("splinter/*/simulated/worktrees/w"))
    assert (tree / "a.txt").exists()
    assert world.doit("clean", "w").status == 0
    assert not tree.exists()
    assert not list(world.root.glob(".splinter/simulated/.splinter/runs/*/w"))
    world.now = "2030-01-01T00:00:00Z"
    assert "the simulated run: not used for " in world.doit("gc").out
    assert not (world.root / ".splinter/simulated").exists()
    assert not tree.parents[1].exists()
