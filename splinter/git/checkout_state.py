"""What can be seen of the user's checkout without reading a file of it: its commit, what is staged, changed or new.

It changes nothing there, not even its index, and runs no filter.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from splinter.errors import GitError
from splinter.git import command_line
from splinter.git.command_line import Repository, WorkTree
from splinter.model import layout
from splinter.system import process


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutState:
    """A checkout at one moment: `head` with its branch, files that differ from it, new ones, and git's own config."""

    head: str
    changed: frozenset[str]
    new: frozenset[str]
    config: bytes

    @property
    def is_clean(self) -> bool:
        """Whether all that git tracks is as it was committed; new files are nobody's change."""
        return bool(self.head) and not self.changed

    def differences(self, before: CheckoutState) -> tuple[str, ...]:
        """What is another than before, as people call it."""
        paths = sorted((self.changed | self.new) - (before.changed | before.new))
        others = {"its commit or branch": self.head != before.head, "git's config": self.config != before.config}
        return (*paths, *(name for name, is_other in others.items() if is_other))


def look(repository: Repository) -> CheckoutState:
    """The state of the checkout that we were called in; one that git cannot read counts as changed.

    The files are seen through our git directory: by the user's config git would run its filters for files that were
    written in the second of the index.
    """
    words = ("rev-parse", "HEAD", "--symbolic-full-name", "HEAD", "--git-path", "index")
    argv = ["git", "-C", str(repository.start), *words]
    asked = process.capture(argv, env=command_line.users_environment(repository.environ))
    commit, _, rest = os.fsdecode(asked.stdout).partition("\n")
    branch, _, index = rest.removesuffix("\n").partition("\n")
    config = repository.common / "config"
    seen = config.read_bytes() if config.is_file() else b""
    unknown = CheckoutState(head="", changed=frozenset(), new=frozenset(), config=seen)
    if asked.exit_status != 0:
        return unknown
    tree = WorkTree(
        path=repository.start,
        index=repository.start / index,
        excludes=Path(repository.excludes_file or os.devnull).expanduser(),
        traits=repository.state / layout.TRAITS,
    )
    try:
        changed = _names(repository, tree, "diff-index", "--name-only", "-z", commit, "--")
        new = _names(
            repository, tree, "ls-files", "-z", "--others", "--exclude-standard", "--directory", "--no-empty-directory"
        )
    except GitError:  # an index in parts, say
        return unknown
    return CheckoutState(head=f"{commit} {branch}", changed=changed, new=new, config=seen)


def _names(repository: Repository, tree: WorkTree, verb: str, *words: str) -> frozenset[str]:
    listing = command_line.call(repository, verb, *words, worktree=tree).stdout
    return frozenset(os.fsdecode(name) for name in listing.split(b"\0") if name)
