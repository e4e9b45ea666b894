"""The real agents, each in each situation of the table, against a scripted model: `pytest --lane agents`.

They are installed in the versions that the table was seen with, and reach nothing but loopback.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests import paths
from tests.agents import (
    AGENTS,
    CELLS,
    COMMANDS,
    NPM,
    PAIRS,
    PYPI,
    TIMED_OUT,
    Cell,
    asks,
    denied,
    is_as_documented,
    peak_of_a_run,
)
from tests.counterparts.dialects import INPUT_TOKENS, OUTPUT_TOKENS
from tests.counterparts.models import Fail, Flood, Gate, Hang, Reply, Say, Shell, Write, model_server
from tests.world import World, children, end_group, wait_for

pytestmark = [pytest.mark.lane("agents"), pytest.mark.timeout(1200)]  # the first test may install them all

FOLDER = paths.COUNTERPARTS / "agents"
# what these two do after npm has unpacked them: put the program for this machine in its place; they fetch nothing
PLACING = {"@anthropic-ai/claude-code": "install.cjs", "opencode-ai": "postinstall.mjs"}


# --- the agents


@pytest.fixture(scope="session")
def programs() -> Path:
    """A folder with the five programs, installed where they are not there in these versions."""
    versions, stamp = {**NPM, **PYPI}, FOLDER / "installed.json"
    if not shutil.which("npm"):
        pytest.skip("npm is not installed, and four of the agents come from it")
    with FileLock(FOLDER.with_suffix(".lock")):  # one worker installs them for all
        if not stamp.exists() or json.loads(stamp.read_text()) != versions:
            shutil.rmtree(FOLDER, ignore_errors=True)
            _install()
            stamp.write_text(json.dumps(versions))
    return FOLDER / "bin"


def _install() -> None:
    node, venv = FOLDER / "node", FOLDER / "venv"
    node.mkdir(parents=True)
    (node / "package.json").write_text(json.dumps({"private": True, "dependencies": NPM}))
    _call("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", cwd=node)
    for package, script in PLACING.items():
        _call("node", script, cwd=node / "node_modules" / package)
    _call(sys.executable, "-m", "venv", str(venv))
    _call(str(venv / "bin/pip"), "install", "--quiet", *(f"{name}=={version}" for name, version in PYPI.items()))
    (FOLDER / "bin").mkdir()
    for agent, command in COMMANDS.items():
        place = venv / "bin" if agent == "aider" else node / "node_modules/.bin"
        (FOLDER / "bin" / command).symlink_to(place / command)


def _call(*argv: str, cwd: Path = FOLDER) -> None:
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, f"{' '.join(argv)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"


# --- the situations

EDIT, LOOK = Write("src/a.py", "a = 2\n"), Shell("git status")
COMMIT = Shell("git add -A && git commit -m 'by the agent'")
OUTSIDE = Path("/var/tmp/splinter-outside/outside.txt")  # codex's own sandbox lets it write below /tmp
MIB = 1 << 20


@dataclass(frozen=True)
class Case:
    """What the model says in a situation, and how the call differs."""

    replies: tuple[Reply, ...] = ()
    then: Reply = Say("Done.")  # noqa: RUF009
    prompt: str = "Set a to 2 in src/a.py."
    is_offline: bool = False


CASES = {
    "edit": Case((EDIT,)),
    "creates": Case((Write("src/b.py", "b = 1\n"),)),
    "unauthorized": Case(then=Fail(401)),
    "retried": Case((Fail(429), EDIT)),
    "overloaded": Case(then=Fail(429)),
    "broken": Case(then=Fail(500)),
    "offline": Case(is_offline=True),
    "answer": Case((Say("It is 1."),)),
    # aider only edits a file that the prompt names or that it was given
    "outside": Case((Write("README.md", "# Changed\n"),), prompt="Set a to 2 in src/a.py, as README.md says."),
    "commits": Case((EDIT, COMMIT)),
    "commits-allowed": Case((EDIT, COMMIT)),
    "denied": Case((Write(str(OUTSIDE), "x\n"),)),
    "denied-shell": Case((Shell('python3 -c \'open("made.txt", "w")\''),)),
    "hang": Case(then=Hang()),
    "flood": Case((Flood(64 * MIB),)),
    "limit": Case((EDIT, LOOK, LOOK)),
    "limit-usd": Case((EDIT, LOOK, LOOK)),
}
# claude-code holds six times a flood in memory, opencode and aider more still, codex reads it in quadratic time
FLOODS = {"claude-code": 256 * MIB}
ANSWER_USD = {"claude-code": 0.00685, "aider": 0.00334}

# settings beyond the shipped profile: the name of a model, and in some cases what the case is about
MODELS = {"aider": "openai/gpt-4o", "gemini": "gemini-2.5-pro", "opencode": "scripted/made-up"}
SETTINGS = {
    ("claude-code", "commits-allowed"): 'prompt_args = ["--print", "--allowedTools=Bash(git:*)"]\n',
    ("codex", "commits-allowed"): 'prompt_args = ["--add-dir=.git", "-"]\n',
    ("claude-code", "limit"): "max_turns = 1\n",
}
FIELDS: dict[tuple[str, str], dict[str, Any]] = {("claude-code", "limit-usd"): {"budget": {"usd": 0.0001}}}

KEY = "made-up-key"
needs_bubblewrap = pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
CODEX = """model_provider = "scripted"
[model_providers.scripted]
name = "scripted"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "CODEX_API_KEY"
"""
OPENCODE = {"npm": "@ai-sdk/openai-compatible", "models": {"made-up": {}}}


def connect(world: World, agent: str, url: str, *, home: Path | None = None) -> None:
    """Tell an agent, in its own way, where its model is; nothing else is within its reach."""
    home = home or world.home
    options = {"baseURL": f"{url}/v1", "apiKey": "{env:OPENAI_API_KEY}"}
    opencode = {"autoupdate": False, "share": "disabled", "provider": {"scripted": {**OPENCODE, "options": options}}}
    world.env |= {
        "claude-code": {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": KEY},
        "codex": {"CODEX_API_KEY": KEY},
        "aider": {"OPENAI_API_BASE": f"{url}/v1", "OPENAI_API_KEY": KEY},
        "gemini": {"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": KEY},
        "opencode": {"OPENCODE_CONFIG_CONTENT": json.dumps(opencode), "OPENAI_API_KEY": KEY},
    }[agent]
    files = {"codex": (".codex/config.toml", CODEX.format(url=url)),
             "gemini": (".gemini/settings.json", '{"security": {"auth": {"selectedType": "gemini-api-key"}}}')}  # fmt: skip
    if agent in files:
        path, text = files[agent]
        (home / path).parent.mkdir(parents=True)
        (home / path).write_text(text)


@pytest.fixture
def lonely(world: World, programs: Path) -> World:
    """A world with the programs on PATH, a proxy that is not there, and what this machine would let slip in."""
    tmp = world.root.parent / "tmp"  # codex does not work where its home lies below the folder for temporary files
    tmp.mkdir()
    world.env |= {"PATH": f"{programs}:{world.environ()['PATH']}", "TMPDIR": str(tmp), "IS_SANDBOX": "1",
                  "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1,localhost"}  # fmt: skip
    OUTSIDE.unlink(missing_ok=True)
    return world


# --- each agent in each situation


@pytest.mark.parametrize(("agent", "case"), sorted(PAIRS))
def test_each_cell_of_the_table_is_what_the_agent_does(lonely: World, agent: str, case: str) -> None:
    world, scripted, cell = lonely, CASES[case], CELLS[case][agent]
    replies = (Flood(FLOODS[agent]),) if case == "flood" and agent in FLOODS else scripted.replies
    model = f'model = "{MODELS[agent]}"\n' if agent in MODELS else ""
    timeout = "10s" if cell is TIMED_OUT else "90s"
    asks(world, agent, timeout=timeout, prompt=scripted.prompt, settings=model + SETTINGS.get((agent, case), ""),
         **FIELDS.get((agent, case), {}))  # fmt: skip
    with model_server(*replies, then=scripted.then) as server:
        connect(world, agent, "http://127.0.0.1:9" if scripted.is_offline else server.url)
        most = peak_of_a_run(world)
    assert is_as_documented(world, cell) is None
    assert children(world) == []
    assert not OUTSIDE.exists()
    assert most < 150 * 1024, f"{most} KiB"
    assert world.git("status", "--porcelain") == ""
    assert (world.root / "src/a.py").read_text() == "a = 1\n"
    assert list(holding(KEY, world.root / ".splinter", world.root / "reports")) == []
    if case == "commits-allowed":
        assert world.records()["w"]["steps"][-1]["notes"] == [], "it was not denied"
    if cell.outcome == "changed":
        is_ours_alone(world, scripted)
        is_counted(world, agent, len(server.main) - sum(isinstance(reply, Fail) for reply in replies))


def holding(word: str, *folders: Path) -> Iterator[Path]:
    for path in (path for folder in folders for path in folder.rglob("*")):
        if path.is_file() and word.encode() in path.read_bytes():
            yield path


def is_ours_alone(world: World, case: Case) -> None:
    """One commit, with our trailers and by our identity, of what the model had written and of nothing else."""
    written = next(reply for reply in case.replies if isinstance(reply, Write))
    assert f"{world.git('show', f'splinter/w:{written.path}')}\n" == written.content
    assert world.git("diff", "--name-only", "main", "splinter/w") == written.path
    form = "%an <%ae>|%cn <%ce>|%s|%(trailers:key=Tool,valueonly,separator=)|%(trailers:keyonly,separator=%x2C)"
    record = world.records()["w"]["steps"][-1]
    assert world.git("log", f"--format={form}", "main..splinter/w").splitlines() == [
        f"{'Test User <test@example.org>|' * 2}Title of w (ask)|{record['tool']}|Workstream,Step,Tool,Run,Fingerprint"
    ]
    assert world.git("for-each-ref", "--format=%(refname)", "refs/heads").splitlines() == [
        "refs/heads/main", "refs/heads/splinter/w"
    ]  # fmt: skip


def is_counted(world: World, agent: str, answers: int) -> None:
    """Every answer of the model is in the record, once."""
    usd = ANSWER_USD.get(agent)
    assert world.records()["w"]["steps"][-1]["usage"] == {
        "calls": 1, "priced": int(usd is not None), "counted": 1,
        "usd": pytest.approx((usd or 0) * answers, rel=0.02),
        "input_tokens": INPUT_TOKENS * answers, "output_tokens": OUTPUT_TOKENS * answers,
    }  # fmt: skip


@pytest.mark.parametrize("setting", ['{"viewMode": "verbose"}', '{"verbose": true}'])
@pytest.mark.parametrize("case", ["edit", "unauthorized"])
def test_claude_code_is_read_whatever_a_user_has_it_print(lonely: World, setting: str, case: str) -> None:
    own = lonely.home / ".claude/settings.json"
    own.parent.mkdir()
    own.write_text(setting)
    asks(lonely, "claude-code", timeout="90s")
    with model_server(*CASES[case].replies, then=CASES[case].then) as server:
        connect(lonely, "claude-code", server.url)
        lonely.doit("w")
    assert is_as_documented(lonely, CELLS[case]["claude-code"]) is None
    assert lonely.records()["w"]["steps"][-1]["notes"] == []
    if case == "edit":
        is_counted(lonely, "claude-code", len(server.main))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
def test_the_mark_of_a_sandbox_does_not_reach_claude_code_from_the_machine(lonely: World) -> None:
    lonely.env["IS_SANDBOX"] = "1"
    asks(lonely, "claude-code", timeout="60s", settings='prompt_args = ["--print", "--dangerously-skip-permissions"]\n')
    with model_server(EDIT) as server:
        connect(lonely, "claude-code", server.url)
        lonely.doit("w")
    assert is_as_documented(lonely, Cell("failed", "exit_code", "cannot be used with root/sudo privileges")) is None


# --- while they work

STREAMING = [agent for agent in AGENTS if agent != "aider"]
# claude-code prints an answer in pieces where it is asked to
PIECES = 'prompt_args = ["--print", "--include-partial-messages"]\n'


def begun(world: World, agent: str, url: str, settings: str = "") -> subprocess.Popen[str]:
    """`doit`, under way with an agent."""
    model = f'model = "{MODELS[agent]}"\n' if agent in MODELS else ""
    asks(world, agent, timeout="170s", settings=model + settings)
    connect(world, agent, url)
    return world.start("w")


def doing(world: World) -> dict[str, Any]:
    """What another process says of it."""
    done = world.doit("status", "--json")
    (found,) = json.loads(done.out)["doing"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("agent", STREAMING)
def test_the_log_grows_while_an_agent_works_and_a_secret_in_two_pieces_is_masked(lonely: World, agent: str) -> None:
    gate = Gate(Say(f"The key is {KEY[:4]}", (KEY[4:7], f"{KEY[7:]}, and that is all.")))
    with model_server(EDIT, gate) as server:
        doit = begun(lonely, agent, server.url, PIECES if agent == "claude-code" else "")
        wait_for(lambda: len(server.main) == 2, "the second request", seconds=90)
        now = doing(lonely)
        log = lonely.root / now["log"]
        assert (now["task"], now["command"]) == ("w:ask", "ask")
        early, text = log.stat(), log.read_text()
        assert "src/a.py" in text
        assert now["last_line"] in text
        assert not now["last_line"].startswith("{"), "it is no JSON"
        assert text in lonely.doit("log", "w:ask").out
        let_through = time.time_ns()
        gate.open.set()
        doit.communicate(timeout=90)
    late, whole = log.stat(), log.read_text()
    assert early.st_mtime_ns < let_through < late.st_mtime_ns
    assert 0 < early.st_size < late.st_size
    assert whole.startswith(text)
    assert "The key is ***, and that is all.\n" in whole
    assert '{"type"' not in whole, "each event is known"
    assert late.st_mode & 0o777 == 0o600
    assert is_as_documented(lonely, CELLS["edit"][agent]) is None
    assert list(holding(KEY, lonely.root / ".splinter", lonely.root / "reports")) == []


@pytest.mark.parametrize("agent", AGENTS)
def test_a_kill_leaves_what_an_agent_did(lonely: World, agent: str) -> None:
    # aider asks once, and edits when it has the answer
    with model_server(*(() if agent == "aider" else (EDIT,)), then=Hang()) as server:
        doit = begun(lonely, agent, server.url)
        wait_for(lambda: len(server.main) == (1 if agent == "aider" else 2), "its request", seconds=90)
        now = doing(lonely)
        assert (now["task"], now["command"]) == ("w:ask", "ask")
        assert "w:ask" in lonely.doit("status").out
        end_group(doit)
        wait_for(lambda: children(lonely) == [], "the end of all that it started")
    assert not json.loads(lonely.doit("status", "--json").out)["running"]
    if agent != "aider":
        assert (lonely.worktree("w") / "src/a.py").read_text() == "a = 2\n"
        assert "src/a.py" in lonely.doit("log", "w").out
    assert list(holding(KEY, lonely.root / ".splinter")) == []


# --- in splinter's own sandbox


@pytest.fixture
def far_home() -> Iterator[Path]:
    """A home outside of the folder for temporary files, which the sandbox makes anew."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        yield Path(folder)


