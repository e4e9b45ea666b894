"""How git is called: every call names its repository and work tree, and nothing of the user's runs code in it.

It knows no verb's meaning; commands.py does.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO

from splinter.errors import GitError, InputError, SplinterError
from splinter.model.settings import Identity
from splinter.system import disk_errors, process
from splinter.text.patterns import shown

_FILTER_OFF = ("clean=", "smudge=", "process=", "required=false")
_MERGE = "git merge-file -q"  # an empty driver would take our side and call it merged
_MERGE_OFF = {"union": f"{_MERGE} --union %A %O %B", "binary": "exit 1"}
OLDEST = (2, 38)
_LOCAL_TIMEOUT_S = 600.0
_OWN_LINES = 4
_REMOTE, _MOST_REMOTE, _LONGEST_REMOTE = "remote:", 40, 300  # lines of a server's, and characters of one, that are kept
_PROGRESS = re.compile(r"\d+% \(\d+/\d+\)")
# a user's `git gc` or `git repack` removes an empty folder of objects just when a call of ours writes into it, or the
# pack that a call has just begun to read; the next look finds everything where it is now
_TIDIED, _TIDIED_TRIES = re.compile(
    rb"unable to create temporary file: No such file or directory|bad object [0-9a-f]{40}"
    rb"|(?:[Uu]nable to|[Cc]ould not|[Cc]annot|failed to) read (?:tree|object|[0-9a-f]{40})"
), 5  # fmt: skip
_TIDIED_PAUSE_S = 0.01
_TRAIT = re.compile(r"core\.(filemode|ignorecase|symlinks|precomposeunicode)=(true|false)")
# hooks, file system monitors, signing, line endings by the user's taste and sparse patterns are not for our calls,
# whether they stand in the user's config (which local calls do not read) or in the repository's
_CONFIG = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository by its common directory; `root` is the main checkout, `start` the one we were called in.

    `environ` is the caller's environment without `GIT_*`, for calls that reach a remote; `drivers_off` are settings
    that switch off the filter and merge drivers of all configs; `is_partial` marks a clone that lacks objects, which
    git fetches when they are needed. `objects` is where new objects go, None for its own folder.
    """

    common: Path
    root: Path
    start: Path
    identity: Identity
    environ: Mapping[str, str]
    object_format: str = "sha1"
    drivers_off: tuple[str, ...] = ()
    is_partial: bool = False
    excludes_file: str | None = None
    objects: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkTree:
    """A work tree of ours: where it lies, our own index for it, and the patterns that never enter a commit.

    `traits` is the file that says what the file system there can do, as git found out: it may be another than the one
    that the user's checkout lies on, and that its config speaks of.
    """

    path: Path
    index: Path
    excludes: Path
    traits: Path


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
    more_config: Sequence[str] = (),
) -> process.Captured:
    """Call git; raises GitError where its exit status is none of `ok`, StorageError where it could not write.

    `is_remote` lets it use the user's config for remotes, `is_elsewhere` means that an argument names the repository.
    """
    where = (f"--git-dir={repository.common}", f"--work-tree={worktree.path if worktree else repository.root}")
    variables = environment(repository.environ, is_remote=is_remote or repository.is_partial) | dict(env or {})
    if repository.objects:
        variables["GIT_OBJECT_DIRECTORY"] = str(repository.objects)
    config = [*_CONFIG, *repository.drivers_off, *more_config]
    if worktree:
        config += [f"core.excludesFile={worktree.excludes}", *traits(worktree)]
        variables["GIT_INDEX_FILE"] = str(worktree.index)
    options = [word for setting in config for word in ("-c", setting)]
    argv = ["git", "--no-pager", *options, *([] if is_elsewhere else where), verb, *arguments]
    cwd = worktree.path if worktree else None
    ask = partial(process.capture, argv, env=variables, cwd=cwd, stdin=stdin, timeout_s=timeout_s, stdout=stdout)
    try:
        done = ask() if stdout else _settled(ask, ok)
    except SplinterError:
        raise GitError(f"git {verb} did not end within {timeout_s:.0f} s and was ended") from None
    if done.exit_status not in ok:
        written = _written(repository, worktree, stdout, elsewhere=arguments[-1:] if is_elsewhere else ())
        raise _error(verb, done, written)
    return done


def _error(verb: str, done: process.Captured, written: list[Path]) -> SplinterError:
    """Why a call failed: the disk, where it was that, else what git says."""
    said = done.stderr.decode("utf-8", "replace").strip()
    failed = GitError(f"git {verb} failed with exit status {done.exit_status}: {_words(said)}")
    return disk_errors.of_git(verb, said, written) or failed


def _settled(ask: Callable[[], process.Captured], ok: tuple[int, ...]) -> process.Captured:
    """What a call says once no pack is being tidied away under it."""
    done = ask()
    for tried in range(_TIDIED_TRIES):
        if done.exit_status in ok or not _TIDIED.search(done.stderr):
            break
        time.sleep(_TIDIED_PAUSE_S * 3**tried)  # a loaded machine repacks as often as we look
        done = ask()
    return done


