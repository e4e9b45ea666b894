"""The difference of two commits as a person reads it. Nothing is written, and nothing of the user's config counts."""

from __future__ import annotations

from splinter.git import command_line
from splinter.git.command_line import Repository

_SHOWN = ("-p", "--find-renames", "--no-color", "--no-ext-diff", "--no-textconv")
_PREFIXES = ("--src-prefix=a/", "--dst-prefix=b/")


def difference(repository: Repository, old: str, new: str, *, from_merge_base: bool = False) -> str:
    """The diff of two commits as text; from where they parted, if that is asked."""
    parted = ("--merge-base",) if from_merge_base else ()
    asked = (*_SHOWN, *_PREFIXES, *parted, old, new, "--")
    return command_line.call(repository, "diff-tree", "-r", *asked, may_fetch=True).stdout.decode("utf-8", "replace")
