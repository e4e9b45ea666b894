"""The one client of a call for GitHub: PyGithub's requests, one at a time, within limits, repeated where they may be.

It decides nothing about pull requests.
"""

from __future__ import annotations

import json
import logging
import queue
import random
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from splinter.errors import PublishError
from splinter.publish.forges import github_errors
from splinter.publish.forges.github_answers import Answers
from splinter.publish.forges.github_limits import Limits

if TYPE_CHECKING:
    from github.Repository import Repository
    from github.Requester import Requester

WAITS = 4  # as long as so many answers that come just in time; then what still comes counts as silence
SILENT = 2  # answers that did not come, one after another: then GitHub is not asked again in this call
UNSEEN_S = (1.0, 2.0, 4.0)  # GitHub may take seconds until it sees a branch that was pushed just now
BACKOFF_S = 0.5
_OUT_OF_ORDER = (500, 502, 503, 504)
Answer = tuple[int, dict[str, Any], str]
Send = Callable[[dict[str, Any]], Answer]  # one request, with these headers


class Client:
    """What is known of one server in one call; requests may come from several threads.

    They go out one after another: PyGithub's one connection holds the request under way, and GitHub asks for it.
    """

    def __init__(
        self, *, limits: Limits, answers: Answers, host: str, tries: int, again: str, longest_s: float
    ) -> None:  # fmt: skip
        self._limits, self._answers = limits, answers
        self._host, self._tries, self._again, self._longest_s = host, tries, again, longest_s
        self._silent = 0
        self._turn = threading.RLock()

    def ask(self, verb: str, url: str, question: str, headers: dict[str, Any], send: Send) -> Answer:
        """Send a request until there is an answer that counts; raises PublishError where it may not be sent now.

        A POST is sent again only where the answer says that it was not done: the answer of the first may be lost
        though it was, and the next run finds what it made. `question` is all that an answer depends on.
        """
        lost = failed = unseen = 0
        with self._turn:
            while True:
                self._refuse_if_silent()
                self._limits.wait_turn(verb)
                try:
                    answer = self._sent(verb, question, headers, send)
                except OSError:  # the base of all errors of requests
                    self._silent += 1
                    lost += 1
                    if verb == "POST" or self._silent >= SILENT or lost + failed >= self._tries:
                        raise
                    self._back_off(lost + failed)
                    continue
                self._silent = 0
                if limit := github_errors.limit_answer(answer, self._answers.token):
                    self._limits.refuse(limit)
                    continue
                self._limits.read(answer[1])
                if answer[0] in _OUT_OF_ORDER and verb != "POST" and lost + failed + 1 < self._tries:
                    failed += 1
                    self._back_off(lost + failed)
                elif unseen < len(UNSEEN_S) and github_errors.is_unseen_head(verb, url, answer):
                    self._limits.pause(UNSEEN_S[unseen])
                    unseen += 1
                elif verb == "DELETE" and answer[0] == 404 and lost + failed:
                    return 204, answer[1], ""  # an earlier try did it
                else:
                    return answer

    def _refuse_if_silent(self) -> None:
        if self._silent >= SILENT:
            raise PublishError(
                f"{self._host} did not answer {SILENT} times, so it is not asked again in this run;"
                f" run `{self._again}` again later"
            )

    def _back_off(self, tried: int) -> None:
        self._limits.pause(BACKOFF_S * 2**tried * random.uniform(0.5, 1.0))  # noqa: S311

    def _sent(self, verb: str, question: str, headers: dict[str, Any], send: Send) -> Answer:
        """One request; of one whose answer is kept, GitHub is asked whether it still holds."""
        is_plain = verb == "GET" and "If-None-Match" not in headers and "If-Modified-Since" not in headers
        kept = self._answers.get(question) if is_plain else None
        status, got, text = self._in_time(send, {**headers, "If-None-Match": kept.etag} if kept else dict(headers))
        if kept and status == 304:
            return 200, {**kept.headers, **got}, kept.text
        if is_plain and status == 200:
            self._answers.put(question, got, text)
        return status, got, text

    def _in_time(self, send: Send, headers: dict[str, Any]) -> Answer:
        """One request, given up as a whole: each byte that comes begins the wait for the next, as does a redirection.

        What was given up is not ended, so that nothing more is asked by the connection that it holds.
        """
        came: queue.SimpleQueue[Callable[[], Answer]] = queue.SimpleQueue()

        def wait() -> None:
            try:
                answer = send(headers)
                came.put(lambda: answer)
            except BaseException as error:  # it belongs to whoever asked
                came.put(partial(_raise, error))

        threading.Thread(target=wait, daemon=True).start()
        try:
            result = came.get(timeout=self._longest_s)
        except queue.Empty:
            self._silent = SILENT
            raise TimeoutError from None
        return result()


def _raise(error: BaseException) -> Answer:
    raise error


def repository(client: Client, name: str, *, api_url: str, token: str, timeout_s: int) -> Repository:
    """The repository `owner/name` of the server at `api_url`, asked for now; what comes of it goes by the client."""
    import github
    from github import Auth, Github
    from github.Repository import Repository

    github.set_log_level(logging.WARNING)  # it prints each redirection, as of a repository that was renamed

    # PyGithub's own retries and pace are off: the client's take their place
    plain = Github(
        auth=Auth.Token(token),
        base_url=api_url,
        timeout=timeout_s,
        retry=None,
        per_page=100,
        user_agent="splinter",
        seconds_between_requests=None,
        seconds_between_writes=None,
    )
    requester = _requester(client, plain.requester)
    headers, data = requester.requestJsonAndCheck("GET", f"/repos/{name}")
    return Repository(requester, headers, data, completed=True)


def _requester(client: Client, plain: Requester) -> Requester:
    """PyGithub's own as `plain` is set up, with each request sent by the client."""
    from github.Requester import Requester

    class Limited(Requester):
        def requestJson(  # noqa: N802
            self, verb: str, url: str, parameters: Any = None, headers: Any = None, input: Any = None,
            *more: Any, **named: Any,
        ) -> Answer:  # fmt: skip
            send = super().requestJson
            question = json.dumps([self.base_url, url, parameters, headers], sort_keys=True)
            return client.ask(
                verb, url, question, headers or {}, lambda h: send(verb, url, parameters, h, input, *more, **named)
            )

    return Limited(**plain.kwargs)
