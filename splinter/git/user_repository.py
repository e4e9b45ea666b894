"""The user's repository and checkouts: found, opened, looked at. It changes nothing.

It asks as the user would: in their checkout, and by their config where only that says whom git may trust.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from splinter.errors import GitError
from splinter.git import call_environment, command_line, damaged_refs, users_config
from splinter.git.command_line import Repository
from splinter.model.ports import Snapshot
from splinter.model.settings import Identity
from splinter.system import process, user_folders


def toplevel(path: Path, environ: Mapping[str, str]) -> Path:
    """The top of the checkout that `path` lies in; raises InputError where there is none."""
    return Path(command_line.discover(path, environ, "--show-toplevel"))


def places(path: Path, environ: Mapping[str, str]) -> tuple[Path, Path]:
    """The top of the checkout and the common directory of its repository; raises InputError where there is none."""
    top, common = command_line.discover(path, environ, "--show-toplevel", "--git-common-dir").split("\n")
    return Path(top), (path / common).resolve()


def common_dir(path: Path, environ: Mapping[str, str]) -> Path:
    """The common directory of the repository that `path` lies in; raises InputError where there is none."""
    return (path / command_line.discover(path, environ, "--git-common-dir")).resolve()


def listed_files(root: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Paths that git tracks in the checkout at `root`."""
    argv = ["git", "-C", str(root), "-c", "core.fsmonitor=false", "ls-files", "-z"]
    done = process.capture(argv, env=call_environment.of_users(environ))
    return tuple(os.fsdecode(name) for name in done.stdout.split(b"\0") if name)


def visible_files(root: Path, environ: Mapping[str, str]) -> frozenset[str]:
    """Paths in the checkout at `root` that git does not ignore: tracked ones, and new ones."""
    command = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    argv = ["git", "-C", str(root), "-c", "core.fsmonitor=false", *command]
    done = process.capture(argv, env=call_environment.of_users(environ))
    return frozenset(os.fsdecode(name) for name in done.stdout.split(b"\0") if name)


def ignored_files(root: Path, environ: Mapping[str, str], folders: Sequence[str]) -> tuple[str, ...]:
    """Paths below `folders` that git ignores in the checkout at `root`; of a folder that it ignores whole, none."""
    if not folders:
        return ()
    command = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory", "--")
    argv = ["git", "-C", str(root), "--literal-pathspecs", "-c", "core.fsmonitor=false", *command, *folders]
    done = process.capture(argv, env=call_environment.of_users(environ))
    return tuple(os.fsdecode(name) for name in done.stdout.split(b"\0") if name and not name.endswith(b"/"))


def open_repository(
    start: Path, environ: Mapping[str, str], identity: Identity | None = None, *, at: tuple[Path, Path] | None = None
) -> Repository:
    """Read where a repository lies and what of its config concerns us; raises InputError for what is not supported.

    `at` is what `places` said, where it was asked already.
    """
    command_line.check_version(environ)
    top, common = at or places(start, environ)
    config = users_config.read(common, call_environment.of_users(environ))
    root = common.parent if common.name == ".git" else top  # as git names the main checkout
    exclude = common / "info/exclude"
    return Repository(
        common=common,
        root=root,
        start=top,
        identity=identity or users_config.identity(config),
        environ=environ,
        state=user_folders.state().resolve() / _key(root, common),
        format=users_config.format_of(config),
        reaching=users_config.reaching(config),
        trusted=users_config.trusted(config),
        excludes_file=users_config.ignored(config, environ),
        excludes=exclude.read_text("utf-8", "surrogateescape") if exclude.is_file() else "",
    )


def clone_of(repository: Repository, common: Path) -> Repository:
    """A clone of the user's inside their repository, a submodule's: read as it is, and nothing is fetched for it."""
    config = users_config.read(common, call_environment.of_users(repository.environ))
    return replace(
        repository,
        common=common,
        format=users_config.format_of(config),
        reaching=(),
        excludes="",
        objects=None,
        copy=None,
    )


def _key(root: Path, common: Path) -> str:
    """A name for the repository that no other on this machine has: its folder's, and the hash of where it lies."""
    return f"{root.name}-{hashlib.sha256(os.fsencode(common)).hexdigest()[:12]}"


def snapshot(repository: Repository) -> Snapshot:
    """Everything the plan needs to know of git, in four calls; raises StorageError where HEAD's branch is damaged."""
    fields = "%(refname)%00%(objectname)%00%(symref)"
    refs, symbolic = {}, {}
    for line in command_line.text(repository, "for-each-ref", f"--format={fields}").splitlines():
        name, oid, target = line.split("\0")
        refs[name] = oid
        if target:
            symbolic[name] = target
    common, environ = repository.common, repository.environ
    head_branch = _head_branch(common, environ)
    if repository.start != repository.root:
        done = process.capture(
            ["git", "-C", str(repository.start), "symbolic-ref", "--quiet", "HEAD"],
            env=call_environment.of_users(environ),  # it may be the user's `safe.directory` alone
        )
        head_branch = done.stdout.decode().strip() or None
    is_main = repository.start == repository.root
    head = refs.get(head_branch) if head_branch and is_main else None
    head = head or _asked(common, environ, "rev-parse", "--quiet", "--verify", "HEAD").stdout.decode().strip() or None
    if head is None:
        damaged_refs.refuse_torn_head(repository)
    return Snapshot(
        refs=refs,
        symbolic=symbolic,
        remotes=users_config.urls(repository.reaching),
        push_urls=users_config.push_urls(repository.reaching),
        head_branch=head_branch and head_branch.removeprefix("refs/heads/"),
        head=head,
    )


def _head_branch(common: Path, environ: Mapping[str, str]) -> str | None:
    """The ref that HEAD names, as its file says where that is plain, else as git does; None where it names none."""
    with suppress(OSError, ValueError):
        named = (common / "HEAD").read_text("utf-8")
        if named.startswith("ref: refs/heads/") and named.endswith("\n") and not named.endswith("/.invalid\n"):
            return named.removeprefix("ref: ").strip()
    return _asked(common, environ, "symbolic-ref", "--quiet", "HEAD").stdout.decode().strip() or None


def checkouts(repository: Repository) -> tuple[Path, ...]:
    """Where the user's own files lie: the checkout that we were called in, the main one, and linked work trees."""
    entries = work_trees(repository)
    linked = [Path(entry.removeprefix("worktree ")) for entry in entries if entry.startswith("worktree ")]
    places = (one.resolve() for one in (repository.start, repository.root, *linked) if one != repository.common)
    return tuple(dict.fromkeys(places))


def work_trees(repository: Repository) -> list[str]:
    """What git lists of the user's checkouts, the fields of each after its path."""
    listing = _asked(repository.common, repository.environ, "worktree", "list", "--porcelain", "-z")
    if listing.exit_status != 0:
        raise GitError(f"git worktree list failed: {listing.stderr.decode('utf-8', 'replace').strip()}")
    return os.fsdecode(listing.stdout).split("\0")


def _asked(common: Path, environ: Mapping[str, str], *words: str) -> process.Captured:
    """What only the user's own repository knows: its HEAD and its checkouts. No such call runs a program."""
    return process.capture(["git", f"--git-dir={common}", *words], env=call_environment.of_local_call(environ))
