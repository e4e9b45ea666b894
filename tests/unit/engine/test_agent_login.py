"""An agent's login in a folder of ours: what becomes of it where we are killed, and where the user renews it too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from splinter.engine.steps import agent_login
from splinter.engine.steps.agent_login import Login
from splinter.model.tool import Tool

CODEX = Tool(name="codex", command="codex", reader="codex")
KILLED = """
import os, signal, sys
from pathlib import Path
from tests.unit.engine.test_agent_login import held

def act(login):
    folder = login.files[0][0]
    (folder / "new").write_text("renewed")
    (folder / "new").replace(folder / "auth.json")
    os.kill(os.getpid(), signal.SIGKILL)

held(Path(sys.argv[1]), act)
"""


@pytest.fixture
def login(tmp_path: Path) -> Path:
    file = tmp_path / ".codex/auth.json"
    file.parent.mkdir()
    file.write_text("first")
    file.chmod(0o600)
    return file


def held(home: Path, act: Callable[[Login], None]) -> None:
    session: Any = SimpleNamespace(processes=SimpleNamespace(is_stopping=False))
    with agent_login.held(session, CODEX, {"HOME": str(home)}) as found:
        act(found)


def replace(login: Login) -> None:
    (login.files[0][0] / "new").write_text("renewed")
    (login.files[0][0] / "new").replace(login.files[0][0] / "auth.json")


def test_what_took_its_place_when_we_were_killed_is_brought_back_before_it_is_used_again(login: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(login.parents[1])], check=False, env=dict(os.environ))
    assert ended.returncode == -signal.SIGKILL
    assert login.read_text() == "first"
    seen = []
    held(login.parents[1], lambda found: seen.append((found.files[0][0] / "auth.json").read_text()))
    assert (seen, login.read_text(), login.stat().st_mode & 0o777) == (["renewed"], "renewed", 0o600)


def test_what_is_written_in_place_is_the_users_at_once(login: Path) -> None:
    def act(found: Login) -> None:
        (found.files[0][0] / "auth.json").write_text("renewed")
        assert login.read_text() == "renewed"

    held(login.parents[1], act)
    assert login.read_text() == "renewed"


def test_a_login_that_the_user_renewed_meanwhile_stays_theirs(login: Path) -> None:
    def act(found: Login) -> None:
        replace(found)
        login.with_name("theirs").write_text("theirs")
        login.with_name("theirs").replace(login)

    held(login.parents[1], act)
    assert login.read_text() == "theirs"


@pytest.mark.parametrize("how", ["gone", "empty", "a folder", "a pipe"])
def test_what_is_no_login_takes_no_place(login: Path, how: str) -> None:
    def act(found: Login) -> None:
        file = found.files[0][0] / "auth.json"
        file.unlink()
        {"gone": lambda: None, "empty": file.touch, "a folder": file.mkdir, "a pipe": lambda: os.mkfifo(file)}[how]()

    held(login.parents[1], act)
    assert login.read_text() == "first"


def test_where_it_can_have_no_second_name_the_file_itself_is_let_in(
    login: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    held(login.parents[1], lambda found: [one for one in found.files if one[0] == login] or pytest.fail("not let in"))
