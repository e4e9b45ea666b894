"""Supervisors: whatever a command's descendants do, none outlives it, nor us; of the supervisor they see nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from splinter.system import supervisor
from splinter.system.process import Processes
from splinter.system.supervisor import MARKER, OF_GIT
from splinter.text.redact import Redactor
from tests.world import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")

# leaves its parent, its session and its files at once; how it hides its mark comes before
LEAVES = """
import os, signal, sys, threading, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
with open("pid.new", "w") as file: file.write(str(os.getpid()))
os.rename("pid.new", "pid")
for number in range(3): os.close(number)
"""
LIVES = "time.sleep(600)\n"
IN_A_THREAD = """
import ctypes
threading.Thread(target=time.sleep, args=(600,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def env() -> dict[str, str]:
    return {"PATH": os.environ["PATH"]}


def lives(pid: int) -> bool:
    """A zombie too: one whose first thread has ended looks like it."""
    return psutil.pid_exists(pid)


def daemon(folder: Path, *, how: str = LIVES) -> str:
    """A line of shell that leaves a daemon with an empty environment, and waits until it is one."""
    (folder / "daemon.py").write_text(f"{LEAVES}{how}")
    return f"env -i {sys.executable} -I -S daemon.py; until test -e pid; do sleep 0.01; done"


def pid_of(folder: Path) -> int:
    return int((folder / "pid").read_text())


@pytest.mark.plain_user
@pytest.mark.parametrize(("how", "ends"), [(LIVES, ""), (IN_A_THREAD, "exit 3"), (LIVES, "kill -9 $$")])
def test_a_daemon_with_an_empty_environment_ends_with_its_command(tmp_path: Path, how: str, ends: str) -> None:
    processes = Processes(f"daemon-{os.getpid()}/1", Redactor(()))
    script = f"{daemon(tmp_path, how=how)}; {ends}"
    ended = processes.run(script, cwd=tmp_path, env=env(), log=tmp_path / "log", timeout_s=20)
    assert ended.exit_status == {"": 0, "exit 3": 3, "kill -9 $$": -9}[ends]
    assert not lives(pid_of(tmp_path))
    assert ended.notes == ()


CALLER = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from splinter.system.process import Processes, capture
from splinter.text.redact import Redactor
folder, script = Path(sys.argv[1]), sys.argv[2]
processes = Processes("killed/1", Redactor(()))
{}
"""
RUNS = 'processes.run(script, cwd=folder, env={"PATH": os.environ["PATH"]}, log=folder / "log", timeout_s=600)'
CAPTURES = (
    f'processes.begin(); capture(script.split(), env={{**os.environ, "{MARKER}": "killed/1{OF_GIT}"}}, cwd=folder)'
)


def caller(folder: Path, what: str, script: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", CALLER.format(what), str(folder), script], start_new_session=True)


@pytest.mark.plain_user
def test_a_daemon_ends_with_us_when_we_are_killed(tmp_path: Path) -> None:
    ours = caller(tmp_path, RUNS, f"{daemon(tmp_path)}; sleep 600")
    wait_for((tmp_path / "pid").exists, "the daemon")
    ours.kill()
    ours.wait()
    wait_for(lambda: not lives(pid_of(tmp_path)), "its end", seconds=5)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_git_call_ends_with_us_and_takes_its_lock_along(tmp_path: Path, number: int) -> None:
    """Not half of it stays: git removes its lock where it is asked to end."""
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    git = tmp_path / ".git"
    with (tmp_path / "large").open("wb") as file:
        file.truncate(20 * 1024**3)
    ours = caller(tmp_path, CAPTURES, "git add --all")
    wait_for(lambda: (git / "index.lock").exists(), "git")
    calls = [one for one in psutil.Process(ours.pid).children(recursive=True) if one.name() == "git"]
    assert calls
    ours.send_signal(number)
    ours.wait()
    wait_for(lambda: not any(lives(one.pid) for one in calls), "its end", seconds=5)
    assert not (git / "index.lock").exists()


def test_a_command_that_ends_its_supervisor_fails_and_leaves_nothing(tmp_path: Path) -> None:
    processes = Processes(f"kills-{os.getpid()}/1", Redactor(()))
    script = f"{daemon(tmp_path)}; kill -9 $PPID; sleep 600"
    ended = processes.run(script, cwd=tmp_path, env=env(), log=tmp_path / "log", timeout_s=20)
    assert ended.exit_status == -9
    assert ended.notes == ("its supervisor was ended by something else",)
    wait_for(lambda: not lives(pid_of(tmp_path)), "its end", seconds=5)


def test_a_server_that_was_ended_is_started_again(tmp_path: Path) -> None:
    processes = Processes(f"again-{os.getpid()}/1", Redactor(()))
    for _ in range(2):
        ended = processes.run("true", cwd=tmp_path, env=env(), log=tmp_path / "log", timeout_s=20)
        assert (ended.exit_status, ended.notes) == (0, ())
        living = [one for one in psutil.Process().children() if one.status() != psutil.STATUS_ZOMBIE]
        (server,) = [one for one in living if processes.marker in one.cmdline()]
        server.kill()
        server.wait()


def test_without_a_supervisor_a_command_runs_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "__file__", str(tmp_path / "missing.py"))
    processes = Processes(f"none-{os.getpid()}/1", Redactor(()))
    ended = processes.run("exit 4", cwd=tmp_path, env=env(), log=tmp_path / "log", timeout_s=20)
    assert ended.exit_status == 4
    assert ended.notes == (
        "no supervisor could be started for it: a process that left it within a moment would be missed",
    )


LOOKS = """
import os, resource, signal, sys
print(sorted((name, value) for name, value in os.environ.items() if name != "SPLINTER_CHILD"), sys.argv[1:])
print(os.getcwd(), os.getsid(0) == os.getpgid(0) == os.getpid(), sorted(os.listdir("/proc/self/fd")))
print(os.isatty(0), os.path.realpath("/proc/self/fd/0"), os.fstat(1).st_ino == os.fstat(2).st_ino)
print([line for line in open("/proc/self/status") if line.startswith(("SigB", "SigI", "SigC", "Umask", "Cap", "NoNew"))])
print(open("/proc/self/oom_score_adj").read(), resource.getrlimit(resource.RLIMIT_NOFILE), os.nice(0))
"""


def test_a_command_sees_nothing_of_its_supervisor(tmp_path: Path) -> None:
    (tmp_path / "looks.py").write_text(LOOKS)
    said = []
    for is_possible in (True, False):
        processes = Processes(f"same-{os.getpid()}/1", Redactor(()))
        processes._supervisors._is_possible = is_possible
        argv = [sys.executable, "-I", "looks.py", "a b", "ü\udcff", ""]
        ended = processes.run(argv, cwd=tmp_path, env={**env(), "Ä": "1\n2"}, log=tmp_path / "log", timeout_s=20)
        assert ended.exit_status == 0, ended.output
        said.append(ended.output)
    assert said[0] == said[1]


def test_what_a_command_left_may_end_by_itself(tmp_path: Path) -> None:
    """As before: it is asked, and has a second."""
    script = "(trap 'echo saved > saved; exit' TERM; touch ready; while :; do sleep 0.01 || :; done) & until test -e ready; do :; done"
    processes = Processes(f"asked-{os.getpid()}/1", Redactor(()))
    processes.run(script, cwd=tmp_path, env=env(), log=tmp_path / "log", timeout_s=20)
    assert (tmp_path / "saved").exists()


def test_orphans_that_end_early_do_not_pile_up(tmp_path: Path) -> None:
    script = "for i in 1 2 3 4 5 6 7 8 9; do (true &) ; done; sleep 0.3; ps -o stat= --ppid $PPID"
    processes = Processes(f"piles-{os.getpid()}/1", Redactor(()))
    ended = processes.run(textwrap.dedent(script), cwd=tmp_path, env=env(), log=tmp_path / "log", timeout_s=20)
    assert "Z" not in ended.output
    assert ended.output.count("\n") == 1


def test_a_supervisor_with_nothing_left_serves_the_next_command(tmp_path: Path) -> None:
    processes = Processes(f"served-{os.getpid()}/1", Redactor(()))
    above = {_above(processes, tmp_path, before) for before in ("", "sleep 600 &", "setsid sleep 600 &")}
    assert len(above) == 1
    for pid in above:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not psutil.pid_exists(*above), "its end", seconds=5)
    assert _above(processes, tmp_path, "") not in above


def test_commands_at_once_have_supervisors_of_their_own(tmp_path: Path) -> None:
    processes = Processes(f"served-{os.getpid()}/2", Redactor(()))
    with ThreadPoolExecutor() as threads:
        seen = threads.map(lambda name: _above(processes, tmp_path / name, "sleep 0.3;"), ("a", "b"))
    assert len(set(seen)) == 2


def _above(processes: Processes, folder: Path, before: str) -> int:
    """Which supervisor a command has."""
    folder.mkdir(exist_ok=True)
    done = processes.run(f"{before} echo $PPID", cwd=folder, env=env(), log=folder / "log", timeout_s=60)
    return int(done.output)
