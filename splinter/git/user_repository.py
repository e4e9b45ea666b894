"""The user's repository and checkouts: found, opened, looked at. It changes nothing.

It asks as the user would: in their checkout, and by their config where only that says whom git may trust.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from splinter.git import command_line
from splinter.git.command_line import Repository
from splinter.model.ports import Snapshot
from splinter.model.settings import Identity
from splinter.system import process


def toplevel(path: Path, environ: Mapping[str, str]) -> Path:
    """The top of the checkout that `path` lies in; raises InputError where there is none."""
    return Path(command_line.discover(path, environ, "--show-toplevel"))


def common_dir(path: Path, environ: Mapping[str, str]) -> Path:
    """The common directory of the repository that `path` lies in; raises InputError where there is none."""
    return (path / command_line.discover(path, environ, "--git-common-dir")).resolve()


def listed_files(root: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Paths that git tracks in the checkout at `root`."""
    argv = ["git", "-C", str(root), "-c", "core.fsmonitor=false", "ls-files", "-z"]
    done = process.capture(argv, env=command_line.environment(environ, is_remote=True))
    return tuple(os.fsdecode(name) for name in done.stdout.split(b"\0") if name)


def visible_files(root: Path, environ: Mapping[str, str]) -> frozenset[str]:
    """Paths in the checkout at `root` that git does not ignore: tracked ones, and new ones."""
    command = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    argv = ["git", "-C", str(root), "-c", "core.fsmonitor=false", *command]
    done = process.capture(argv, env=command_line.environment(environ, is_remote=True))
    return frozenset(os.fsdecode(name) for name in done.stdout.split(b"\0") if name)


def open_repository(start: Path, environ: Mapping[str, str], identity: Identity | None = None) -> Repository:
    """Read where a repository lies and what of its config concerns us; raises InputError for what is not supported."""
    command_line.check_version(environ)
    lines = command_line.discover(start, environ, "--show-toplevel", "--git-common-dir", "--show-object-format").split(
        "\n"
    )
    top, common = Path(lines[0]), (start / lines[1]).resolve()
    config = command_line.config_of(common, environ)
    listing = process.capture(
        ["git", f"--git-dir={common}", "worktree", "list", "--porcelain", "-z"], env=command_line.environment(environ)
    ).stdout
    main = Path(os.fsdecode(listing.split(b"\0", 1)[0].removeprefix(b"worktree ")))
    return Repository(
        common=common,
        root=main if main.is_dir() and main != common else top,
        start=top,
        identity=identity or command_line.identity_of(config),
        environ=environ,
        object_format=lines[2],
        drivers_off=command_line.drivers_off(config),
        is_partial=any(re.fullmatch(r"remote\..+\.(promisor|partialclonefilter)", key) for key in config),
        excludes_file=command_line.excludes_of(config, environ),
    )


def snapshot(repository: Repository) -> Snapshot:
    """Everything the plan needs to know of git, in four calls."""
    fields = "%(refname)%00%(objectname)%00%(symref)"
    refs, symbolic = {}, {}
    for line in command_line.text(repository, "for-each-ref", f"--format={fields}").splitlines():
        name, oid, target = line.split("\0")
        refs[name] = oid
        if target:
            symbolic[name] = target
    head_branch = command_line.text(repository, "symbolic-ref", "--quiet", "HEAD", ok=(0, 1)).strip() or None
    if repository.start != repository.root:
        done = process.capture(
            ["git", "-C", str(repository.start), "symbolic-ref", "--quiet", "HEAD"],
            env=command_line.environment(
                repository.environ, is_remote=True
            ),  # it may be the user's `safe.directory` alone
        )
        head_branch = done.stdout.decode().strip() or None
    config = command_line.config_of(repository.common, repository.environ)
    return Snapshot(
        refs=refs,
        symbolic=symbolic,
        remotes={key[7:-4]: values[-1] for key, values in config.items() if re.fullmatch(r"remote\..+\.url", key)},
        head_branch=head_branch and head_branch.removeprefix("refs/heads/"),
        head=command_line.text(repository, "rev-parse", "--quiet", "--verify", "HEAD", ok=(0, 1)).strip() or None,
    )


def checked_out(repository: Repository) -> dict[str, str]:
    """Branches that some checkout of the user's holds, with the checkout's path."""
    branches, path = {}, ""
    for entry in command_line.text(repository, "worktree", "list", "--porcelain", "-z").split("\0"):
        key, _, value = entry.partition(" ")
        if key == "worktree":
            path = value
        elif key == "branch":
            branches[value.removeprefix("refs/heads/")] = path
    return branches


def checkouts(repository: Repository) -> tuple[Path, ...]:
    """Where the user's own files lie: the checkout that we were called in, the main one, and linked work trees."""
    listing = command_line.text(repository, "worktree", "list", "--porcelain", "-z").split("\0")
    linked = [Path(entry.removeprefix("worktree ")) for entry in listing if entry.startswith("worktree ")]
    places = (one.resolve() for one in (repository.start, repository.root, *linked) if one != repository.common)
    return tuple(dict.fromkeys(places))


def rebased(repository: Repository) -> dict[str, str]:
    """Branches that a rebase under way will move at its end, with the checkout's path; HEAD is detached meanwhile."""
    branches = {}
    for folder in (repository.common, *repository.common.glob("worktrees/*")):
        for name in (*folder.glob("rebase-merge/head-name"), *folder.glob("rebase-apply/head-name")):
            link = folder / "gitdir"
            path = Path(link.read_text().strip()).parent if link.exists() else repository.root
            branches[name.read_text().strip().removeprefix("refs/heads/")] = str(path)
    return branches
