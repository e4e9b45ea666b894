"""The files of a base, without a repository."""

from __future__ import annotations

from collections.abc import Sequence


class Files:
    """Paths of a base, each file with the same text."""

    def __init__(self, *paths: str, text: str = '["api"]') -> None:
        self._paths, self._text = paths, text

    def paths(self, base: str | None) -> Sequence[str]:
        return self._paths

    def text(self, base: str | None, path: str, *, most: int) -> str | None:
        return self._text if len(self._text) <= most else None
