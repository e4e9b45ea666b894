"""The user's checkout in the middle of anything: a whole run leaves it to the byte as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import deep
from tests.world import World


def conflicted(world: World, verb: str) -> None:
    world.git("checkout", "--quiet", "-b", "other")
    world.write("a.txt", "theirs\n")
    world.commit("theirs")
    world.git("checkout", "--quiet", "main")
    world.write("a.txt", "ours\n")
    world.commit("ours")
    world.git(*verb.split(), ok=False)


def stashed(world: World) -> None:
    world.write("a.txt", "for later\n")
    world.git("stash", "--quiet")


def bisecting(world: World) -> None:
    for number in range(4):
        world.write("b.txt", f"{number}\n")
        world.commit(f"number {number}")
    world.git("bisect", "start", "HEAD", "HEAD~4")


def sparse(world: World) -> None:
    world.write("far/away.txt", "x\n")
    world.commit()
    world.git("sparse-checkout", "set", "--cone", "workstreams")


def submodule(world: World) -> None:
    inner = world.home / "inner"
    inner.mkdir()
    for words in (("init", "--quiet"), ("commit", "--quiet", "--allow-empty", "-m", "x")):
        world.git("-C", str(inner), *words)
    world.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(inner), "sub")
    world.commit()
    (world.root / "sub" / "new.txt").write_text("x")


def locked(world: World) -> None:
    (world.root / ".git/index.lock").write_text("")


STATES: dict[str, Callable[[World], object]] = {
    "clean": lambda world: None,
    "dirty": lambda world: world.write("a.txt", "edited\n"),
    "staged": lambda world: (world.write("a.txt", "edited\n"), world.git("add", "a.txt")),
    "staged and edited again": lambda world: (world.write("a.txt", "1\n"), world.git("add", "a.txt"), world.write("a.txt", "2\n")),
    "a file deleted": lambda world: (world.root / "a.txt").unlink(),
    "a file added with intent": lambda world: (world.write("n.txt", "n\n"), world.git("add", "-N", "n.txt")),
    "untracked": lambda world: world.write("new/file.txt", "n\n"),
    "ignored": lambda world: (world.write(".gitignore", "*.log\n"), world.commit(), world.write("x.log", "x\n")),
    "detached": lambda world: world.git("checkout", "--quiet", "--detach"),
    "on another branch": lambda world: world.git("checkout", "--quiet", "-b", "topic"),
    "a conflicted merge": lambda world: conflicted(world, "merge other"),
    "a rebase under way": lambda world: conflicted(world, "rebase other"),
    "a cherry-pick under way": lambda world: conflicted(world, "cherry-pick other"),
    "a bisect": bisecting,
    "a stash": stashed,
    "the index locked": locked,
    "sparse": sparse,
    "a submodule with changes": submodule,
    "a linked worktree": lambda world: world.git("worktree", "add", "--quiet", "../linked", "-b", "linked"),
    "assumed unchanged": lambda world: (world.git("update-index", "--assume-unchanged", "a.txt"), world.write("a.txt", "z\n")),
    "hooks that would fail": lambda world: (world.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n").chmod(0o755),
                                            world.write(".git/hooks/reference-transaction", "#!/bin/sh\nexit 1\n").chmod(0o755)),
    "a commit that must be signed": lambda world: world.git("config", "commit.gpgSign", "true"),
    "line ends by taste": lambda world: (world.git("config", "core.autocrlf", "true"), world.write("crlf.txt", "a\r\nb\r\n")),
}  # fmt: skip


def seen(world: World) -> dict[str, object]:
    """What the user sees of the checkout, and every byte of it but for what git ignores of ours."""
    files = {
        str(path.relative_to(world.root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in world.root.rglob("*")
        if path.is_file() and path.relative_to(world.root).parts[0] not in (".git", ".splinter", "reports")
        and not path.name.startswith(".doit.db")
    }  # fmt: skip
    git = world.root / ".git"
    kept = (
        "index",
        "index.lock",
        "HEAD",
        "MERGE_HEAD",
        "CHERRY_PICK_HEAD",
        "BISECT_LOG",
        "config",
        "logs/HEAD",
        "FETCH_HEAD",
    )
    return {
        "files": files,
        "git": {name: (git / name).read_bytes() for name in kept if (git / name).exists()},
        "hooks": sorted(path.name for path in (git / "hooks").iterdir()) if (git / "hooks").is_dir() else [],
        "rebase": sorted(str(path) for path in git.glob("rebase-*/*")),
        "stash": world.git("stash", "list"),
        "refs": [line for line in world.git("for-each-ref").splitlines() if "splinter" not in line],
        "worktrees": world.git("worktree", "list", "--porcelain"),
    }


# edits of every kind, a merge in the middle, what could run or stop us; `--lane git` takes every state
ORDINARY = (
    "staged and edited again", "untracked", "a conflicted merge", "the index locked", "hooks that would fail",
)  # fmt: skip


@pytest.mark.parametrize("state", deep.rows(STATES, "git", ordinary=ORDINARY))
def test_a_run_leaves_the_checkout_as_it_was(world: World, state: str) -> None:
    world.write("a.txt", "a\n")
    world.workstream("w", base="main", steps=[world.step("s", "echo made > a.txt; echo new > made.txt")])
    world.commit()
    STATES[state](world)
    status = world.git("status", "--porcelain=v2", "--branch")
    before = seen(world)
    done = world.doit()
    assert done.status == 0, done.out + done.err
    assert seen(world) == before
    lock = world.root / ".git/index.lock"
    lock.unlink(missing_ok=True)
    assert world.git("status", "--porcelain=v2", "--branch") == status
    assert world.git("show", "splinter/w:a.txt") == "made"


def test_a_run_from_a_linked_worktree_leaves_both_as_they_were(world: World, tmp_path: Path) -> None:
    world.write("a.txt", "a\n")
    world.workstream("w", base="main", steps=[world.step("s", "echo made > a.txt")])
    world.commit()
    linked = tmp_path / "linked"
    world.git("worktree", "add", "--quiet", str(linked), "-b", "topic")
    (linked / "a.txt").write_text("edited there\n")
    world.write("a.txt", "edited here\n")
    before = seen(world), world.git("-C", str(linked), "status", "--porcelain=v2", "--branch")
    done = world.doit(cwd=linked)
    assert done.status == 0, done.out + done.err
    assert (seen(world), world.git("-C", str(linked), "status", "--porcelain=v2", "--branch")) == before
