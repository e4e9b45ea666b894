"""The few answers of GitHub's that one draft pull request needs, on loopback: quick, and without npm."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.counterparts import TOKEN
from tests.counterparts.scripted import Answer, Asked, scripted

NAME = "octo/project"


@dataclass
class Forge:
    """`pulls` are its pull requests, by the names of GitHub's fields; `labels` the repository's.

    `instead` answers in its place what it likes to; `writes` are the method and path of all else but a look.
    """

    url: str = ""
    pulls: list[dict[str, Any]] = field(default_factory=list)
    labels: tuple[str, ...] = ()
    instead: Callable[[Asked], Answer | None] = lambda asked: None
    writes: list[tuple[str, str]] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        return {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": NAME, "GITHUB_API_URL": self.url}

    def answer(self, asked: Asked) -> Answer:
        path = asked.path.split("?")[0]
        if asked.method != "GET":
            self.writes.append((asked.method, path.removeprefix(f"/repos/{NAME}")))
        return self.instead(asked) or self._answer(asked, path)

    def _answer(self, asked: Asked, path: str) -> Answer:
        if path == f"/repos/{NAME}/labels":
            return Answer(body=[{"name": name} for name in self.labels])
        if path == f"/repos/{NAME}":
            return Answer(
                body={"full_name": NAME, "name": "project", "owner": {"login": "octo"}, "url": f"{self.url}{path}"}
            )
        if re.fullmatch(rf"/repos/{NAME}/pulls/\d+/(?:reviews|comments)", path):
            return Answer(body=[])
        if path != f"/repos/{NAME}/pulls" and not path.startswith(f"/repos/{NAME}/pulls/"):
            return Answer(body=[])
        if asked.method == "POST":
            self.pulls.append(self._pull(len(self.pulls) + 1, asked.json()))
            return Answer(status=201, body=self.pulls[-1])
        if asked.method == "PATCH":
            change = asked.json()
            pull = self.pulls[int(path.rsplit("/", 1)[1]) - 1]
            pull.update({key: value for key, value in change.items() if key != "base"})
            pull["base"]["ref"] = change.get("base", pull["base"]["ref"])
            return Answer(body=pull)
        state = re.search(r"[?&]state=(\w+)", asked.path)
        return Answer(body=[pull for pull in self.pulls if not state or state[1] in (pull["state"], "all")])

    def _pull(self, number: int, body: dict[str, Any]) -> dict[str, Any]:
        user = {"login": "octo"}
        return {
            "number": number, "state": "open", "title": body["title"], "body": body["body"], "draft": body["draft"],
            "url": f"{self.url}/repos/{NAME}/pulls/{number}", "html_url": f"{self.url}/{NAME}/pull/{number}",
            "issue_url": f"{self.url}/repos/{NAME}/issues/{number}", "user": user, "merged_at": None, "labels": [],
            "head": {"ref": body["head"].split(":")[-1], "user": user, "repo": {"full_name": NAME}},
            "base": {"ref": body["base"], "user": user, "repo": {"full_name": NAME}},
        }  # fmt: skip


@contextmanager
def forge() -> Iterator[Forge]:
    """Serve until the block ends."""
    one = Forge()
    with scripted(one.answer) as server:
        one.url = server.url
        yield one
