"""git's verbs, each call with `--git-dir` and `--work-tree` named and nothing of the user's that could run code.

Never touches the user's checkout, index, HEAD, stash or config: work trees have an index of ours, and refs move
only by compare-and-swap.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from splinter import process
from splinter.errors import GitError, InputError
from splinter.ports import Snapshot
from splinter.records import FileChange
from splinter.settings import Identity

OLDEST = (2, 38)
ZERO = "0" * 40
NETWORK_TIMEOUT_S = 120.0
_LOCAL_TIMEOUT_S = 600.0
_GITLINK, _SYMLINK = "160000", "120000"

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
class RawChange:
    """One line of a raw diff: octal modes, blob ids, status A, M, D or T, path with `/`."""

    old_mode: str
    new_mode: str
    old_blob: str
    new_blob: str
    status: str
    path: str

    @property
    def is_link(self) -> bool:
        """Whether the path is a symlink afterwards."""
        return self.new_mode == _SYMLINK

    @property
    def is_repository(self) -> bool:
        """Whether the path is a repository of its own afterwards."""
        return self.new_mode == _GITLINK


@dataclass(frozen=True, slots=True, kw_only=True)
class RefUpdate:
    """One line of a transaction: `old` None means whatever it was, ZERO that it must not exist; `new` None deletes."""

    ref: str
    new: str | None
    old: str | None = None


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


def toplevel(path: Path, environ: Mapping[str, str]) -> Path:
    """The top of the checkout that `path` lies in; raises InputError where there is none."""
    return Path(_discover(path, environ, "--show-toplevel"))


def common_dir(path: Path, environ: Mapping[str, str]) -> Path:
    """The common directory of the repository that `path` lies in; raises InputError where there is none."""
    return (path / _discover(path, environ, "--git-common-dir")).resolve()


def listed_files(root: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Paths that git tracks in the checkout at `root`."""
    argv = ["git", "-C", str(root), "-c", "core.fsmonitor=false", "ls-files", "-z"]
    done = process.capture(argv, env=_base_env(environ, remote=True))
    return tuple(os.fsdecode(name) for name in done.stdout.split(b"\0") if name)


def open_repository(start: Path, environ: Mapping[str, str], identity: Identity | None = None) -> Repository:
    """Read where a repository lies and what of its config concerns us; raises InputError for what is not supported."""
    _check_version(environ)
    lines = _discover(start, environ, "--show-toplevel", "--git-common-dir", "--show-object-format").split("\n")
    top, common = Path(lines[0]), (start / lines[1]).resolve()
    config = _config(common, environ)
    listing = process.capture(
        ["git", f"--git-dir={common}", "worktree", "list", "--porcelain", "-z"], env=_base_env(environ)
    ).stdout
    main = Path(os.fsdecode(listing.split(b"\0", 1)[0].removeprefix(b"worktree ")))
    return Repository(
        common=common,
        root=main if main.is_dir() and main != common else top,
        start=top,
        identity=identity or _identity(config),
        environ=environ,
        object_format=lines[2],
        filters=tuple(sorted({key.split(".", 1)[1].rsplit(".", 1)[0] for key in config if key.startswith("filter.")})),
        excludes_file=config["core.excludesfile"][-1] if "core.excludesfile" in config else None,
    )


def snapshot(repository: Repository) -> Snapshot:
    """Everything the plan needs to know of git, in four calls."""
    fields = "%(refname)%00%(objectname)%00%(symref)"
    refs, symbolic = {}, {}
    for line in _text(repository, "for-each-ref", f"--format={fields}").splitlines():
        name, oid, target = line.split("\0")
        refs[name] = oid
        if target:
            symbolic[name] = target
    head_branch = _text(repository, "symbolic-ref", "--quiet", "HEAD", ok=(0, 1)).strip() or None
    if repository.start != repository.root:
        done = process.capture(
            ["git", "-C", str(repository.start), "symbolic-ref", "--quiet", "HEAD"], env=_base_env(repository.environ)
        )
        head_branch = done.stdout.decode().strip() or None
    config = _config(repository.common, repository.environ)
    return Snapshot(
        refs=refs,
        symbolic=symbolic,
        checked_out=checked_out(repository),
        remotes={key[7:-4]: values[-1] for key, values in config.items() if re.fullmatch(r"remote\..+\.url", key)},
        head_branch=head_branch and head_branch.removeprefix("refs/heads/"),
        head=_text(repository, "rev-parse", "--quiet", "--verify", "HEAD", ok=(0, 1)).strip() or None,
    )


