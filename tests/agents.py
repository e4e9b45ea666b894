"""The five agents as the tests know them: what each did in each situation, and how a workstream is to end there."""

from __future__ import annotations

import json
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splinter.model.agents import registry
from tests import paths
from tests.world import World

RECORDINGS = paths.DATA / "agents"
COMMANDS = {one.profile.name: one.profile.command for one in registry.AGENTS}
AGENTS = tuple(COMMANDS)
# the versions that all of this was seen with
NPM = {
    "@anthropic-ai/claude-code": "2.1.197",
    "@google/gemini-cli": "0.61.0",
    "@openai/codex": "0.169.0",
    "opencode-ai": "1.18.33",
}
PYPI = {"aider-chat": "0.86.2"}

STUB = '''#!{python}
"""Does what {agent} did in one recorded run."""
import json, os, pathlib, subprocess, sys, time
if "--version" in sys.argv:
    sys.exit(print("{agent} as it was recorded"))
recorded = json.load(open({recording!r}))
with open({calls!r}, "a") as calls:
    calls.write("{agent}\\n")
os.environ.get("ASKED") and pathlib.Path(os.environ["ASKED"]).write_text(sys.stdin.read())
for name, content in recorded["files"].items():
    path = pathlib.Path(name)
    path.unlink() if content is None else (path.parent.mkdir(parents=True, exist_ok=True), path.write_text(content))
if recorded["commits"]:
    subprocess.run(["git", "add", "-A"], check=True)
    subprocess.run(["git", "commit", "-q", "-m", "the agent's own"], check=True)
head, flood, tail = recorded["stdout"].partition("x" * 1000)
sys.stdout.write(head)
for _ in range({flood} if flood else 0):
    sys.stdout.write("x" * 1048576)
sys.stdout.write(flood and tail.lstrip("x") or tail)
sys.stdout.flush()
sys.stderr.write(recorded["stderr"])
sys.stderr.flush()
if recorded["ended_by"]:
    time.sleep(600)
sys.exit(recorded["exit_status"])
'''


@dataclass(frozen=True)
class Cell:
    """How a workstream ends whose agent did that; `told` is part of its message, or of its step's notes."""

    outcome: str
    reason: str | None = None
    told: str = ""


CHANGED = Cell("changed")
TIMED_OUT = Cell("failed", "timed_out", "did not end within")
NO_CHANGE = Cell("failed", "no_change", "nothing changed, and the step was expected to change something")
OUT_OF_SCOPE = Cell("failed", "out_of_scope", "README.md is not in scope to modify")


def says(what: str) -> Cell:
    return Cell("failed", "agent_error", f"says: {what}")


def denied(what: str) -> Cell:
    return Cell("failed", "no_change", f"it was denied: {what}")


# the step expects a change in src/**, has a deadline of under a minute, and one more try for a provider's fault
CELLS: dict[str, dict[str, Cell]] = {
    "edit": dict.fromkeys(AGENTS, CHANGED),
    "creates": dict.fromkeys(AGENTS, CHANGED),
    "unauthorized": {
        "claude-code": says("401: Invalid API key"),
        "codex": says("unexpected status 401 Unauthorized"),
        "aider": says("litellm.AuthenticationError"),
        "gemini": says("401: API key not valid. Please pass a valid API key."),
        "opencode": says("401 Incorrect API key provided"),
    },
    "retried": dict.fromkeys(AGENTS, CHANGED),
    "overloaded": {
        "claude-code": TIMED_OUT,
        "codex": says("exceeded retry limit, last status: 429 Too Many Requests"),
        "aider": TIMED_OUT,
        "gemini": TIMED_OUT,
        "opencode": says("429 Rate limit reached"),
    },
    "broken": {**dict.fromkeys(AGENTS, TIMED_OUT), "codex": says("We’re currently experiencing high demand")},  # noqa: RUF001
    "offline": dict.fromkeys(AGENTS, TIMED_OUT),
    "answer": dict.fromkeys(AGENTS, NO_CHANGE),
    "outside": dict.fromkeys(AGENTS, OUT_OF_SCOPE),
    "commits": dict.fromkeys(AGENTS, CHANGED),
    "commits-allowed": dict.fromkeys(("claude-code", "codex"), CHANGED),
    "denied": {
        "claude-code": denied("Read "),
        "codex": denied("patch rejected: writing outside of the project"),
        "aider": NO_CHANGE,
        "gemini": denied("write_file "),
        "opencode": says("it stopped before it was done, where a permission was denied"),
    },
    "denied-shell": {
        "claude-code": denied("Bash python3 -c "),
        "gemini": NO_CHANGE,
        "opencode": Cell("failed", "out_of_scope", "made.txt is not in scope to create"),
    },
    "hang": dict.fromkeys(AGENTS, TIMED_OUT),
    "flood": {
        "claude-code": NO_CHANGE,
        "codex": TIMED_OUT,
        "aider": TIMED_OUT,
        "gemini": says("Loop detected, stopping execution"),
        "opencode": NO_CHANGE,
    },
    "limit": {"claude-code": Cell("failed", "over_budget", "reached a limit that it was given: max turns")},
    "limit-usd": {"claude-code": Cell("failed", "over_budget", "reached a limit that it was given: max budget usd")},
}
# what happens in each, as docs/agents.md says it
SITUATIONS = {
    "edit": "the model has it edit a file in scope",
    "creates": "the model has it make a file in scope",
    "unauthorized": "the key is refused (401)",
    "retried": "one 429, then an edit",
    "overloaded": "429 to every request",
    "broken": "500 to every request",
    "offline": "nothing answers at the address",
    "answer": "the model only answers, and edits nothing",
    "outside": "an edit of a file out of scope, in the worktree",
    "commits": "an edit, then `git add` and `git commit`",
    "commits-allowed": "the same, where a setting allows it to commit",
    "denied": "a write outside of the worktree",
    "denied-shell": "a Python command that makes a file out of scope",
    "hang": "the model takes the request and never answers",
    "flood": "an answer of 64 MB on one line, of 256 MB for claude-code",
    "limit": "it reaches `max_turns`",
    "limit-usd": "it reaches the budget's dollars",
}
PAIRS = [(agent, case) for case, row in CELLS.items() for agent in row]


