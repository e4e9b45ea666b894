"""What tools say of themselves in what they print: errors, cost, tokens, session, denied permissions.

Pure. Nothing said here makes a step succeed: a reader can only add to what speaks against one. A new tool of a new
shape is one more small function; the forms are as they were seen, see docs/agents.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from splinter.engine.tools import printed_json
from splinter.model.records import Usage

AGENT, PROVIDER, LIMIT = "agent", "provider", "limit"
_LONGEST = 2_000  # characters of an error that are kept
_DENIED = 10  # permissions that are named
_NAME = 200  # characters of a permission, a model, a session
_TRIED = 20  # places where a result may begin
_MOST = 10**12  # tokens or dollars of one call: what is more is no number to count on, and fits no database

# A provider's fault passes by itself: too many requests, an error of its servers, no way to reach it.
_PASSES = re.compile(
    r"\b(?:408|409|425|429|5\d\d)\b|rate.?limit|too many requests|overloaded|unavailable|high demand"
    r"|internal ?server ?error|timed? ?out|connection|unable to connect|network|socket|econn|enotfound|eai_again"
    r"|error sending request|stream disconnected|fetch failed",
    re.IGNORECASE,
)
# an account's fault stays, though it comes with the same status
_STAYS = re.compile(r"\b40[0134]\b|current quota|insufficient|billing|credit|api key|unauthorized", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One call as its tool reports it.

    `error` is what it says went wrong, None where it complains of nothing; `fault` whose that is: `agent`, `provider`
    or `limit` (one that we handed to it). `usage` is None where a call costs nothing. `is_understood`: there was a
    report, in a form that is known; without one, that it complains of nothing means nothing.
    """

    error: str | None = None
    fault: str | None = None
    usage: Usage | None = field(default_factory=lambda: Usage(calls=1))
    model: str | None = None
    session: str | None = None
    denied: tuple[str, ...] = ()
    is_understood: bool = True


UNREAD = Reading(is_understood=False)


def read(name: str | None, output: str, *, is_whole: bool = True) -> Reading:
    """What the reader of that name makes of a tool's output; without one nothing is known.

    Where `output` is only the end of what was printed, sums over all of it are not known either.
    """
    if name is None:
        return Reading()
    reading = READERS[name](output)
    if not is_whole and name in _SUMMING and reading.usage:
        reading = replace(reading, usage=Usage(calls=1))
    return replace(
        reading,
        error=_sound(reading.error, _LONGEST),
        model=_sound(reading.model, _NAME),
        session=_sound(reading.session, _NAME),
        denied=tuple(_sound(one, _NAME) or "" for one in dict.fromkeys(reading.denied))[:_DENIED],
    )


def claude(output: str) -> Reading:
    """For claude-code with `--output-format json`: one object at the end.

    Where a user's settings have it say more (`verbose`, `viewMode`), that is the last entry of a list of all events.
    """
    results = (
        one
        for one in reversed([*printed_json.listed(output), *printed_json.objects(output)])
        if one.get("type") == "result"
    )
    result = next(results, None) or _torn_result(output)
    if result is None:
        return UNREAD
    models = _mapping(result.get("modelUsage"))  # `usage` beside it forgets the call that a limit ended
    spent = [_mapping(one) for one in models.values()]
    reading = Reading(
        usage=_usage(
            usd=result.get("total_cost_usd"),
            read=sum(_sum(one, "inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens") for one in spent),
            written=sum(_sum(one, "outputTokens") for one in spent),
        ),
        model=", ".join(models) or None,
        session=_text(result.get("session_id")),
        denied=_denials(result.get("permission_denials")),
    )
    subtype = _text(result.get("subtype")) or ""
    if subtype.startswith("error_max"):
        return replace(reading, error=subtype.removeprefix("error_").replace("_", " "), fault=LIMIT)
    if not result.get("is_error"):
        return reading
    errors = "; ".join(one for one in _list(result.get("errors")) if isinstance(one, str))
    message = _text(result.get("result")) or errors or subtype or "an error"
    status = _scalar(result.get("api_error_status"))
    return _blamed(reading, f"{status}: {message}" if status else message)


def codex(output: str) -> Reading:
    """For codex with `exec --json`: a line an event; usage is of the whole turn."""
    denied = tuple(one[1] or one[2] for one in _CODEX_DENIED.finditer(output))
    reading, failed = replace(UNREAD, denied=denied), None
    for event in printed_json.objects(output):
        kind = event.get("type")
        if kind == "thread.started":
            reading = replace(reading, session=_text(event.get("thread_id")))
        elif kind == "turn.completed":
            usage = _mapping(event.get("usage"))
            counted = _usage(read=_sum(usage, "input_tokens"), written=_sum(usage, "output_tokens")) if usage else None
            reading, failed = replace(reading, usage=counted or reading.usage, is_understood=True), None
        elif kind == "turn.failed":
            failed = _text(_mapping(event.get("error")).get("message")) or "the turn failed"
    return _blamed(reading, failed) if failed else reading


