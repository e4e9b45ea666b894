"""Refs of ours that are damaged or forged count as if they were not there: told, seen by doctor, and nobody stops."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests import deep
from tests.stories.test_cache import DECLARED, agent, asks
from tests.world import World

GONE = "12345678" * 5
KINDS = ("head", "accepted", "backups", "base", "checkpoints", "claimed", "rehearsals", "remote", "results")
ALONE = ("torn", "no parent", "usage")
HOW = ("gone", "torn", "empty", "a tree", "a root", "no parent", "no tree", "no commit", "a large one", "other words",
       "usage", "deep", "digits", "no number", "odd types", "nothing")  # fmt: skip
MORE = (
    "backups/w/20200101-000000-abcd",
    "backups/x/y",
    f"claimed/{'a' * 64}/{'b' * 16}",
    "rehearsals/main",
    "remote/w",
)


@pytest.fixture
def paid(world: World) -> World:
    """A repository whose agent was asked once."""
    world.write("in.txt", "in\n")
    world.env["SOME_TOKEN"] = "made-up-1"
    agent(world)
    asks(world, **DECLARED)
    world.commit()
    return world


def ref_of(world: World, kind: str) -> str:
    return world.git("for-each-ref", "--format=%(refname)", f"refs/splinter/{kind}").splitlines()[0]


def written(world: World, kind: str, data: bytes) -> str:
    made = ["git", "hash-object", "-w", "-t", kind, "--stdin", "--literally"]
    return subprocess.run(made, input=data, cwd=world.root, capture_output=True, check=True).stdout.decode().strip()


def damaged(world: World, ref: str, how: str) -> None:
    """Let a ref hold another object, or none."""
    raw = subprocess.run(["git", "cat-file", "commit", ref], cwd=world.root, capture_output=True, check=True).stdout
    head, _, message = raw.partition(b"\n\n")
    subject, _, body = message.partition(b"\n\n")
    tree = world.git("rev-parse", f"{ref}^{{tree}}")
    said = {
        "other words": b"hello",
        "usage": re.sub(rb'"usage": .*', b'"usage": {"calls": "x", "usd": [1]}}', body),
        "deep": b"[" * 200_000,
        "digits": re.sub(rb'"usage": .*', b'"usage": {"calls": ' + b"1" * 10_000 + b"}}", body),
        "no number": re.sub(rb'"usage": .*', b'"usage": {"calls": 1e999, "usd": NaN}}', body),
        "odd types": re.sub(rb'": ("[^"]*"|\{)', rb'": [5, {"a": null}], "x": \1', body),
    }
    heads = {
        "a root": re.sub(rb"\nparent .*", b"", head),
        "no parent": re.sub(rb"\nparent .*", b"\nparent " + GONE.encode(), head),
        "no tree": head.replace(tree.encode(), GONE.encode()),
    }
    if how in said:
        new = written(world, "commit", b"\n\n".join((head, subject, said[how])))
    elif how in heads:
        new = written(world, "commit", b"\n\n".join((heads[how], message)))
    elif how in ("torn", "empty"):
        new = written(world, "commit", raw + how.encode())
        file = world.root / ".git/objects" / new[:2] / new[2:]
        file.chmod(0o644)
        file.write_bytes(b"garbage" if how == "torn" else b"")
    elif how == "a large one":
        new = written(world, "commit", raw + b"x" * 9_000_000)
    else:
        new = {"gone": GONE, "a tree": tree, "no commit": written(world, "commit", b"\xff\0junk"), "nothing": ""}[how]
    world.git("symbolic-ref", "--delete", ref, ok=False)
    file = world.root / ".git" / ref
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{new}\n")


@pytest.mark.parametrize("how", deep.rows(HOW[:-1], "gc", ordinary=()))
def test_a_damaged_kept_result_is_a_miss_that_is_told(paid: World, how: str) -> None:
    assert paid.doit("w").status == 0
    ref = ref_of(paid, "results")
    damaged(paid, ref, how)
    for name in ("accepted/w", "checkpoints/w/ask"):
        paid.git("update-ref", "-d", f"refs/splinter/{name}")
    paid.git("branch", "-D", "splinter/w")
    (paid.root / ".doit.db").unlink()
    assert paid.doit("plan").status == 0
    told = paid.doit("doctor").out
    assert ref in told
    assert paid.doit("w").status == 0
    assert paid.calls() == ["call", "call"]
    notes = paid.records()["w"]["steps"][-1]["notes"]
    assert any(note.startswith(f"the kept result {ref} is not used: ") for note in notes), notes
    freed = paid.doit("gc")
    assert freed.status == 0
    assert ref in freed.out
    assert ref not in paid.git("for-each-ref", "--format=%(refname)", "refs/splinter/results")


# all of them damaged in the same way, and each alone, for the damage of one may hide what another does
ROWS = {**{how: (KINDS, how) for how in HOW}, **{f"{kind}, {how}": ((kind,), how) for kind in KINDS for how in ALONE}}


@pytest.mark.parametrize("row", deep.rows(ROWS, "gc", ordinary=("torn",)))
def test_refs_of_ours_that_are_damaged_stop_nobody(paid: World, tmp_path: Path, row: str) -> None:
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(tmp_path / "origin.git")], check=True)
    paid.git("remote", "add", "origin", f"file://{tmp_path}/origin.git")
    paid.git("push", "-q", "origin", "main")
    assert paid.doit().status == 0
    for name in MORE:
        paid.git("update-ref", f"refs/splinter/{name}", "refs/heads/splinter/w")
    kinds, how = ROWS[row]
    refs = [ref_of(paid, kind) for kind in kinds]
    for ref in refs:
        damaged(paid, ref, how)
    (paid.root / ".doit.db").unlink()
    for command in (("plan",), ("why", "w"), ("doctor",), ("gc", "--dry-run"), ("gc",), ("w",)):
        done = paid.doit(*command)  # which fails for a traceback
        assert "defect" not in done.out + done.err, command
        told = command[0] in ("doctor", "w")
        # over a ref's file that is empty git itself writes nothing: its workstream says so, and ends
        ok = (0, 1, 2) if how == "nothing" and command == ("w",) else (0, 1) if told else (0,)
        assert done.status in ok, f"{command}\n{done.out}\n{done.err}"


TORN = ("refs/heads/splinter/w", "refs/heads/main", "refs/splinter/accepted/w", "refs/splinter/checkpoints/w/s")


@pytest.mark.parametrize(
    "ref", [pytest.param(one, marks=() if one == "refs/heads/main" else pytest.mark.lane("git")) for one in TORN]
)
@pytest.mark.parametrize("has_log", [True, pytest.param(False, marks=pytest.mark.lane("git"))])
def test_an_empty_ref_is_told_with_the_command_that_brings_it_back(world: World, ref: str, *, has_log: bool) -> None:
    """git says nothing of it and takes it for none: no commit yet, or moved while the workstream ran."""
    world.workstream("w", when="always", steps=[world.step("s", "echo 1 >> x.txt")])
    world.commit()
    assert world.doit().status == 0
    before = world.git("rev-parse", ref)
    (world.root / ".git" / ref).write_text("")
    has_log = has_log and ref.startswith("refs/heads/")  # git keeps none of ours
    if not has_log:
        (world.root / ".git/logs" / ref).unlink(missing_ok=True)
    done = world.doit("w")
    assert done.status == 2, done.out
    (command,) = re.findall(rf'{ref} is damaged, as a power cut leaves it; "(rm [^"]*)"', done.out + done.err)
    assert "Traceback" not in world.doit("doctor").out
    subprocess.run(["sh", "-ec", command], cwd=world.root, check=True)
    if has_log:
        assert world.git("rev-parse", ref) == before
    elif ref == "refs/heads/main":
        world.git("update-ref", ref, before)
    done = world.doit("w")
    assert done.status == 0, done.out
    assert world.git("fsck", "--no-dangling") == ""
