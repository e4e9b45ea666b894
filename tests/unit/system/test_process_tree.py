"""Processes that do all they can to outlive their step: none of ours is left, whatever they did."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import threading
import time
from pathlib import Path

import psutil
import pytest

from splinter.system import process_tree
from splinter.system.process import Processes, end_orphans
from splinter.system.supervisor import MARKER
from splinter.text.redact import Redactor
from tests import deep
from tests.world import wait_for

# each piece of misbehaviour is a line of shell; a run mixes several
BEHAVIOURS = (
    "setsid sh -c 'trap \"\" TERM INT HUP; sleep 60; sleep 60' &",
    "(setsid sleep 60 >/dev/null 2>&1 &)",
    "nohup sleep 60 & disown 2>/dev/null || true",
    "sh -c 'trap \"\" TERM; while :; do sleep 0.05; done' &",
    "(while :; do (sleep 0.3 &) ; sleep 0.02; done) &",
    'setsid sh -c \'while :; do setsid sh -c "trap \\"\\" TERM; sleep 1" & sleep 0.05; done\' &',
    "(sleep 60 & exec sleep 60) &",
    "exec 3>&1; (sleep 60 >&3 2>&3 &)",
    "(setsid setsid setsid sleep 60 &)",
    "python3 -c 'import os,time,signal; signal.signal(15, signal.SIG_IGN); os.fork() and os._exit(0); os.setsid(); time.sleep(60)' &",
    "yes > /dev/null &",
    "yes & sleep 0.1",
)
ENDS = ("exit 0", "exit 3", "kill -9 $$", "sleep 60", "trap '' TERM; sleep 60; sleep 60")


def marked(prefix: str) -> list[psutil.Process]:
    return [process for process, _ in process_tree.marked_processes(prefix)]


def alone(processes: Processes) -> Processes:
    """As on a system where nobody can adopt orphans."""
    processes._supervisors._is_possible = False
    return processes


def run(processes: Processes, script: str, folder: Path, *, timeout_s: float = 1.0) -> str | None:
    env = {"PATH": os.environ["PATH"]}
    ended = processes.run(script, cwd=folder, env=env, log=folder / "log", timeout_s=timeout_s)
    return ended.reason


def storm(folder: Path, runs: int, seed: int, *, is_alone: bool) -> None:
    """Random mixes of misbehaviour one after another; after each, nothing that carries its mark lives."""
    chance = random.Random(seed)
    processes = Processes(f"chaos-{os.getpid()}-{seed}/1", Redactor(()))
    if is_alone:
        alone(processes)
    for number in range(runs):
        script = "\n".join([*chance.sample(BEHAVIOURS, chance.randint(1, 4)), chance.choice(ENDS)])
        began = time.monotonic()
        run(processes, script, folder, timeout_s=chance.choice((0.2, 0.5, 1.0)))
        left = marked(processes.marker)
        assert left == [], f"run {number} of seed {seed} left {left}:\n{script}"
        assert time.monotonic() - began < 30, f"run {number} of seed {seed}:\n{script}"
        (folder / "log").unlink(missing_ok=True)


@pytest.mark.lane("kills")
@pytest.mark.parametrize("is_alone", [False, True])
def test_no_process_is_left_in_runs_of_random_behaviours(tmp_path: Path, is_alone: bool) -> None:
    storm(tmp_path, 4, int(is_alone), is_alone=is_alone)


@pytest.mark.lane("chaos")
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("is_alone", [False, True])
def test_no_process_is_left_in_two_hundred_runs_of_random_behaviours(tmp_path: Path, is_alone: bool) -> None:
    storm(tmp_path, 200, random.SystemRandom().randrange(10**6), is_alone=is_alone)


@pytest.mark.parametrize("behaviour", deep.rows(BEHAVIOURS, "chaos", ordinary=BEHAVIOURS[::3]))
def test_each_behaviour_alone_is_ended(tmp_path: Path, behaviour: str) -> None:
    processes = Processes(f"alone-{os.getpid()}/1", Redactor(()))
    assert run(processes, f"{behaviour}\nsleep 60", tmp_path, timeout_s=0.5) == "timed_out"
    assert marked(processes.marker) == []


def test_a_descendant_that_dropped_its_mark_is_known_by_descent(tmp_path: Path) -> None:
    processes = alone(Processes(f"unmarked-{os.getpid()}/1", Redactor(())))
    script = (
        f"env -i PATH=$PATH setsid sh -c 'trap \"\" TERM; echo $$ > {tmp_path}/pid; sleep 600; sleep 600' &\nsleep 600"
    )
    run(processes, script, tmp_path, timeout_s=2.5)
    pid = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.lane("kills")
def test_a_pipe_that_is_held_open_from_outside_holds_nobody_up(tmp_path: Path) -> None:
    processes = Processes(f"pipe-{os.getpid()}/1", Redactor(()))
    began = time.monotonic()
    pipes: list[int] = []

    def hold() -> None:
        wait_for((tmp_path / "pid").exists, "the command")
        pipes.append(os.open(f"/proc/{(tmp_path / 'pid').read_text().strip()}/fd/1", os.O_WRONLY))
        (tmp_path / "held").touch()

    holder = threading.Thread(target=hold)
    holder.start()
    script = f"echo $$ > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; until test -e {tmp_path}/held; do sleep 0.02; done; echo done"
    ended = processes.run(script, cwd=tmp_path, env={"PATH": os.environ["PATH"]}, log=tmp_path / "log", timeout_s=10)
    assert time.monotonic() - began < 15
    holder.join()
    os.close(pipes[0])
    assert ended.exit_status == 0
    assert ended.notes == ("something that it started still holds its output open",)
    assert (tmp_path / "log").read_text() == "done\n"


def test_threads_of_the_kernel_are_told_from_processes_that_have_just_ended() -> None:
    names = {process.pid: process.name() for process in psutil.process_iter()}
    if names.get(2) != "kthreadd":
        pytest.skip("the kernel's threads are not seen here")
    below = psutil.Process(2).children()
    assert below
    unmarked = [process_tree._is_unmarked(process.pid, "any", set()) or not process.is_running() for process in below]
    assert all(unmarked)
    assert process_tree._is_unmarked(2, "any", set())


def test_orphans_of_an_earlier_run_are_ended_and_those_of_another_repository_are_not(tmp_path: Path) -> None:
    import subprocess

    ours, theirs = (
        subprocess.Popen(["sleep", "600"], env={MARKER: f"{name}-{os.getpid()}/5/1"}) for name in ("mine", "yours")
    )
    try:
        assert end_orphans(f"mine-{os.getpid()}/", but=f"mine-{os.getpid()}/6") == 1
        assert not psutil.pid_exists(ours.pid)
        ours.wait()
        assert theirs.poll() is None
    finally:
        theirs.kill()
        theirs.wait()


def test_a_child_has_no_terminal_and_an_empty_standard_input(tmp_path: Path) -> None:
    processes = Processes(f"stdin-{os.getpid()}/1", Redactor(()))
    ended = processes.run(
        "cat; tty || true; echo end", cwd=tmp_path, env={"PATH": os.environ["PATH"]}, log=tmp_path / "log", timeout_s=5
    )
    assert ended.output == "not a tty\nend\n"


def test_a_text_ends_at_its_first_command_that_fails(tmp_path: Path) -> None:
    processes = Processes(f"shell-{os.getpid()}/1", Redactor(()))
    ended = processes.run("false\necho done", cwd=tmp_path, env={"PATH": "/bin"}, log=tmp_path / "log", timeout_s=5)
    assert (ended.exit_status, ended.output) == (1, "")


def test_a_prompt_on_standard_input_ends_where_its_file_does(tmp_path: Path) -> None:
    (tmp_path / "prompt").write_bytes(b"a\0b\xff\n" * 50_000)
    processes = Processes(f"stdin-{os.getpid()}/2", Redactor(()))
    ended = processes.run(["wc", "-c"], cwd=tmp_path, env={"PATH": os.environ["PATH"]}, log=tmp_path / "log", timeout_s=5,
                          stdin=tmp_path / "prompt")  # fmt: skip
    assert ended.output.strip() == "250000"


def test_a_command_that_cannot_be_started_leaves_nothing(tmp_path: Path) -> None:
    processes = Processes(f"none-{os.getpid()}/1", Redactor(()))
    with pytest.raises(FileNotFoundError):
        processes.run(["no-such-program"], cwd=tmp_path, env={"PATH": ""}, log=tmp_path / "log", timeout_s=5)
    program = tmp_path / "program"
    program.write_text("x")
    program.chmod(stat.S_IRUSR)
    with pytest.raises(PermissionError):
        processes.run([str(program)], cwd=tmp_path, env={"PATH": ""}, log=tmp_path / "log", timeout_s=5)
    with pytest.raises(OSError, match="Argument list too long"):
        processes.run(["echo", "x" * 200_000], cwd=tmp_path, env={"PATH": "/bin"}, log=tmp_path / "log", timeout_s=5)
    assert marked(processes.marker) == []


@pytest.mark.parametrize("flood", [0, 9 * 1024 * 1024])
def test_what_others_print_once_the_command_has_ended_is_not_its_own(tmp_path: Path, flood: int) -> None:
    """A child that is ended with the rest of its family may say anything; the log has it all the same."""
    child = "trap 'echo forged; exit' TERM; echo ready > ready; while :; do sleep 0.01; done"
    script = f"sh -c \"{child}\" & until test -e ready; do :; done; head -c {flood} /dev/zero | tr '\\0' x; echo own"
    processes = Processes(f"last-{os.getpid()}/1", Redactor(()))
    ended = processes.run(script, cwd=tmp_path, env={"PATH": os.environ["PATH"]}, log=tmp_path / "log", timeout_s=20)
    assert ended.output.endswith("own\n")
    assert "forged" not in ended.output
    own, said_later = (tmp_path / "log").read_text()[flood:].split("\n", 1)
    assert own == "own"
    assert "forged\n" in said_later  # beside what the shell says of a child that was ended


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux says this of its processes in files")
def test_one_look_is_enough_beside_what_has_ended_or_has_no_environment() -> None:
    """A look that is unsure is taken four times; each run's own supervisor, without a variable, made every one so."""
    ours, bare = (
        subprocess.Popen(["sleep", "60"], env=env) for env in ({MARKER: "looked-at/1"}, {})
    )  # fmt: skip
    unreaped = subprocess.Popen(["true"])
    os.waitid(os.P_PID, unreaped.pid, os.WEXITED | os.WNOWAIT)
    ended: set[tuple[int, bytes]] = set()
    try:
        wait_for(lambda: psutil.Process(bare.pid).name() == "sleep", "the programs")
        wait_for(lambda: psutil.Process(ours.pid).name() == "sleep", "the programs")
        assert process_tree._is_unmarked(bare.pid, "looked-at/", ended)
        assert process_tree._is_unmarked(ours.pid, "another/", ended)
        assert not process_tree._is_unmarked(ours.pid, "looked-at/", ended)
        assert [process.pid for process in marked("looked-at/")] == [ours.pid]
        assert not process_tree._is_unmarked(unreaped.pid, "looked-at/", ended), "it may have forked since the list"
        assert process_tree._is_unmarked(unreaped.pid, "looked-at/", ended)
    finally:
        for child in (ours, bare, unreaped):
            child.kill()
            child.wait()
