"""The git directory of ours that git is called with: our config, and views of the user's objects and refs.

It holds no object and no ref itself: `objects`, `refs`, `packed-refs`, `logs`, `shallow` and `reftable` are links into
the user's repository, which git reads and writes through them. It holds no hook, filter, replaced object, graft or
attribute, and of the user's config only what the repository's format needs; so nothing that is written there during a
run is read by a call of ours. What is not as it should be is made again before the next call.

Without symlinks (Windows, but for its developer mode) no call is made: it fails with the reason.
"""

from __future__ import annotations

import errno
import functools
import os
import shutil
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_VIEWS = ("refs", "packed-refs", "logs", "objects", "shallow")
_REFTABLE = "reftable"
_HEAD = "ref: refs/splinter/no-head\n"
_OF_A_CALL = "shallow_"  # files that git makes there for a moment begin so
# hooks, file system monitors, signing, line endings by the user's taste and sparse patterns are not for our calls
_CONFIG = (
    "core.bare=true",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.commitGraph=false",  # one that a step planted says what it likes of a commit's tree and parents
    "core.splitIndex=false",
    "core.sparseCheckout=false",
    "core.autocrlf=false",
    "core.eol=native",
    "core.safecrlf=false",
    "core.attributesFile=/dev/null",
    "core.ignoreStat=false",
    "core.checkStat=default",
    "core.trustctime=true",
    "core.quotePath=false",
    "core.protectHFS=true",  # what means .git on some file system enters no commit
    "core.protectNTFS=true",
    "core.logAllRefUpdates=true",
    "core.filesRefLockTimeout=20000",  # git's own tenth of a second is too short beside a user's gc
    "core.packedRefsTimeout=20000",
    "core.fsync=committed",  # loose objects too: what a ref names outlives a power cut, as the ref does
    "core.fsyncMethod=batch",
    "commit.gpgSign=false",
    "log.showSignature=false",
    "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8",
    "merge.renames=true",
    "merge.directoryRenames=conflict",
    "add.ignoreErrors=false",
    "color.ui=false",
    "diff.ignoreSubmodules=all",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.addEmbeddedRepo=false",
)
_making = threading.Lock()
_passing: list[tempfile.TemporaryDirectory[str]] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What of a repository's config says how its objects and refs are written, which ours must say too."""

    objects: str = "sha1"
    refs: str = "files"
    shared: str = ""


def ensure(path: Path, common: Path, format: Format, *, excludes: str, trusted: str) -> Path:
    """The directory at `path` for the repository `common`, made where it is not as it should be; raises OSError.

    `excludes` are the user's own ignored patterns, `trusted` the folders that their config lets git open.
    """
    files = {
        "config": _config(format),
        "HEAD": _HEAD,
        "info/exclude": excludes,
        "trusted": "".join(entry("safe.directory", folder) for folder in trusted.splitlines()),
    }
    views = (*_VIEWS, _REFTABLE) if format.refs == _REFTABLE else _VIEWS
    links = {name: f"{common}{os.sep}{name}" for name in views}
    if not _is_right(path, files, links):
        with _making:
            if not _is_right(path, files, links):
                _make(path, files, links)
    return path


@functools.cache
def passing(state: Path) -> Path:
    """A folder that goes with the process: whoever only looks leaves none in the state folder, and needs none there."""
    folder = tempfile.TemporaryDirectory(prefix="splinter-")
    _passing.append(folder)  # its end is the process's
    return Path(folder.name) / state.name


def entry(key: str, value: str) -> str:
    """A key and its value as a file of git's config holds them."""
    section, _, rest = key.partition(".")
    sub, dot, name = rest.rpartition(".")
    head = f'[{section} "{_escaped(sub)}"]' if dot else f"[{section}]"
    value = _escaped(value).replace("\n", "\\n").replace("\t", "\\t").replace("\b", "\\b")
    return f'{head}\n\t{name} = "{value}"\n'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


@functools.cache
def _config(format: Format) -> str:
    is_new = format != Format(shared=format.shared)
    pairs = [("core.repositoryFormatVersion", "1" if is_new else "0")]
    pairs += [("extensions.objectFormat", format.objects)] if format.objects != "sha1" else []
    pairs += [("extensions.refStorage", format.refs)] if format.refs != "files" else []
    pairs += [("core.sharedRepository", format.shared)] if format.shared else []
    pairs += [(key, value) for key, _, value in (line.partition("=") for line in _CONFIG)]
    return "".join(entry(key, value) for key, value in pairs)


def _is_right(path: Path, files: Mapping[str, str], links: Mapping[str, str]) -> bool:
    """By plain strings: it is asked before each call, and paths that are objects take longer than all the rest."""
    try:
        there = {name for name in os.listdir(path) if not name.startswith(_OF_A_CALL)}  # noqa: PTH208
        return (
            not path.is_symlink()
            and there == {*links, *(name.partition("/")[0] for name in files)}
            and os.listdir(f"{path}/info") == ["exclude"]  # noqa: PTH208
            and all(os.readlink(f"{path}/{name}") == target for name, target in links.items())  # noqa: PTH115
            and all(_holds(f"{path}/{name}", text) for name, text in files.items())
        )
    except OSError:
        return False


def _holds(file: str, text: str) -> bool:
    """Whether a file, no link, holds that; it is read, for who mapped it may change it and no time of it."""
    wanted = text.encode("utf-8", "surrogateescape")
    handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        return os.read(handle, len(wanted) + 1) == wanted
    finally:
        os.close(handle)


def _make(path: Path, files: Mapping[str, str], links: Mapping[str, str]) -> None:
    """Made beside and moved in whole: another call of ours finds the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=path.parent, prefix="tmp-"))
    try:
        (made / "new/info").mkdir(parents=True)
        for name, text in files.items():
            (made / "new" / name).write_bytes(text.encode("utf-8", "surrogateescape"))
        for name, target in links.items():
            (made / "new" / name).symlink_to(target)
        if os.path.lexists(path):
            path.rename(made / "old")
        try:
            (made / "new").rename(path)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # else another call's, of the same repository
                raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
