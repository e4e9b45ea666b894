"""Commits and trees brought together as objects alone: merged three-way, walked, made again. It moves no ref.

No work tree takes part, so nothing is checked out and no driver of the user's runs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from splinter.git import command_line
from splinter.git import commands as git
from splinter.git.command_line import Repository
from splinter.text.redact import Masked


def merge_trees(repository: Repository, ours: str, theirs: str) -> tuple[str | None, tuple[str, ...]]:
    """The tree of merging two commits, or None and the paths that conflict."""
    done = command_line.call(
        repository, "merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs, ok=(0, 1)
    )
    words = [os.fsdecode(word) for word in done.stdout.split(b"\0") if word]
    return (words[0], ()) if done.exit_status == 0 else (None, tuple(words[1:]))


def three_way(repository: Repository, base: str, ours: str, theirs: str) -> tuple[str | None, tuple[str, ...]]:
    """The tree that has both changes to the tree `base`, or None and the paths that conflict."""
    if base == ours or ours == theirs:
        return theirs, ()
    # `merge-tree --merge-base` is newer than git 2.39: commits of our own give it a base
    root = git.commit_tree(repository, base, [], Masked("base"), date_s=0)
    named = ((Masked("a"), ours), (Masked("b"), theirs))
    sides = [git.commit_tree(repository, tree, [root], side, date_s=0) for side, tree in named]
    return merge_trees(repository, *sides)


def parents(repository: Repository, commit: str) -> tuple[str, ...]:
    """The parents of a commit; of one that has none, itself."""
    return tuple(command_line.text(repository, "rev-parse", f"{commit}^@").split()) or (commit,)


def first_parents(repository: Repository, tip: str, known: Sequence[str], *, besides: str = "") -> tuple[str, ...]:
    """The commits from `tip` along first parents, the oldest first, but for those of `known` and below `besides`."""
    names = [f"^{commit}" for commit in known] + (["--not", f"--glob={besides}/*"] if besides else [])
    return tuple(command_line.text(repository, "rev-list", "--first-parent", "--reverse", tip, *names).split())


def recommit(repository: Repository, commit: str, tree: str, parent: str, *, is_signed: bool = False) -> str:
    """A commit's author, date and message with another tree on another parent; we are the committer."""
    fields = ("%an", "%ae", "%ad", "%B")
    form = "%x00".join(fields)
    shown = command_line.call(repository, "show", "-s", "--date=raw", f"--format={form}", commit).stdout
    name, email, date, message = shown.split(b"\0", 3)
    when = f"@{date.decode()}"
    author = (os.fsdecode(name), os.fsdecode(email), when)
    return git.commit_as(
        repository, tree, [parent], message.rstrip(b"\n") + b"\n", author=author, date=when, is_signed=is_signed
    )
