"""Whatever a step leaves in its work tree, checks see the commit byte for byte, and nothing of an earlier check."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.world import World

# what lies in the work tree of a check, but for its own .git, in one line
LISTS = r"""python3 - <<'END'
import hashlib, json, os, stat
found, todo = {}, ["."]
while todo:
    folder = todo.pop()
    for entry in os.scandir(folder):
        path = os.path.relpath(entry.path, ".")
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            todo += [entry.path] if path != ".git" else []
            if not os.listdir(entry.path):
                found[path] = "empty"
        elif stat.S_ISLNK(mode):
            found[path] = "120000 " + hashlib.sha1(os.fsencode(os.readlink(path))).hexdigest()
        elif stat.S_ISREG(mode):
            found[path] = ("100755 " if mode & 64 else "100644 ") + hashlib.sha1(open(path, "rb").read()).hexdigest()
        else:
            found[path] = "odd"
print("seen: " + json.dumps(found))
END
"""
NAMES = (
    rb'b"a\nb", b"\xff\xfe", b"b\\c", b"[x]", b"*", b"A", b"a", b" s ", b"-x", b":(top)", b"\xc3\xa9", b"e\xcc\x81"'
).decode("latin-1")
CHANGES = "printf 'a = 2\\n' > src/a.py\n"
STEPS = {
    "a pipe": f"{CHANGES} mkfifo src/p",
    "a socket": f"{CHANGES} python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"src/s\")'",
    "many files": 'mkdir src/m; python3 -c \'for i in range(6500): open(f"src/m/{i}", "w").write(str(i))\'',
    "odd names": f'cd src; python3 -c \'for name in {NAMES}: open(name, "w").write("x")\'',
    "a mode": "chmod +x src/a.py",
    "a link for a folder": "rm -r src/d; mkdir src/real; echo 1 > src/real/z; ln -s real src/d",
    "the same size and time": f"cp -p src/a.py src/ref; {CHANGES} touch -r src/ref src/a.py; rm src/ref",
    "a time to come": f"{CHANGES} touch -d 2040-01-01 src/a.py src",
    "a time long ago": f"{CHANGES} touch -d 1970-01-01 src/a.py",
    "a process left behind": f"{CHANGES} (setsid sh -c 'for i in $(seq 40); do echo $i > src/b.py; sleep 0.05; done' &)",
    "another name of a file": f"{CHANGES} ln src/a.py src/h",
    "a file in memory": 'python3 -c \'import mmap; f = open("src/a.py", "r+b"); mmap.mmap(f.fileno(), 0)[4:5] = b"9"\'',
    "a closed folder": "mkdir src/c; echo x > src/c/f; chmod 000 src/c",
    "line ends": "printf 'a\\r\\nb\\r\\n' > src/crlf",
    "written and put back": f"echo 7 > src/b.py; echo 'b = 1' > src/b.py; {CHANGES}",
    "ignored files": f"echo '*.ign' > src/.gitignore; echo x > src/x.ign; {CHANGES}",
    "a lock of its index": f"{CHANGES} touch .git/index.lock",
    "replaced objects": f"git update-ref refs/replace/$(git rev-parse HEAD) $(git rev-parse HEAD~1); {CHANGES}",
}


def held_by(root: Path, commit: str) -> dict[str, str]:
    def git(*words: str) -> bytes:
        return subprocess.run(["git", *words], cwd=root, capture_output=True, check=True).stdout

    rows = (line.partition(b"\t") for line in git("ls-tree", "-r", "-z", commit).split(b"\0") if line)
    return {
        os.fsdecode(
            path
        ): f"{head.decode()[:6]} {hashlib.sha1(git('cat-file', 'blob', head.decode()[12:])).hexdigest()}"
        for head, _, path in rows
    }


@pytest.mark.lane("attacks")
@pytest.mark.parametrize("what", STEPS)
def test_a_check_sees_the_commit_and_nothing_else(world: World, what: str) -> None:
    for path, text in {"src/a.py": "a = 1\n", "src/b.py": "b = 1\n", "src/d/z": "1\n"}.items():
        world.write(path, text)
    world.commit()
    leaves = f"{LISTS} echo x >> src/b.py; echo x > src/junk; mkfifo src/junk-pipe"
    world.workstream(
        "w", scope={"modify": ["src/**"]}, steps=[{"id": "s", "run": STEPS[what]}],
        checks=[{"id": id, "run": run} for id, run in (("first", LISTS), ("leaves", leaves), ("last", LISTS))],
    )  # fmt: skip
    head = world.commit()
    world.doit("w")
    record = world.records()["w"]
    assert (record["outcome"], record["message"]) == ("changed", "")
    for name, commit in (("{}.base", head), ("{}", "splinter/w")):
        for check in ("first", "leaves", "last"):
            (log,) = (world.root / ".splinter/runs").glob(f"*/w/{name.format(check)}.log")
            (seen,) = (line[6:] for line in log.read_text("utf-8").splitlines() if line.startswith("seen: "))
            assert json.loads(seen) == held_by(world.root, commit), (check, commit)
    assert world.git("status", "--porcelain") == ""
    assert world.git("rev-parse", "HEAD") == head
    assert world.git("for-each-ref", "refs/replace") == ""