def _words(said: str) -> str:
    """What git says of a failure: its own last lines, then every line of the other side's that says something."""
    lines = said.splitlines()
    own = [line for line in lines if not line.startswith(_REMOTE)]
    theirs = [line.removeprefix(_REMOTE).rstrip() for line in lines if line.startswith(_REMOTE)]
    theirs = [line for line in theirs if any(map(str.isalnum, line)) and not _PROGRESS.search(line)]
    left_out = [f"{_REMOTE} … {len(theirs) - _MOST_REMOTE} more lines"] if len(theirs) > _MOST_REMOTE else []
    shown = [f"{_REMOTE}{line[:_LONGEST_REMOTE]}" for line in theirs[:_MOST_REMOTE]]
    return "\n".join([" / ".join(line[:_LONGEST_REMOTE] for line in own[-_OWN_LINES:]), *shown, *left_out])


def traits(worktree: WorkTree) -> list[str]:
    """The settings that describe to git the file system that a work tree lies on; empty where nobody has looked yet."""
    known = worktree.traits.read_text("utf-8", "replace").split() if worktree.traits.exists() else []
    return [line for line in known if _TRAIT.fullmatch(line)]


def _written(
    repository: Repository, worktree: WorkTree | None, stdout: IO[bytes] | None, *, elsewhere: Sequence[str]
) -> list[Path]:
    """Where a call may have written."""
    own = [worktree.path, worktree.index.parent] if worktree else [Path(path) for path in elsewhere]
    return [*own, repository.common / "objects", *(disk_errors.temporary() if stdout else ())]


@contextmanager
def borrowed(repository: Repository) -> Iterator[Repository]:
    """The repository with a folder of its own for new objects, gone at the end: merging and measuring leave nothing."""
    with tempfile.TemporaryDirectory(prefix="splinter-") as folder:
        (Path(folder) / "info").mkdir()
        (Path(folder) / "info/alternates").write_text(f"{repository.common / 'objects'}\n", "utf-8")
        yield replace(repository, objects=Path(folder))


def text(
    repository: Repository, verb: str, *arguments: str, ok: tuple[int, ...] = (0,), worktree: WorkTree | None = None
) -> str:
    """What a call prints, as text."""
    return os.fsdecode(call(repository, verb, *arguments, ok=ok, worktree=worktree).stdout)


def discover(path: Path, environ: Mapping[str, str], *what: str) -> str:
    """What `git rev-parse` says of a folder; raises InputError where no repository is, or git is missing."""
    env = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    if "\n" in str(path.resolve()):
        raise InputError(f"{shown(str(path))}: a repository whose path holds a line end is not supported; move it")
    try:
        done = process.capture(["git", "-C", str(path), "rev-parse", *what], env={**env, "LC_ALL": "C"})
    except FileNotFoundError:
        raise InputError("git is not installed, or not on PATH; splinter needs git 2.38 or newer") from None
    if done.exit_status != 0:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        if last and "not a git repository" in last[0]:
            raise InputError(f'{path}: no git repository here; "git init" makes one')
        if b"dubious ownership" in done.stderr:
            allow = last[0].strip().removeprefix("git ")
            raise InputError(
                f'{path}: git opens no repository that belongs to another user; "git {allow}" allows this one'
            )
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


def drivers_off(config: Mapping[str, list[str]]) -> tuple[str, ...]:
    """Settings that put git's own text merge, and no conversion, in the place of programs that a config names."""
    filters = sorted({key[7:].rsplit(".", 1)[0] for key in config if key.startswith("filter.")})
    mergers = sorted({key[6:-7] for key in config if re.fullmatch(r"merge\..+\.driver", key, re.DOTALL)})
    return (
        *(f"filter.{name}.{switch}" for name in filters for switch in _FILTER_OFF),
        *(f"merge.{name}.driver={_MERGE_OFF.get(name, f'{_MERGE} %A %O %B')}" for name in mergers),
    )


def excludes_of(config: Mapping[str, list[str]], environ: Mapping[str, str]) -> str | None:
    """The user's own file of ignored patterns, where git looks for it; None where nobody says where a home is."""
    if "core.excludesfile" in config:
        return config["core.excludesfile"][-1]
    folder = environ.get("XDG_CONFIG_HOME") or (f"{environ['HOME']}/.config" if environ.get("HOME") else None)
    return folder and f"{folder}/git/ignore"


def identity_of(config: Mapping[str, list[str]]) -> Identity:
    """The user's name and address from their git config, else ours."""
    name, email = config.get("user.name"), config.get("user.email")
    if name and email:
        return Identity(name=name[-1], email=email[-1])
    return Identity(name="splinter", email="splinter@localhost")


def environment(environ: Mapping[str, str], *, is_remote: bool = False) -> dict[str, str]:
    """For local calls no config of the user's, for a remote also their helpers and URLs; never their `GIT_*`."""
    env = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    env |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    env |= {"GIT_NO_REPLACE_OBJECTS": "1"}  # an object that a step replaced is what it was
    if not is_remote:
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_ATTR_NOSYSTEM": "1"}
    return env
