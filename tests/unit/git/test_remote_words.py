"""Why a server refused a push, in its own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from splinter.errors import GitError
from splinter.git import remotes, user_repository
from tests.world import World

PROTECTED = """\
error: GH013: Repository rule violations found for refs/heads/splinter/tidy.

- GITHUB PUSH PROTECTION
  —————————————————————————————————————————
    Resolve the following violations before pushing again

    - Push cannot contain secrets

      —— GitHub Personal Access Token ——————————————————————
       locations:
         - commit: 8f1d7c0
           path: notes.txt:1

       (?) To push, remove secret from commit(s) or follow this URL to allow the secret.
       https://github.com/octo/demo/security/secret-scanning/unblock-secret/2abc


"""
RULES = """\
error: GH013: Repository rule violations found for refs/heads/splinter/tidy.
Review all repository rules at https://github.com/octo/demo/rules?ref=refs%2Fheads%2Fsplinter%2Ftidy

- Cannot create ref due to creations being restricted.

- Found 1 violation:

"""


@pytest.fixture
def origin(world: World, tmp_path: Path) -> Path:
    world.commit()
    origin = tmp_path / "origin.git"
    world.git("init", "--quiet", "--bare", str(origin))
    world.git("remote", "add", "origin", str(origin))
    return origin


def refusal(world: World, origin: Path, said: str) -> str:
    """What pushing ends with where the server's hook says that."""
    (origin / "said").write_text(said, "utf-8")
    hook = origin / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ncat '{origin}/said' >&2\nexit 1\n")
    hook.chmod(0o755)
    repository = user_repository.open_repository(world.root, {"PATH": "/usr/bin:/bin"})
    tidy = remotes.branch("splinter/tidy", world.git("rev-parse", "HEAD"), expected="")
    with pytest.raises(GitError) as error:
        remotes.move(repository, "origin", [tidy], auth={})
    return str(error.value)


@pytest.mark.parametrize("said", [PROTECTED, RULES], ids=["push protection", "rules"])
def test_every_line_of_the_server_that_says_something_is_kept(world: World, origin: Path, said: str) -> None:
    first, *rest = refusal(world, origin, said).splitlines()
    assert first.startswith("git push failed with exit status 1: To ")
    assert first.endswith(f"error: failed to push some refs to '{origin}'")
    told = [line for line in said.splitlines() if line.strip(" —")]
    assert rest == [f"remote: {line}" for line in told]


def test_a_server_that_says_much_is_cut(world: World, origin: Path) -> None:
    told = refusal(world, origin, "".join(f"line {number} {'x' * 5_000}\n" for number in range(500)))
    assert len(told) < 15_000
    assert told.splitlines()[-2].startswith("remote: line 39 xxx")
    assert told.splitlines()[-1] == "remote: … 460 more lines"