def aider(output: str) -> Reading:
    """For aider, which prints sentences and always exits 0; an error counts where no answer came after it."""
    usages = list(_AIDER_USAGE.finditer(output))
    model = _AIDER_MODEL.search(output)
    reading = replace(UNREAD, model=model[1] if model else None)
    if usages:
        costs = _AIDER_COST.findall(output)
        reading = replace(
            reading,
            is_understood=True,
            usage=_usage(
                usd=float(costs[-1]) if len(costs) == len(usages) else None,
                read=sum(_count(*one.group(1, 2)) for one in usages),
                written=sum(_count(*one.group(3, 4)) for one in usages),
            ),
        )
    errors = [one for one in _AIDER_ERROR.finditer(output) if not usages or one.start() > usages[-1].end()]
    return _blamed(reading, " ".join(errors[-1][0].split())) if errors else reading


def gemini(output: str) -> Reading:
    """For gemini with `--output-format json`: one object, over several lines, among much noise.

    A result comes on standard output, an error on standard error, after traces that hold braces too.
    """
    result = printed_json.last_object(output, ("stats", "error")) or {}
    models = _mapping(_mapping(result.get("stats")).get("models"))
    tokens = [_mapping(_mapping(one).get("tokens")) for one in models.values()]
    reading = Reading(
        usage=_usage(
            read=sum(_sum(one, "prompt") for one in tokens) if tokens else None,
            written=sum(_sum(one, "candidates", "thoughts") for one in tokens),
        ),
        model=", ".join(models) or None,
        session=_text(result.get("session_id")),
        denied=tuple(f"{tool} {path or why}" for tool, path, why in _GEMINI_DENIED.findall(output)),
        is_understood=bool(result),
    )
    error = _mapping(result.get("error"))
    if error:
        message = _text(error.get("message")) or _text(error.get("type")) or "an error"
        inner = _mapping((printed_json.loaded(message) or {}).get("error"))  # the provider's own answer, as it came
        shown = f"{_scalar(error.get('code'))}: {_text(inner.get('message')) or message}".removeprefix(": ")
        return replace(reading, error=shown, fault=LIMIT) if _GEMINI_LIMIT.search(shown) else _blamed(reading, shown)
    stopped = [one for one in _list(result.get("warnings")) if isinstance(one, str) and "stopping execution" in one]
    return _blamed(reading, stopped[0]) if stopped else reading


def opencode(output: str) -> Reading:
    """For opencode with `--format json`: a line an event, each step with its own tokens and cost.

    It stops where a permission is denied, in the middle of its work, and exits 0.
    """
    reading, error = UNREAD, None
    usd, read, written, steps, ended, denied = 0.0, 0, 0, 0, None, []
    for event in printed_json.objects(output):
        kind, part = event.get("type"), _mapping(event.get("part"))
        reading = replace(reading, session=_text(event.get("sessionID")) or reading.session)
        if kind == "step_finish":
            tokens = _mapping(part.get("tokens"))
            cache = _mapping(tokens.get("cache"))
            usd, steps, ended = usd + (_number(part.get("cost")) or 0.0), steps + 1, part.get("reason")
            read += _sum(tokens, "input") + _sum(cache, "read", "write")
            written += _sum(tokens, "output", "reasoning")
        elif kind == "tool_use":
            state = _mapping(part.get("state"))
            if state.get("status") == "error" and _OPENCODE_DENIED.match(_text(state.get("error")) or ""):
                denied.append(_called(part.get("tool"), state.get("input")))
        elif kind == "error":
            whole = _mapping(event.get("error"))
            data = _mapping(whole.get("data"))
            message = _text(data.get("message")) or _text(whole.get("name")) or "an error"
            error = f"{_scalar(data.get('statusCode'))} {message}".strip()
    if steps:
        reading = replace(reading, usage=_usage(usd=usd or None, read=read, written=written), is_understood=True)
    reading = replace(reading, denied=tuple(denied))
    if not error and denied and ended == "tool-calls":
        error = "it stopped before it was done, where a permission was denied"
    return _blamed(reading, error) if error else reading


def free(output: str) -> Reading:
    """A tool that costs nothing, such as one that applies a recorded patch."""
    return Reading(usage=None)


READERS: Mapping[str, Callable[[str], Reading]] = {
    "claude": claude, "codex": codex, "aider": aider, "gemini": gemini, "opencode": opencode, "free": free,
}  # fmt: skip
_SUMMING = frozenset({"aider", "opencode"})

