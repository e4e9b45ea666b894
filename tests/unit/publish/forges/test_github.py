from __future__ import annotations

import itertools
import json
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.validation.request.exceptions import InvalidRequestBody
from werkzeug.datastructures import Headers, ImmutableMultiDict

from splinter.config import settings_file
from splinter.errors import PublishError
from splinter.model.ports import Caller, Proposal
from splinter.model.records import PullRequestRecord, WorkstreamRecord
from splinter.publish import pull_request_body, waiting
from splinter.publish.forges import github_fields
from splinter.publish.forges.github import GitHub
from tests import paths
from tests.counterparts import GITHUB, INSTALL, MODULES, TOKEN, emulated
from tests.counterparts.scripted import Answer, Asked, Scripted, scripted
from tests.world import MONDAY

HEAD = "splinter/tidy"
RECORD = WorkstreamRecord(workstream="tidy", title="Tidy", outcome="changed", metadata={"phase": "PH-01"})


def own(run: str = "run-1", definition: str = "abc", **fields: object) -> str:
    record = replace(RECORD, **fields)  # type: ignore[arg-type]
    return pull_request_body.body(record, run=run, reproduce="doit tidy", definition=definition)


def caller() -> Caller:
    return waiting.impatient(settings_file.environment({"SPLINTER_NOW": MONDAY}))


def page_of(**fields: object) -> Proposal:
    whole = {"workstream": "tidy", "head": HEAD, "base": "main", "title": "Tidy", "own_body": own(), **fields}
    return Proposal(**whole)  # type: ignore[arg-type]


def kept(part: str | None = None, **fields: object) -> str:
    """Our part as it stands on GitHub: with what was asked for of fields."""
    page = page_of(**fields)
    return pull_request_body.with_fields(part or page.own_body, github_fields.encoded(github_fields.of(page)))


# --- against the emulator: what stands on GitHub afterwards ---


