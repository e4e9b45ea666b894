"""A scripted model on loopback for agents: it answers what a test says, in the API that it is asked in."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.counterparts.dialects import DIALECTS, INPUT_TOKENS, Body, Call, Chat, Dialect, Event, Turn


@dataclass(frozen=True)
class Say:
    """A plain answer, in these pieces where they are streamed; it ends the turn."""

    text: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Write:
    """The model has the agent write a whole file; `path` is relative to the work tree or absolute."""

    path: str
    content: str


@dataclass(frozen=True)
class Shell:
    """The model has the agent run a shell command."""

    command: str


@dataclass(frozen=True)
class Fail:
    """An HTTP error in the error form of the protocol asked in; without a message, in that API's words."""

    status: int
    message: str = ""


@dataclass(frozen=True)
class Hang:
    """The request is accepted and gets no answer until the server closes."""


@dataclass(frozen=True)
class Flood:
    """That many bytes of text in pieces of 64 KiB."""

    size: int


@dataclass(frozen=True)
class Gate:
    """The answer waits until it is let through."""

    reply: Say | Write | Shell
    open: threading.Event = field(default_factory=threading.Event)


Reply = Say | Write | Shell | Fail | Hang | Flood | Gate


@dataclass(frozen=True)
class Asked:
    path: str
    body: Body
    main: bool
    bearer: str = ""


def _patch(path: str, content: str) -> str:
    lines = "".join(f"+{line}\n" for line in content.splitlines())
    return f"*** Begin Patch\n*** Add File: {path}\n{lines}*** End Patch"


WRITERS: dict[str, Callable[[Write], Body | str]] = {
    "Write": lambda one: {"file_path": one.path, "content": one.content},
    "write": lambda one: {"filePath": one.path, "content": one.content},
    "write_file": lambda one: {"file_path": one.path, "content": one.content},
    "apply_patch": lambda one: _patch(one.path, one.content),
    "exec": lambda one: f"text(await tools.apply_patch({json.dumps(_patch(one.path, one.content))}))",
}
SHELLS: dict[str, Callable[[str], Body | str]] = {
    "Bash": lambda command: {"command": command, "description": "Runs a command"},
    "bash": lambda command: {"command": command, "description": "Runs a command"},
    "run_shell_command": lambda command: {"command": command, "description": "Runs a command"},
    "exec_command": lambda command: {"cmd": command},
    "shell_command": lambda command: {"command": command},
    "shell": lambda command: {"command": ["bash", "-c", command]},
    "exec": lambda command: f"text(await tools.exec_command({json.dumps({'cmd': command})}))",
}
READERS: dict[str, str] = {"Read": "file_path"}


def _turn(reply: Reply, offered: list[str], system: str, number: int) -> Turn:
    """Say the reply with the tools the agent offers; with none, as text in aider's edit blocks."""
    if isinstance(reply, Say):
        return Turn(reply.text, more=reply.more)
    if isinstance(reply, Flood):
        return Turn(flood=reply.size)
    if isinstance(reply, Write):
        return Turn(calls=_writes(reply, offered, number)) if offered else Turn(_block(reply, system))
    assert isinstance(reply, Shell)
    name = next((name for name in SHELLS if name in offered), None)
    if name is None:
        return Turn(f"Run this:\n\n```bash\n{reply.command}\n```\n")
    return Turn(calls=(Call(f"call_{number}", name, SHELLS[name](reply.command)),))


def _writes(one: Write, offered: list[str], number: int) -> tuple[Call, ...]:
    """Read first where there is a tool for it: agents refuse to overwrite a file they have not read."""
    name = next((name for name in WRITERS if name in offered), None)
    if name is None:
        script = f"mkdir -p \"$(dirname '{one.path}')\"\ncat > '{one.path}' <<'MODEL_EOF'\n{one.content}MODEL_EOF"
        return _turn(Shell(script), offered, "", number).calls
    reads = [Call(f"read_{number}", read, {key: one.path}) for read, key in READERS.items() if read in offered]
    return (*reads, Call(f"call_{number}", name, WRITERS[name](one)))