_CLAUDE_RESULT = re.compile(
    r'\{\s*"type"\s*:\s*"result"'
)  # not in a string of JSON's: the quotes have backslashes there
# aider breaks its lines at 80 columns, wherever that is
_AIDER_NUMBER = r"(\d+(?:\.\d+)?)([kM]?)"
_AIDER_USAGE = re.compile(
    rf"^Tokens:\s+{_AIDER_NUMBER}\s+sent,(?:\s+\S+\s+cache\s+(?:write|hit),)*\s+{_AIDER_NUMBER}\s+received\.",
    re.MULTILINE | re.ASCII,
)
_AIDER_COST = re.compile(r"Cost:\s+\$\d+\.\d+\s+message,\s+\$(\d+\.\d+)\s+session\.", re.ASCII)
_AIDER_MODEL = re.compile(r"^(?:Main model|Model): (\S{1,200})", re.MULTILINE)
_AIDER_ERROR = re.compile(
    r"^litellm\.\w*(?:Error|Timeout|Exception)\w*:.*(?:\n(?!The API provider|Retrying in).+)*"
    r"|^Only \d+ reflections allowed, stopping\.",
    re.MULTILINE,
)
# the second where its own sandbox did not start, such as inside of another one
_CODEX_DENIED = re.compile(
    r"ERROR codex_core::tools::router: error=(.*rejected.*)|^(Failed to write file .+)", re.MULTILINE
)
_GEMINI_DENIED = re.compile(
    r"^Error executing tool (\S{1,100}): "
    r"(?:Path not in workspace: Attempted path \"([^\"\n]{1,200})|(.{0,200}denied by policy))",
    re.MULTILINE,
)
_GEMINI_LIMIT = re.compile(r"max(?:imum)? session turns", re.IGNORECASE)
_OPENCODE_DENIED = re.compile(r"The user (?:rejected permission|has specified a rule)")


def _blamed(reading: Reading, error: str) -> Reading:
    passes = _PASSES.search(error) and not _STAYS.search(error)
    return replace(reading, error=error, fault=PROVIDER if passes else AGENT, is_understood=True)


def _usage(*, usd: object = None, read: int | None, written: int | None) -> Usage:
    """What one call took; sums that are no counts are unknown, like those that are None."""
    dollars = _number(usd)
    is_counted = read is not None and written is not None and max(read, written) <= _MOST
    return Usage(
        calls=1,
        priced=int(dollars is not None),
        counted=int(is_counted),
        usd=dollars or 0.0,
        input_tokens=read or 0 if is_counted else 0,
        output_tokens=written or 0 if is_counted else 0,
    )


def _torn_result(output: str) -> dict[str, Any] | None:
    """claude-code's result where it is at the end of a list whose beginning was cut away."""
    begins = [one.start() for one in _CLAUDE_RESULT.finditer(output)]
    found = (printed_json.loaded(output[begin:]) for begin in reversed(begins[-_TRIED:]))
    return next((one for one in found if one and one.get("type") == "result"), None)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _scalar(value: object) -> str:
    """A status as text, whether it came as a number or in quotes; anything else is none."""
    return str(value)[:_NAME] if isinstance(value, int | str) and not isinstance(value, bool) else ""


def _sound(text: str | None, most: int) -> str | None:
    """Text that can be stored: JavaScript cuts signs of two halves in the middle, and a half is no Unicode."""
    return text[:most].encode("utf-8", "replace").decode("utf-8") if text else None


def _number(value: object) -> float | None:
    """A finite number that is not negative, None for anything else: a bool, `NaN`, a thousand digits."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= _MOST else None  # type: ignore[operator,arg-type]


def _sum(table: Mapping[str, Any], *names: str) -> int:
    """The sum of those entries that are counts."""
    return sum(int(value) for name in names if (value := _number(table.get(name))) is not None)


def _count(number: str, unit: str) -> int:
    """`1.2k` as aider rounds it."""
    return round(min(float(number), _MOST) * {"k": 1_000, "M": 1_000_000}.get(unit, 1))


def _denials(found: object) -> tuple[str, ...]:
    entries = [_mapping(entry) for entry in _list(found)]
    return tuple(_called(entry.get("tool_name"), entry.get("tool_input")) for entry in entries)


def _called(tool: object, input: object) -> str:
    """A tool and the file, command or address that it was called with."""
    given, name = _mapping(input), _text(tool) or "a tool"
    keys = ("file_path", "filePath", "command", "url", "path")
    what = next((text for key in keys if (text := _text(given.get(key)))), None)
    return f"{name} {what}" if what else name