@dataclass
class There:
    """One empty repository of the emulator, as its owner sees it."""

    url: str
    name: str

    @property
    def forge(self) -> GitHub:
        return GitHub(TOKEN, self.name, self.url, caller=caller())

    def call(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(f"{self.url}{path}", method=method)
        request.add_header("Authorization", f"Bearer {TOKEN}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def pulls(self) -> list[Any]:
        found: list[Any] = self.call("GET", f"/repos/{self.name}/pulls?state=all&direction=asc")
        return found

    def pull(self, number: int) -> Any:
        return self.call("GET", f"/repos/{self.name}/pulls/{number}")

    def edit(self, number: int, **fields: object) -> None:
        self.call("PATCH", f"/repos/{self.name}/pulls/{number}", fields)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulated("github", GITHUB, tmp_path_factory.mktemp("github")) as url:
        yield url


numbers = itertools.count(1)


@pytest.fixture
def there(emulator: str) -> There:
    there = There(emulator, f"octo/repository-{next(numbers)}")
    there.call("POST", "/user/repos", {"name": there.name.partition("/")[2], "auto_init": True})
    return there


def test_a_draft_is_opened_with_our_part_labels_and_reviewers(there: There) -> None:
    wanted = {"labels": ("docs", "nightly"), "reviewers": ("hubot", "monalisa"), "creates_labels": True}
    done = there.forge.publish(page_of(**wanted))
    assert done == PullRequestRecord(
        workstream="tidy", action="opened", where=f"{there.url}/{there.name}/pull/1", number=1
    )
    pull = there.pull(1)
    assert (pull["draft"], pull["state"], pull["title"]) == (True, "open", "Tidy")
    assert (pull["head"]["ref"], pull["base"]["ref"], pull["body"]) == (HEAD, "main", kept(**wanted))
    assert "| phase | PH-01 |" in pull["body"]
    assert {label["name"] for label in pull["labels"]} == {"docs", "nightly"}
    assert {user["login"] for user in pull["requested_reviewers"]} == {"hubot", "monalisa"}


def test_a_pull_request_that_asks_for_review_at_once_is_no_draft(there: There) -> None:
    there.forge.publish(page_of(draft=False))
    assert there.pull(1)["draft"] is False


def test_the_same_again_changes_nothing(there: There) -> None:
    there.forge.publish(page_of())
    before = there.pulls()
    assert there.forge.publish(page_of(own_body=own(run="run-2"))).action == "unchanged"
    assert there.pulls() == before


def test_a_changed_result_updates_the_same_pull_request(there: There) -> None:
    there.forge.publish(page_of())
    done = there.forge.publish(page_of(own_body=own(metadata={"phase": "PH-02"})))
    assert (done.action, done.number) == ("updated", 1)
    assert [one["number"] for one in there.pulls()] == [1]
    assert "| phase | PH-02 |" in there.pull(1)["body"]


def test_what_a_human_changed_stays(there: There) -> None:
    wanted = {"labels": ("docs",), "creates_labels": True}
    there.forge.publish(page_of(**wanted))
    there.edit(1, title="A human's title", body=f"Hands off.\r\n{kept(**wanted)}\r\nThanks!")
    done = there.forge.publish(page_of(**wanted, own_body=own(metadata={})))
    assert done.action == "updated"
    pull = there.pull(1)
    assert pull["title"] == "A human's title"
    assert pull["body"] == f"Hands off.\r\n{kept(**wanted, own_body=own(metadata={}))}\r\nThanks!"
    assert [label["name"] for label in pull["labels"]] == ["docs"]


def test_a_title_is_no_longer_than_github_takes(there: There) -> None:
    long = page_of(title="x" * 300, own_body=own(title="x" * 300))
    assert there.forge.publish(long).action == "opened"
    assert there.pull(1)["title"] == "x" * 255 + "…"
    assert there.forge.publish(long).action == "unchanged"


def test_a_title_that_our_definition_changed_is_changed(there: There) -> None:
    there.forge.publish(page_of())
    assert there.forge.publish(page_of(title="Tidier", own_body=own(title="Tidier"))).action == "updated"
    assert there.pull(1)["title"] == "Tidier"


def test_the_base_is_kept_up_to_date(there: There) -> None:
    there.forge.publish(page_of(base="splinter/other"))
    assert there.forge.publish(page_of()).action == "updated"
    assert there.pull(1)["base"]["ref"] == "main"


def test_a_pull_request_that_a_human_opened_is_adopted(there: There) -> None:
    there.call("POST", f"/repos/{there.name}/pulls", {"title": "Mine", "head": HEAD, "base": "main", "body": "Mine."})
    done = there.forge.publish(page_of())
    assert (done.action, done.number) == ("adopted", 1)
    assert there.pull(1)["title"] == "Mine"
    assert there.pull(1)["body"] == f"Mine.\n\n{kept()}"
    assert there.forge.publish(page_of()).action == "unchanged"


def test_a_pull_request_of_a_similar_branch_is_not_taken_for_ours(there: There) -> None:
    there.forge.publish(page_of(head=f"{HEAD}-more"))
    assert there.forge.publish(page_of()).number == 2


def test_closed_by_a_human_it_is_left_alone_until_the_definition_changes(there: There) -> None:
    there.forge.publish(page_of())
    there.edit(1, state="closed")
    done = there.forge.publish(page_of(own_body=own(metadata={})))
    assert (done.action, done.number) == ("none", 1)
    assert done.notes == (
        "#1 was closed without a merge, so nothing is proposed until the workstream's definition changes",
    )
    assert there.forge.publish(page_of(own_body=own(definition="def"))).number == 2


def test_after_a_merge_the_next_change_opens_a_new_one(there: There) -> None:
    there.forge.publish(page_of(draft=False))
    there.call("PUT", f"/repos/{there.name}/pulls/1/merge", {})
    assert there.pull(1)["merged"]
    done = there.forge.publish(page_of())
    assert (done.action, done.number) == ("opened", 2)


def test_nothing_left_to_propose_closes_the_pull_request_with_a_comment(there: There) -> None:
    there.forge.publish(page_of())
    done = there.forge.close(workstream="tidy", head=HEAD, comment="Nothing is left.")
    assert done is not None
    assert (done.action, done.number) == ("closed", 1)
    assert there.pull(1)["state"] == "closed"
    comments = there.call("GET", f"/repos/{there.name}/issues/1/comments")
    assert [comment["body"] for comment in comments] == ["Nothing is left.\n\n<!-- splinter:comment closed:1 -->"]
    assert there.forge.close(workstream="tidy", head=HEAD, comment="Again.") is None


def test_a_pull_request_that_we_closed_ourselves_does_not_hinder_the_next_change(there: There) -> None:
    there.forge.publish(page_of())
    there.forge.close(workstream="tidy", head=HEAD, comment="Nothing is left.")
    done = there.forge.publish(page_of())
    assert (done.action, done.number) == ("opened", 2)


def test_a_repository_that_is_not_there_is_reported(emulator: str) -> None:
    with pytest.raises(PublishError) as error:
        GitHub(TOKEN, "octo/none", emulator, caller=caller()).publish(page_of())
    assert str(error.value) == (
        "GitHub knows no octo/none, or hides it from this token (404 Not Found); check GITHUB_REPOSITORY"
    )


# --- against a scripted server: what the emulator lacks ---

REPOSITORY = {"full_name": "octo/demo", "name": "demo", "owner": {"login": "octo"}, "url": ""}


class Fake:
    """GitHub with one repository, whose answers a test may replace by method and last part of the path."""

    def __init__(self) -> None:
        self.server: Scripted
        self.pulls: list[dict[str, Any]] = []
        self.answers: dict[tuple[str, str], Callable[[Asked], Answer]] = {}

    def __call__(self, asked: Asked) -> Answer:
        path = asked.path.partition("?")[0]
        special = self.answers.get((asked.method, path.rpartition("/")[2]))
        if special:
            return special(asked)
        if asked.method == "GET" and path == "/repos/octo/demo":
            return Answer(200, {**REPOSITORY, "url": f"{self.server.url}/repos/octo/demo"})
        if asked.method == "GET" and path == "/repos/octo/demo/pulls":
            state = "closed" if "state=closed" in asked.path else "open"
            return Answer(200, [one for one in self.pulls if one["state"] == state])
        if asked.method == "POST" and path == "/repos/octo/demo/pulls":
            return Answer(201, self.add(**asked.json()))
        if asked.method == "GET" and path.endswith(("/labels", "/comments", "/events", "/milestones")):
            return Answer(200, [])
        return Answer(200, {})

    def add(self, *, head: str = HEAD, owner: str = "octo", base: str = "main", **fields: object) -> dict[str, Any]:
        number = len(self.pulls) + 1
        pull = {
            "number": number, "state": "open", "title": "Tidy", "body": "", "merged_at": None, "assignees": [],
            "url": f"{self.server.url}/repos/octo/demo/pulls/{number}", "html_url": f"https://gh/{number}",
            "issue_url": f"{self.server.url}/repos/octo/demo/issues/{number}", "base": {"ref": base},
            "head": {"ref": head, "user": {"login": owner}, "repo": {"owner": {"login": owner}}},
            **fields,
        }  # fmt: skip
        self.pulls.append(pull)
        return pull

    @property
    def forge(self) -> GitHub:
        return GitHub(TOKEN, "octo/demo", self.server.url, caller=caller(), timeout_s=5)

    def refuse(self, method: str, last: str, status: int, message: str, **data: object) -> None:
        headers = data.pop("headers", {})
        answer = Answer(status, {"message": message, **data}, headers)  # type: ignore[arg-type]
        self.answers[(method, last)] = lambda _: answer


@pytest.fixture
def fake() -> Iterator[Fake]:
    fake = Fake()
    with scripted(fake) as fake.server:
        yield fake


def failure(fake: Fake) -> str:
    with pytest.raises(PublishError) as error:
        fake.forge.publish(page_of())
    assert TOKEN not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("status", "message", "told"),
    [
        (401, "Bad credentials", "GitHub refused the token (401 Bad credentials); put a valid one into GITHUB_TOKEN"),
        (
            403,
            "Resource not accessible by personal access token",
            "GitHub forbids it (403 Resource not accessible by personal access token);"
            " the token needs write access to pull requests and contents",
        ),
        (
            403,
            "GitHub Actions is not permitted to create or approve pull requests.",
            "GitHub forbids it (403 GitHub Actions is not permitted to create or approve pull requests.);"
            " allow it in the repository's settings: Actions, General, permissions",
        ),
        (409, "Git Repository is empty.", "GitHub does not accept it (409 Git Repository is empty.)"),
        (
            429,
            "Too many",
            "GitHub's rate limit (429 Too many) is reached until 02:01:00 UTC; run `doit run pr` after that",
        ),
    ],
)
def test_a_refusal_is_reported_with_its_status_and_how_to_fix_it(
    fake: Fake, status: int, message: str, told: str
) -> None:
    fake.refuse("POST", "pulls", status, message)
    assert failure(fake) == told
    assert len(fake.server.writes) == 1


def test_a_validation_error_is_reported_with_its_details(fake: Fake) -> None:
    errors = [{"resource": "PullRequest", "code": "custom", "message": "No commits between main and splinter/tidy"}]
    fake.refuse("POST", "pulls", 422, "Validation Failed", errors=errors)
    assert failure(fake) == (
        "GitHub does not accept it (422 Validation Failed: No commits between main and splinter/tidy)"
    )


def test_the_end_of_a_rate_limit_that_takes_too_long_is_reported_and_not_waited_for(fake: Fake) -> None:
    headers = {"X-RateLimit-Reset": "1767319200", "Retry-After": "3600"}
    fake.refuse("GET", "demo", 403, "API rate limit exceeded for user ID 1.", headers=headers)
    assert failure(fake) == (
        "GitHub's rate limit (403 API rate limit exceeded for user ID 1.) is reached until 03:00:00 UTC;"
        " run `doit run pr` after that"
    )
    assert len(fake.server.asked) == 1


def test_a_token_that_the_server_repeats_is_masked(fake: Fake) -> None:
    fake.refuse("GET", "demo", 401, f"no {TOKEN}\x1b[31m\nhere")
    assert failure(fake) == "GitHub refused the token (401 no *** here); put a valid one into GITHUB_TOKEN"


def test_reading_is_tried_three_times_and_then_reported(fake: Fake) -> None:
    fake.refuse("GET", "demo", 502, "Bad Gateway")
    assert failure(fake) == "GitHub is out of order (502 Bad Gateway); run `doit run pr` again later"
    assert len(fake.server.asked) == 3


def test_a_pull_request_is_never_asked_for_twice(fake: Fake) -> None:
    fake.refuse("POST", "pulls", 502, "Bad Gateway")
    failure(fake)
    assert len(fake.server.writes) == 1


def test_a_server_that_is_not_there_is_reported() -> None:
    with pytest.raises(PublishError, match=r"^127\.0\.0\.1 cannot be reached \(ConnectionError\)"):
        GitHub(TOKEN, "octo/demo", "http://127.0.0.1:1", caller=caller()).publish(page_of())


@pytest.mark.parametrize("body", ["<html>Welcome</html>", "[1]", '"x"', "{", '{"owner": 3, "url": "x"}', "{}"])
def test_a_server_that_is_no_github_is_reported(fake: Fake, body: str) -> None:
    fake.answers[("GET", "demo")] = lambda _: Answer(200, body)
    assert failure(fake) == "127.0.0.1 does not answer as GitHub does; check GITHUB_API_URL"


def test_a_repository_that_is_no_name_is_reported_before_anybody_is_asked(fake: Fake) -> None:
    with pytest.raises(PublishError, match=r'^GITHUB_REPOSITORY is "demo"; it must read owner/name$'):
        replace(fake.forge, repository="demo").publish(page_of())
    assert fake.server.asked == []


def test_a_plan_without_drafts_gets_a_pull_request_that_is_ready(fake: Fake) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.json()["draft"]:
            return Answer(422, {"message": "Draft pull requests are not supported in this repository."})
        return Answer(201, fake.add(**asked.json()))

    fake.answers[("POST", "pulls")] = answer
    done = fake.forge.publish(page_of())
    assert (done.action, done.notes) == (
        "opened",
        ("this repository has no draft pull requests, so it is open for review",),
    )


def test_a_pull_request_that_was_opened_meanwhile_is_taken_up(fake: Fake) -> None:
    def answer(_: Asked) -> Answer:
        fake.add(body=kept())
        message = "A pull request already exists for octo:splinter/tidy."
        return Answer(422, {"message": "Validation Failed", "errors": [{"message": message}]})

    fake.answers[("POST", "pulls")] = answer
    done = fake.forge.publish(page_of())
    assert (done.action, done.number) == ("unchanged", 1)


def test_the_pull_request_of_a_fork_with_the_same_branch_is_not_ours(fake: Fake) -> None:
    fake.add(owner="stranger")
    fake.add(head_repo_gone=True, owner="stranger2")
    fake.pulls[1]["head"]["repo"] = None
    assert fake.forge.publish(page_of()).number == 3


def test_our_pull_request_is_found_on_the_last_page_of_the_listing(fake: Fake) -> None:
    strangers = [fake.add(owner=f"stranger-{number}") for number in range(3)]
    ours = fake.add(body=own())

    def answer(asked: Asked) -> Answer:
        if "page=2" in asked.path.replace("per_page", ""):
            return Answer(200, [ours])
        link = f'<{fake.server.url}/repos/octo/demo/pulls?state=open&page=2>; rel="next"'
        return Answer(200, strangers, {"Link": link})

    fake.answers[("GET", "pulls")] = answer
    assert fake.forge.publish(page_of()).number == ours["number"]


def test_of_two_pull_requests_of_one_branch_that_with_our_base_is_taken(fake: Fake) -> None:
    fake.add(base="main", body=kept())
    fake.add(base="dev", body=kept(base="dev"))
    assert fake.forge.publish(page_of()).number == 1
    assert fake.forge.publish(page_of(base="dev")).number == 2
    assert fake.server.writes == []


def test_one_refused_name_costs_no_other_and_no_pull_request(fake: Fake) -> None:
    def reviewers(asked: Asked) -> Answer:
        if "ghost" in asked.json().get("reviewers", ()):
            return Answer(422, {"message": "Reviews may only be requested from collaborators."})
        return Answer(201, {})

    fake.answers[("POST", "requested_reviewers")] = reviewers
    fake.answers[("GET", "labels")] = lambda _: Answer(200, [{"name": "A"}])
    fake.refuse("POST", "labels", 422, "Validation Failed")
    fake.answers[("POST", "assignees")] = lambda _: Answer(201, {"assignees": [{"login": "Hubot"}]})
    done = fake.forge.publish(
        page_of(reviewers=("ghost", "hubot", "octo/docs"), labels=("a", "b"), assignees=("hubot", "stranger"))
    )
    assert (done.action, done.notes) == (
        "opened",
        (
            "label b: the repository has none of that name; create it, or set create_labels = true",
            "label a: GitHub refused (422 Validation Failed)",
            "assignee stranger: GitHub did not take them",
            "reviewer ghost: GitHub refused (422 Reviews may only be requested from collaborators.)",
        ),
    )
    asked = [one.json() for one in fake.server.writes if one.path.endswith("requested_reviewers")]
    assert asked == [
        {"reviewers": ["ghost", "hubot"], "team_reviewers": ["docs"]},
        {"reviewers": ["ghost"]},
        {"reviewers": ["hubot"]},
        {"team_reviewers": ["docs"]},
    ]


def test_an_unchanged_pull_request_is_only_read(fake: Fake) -> None:
    fake.add(body=kept().replace("\n", "\r\n"))
    assert fake.forge.publish(page_of(own_body=own(run="run-2"))).action == "unchanged"
    assert fake.server.writes == []


def test_only_what_differs_is_sent(fake: Fake) -> None:
    fake.add(body=kept(base="old"), base="old")
    fake.answers[("PATCH", "1")] = lambda _: Answer(200, fake.pulls[0])
    assert fake.forge.publish(page_of()).action == "updated"
    assert [one.json() for one in fake.server.writes] == [{"body": kept(), "base": "main"}]


def test_the_token_goes_into_the_header_alone(fake: Fake) -> None:
    fake.forge.publish(page_of())
    assert {one.headers["Authorization"] for one in fake.server.asked} == {f"token {TOKEN}"}
    assert TOKEN not in repr(fake.forge)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/octo/demo.git", "octo/demo"),
        ("https://github.com/octo/demo", "octo/demo"),
        ("https://github.com/octo/demo/", "octo/demo"),
        ("https://bot:pa55@GitHub.com/octo/demo.js.git", "octo/demo.js"),
        ("git@github.com:octo/demo.git", "octo/demo"),
        ("ssh://git@github.com:22/octo/demo.git", "octo/demo"),
        ("ssh://git@ssh.github.com:443/octo/demo.git", "octo/demo"),
        ("https://gitlab.com/octo/demo.git", None),
        ("https://github.com.evil.org/octo/demo", None),
        ("https://github.com/octo", None),
        ("https://github.com/octo/demo/tree/main", None),
        ("git@example.org:octo/demo.git", None),
        ("/srv/git/github.com/octo/demo.git", None),
        ("file:///srv/octo/demo.git", None),
        ("../octo/demo", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_a_remote_on_github_is_told_from_every_other(url: str, name: str | None) -> None:
    assert GitHub.owns(url, settings_file.environment({})) == name


@pytest.mark.parametrize(
    ("url", "api", "name"),
    [
        ("git@git.corp.example:octo/demo.git", "https://git.corp.example/api/v3", "octo/demo"),
        ("https://corp.ghe.com/octo/demo", "https://api.corp.ghe.com", "octo/demo"),
        ("https://github.com/octo/demo", "https://git.corp.example/api/v3", None),
    ],
)
def test_a_remote_on_the_server_of_the_api_is_taken(url: str, api: str, name: str | None) -> None:
    assert GitHub.owns(url, settings_file.environment({"GITHUB_API_URL": api})) == name


@pytest.mark.parametrize(
    ("url", "ci", "owned"),
    [
        ("https://gitlab.com/octo/demo.git", "", None),
        ("git@gitlab.com:octo/demo.git", "", None),
        ("https://git@github.com.evil.example/octo/demo", "", None),
        ("git@gitlab.corp:octo/demo.git", "", None),
        ("https://[broken/octo/demo", "", None),
        ("https://github.com/octo/other.git", "", "octo/other"),
        ("https://github.com/proxy/octo/demo", "", "octo/demo"),
        ("/srv/mirror.git", "true", "octo/demo"),
        ("file:///srv/mirror.git", "true", "octo/demo"),
        ("git@github.com-work:octo/demo", "", "octo/demo"),
        ("work:demo", "", "octo/demo"),
        ("git@gitlab:octo/demo", "true", None),
    ],
)
def test_the_variable_names_a_repository_and_makes_no_other_host_githubs(url: str, ci: str, owned: str | None) -> None:
    environment = settings_file.environment({"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "octo/demo", "CI": ci})
    assert GitHub.owns(url, environment) == owned
    if "github.com/" not in url:
        assert GitHub.auth(url, environment) == {}


def test_the_lock_file_names_no_registry() -> None:
    folder = paths.COUNTERPARTS
    assert '"resolved"' not in (folder / "package-lock.json").read_text()


# --- against GitHub's own description of its interface ---

DESCRIPTION = MODULES / "@octokit/openapi/generated/api.github.com.json"


class Described:
    """One recorded request, in the words of openapi-core."""

    def __init__(self, asked: Asked, host_url: str) -> None:
        parts = urlsplit(asked.path)
        self.host_url, self.path, self.method = host_url, parts.path, asked.method.lower()
        self.body, self.content_type = asked.body or None, asked.headers.get("Content-Type", "application/json")
        query = ImmutableMultiDict(parse_qsl(parts.query))
        self.parameters = RequestParameters(query=query, header=Headers(asked.headers))


@pytest.mark.skipif(not DESCRIPTION.exists(), reason=f"npm's @octokit/openapi is not installed: {INSTALL}")
def test_every_request_is_as_github_describes_it(fake: Fake) -> None:
    fake.answers[("PATCH", "1")] = lambda _: Answer(200, fake.pulls[0])
    fake.answers[("POST", "assignees")] = lambda _: Answer(201, {"assignees": []})
    fake.answers[("POST", "comments")] = lambda _: Answer(201, {"id": 1})
    fake.answers[("GET", "labels")] = lambda _: Answer(200, [{"name": "docs"}])
    fake.forge.publish(page_of(labels=("docs",), assignees=("hubot",), reviewers=("hubot", "octo/docs")))
    fake.forge.publish(page_of(base="dev", title="Other", own_body=own(title="Other")))
    fake.forge.close(workstream="tidy", head=HEAD, comment="Nothing is left.")
    assert [(one.method, urlsplit(one.path).path.rpartition("/")[2]) for one in fake.server.writes] == [
        ("POST", "pulls"), ("POST", "labels"), ("POST", "assignees"), ("POST", "requested_reviewers"),
        ("PATCH", "1"), ("POST", "comments"), ("PATCH", "1"),
    ]  # fmt: skip
    description = json.loads(DESCRIPTION.read_text("utf-8"))
    description["servers"] = [{"url": fake.server.url}]
    interface = OpenAPI.from_dict(description, config=Config(spec_validator_cls=None))
    for asked in fake.server.asked:
        if asked.path.endswith("/labels"):  # PyGithub sends a bare list, which the description allows in prose alone
            assert asked.json() == ["docs"]
            asked = replace(asked, body=b'{"labels": ["docs"]}')
        interface.validate_request(Described(asked, fake.server.url))
    wrong = replace(fake.server.writes[0], body=b'{"head": "x", "base": 3}')
    with pytest.raises(InvalidRequestBody):
        interface.validate_request(Described(wrong, fake.server.url))
