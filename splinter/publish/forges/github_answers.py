"""Answers of GitHub's that are kept across runs with their ETags: one that still holds costs nothing of the rate limit.

None is used unasked: GitHub has to say each time that it is still the same. What is broken, or was not written with the
same token, is not there: pages of private code are in it, and whoever could write one could tell us anything.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

# what an answer "not modified" need not repeat
_HEADERS = ("content-type", "etag", "link", "x-oauth-scopes")


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was."""

    etag: str
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Answers:
    """Files in `folder`, None for none, each with a seal that only `token` makes; that is nowhere in them."""

    folder: Path | None
    token: str

    def get(self, question: str) -> Kept | None:
        """The last answer to a question, None where there is none to trust."""
        if self.folder is None:
            return None
        file = self._file(self.folder, question)
        try:
            seal, _, content = file.read_text("utf-8").partition("\n")
            if not hmac.compare_digest(seal.encode(), self._seal(question, content).encode()):
                return None
            kept = Kept(**json.loads(content))
            os.utime(file)  # `doit gc` goes by when it was last of use
        except (OSError, ValueError, TypeError):
            return None
        return kept

    def put(self, question: str, headers: Mapping[str, str], text: str) -> None:
        """Keep an answer, if it has an ETag and is whole; where that cannot be written, it is asked for again."""
        if self.folder is None or not headers.get("etag"):
            return
        with suppress(OSError, ValueError):
            json.loads(text)
            said = {name: headers[name] for name in _HEADERS if name in headers}
            content = json.dumps({"etag": headers["etag"], "headers": said, "text": text})
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(self._file(self.folder, question), f"{self._seal(question, content)}\n{content}")

    def _file(self, folder: Path, question: str) -> Path:
        return folder / f"{self._mac(question)[:40]}.json"

    def _seal(self, question: str, content: str) -> str:
        return self._mac(f"{len(question)}:{question}{content}")

    def _mac(self, text: str) -> str:
        return hmac.new(self.token.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _write(file: Path, text: str) -> None:
    """Whole or not at all, for nobody else to read."""
    descriptor, name = mkstemp(dir=file.parent, prefix=".")  # mode 600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as written:
            written.write(text)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
