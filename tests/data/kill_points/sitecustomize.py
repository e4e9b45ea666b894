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


def place(what, child=None):
    global passed
    passed += 1
    if COUNT:
        with open(COUNT, "a") as file:
            file.write(f"{what}\n")
    if passed == AT:
        if child is not None:
            os.killpg(child.pid, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


class Popen(subprocess.Popen):
    moves = False

    def __init__(self, argv, *rest, **more):
        verbs = MOVING.intersection(argv) if isinstance(argv, list) and argv[0] == "git" else ()
        if verbs:
            place(f"before {min(verbs)}")
        super().__init__(argv, *rest, **more)
        self.moves = bool(verbs)

    def communicate(self, *arguments, **more):
        if not self.moves:
            return super().communicate(*arguments, **more)
        place("during git", self)
        done = super().communicate(*arguments, **more)
        place("after git")
        return done


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


renamed = os.rename
if AT or COUNT:
    os.rename = rename
    subprocess.Popen = Popen
    connect = sqlite3.connect
    sqlite3.Connection = Connection  # what a class of ours is made from
    sqlite3.connect = lambda *arguments, **more: connect(*arguments, **{"factory": Connection, **more})
