"""The user's git config as it is when a run opens their repository, and what of it counts for our calls.

What is written there later is not read: a step that changes it reaches no call of ours. It is the only config that
names remotes, credentials and keys; local calls get none of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

from splinter.git.own_directory import Format
from splinter.model.settings import NOBODY, Identity
from splinter.system import process

Entries = tuple[tuple[str, str], ...]  # keys in git's canonical case with a value each, in the order that git reads
_REACHING = re.compile(
    r"(?:remote|url|http|credential|protocol|ssh|transfer|fetch|push|pack|gpg)\..*"
    r"|core\.(?:sshcommand|askpass|gitproxy)|user\.signingkey",
    re.DOTALL,
)
_OF_A_REMOTE = re.compile(r"remote\.(.+)\.([^.]+)", re.DOTALL)
_HEADER = re.compile(r"http\.(?:(.+)\.)?extraheader", re.DOTALL | re.IGNORECASE)
_PROMISES = ("promisor", "partialclonefilter")


def read(common: Path, environ: Mapping[str, str]) -> Entries:
    """All config that applies to a repository, the user's included; `environ` is theirs, without `GIT_*`."""
    done = process.capture(["git", f"--git-dir={common}", "config", "--list", "-z"], env=environ)
    lines = (line.partition("\n") for line in os.fsdecode(done.stdout).split("\0") if line)
    return tuple((key, value if has_value else "true") for key, has_value, value in lines)


def origins(common: Path, environ: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    """The same with where each stands: `file:PATH` or `command line:`, key, value."""
    argv = ["git", f"--git-dir={common}", "config", "--list", "--show-origin", "-z"]
    words = os.fsdecode(process.capture(argv, env=environ).stdout).split("\0")
    lines = (line.partition("\n") for line in words[1::2])
    return tuple((origin, key, value) for origin, (key, _, value) in zip(words[::2], lines, strict=False))


def last(entries: Entries, key: str) -> str | None:
    """The value that counts, None where there is none."""
    return next((value for name, value in reversed(entries) if name == key), None)


def reaching(entries: Entries) -> Entries:
    """What says how remotes are reached, with whose credentials, and how commits are signed."""
    promised = last(entries, "extensions.partialclone")  # how git before 2.19 wrote it
    more = ((f"remote.{promised}.promisor", "true"),) if promised else ()
    return (*(one for one in entries if _REACHING.fullmatch(one[0])), *more)


def urls(entries: Entries) -> dict[str, str]:
    """The remotes with the last URL of each."""
    found = ((_OF_A_REMOTE.fullmatch(key), value) for key, value in entries)
    return {match[1]: value for match, value in found if match and match[2] == "url"}


def push_urls(entries: Entries) -> dict[str, str]:
    """The remotes that are pushed to elsewhere than they are fetched from, with the first such address."""
    found = ((_OF_A_REMOTE.fullmatch(key), value) for key, value in reversed(entries))
    fetched = urls(entries)
    pushed = {match[1]: value for match, value in found if match and match[2] == "pushurl"}
    return {remote: url for remote, url in pushed.items() if url != fetched.get(remote)}


def promising(entries: Entries) -> Entries:
    """Of what is `reaching`, all but what names other remotes than those that promised the objects a clone lacks."""
    found = [(_OF_A_REMOTE.fullmatch(key), key, value) for key, value in entries]
    remotes = {match[1] for match, _, _ in found if match and match[2] in _PROMISES}
    wanted = ((key, value) for match, key, value in found if not match or match[1] in remotes)
    return tuple(one for one in wanted if not one[0].startswith(("gpg.", "user.", "push."))) if remotes else ()


def format_of(entries: Entries) -> Format:
    """How the repository's objects and refs are written."""
    return Format(
        objects=last(entries, "extensions.objectformat") or "sha1",
        refs=last(entries, "extensions.refstorage") or "files",
        shared=last(entries, "core.sharedrepository") or "",
    )


def trusted(entries: Entries) -> str:
    """The folders that the user lets git open although another owns them, a line each: a remote may be one."""
    return "\n".join(value for key, value in entries if key == "safe.directory")


def variables(entries: Iterable[tuple[str, str]], env: Mapping[str, str]) -> dict[str, str]:
    """The environment that hands git these entries and, behind them, those that `env` hands it."""
    more = [
        (env[f"GIT_CONFIG_KEY_{n}"], env[f"GIT_CONFIG_VALUE_{n}"]) for n in range(int(env.get("GIT_CONFIG_COUNT", 0)))
    ]
    hosts = [host for key, value in more if (host := _authorized(key, value)) is not None]
    kept = (one for one in entries if not hosts or not _is_doubled(_authorized(*one), hosts))
    every = [*kept, *more]
    numbered: dict[str, str] = {}
    for number, (key, value) in enumerate(every):
        numbered |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return {**env, **numbered, "GIT_CONFIG_COUNT": str(len(every))}


def _authorized(key: str, value: str) -> str | None:
    """The host that an Authorization header is sent to, empty for every one; None where it is no such header."""
    match = _HEADER.fullmatch(key)
    if not match or not value.lower().startswith("authorization:"):
        return None
    return urlsplit(match[1] or "").hostname or ""


def _is_doubled(host: str | None, hosts: Iterable[str]) -> bool:
    """Whether a header of the user's would stand beside ours, as `actions/checkout` leaves one: GitHub answers 400."""
    return host is not None and any(not host or fnmatchcase(one, host) for one in hosts)


def ignored(entries: Entries, environ: Mapping[str, str]) -> str | None:
    """The user's own file of ignored patterns, where git looks for it; None where nobody says where a home is."""
    own = last(entries, "core.excludesfile")
    if own is not None:
        return own
    folder = environ.get("XDG_CONFIG_HOME") or (f"{environ['HOME']}/.config" if environ.get("HOME") else None)
    return folder and f"{folder}/git/ignore"


def identity(entries: Entries) -> Identity:
    """The user's name and address from their git config, else ours."""
    name, email = last(entries, "user.name"), last(entries, "user.email")
    if name and email:
        return Identity(name=name, email=email)
    return NOBODY
