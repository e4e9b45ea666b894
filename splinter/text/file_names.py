"""File names as a disk may read them: it may fold case, leave characters out, or have names for streams."""

from __future__ import annotations

import re
import unicodedata

# HFS+ leaves these out where it compares names; git's list of them is the same
_LEFT_OUT = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_SHORT_GIT = re.compile(r"git~[0-9]+")  # as NTFS calls `.git` in eight characters


def folded(path: str) -> str:
    """The path by which every disk that we know would find the same file; two that are alike here may be one there."""
    return "/".join(map(_folded, path.replace("\\", "/").split("/")))


def _folded(name: str) -> str:
    whole = unicodedata.normalize("NFC", _LEFT_OUT.sub("", name)).casefold()
    bare = whole.partition(":")[0].rstrip(". ") or whole  # NTFS: a stream's name, and what it drops from the end
    return ".git" if _SHORT_GIT.fullmatch(bare) else bare
