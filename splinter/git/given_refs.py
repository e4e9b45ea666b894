"""What a work tree's own git is given of the user's refs: a base, by its name and as `origin`'s, and the tags on it.

It is given the remote's address too, to fetch from as the user's own git would; what it pushes to is no place, whose
name says why. Nothing here moves a ref of the user's.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from splinter.git import base_store
from splinter.git import commands as git
from splinter.git.command_line import Repository, WorkTree
from splinter.system import disk
from splinter.system.files import write_whole

NO_PUSH = "/dev/null/a step cannot push; splinter pushes what passes its checks"
_HEADER = "# pack-refs with: peeled fully-peeled sorted \n"
_ORIGIN = "refs/remotes/origin/"
_HEAD = f"{_ORIGIN}HEAD"
_MOST_LOOSE, _LARGEST, _LONGEST = 2_000, 1_000_000, 1_000  # files; bytes of packed refs beyond ours, and of one ref
_AUTHORITY = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*).*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A base as a commit, its branch's name where it has one, and the address of its remote, None without a remote."""

    base: str
    branch: str | None = None
    url: str | None = None


def remember(tree: WorkTree, given: Given) -> None:
    """Let each `.git` that the work tree gets from now on have it."""
    file, text = tree.index.with_name(f"{tree.index.name}.given"), json.dumps(asdict(given))
    with suppress(FileNotFoundError):
        if file.read_text("utf-8", "replace") == text:
            return
    write_whole(file, text, is_lasting=False)


def give(repository: Repository, tree: WorkTree, private: Path) -> tuple[tuple[str, str], ...]:
    """Put the refs into a new `.git`; returns what its config says of the remote, keys with values."""
    given = _remembered(tree)
    _kept(tree).unlink(missing_ok=True)
    if given is None or not base_store.holds(repository, given.base):
        return ()
    if given.branch and given.url:
        (private / _HEAD).parent.mkdir(parents=True)
        (private / _HEAD).write_bytes(os.fsencode(f"ref: {_ORIGIN}{given.branch}\n"))
    (private / "packed-refs").write_bytes(_packed(repository, given))
    shutil.copyfile(private / "packed-refs", _kept(tree))
    return _remote(given.url) if given.url else ()


def is_given(repository: Repository, tree: WorkTree) -> bool:
    """Whether the last `.git` got what a new one would get."""
    given = _remembered(tree)
    is_held = given is not None and base_store.holds(repository, given.base)
    return _bytes(_kept(tree)) == (_packed(repository, given) if given and is_held else b"")


def _packed(repository: Repository, given: Given) -> bytes:
    refs = [f"refs/heads/{given.branch}"] if given.branch else []
    refs += [f"{_ORIGIN}{given.branch}"] if given.branch and given.url else []
    lines = (f"{given.base} {ref}\n" for ref in refs)
    return os.fsencode("".join([_HEADER, *lines, base_store.tags_of(repository, given.base)]))


def differing(tree: WorkTree, *, with_missing: bool) -> tuple[str, ...]:
    """The refs of a work tree's own `.git` that are not as they were put there."""
    private = tree.path / ".git"
    if private.is_symlink() or not private.is_dir():
        return ()
    put = _bytes(_kept(tree))
    now = _bytes(private / "packed-refs", most=len(put) + _LARGEST)
    loose = dict(_loose(private))
    if now == put and loose.keys() <= {_HEAD}:
        put = now = put.partition(b" refs/tags/")[0]  # thousands of tags are as they were, and need no look
    ours = _parsed(put)
    there = (ours if now == put else _parsed(now)) | loose
    ours |= dict((_HEAD, f"ref: {ref}") for ref in ours if ref.startswith(_ORIGIN))  # noqa: C402
    found = {ref for ref, value in there.items() if ours.get(ref) != value}
    return tuple(sorted(map(git.printable, found | (ours.keys() - there.keys() if with_missing else set()))))


def without_credentials(url: str) -> str:
    """A remote's address without password and query; of ssh the user's name stays, for it says whom to ask for."""
    match = _AUTHORITY.search(url)
    if not match:
        return url
    scheme, authority, path = match.groups()
    user, _, host = authority.rpartition("@")
    name = f"{user.partition(':')[0]}@" if user and "ssh" in scheme.lower() else ""
    return f"{url[: match.start()]}{scheme}://{name}{host}{path}"


def _remote(url: str) -> tuple[tuple[str, str], ...]:
    return (
        ("remote.origin.url", url),
        ("remote.origin.fetch", f"+refs/heads/*:{_ORIGIN}*"),
        ("remote.origin.pushurl", NO_PUSH),
        (f"url.{NO_PUSH}/.pushInsteadOf", url.removesuffix(".git")),  # where it is pushed to by its address
    )


def is_known(tree: WorkTree) -> bool:
    """Whether it is remembered what was put there."""
    return _kept(tree).is_file()


def _remembered(tree: WorkTree) -> Given | None:
    try:
        return Given(**json.loads(tree.index.with_name(f"{tree.index.name}.given").read_text("utf-8")))
    except (OSError, ValueError, TypeError):  # none yet, or a torn one
        return None


def _kept(tree: WorkTree) -> Path:
    """The packed refs as they were put there, by which a change of them is seen."""
    return tree.index.with_name(f"{tree.index.name}.packed-refs")


def _bytes(file: Path, *, most: int = -1) -> bytes:
    """What a file holds, no link; what a command left there may be no file."""
    if file.is_symlink() or not file.is_file():
        return b""
    with file.open("rb") as data:
        return data.read(most)


def _parsed(packed: bytes) -> dict[str, str]:
    """Refs with their ids, of a file of packed refs."""
    words = (line.split(b" ", 1) for line in packed.split(b"\n") if line[:1] not in (b"#", b"^"))
    return {os.fsdecode(word[1]): os.fsdecode(word[0]) for word in words if word[1:]}


def _loose(private: Path) -> Iterator[tuple[str, str]]:
    """Refs that are files, with what these hold."""
    top = private / "refs"
    if not disk.is_folder(top):
        return  # led elsewhere, it would name the refs there
    for path in disk.below(top, most=_MOST_LOOSE):
        with suppress(OSError):
            is_file = stat.S_ISREG(path.lstat().st_mode)
            value = os.fsdecode(_bytes(path, most=_LONGEST).strip()) if is_file else "a link"
            if is_file or path.is_symlink():
                yield path.relative_to(private).as_posix(), value