# codex's own sandbox cannot start in another one: there every edit fails, and it exits 0
CLOSED = 'args = ["exec", "--json", "--sandbox=workspace-write", "-c", "analytics.enabled=false", "--model={model}"]\n'


def fenced(world: World, agent: str, home: Path, settings: str = "") -> None:
    """Have one edit made in the sandbox, where of the home only the agent's own settings are."""
    model = f'model = "{MODELS[agent]}"\n' if agent in MODELS else ""
    asks(world, agent, timeout="60s", settings=model + settings)
    own = (world.root / "splinter.toml").read_text()
    world.write("splinter.toml", f'sandbox = "bubblewrap"\n{own}')
    world.commit()
    world.env["HOME"] = str(home)
    shutil.copy(world.home / ".gitconfig", home)
    with model_server(EDIT) as server:
        connect(world, agent, server.url, home=home)
        world.doit("w")
    assert children(world) == []


@needs_bubblewrap
@pytest.mark.parametrize("agent", AGENTS)
def test_an_edit_works_in_splinter_s_own_sandbox(lonely: World, far_home: Path, agent: str) -> None:
    fenced(lonely, agent, far_home)
    assert is_as_documented(lonely, CELLS["edit"][agent]) is None
    is_ours_alone(lonely, CASES["edit"])


