"""What readers make of output: of recorded runs, and of anything at all, which must never be an exception."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from splinter.model.agents import registry as agents
from splinter.model.agents.registry import READERS
from splinter.model.agents.reports import UNREAD, Fault, Reading
from splinter.model.guarded_paths import GUARDED, IN_FOLDERS
from splinter.model.records import Usage
from tests import deep
from tests.agents import AGENTS, RECORDINGS, recording

NAMES = {one.profile.name: one.profile.reader for one in agents.AGENTS}
CALL = Usage(calls=1)


def reading(agent: str, case: str) -> Reading:
    """What is read from a recorded run, its two outputs in one as they come to us."""
    run = recording(agent, case)
    return agents.read(NAMES[agent], run["stderr"] + run["stdout"])


# --- recorded runs


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("case", ["edit", "answer", "creates", "commits", "outside", "retried"])
def test_tokens_are_those_of_every_answer_of_the_turn(agent: str, case: str) -> None:
    answers = recording(agent, case)["notes"]["requests"] - (case == "retried")
    usage = reading(agent, case).usage
    assert usage
    assert (usage.calls, usage.counted) == (1, 1)
    assert (usage.input_tokens, usage.output_tokens) == (1200 * answers, 34 * answers)


@pytest.mark.parametrize(
    ("agent", "usd"), [("claude-code", 0.0137), ("aider", 0.0033), ("codex", None), ("gemini", None), ("opencode", None)]
)  # fmt: skip
def test_dollars_are_known_only_where_they_are_reported(agent: str, usd: float | None) -> None:
    usage = reading(agent, "edit").usage
    assert usage
    assert (usage.priced, usage.usd) == ((0, 0.0) if usd is None else (1, pytest.approx(usd)))


@pytest.mark.parametrize(
    ("agent", "case", "fault"),
    [
        *((agent, "unauthorized", Fault.AGENT) for agent in AGENTS),
        ("codex", "overloaded", Fault.PROVIDER), ("codex", "broken", Fault.PROVIDER), ("opencode", "overloaded", Fault.PROVIDER),
        ("claude-code", "limit", Fault.LIMIT), ("claude-code", "limit-usd", Fault.LIMIT),
        ("gemini", "flood", Fault.AGENT), ("opencode", "denied", Fault.AGENT),
        *((agent, "edit", None) for agent in AGENTS), *((agent, "retried", None) for agent in AGENTS),
    ],
)  # fmt: skip
def test_whose_fault_it_was_is_read(agent: str, case: str, fault: str | None) -> None:
    assert reading(agent, case).fault == fault


@pytest.mark.parametrize(
    ("agent", "case", "denied"),
    [
        ("claude-code", "denied", ("Read ROOT/outside.txt", "Write ROOT/outside.txt")),
        ("claude-code", "denied-shell", ('Bash python3 -c \'open("made.txt", "w")\'',)),
        ("codex", "denied", ("patch rejected: writing outside of the project; rejected by user approval settings",)),
        ("gemini", "denied", ("write_file ROOT/outside.txt",)),
        ("opencode", "denied", ("write ROOT/outside.txt",)),
        *((agent, "edit", ()) for agent in AGENTS),
    ],
)
def test_what_was_denied_is_named(agent: str, case: str, denied: tuple[str, ...]) -> None:
    assert reading(agent, case).denied == denied


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("case", ["edit", "answer", "unauthorized", "denied"])
def test_what_is_known_is_understood(agent: str, case: str) -> None:
    assert reading(agent, case).is_understood


CLAUDE = ["edit", "answer", "unauthorized", "denied", "limit", "limit-usd"]


@pytest.mark.parametrize("case", CLAUDE)
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("is_list", [False, True])
def test_claude_code_is_read_in_each_form_that_a_user_s_settings_give_it(
    case: str, indent: int | None, is_list: bool
) -> None:
    """`{"viewMode": "verbose"}` and `{"verbose": true}` make it print the list of all that happened."""
    result = json.loads(recording("claude-code", case)["stdout"].splitlines()[-1])
    said = {"type": "assistant", "message": {"content": '[{"type":"result","is_error":true}]\n{"type": "result"}'}}
    events = [{"type": "system", "subtype": "init", "tools": ["Bash"]}, said, result]
    printed = json.dumps(events if is_list else result, indent=indent)
    found = agents.read("claude", f"a warning [of some kind] {{\n{printed}\n")
    assert found == reading("claude-code", case)
    assert found.is_understood


def test_the_end_of_a_list_whose_beginning_was_cut_away_is_read() -> None:
    result = recording("claude-code", "unauthorized")["stdout"].splitlines()[-1]
    found = agents.read("claude", f'ext":"said"}}}},{result}]', is_whole=False)
    assert found == reading("claude-code", "unauthorized")


# --- odd output


@pytest.mark.parametrize(
    ("agent", "case"), sorted((path.parent.name, path.stem) for path in RECORDINGS.glob("*/*.json"))
)
def test_output_torn_anywhere_is_read_as_far_as_it_goes(agent: str, case: str) -> None:
    output = recording(agent, case)["stdout"]
    for cut in range(0, len(output), 1 + len(output) // 50):
        for part in (output[:cut], output[cut:]):
            holds(agents.read(NAMES[agent], part))


KEYS = (
    "type", "subtype", "is_error", "result", "errors", "api_error_status", "total_cost_usd", "modelUsage", "inputTokens",
    "outputTokens", "session_id", "permission_denials", "tool_name", "tool_input", "command", "thread_id", "usage",
    "input_tokens", "output_tokens", "error", "message", "code", "stats", "models", "tokens", "prompt", "candidates",
    "warnings", "part", "cost", "input", "output", "cache", "read", "sessionID", "data", "statusCode", "state", "status",
    "reason", "tool", "made-up-model",
)  # fmt: skip
WORDS = (
    "result", "success", "error_max_turns", "thread.started", "turn.completed", "turn.failed", "step_finish", "tool_use",
    "error", "tool-calls", "The user rejected permission", "stopping execution", "429", '{"error": {"code": []}}', "",
    "2.5", "\u2028", "\ud800",
)  # fmt: skip
NUMBERS = (0, -1, True, 10**400, -(10**400), 1e308, math.inf, -math.inf, math.nan, 0.1, 1200)
SCALARS = st.none() | st.sampled_from(NUMBERS) | st.sampled_from(WORDS) | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=8),
    max_leaves=40,
)
EVENTS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=10)


def holds(found: Reading) -> None:
    """What is true of every reading, whatever was read: it can be stored, added up and shown."""
    for text in (found.error, found.model, found.session, *found.denied):
        assert text is None or (isinstance(text, str) and text and text.encode())
    assert (found.error is None) == (found.fault is None)
    assert len(found.error or "") <= 2000
    assert len(found.denied) <= 10
    usage = found.usage
    assert usage
    assert 0 <= usage.usd <= 1e12
    for count in (usage.input_tokens, usage.output_tokens):
        assert type(count) is int
        assert 0 <= count <= 10**12
    assert {usage.calls, usage.priced, usage.counted} <= {0, 1}


@pytest.mark.parametrize("name", deep.rows(NAMES.values(), "fuzz", ordinary=(NAMES["claude-code"], NAMES["codex"])))
@given(st.lists(EVENTS, max_size=4), st.sampled_from(("\n", "\nnoise {\n", " ")), st.sampled_from((None, 1)))
def test_json_of_any_types_is_no_exception(
    name: str, events: list[dict[str, Any]], between: str, indent: int | None
) -> None:
    holds(agents.read(name, between.join(json.dumps(event, indent=indent) for event in events)))


PIECES = st.sampled_from(
    ["Tokens:", " ", "\n", "1.2k", "1.2.3", ".", ",", "9" * 400, "M", " sent,", " received.", " cache hit,", "Cost: $", "0.01",
     " message,", " session.", "litellm.RateLimitError:", "{", "}", "[", '"', ":", "error", '{"type":"result"', "\x00", "²"]
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES.values())
@given(st.text() | st.lists(PIECES).map("".join))
@example("Tokens: . sent, . received. Cost: $. message, $.. session.")
@example(f"Tokens: {'9' * 400}M sent, 1 received.")
def test_text_of_any_kind_is_no_exception(name: str, output: str) -> None:
    holds(agents.read(name, output))


@pytest.mark.parametrize("name", NAMES.values())
@pytest.mark.parametrize("opening", ['{"type":', '{"stats":', '{"type":"result","usage":', "[", '{"error":['])
@pytest.mark.parametrize("depth", [900, 100_000])
def test_nesting_of_any_depth_is_no_exception(name: str, opening: str, depth: int) -> None:
    holds(agents.read(name, opening * depth))
    closing = {"[": "]"}.get(opening, "]}" if opening.endswith("[") else "}")
    holds(agents.read(name, f"{opening * depth}1{closing * depth}"))
    assert agents.read(name, opening * depth).usage == CALL


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("output", ["", "\n\n", "no word of JSON", "[1, 2]", "{}", "null", "{", '"type"'])
def test_output_that_says_nothing_says_nothing(name: str, output: str) -> None:
    assert agents.read(name, output) == (Reading(usage=None) if name == "free" else UNREAD)


def test_an_output_without_a_reader_is_not_looked_at() -> None:
    assert agents.read(None, '{"type":"result","is_error":true}') == Reading()


def test_sums_over_what_was_cut_away_are_unknown() -> None:
    for agent in ("aider", "opencode"):
        assert agents.read(NAMES[agent], recording(agent, "edit")["stdout"], is_whole=False).usage == CALL
    whole = agents.read("claude", recording("claude-code", "edit")["stdout"], is_whole=False).usage
    assert whole == reading("claude-code", "edit").usage, "its one object tells the sum itself"


def test_line_ends_of_unicode_inside_of_a_string_end_no_line() -> None:
    event = {"type": "result", "is_error": True, "result": "it\u2028says\u0085so\u2029"}
    assert agents.read("claude", json.dumps(event, ensure_ascii=False)).error == "it\u2028says\u0085so\u2029"


def test_a_number_that_cannot_be_a_cost_is_none() -> None:
    for cost in ("NaN", "Infinity", "-1", "1e400", "1" * 400, "true", '"2"'):
        usage = agents.read("claude", f'{{"type":"result","total_cost_usd":{cost}}}').usage
        assert usage
        assert (usage.priced, usage.usd) == (0, 0.0), cost


def test_a_line_of_aider_may_be_broken_anywhere_between_words() -> None:
    told = "Tokens: 120k sent, 110k cache hit, 1.3k received. Cost: $0.0033 message, $0.02 session."
    for blank in [place for place, sign in enumerate(told) if sign == " "]:
        usage = agents.read("aider", f"{told[:blank]} \n{told[blank + 1 :]}").usage
        assert usage == Usage(calls=1, priced=1, counted=1, usd=0.02, input_tokens=120_000, output_tokens=1_300)


def test_aider_s_error_counts_only_where_no_answer_came_after_it() -> None:
    error, answer = "litellm.APIConnectionError: no way\nRetrying in 1.0 seconds...\n", "Tokens: 1 sent, 2 received.\n"
    assert agents.read("aider", error + answer).error is None
    late = agents.read("aider", answer + error)
    assert (late.error, late.fault) == ("litellm.APIConnectionError: no way", Fault.PROVIDER)
    given_up = agents.read("aider", f"{answer}Only 3 reflections allowed, stopping.\n")
    assert (given_up.error, given_up.fault) == ("Only 3 reflections allowed, stopping.", Fault.AGENT)


def test_gemini_s_result_is_found_among_traces_with_braces() -> None:
    trace = 'Attempt 1 failed {\n  status: 429\n}\n{"stats": torn\n'
    result = json.dumps(
        {"session_id": "s", "stats": {"models": {"m": {"tokens": {"prompt": 7, "candidates": 2}}}}}, indent=2
    )
    found = agents.read("gemini", f"{trace}{result}\n[STARTUP] {{}}\n{{}}\n")
    assert (found.session, found.model, found.usage and found.usage.tokens) == ("s", "m", 9)


def test_gemini_s_own_limit_of_turns_is_a_limit() -> None:
    message = "Reached max session turns for this session. Increase the number of turns in settings.json."
    found = agents.read(
        "gemini", json.dumps({"error": {"type": "FatalTurnLimitedError", "message": message, "code": 53}})
    )
    assert (found.error, found.fault) == (f"53: {message}", Fault.LIMIT)


def test_opencode_that_goes_on_after_a_denial_did_not_stop() -> None:
    events = [json.loads(line) for line in recording("opencode", "denied")["stdout"].splitlines() if line]
    events.append({"type": "step_finish", "part": {"reason": "stop", "tokens": {"input": 1, "output": 1}}})
    found = agents.read("opencode", "\n".join(json.dumps(event) for event in events))
    assert (found.error, found.denied) == (None, ("write ROOT/outside.txt",))


def test_of_several_results_an_error_counts_and_the_cost_is_unknown() -> None:
    """A child that outlives the program may print one more line that says that all is well."""
    bad = {"type": "result", "is_error": True, "result": "Invalid API key", "total_cost_usd": 12.34}
    good = {"type": "result", "is_error": False, "result": "done", "total_cost_usd": 0.0}
    for order in ((bad, good), (good, bad)):
        found = agents.read("claude", "\n".join(map(json.dumps, order)))
        assert (found.error, found.usage) == ("Invalid API key", CALL)
    assert agents.read("claude", "\n".join(map(json.dumps, (good, good)))).error is None
    stats = {"input_tokens": 1, "output_tokens": 1}
    bad = {"type": "result", "status": "error", "error": {"message": "no"}, "stats": stats}
    for events in ((bad, {"type": "result", "status": "success", "stats": stats}), ({"type": "init"}, bad, bad)):
        found = agents.read("gemini", "\n".join(map(json.dumps, events)))
        assert (found.error, found.usage and found.usage.counted) == ("no", int(events[0] != bad))


# --- the registry


def test_an_agent_is_known_by_its_module_alone() -> None:
    """What other rooms know of agents follows from the registry."""
    assert [one.profile.name for one in agents.AGENTS] == list(AGENTS)
    assert set(READERS) == {*NAMES.values(), "free"}
    for one in agents.AGENTS:
        assert set(one.keys) <= set(one.profile.env)
        assert one.install
        assert all({order, f"**/{order}", f"**/{order}/**"} <= {*GUARDED, *IN_FOLDERS} for order in one.orders)
        assert not any(path.startswith(("/", "~")) for path in one.login)


@pytest.mark.parametrize(
    ("agent", "output"),
    [
        ("claude-code", {"type": "result", "subtype": "success", "result": "done", "total_cost_usd": 0.01}),
        ("codex", {"type": "turn.completed", "usage": {"reasoning": 7}}),
        ("opencode", {"type": "step_finish", "part": {"cost": 0.01}}),
    ],
)
def test_tokens_that_are_not_said_are_unknown_not_zero(agent: str, output: dict[str, Any]) -> None:
    usage = agents.read(NAMES[agent], json.dumps(output)).usage
    assert usage
    assert (usage.calls, usage.counted) == (1, 0)
