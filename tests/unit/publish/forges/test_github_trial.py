"""The pull request that a token is tried by, on a GitHub that misbehaves: nothing of it stays open."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from splinter.errors import PublishError
from splinter.publish.forges.github_trial import GitHubTrial
from splinter.publish.waiting import FixedWaiting
from tests import deep
from tests.counterparts.github_server import MONDAY, Fault, GitHubServer, github_server

HEAD = "splinter/test-0123abcd"
RIGHTS = {"X-Accepted-GitHub-Permissions": "issues=write; pull_requests=write,contents=read"}


@pytest.fixture
def hub() -> Iterator[GitHubServer]:
    with github_server(FixedWaiting(MONDAY)) as one:
        one.push(HEAD)
        one.make_label({"name": "docs", "color": "ffffff"})
        yield one


def tried(trial: GitHubTrial) -> dict[str, str]:
    """What each part came to: `open`, `label` and `comment` as far as they get, and then `close` in any case."""
    said = {}

    def do(part: str, call: Callable[[], object]) -> bool:
        try:
            said[part] = str(call())
        except PublishError as error:
            said[part] = f"failed: {error}"
        return not said[part].startswith("failed")

    if do("open", lambda: trial.open(head=HEAD, base="main", title="A test", body="Of the token.")):
        do("label", lambda: trial.label(["docs"]))
        do("comment", lambda: trial.comment("Hello."))
    do("close", lambda: trial.close(HEAD))
    return said


def test_each_part_is_done_and_the_draft_is_closed(hub: GitHubServer) -> None:
    said = tried(hub.forge().trial())
    assert not [part for part, text in said.items() if text.startswith("failed")]
    assert (hub.pulls[1]["draft"], hub.pulls[1]["state"]) == (True, "closed")
    assert said["open"] == hub.pulls[1]["html_url"]
    assert said["label"] == "docs"
    assert [label["name"] for label in hub.pulls[1]["labels"]] == ["docs"]
    assert len(hub.comments[1]) == 1


def test_what_the_token_lacks_is_said_as_github_names_it(hub: GitHubServer) -> None:
    hub.faults.append(Fault("POST", "/comments$", status=403, message="Resource not accessible", headers=RIGHTS))
    said = tried(hub.forge().trial())
    assert said["comment"].endswith(
        "; the token needs write access to issues or write access to pull requests and read access to contents"
    )
    assert hub.pulls[1]["state"] == "closed"


WRITES = ("POST /pulls$", "POST /labels$", "POST /comments$", "PATCH /pulls/1$")
FAULTS = {
    "502": Fault("", "", status=502),
    "cut before": Fault("", "", cut=True),
    "cut after": Fault("", "", cut=True, is_done=True),
    "cut within": Fault("", "", is_done=True, sent=0.5),
}


@pytest.mark.parametrize("fault", deep.rows(FAULTS, "attacks", ordinary=("cut after",)))
@pytest.mark.parametrize("write", deep.rows(WRITES, "attacks", ordinary=("POST /pulls$", "PATCH /pulls/1$")))
def test_nothing_stays_open_whatever_write_breaks(hub: GitHubServer, write: str, fault: str) -> None:
    method, path = write.split()
    hub.faults.append(Fault(**{**vars(FAULTS[fault]), "method": method, "path": path}))
    said = tried(hub.forge().trial())
    assert not said["close"].startswith("failed"), said
    assert [pull["state"] for pull in hub.pulls.values()] in ([], ["closed"])
    is_tried_again = method == "PATCH"
    assert is_tried_again or any(text.startswith("failed") for text in said.values()), said
