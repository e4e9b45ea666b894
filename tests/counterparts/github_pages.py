"""What stands on a GitHub of the tests: one repository's pull requests and what belongs to them, and how each changes."""

from __future__ import annotations

import copy
import itertools
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Query = dict[str, list[str]]
Page = tuple[int, Any, dict[str, str]]
NONE = {"resource": "PullRequest", "code": "invalid"}


class Refused(Exception):  # noqa: N818
    """What GitHub answers in place of doing it."""

    def __init__(self, status: int, message: str, *errors: object) -> None:
        self.status, self.message, self.errors = status, message, list(errors)


@dataclass
class Pages:
    """`refs` are branches by name, with the id of their commit; `unseen` how often one is not seen yet.

    With `remote`, a bare repository, they are its own as they are now.

    `people` and `teams` may be assigned and asked for review, `labels` are there or are made when they are set, as
    GitHub does. Comments and events are by number; a pull request is the JSON that GitHub sends.
    """

    name: str = "octo/demo"
    root: str = ""
    remote: Path | None = None
    pulls: dict[int, Json] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=lambda: {"main": "0" * 40})
    unseen: dict[str, int] = field(default_factory=dict)
    people: tuple[str, ...] = ("octo", "hubot", "monalisa")
    teams: tuple[str, ...] = ("docs",)
    labels: dict[str, Json] = field(default_factory=dict)
    milestones: dict[int, Json] = field(default_factory=dict)
    comments: dict[int, list[Json]] = field(default_factory=dict)
    events: dict[int, list[Json]] = field(default_factory=dict)
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    # --- what a person does ---

    def push(self, branch: str, *, after: int = 0) -> None:
        """A branch with a commit of its own, which is seen the time after `after` others; `owner:branch` of a fork."""
        self.refs[branch] = f"{next(self._ids):040x}"
        self.unseen[branch] = after

    def edit(self, number: int, **fields: Any) -> None:
        """Change a pull request by hand."""
        self.change(number, fields, by="person")

    def merge(self, number: int) -> None:
        """Merge it by hand."""
        self.pulls[number].update(state="closed", merged_at="2026-11-23T00:00:00Z", merged=True)
        self.event(number, "merged", by="person")

    # --- what is asked ---

    def page(self, method: str, path: str, query: Query, body: Any) -> Page:
        """The answer to a request; raises Refused."""
        if self.remote and (method != "GET" or "/git/" in path or "/branches/" in path):
            form = "--format=%(refname:strip=2) %(objectname)"
            refs = subprocess.check_output(["git", "-C", self.remote, "for-each-ref", form, "refs/heads"], text=True)
            self.refs = dict(line.split() for line in refs.splitlines())
        at = path.removeprefix(f"/repos/{self.name}")
        if path == "/graphql":
            return 200, self.graphql(body), {}
        if at == path:
            raise Refused(404, "Not Found")
        for pattern, act in self.routes().items():
            wanted, _, place = pattern.partition(" ")
            found = re.fullmatch(place, at)
            if wanted == method and found:
                values = [int(one) if one.isdigit() else one for one in found.groups()]
                if values and isinstance(values[0], int) and "milestones" not in place and values[0] not in self.pulls:
                    raise Refused(404, "Not Found")
                return self.paged(at, query, act(*values, query=query, body=body), method)
        raise Refused(404, "Not Found")

    def routes(self) -> dict[str, Callable[..., Any]]:
        """What is known here, by method and path; a test may add to it."""
        number, name = r"(\d+)", "([^/]+)"
        return {
            "GET ": lambda **_: self.repository(),
            "GET /pulls": lambda query, **_: self.listed(query),
            "POST /pulls": lambda body, **_: self.open(body),
            f"GET /pulls/{number}": lambda n, **_: self.pulls[n],
            f"PATCH /pulls/{number}": lambda n, body, **_: self.change(n, body),
            f"POST /pulls/{number}/requested_reviewers": lambda n, body, **_: self.request(n, body),
            f"DELETE /pulls/{number}/requested_reviewers": lambda n, body, **_: self.unrequest(n, body),
            f"GET /issues/{number}": lambda n, **_: self.pulls[n],
            f"PATCH /issues/{number}": lambda n, body, **_: self.change(n, body),
            f"GET /issues/{number}/labels": lambda n, **_: self.pulls[n]["labels"],
            f"POST /issues/{number}/labels": lambda n, body, **_: self.label(n, _names(body)),
            f"PUT /issues/{number}/labels": lambda n, body, **_: self.relabel(n, _names(body)),
            f"DELETE /issues/{number}/labels/(.+)": lambda n, name, **_: self.unlabel(n, str(name)),
            f"POST /issues/{number}/assignees": lambda n, body, **_: self.assign(n, body["assignees"]),
            f"DELETE /issues/{number}/assignees": lambda n, body, **_: self.unassign(n, body["assignees"]),
            f"GET /issues/{number}/comments": lambda n, **_: self.comments.get(n, []),
            f"POST /issues/{number}/comments": lambda n, body, **_: self.comment(n, body["body"]),
            f"GET /issues/{number}/(?:events|timeline)": lambda n, **_: self.events.get(n, []),
            "GET /labels": lambda **_: list(self.labels.values()),
            "POST /labels": lambda body, **_: self.make_label(body),
            f"GET /labels/{name}": lambda name, **_: self.there(self.labels, str(name)),
            "GET /milestones": lambda **_: list(self.milestones.values()),
            "POST /milestones": lambda body, **_: self.make_milestone(body["title"]),
            "GET /git/refs?/heads/(.+)": lambda name, **_: self.ref(str(name)),
            "GET /branches/(.+)": lambda name, **_: {"name": name, "commit": {"sha": self.there(self.refs, str(name))}},
            "DELETE /git/refs/heads/(.+)": lambda name, **_: (
                self.refs.pop(str(self.ref(str(name))["ref"])[11:]) and None
            ),
        }

    def paged(self, at: str, query: Query, found: Any, method: str) -> Page:
        """A part of a listing, with a link to the next."""
        if method != "GET" or not isinstance(found, list):
            status = 204 if found is None else 201 if method == "POST" else 200
            return status, copy.deepcopy(found), {}
        per, page = (int(query.get(name, [default])[0]) for name, default in (("per_page", "30"), ("page", "1")))
        rest = {name: values[0] for name, values in query.items() if name != "page"}
        words = "&".join(f"{name}={value}" for name, value in (*rest.items(), ("page", page + 1)))
        more = {"Link": f'<{self.root}/repos/{self.name}{at}?{words}>; rel="next"'} if found[page * per :] else {}
        return 200, copy.deepcopy(found[(page - 1) * per : page * per]), more

    def there(self, where: dict[str, Any], name: str) -> Any:
        if name not in where:
            raise Refused(404, "Not Found")
        return where[name]

    # --- pull requests ---

    def repository(self) -> Json:
        owner, _, name = self.name.partition("/")
        url = f"{self.root}/repos/{self.name}"
        push = {"permissions": {"push": True}}
        return {"full_name": self.name, "name": name, "owner": {"login": owner}, "url": url, "html_url": url, **push}

    def listed(self, query: Query) -> list[Json]:
        state, head, base = (
            query.get(name, [default])[0] for name, default in (("state", "open"), ("head", ""), ("base", ""))
        )
        found = [one for one in self.pulls.values() if state in ("all", one["state"])]
        found = [one for one in found if not head or one["head"]["label"].lower() == head.lower()]
        found = [one for one in found if not base or one["base"]["ref"] == base]
        return found[::-1] if query.get("direction", ["desc"])[0] == "desc" else found

    def open(self, body: Json) -> Json:
        owner = self.name.partition("/")[0]
        label = body["head"] if ":" in body["head"] else f"{owner}:{body['head']}"
        branch = label.removeprefix(f"{owner}:")
        if branch not in self.refs or self.unseen.get(branch, 0) > 0:
            self.unseen[branch] = self.unseen.get(branch, 1) - 1
            raise Refused(422, "Validation Failed", {**NONE, "field": "head"})
        if body["base"] not in self.refs:
            raise Refused(422, "Validation Failed", {**NONE, "field": "base"})
        if self.refs[branch] == self.refs[body["base"]]:
            raise Refused(422, "Validation Failed", _custom(f"No commits between {body['base']} and {branch}"))
        same = [one for one in self.listed({"head": [label]}) if one["base"]["ref"] == body["base"]]
        if same:
            raise Refused(422, "Validation Failed", _custom(f"A pull request already exists for {label}."))
        number = len(self.pulls) + 1
        self.pulls[number] = self.new(number, body, label)
        self.event(number, "opened")
        return self.pulls[number]

    def new(self, number: int, body: Json, label: str) -> Json:
        owner, _, branch = label.partition(":")
        url, html = f"{self.root}/repos/{self.name}", f"{self.root}/{self.name}/pull/{number}"
        head_owner = {"login": owner}
        return {
            "number": number, "id": number, "node_id": f"PR_{number}", "state": "open", "merged_at": None,
            "merged": False, "title": body["title"], "body": body.get("body") or "", "draft": body.get("draft", False),
            "url": f"{url}/pulls/{number}", "issue_url": f"{url}/issues/{number}", "html_url": html,
            "comments_url": f"{url}/issues/{number}/comments", "user": {"login": "octo"}, "labels": [],
            "assignees": [], "requested_reviewers": [], "requested_teams": [], "milestone": None,
            "head": {"ref": branch, "label": label, "user": head_owner, "repo": {"owner": head_owner},
                     "sha": self.refs[label if label in self.refs else branch]},
            "base": {"ref": body["base"], "repo": {"owner": {"login": self.name.partition("/")[0]}}},
        }  # fmt: skip

    def change(self, number: int, fields: Json, *, by: str = "octo") -> Json:
        pull = self.pulls[number]
        for name, value in fields.items():
            if name == "base":
                if value not in self.refs:
                    raise Refused(422, "Validation Failed", {**NONE, "field": "base"})
                pull["base"]["ref"] = value
            elif name == "milestone":
                old, new = pull["milestone"], self.there(self.milestones, value) if value is not None else None  # type: ignore[arg-type]
                pull["milestone"] = new
                for kind, one in (("demilestoned", old), ("milestoned", new)):
                    if one:
                        self.event(number, kind, by=by, milestone={"title": one["title"]})
            elif name == "labels":
                self.relabel(number, _names(value), by=by)
            elif name == "assignees":
                pull["assignees"] = [{"login": one} for one in value if one in self.people]
            else:
                pull[name] = value
            self.event(number, {"state": str(value)}.get(name, f"{name} changed"), by=by)
        return pull

    def event(self, number: int, kind: str, *, by: str = "octo", **more: Any) -> None:
        self.events.setdefault(number, []).append(
            {"id": next(self._ids), "event": kind, "actor": {"login": by}, "created_at": "2026-11-23T02:00:00Z", **more}
        )

    # --- what belongs to them ---

    def label(self, number: int, names: list[str], *, by: str = "octo") -> list[Json]:
        pull = self.pulls[number]
        for name in names:
            one = self.labels.setdefault(name, {"name": name, "color": "ededed", "description": None})
            if one not in pull["labels"]:
                pull["labels"].append(one)
                self.event(number, "labeled", by=by, label={"name": name})
        return list(pull["labels"])

    def relabel(self, number: int, names: list[str], *, by: str = "octo") -> list[Json]:
        for one in [one["name"] for one in self.pulls[number]["labels"] if one["name"] not in names]:
            self.unlabel(number, one, by=by)
        return self.label(number, names, by=by)

    def unlabel(self, number: int, name: str, *, by: str = "octo") -> list[Json]:
        pull = self.pulls[number]
        if name not in _names(pull["labels"]):
            raise Refused(404, "Label does not exist")
        pull["labels"] = [one for one in pull["labels"] if one["name"] != name]
        self.event(number, "unlabeled", by=by, label={"name": name})
        return list(pull["labels"])

    def make_label(self, body: Json) -> Json:
        if body["name"] in self.labels:
            raise Refused(422, "Validation Failed", {"resource": "Label", "code": "already_exists", "field": "name"})
        self.labels[body["name"]] = {"color": "ededed", "description": None, **body}
        return self.labels[body["name"]]

    def make_milestone(self, title: str) -> Json:
        number = len(self.milestones) + 1
        self.milestones[number] = {"number": number, "title": title, "state": "open", "url": f"{self.root}/m/{number}"}
        return self.milestones[number]

    def assign(self, number: int, logins: list[str]) -> Json:
        there = [one["login"] for one in self.pulls[number]["assignees"]]
        for login in (one for one in logins if one in self.people and one not in there):  # others are left out silently
            self.pulls[number]["assignees"].append({"login": login})
            self.event(number, "assigned", assignee={"login": login})
        return self.pulls[number]

    def unassign(self, number: int, logins: list[str]) -> Json:
        pull = self.pulls[number]
        pull["assignees"] = [one for one in pull["assignees"] if one["login"] not in logins]
        return pull

    def request(self, number: int, body: Json) -> Json:
        pull, users, teams = self.pulls[number], body.get("reviewers", []), body.get("team_reviewers", [])
        if not {*users} <= {*self.people} or not {*teams} <= {*self.teams}:
            raise Refused(422, "Reviews may only be requested from collaborators.")
        for field_, key, names in (("requested_reviewers", "login", users), ("requested_teams", "slug", teams)):
            known = [one[key] for one in pull[field_]]
            pull[field_] += [{key: name} for name in names if name not in known]
        for login in users:
            self.event(number, "review_requested", requested_reviewer={"login": login})
        for slug in teams:
            self.event(number, "review_requested", requested_team={"slug": slug})
        return pull

    def unrequest(self, number: int, body: Json) -> Json:
        pull = self.pulls[number]
        for field_, key, name in (("requested_reviewers", "login", "reviewers"), ("requested_teams", "slug", "team_reviewers")):  # fmt: skip
            pull[field_] = [one for one in pull[field_] if one[key] not in body.get(name, [])]
        return pull

    def comment(self, number: int, text: str) -> Json:
        one = {"id": next(self._ids), "body": text, "user": {"login": "octo"}, "url": f"{self.root}/c"}
        self.comments.setdefault(number, []).append(one)
        return one

    def ref(self, name: str) -> Json:
        return {"ref": f"refs/heads/{name}", "object": {"sha": self.there(self.refs, name), "type": "commit"}}

    def graphql(self, body: Json) -> Json:
        """Draft or ready, which only GraphQL can change."""
        number = int(re.findall(r"PR_(\d+)", str(body))[0])
        self.pulls[number]["draft"] = "convertPullRequestToDraft" in body["query"]
        self.event(number, "convert_to_draft" if self.pulls[number]["draft"] else "ready_for_review")
        name = re.findall(r"\{\s*(\w+)\(", body["query"])[0]
        return {"data": {name: {"pullRequest": {"id": f"PR_{number}", "isDraft": self.pulls[number]["draft"]}}}}


def _custom(message: str) -> Json:
    return {"resource": "PullRequest", "code": "custom", "message": message}


def _names(body: Any) -> list[str]:
    found = body["labels"] if isinstance(body, dict) else body
    return [one if isinstance(one, str) else one["name"] for one in found]
