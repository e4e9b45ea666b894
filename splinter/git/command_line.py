"""How git is called: every call names its repository and work tree, and nothing of the user's runs code in it.

It knows no verb's meaning; commands.py does.
"""

from __future__ import annotations

import functools
import hashlib
import math
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO

from splinter.errors import GitError, InputError, Reason, SplinterError, StepError
from splinter.git import call_environment, own_directory, users_config
from splinter.git.own_directory import Format
from splinter.git.users_config import Entries
from splinter.model import layout
from splinter.model.settings import Identity
from splinter.system import disk_errors, process
from splinter.text.patterns import shown

OLDEST = (2, 38)
_LOCAL_TIMEOUT_S = 600.0
_OWN_LINES = 4
_REMOTE, _MOST_REMOTE, _LONGEST_REMOTE = "remote:", 40, 300  # lines of a server's, and characters of one, that are kept
_PROGRESS = re.compile(r"\d% \(\d+/\d+\)")
# a user's `git gc` or `git repack` removes an empty folder of objects just when a call of ours writes into it, or the
# pack that a call has just begun to read; the next look finds everything where it is now
_TIDIED, _TIDIED_TRIES = re.compile(
    rb"unable to create temporary file: No such file or directory|bad object [0-9a-f]{40}"
    rb"|(?:[Uu]nable to|[Cc]ould not|[Cc]annot|failed to) read (?:tree|object|[0-9a-f]{40})"
), 5  # fmt: skip
_TIDIED_PAUSE_S = 0.01
_TRAIT = re.compile(r"core\.(filemode|ignorecase|symlinks|precomposeunicode)=(true|false)")
# what a partial clone answers where it lacks something that its remote promised
_LACKING = re.compile(rb"(?i)(?:unable to|could not|couldn't|cannot|failed to) (?:read|get|parse)|missing|"
                      rb"(?:bad|invalid|not a valid) (?:object|tree)")  # fmt: skip
