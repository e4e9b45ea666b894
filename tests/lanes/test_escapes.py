"""Ways out of the sandbox by what we do ourselves once a command has ended: our git, our next call of bubblewrap.

Each leaves a file where no command in the sandbox can write, and none may.
"""

from __future__ import annotations

import ctypes
import os
import platform
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.world import World, end_group

pytestmark = pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")


@pytest.fixture(autouse=True)
def in_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLINTER_SANDBOX", "bubblewrap")


def monitored(folder: str, proof: Path) -> str:
    """Make a folder a repository whose git runs a program as soon as it is asked for its state."""
    return (
        f"mkdir -p {folder}; git -C {folder} init -q; touch {folder}/f; git -C {folder} add f;"
        f" git -C {folder} -c user.name=a -c user.email=a@b commit -qm x;"
        f" printf '#!/bin/sh\\necho out >> {proof}\\n' > {folder}/.git/run; chmod +x {folder}/.git/run;"
        f' git -C {folder} config core.fsmonitor "$PWD/{folder}/.git/run";'
    )


def test_a_repository_in_the_work_tree_runs_nothing_when_we_look_at_it(world: World) -> None:
    proof = world.home / "proof"
    world.workstream("w", steps=[{"id": "s", "run": monitored("sub", proof)}])
    world.commit()
    world.doit("w")
    assert world.records()["w"]["reason"] == "out_of_scope"
    assert not proof.exists()


@pytest.mark.lane("attacks")
def test_a_repository_in_a_submodules_place_runs_nothing_when_we_look_at_it(world: World) -> None:
    proof = world.home / "proof"
    pinned = world.commit()
    world.git("update-index", "--add", "--cacheinfo", f"160000,{pinned},lib")
    (world.root / "lib").mkdir()
    takes = monitored("lib", proof) + f"echo {pinned} > lib/.git/HEAD; echo x > x.txt"
    world.workstream("w", steps=[{"id": "s", "run": takes}])
    world.git("add", "workstreams")
    world.git("commit", "-qm", "x")
    world.doit("w")
    assert not proof.exists(), world.records()["w"]["message"]


@pytest.mark.lane("attacks")
def test_a_bwrap_among_the_programs_of_the_work_tree_is_not_called(world: World) -> None:
    proof = world.home / "proof"
    fakes = f"printf '#!/bin/sh\\necho out >> {proof}\\nexit 0\\n' > .venv/bin/bwrap; chmod +x .venv/bin/bwrap; echo 1 > one.txt"
    world.write(".gitignore", ".venv/\n")
    world.workstream(
        "w",
        setup=[{"run": "mkdir -p .venv/bin"}],
        steps=[{"id": "s", "run": fakes}, {"id": "t", "run": "echo 2 > two.txt"}],
    )
    world.commit()
    world.doit("w")
    assert not proof.exists(), world.records()["w"]["message"]
    assert world.records()["w"]["outcome"] == "changed", world.records()["w"]["message"]


@pytest.mark.lane("attacks")
def test_a_link_beside_what_setup_made_is_not_written_through(world: World) -> None:
    users = world.home / "profile"
    users.write_text("the user's\n")
    made = f"mkdir hidden; echo out > hidden/a; ln hidden/a hidden/b; ln -s {users} hidden/.a.own; ln -s {users} hidden/.b.own"
    world.write(".gitignore", "hidden/\n")
    world.workstream("w", setup=[{"run": made}], steps=[{"id": "s", "run": "echo 1 > one.txt"}])
    world.commit()
    world.doit("w")
    assert users.read_text() == "the user's\n"
    assert world.records()["w"]["outcome"] == "changed", world.records()["w"]["message"]


@pytest.mark.lane("attacks")
@pytest.mark.parametrize("entry", ["bin", ""])
def test_a_git_of_the_work_tree_is_not_called_for_a_relative_entry_of_the_users_path(world: World, entry: str) -> None:
    proof = world.home / "proof"
    world.env["PATH"] = f"{entry}:{world.environ()['PATH']}"
    folder = entry or "."
    fakes = f"mkdir -p {folder}; printf '#!/bin/sh\\necho out >> {proof}\\n' > {folder}/git; chmod +x {folder}/git"
    world.workstream("w", steps=[{"id": "s", "run": fakes}])
    world.commit()
    world.doit("w")
    assert not proof.exists()
    assert world.records()["w"]["outcome"] == "changed", world.records()["w"]["message"]