LOGINS = {
    "claude-code": (".claude/.credentials.json", {"claudeAiOauth": {
        "accessToken": "sk-ant-oat01-made-up-login", "refreshToken": "sk-ant-ort01-made-up", "expiresAt": 4102444800000,
        "scopes": ["user:inference", "user:profile"], "subscriptionType": "max"}}),
    "codex": (".codex/auth.json", {"OPENAI_API_KEY": "sk-ant-oat01-made-up-login"}),
}  # fmt: skip


@needs_bubblewrap
@pytest.mark.parametrize("agent", LOGINS)
def test_a_stored_login_works_in_splinter_s_own_sandbox(lonely: World, far_home: Path, agent: str) -> None:
    asks(lonely, agent, timeout="60s")
    own = (lonely.root / "splinter.toml").read_text()
    lonely.write("splinter.toml", f'sandbox = "bubblewrap"\n{own}')
    lonely.commit()
    lonely.env["HOME"] = str(far_home)
    shutil.copy(lonely.home / ".gitconfig", far_home)
    name, login = LOGINS[agent]
    with model_server(EDIT) as server:
        connect(lonely, agent, server.url, home=far_home)
        for key in ("ANTHROPIC_API_KEY", "CODEX_API_KEY"):
            lonely.env.pop(key, None)
        if agent == "codex":
            own = CODEX.format(url=server.url).replace('env_key = "CODEX_API_KEY"', "requires_openai_auth = true")
            (far_home / ".codex/config.toml").write_text(own)
        (far_home / name).parent.mkdir(exist_ok=True)
        (far_home / name).write_text(json.dumps(login))
        lonely.doit("w")
    assert is_as_documented(lonely, CELLS["edit"][agent]) is None
    assert {one.bearer for one in server.main} == {"sk-ant-oat01-made-up-login"}
    assert json.loads((far_home / name).read_text()).items() >= login.items()


@needs_bubblewrap
def test_codex_in_two_sandboxes_changes_nothing_and_that_is_reported(lonely: World, far_home: Path) -> None:
    fenced(lonely, "codex", far_home, CLOSED)
    assert is_as_documented(lonely, denied("Failed to write file ")) is None
