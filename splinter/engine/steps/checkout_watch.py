"""Notes where the user's clean checkout changed while a command ran that no sandbox kept away from it.

Files that git ignores, and what was changed before the run, are not looked at. It stops nothing and undoes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from splinter.engine.work import Work
from splinter.git import checkout_state
from splinter.text.counts import and_more
from splinter.text.patterns import harmless

_NAMED = 3


@contextmanager
def watching(work: Work, who: str) -> Iterator[None]:
    """Look before the first such command of a run, and after each; say once what is another."""
    known = work.session.known
    with known.lock:
        known.checkout = known.checkout or checkout_state.look(work.repository)
    yield
    before = known.checkout
    if not before.is_clean:
        return
    now = checkout_state.look(work.repository, before)
    changed = [harmless(one) for one in now.differences(before)]
    with known.lock:
        is_news = bool(changed) and known.checkout is before
        if known.checkout is before:
            known.checkout = now if is_news else replace(before, seen=now.seen)
    if is_news:
        work.session.run.note(
            f"Your checkout changed while {who} ran without the sandbox: {and_more(changed, _NAMED)}."
            " Where that was not you, look at it before you go on."
        )
