"""How often and how long: attempts at a fix, minutes, dollars of the earlier orchestrator. It knows no steps."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from splinter.config.importer.profiles import Breakers
from splinter.config.importer.source import Source
from splinter.config.yaml_events import Keys
from splinter.text.patterns import shown

FIX_LOOP = "fix_loop_and_circuit_breakers"
ATTEMPTS: tuple[Keys, ...] = (
    (FIX_LOOP, "defaults", "max_attempts"), (FIX_LOOP, "max_attempts"), ("circuit_breaker", "max_attempts"),
    ("circuit_breakers", "max_attempts"), ("circuit_breakers", "defaults", "max_attempts"), ("retry", "max_attempts"),
    ("execution_profile", "retry_attempts"), ("max_retries",), ("retries",),
)  # fmt: skip
SWITCHES: tuple[Keys, ...] = ((FIX_LOOP, "fix_loop_enabled"), (FIX_LOOP, "enabled"))
BREAKERS: tuple[Keys, ...] = ((FIX_LOOP, "circuit_breakers"), ("circuit_breakers",))
MINUTES: tuple[Keys, ...] = (
    ("execution_profile", "max_runtime_minutes"), ("max_runtime_minutes",), ("execution", "timeout_minutes"),
    ("timeout_minutes",),
)  # fmt: skip
DOLLARS: tuple[Keys, ...] = (("max_cost_usd",), ("execution_profile", "max_cost_usd"))


def fixes_and_minutes(source: Source, breakers: Sequence[Breakers]) -> tuple[int | None, float | None]:
    """Attempts at a fix, and minutes; the workstream's own go before those of the breakers it speaks of."""
    if any(source.value(*keys) is False for keys in SWITCHES):
        return None, positive(source, MINUTES)
    attempts, minutes = _attempts(source), positive(source, MINUTES)
    inline, shared = _inline_breakers(source), _shared_breakers(source, breakers)
    attempts = attempts or inline[0] or shared[0]
    for keys in SWITCHES:
        if attempts and source.value(*keys) is True:
            source.take(keys)
    return attempts, minutes or inline[1] or shared[1]


def _attempts(source: Source) -> int | None:
    for keys in ATTEMPTS:
        value = source.number(*keys)
        if value is not None and value >= 1:
            if value > 100:
                source.leave(keys, f"{shown(source.value(*keys))} attempts are cut to 100; kept under metadata")
            return min(100, int(value))
        source.taken.discard(keys)
    return None


def _inline_breakers(source: Source) -> tuple[int | None, float | None]:
    attempts = minutes = None
    for keys, item in (pair for place in source.lists(BREAKERS) for pair in source.items(*place)):
        kind = item.get("type") if isinstance(item, dict) else None
        if kind == "max_attempts" and attempts is None:
            number = source.number(*keys, "limit")
            attempts = min(100, int(number)) if number and number >= 1 else None
        if kind == "timeout" and minutes is None:
            minutes = source.number(*keys, "duration_minutes") or None
    return attempts, minutes if minutes and minutes > 0 else None


def _shared_breakers(source: Source, breakers: Sequence[Breakers]) -> tuple[int | None, float | None]:
    named = [
        (keys, item) for place in source.lists(BREAKERS) for keys, item in source.items(*place) if isinstance(item, str)
    ]
    whole = json.dumps(source.document.data, ensure_ascii=False)
    attempts: int | None = None
    minutes: float | None = None
    for own in breakers:
        ids = own.ids & {item for _, item in named}
        if not ids and re.split(r"[/\\]", own.path)[-1] in whole:
            ids = own.ids
        shared = own.default_attempts if ids else None
        attempts = attempts or next((own.attempts[id] for id in own.attempts if id in ids), shared)
        minutes = minutes or next((own.minutes[id] for id in own.minutes if id in ids), None)
    unknown = [item for _, item in named if not any(item in own.ids for own in breakers)]
    if unknown:
        for keys, _ in named:
            source.warned.add(keys)
        source.warn(named[0][0], "circuit breakers that no imported file defines are kept under metadata: "
                                 f"{', '.join(unknown)}")  # fmt: skip
    return attempts, minutes


def positive(source: Source, places: Iterable[Keys]) -> float | None:
    """The first number of those places that is more than 0; taken."""
    for keys in places:
        value = source.number(*keys)
        if value is not None and value > 0:
            return value
        source.taken.discard(keys)
    return None