def existing(repository: Repository, oids: Iterable[str]) -> frozenset[str]:
    """Those of `oids` that the repository holds."""
    wanted = sorted(set(oids))
    if not wanted:
        return frozenset()
    listing = _git(repository, "cat-file", "--batch-check=%(objectname)", stdin="\n".join(wanted).encode())
    return frozenset(line for line in listing.stdout.decode().splitlines() if not line.endswith("missing"))


def tree_of(repository: Repository, commit: str) -> str:
    """The id of a commit's tree."""
    return _text(repository, "rev-parse", "--verify", f"{commit}^{{tree}}").strip()


def resolve(repository: Repository, name: str) -> str | None:
    """The commit that a ref or id names, None where there is none."""
    return _text(repository, "rev-parse", "--quiet", "--verify", f"{name}^{{commit}}", ok=(0, 1)).strip() or None


def is_ancestor(repository: Repository, old: str, new: str) -> bool:
    """Whether `new` contains `old`."""
    return _git(repository, "merge-base", "--is-ancestor", old, new, ok=(0, 1)).exit_status == 0


def diff(repository: Repository, old: str, new: str, pathspecs: Sequence[str] = ()) -> tuple[RawChange, ...]:
    """The raw diff of two trees or commits, renames as a delete and an add, sorted by path."""
    raw = _diff_tree(repository, old, new, pathspecs)
    words = raw.split(b"\0")
    changes = []
    for head, path in zip(words[0::2], words[1::2], strict=False):
        old_mode, new_mode, old_blob, new_blob, status = head.decode().lstrip(":").split(" ")
        changes.append(
            RawChange(
                old_mode=old_mode,
                new_mode=new_mode,
                old_blob=old_blob,
                new_blob=new_blob,
                status=status[:1],
                path=os.fsdecode(path),
            )
        )
    return tuple(changes)


def result(repository: Repository, base: str, tip: str) -> str:
    """The hash of the raw diff from base to tip: paths, modes and blobs, so that a moved base changes no result."""
    return hashlib.sha256(_diff_tree(repository, base, tip, ())).hexdigest()


def seen(repository: Repository, commit: str, patterns: Sequence[str]) -> str:
    """The hash of paths, modes and blobs that lie under `:(glob)` patterns in a commit."""
    empty = _git(repository, "hash-object", "-t", "tree", "--stdin").stdout.decode().strip()
    pathspecs = [f":(glob){pattern}" for pattern in patterns]
    return hashlib.sha256(_diff_tree(repository, empty, commit, pathspecs)).hexdigest()


def files(changes: Iterable[RawChange]) -> tuple[FileChange, ...]:
    """A raw diff as records tell it."""
    return tuple(FileChange(status=change.status, path=printable(change.path)) for change in changes)


def printable(path: str) -> str:
    """A path as text that any file can hold: bytes that are no UTF-8 become escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def link_target(repository: Repository, blob: str) -> str:
    """What a symlink's blob points to."""
    return os.fsdecode(_git(repository, "cat-file", "blob", blob).stdout)


def commit_tree(repository: Repository, tree: str, parents: Sequence[str], message: str, *, date_s: int) -> str:
    """Write a commit object by our identity; `date_s` is seconds since the epoch, UTC. Moves no ref."""
    who = repository.identity
    env = {
        **{f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in
           (("NAME", who.name), ("EMAIL", who.email), ("DATE", f"@{date_s} +0000"))},
    }  # fmt: skip
    arguments = [word for parent in parents for word in ("-p", parent)]
    done = _git(repository, "commit-tree", tree, *arguments, "-F", "-", stdin=message.encode(), env=env)
    return done.stdout.decode().strip()


