"""A stream on its way to its log: decoded, masked, bounded, and nobody else's to read."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from splinter.model.agents import gemini, registry
from splinter.system import process_log
from splinter.system.process_log import Output
from splinter.text.redact import Redactor

SECRET = "made-up-token-1234"
REDACTOR = Redactor((SECRET,))


def said(text: str) -> bytes:
    event = {"type": "message", "role": "assistant", "content": text, "delta": True}
    return f"{json.dumps(event)}\n".encode()


def given(text: str) -> bytes:
    return f"{json.dumps({'type': 'tool_result', 'status': 'success', 'output': text})}\n".encode()


def result(**fields: Any) -> bytes:
    return f"{json.dumps({'type': 'result', 'status': 'success', **fields})}\n".encode()


def opened(log: Path) -> Output:
    return Output(log, REDACTOR, registry.transcript(gemini.AGENT.profile))


def printed(output: Output, *pieces: bytes) -> None:
    for piece in pieces:
        output.drain(io.BytesIO(piece))


def test_a_secret_in_two_pieces_of_an_answer_is_held_back_and_masked(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with opened(log) as output:
        printed(output, said("the key is made-u"))
        assert log.read_text() == "the key is ", "what may become a secret waits, and nothing else"
        printed(output, said("p-token-1234, "), said("as they say\n"))
        assert log.read_text() == "the key is ***, as they say\n"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


@pytest.mark.parametrize("cut", range(1, len(SECRET)))
def test_wherever_two_events_cut_a_secret_it_is_masked(tmp_path: Path, cut: int) -> None:
    log = tmp_path / "log"
    for tell in (said, given):
        with opened(log) as output:
            printed(output, tell(f"x {SECRET[:cut]}"), tell(f"{SECRET[cut:]} y"))
        assert log.read_text().split() == ["x", "***", "y"]
        log.unlink()


def test_what_an_escape_hid_is_masked_and_steers_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    hidden = "".join(f"\\u{ord(sign):04x}" for sign in SECRET)
    with opened(log) as output:
        printed(output, b'{"type":"tool_result","output":"\\u001b[2J%s\\u0007"}\n' % hidden.encode())
    assert log.read_text() == "    ***\\u0007\n"


def test_a_flood_of_events_keeps_its_head_and_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_log, "HEAD_BYTES", 200_000)
    monkeypatch.setattr(process_log, "TAIL_BYTES", 100_000)
    log = tmp_path / "log"
    with opened(log) as output:
        printed(output, said("it begins\n"), *(given("> fake\n" * 8000) for _ in range(40)))
        printed(output, said("it ends"), result(stats={"input_tokens": 3, "output_tokens": 1}))
        output.end_of_leader()
        assert output.is_whole, "all that counts is there"
        assert registry.read("gemini", output.report, is_whole=output.is_whole).is_understood
    text = log.read_text()
    assert len(text) < 3 * 300_000
    assert text.startswith("it begins\n    > fake\n")
    assert "\n[… about " in text
    assert "\n> fake" not in text, "text of others is set in on both sides of the cut"
    assert text.endswith("it ends\n= done, cost unknown, 3 tokens read, 1 written\n")


def test_what_comes_after_the_end_of_the_command_is_in_the_log_and_not_its_own(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with opened(log) as output:
        printed(output, said("it ends"), result(status="error", error={"message": "no"}).rstrip(b"\n"))
        output.end_of_leader()
        printed(output, b"\n", result())
        reading = registry.read("gemini", output.report, is_whole=output.is_whole)
    assert reading.error == "no", "a line that lacks its end is one too"
    assert output.text == "it ends\n! no\n= failed, cost unknown\n"
    assert log.read_text() == output.text + "= done, cost unknown\n"


def test_without_a_stream_all_is_as_it_came(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Output(log, REDACTOR) as output:
        printed(output, said(f"the key is {SECRET}"), b"\x1b[31mred\n")
        output.end_of_leader()
    assert log.read_bytes() == said("the key is ***") + b"\x1b[31mred\n"
    assert output.report == output.text
