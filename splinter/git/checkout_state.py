"""What can be seen of the user's checkout without reading a file of it: its commit, what is staged, changed or new.

It changes nothing there, not even its index, and runs no filter: file contents are never looked at.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from splinter.git import command_line
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


def look(checkout: Path, common: Path, environ: Mapping[str, str]) -> CheckoutState:
    """The state of the checkout; `common` is the repository's folder."""
    staged = _git(checkout, environ, "diff-index", "--cached", "--name-only", "-z", "HEAD", "--")
    changed = _git(checkout, environ, "diff-files", "--name-only", "-z")
    new = _git(
        checkout, environ, "ls-files", "-z", "--others", "--exclude-standard", "--directory", "--no-empty-directory"
    )
    head = _git(checkout, environ, "rev-parse", "HEAD", "--symbolic-full-name", "HEAD")
    config = common / "config"
    return CheckoutState(
        head=head.decode("utf-8", "replace"),
        changed=_names(staged + changed),
        new=_names(new),
        config=config.read_bytes() if config.is_file() else b"",
    )


def _names(listing: bytes) -> frozenset[str]:
    return frozenset(os.fsdecode(name) for name in listing.split(b"\0") if name)


def _git(checkout: Path, environ: Mapping[str, str], *command: str) -> bytes:
    argv = ["git", "-C", str(checkout), "-c", "core.fsmonitor=false", "--no-optional-locks", *command]
    return process.capture(argv, env=command_line.users_environment(environ)).stdout
