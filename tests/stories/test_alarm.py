"""`doit alarm`: a night that could not begin is told with file and line, whatever it is that is invalid."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.counterparts.scripted import Answer, Scripted, scripted
from tests.stories.test_canary import mails
from tests.world import World

TOKEN = "made-up-path-0123456789"


@pytest.fixture
def server(world: World) -> Iterator[Scripted]:
    with scripted(lambda asked: Answer(200, "ok")) as server:
        world.env |= {
            "SLACK_WEBHOOK_URL": f"{server.url}/services/{TOKEN}", "HEALTHCHECK_URL": f"{server.url}/ping/{TOKEN}?create=1",
        }  # fmt: skip
        yield server


def in_actions(world: World) -> None:
    world.env |= {
        "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "octo/project",
        "GITHUB_RUN_ID": "42",
    }  # fmt: skip


def test_a_night_with_invalid_files_is_told_with_each_place_and_the_run(world: World, server: Scripted) -> None:
    world.write("workstreams/docs.yaml", "id: docs\ntitle: Docs\nsteps:\n  - prompt: write\n    tool: cluade-code\n")
    world.write("dodo.py", "from splinter.dodo import DOIT_CONFIG, task_splinter\nbroken(\n")
    in_actions(world)
    (world.root / "said").write_text(f"workstreams/docs.yaml:5:11: unknown tool\n{server.url}/services/{TOKEN}\n")
    with mails() as (port, letters):
        world.env |= {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_SECURITY": "none",
                      "REPORT_RECIPIENTS": "team@example.org"}  # fmt: skip
        done = world.doit("alarm", "--status", "3", "--said", "said")
    assert done.status == 0, done.err
    assert "::error file=workstreams/docs.yaml,line=5,col=11" in done.out
    assert "::error file=dodo.py,line=2,col=7" in done.out
    letter = letters[0] + letters[1]
    assert "the night did not begin: its input cannot be run" in letters[0].replace("\n", "")
    for told in ("workstreams/docs.yaml:5:11: unknown tool", "dodo.py:2:7: ", "octo/project/actions/runs/42"):
        assert told in letter
    slack, ping = server.asked
    assert b"workstreams/docs.yaml:5:11" in slack.body
    assert ping.path.startswith(f"/ping/{TOKEN}/fail?create=1&rid="), "the query stays behind"
    assert TOKEN not in letter + done.out + slack.body.decode() + ping.body.decode()
    assert not (world.root / ".splinter").exists()


def test_a_malformed_variable_silences_nobody_else(world: World, server: Scripted) -> None:
    world.env |= {"SMTP_PORT": "many", "SLACK_WEBHOOK_URL": "no address"}
    done = world.doit("alarm", "--status", "3")
    assert done.status == 0
    assert [one.path.partition("?")[0] for one in server.asked] == [f"/ping/{TOKEN}/fail"]
    assert b"SMTP_PORT is" in server.asked[0].body
    assert b"SLACK_WEBHOOK_URL is not an http or https address" in server.asked[0].body


def test_one_that_cannot_be_told_is_said_and_the_others_are_told(world: World, server: Scripted) -> None:
    server.answer = lambda asked: Answer(400 if "services" in asked.path else 200)
    world.env["GITHUB_REPOSITORY"] = "octo/project"
    done = world.doit("alarm", "--status", "4")
    assert done.status == 2
    assert "[splinter] the night did not begin: another run holds the lock · octo/project" in done.out
    assert "slack  error  " in done.out
    assert "healthcheck  failure reported to 127.0.0.1" in done.out


def test_without_anybody_to_tell_it_says_so(world: World) -> None:
    done = world.doit("alarm")
    assert done.status == 0
    assert "[splinter] the night broke" in done.out
    assert "nobody is told" in done.out