@pytest.mark.lane("attacks")
def test_a_library_of_the_work_tree_is_loaded_into_nothing_of_ours(world: World) -> None:
    """A colon too many in LD_LIBRARY_PATH is the folder that a program is started in."""
    proof = world.home / "proof"
    world.env["LD_LIBRARY_PATH"] = "/nowhere:"
    library = world.home / "lib.c"
    library.write_text(
        "#include <stdio.h>\n__attribute__((constructor)) static void out(void)"
        f'{{FILE *f = fopen("{proof}", "a"); if (f) fputs("out", f);}}\n'
    )
    made = world.home / "lib.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(made), str(library)], check=True)
    shutil.copyfile(made, world.root / "lib.so")
    plants = "for one in libz.so.1 libpcre2-8.so.0 libcap.so.2 libselinux.so.1; do cp lib.so $one; done"
    steps = [{"id": "s", "run": plants}, {"id": "t", "run": "echo 2 > two.txt"}]
    world.workstream("w", steps=steps, env=["LD_LIBRARY_PATH"])
    world.commit()
    world.doit("w")
    assert not proof.exists()


@pytest.mark.lane("attacks")
def test_a_python_that_a_file_of_the_work_tree_names_is_asked_in_the_sandbox(world: World) -> None:
    """By a path that only reads as if it lay elsewhere."""
    proof = world.home / "proof"
    world.write("app/__init__.py", "")
    world.write("tests/run.py", "print()\n")
    names = (
        f"printf '#!/bin/sh\\necho out >> {proof}\\n' > python3; chmod +x python3;"
        ' printf "#!/usr/..$PWD/python3\\n" > tests/run.py'
    )
    steps = [{"id": "s", "run": names}, {"id": "t", "run": "sh tests/run.py; echo 2 > two.txt"}]
    world.workstream("w", steps=steps)
    world.commit()
    world.doit("w")
    assert world.records()["w"]["outcome"] == "changed", world.records()["w"]["message"]
    assert not proof.exists()


@pytest.mark.lane("attacks")
@pytest.mark.parametrize("named", ["build/run.py", ".venv/lib/python3.11/site-packages/a.pth"])
def test_a_pipe_where_we_look_for_pythons_holds_nobody_up(world: World, named: str) -> None:
    world.write("app/__init__.py", "")
    world.write(".gitignore", "build/\n.venv/\n")
    (world.root / "build").mkdir()
    setup = [
        {"run": "mkdir -p .venv/bin build .venv/lib/python3.11/site-packages; ln -s /usr/bin/env .venv/bin/python3"}
    ]
    steps = [
        {"id": "s", "run": f"mkfifo {named}; echo 1 > one.txt"},
        {"id": "t", "run": "cat app/__init__.py build/run.py & echo 2 > two.txt"},
    ]
    world.workstream("w", setup=setup, steps=steps)
    world.commit()
    running = world.start("w")
    try:
        running.communicate(timeout=60)
    finally:
        end_group(running) if running.poll() is None else None
    assert world.records()["w"]["outcome"] == "changed", world.records()["w"]["message"]


SHOWS = {
    "programs": "mv .venv old; mkdir .venv; ln -s {secret} .venv/bin",
    "libraries": "rm -rf .venv/lib; ln -s {secret} .venv/lib",
    "packages": "echo {secret} > .venv/lib/python3.11/site-packages/a.pth",
    "a program": "ln -s {secret}/run .venv/bin/cat",
    "a Python": "ln -sfn {secret}/bin/python3 .venv/bin/python3; ln -s /bin/cat .venv/bin/cat",
}