def _block(one: Write, conversation: str) -> str:
    if "SEARCH/REPLACE" not in conversation:
        return f"{one.path}\n```\n{one.content}```\n"
    found = re.findall(rf"^{re.escape(one.path)}\n```\w*\n(.*?)^```", conversation, re.S | re.M)
    old = found[-1] if found else ""
    return f"{one.path}\n```\n<<<<<<< SEARCH\n{old}=======\n{one.content}>>>>>>> REPLACE\n```\n"


SIDE = re.compile("title generator|one-line Git commit message")


@dataclass
class ModelServer:
    """A running server: `asked` holds every request, `main` of them those that took a reply."""

    url: str
    replies: list[Reply]
    then: Reply
    asked: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def main(self) -> list[Asked]:
        return [one for one in self.asked if one.main]

    def reply(self, path: str, body: Body, dialect: Dialect | None, bearer: str) -> tuple[Reply, int]:
        """Take the next reply, if this request is the agent's own work, and note the request."""
        tools = dialect is not None and dialect.offered(body)
        main = bool(tools) or (isinstance(dialect, Chat) and not SIDE.search(json.dumps(body["messages"][:1])))
        with self.lock:
            self.asked.append(Asked(path, body, main, bearer))
            if not main:
                return Say("A side answer"), 0
            return (self.replies.pop(0) if self.replies else self.then), len(self.asked)


class _Http(ThreadingHTTPServer):
    model: ModelServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    @property
    def model(self) -> ModelServer:
        return self.server.model

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        path = self.path.partition("?")[0]
        dialect = next((one for pattern, one in DIALECTS.items() if re.search(pattern, path)), None)
        reply, number = self.model.reply(
            self.path, body, dialect, (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        )
        with suppress(ConnectionError):
            if dialect is None:
                self._json(200, {"input_tokens": INPUT_TOKENS, "totalTokens": INPUT_TOKENS})
            elif isinstance(reply, Fail):
                self._json(reply.status, dialect.error(reply.status, reply.message))
            elif isinstance(reply, Hang):
                self.model.closing.wait()
            else:
                if isinstance(reply, Gate):
                    while not reply.open.wait(0.05) and not self.model.closing.is_set():
                        pass
                    reply = reply.reply
                self._turn(dialect, _turn(reply, dialect.offered(body), _texts(body), number), body)

    def do_GET(self) -> None:
        with self.model.lock:
            self.model.asked.append(Asked(self.path, {}, main=False))
        status = 426 if self.headers.get("Upgrade") else 200
        with suppress(ConnectionError):
            self._json(status, {"object": "list", "data": [], "models": []})

    def do_HEAD(self) -> None:
        self._json(200, None)

    def _turn(self, dialect: Dialect, turn: Turn, body: Body) -> None:
        if not body.get("stream") and ":stream" not in self.path:
            return self._json(200, dialect.plain(turn, body))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for event in dialect.stream(turn, body):
            named = f"event: {event['type']}\n" if "type" in event else ""
            self.wfile.write(f"{named}data: {json.dumps(event)}\n\n".encode())
        if isinstance(dialect, Chat):
            self.wfile.write(b"data: [DONE]\n\n")
        return None

    def _json(self, status: int, answer: Event | None) -> None:
        data = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        if status >= 400:
            self.send_header("X-Should-Retry", "true" if status in {429, 500, 529} else "false")
        if status == 429:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def _texts(body: Body) -> str:
    """All text of a chat's messages, to find the edit format and the files in it."""
    contents = [one.get("content") or "" for one in body.get("messages", [])]
    return "\n".join(one if isinstance(one, str) else "".join(p.get("text", "") for p in one) for one in contents)


@contextmanager
def model_server(*replies: Reply, then: Reply = Say("Done.")) -> Iterator[ModelServer]:
    """Serve until the block ends: each request of the agent's own work takes a reply, then `then` for ever."""
    http = _Http(("127.0.0.1", 0), Handler)
    http.model = model = ModelServer(f"http://127.0.0.1:{http.server_port}", list(replies), then)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield model
    finally:
        model.closing.set()
        http.shutdown()
        thread.join()
        http.server_close()
