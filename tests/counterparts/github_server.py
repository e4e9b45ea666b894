"""A GitHub on loopback that remembers, counts, has limits, and misbehaves as it is told.

How to use it:

    with github_server() as hub:                      # or github_server(clock): then its limits are in force
        hub.push("splinter/tidy")                     # a branch that it knows; `hub.push(x, after=2)`: seen the 3rd time
        hub.faults.append(Fault("POST", "/labels$", status=502))
        hub.faults.append(Fault("POST", "/pulls$", cut=True, is_done=True, times=2))
        ...                                           # ask it: `hub.forge(...)`, or `world.env |= hub.env` for a `doit`
        assert hub.pulls[1]["title"] == "Tidy"        # the world afterwards: pulls, labels, comments, events, ...
        assert hub.writes == [] and hub.unmodified    # what was asked of it; 304s cost nothing of `hub.left`

`hub.edit(1, title=...)` is a person's edit, `hub.merge(1)` a person's merge. A fault meets the first `times` requests
of its method and path, before they are done or (`is_done`) after; with `cut` the connection ends without an answer, with
`sent=0.5` in the middle of it, with `is_silent` the client has to give up. Each request is held against GitHub's own
description (`github_description.py`); leaving the block fails where one was wrong.

For a whole `doit`: `github_server(name="octo/project", remote=tmp_path / "origin.git")` knows the branches of that
bare repository.

`clock` is a `FixedWaiting` that the forge shares: nobody really waits. Without one, as for a `doit`, which has its own
clock, only the limit of requests is counted.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from splinter.model.ports import Caller
from splinter.publish.forges.github import GitHub
from splinter.publish.waiting import FixedWaiting
from tests.counterparts import TOKEN, github_description, github_pages
from tests.counterparts.github_pages import Refused
from tests.counterparts.scripted import Answer, Asked, Scripted, scripted

MONDAY = datetime(2026, 11, 23, 2, tzinfo=UTC)
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


@dataclass
class Fault:
    """What goes wrong, and how often: see the head of this module."""

    method: str
    path: str
    status: int = 0
    message: str = "broken on purpose"
    errors: tuple[object, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    is_done: bool = False
    cut: bool = False
    sent: float = 0.0
    is_silent: bool = False
    times: int = 1


class Remembered:
    """Facts in memory, as `memory.db` keeps them."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}

    def json_fact(self, name: str) -> dict[str, Any]:
        return dict(json.loads(self.facts.get(name, "{}")))

    def set_json_fact(self, name: str, value: Any) -> None:
        self.facts[name] = json.dumps(value)