_MOVES_REFS = frozenset(("update-ref", "symbolic-ref", "fetch"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository by its common directory; `root` is the main checkout, `start` the one we were called in.

    `environ` is the caller's environment, `state` our folder for it, with git directories of ours. What the user's
    config said when it was opened: `format` of objects and refs, `reaching` remotes, `trusted` folders, the file of
    ignored patterns; `excludes` are those of the repository's own file. `objects` is where new objects go, None for its
    own folder. `until` is when calls must have ended, by the clock that only goes forward, `is_stopping` whether all
    must now. `copy` is the folder that a simulated run has in the place of the user's refs and objects, which are read
    through it: then nothing of theirs is written, no remote is asked, and `root` is the folder of that run.
    """

    common: Path
    root: Path
    start: Path
    identity: Identity
    environ: Mapping[str, str]
    state: Path
    format: Format = field(default_factory=Format)
    reaching: Entries = field(default=(), repr=False)
    trusted: str = ""
    excludes_file: str | None = None
    excludes: str = ""
    objects: Path | None = None
    copy: Path | None = None
    until: float = math.inf
    is_stopping: Callable[[], bool] = field(default=lambda: False, repr=False, compare=False)

    @property
    def store(self) -> Path:
        """Where its objects are, new ones too; whoever borrows them finds all from there."""
        return self.objects or self.kept_in / "objects"

    @property
    def kept_in(self) -> Path:
        """Where its refs and objects are written."""
        return self.copy or self.common

    @property
    def key(self) -> str:
        """The name that no other repository on this machine has, of a simulated run that of the user's."""
        return self.state.parent.name if self.copy else self.state.name

    @property
    def own(self) -> Path:
        """The git directory of ours that stands for it in every call; elsewhere while there is no state to keep."""
        folder = self.state if os.path.isdir(self.state) else own_directory.passing(self.state)  # noqa: PTH112
        return _place(folder, self.kept_in)


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


REACHED: set[tuple[str, ...]] = set()  # the words of this process's calls that could have asked a remote


@functools.lru_cache(maxsize=64)
def _place(folder: Path, kept_in: Path) -> Path:
    return folder / layout.GIT / hashlib.sha256(os.fsencode(kept_in)).hexdigest()[:12]


def call(
    repository: Repository, verb: str, *arguments: str,
    worktree: WorkTree | None = None, stdin: bytes = b"", env: Mapping[str, str] | None = None,
    ok: tuple[int, ...] = (0,), timeout_s: float = _LOCAL_TIMEOUT_S,
    is_remote: bool = False, is_elsewhere: bool = False, may_fetch: bool = False,
    stdout: IO[bytes] | None = None, more_config: Sequence[str] = (),
    heard: process.Captured | SplinterError | None = None,
) -> process.Captured:  # fmt: skip
    """Call git; raises GitError where its exit status is none of `ok`, StorageError where it could not write.

    `is_remote` lets it use what the user's config said of remotes and keys, `is_elsewhere` means that an argument names
    the repository. `may_fetch` marks a call that does not fail for what a partial clone lacks, so that git is let
    fetch it at once; any other is made again so where it fails for that. What was `heard` is how that very call ended
    when it was made before, and is not made again.
    """
    if is_remote and repository.copy:
        raise GitError("A simulated run asks no remote.")
    place = own(repository, verb)
    top = worktree.path if worktree else repository.root
    where = () if is_elsewhere else (f"--git-dir={place}", f"--work-tree={top}")
    folder = ("-C", str(worktree.path)) if worktree else ()
    argv = ["git", *folder, "--no-pager", *_options(worktree, more_config), *where, verb, *arguments]
    ask = partial(
        process.capture, argv, stdin=stdin, stdout=stdout,
        timeout_s=min(timeout_s, left_s(repository)), is_stopping=repository.is_stopping,
    ) if heard is None else partial(_heard, heard)  # fmt: skip
    more = {**_places(repository, worktree, is_elsewhere=is_elsewhere), **(env or {})}
    promised = () if is_remote or repository.copy else users_config.promising(repository.reaching)
    reaching = repository.reaching if is_remote else promised if may_fetch else ()
    variables = _variables(repository, place, reaching if is_remote or reaching else None, more)
    if is_remote or promised:
        REACHED.add((verb, *arguments))
    try:
        done = ask(env=variables)
        if promised and not may_fetch and done.exit_status not in ok and _LACKING.search(done.stderr):
            variables = _variables(repository, place, promised, more)
            done = ask(env=variables)
        done = done if stdout else _settled(done, partial(ask, env=variables), ok)
    except SplinterError:
        left_s(repository)
        raise GitError(f"git {verb} did not end within {timeout_s:.0f} s and was ended") from None
    if done.exit_status in ok:
        return done
    written = _written(repository, worktree, stdout, elsewhere=arguments[-1:] if is_elsewhere else ())
    raise _error(repository, verb, done, written)


def _heard(answer: process.Captured | SplinterError, *, env: Mapping[str, str]) -> process.Captured:
    """How a call ended that was made before, whatever its environment."""
    if isinstance(answer, SplinterError):
        raise answer
    return answer


def _places(repository: Repository, worktree: WorkTree | None, *, is_elsewhere: bool) -> dict[str, str]:
    """The variables by which git finds index and objects."""
    index = {"GIT_INDEX_FILE": str(worktree.index)} if worktree else {}
    objects = repository.objects if not is_elsewhere else None
    return index | ({"GIT_OBJECT_DIRECTORY": str(objects)} if objects else {})


def _options(worktree: WorkTree | None, more: Sequence[str]) -> list[str]:
    """The config of one call."""
    of_tree = (f"core.excludesFile={worktree.excludes}", *traits(worktree)) if worktree else ()
    return [word for setting in (*more, *of_tree) for word in ("-c", setting)]


def left_s(repository: Repository) -> float:
    """The seconds until calls must have ended; raises StepError where none is left, or all is to stop."""
    if repository.is_stopping():
        raise StepError(Reason.INTERRUPTED, "it was interrupted before its result was looked at to the end")
    left = repository.until - time.monotonic()
    if left <= 0:
        raise StepError(Reason.TIMED_OUT, "its result was not looked at to the end before its deadline")
    return left


def _variables(
    repository: Repository, own: Path, reaching: Entries | None, more: Mapping[str, str]
) -> Mapping[str, str]:
    """A call's environment: a local one's, or where something is reached the user's with their config as it was."""
    if reaching is None:
        return {**call_environment.of_local_call(repository.environ), **more}
    trusted = {"GIT_CONFIG_GLOBAL": str(own / "trusted")}
    users = call_environment.of_users(repository.environ) | call_environment.NO_SYSTEM | trusted
    return users_config.variables(reaching, {**users, **more})


def own(repository: Repository, verb: str) -> Path:
    """Our git directory, as it should be for a verb; raises StorageError where it cannot be made."""
    try:
        if verb in _MOVES_REFS and repository.format.refs == "files":
            (repository.kept_in / "logs").mkdir(exist_ok=True)  # through a link that leads nowhere git makes none
        return own_directory.ensure(
            repository.own, repository.kept_in, repository.format,
            excludes=repository.excludes, trusted=repository.trusted,
        )  # fmt: skip
    except OSError as error:
        raise disk_errors.of(error) from error


def _error(repository: Repository, verb: str, done: process.Captured, written: list[Path]) -> SplinterError:
    """Why a call failed: the disk, where it was that, else what git says, of places by the user's name for them."""
    said = done.stderr.decode("utf-8", "replace").strip().replace(str(repository.own), str(repository.kept_in))
    failed = GitError(f"git {verb} failed with exit status {done.exit_status}: {_words(said)}")
    return disk_errors.of_git(verb, said, written) or failed


def _settled(done: process.Captured, ask: Callable[[], process.Captured], ok: tuple[int, ...]) -> process.Captured:
    """What a call says once no pack is being tidied away under it; `done` is what it said at first."""
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
    own += [repository.store, repository.common / "objects"]
    return [*own, *(disk_errors.temporary() if stdout else ())]


@contextmanager
def borrowed(repository: Repository) -> Iterator[Repository]:
    """The repository with a folder of its own for new objects, gone at the end: merging and measuring leave nothing."""
    with tempfile.TemporaryDirectory(prefix="splinter-") as folder:
        (Path(folder) / "info").mkdir()
        (Path(folder) / "info/alternates").write_text(f"{repository.store}\n", "utf-8")
        yield replace(repository, objects=Path(folder))


def text(
    repository: Repository, verb: str, *arguments: str, ok: tuple[int, ...] = (0,), worktree: WorkTree | None = None
) -> str:
    """What a call prints, as text."""
    return os.fsdecode(call(repository, verb, *arguments, ok=ok, worktree=worktree).stdout)


def discover(path: Path, environ: Mapping[str, str], *what: str) -> str:
    """What `git rev-parse` says of a folder; raises InputError where no repository is, or git is missing."""
    env = call_environment.of_users(environ)
    if "\n" in str(path.resolve()):
        raise InputError(f"{shown(str(path))}: a repository whose path holds a line end is not supported; move it")
    try:
        done = process.capture(["git", "-C", str(path), "rev-parse", *what], env=env)
    except FileNotFoundError:
        raise InputError("git is not installed, or not on PATH; splinter needs git 2.38 or newer") from None
    if done.exit_status != 0:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        if b"not a git repository" in done.stderr:  # at the border of a file system, git says more below that
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
        done = process.capture(["git", "--version"], env=call_environment.of_local_call(environ))
    except FileNotFoundError:
        raise InputError("git is not installed, or not on PATH; splinter needs git 2.38 or newer") from None
    words = done.stdout.decode().split()
    found = tuple(int(number) for number in re.findall(r"\d+", words[2])[:2])
    if found < OLDEST:
        raise InputError(f"git {words[2]} is too old; splinter needs git {OLDEST[0]}.{OLDEST[1]} or newer")
