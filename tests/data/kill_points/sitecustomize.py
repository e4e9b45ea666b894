"""Put on PYTHONPATH by test_disk.py: ends doit by SIGKILL at one of the places where it switches state.

Those are the git calls that move refs and the statements that change a database of ours: before one, while git is at
work on it, and after it; and before each object that moves into the user's store. KILL_AT is the number of the place; with 0 nothing is ended, and KILL_COUNT names a file that
gets a line for each place.
"""

import os
import signal
import sqlite3
import subprocess

AT, COUNT = int(os.environ.get("KILL_AT", "0")), os.environ.get("KILL_COUNT")
MOVING = {"update-ref", "fetch", "push"}
WRITING = ("insert", "update", "delete")
passed = 0


def place(what, pid=None):
    global passed
    passed += 1
    if COUNT:
        with open(COUNT, "a") as file:
            file.write(f"{what}\n")
    if passed == AT:
        if pid is not None:
            os.killpg(pid, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


def spawn(program, argv, env, **more):
    verbs = MOVING.intersection(argv) if argv[0] == "git" else ()
    if not verbs:
        return spawned(program, argv, env, **more)
    place(f"before {min(verbs)}")
    pid = spawned(program, argv, env, **more)
    moving.add(pid)
    place("during git", pid)
    return pid


def waitpid(pid, options):
    ended = waited(pid, options)
    if ended[0] in moving:
        moving.remove(ended[0])
        place("after git")
    return ended


class Questions:
    """What is written to a git that lives on and sets refs."""

    def __init__(self, file, pid):
        self.file, self.pid = file, pid

    def write(self, data):
        place("before refs are set")
        written = self.file.write(data)
        place("during git", self.pid)
        return written

    def close(self):
        self.file.close()


class Popen(subprocess.Popen):
    def __init__(self, argv, *rest, **more):
        super().__init__(argv, *rest, **more)
        if self.stdin and argv[0] == "git" and MOVING.intersection(argv):
            self.stdin = Questions(self.stdin, self.pid)


class Connection(sqlite3.Connection):
    def execute(self, sql, *values):
        if not sql.startswith(WRITING):
            return super().execute(sql, *values)
        place(f"before {sql[:30]}")
        done = super().execute(sql, *values)
        place(f"after {sql[:30]}")
        return done


def rename(source, target, **more):
    if "/quarantine/" in os.fspath(source) and "/objects/" in os.fspath(target):
        place("before an object moves")
    return renamed(source, target, **more)


renamed, spawned, waited, moving = os.rename, os.posix_spawn, os.waitpid, set()
if AT or COUNT:
    os.rename, os.posix_spawn, os.waitpid = rename, spawn, waitpid
    subprocess.Popen = Popen
    connect = sqlite3.connect
    sqlite3.Connection = Connection  # what a class of ours is made from
    sqlite3.connect = lambda *arguments, **more: connect(*arguments, **{"factory": Connection, **more})