@pytest.mark.lane("attacks")
@pytest.mark.parametrize("how", SHOWS)
def test_a_work_tree_cannot_have_a_folder_of_the_home_shown(world: World, how: str) -> None:
    secret = Path(os.environ["HOME"]) / "secret"
    (secret / "bin").mkdir(parents=True)
    (secret / "key").write_text("the user's key\n")
    for program in (secret / "run", secret / "bin/python3"):
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    world.write(".gitignore", ".venv/\nold/\n")
    world.write("splinter.toml", '[tools.show]\ncommand = "cat"\n')
    setup = "mkdir -p .venv/bin .venv/lib/python3.11/site-packages; touch .venv/pyvenv.cfg; ln -s /usr/bin/python3 .venv/bin/python3"
    world.workstream(
        "w",
        setup=[{"run": setup}],
        steps=[
            {"id": "s", "run": SHOWS[how].format(secret=secret)},
            {"id": "t", "tool": "show", "args": [str(secret / "key")]},
        ],
    )
    world.commit()
    world.doit("w")
    log = (world.root / world.records()["w"]["steps"][-1]["log"]).read_text()
    assert "the user's key" not in log
    assert world.records()["w"]["reason"] in ("exit_code", "tool_missing"), world.records()["w"]


@pytest.mark.lane("attacks")
def test_the_folder_for_temporary_files_is_hidden_wherever_it_lies(world: World) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        (Path(folder) / "splinter-x").write_text("another's object\n")
        world.env["TMPDIR"] = folder
        world.workstream("w", steps=[{"id": "s", "run": f"! cat {folder}/splinter-x && echo x > x.txt"}])
        world.commit()
        world.doit("w")
    assert world.records()["w"]["outcome"] == "changed", world.records()["w"]["message"]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="calls are made by their numbers")
def test_the_kernels_keys_are_not_read(world: World) -> None:
    add_key, keyctl, search, session = 248, 250, 10, -3
    libc = ctypes.CDLL(None, use_errno=True)
    secret = b"the user's ticket"
    if libc.syscall(keyctl, 1, None) < 0 or libc.syscall(add_key, b"user", b"ticket", secret, len(secret), session) < 0:
        pytest.skip("this machine has no keys, or lets nobody at them")
    asks = (
        "import ctypes; libc = ctypes.CDLL(None);"
        f' print("found", libc.syscall({keyctl}, {search}, {session}, b"user", b"ticket", 0))'
    )
    world.workstream("w", steps=[{"id": "s", "run": ["python3", "-c", asks]}])
    world.commit()
    world.doit("w")
    assert (world.root / world.records()["w"]["steps"][-1]["log"]).read_text() == "found -1\n"


@pytest.mark.lane("attacks")
def test_a_program_of_the_users_shows_nothing_but_programs_of_its_folder(world: World) -> None:
    local = Path(os.environ["HOME"]) / ".local"
    (local / "bin").mkdir(parents=True)
    (local / "share/keyrings").mkdir(parents=True)
    (local / "share/keyrings/login").write_text("the user's key\n")
    (local / "bin/show").write_text('#!/bin/sh\ncat "$1"\n')
    (local / "bin/show").chmod(0o755)
    world.env["PATH"] = f"{local}/bin:{world.environ()['PATH']}"
    world.write("splinter.toml", '[tools.show]\ncommand = "show"\n')
    steps = [{"id": "s", "tool": "show", "args": [str(local / "share/keyrings/login")]}]
    world.workstream("w", steps=steps)
    world.commit()
    world.doit("w")
    assert "the user's key" not in (world.root / world.records()["w"]["steps"][-1]["log"]).read_text()
    assert world.records()["w"]["reason"] == "exit_code", world.records()["w"]


@pytest.mark.lane("attacks")
def test_the_users_own_home_is_hidden_where_home_names_another(world: World) -> None:
    own = pwd.getpwuid(os.getuid()).pw_dir
    assert os.listdir(own), "an empty home proves nothing"
    world.workstream("w", steps=[{"id": "s", "run": f"ls -A '{own}'; touch '{own}/x' && exit 7 || true"}])
    world.commit()
    world.doit("w")
    log = (world.root / world.records()["w"]["steps"][-1]["log"]).read_text()
    seen = {line for line in log.splitlines() if "touch:" not in line}
    assert seen < {*os.listdir(own)}, log  # what PATH leads to is there, and the Python that runs this
    assert world.records()["w"]["outcome"] == "unchanged", world.records()["w"]["message"]