def message_of(repository: Repository, commit: str) -> str:
    """A commit's message."""
    return _text(repository, "show", "-s", "--format=%B", commit)


def update_refs(repository: Repository, updates: Sequence[RefUpdate], *, why: str) -> None:
    """Move several refs at once or none; raises GitError where one is not where it was expected."""
    lines = ["start"]
    for update in updates:
        old = "" if update.old is None else f" {update.old}"
        lines.append(f"delete {update.ref}{old}" if update.new is None else f"update {update.ref} {update.new}{old}")
    script = "\n".join([*lines, "prepare", "commit", ""])
    _git(repository, "update-ref", "-m", why, "--stdin", stdin=script.encode())


def merge_trees(repository: Repository, ours: str, theirs: str) -> tuple[str | None, tuple[str, ...]]:
    """The tree of merging two commits, or None and the paths that conflict."""
    done = _git(repository, "merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs, ok=(0, 1))
    words = [os.fsdecode(word) for word in done.stdout.split(b"\0") if word]
    return (words[0], ()) if done.exit_status == 0 else (None, tuple(words[1:]))


def write_patch(repository: Repository, old: str, new: str, file: Path) -> None:
    """The diff of two trees as a patch that `git apply` takes, binary files included."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as output:
        _git(repository, "diff-tree", "-r", "-p", "--binary", "--full-index", "--no-renames", "--no-ext-diff",
             "--no-textconv", old, new, stdout=output)  # fmt: skip


def fetch(repository: Repository, remote: str, branch: str, into: str, auth: Mapping[str, str]) -> None:
    """Fetch one branch into a ref of ours; the user's remote-tracking refs and FETCH_HEAD stay as they are."""
    _git(repository, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--refmap=",
         "--recurse-submodules=no", remote, f"+refs/heads/{branch}:{into}",
         env=auth, timeout_s=NETWORK_TIMEOUT_S, remote=True)  # fmt: skip


def push(repository: Repository, remote: str, branch: str, commit: str, *, expected: str, auth: Mapping[str, str]) -> None:
    """Push a commit as a branch, only over the id that is `expected` there (empty: none); raises GitError."""
    ref = f"refs/heads/{branch}"
    _git(repository, "push", "--quiet", "--no-verify", "--no-follow-tags", "--recurse-submodules=no",
         f"--force-with-lease={ref}:{expected}", remote, f"{commit}:{ref}",
         env=auth, timeout_s=NETWORK_TIMEOUT_S, remote=True)  # fmt: skip


def remote_id(repository: Repository, remote: str, branch: str, auth: Mapping[str, str]) -> str:
    """The id of a branch on the remote, empty where there is none."""
    done = _git(repository, "ls-remote", "--quiet", remote, f"refs/heads/{branch}",
                env=auth, timeout_s=NETWORK_TIMEOUT_S, remote=True)  # fmt: skip
    return done.stdout.decode().split("\t", 1)[0]


def auth_env(url: str, token: str | None) -> dict[str, str]:
    """The environment that lets git use a token for one https host; never in argv, never in a URL."""
    match = re.match(r"(https://[^/@]+/)", url)
    if not token or not match:
        return {}
    import base64

    credential = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{match[1]}.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {credential}",
    }


def read_tree(repository: Repository, worktree: WorkTree, commit: str, *, keep_ignored: bool) -> None:
    """Make a work tree hold exactly a commit: changes undone, untracked files gone, ignored ones too unless kept."""
    _git(repository, "read-tree", "--reset", "-u", commit, worktree=worktree)
    _git(repository, "clean", "-ff", "-d", "--quiet", *(() if keep_ignored else ("-x",)), worktree=worktree)


def write_tree(repository: Repository, worktree: WorkTree) -> str:
    """The tree of what lies in the work tree now, whatever its own `.git` says; raises GitError."""
    _git(repository, "add", "--all", "--", ".", worktree=worktree)
    return _text(repository, "write-tree", worktree=worktree).strip()


def init_private(repository: Repository, path: Path) -> None:
    """A repository of its own inside a work tree, which borrows objects: an agent's git works, and reaches nobody."""
    _git(repository, "init", "--quiet", "--template=", f"--object-format={repository.object_format}", str(path), bare=True)


