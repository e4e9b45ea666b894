"""Our git directory shows git the user's objects and refs, and nothing else of theirs that is written during a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from splinter.errors import GitError
from splinter.git import command_line, merge, remotes, user_repository, worktree
from splinter.git import commands as git
from splinter.git.command_line import Repository, WorkTree
from splinter.git.commands import RefUpdate
from splinter.system import process
from tests.world import World


def opened(world: World) -> tuple[Repository, WorkTree]:
    repository = user_repository.open_repository(world.root, dict(os.environ))
    tree = worktree.locate(repository.state, "w")
    worktree.ensure(repository, tree, ())
    return repository, tree


def program(world: World) -> tuple[Path, Path]:
    """A program that leaves a mark, and the mark."""
    file, mark = world.home / "program", world.home / "started"
    file.write_text(f"#!/bin/sh\necho $0 >> {mark}\ncat\nexit 1\n")
    file.chmod(0o755)
    return file, mark


def test_what_a_step_writes_into_the_users_config_reaches_no_call_of_the_run(world: World) -> None:
    commit = world.commit()
    world.git("clone", "--quiet", "--bare", ".", "../origin.git")
    world.git("remote", "add", "origin", "host:origin.git")
    world.git("config", f"url.file://{world.root.parent}/.insteadOf", "host:")
    repository, tree = opened(world)
    file, mark = program(world)
    for key in ("core.sshCommand", "core.fsmonitor", "credential.helper", "filter.x.clean", "filter.x.smudge"):
        world.git("config", key, str(file))
    world.git("config", "--global", "core.sshCommand", str(file))
    world.git("config", "--unset", f"url.file://{world.root.parent}/.insteadOf")  # the next run's `host` is another
    for folder, text in (("info/attributes", "* filter=x\n"), ("hooks/reference-transaction", file.read_text())):
        (world.root / ".git" / folder).parent.mkdir(exist_ok=True)
        (world.root / ".git" / folder).write_text(text)
        (world.root / ".git" / folder).chmod(0o755)
    worktree.place(repository, tree, commit)
    (tree.path / "made.txt").write_text("made\n")
    made = git.write_tree(repository, tree)
    remotes.fetch(repository, "origin", "main", "refs/splinter/base/origin/main", {})
    assert git.refs(repository, "refs/splinter") == {"refs/splinter/base/origin/main": commit}
    assert world.git("show", f"{made}:made.txt") == "made"
    assert not mark.exists()


def test_what_is_written_into_our_own_directory_is_gone_before_the_next_call(world: World) -> None:
    commit = world.commit()
    repository, tree = opened(world)
    file, mark = program(world)
    other = world.git("commit-tree", "-m", "forged", f"{commit}^{{tree}}")
    config = repository.own / "config"
    whole = config.read_bytes()
    for name, text in (("hooks/post-index-change", file.read_text()), ("info/attributes", "* filter=x\n"),
                       ("info/grafts", f"{commit} {other}\n"), ("commondir", f"{world.root}/.git\n")):  # fmt: skip
        (repository.own / name).parent.mkdir(exist_ok=True)
        (repository.own / name).write_text(text)
    config.write_text(f'{config.read_text()}[filter "x"]\n\tsmudge = {file}\n')
    (repository.own / "refs").unlink()
    (repository.own / "refs").symlink_to(world.home)
    worktree.place(repository, tree, commit)
    assert git.resolve(repository, "refs/heads/main") == commit
    assert config.read_bytes() == whole
    assert not mark.exists()


@pytest.mark.parametrize("how", ["graft", "replace"])
def test_a_commit_has_the_parents_that_it_names(world: World, how: str) -> None:
    first, second = world.commit(), world.commit()
    other = world.git("commit-tree", "-m", "forged", f"{second}^{{tree}}")
    if how == "graft":
        (world.root / ".git/info").mkdir(exist_ok=True)
        (world.root / ".git/info/grafts").write_text(f"{second} {other}\n")
    else:
        world.git("replace", second, other)
    assert merge.parents(opened(world)[0], second) == (first,)


def test_a_local_call_is_given_no_token_and_one_to_a_remote_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.commit()
    world.git("remote", "add", "origin", str(world.root))
    repository = user_repository.open_repository(world.root, {**os.environ, "SOME_TOKEN": "made-up"})
    seen: list[dict[str, str]] = []
    real = process.capture

    def capture(*arguments: object, **more: object) -> process.Captured:
        seen.append(dict(more["env"]))  # type: ignore[call-overload]
        return real(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(process, "capture", capture)
    git.refs(repository, "refs")
    remotes.refs(repository, "origin", ["refs/heads/main"], {})
    assert ["SOME_TOKEN" in env for env in seen] == [False, True]
    assert {name for name in seen[0] if not name.startswith(("GIT_", "LC_"))} <= {"PATH", "TMPDIR"}


def test_refs_are_the_users_whether_loose_or_packed(world: World) -> None:
    first, second = world.commit(), world.commit()
    repository, _ = opened(world)
    refs = dict.fromkeys(("refs/heads/splinter/a", "refs/splinter/x/1", "refs/splinter/x/2"), first)
    git.update_refs(repository, [RefUpdate(ref=ref, new=id) for ref, id in refs.items()], why="made")
    assert "made" in world.git("reflog", "splinter/a")
    world.git("pack-refs", "--all", "--prune")
    world.git("gc", "--quiet", "--prune=now")
    moves = [
        RefUpdate(ref="refs/splinter/x/1", new=None, old=first),
        RefUpdate(ref="refs/heads/splinter/a", new=second),
    ]
    git.update_refs(repository, moves, why="moved")
    listed = world.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/splinter", "refs/heads/splinter")
    assert listed.splitlines() == [f"refs/heads/splinter/a {second}", f"refs/splinter/x/2 {first}"]
    assert (world.root / ".git/packed-refs").is_file()
    assert not (world.root / ".git/packed-refs").is_symlink()
    with pytest.raises(GitError):
        git.update_refs(repository, [RefUpdate(ref="refs/splinter/x/2", new=second, old=second)], why="raced")
    world.git("fsck", "--strict")


def test_objects_that_the_users_repository_borrows_are_found(world: World) -> None:
    commit = world.commit()
    world.git("clone", "--quiet", "--shared", ".", "../borrower")
    alternates = world.root.parent / "borrower/.git/objects/info/alternates"
    alternates.write_text("../../../project/.git/objects\n")  # relative to where the borrower's objects lie
    repository = user_repository.open_repository(alternates.parents[3], dict(os.environ))
    assert git.resolve(repository, "refs/heads/main") == commit
    assert git.paths_of(repository, commit)


def test_a_shallow_clone_is_one_in_our_calls_too(world: World) -> None:
    world.commit(), world.commit()
    world.git("clone", "--quiet", "--depth=1", f"file://{world.root}", "../shallow")
    repository = user_repository.open_repository(world.root.parent / "shallow", dict(os.environ))
    assert command_line.text(repository, "rev-list", "--count", "refs/heads/main").strip() == "1"
    remotes.fetch(repository, "origin", "main", "refs/splinter/base/origin/main", {})
    assert (world.root.parent / "shallow/.git/shallow").is_file()


def test_files_keep_the_mode_that_a_shared_repository_asks_for(world: World) -> None:
    world.git("config", "core.sharedRepository", "group")
    world.commit()
    repository, _ = opened(world)
    id = command_line.call(repository, "hash-object", "-w", "--stdin", stdin=b"shared").stdout.decode().strip()
    assert (world.root / ".git/objects" / id[:2] / id[2:]).stat().st_mode & 0o040
    assert (world.root / ".git/objects" / id[:2]).stat().st_mode & 0o020


@pytest.mark.parametrize("what", ["config", "HEAD", "info/exclude", "objects", "attributes", "info/attributes"])
def test_one_that_was_found_right_is_made_again_once_it_is_touched(world: World, what: str) -> None:
    world.commit()
    repository, _ = opened(world)
    repository.state.mkdir(parents=True, exist_ok=True)
    place = command_line.own(repository, "cat-file")
    assert command_line.own(repository, "cat-file") == place
    before = sorted(path.name for path in place.iterdir()), (place / "config").read_bytes()
    file = place / what
    if file.is_symlink():
        file.unlink()
        file.symlink_to(world.home)
    else:
        old = file.stat() if file.exists() else place.stat()
        file.write_bytes(b"x" * old.st_size)
        os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))
    command_line.own(repository, "cat-file")
    assert (sorted(path.name for path in place.iterdir()), (place / "config").read_bytes()) == before
    assert (place / "objects").readlink() == repository.common / "objects"
    assert [path.name for path in (place / "info").iterdir()] == ["exclude"]
    assert set((place / "info/exclude").read_bytes()) != set(b"x")
