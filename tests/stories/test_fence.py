"""`sandbox = "auto"`, the default: what a user's commands need works in it; what is hidden is; who is told without it."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests import deep
from tests.pythons import Venv
from tests.world import LEAN, MONDAY, TUESDAY, World

needs_bubblewrap = pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
NO_BWRAP = "bwrap does not work here: bwrap: No permissions to create new namespace"


@pytest.fixture(autouse=True)
def as_a_user_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPLINTER_SANDBOX")


@pytest.fixture
def far(sealed_world: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A project, its state and a home that lie nowhere in /tmp, each elsewhere."""
    base = Path(tempfile.mkdtemp(prefix="splinter-", dir="/var/tmp"))
    monkeypatch.setenv("XDG_STATE_HOME", str(base / "odd state" / "über"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(base / "cache"))
    monkeypatch.setenv("HOME", str(base / "home"))
    shutil.copytree(sealed_world, base / "home")
    yield World(base / "srv" / "project", base / "home")
    shutil.rmtree(base, ignore_errors=True)


def ends(world: World, command: str | dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The record of a workstream with one step."""
    step = {"id": "s", "run": command} if isinstance(command, str) else command
    world.workstream("w", steps=[step], **fields)
    world.commit()
    world.doit("w")
    return world.records()["w"]


def log(world: World, record: dict[str, Any]) -> str:
    return (world.root / record["steps"][-1]["log"]).read_text()


def notes(world: World) -> list[str]:
    return json.loads((world.root / "reports/latest/report.json").read_text())["notes"]


# --- who is told


@needs_bubblewrap
def test_by_default_a_command_is_in_the_sandbox_and_the_report_says_nothing_of_it(world: World) -> None:
    (world.home / "private.txt").write_text("private")
    record = ends(world, f"! cat {world.home}/private.txt && echo x > x.txt")
    assert record["outcome"] == "changed", record["message"]
    world.doit()
    assert notes(world) == []


def test_where_bubblewrap_does_not_work_summary_report_mail_and_doctor_say_so_in_one_line(world: World) -> None:
    world.breaks_bubblewrap()
    world.workstream("w", steps=[{"id": "s", "run": "echo x > x.txt"}], checks=[{"id": "c", "run": "true"}])
    world.commit()
    done = world.doit()
    sentence = f"Without the sandbox, commands could read and write what you can: {NO_BWRAP}."
    assert world.outcomes() == {"w": "changed"}
    assert notes(world) == [sentence]
    assert done.out.count(sentence) == 1
    assert (world.root / "reports/latest/report.md").read_text().count(sentence) == 1
    assert sentence in world.mails()[0].read_text().replace("=\n", "").replace("\n", " ")
    said = world.doit("doctor", "--offline").out
    assert f"note     sandbox: {NO_BWRAP}; until then commands can read and write what you can" in said


def test_off_says_so_too_of_all_or_of_one_tool(world: World) -> None:
    world.write("splinter.toml", 'sandbox = "off"\n')
    world.workstream("w", steps=[{"id": "s", "run": "echo x > x.txt"}])
    world.commit()
    world.doit()
    assert notes(world) == [
        'Without the sandbox, commands could read and write what you can: it is switched off with `sandbox = "off"`.'
    ]
    assert (
        "note     sandbox: it is off: commands can read and write what you can" in world.doit("doctor", "--offline").out
    )


def test_what_this_machine_says_counts_where_the_settings_say_nothing(world: World) -> None:
    world.breaks_bubblewrap()
    world.env["SPLINTER_SANDBOX"] = "bubblewrap"
    assert ends(world, "true")["message"] == f'sandbox = "bubblewrap": {NO_BWRAP}'
    world.write("splinter.toml", 'sandbox = "off"\n')
    assert ends(world, "true")["outcome"] == "unchanged"
    world.env["SPLINTER_SANDBOX"] = "yes"
    assert 'SPLINTER_SANDBOX is "yes"; it must be auto, bubblewrap or off' in world.doit("w").err


# --- what a user expects of it


@needs_bubblewrap
@pytest.mark.plain_user
def test_what_commands_of_every_day_need_works(far: World) -> None:
    """One run for many: a file of git's in the home, the temporary folders, memory that is shared, a long socket."""
    far.write("test_it.py", "def test_it(tmp_path): (tmp_path / 'x').write_text('x')\n")
    far.write(".worktreeinclude", "local.env\n")
    far.write(".gitignore", "local.env\n.venv/\n")
    far.write("local.env", "included\n")
    closed = far.home / "of another user"  # on PATH, as root's folders are on that of who became a plain user
    closed.mkdir(mode=0)
    far.env["PATH"] = f"{closed}/.cargo/bin:{far.environ()['PATH']}"
    commands = """
        mkdir -p "$TMPDIR/other" && cd "$TMPDIR/other" && git init -q && git commit -q --allow-empty -m x
        git log -1 --format='%an <%ae>' && cd - > /dev/null
        cat local.env
        python3 -c 'import multiprocessing; multiprocessing.Semaphore(); print("shared")'
        python3 -c 'import socket, tempfile, os; s = socket.socket(socket.AF_UNIX); s.bind(tempfile.mktemp())'
        echo x > /dev/null; echo x > /dev/shm/x; mkdir -p ~/.cache/x ~/.config/y; test "$PWD" = "$(pwd -P)"
        whoami > /dev/null 2>&1 || true; date +%s%N > when.txt
    """
    record = ends(
        far, commands, setup=[{"run": "python3 -m venv --without-pip .venv"}],
        checks=[{"id": "t", "tool": "pytest", "args": ["-q", LEAN, "test_it.py"]}, {"id": "r", "tool": "ruff", "args": ["check"]}],
    )  # fmt: skip
    assert record["outcome"] == "changed", record["message"]
    assert log(far, record).splitlines() == ["Test User <test@example.org>", "included", "shared"]
    closed.rmdir()


REACHES = {
    "checkout": "{root}/README.md", "git": "{root}/.git/config", "history": "{root}/.splinter/history.db",
    "state": "{state}", "home": "{home}/private.txt", "cache": "{cache}/parsed", "another checkout": "{linked}/README.md",
}  # fmt: skip


@needs_bubblewrap
@pytest.mark.plain_user
def test_wherever_they_lie_checkout_state_and_home_are_neither_read_nor_written(far: World) -> None:
    far.commit()
    linked = far.root.parent / "linked"
    far.git("worktree", "add", "-q", "-b", "other", str(linked))
    for file in (far.home / "private.txt", far.root.parents[1] / "cache/splinter/parsed"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("private")
    ends(far, "true")
    state = next((far.root.parents[1] / "odd state/über/splinter").glob("*/index/w"))
    places = {"root": far.root, "state": state, "home": far.home, "cache": far.root.parents[1] / "cache/splinter",
              "linked": linked}  # fmt: skip
    tries = []
    for name, place in REACHES.items():
        file = place.format(**places)
        before = Path(file).read_bytes()
        assert before, name
        tries += [f"cat '{file}' > /dev/null 2>&1 && echo 'read {name}' || true"]
        tries += [f"(echo evil >> '{file}') 2> /dev/null && echo 'wrote {name}' || true"]
    record = ends(far, "\n".join([*tries, "echo x > x.txt"]))
    assert record["outcome"] == "changed", record["message"]
    assert log(far, record).splitlines() == ["wrote home"], "the home is one of its own, and gone afterwards"
    assert (far.home / "private.txt").read_text() == "private"


@needs_bubblewrap
@pytest.mark.plain_user
def test_the_kernel_s_settings_cannot_be_written_and_no_namespace_be_made(world: World) -> None:
    tries = """
        cat /proc/sys/kernel/printk_ratelimit > /proc/sys/kernel/printk_ratelimit && echo WROTE
        unshare --user true && echo NESTED
        echo x > /dev/made && echo DEV
        head -c 1100000000 /dev/zero > /dev/shm/x && echo UNBOUNDED
        true
    """
    record = ends(world, {"id": "s", "run": f"set +e; {tries}"})
    assert record["outcome"] == "unchanged", record["message"]
    assert not {"WROTE", "NESTED", "DEV", "UNBOUNDED"} & {*log(world, record).split()}


@needs_bubblewrap
@pytest.mark.parametrize("home", deep.rows(("/", "/nonexistent"), "attacks", ordinary=("/nonexistent",)))
def test_a_home_that_is_none_hides_nothing_that_is_needed(world: World, home: str) -> None:
    world.env["HOME"] = home
    world.env["XDG_CACHE_HOME"] = str(world.home / "cache")
    world.git("config", "user.name", "Test User")
    world.git("config", "user.email", "test@example.org")
    record = ends(world, "echo $HOME; echo x > ~/x; cat ~/x; git log -1 --format=%s; echo x > x.txt")
    assert record["outcome"] == "changed", record["message"]
    assert log(world, record) == "/tmp/home\nx\nby the user\n"


@needs_bubblewrap
def test_an_editable_install_of_another_project_in_the_home_is_found(far: World) -> None:
    other = far.home / "other"
    (other / "helper").mkdir(parents=True)
    (other / "helper/__init__.py").write_text("word = 'helped'\n")
    users = Venv.make(far.home / "env", borrows=True)
    (users.site / "other.pth").write_text(f"{other}\n")
    users.comes_first(far)
    record = ends(far, "python3 -c 'import helper; print(helper.word)'; ls ~")
    assert record["outcome"] == "unchanged", record["message"]
    assert log(far, record).split() == ["helped", "env", "other"]


@needs_bubblewrap
def test_a_cache_that_is_named_is_written_in_and_no_other(far: World) -> None:
    for name in (".cache/pip", ".npm"):
        (far.home / name).mkdir(parents=True)
    far.write("splinter.toml", 'sandbox_caches = ["pip"]\n')
    record = ends(far, "mkdir -p ~/.npm; echo x > ~/.cache/pip/made; echo x > ~/.npm/made")
    assert record["outcome"] == "unchanged", record["message"]
    assert (far.home / ".cache/pip/made").exists()
    assert not (far.home / ".npm/made").exists()


@needs_bubblewrap
@pytest.mark.lane("stories")
def test_pnpm_writes_in_a_store_of_its_own_beside_what_is_installed_for_the_user(far: World) -> None:
    share = far.home / ".local/share/pnpm"
    program = far.write(
        str(share / "nodejs/pnpm"), f"#!/bin/sh\nmkdir -p {share}/store/v10 && echo x > {share}/store/v10/a"
    )
    program.chmod(0o755)
    far.write(str(share / "store/v11/links/x/tool"), "linked\n")
    for bin, to in ((far.home / ".local/bin", "pnpm"), (share / "bin", "pnpx")):
        bin.mkdir(parents=True)
        (bin / to).symlink_to(program)
    far.env["PATH"] = f"{far.home / '.local/bin'}:{share / 'bin'}:{share}:{far.environ()['PATH']}"
    record = ends(far, f"pnpm; pnpx; cat {share}/store/v11/links/x/tool; {{ ! echo x > {program}; }} 2> /dev/null")
    assert record["outcome"] == "unchanged", record["message"]
    assert log(far, record).split() == ["linked"]
    assert sorted(path.name for path in (share / "store").iterdir()) == ["v11"]


@needs_bubblewrap
def test_a_failure_names_as_hidden_nothing_that_is_shown(far: World) -> None:
    far.write(str(far.home / "shown/data.txt"), "data")
    far.write(str(far.home / "data.txt"), "data")
    far.write("splinter.toml", 'sandbox_reads = ["~/shown"]\n')
    record = ends(far, "echo ~/shown/data.txt ~/data.txt; exit 1")
    assert [line for line in record["message"].splitlines() if "hides" in line] == [
        f"the sandbox hides {far.home}/data.txt; `sandbox_reads` lets it through"
    ]


@needs_bubblewrap
def test_a_program_on_path_that_leads_to_a_hidden_place_is_named(far: World) -> None:
    (far.home / "bin").mkdir()
    real = far.write(str(far.home / "tools/poem/bin/poem"), "#!/bin/sh\n")
    real.chmod(0o755)
    (far.home / "bin/poem").symlink_to(real)
    far.env["PATH"] = f"{far.home / 'bin'}:{far.environ()['PATH']}"
    record = ends(far, "echo true: not found; echo none: not found; poem")
    assert [line for line in record["message"].splitlines() if "hides" in line] == [
        f"the sandbox hides {real}, which poem leads to; `sandbox_reads` lets it through"
    ]


@needs_bubblewrap
@pytest.mark.lane("stories")
def test_poetry_and_pipenv_make_their_environments_in_the_work_tree(far: World) -> None:
    record = ends(far, "echo $POETRY_VIRTUALENVS_IN_PROJECT $PIPENV_VENV_IN_PROJECT")
    assert log(far, record).split() == ["true", "1"]


@needs_bubblewrap
@pytest.mark.parametrize(
    ("says", "hint"),
    [
        ({"run": "cat {home}/data.txt"}, "the sandbox hides {home}/data.txt; `sandbox_reads` lets it through"),
        ({"tool": "net", "args": ["connect: Network is unreachable"]},
         "in the sandbox it had no network; `[tools.net] network = true` gives it"),
        ({"run": "echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock'; exit 1"},
         'the sandbox hides the sockets of container engines; a tool that needs one has `sandbox = "off"`'),
    ],
)  # fmt: skip
def test_a_failure_for_want_of_what_is_hidden_names_what_lets_it_through(
    world: World, says: dict[str, Any], hint: str
) -> None:
    (world.home / "data.txt").write_text("data")
    failing = world.home / "bin" / "net"
    failing.parent.mkdir()
    failing.write_text('#!/bin/sh\necho "$1"; exit 1\n')
    failing.chmod(0o755)
    world.env["PATH"] = f"{failing.parent}:{world.environ()['PATH']}"
    world.write("splinter.toml", '[tools.net]\ncommand = "net"\nnetwork = false\n')
    record = ends(
        world,
        {"id": "s", **{key: value.format(home=world.home) if key == "run" else value for key, value in says.items()}},
    )
    assert record["message"].splitlines()[-1] == hint.format(home=world.home)


# --- an agent's login

AGENT = """#!/usr/bin/env python3
import json, os, pathlib, sys, urllib.request
if "--version" in sys.argv:
    sys.exit(print("stand-in 1.0"))
login = pathlib.Path.home() / ".codex/auth.json"
mine = json.loads(login.read_text())["token"]
with urllib.request.urlopen(f"{os.environ['SERVER']}/{mine}") as answer:
    fresh = answer.read().decode()
if not fresh:
    sys.exit(print(f"logged out: {mine} was used up") or 1)
how, text = os.environ["HOW"], json.dumps({"token": fresh})
if how == "write":
    login.write_text(text)
elif how == "a link":
    login.unlink()
    login.symlink_to(os.environ["SERVER_FILE"])
else:
    login.with_name("new").write_text(text)
    login.with_name("new").replace(login)
(pathlib.Path.home() / ".codex/config.toml").write_text("[mcp_servers.evil]")
pathlib.Path("made.txt").write_text(sys.stdin.read())
print(json.dumps({"type": "turn.completed", "usage": {"input_tokens": 1, "output_tokens": 1}}))
"""


class Tokens(ThreadingHTTPServer):
    """A server that gives a new token for the one that counts, once; one used twice ends the login."""

    def __init__(self) -> None:
        self.now, self.given = "token-1", 1

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler) -> None:  # noqa: N805
                fresh = self.renewed(handler.path[1:])
                time.sleep(0.3)  # whoever reads the same token meanwhile uses it a second time
                handler.send_response(200)
                handler.end_headers()
                handler.wfile.write(fresh.encode())

            def log_message(handler, *_: object) -> None:  # noqa: N805
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    def renewed(self, token: str) -> str:
        if token != self.now:
            self.now = ""
            return ""
        self.given += 1
        self.now = f"token-{self.given}"
        return self.now


@pytest.fixture
def tokens() -> Iterator[Tokens]:
    with Tokens() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.lane("agents")
@needs_bubblewrap
@pytest.mark.plain_user
@pytest.mark.parametrize(
    ("how", "nights"), deep.rows([("write", 2), ("rename", 2), ("rename", 1)], "agents", ordinary=[("rename", 1)])
)
def test_a_login_whose_token_can_be_used_once_lives_on_for_two_workstreams_and_two_nights(
    far: World, tokens: Tokens, how: str, nights: int
) -> None:
    with_login(far, tokens, how)
    for id in ("one", "two"):
        asks(far, id)
    for now in (MONDAY, TUESDAY)[:nights]:
        far.now = now
        far.doit("run", "-n", "2", "workstreams")
        messages = {id: record["message"] for id, record in far.records().items()}
        assert far.outcomes() == {"one": "changed", "two": "changed"}, messages
    assert tokens.given == 1 + 2 * nights
    assert json.loads((far.home / ".codex/auth.json").read_text()) == {"token": f"token-{1 + 2 * nights}"}
    assert (far.home / ".codex/auth.json").stat().st_mode & 0o777 == 0o600
    assert (far.home / ".codex/config.toml").read_text() == "# the user's\n"
    assert sorted(one.name for one in (far.home / ".codex").iterdir()) == ["auth.json", "config.toml"]


@needs_bubblewrap
def test_a_link_in_the_place_of_a_login_brings_no_file_of_the_users_there(far: World, tokens: Tokens) -> None:
    with_login(far, tokens, "a link")
    far.env["SERVER_FILE"] = str(far.home / "private.txt")
    (far.home / "private.txt").write_text("private\n")
    asks(far, "one")
    far.doit()
    assert far.outcomes() == {"one": "changed"}
    assert (far.home / ".codex/auth.json").read_text() == '{"token": "token-1"}'


def with_login(far: World, tokens: Tokens, how: str) -> None:
    for folder in (far.home / "bin", far.home / ".codex"):
        folder.mkdir()
    (far.home / "bin/codex").write_text(AGENT)
    (far.home / "bin/codex").chmod(0o755)
    (far.home / ".codex/auth.json").write_text('{"token": "token-1"}')
    (far.home / ".codex/auth.json").chmod(0o600)
    (far.home / ".codex/config.toml").write_text("# the user's\n")
    far.env["PATH"] = f"{far.home}/bin:{far.environ()['PATH']}"
    far.env |= {"SERVER": f"http://127.0.0.1:{tokens.server_port}", "HOW": how}


def asks(far: World, id: str) -> None:
    far.workstream(
        id, tool="codex", when="daily", env=["SERVER", "SERVER_FILE", "HOW"],
        steps=[{"id": "ask", "prompt": f"for {id}"}], checks=[{"id": "c", "run": "! cat ~/.codex/auth.json"}],
    )  # fmt: skip
    far.commit()


# --- a checkout that changed


EVIL = [
    ("echo evil >> {root}/README.md", "README.md"),
    ("echo evil > {root}/new.py", "new.py"),
    ("git -C {root} commit -q --allow-empty -m evil", "its commit or branch"),
    ("git -C {root} config filter.x.clean evil", "git's config"),
]


@pytest.mark.parametrize(("command", "named"), deep.rows(EVIL, "attacks", ordinary=(EVIL[0], EVIL[3])))
def test_a_clean_checkout_that_changed_while_an_unfenced_step_ran_is_noted(
    world: World, command: str, named: str
) -> None:
    world.write("splinter.toml", 'sandbox = "off"\n')
    step = {"id": "s", "run": command.format(root=world.root) + "; echo x > x.txt"}
    world.workstream("w", steps=[step], checks=[{"id": "c", "run": "true"}])
    world.commit()
    world.doit()
    assert (
        f"Your checkout changed while w:s ran without the sandbox: {named}. Where that was not you, look at it before"
        " you go on." in notes(world)
    )


def test_a_checkout_that_was_changed_before_is_its_user_s_business(world: World) -> None:
    world.write("splinter.toml", 'sandbox = "off"\n')
    world.workstream("w", steps=[{"id": "s", "run": f"echo more >> {world.root}/README.md"}])
    world.commit()
    world.write("README.md", "being edited\n")
    world.doit()
    assert len(notes(world)) == 1, "the sandbox alone"