def _diff_tree(repository: Repository, old: str, new: str, pathspecs: Sequence[str]) -> bytes:
    return _git(
        repository, "diff-tree", "-r", "-z", "--raw", "--no-renames", "--full-index", old, new, "--", *pathspecs
    ).stdout


def _text(
    repository: Repository, verb: str, *arguments: str, ok: tuple[int, ...] = (0,), worktree: WorkTree | None = None
) -> str:
    return os.fsdecode(_git(repository, verb, *arguments, ok=ok, worktree=worktree).stdout)


def _git(
    repository: Repository,
    verb: str,
    *arguments: str,
    worktree: WorkTree | None = None,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    ok: tuple[int, ...] = (0,),
    timeout_s: float = _LOCAL_TIMEOUT_S,
    remote: bool = False,
    bare: bool = False,
    stdout: object = None,
) -> process.Captured:
    where = () if bare else (f"--git-dir={repository.common}", f"--work-tree={worktree.path if worktree else repository.root}")
    config = [*_CONFIG, *(f"filter.{name}.{key}" for name in repository.filters for key in ("clean=", "smudge=", "process=", "required=false"))]
    if worktree:
        config.append(f"core.excludesFile={worktree.excludes}")
    argv = ["git", "--literal-pathspecs" if verb == "add" else "--no-pager", *(w for c in config for w in ("-c", c)), *where, verb, *arguments]
    environment = _base_env(repository.environ, remote=remote) | dict(env or {})
    if worktree:
        environment["GIT_INDEX_FILE"] = str(worktree.index)
    done = process.capture(
        argv, env=environment, cwd=worktree.path if worktree else None, stdin=stdin, timeout_s=timeout_s, stdout=stdout  # type: ignore[arg-type]
    )
    if done.exit_status not in ok:
        last = " / ".join(done.stderr.decode("utf-8", "replace").strip().splitlines()[-4:])
        raise GitError(f"git {verb} failed with exit status {done.exit_status}: {last}")
    return done


def _base_env(environ: Mapping[str, str], *, remote: bool = False) -> dict[str, str]:
    """For local calls no config of the user's, for a remote also his helpers and URLs; never his `GIT_*`."""
    env = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    env |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    if not remote:
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return env


def _discover(path: Path, environ: Mapping[str, str], *what: str) -> str:
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


def _check_version(environ: Mapping[str, str]) -> None:
    try:
        words = process.capture(["git", "--version"], env=_base_env(environ)).stdout.decode().split()
    except FileNotFoundError:
        raise InputError("git is not installed, or not on PATH; splinter needs git 2.38 or newer") from None
    found = tuple(int(number) for number in re.findall(r"\d+", words[2])[:2])
    if found < OLDEST:
        raise InputError(f"git {words[2]} is too old; splinter needs git {OLDEST[0]}.{OLDEST[1]} or newer")


def _config(common: Path, environ: Mapping[str, str]) -> dict[str, list[str]]:
    """All config that applies, the user's included, key in git's canonical case -> values."""
    done = process.capture(["git", f"--git-dir={common}", "config", "--list", "-z"], env=_base_env(environ, remote=True))
    config: dict[str, list[str]] = {}
    for entry in os.fsdecode(done.stdout).split("\0"):
        key, _, value = entry.partition("\n")
        if key:
            config.setdefault(key, []).append(value)
    return config


def _identity(config: Mapping[str, list[str]]) -> Identity:
    name, email = config.get("user.name"), config.get("user.email")
    if name and email:
        return Identity(name=name[-1], email=email[-1])
    return Identity(name="splinter", email="splinter@localhost")


def checked_out(repository: Repository) -> dict[str, str]:
    """Branches that some checkout of the user's holds, with the checkout's path."""
    branches, path = {}, ""
    for entry in _text(repository, "worktree", "list", "--porcelain", "-z").split("\0"):
        key, _, value = entry.partition(" ")
        if key == "worktree":
            path = value
        elif key == "branch":
            branches[value.removeprefix("refs/heads/")] = path
    return branches


