"""Commits signed where the settings ask for it, by the user's own key and program."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.world import TUESDAY, World

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="keys are made by ssh-keygen")


@pytest.fixture
def signing(world: World, sealed_world: Path) -> World:
    """A user who signs with an SSH key, made up for this test, and a project that asks for it."""
    key = sealed_world / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    (sealed_world / "signers").write_text(f"test@example.org {key.with_suffix('.pub').read_text()}")
    for name, value in (("gpg.format", "ssh"), ("user.signingKey", str(key)),
                        ("gpg.ssh.allowedSignersFile", str(sealed_world / "signers"))):  # fmt: skip
        world.git("config", "--global", name, value)
    world.write("splinter.toml", "sign_commits = true\n")
    world.workstream("w", base="main", steps=[world.step("a", "echo a > a.txt"), world.step("b", "echo b > b.txt")])
    world.commit()
    return world


def verified(world: World, branch: str = "splinter/w") -> list[str]:
    """The subjects of a branch's commits, each of which is signed by the key."""
    commits = world.git("rev-list", "--reverse", f"main..{branch}").split()
    for commit in commits:
        world.git("verify-commit", commit)
    return [world.git("show", "-s", "--format=%s", commit) for commit in commits]


def test_each_commit_of_a_branch_is_signed_and_none_is_where_nobody_asked(signing: World) -> None:
    done = signing.doit()
    assert done.status == 0, done.out + done.err
    assert verified(signing) == ["Title of w (a)", "Title of w (b)"]
    signing.write("splinter.toml", "")
    signing.git("config", "--global", "commit.gpgSign", "true")
    signing.workstream("x", base="main", steps=[signing.step("a", "echo a > x.txt")])
    assert signing.doit("x").status == 0
    assert "gpgsig" not in signing.git("cat-file", "commit", "splinter/x")


@pytest.mark.lane("stories")
def test_a_person_s_commit_is_signed_again_where_it_is_replayed(signing: World) -> None:
    assert signing.doit().status == 0
    signing.git("worktree", "add", "--quiet", "../person", "splinter/w")
    signing.git("-C", "../person", "commit", "--quiet", "--allow-empty", "-m", "theirs")
    signing.git("worktree", "remove", "../person")
    signing.workstream("w", base="main", steps=[signing.step("a", "echo new > a.txt")])
    signing.commit()
    signing.now = TUESDAY
    done = signing.doit()
    assert done.status == 0, done.out + done.err
    assert verified(signing) == ["Title of w (a)", "theirs"]


@pytest.mark.parametrize("program", ["exit 1", "sleep 600"])
def test_a_key_that_cannot_sign_fails_before_any_step(signing: World, sealed_world: Path, program: str) -> None:
    signer = sealed_world / "signer"
    signer.write_text(f"#!/bin/sh\n{program}\n")
    signer.chmod(0o755)
    signing.git("config", "--global", "gpg.ssh.program", str(signer))
    if "sleep" in program:  # a passphrase that nobody gives: the minute's limit is shortened here
        signing.write(
            "dodo.py",
            "from splinter.git import commands\ncommands.SIGN_TIMEOUT_S = 1\n" + (signing.root / "dodo.py").read_text(),
        )
        told = "git commit-tree did not end within 1 s and was ended"
    else:
        told = "git commit-tree failed with exit status 1: error"
    done = signing.doit()
    assert done.status == 1
    record = signing.records()["w"]
    assert (record["reason"], record["step"]) == ("preflight", "prepare")
    assert record["message"].startswith(f"commits cannot be signed, as sign_commits asks for: {told}")
    assert signing.calls() == []