@dataclass
class GitHubServer(github_pages.Pages):
    """The server: what stands on it is in `Pages`."""

    clock: FixedWaiting | None = None
    prefix: str = ""
    limit: int = 5000
    per_minute: int = 80
    per_hour: int = 500
    faults: list[Fault] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unmodified: int = 0
    used: int = 0
    written: list[float] = field(default_factory=list)
    memory: Remembered = field(default_factory=Remembered)
    server: Scripted = field(init=False)
    _window: float = 0.0
    _closing: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"{self.server.url}{self.prefix}"

    @property
    def env(self) -> dict[str, str]:
        """The variables by which a `doit` asks this server."""
        return {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": self.name, "GITHUB_API_URL": self.url}

    def forge(self, *, wait_s: float = 300.0, answers: Path | None = None, timeout_s: int = 5) -> GitHub:
        """A new client, as each run has one; all remember what `memory` does."""
        waiting = self.clock or FixedWaiting(MONDAY)
        caller = Caller(waiting=waiting, facts=self.memory, wait_s=wait_s, answers=answers)
        return GitHub(TOKEN, self.name, self.url, caller=caller, timeout_s=timeout_s)

    @property
    def writes(self) -> list[Asked]:
        """What was asked for that changes something, whether or not it was done."""
        return self.server.writes

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)

    def now(self) -> float:
        return self.clock.now_s() if self.clock else MONDAY.timestamp()

    def answer(self, asked: Asked) -> Answer:
        path = asked.path.removeprefix(self.prefix)
        fault = self._fault(asked.method, path.partition("?")[0])
        if fault and fault.is_silent and not fault.is_done:
            self._closing.wait()
        with self._lock:
            wrong = github_description.problem(asked.method, path, asked.body)
            if wrong:
                self.wrong.append(wrong)
            done = self._answer(asked, path) if not fault or fault.is_done else Answer()
        if fault and fault.is_silent:
            self._closing.wait()
        if not fault:
            return done
        if fault.cut or fault.sent:
            return replace(done, sent=fault.sent)
        said = {"message": fault.message, **({"errors": list(fault.errors)} if fault.errors else {})}
        return Answer(fault.status, said, {**self._rate(), **fault.headers})

    def _fault(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for one in self.faults:
                if one.times > 0 and one.method == method and re.search(one.path, path):
                    one.times -= 1
                    return one
        return None

    def _answer(self, asked: Asked, path: str) -> Answer:
        """What GitHub would say: a limit, "not modified", or the thing itself."""
        if self.now() >= self._window + 3600:
            self._window, self.used = self.now(), 0
        if self.left == 0:
            return Answer(403, {"message": "API rate limit exceeded for user ID 1."}, self._rate())
        if asked.method != "GET" and (wait := self._too_fast()):
            return Answer(403, {"message": SECONDARY}, {**self._rate(), "Retry-After": str(wait)})
        place, _, query = path.partition("?")
        try:
            status, body, headers = self.page(
                asked.method, unquote(place), parse_qs(query), json.loads(asked.body or b"null")
            )
        except Refused as error:
            self.used += 1
            said = {"message": error.message, **({"errors": error.errors} if error.errors else {})}
            return Answer(error.status, said, self._rate())
        etag = f'W/"{hashlib.sha256(json.dumps([body, headers]).encode()).hexdigest()}"'
        if asked.method == "GET" and asked.headers.get("If-None-Match") == etag:
            self.unmodified += 1
            return Answer(304, b"", {"ETag": etag, **self._rate()})
        self.used += 1
        tagged = {"ETag": etag} if asked.method == "GET" else {}
        return Answer(status, b"" if status == 204 else body, {**tagged, **headers, **self._rate()})

    def _rate(self) -> dict[str, str]:
        """What each answer says of the limit; an Enterprise server has none, and says its version."""
        if self.prefix:
            return {"X-GitHub-Enterprise-Version": "3.19.1"}
        reset = int(self._window + 3600)
        return {
            "X-RateLimit-Limit": str(self.limit), "X-RateLimit-Remaining": str(self.left),
            "X-RateLimit-Reset": str(reset), "X-RateLimit-Resource": "core", "Vary": "Accept, Authorization",
        }  # fmt: skip

    def _too_fast(self) -> int:
        """Seconds to wait where this write is past a limit of writes, 0 where it is not."""
        if self.clock is None:
            return 0
        now = self.now()
        for most, span in ((self.per_hour, 3600), (self.per_minute, 60)):
            within = [one for one in self.written if one > now - span]
            if len(within) >= most:
                return int(within[-most] + span - now) + 1
        self.written.append(now)
        return 0

    def close(self) -> None:
        self._closing.set()


@contextmanager
def github_server(clock: FixedWaiting | None = None, *, prefix: str = "", **more: Any) -> Iterator[GitHubServer]:
    """Serve until the block ends, then fail where a request was none that GitHub describes."""
    hub = GitHubServer(clock=clock, prefix=prefix, **more)
    with scripted(hub.answer) as hub.server:
        hub.root = hub.url
        try:
            yield hub
        finally:
            hub.close()
    assert hub.wrong == [], hub.wrong
