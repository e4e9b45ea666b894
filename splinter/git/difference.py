"""The difference of two commits as a person reads it. Nothing is written, and nothing of the user's config counts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from splinter.git import command_line
from splinter.git.command_line import Repository

_SHOWN = ("-p", "--find-renames", "--no-color", "--no-ext-diff", "--no-textconv")
_PREFIXES = ("--src-prefix=a/", "--dst-prefix=b/")
_COMMIT = re.compile(r"^([0-9a-f]{40}|[0-9a-f]{64})\n", re.MULTILINE)  # each line of a diff begins otherwise
_LARGE = "core.bigFileThreshold=512k"  # what is larger is told as bytes
_READABLE = "core.quotePath=false"


def difference(repository: Repository, old: str, new: str, *, from_merge_base: bool = False) -> str:
    """The diff of two commits as text; from where they parted, if that is asked."""
    parted = ("--merge-base",) if from_merge_base else ()
    asked = (*_SHOWN, *_PREFIXES, *parted, old, new, "--")
    return command_line.call(repository, "diff-tree", "-r", *asked, may_fetch=True).stdout.decode("utf-8", "replace")


def differences(repository: Repository, pairs: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    """The diffs of pairs of commits, old and new, that are all here; large files are only named. In few calls."""
    found: dict[tuple[str, str], str] = {}
    left = list(dict.fromkeys(pairs))
    while left:
        together = {new: old for old, new in reversed(left)}  # an answer is known by its new commit
        asked = "".join(f"{new} {old}\n" for new, old in together.items())
        said = command_line.call(
            repository, "diff-tree", "--stdin", "-r", *_SHOWN, *_PREFIXES,
            stdin=asked.encode(), may_fetch=True, more_config=(_LARGE, _READABLE),
        ).stdout.decode("utf-8", "replace")  # fmt: skip
        _, *answers = _COMMIT.split(said)
        by_commit = dict(zip(answers[::2], answers[1::2], strict=True))
        found |= {(old, new): by_commit.get(new, "") for new, old in together.items()}
        left = [pair for pair in left if pair not in found]
    return found
