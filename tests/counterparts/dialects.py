"""The wire forms of four model APIs: Anthropic messages, OpenAI responses and chat completions, Gemini."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

INPUT_TOKENS, OUTPUT_TOKENS = 1200, 34
PIECE = 1 << 16
MADE = {"created": 1, "created_at": 1}
Body = dict[str, Any]
Event = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One tool call; an `input` that is text is for a tool that takes text in place of JSON."""

    id: str
    name: str
    input: Body | str


@dataclass(frozen=True)
class Turn:
    """What the model says in one answer, whatever the protocol."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    flood: int = 0
    more: tuple[str, ...] = ()

    def pieces(self) -> Iterator[str]:
        if self.text:
            yield self.text
        yield from self.more
        for start in range(0, self.flood, PIECE):
            yield "x" * min(PIECE, self.flood - start)


class Dialect(Protocol):
    """How one API names the tools offered and says a turn or an error; no message means that API's own words."""

    def offered(self, body: Body) -> list[str]: ...
    def stream(self, turn: Turn, body: Body) -> Iterator[Event]: ...
    def plain(self, turn: Turn, body: Body) -> Event: ...
    def error(self, status: int, message: str) -> Event: ...


class Messages:
    """Anthropic's messages."""

    usage: ClassVar = {"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS}
    errors: ClassVar = {
        401: ("authentication_error", "invalid x-api-key"),
        429: ("rate_limit_error", "This request would exceed your organization's rate limit."),
        500: ("api_error", "Internal server error"),
        529: ("overloaded_error", "Overloaded"),
    }

    def offered(self, body: Body) -> list[str]:
        return [tool["name"] for tool in body.get("tools", [])]

    def plain(self, turn: Turn, body: Body) -> Event:
        text = "".join(turn.pieces())
        content: list[Event] = [{"type": "text", "text": text}] if text else []
        content += [{"type": "tool_use", "id": one.id, "name": one.name, "input": one.input} for one in turn.calls]
        return self._message(body, content, "tool_use" if turn.calls else "end_turn")

    def stream(self, turn: Turn, body: Body) -> Iterator[Event]:
        yield {"type": "message_start", "message": self._message(body, [], None)}
        texts = [({"type": "text", "text": ""}, ({"type": "text_delta", "text": piece} for piece in turn.pieces()))]
        blocks = texts if not turn.calls else [self._call(one) for one in turn.calls]
        for index, (block, deltas) in enumerate(blocks):
            yield {"type": "content_block_start", "index": index, "content_block": block}
            for delta in deltas:
                yield {"type": "content_block_delta", "index": index, "delta": delta}
            yield {"type": "content_block_stop", "index": index}
        stop = {"stop_reason": "tool_use" if turn.calls else "end_turn", "stop_sequence": None}
        yield {"type": "message_delta", "delta": stop, "usage": self.usage}
        yield {"type": "message_stop"}

    def error(self, status: int, message: str) -> Event:
        kind, usual = self.errors.get(status, ("invalid_request_error", "Bad request"))
        return {"type": "error", "error": {"type": kind, "message": message or usual}, "request_id": "req_1"}

    def _message(self, body: Body, content: list[Event], stop: str | None) -> Event:
        named = {"id": "msg_1", "type": "message", "role": "assistant", "model": body.get("model")}
        return {**named, "content": content, "stop_reason": stop, "stop_sequence": None, "usage": self.usage}

    def _call(self, one: Call) -> tuple[Event, Iterator[Event]]:
        block = {"type": "tool_use", "id": one.id, "name": one.name, "input": {}}
        return block, iter([{"type": "input_json_delta", "partial_json": json.dumps(one.input)}])


class OpenAI:
    """What OpenAI's two protocols share."""

    errors: ClassVar = {
        401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided: made-up-key."),
        429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests. Please try again in 1s."),
        500: ("server_error", None, "The server had an error while processing your request."),
    }

    def offered(self, body: Body) -> list[str]:
        """Name the tools, also those that codex nests in its input and in namespaces."""
        nested = [one for one in body.get("input", []) if one.get("type") == "additional_tools"]
        tools = [tool for holder in (body, *nested) for tool in holder.get("tools", [])]
        tools = [inner for tool in tools for inner in (tool["tools"] if tool["type"] == "namespace" else [tool])]
        return [tool.get("function", tool).get("name", tool["type"]) for tool in tools]

    def error(self, status: int, message: str) -> Event:
        kind, code, usual = self.errors.get(status, ("invalid_request_error", None, "Bad request"))
        return {"error": {"message": message or usual, "type": kind, "param": None, "code": code}}


class Responses(OpenAI):
    """OpenAI's responses."""

    usage: ClassVar = {
        "input_tokens": INPUT_TOKENS, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": OUTPUT_TOKENS, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    }  # fmt: skip

    def plain(self, turn: Turn, body: Body) -> Event:
        items = [self._text("".join(turn.pieces()))] if not turn.calls else [self._call(one) for one in turn.calls]
        return self._response(body, "completed", items)

    def stream(self, turn: Turn, body: Body) -> Iterator[Event]:
        done = self.plain(turn, body)
        yield {"type": "response.created", "response": self._response(body, "in_progress", [])}
        for index, item in enumerate(done["output"]):
            opened = {**item, "content": []} if item["type"] == "message" else item
            yield {"type": "response.output_item.added", "output_index": index, "item": opened}
            for piece in turn.pieces():
                where = {"item_id": item["id"], "output_index": index, "content_index": 0}
                yield {"type": "response.output_text.delta", **where, "delta": piece}
            yield {"type": "response.output_item.done", "output_index": index, "item": item}
        yield {"type": "response.completed", "response": done}

    def _response(self, body: Body, status: str, output: list[Event]) -> Event:
        named = {"id": "resp_1", "object": "response", "model": body.get("model"), **MADE}
        return {**named, "status": status, "output": output, "usage": self.usage}

    def _text(self, text: str) -> Event:
        content = [{"type": "output_text", "text": text, "annotations": []}]
        return {"id": "item_0", "type": "message", "role": "assistant", "status": "completed", "content": content}

    def _call(self, one: Call) -> Event:
        named = {"id": f"item_{one.id}", "call_id": one.id, "name": one.name, "status": "completed"}
        if isinstance(one.input, str):
            return {**named, "type": "custom_tool_call", "input": one.input}
        return {**named, "type": "function_call", "arguments": json.dumps(one.input)}


class Chat(OpenAI):
    """OpenAI's chat completions."""

    usage: ClassVar = {
        "prompt_tokens": INPUT_TOKENS, "completion_tokens": OUTPUT_TOKENS,
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    }  # fmt: skip

    def plain(self, turn: Turn, body: Body) -> Event:
        message = {"role": "assistant", "content": "".join(turn.pieces()), "tool_calls": self._calls(turn) or None}
        choice = {"index": 0, "message": message, "finish_reason": self._finish(turn)}
        return {**self._named(body, "chat.completion"), "choices": [choice], "usage": self.usage}

    def stream(self, turn: Turn, body: Body) -> Iterator[Event]:
        named = self._named(body, "chat.completion.chunk")
        deltas: Iterator[Event] = ({"role": "assistant", "content": piece} for piece in turn.pieces())
        for delta in deltas if not turn.calls else iter([{"role": "assistant", "tool_calls": self._calls(turn)}]):
            yield {**named, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        yield {**named, "choices": [{"index": 0, "delta": {}, "finish_reason": self._finish(turn)}]}
        yield {**named, "choices": [], "usage": self.usage}

    def _named(self, body: Body, kind: str) -> Event:
        return {"id": "chat_1", "object": kind, "model": body.get("model"), **MADE}

    def _finish(self, turn: Turn) -> str:
        return "tool_calls" if turn.calls else "stop"

    def _calls(self, turn: Turn) -> list[Event]:
        functions = [(one.id, {"name": one.name, "arguments": json.dumps(one.input)}) for one in turn.calls]
        return [{"index": n, "id": id_, "type": "function", "function": f} for n, (id_, f) in enumerate(functions)]


class Gemini:
    """Gemini's generateContent."""

    usage: ClassVar = {
        "promptTokenCount": INPUT_TOKENS, "candidatesTokenCount": OUTPUT_TOKENS,
        "totalTokenCount": INPUT_TOKENS + OUTPUT_TOKENS,
    }  # fmt: skip
    errors: ClassVar = {
        401: ("UNAUTHENTICATED", "API key not valid. Please pass a valid API key."),
        429: ("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
        500: ("INTERNAL", "An internal error has occurred."),
    }

    def offered(self, body: Body) -> list[str]:
        return [one["name"] for tool in body.get("tools", []) for one in tool.get("functionDeclarations", [])]

    def plain(self, turn: Turn, body: Body) -> Event:
        return self._candidate([{"text": "".join(turn.pieces())}] if not turn.calls else self._calls(turn))

    def stream(self, turn: Turn, body: Body) -> Iterator[Event]:
        for piece in turn.pieces():
            yield {"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": piece}]}}]}
        yield self._candidate(self._calls(turn))

    def error(self, status: int, message: str) -> Event:
        kind, usual = self.errors.get(status, ("INVALID_ARGUMENT", "Bad request"))
        return {"error": {"code": status, "message": message or usual, "status": kind}}

    def _candidate(self, parts: list[Event]) -> Event:
        content = {"role": "model", "parts": parts or [{"text": ""}]}
        return {
            "candidates": [{"index": 0, "content": content, "finishReason": "STOP"}],
            "usageMetadata": self.usage,
        }  # fmt: skip

    def _calls(self, turn: Turn) -> list[Event]:
        return [{"functionCall": {"id": one.id, "name": one.name, "args": one.input}} for one in turn.calls]


DIALECTS: dict[str, Dialect] = {
    r"/messages$": Messages(),
    r"/responses$": Responses(),
    r"/chat/completions$": Chat(),
    r":(stream)?[gG]enerateContent$": Gemini(),
}
