"""What git asks of a remote and sends to it: bounded in time, by the user's own helpers, with a token never in a URL.

It moves no ref of the user's, neither here nor there.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from splinter.git import command_line, remote_head
from splinter.git.command_line import Repository
from splinter.model import layout

NETWORK_TIMEOUT_S = 120.0
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-prune", "--no-write-fetch-head", "--no-auto-maintenance", "--refmap=",
          "--recurse-submodules=no")  # fmt: skip
_PUSH = ("push", "--quiet", "--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no")
SHORT_TIMEOUT_S = remote_head.TIMEOUT_S  # for what is small, and is waited for


def fetch(repository: Repository, remote: str, branch: str, into: str, auth: Mapping[str, str]) -> None:
    """Fetch one branch into a ref of ours; the user's remote-tracking refs and FETCH_HEAD stay as they are."""
    command_line.call(_whole(repository), *_FETCH, remote, f"+refs/heads/{branch}:{into}",
         env=auth, timeout_s=NETWORK_TIMEOUT_S, is_remote=True)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A ref there that is to name `new` (empty: it is to go), only where it names `expected` now (empty: nothing)."""

    ref: str
    new: str
    expected: str


def move(
    repository: Repository, remote: str, moves: Sequence[Move], *, auth: Mapping[str, str],
    is_atomic: bool = False, timeout_s: float | None = None,
) -> None:  # fmt: skip
    """Move refs there in one push; raises GitError where one is not where it was expected, or nobody may move it.

    Each moves or stays by itself, unless `is_atomic`: all or none.
    """
    leases = (f"--force-with-lease={one.ref}:{one.expected}" for one in moves)
    command_line.call(repository, *_PUSH, *(("--atomic",) if is_atomic else ()), *leases,
         remote, *(f"{one.new}:{one.ref}" for one in moves),
         env=auth, timeout_s=timeout_s or NETWORK_TIMEOUT_S, is_remote=True,
         more_config=_named_refs(remote))  # fmt: skip


def branch(name: str, commit: str, *, expected: str) -> Move:
    """The move of a branch there."""
    return Move(ref=f"refs/heads/{name}", new=commit, expected=expected)


def fetch_refs(repository: Repository, remote: str, pattern: str, auth: Mapping[str, str]) -> None:
    """Fetch refs of ours that match a pattern under their own names, none of which moves; raises GitError."""
    command_line.call(_whole(repository), *_FETCH, remote, f"{pattern}:{pattern}",
         env=auth, timeout_s=NETWORK_TIMEOUT_S, is_remote=True)  # fmt: skip


def push_ref(repository: Repository, remote: str, ref: str, commit: str, auth: Mapping[str, str]) -> None:
    """Push a commit as a new ref; raises GitError where another is there."""
    command_line.call(repository, *_PUSH,
         remote, f"{commit}:{ref}", env=auth, timeout_s=NETWORK_TIMEOUT_S, is_remote=True,
         more_config=_named_refs(remote))  # fmt: skip


def refs(repository: Repository, remote: str, patterns: Sequence[str], auth: Mapping[str, str]) -> dict[str, str]:
    """The ids of the refs there that match some pattern; raises GitError."""
    done = command_line.call(repository, "ls-remote", "--quiet", remote, *patterns,
                env=auth, timeout_s=SHORT_TIMEOUT_S, is_remote=True)  # fmt: skip
    lines = (line.partition("\t") for line in done.stdout.decode("utf-8", "replace").splitlines())
    return {ref: id for id, _, ref in lines}


def default_branch(repository: Repository, remote: str, auth: Mapping[str, str]) -> tuple[str, str] | None:
    """The branch that HEAD names on the remote, with its commit, None where there is none; raises GitError."""
    words = remote_head.words(remote)
    heard = None if auth else remote_head.HEARD.pop(remote, None)
    done = command_line.call(repository, *words, env=auth, timeout_s=SHORT_TIMEOUT_S, is_remote=True, heard=heard)
    return remote_head.said(done.stdout)


def remember_default_branch(repository: Repository, remote: str, name: str) -> None:
    """Keep which base of ours is the remote's default branch."""
    command_line.call(repository, "symbolic-ref", layout.head(remote), layout.base(remote, name))


def unseen(repository: Repository, remote: str, commit: str, *, there: Sequence[str]) -> tuple[str, ...]:
    """What `commit` contains, itself included, that nothing which was fetched from the remote does; the newest first.

    `there` are commits that the remote was just seen to have.
    """
    seen = (f"refs/remotes/{remote}/*", layout.base(remote, "*"))
    names = ["--not", *(f"--glob={pattern}" for pattern in seen), *there]
    return tuple(command_line.text(repository, "rev-list", "--topo-order", commit, *names).split())


def fetch_objects(repository: Repository, remote: str, refs: Sequence[str], auth: Mapping[str, str]) -> None:
    """Fetch what refs there name, and no ref; raises GitError."""
    command_line.call(repository, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance",
         "--refmap=", "--recurse-submodules=no", remote, *refs,
         env=auth, timeout_s=SHORT_TIMEOUT_S, is_remote=True)  # fmt: skip


def remote_id(repository: Repository, remote: str, branch: str, auth: Mapping[str, str]) -> str:
    """The id of a branch on the remote, empty where there is none."""
    ref = f"refs/heads/{branch}"
    done = command_line.call(repository, "ls-remote", "--quiet", remote, ref,
                env=auth, timeout_s=NETWORK_TIMEOUT_S, is_remote=True)  # fmt: skip
    # git takes the name for the end of one: refs/mirror/refs/heads/… is listed too
    found = (line.split("\t", 1) for line in os.fsdecode(done.stdout).splitlines())
    return next((id for id, name in found if name == ref), "")


def heads(repository: Repository, remote: str, auth: Mapping[str, str]) -> dict[str, str]:
    """The branches that are on the remote now, by name, with their ids; raises GitError."""
    done = command_line.call(repository, "ls-remote", "--quiet", "--heads", remote,
                env=auth, timeout_s=NETWORK_TIMEOUT_S, is_remote=True)  # fmt: skip
    found = (line.split("\t", 1) for line in os.fsdecode(done.stdout).splitlines())
    return {ref.removeprefix("refs/heads/"): id for id, ref in found if ref.startswith("refs/heads/")}


def _whole(repository: Repository) -> Repository:
    """The repository itself, also where new objects are apart: what a ref names at once is not to go with these."""
    return replace(repository, objects=None)


def _named_refs(remote: str) -> tuple[str, ...]:
    """What lets git push refs by their names from a clone that was made with `--mirror`."""
    return (f"remote.{remote}.mirror=false",)


def auth_env(url: str, user: str, token: str | None) -> dict[str, str]:
    """The environment that lets git use a token as a user's password for one https host; never in argv or a URL."""
    match = re.match(r"(https://[^/@]+/)", url)
    if not token or not match:
        return {}
    credential = base64.b64encode(f"{user}:{token}".encode()).decode()
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{match[1]}.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {credential}",
    }