def table() -> str:
    """CELLS as docs/agents.md has them."""
    rows = [("situation", *AGENTS), ("---",) * (1 + len(AGENTS))]
    rows += [(SITUATIONS[case], *(shown(row.get(agent)) for agent in AGENTS)) for case, row in CELLS.items()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def shown(cell: Cell | None) -> str:
    return "" if cell is None else f"`{cell.reason}`" if cell.reason else cell.outcome


def recording(agent: str, case: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDINGS / agent / f"{case}.json").read_text("utf-8"))
    return found


def install_stub(world: World, agent: str, case: str, *, flood_mib: int = 1024) -> None:
    """Put a program of the agent's name on PATH that does what the agent did."""
    program = world.home / "bin" / COMMANDS[agent]
    program.parent.mkdir(exist_ok=True)
    text = STUB.format(
        python=sys.executable, agent=agent, recording=str(RECORDINGS / agent / f"{case}.json"),
        calls=str(world.calls_file), flood=flood_mib,
    )  # fmt: skip
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    world.env["PATH"] = f"{program.parent}:{world.environ()['PATH']}"


def asks(
    world: World,
    agent: str,
    *,
    timeout: str,
    prompt: str = "Set a to 2 in src/a.py.",
    settings: str = "",
    **fields: Any,
) -> None:
    """A repository with one workstream whose only step is a prompt to that agent; `settings` are of its profile."""
    world.write("src/a.py", "a = 1\n")
    world.write("splinter.toml", f"[tools.{agent}]\nretries = 1\nbackoff = 1\n{settings}")
    step = {"id": "ask", "prompt": prompt, "expect": "change", "timeout": timeout}
    world.workstream("w", tool=agent, scope={"modify": ["src/**"]}, steps=[step], **fields)
    world.commit()


def is_as_documented(world: World, cell: Cell) -> str | None:
    """What of the world differs from how it should be, None where nothing does."""
    record = world.records()["w"]
    step = record["steps"][-1]
    if (record["outcome"], record["reason"]) != (cell.outcome, cell.reason):
        return f"{record['outcome']} ({record['reason']}): {record['message']}"
    if cell.told not in record["message"] + " ".join(step["notes"]):
        return f"{shlex.quote(cell.told)} is not told: {record['message']} {step['notes']}"
    expected = ["splinter/w"] if cell.outcome == "changed" else []
    return None if world.branches() == expected else f"branches: {world.branches()}"


def peak_of_a_run(world: World) -> int:
    """Run `doit w` to its end; returns the most memory that its own process held, in KiB."""
    doit, most = world.start("w"), 0
    while doit.poll() is None:
        most = max(most, _peak_kib(doit.pid))
        time.sleep(0.02)
    doit.communicate()
    return most


def _peak_kib(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
