"""What can be seen of the user's checkout without reading a file of it: its commit, what is staged, changed or new.

Git is asked only where something is another than at the last look, ignored files aside. It changes nothing there, not
even its index, and runs no filter.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from splinter.errors import GitError
from splinter.git import call_environment, command_line, last_look, object_reader
from splinter.git.command_line import Repository, WorkTree
from splinter.git.last_look import Look
from splinter.model import layout
from splinter.system import process


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """By what a checkout is known again: `files` but for those that are `ignored`, and what git keeps of it."""

    files: Look
    kept: tuple[object, ...]
    ignored: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutState:
    """A checkout at one moment: `head` with its branch, files that differ from it, new ones, and git's own config."""

    head: str
    changed: frozenset[str]
    new: frozenset[str]
    config: bytes
    seen: Seen | None = field(default=None, compare=False, repr=False)

    @property
    def is_clean(self) -> bool:
        """Whether all that git tracks is as it was committed; new files are nobody's change."""
        return bool(self.head) and not self.changed

    def differences(self, before: CheckoutState) -> tuple[str, ...]:
        """What is another than before, as people call it."""
        paths = sorted((self.changed | self.new) - (before.changed | before.new))
        others = {"its commit or branch": self.head != before.head, "git's config": self.config != before.config}
        return (*paths, *(name for name, is_other in others.items() if is_other))


def look(repository: Repository, last: CheckoutState | None = None) -> CheckoutState:
    """The state of the checkout that we were called in; one that git cannot read counts as changed.

    The files are seen through our git directory: by the user's config git would run its filters for files that were
    written in the second of the index. `last` is what the last look found, which is returned where nothing is another.
    """
    if last and last.seen:
        now = _seen(repository, last.seen.ignored)
        if now and now.kept == last.seen.kept and last_look.is_same(str(repository.start), last.seen.files, now.files):
            return last
    is_worth_it = last is None or last.seen is not None
    ignored = _ignored(repository) if is_worth_it else None
    seen = _seen(repository, ignored) if ignored is not None else None
    return replace(_asked(repository), seen=seen)


def _seen(repository: Repository, ignored: frozenset[str]) -> Seen | None:
    """None where it cannot be known again by files: refs that are none, objects that git fetches, too many files."""
    try:
        folder = _folder(repository)
        head = (folder / "HEAD").read_text("utf-8", "surrogateescape").strip()
        at = object_reader.named(repository, f"{head.removeprefix('ref:').strip()}^{{commit}}", is_whole=False)
        config = (repository.common / "config").read_bytes()
        files = (folder / "index", repository.start / layout.STATE / ".gitignore", *_excludes(repository))
    except (OSError, ValueError):
        return None

    def is_left_out(path: str) -> bool:
        return path in ignored or path in (".git", layout.STATE) or path.startswith(layout.DATABASE)

    found = last_look.scan(str(repository.start), is_left_out)
    if not found or not at or not at.id or repository.format.refs != "files":
        return None
    return Seen(files=found, kept=(head, at.id, config, *map(_times, files)), ignored=ignored)


def _folder(repository: Repository) -> Path:
    """The git directory of the checkout; raises OSError or ValueError where it says of none."""
    own = repository.start / ".git"
    return own if own.is_dir() else repository.start / own.read_text("utf-8").removeprefix("gitdir:").strip()


def _excludes(repository: Repository) -> tuple[Path, ...]:
    return (Path(repository.excludes_file).expanduser(),) if repository.excludes_file else ()


def _times(file: Path) -> tuple[int, ...]:
    try:
        status = file.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _ignored(repository: Repository) -> frozenset[str] | None:
    """Files, and folders whole, that git ignores there."""
    words = ("-z", "--others", "--ignored", "--exclude-standard", "--directory")
    try:
        tree = _tree(repository, _folder(repository) / "index")
        return frozenset(path.rstrip("/") for path in _names(repository, tree, "ls-files", *words))
    except (GitError, OSError, ValueError):
        return None


def _asked(repository: Repository) -> CheckoutState:
    words = ("rev-parse", "HEAD", "--symbolic-full-name", "HEAD", "--git-path", "index")
    argv = ["git", "-C", str(repository.start), *words]
    asked = process.capture(argv, env=call_environment.of_users(repository.environ))
    commit, _, rest = os.fsdecode(asked.stdout).partition("\n")
    branch, _, index = rest.removesuffix("\n").partition("\n")
    config = repository.common / "config"
    seen = config.read_bytes() if config.is_file() else b""
    unknown = CheckoutState(head="", changed=frozenset(), new=frozenset(), config=seen)
    if asked.exit_status != 0:
        return unknown
    tree = _tree(repository, index)
    try:
        changed = _names(repository, tree, "diff-index", "--name-only", "-z", commit, "--")
        new = _names(
            repository, tree, "ls-files", "-z", "--others", "--exclude-standard", "--directory", "--no-empty-directory"
        )
    except GitError:  # an index in parts, say
        return unknown
    return CheckoutState(head=f"{commit} {branch}", changed=changed, new=new, config=seen)


def _tree(repository: Repository, index: str | Path) -> WorkTree:
    return WorkTree(
        path=repository.start,
        index=repository.start / index,
        excludes=Path(repository.excludes_file or os.devnull).expanduser(),
        traits=repository.state / layout.TRAITS,
    )


def _names(repository: Repository, tree: WorkTree, verb: str, *words: str) -> frozenset[str]:
    listing = command_line.call(repository, verb, *words, worktree=tree).stdout
    return frozenset(os.fsdecode(name) for name in listing.split(b"\0") if name)
