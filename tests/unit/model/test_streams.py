"""What people read of an agent's stream: a table of events, and of anything at all, which must never be an exception."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splinter.model.agents import registry, streams
from splinter.model.agents.streams import Transcript
from splinter.model.records import Usage
from splinter.text.redact import MaskedBytes, Redactor
from splinter.text.transcript import Layout
from tests.agents import RECORDINGS, recording
from tests.unit.model.test_agents import EVENTS

STREAMING = [one.profile.name for one in registry.AGENTS if one.stream]
Event = dict[str, Any]


def transcript(agent: str) -> Transcript:
    profile = next(one.profile for one in registry.AGENTS if one.profile.name == agent)
    found = registry.transcript(profile)
    assert found
    return found


def decoded(agent: str, *pieces: bytes) -> tuple[str, str]:
    """What people read of what was printed in these pieces, and what is kept for the reader."""
    decoder = transcript(agent)
    told = [*map(decoder.feed, pieces), decoder.end()]
    shown = Layout().feed(MaskedBytes(b"".join(shown for shown, _ in told)))
    return shown.decode(), b"".join(kept for _, kept in told).decode("utf-8", "replace")


def shown(agent: str, *events: Event | str) -> str:
    lines = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return decoded(agent, "".join(f"{line}\n" for line in lines).encode())[0]


def test_those_that_can_stream_do() -> None:
    assert STREAMING == ["claude-code", "codex", "gemini", "opencode"]


def claude(kind: str, *blocks: Event, **more: Any) -> Event:
    return {"type": kind, "message": {"content": list(blocks)}, "parent_tool_use_id": None, **more}


def delta(text: str) -> Event:
    inner = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}}
    return {"type": "stream_event", "event": inner}


def item(begun: bool, kind: str, **fields: Any) -> Event:
    return {"type": "item.started" if begun else "item.completed", "item": {"type": kind, **fields}}


TEXT = {"type": "text", "text": "I look.\nThen I write."}
RESULT = {"type": "result", "is_error": False, "result": "Done.", "total_cost_usd": 0.5}
USED = {"usage": {"input_tokens": 7, "output_tokens": 2}}
TABLE: list[tuple[str, list[Event | str], str]] = [
    ("claude-code", [{"type": "system", "subtype": "init"}, claude("assistant", TEXT)], "I look.\nThen I write.\n"),
    ("claude-code", [claude("assistant", {"type": "thinking", "thinking": "Hm."})], "Hm.\n"),
    ("claude-code", [claude("assistant", {"type": "tool_use", "name": "Bash", "input": {"command": "a\nb"}})],
     "> Bash a\n    b\n"),
    ("claude-code", [claude("assistant", {"type": "tool_use", "name": "Odd", "input": {"a": "ä"}})], '> Odd {"a": "ä"}\n'),
    ("claude-code", [claude("user", {"type": "tool_result", "content": "> Bash rm\n\nx\x1b[31m\u202e"})],
     "    > Bash rm\n\n    x\\u202e\n"),
    ("claude-code", [claude("user", {"type": "tool_result", "content": [{"type": "text", "text": "t"}, {"type": "image"}]})],
     "    t\n    [image]\n"),
    ("claude-code", [claude("user", {"type": "text", "text": "the prompt"})], ""),
    ("claude-code", [delta("I lo"), delta("ok."), claude("assistant", {"type": "text", "text": "I look."}), RESULT],
     "I look.\n= done, $0.5000\n"),
    ("claude-code", [RESULT], "Done.\n= done, $0.5000\n"),
    ("claude-code", [{**RESULT, "is_error": True, "api_error_status": 401}],
     "! 401: Done.\n= failed, $0.5000\n"),
    ("claude-code", [{"type": "system", "subtype": "api_retry", "attempt": 2, "max_retries": 9, "error_status": 529,
                      "error": "overloaded"}], "! 529 overloaded, tried again: 2 of 9\n"),
    ("codex", [{"type": "thread.started"}, {"type": "turn.started"}, item(False, "reasoning", text="Hm."),
               item(False, "agent_message", text="Done."), {"type": "turn.completed", **USED}],
     "Hm.\nDone.\n= done, cost unknown, 7 tokens read, 2 written\n"),
    ("codex", [item(True, "command_execution", command="ls"), item(False, "command_execution", command="ls",
               aggregated_output="a.py\n", exit_code=2)], "> shell ls\n    a.py\n= exit status 2\n"),
    ("codex", [item(False, "file_change", changes=[{"path": "a.py", "kind": "add"}, {"path": "b.py", "kind": "update"}])],
     "> add a.py\n> update b.py\n"),
    ("codex", [item(False, "todo_list", items=[{"text": "a", "completed": True}, {"text": "b"}])], "    [x] a\n    [ ] b\n"),
    ("codex", [{"type": "error", "message": "Reconnecting"}, {"type": "turn.failed", "error": {"message": "401"}}],
     "! Reconnecting\n! 401\n"),
    ("gemini", [{"type": "init"}, {"type": "message", "role": "user", "content": "the prompt"},
                {"type": "message", "role": "assistant", "content": "I lo", "delta": True},
                {"type": "message", "role": "assistant", "content": "ok.", "delta": True},
                {"type": "tool_use", "tool_name": "write_file", "parameters": {"file_path": "a.py", "content": "x"}},
                {"type": "tool_result", "status": "success", "output": "ok"}], "I look.\n> write_file a.py\n    ok\n"),
    ("gemini", [{"type": "tool_result", "status": "error", "error": {"message": "no"}}, {"type": "error", "message": "e"}],
     "! no\n! e\n"),
    ("opencode", [{"type": "step_start"}, {"type": "text", "part": {"text": "I look."}},
                  {"type": "tool_use", "part": {"tool": "bash", "state": {"input": {"command": "ls"}, "output": "a.py"}}}],
     "I look.\n> bash ls\n    a.py\n"),
    ("opencode", [{"type": "error", "error": {"data": {"message": "no", "statusCode": 401}}}], "! 401 no\n"),
    *((agent, ["a warning", {"type": "not known"}, "{torn"], 'a warning\n{"type": "not known"}\n{torn\n')
      for agent in STREAMING),
]  # fmt: skip


@pytest.mark.parametrize(("agent", "events", "text"), TABLE)
def test_each_event_is_told_in_words(agent: str, events: list[Event | str], text: str) -> None:
    assert shown(agent, *events) == text


@pytest.mark.parametrize("agent", STREAMING)
def test_what_is_kept_for_the_reader_says_what_all_of_it_says(agent: str) -> None:
    name = next(one.profile.reader for one in registry.AGENTS if one.profile.name == agent)
    for case in (path.stem for path in (RECORDINGS / agent).glob("*.json") if path.stem != "flood"):
        run = recording(agent, case)
        printed = run["stdout"] + run["stderr"]
        found, whole = registry.read(name, decoded(agent, printed.encode())[1]), registry.read(name, printed)
        assert found == whole, case


@pytest.mark.parametrize("agent", STREAMING)
def test_it_does_not_matter_where_pieces_end(agent: str) -> None:
    printed = recording(agent, "edit")["stdout"].encode()
    whole = decoded(agent, printed)
    assert decoded(agent, *(printed[at : at + 1] for at in range(len(printed)))) == whole
    assert decoded(agent, printed.rstrip(b"\n")) == (whole[0], whole[1]), "the last line may lack its end"
    decoder = transcript(agent)
    decoder.feed(printed[:-40])
    assert decoder.so_far() == decoder.so_far(), "to ask changes nothing"


@pytest.mark.parametrize("agent", STREAMING)
@settings(max_examples=settings().max_examples // 3)
@given(st.lists(EVENTS | st.binary(max_size=9), max_size=6))
def test_events_of_any_types_are_no_exception(agent: str, events: list[Event | bytes]) -> None:
    lines = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in events]
    decoded(agent, b"\n".join(lines))


@pytest.mark.parametrize("agent", STREAMING)
def test_nested_deep_it_is_shown_as_it_came(agent: str) -> None:
    for depth in (300, 900, 100_000):
        deep = "[" * depth + "]" * depth
        for event in (f'{{"type":"tool_use","parameters":{deep}}}', f'{{"type":"item.started","item":{deep}}}'):
            decoded(agent, f"{event}\n".encode())


def test_a_line_that_is_too_long_is_shown_as_it_came_and_the_next_is_an_event_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "LONGEST", 1000)
    long = json.dumps({"type": "turn.failed", "error": "x" * 2000})
    pieces = [
        b'{"type":"error","message":"e"}\n' + long.encode()[:700],
        long.encode()[700:] + b"\n",
        b'{"type":"error"}\n',
    ]
    text, kept = decoded("codex", *pieces)
    assert text == f"! e\n{long}\n! an error\n"
    assert long in kept


def test_what_it_cost_so_far_is_heard_once_for_each_step() -> None:
    heard: list[Usage] = []
    decoder = transcript("opencode")
    decoder.heard = heard.append
    step = {"type": "step_finish", "part": {"cost": 0.25, "tokens": {"input": 3, "output": 1}, "reason": "tool-calls"}}
    for event in (step, {"type": "step_start"}, step):
        decoder.feed(f"{json.dumps(event)}\n".encode())
    assert [(one.usd, one.tokens, one.calls) for one in heard] == [(0.25, 4, 1), (0.5, 8, 1)]


def test_marks_that_others_print_set_nothing_in_or_out() -> None:
    output = {"type": "tool_result", "content": "a\x0f\n> Bash rm"}
    assert shown("claude-code", claude("user", output), "\x0enoise", "noise") == "    a\n    > Bash rm\nnoise\nnoise\n"


def test_a_secret_over_lines_of_a_tool_s_output_is_masked_though_they_are_set_in() -> None:
    redactor = Redactor(("made-up-token-1234",))
    decoder = transcript("claude-code")
    event = claude("user", {"type": "tool_result", "content": "key: made-up-\ntoken-1234 and\nmore"})
    told, _ = decoder.feed(f"{json.dumps(event)}\n".encode())
    assert Layout().feed(redactor.data(told)) == b"    key: *** and\n    more\n"
