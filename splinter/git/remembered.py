"""Answers that never change: what git says of objects by their ids, it says for ever. Kept within bounds."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable

from splinter.git.command_line import Repository

_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_MOST, _LONGEST = 2_000, 64 * 1024  # answers, bytes of one

_answers: OrderedDict[tuple[str, ...], bytes] = OrderedDict()
_lock = threading.Lock()


def answer(
    repository: Repository, verb: str, *words: str, ids: tuple[str, ...], ask: Callable[[], bytes]
) -> bytes:  # fmt: skip
    """What was answered before, else what is answered now; names that are no ids are asked each time."""
    if not all(map(_ID.fullmatch, ids)):
        return ask()
    key = (str(repository.common), verb, *ids, *words)
    with _lock:
        if key in _answers:
            _answers.move_to_end(key)
            return _answers[key]
    found = ask()
    if len(found) <= _LONGEST:
        with _lock:
            _answers[key] = found
            while len(_answers) > _MOST:
                _answers.popitem(last=False)
    return found
