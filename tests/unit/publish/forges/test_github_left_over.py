"""Which of several open pull requests from one branch is ours: the one with our part in its body, and no other."""

from __future__ import annotations

from splinter.publish.pull_request_body import BEGIN, END
from splinter.publish.waiting import FixedWaiting
from tests.counterparts.github_server import MONDAY, github_server

HEAD = "splinter/old"


def test_the_one_with_our_part_is_named_and_closed_and_a_persons_from_the_same_branch_stays() -> None:
    with github_server(FixedWaiting(MONDAY)) as hub:
        hub.push(HEAD)
        hub.push("release")
        hub.open({"head": HEAD, "base": "main", "title": "Ours", "body": f"{BEGIN}\nsaid\n{END}", "draft": True})
        hub.open({"head": HEAD, "base": "release", "title": "By hand", "body": "for the release", "draft": False})
        forge = hub.forge()
        assert forge.proposed(workstream="old", head=HEAD) == hub.pulls[1]["html_url"]
        assert forge.close(workstream="old", head=HEAD, comment="gone")
        assert [pull["state"] for pull in hub.pulls.values()] == ["closed", "open"]
        assert forge.proposed(workstream="old", head=HEAD) == ""
