"""How git is called: every call names its repository and work tree, and nothing of the user's runs code in it.

It knows no verb's meaning; git.py does.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from splinter import process
from splinter.errors import GitError, InputError
from splinter.settings import Identity

_FILTER_OFF = ("clean=", "smudge=", "process=", "required=false")
OLDEST = (2, 38)
_LOCAL_TIMEOUT_S = 600.0
# hooks, file system monitors, signing, line endings by the user's taste and sparse patterns are not for our calls
_CONFIG = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.splitIndex=false",
    "core.sparseCheckout=false",
    "core.autocrlf=false",
    "core.quotePath=false",
    "core.logAllRefUpdates=true",
    "commit.gpgSign=false",
    "diff.ignoreSubmodules=all",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.addEmbeddedRepo=false",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository by its common directory; `root` is the main checkout, `start` the one we were called in.

    `environ` is the caller's environment without `GIT_*`, for calls that reach a remote; `filters` are the names of
    the filter drivers that some config defines, so that they can be switched off.
    """

    common: Path
    root: Path
    start: Path
    identity: Identity
    environ: Mapping[str, str]
    object_format: str = "sha1"
    filters: tuple[str, ...] = ()
    excludes_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkTree:
    """A work tree of ours: where it lies, our own index for it, and the patterns that never enter a commit."""

    path: Path
    index: Path
    excludes: Path


def call(
    repository: Repository,
    verb: str,
    *arguments: str,
    worktree: WorkTree | None = None,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    ok: tuple[int, ...] = (0,),
    timeout_s: float = _LOCAL_TIMEOUT_S,
    is_remote: bool = False,
    is_elsewhere: bool = False,
    stdout: IO[bytes] | None = None,
) -> process.Captured:
    """Call git; raises GitError with its last lines where its exit status is none of `ok`.

    `is_remote` lets it use the user's config for remotes, `is_elsewhere` means that an argument names the repository.
    """
    where = [f"--git-dir={repository.common}", f"--work-tree={worktree.path if worktree else repository.root}"]
    variables = environment(repository.environ, is_remote=is_remote) | dict(env or {})
    config = [*_CONFIG, *(f"filter.{name}.{switch}" for name in repository.filters for switch in _FILTER_OFF)]
    if worktree:
        config.append(f"core.excludesFile={worktree.excludes}")
        variables["GIT_INDEX_FILE"] = str(worktree.index)
    options = [word for setting in config for word in ("-c", setting)]
    done = process.capture(
        ["git", "--no-pager", *options, *([] if is_elsewhere else where), verb, *arguments],
        env=variables,
        cwd=worktree.path if worktree else None,
        stdin=stdin,
        timeout_s=timeout_s,
        stdout=stdout,
    )
    if done.exit_status not in ok:
        last = " / ".join(done.stderr.decode("utf-8", "replace").strip().splitlines()[-4:])
        raise GitError(f"git {verb} failed with exit status {done.exit_status}: {last}")
    return done


def text(
    repository: Repository, verb: str, *arguments: str, ok: tuple[int, ...] = (0,), worktree: WorkTree | None = None
) -> str:
    """What a call prints, as text."""
    return os.fsdecode(call(repository, verb, *arguments, ok=ok, worktree=worktree).stdout)


def discover(path: Path, environ: Mapping[str, str], *what: str) -> str:
    """What `git rev-parse` says of a folder; raises InputError where no repository is, or git is missing."""
    env = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    try:
        done = process.capture(["git", "-C", str(path), "rev-parse", *what], env={**env, "LC_ALL": "C"})
    except FileNotFoundError:
        raise InputError("git is not installed, or not on PATH; splinter needs git 2.38 or newer") from None
    if done.exit_status != 0:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        if last and "not a git repository" in last[0]:
            raise InputError(f'{path}: no git repository here; "git init" makes one')
        raise InputError(f"{path}: git does not open this repository: {' '.join(last)}")
    return os.fsdecode(done.stdout).rstrip("\n")


def check_version(environ: Mapping[str, str]) -> None:
    """Raise InputError for a git that is missing or too old."""
    try:
        words = process.capture(["git", "--version"], env=environment(environ)).stdout.decode().split()
    except FileNotFoundError:
        raise InputError("git is not installed, or not on PATH; splinter needs git 2.38 or newer") from None
    found = tuple(int(number) for number in re.findall(r"\d+", words[2])[:2])
    if found < OLDEST:
        raise InputError(f"git {words[2]} is too old; splinter needs git {OLDEST[0]}.{OLDEST[1]} or newer")


def config_of(common: Path, environ: Mapping[str, str]) -> dict[str, list[str]]:
    """All config that applies, the user's included, key in git's canonical case -> values."""
    done = process.capture(
        ["git", f"--git-dir={common}", "config", "--list", "-z"], env=environment(environ, is_remote=True)
    )
    config: dict[str, list[str]] = {}
    for entry in os.fsdecode(done.stdout).split("\0"):
        key, _, value = entry.partition("\n")
        if key:
            config.setdefault(key, []).append(value)
    return config


def identity_of(config: Mapping[str, list[str]]) -> Identity:
    """The user's name and address of his git config, else ours."""
    name, email = config.get("user.name"), config.get("user.email")
    if name and email:
        return Identity(name=name[-1], email=email[-1])
    return Identity(name="splinter", email="splinter@localhost")


def environment(environ: Mapping[str, str], *, is_remote: bool = False) -> dict[str, str]:
    """For local calls no config of the user's, for a remote also his helpers and URLs; never his `GIT_*`."""
    env = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    env |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    if not is_remote:
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return env
