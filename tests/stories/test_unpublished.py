"""No false all-clear: what could not be published is told by everything that tells of the run, and only of this run."""

from __future__ import annotations

import email
import email.policy
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import deep
from tests.counterparts import TOKEN
from tests.counterparts.scripted import Answer, Asked, Scripted, scripted
from tests.unit.publish.forges.test_github import Fake
from tests.unit.publish.notifiers.test_mail import Postbox, certificate_in, serving
from tests.world import MONDAY, TUESDAY, World

WEDNESDAY = "2026-11-25T02:00:00+00:00"
HOOK = "#!/bin/sh\necho 'error: GH013: Repository rule violations found' >&2\nexit 1\n"


@dataclass
class Night:
    """A repository with a remote, GitHub, Slack and a healthcheck; `tidy` changes something once a day."""

    world: World
    github: Fake
    people: Scripted
    origin: Path
    down: set[str]

    def asked(self, path: str) -> list[str]:
        return [one.body.decode() for one in self.people.asked if one.path.split("?")[0] == path]

    def new_pings(self) -> list[tuple[str, str]]:
        """How calls ended, by the address and the first line; each is preceded by its begin, with the same id."""
        found = [(*one.path.split("?rid="), one.body.decode()) for one in self.people.asked if "/ping" in one.path]
        self.people.asked.clear()
        begun, ended = found[::2], found[1::2]
        assert [path for path, _, _ in begun] == ["/ping/start"] * len(ended)
        assert [id for _, id, _ in begun] == [id for _, id, _ in ended]
        return [(path, body.splitlines()[0]) for path, _, body in ended]

    def letters(self) -> list[tuple[str, str]]:
        """Subject and all text of each mail in the outbox."""
        read = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in self.world.mails()]
        return [
            (str(one["subject"]), "\n".join(part.get_content() for part in one.walk() if not part.is_multipart()))
            for one in read
        ]


@pytest.fixture
def night(world: World, tmp_path: Path) -> Iterator[Night]:
    origin = tmp_path / "origin.git"
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    world.git("remote", "add", "origin", str(origin))
    world.workstream("tidy", steps=[world.step("write", "date +%s%N >> tidy.txt")])
    world.commit()
    world.git("push", "--quiet", "--set-upstream", "origin", "main")
    world.git("remote", "set-head", "origin", "main")
    github = Fake()

    def people(asked: Asked) -> Answer:
        return Answer(down_as, "out of order") if asked.path.split("?")[0] in down else Answer(body="ok")

    down, down_as = set[str](), 503
    with scripted(github) as github.server, scripted(people) as server:
        world.env |= {
            "GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "octo/demo", "GITHUB_API_URL": github.server.url,
            "SLACK_WEBHOOK_URL": f"{server.url}/slack", "HEALTHCHECK_URL": f"{server.url}/ping",
        }  # fmt: skip
        yield Night(world, github, server, origin, down)


def refused_by_a_hook(night: Night) -> None:
    hook = night.origin / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK)
    hook.chmod(0o755)


def unreachable(night: Night) -> None:
    night.world.env["GITHUB_API_URL"] = "http://127.0.0.1:1"


WAYS = {
    "push refused": (refused_by_a_hook, "splinter/tidy was not pushed: git push failed with exit status 1:"),
    "API out of reach": (unreachable, "127.0.0.1 cannot be reached (ConnectionError); run `doit run pr` again later"),
    "API 401": (
        lambda night: night.github.refuse("GET", "demo", 401, "Bad credentials"),
        "GitHub refused the token (401 Bad credentials); put a valid one into GITHUB_TOKEN",
    ),
    "API 403": (
        lambda night: night.github.refuse("POST", "pulls", 403, "Resource not accessible"),
        "GitHub forbids it (403 Resource not accessible); the token needs write access to pull requests and contents",
    ),
    "API 422": (
        lambda night: night.github.refuse("POST", "pulls", 422, "Validation Failed"),
        "GitHub does not accept it (422 Validation Failed)",
    ),
    "API 500": (
        lambda night: night.github.refuse("POST", "pulls", 500, "Server Error"),
        "GitHub is out of order (500 Server Error); run `doit run pr` again later",
    ),
}


@pytest.mark.parametrize("way", deep.rows(WAYS, "stories", ordinary=("push refused", "API 403")))
def test_a_pull_request_that_could_not_be_published_is_told_everywhere(night: Night, way: str) -> None:
    break_it, message = WAYS[way]
    break_it(night)
    world = night.world
    done = world.doit()
    assert done.status == 2, done.out + done.err
    reports = world.root / "reports/latest"
    ((subject, letter),) = night.letters()
    (slack,) = night.asked("/slack")
    (ping,) = night.asked("/ping/fail")
    data = json.loads((reports / "report.json").read_text())
    history, show = world.doit("history"), world.doit("show")
    verdicts = {
        "terminal": done.out, "report.md": (reports / "report.md").read_text(), "report.json": data["verdict"],
        "index.html": (reports / "index.html").read_text(), "subject": subject, "mail": letter, "Slack": slack,
        "ping": ping, "history": history.out, "show": show.out,
    }  # fmt: skip
    assert [sink for sink, text in verdicts.items() if "1 changed, 1 not published" not in text] == []
    told = {
        "terminal": done.out, "report.md": verdicts["report.md"], "report.json": data["errors"][0]["message"],
        "index.html": verdicts["index.html"], "mail": letter, "Slack": json.loads(slack)["blocks"][-1]["text"]["text"],
        "show": show.out, "history --json": json.loads(world.doit("history", "--json").out)[0]["errors"][0]["message"],
    }  # fmt: skip
    assert [sink for sink, text in told.items() if message.split("`")[0] not in text] == []
    assert data["errors"][0]["task"] == "pr:tidy"
    assert "### pr:tidy: not published" in verdicts["report.md"]
    assert '- Pull request: **not published**, see "Needs a look"' in verdicts["report.md"]
    assert night.asked("/ping") == []


@pytest.mark.parametrize("task", deep.rows(("email", "slack"), "stories", ordinary=("email",)))
def test_a_message_that_could_not_be_sent_is_told_by_all_that_comes_after_it(night: Night, task: str) -> None:
    world, before = night.world, dict(night.world.env)
    if task == "email":
        world.env |= {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": "1", "REPORT_RECIPIENTS": "a@example.org"}
    else:
        night.down.add("/slack")
    done = world.doit()
    assert done.status == 2, done.out
    assert "1 changed, 1 not published" in done.out
    assert "1 changed, 1 not published" in world.doit("history").out
    (error,) = json.loads(world.doit("show", "--json").out)["errors"]
    assert (error["task"], error["settled"]) == (task, None)
    assert error["message"] in done.out
    assert f"\n{task}: not published: " in world.doit("show").out
    if task == "email":
        assert "1 changed, 1 not published" in night.asked("/slack")[0]
    assert "1 changed, 1 not published" in night.asked("/ping/fail")[0]

    night.down.clear()
    world.env, world.now = {**before}, TUESDAY
    night.people.asked.clear()
    assert world.doit().status == 0
    report = (world.root / "reports/latest/report.md").read_text()
    assert "- In the run 20261123-020000-" in report
    assert f", {task} failed: " in report
    assert "not published" not in night.asked("/ping")[0]


@pytest.mark.lane("stories")
def test_one_recipient_who_is_refused_is_told_and_costs_nobody_a_second_mail(night: Night, tmp_path: Path) -> None:
    world, postbox = night.world, Postbox(refuses=("lead@example.org",))
    with serving(postbox, certificate_in(tmp_path), has_tls=False) as port:
        world.env |= {
            "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_SECURITY": "none",
            "REPORT_RECIPIENTS": "team@example.org,lead@example.org",
        }  # fmt: skip
        assert world.doit().status == 2
        assert "1 changed, 1 not published" in world.doit("history").out
        (error,) = json.loads(world.doit("show", "--json").out)["errors"]
        assert (error["task"], error["settled"]) == ("email", None)
        assert "refused lead@example.org (550 no such user here); sent to team@example.org;" in error["message"]
        assert error["message"] in night.asked("/slack")[0]
        assert "1 changed, 1 not published" in night.asked("/ping/fail")[0]

        assert world.doit().status == 2, "still refused"
        postbox.refuses = ()
        assert world.doit().status == 0
        assert world.doit().status == 0
    assert [one.rcpt_tos for one in postbox.envelopes] == [["team@example.org"], ["lead@example.org"]]
    first, second = postbox.letters()
    assert first["Message-ID"] == second["Message-ID"]


@pytest.mark.lane("stories")
def test_who_is_no_recipient_any_more_is_waited_for_no_longer(night: Night, tmp_path: Path) -> None:
    world, postbox = night.world, Postbox(refuses=("lead@example.org",))
    with serving(postbox, certificate_in(tmp_path), has_tls=False) as port:
        world.env |= {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_SECURITY": "none"}
        world.env["REPORT_RECIPIENTS"] = "team@example.org,lead@example.org"
        assert world.doit().status == 2
        world.env["REPORT_RECIPIENTS"] = "team@example.org"
        assert world.doit().status == 0
    assert len(postbox.envelopes) == 1


def test_an_idle_night_says_so_and_what_it_still_could_not_publish(night: Night) -> None:
    night.github.refuse("GET", "demo", 401, "Bad credentials")
    night.world.doit()
    night.new_pings()
    assert night.world.doit().status == 2
    ((path, ping),) = night.new_pings()
    assert path == "/ping/fail"
    assert ping.startswith("[splinter] nothing ran, 1 skipped, 1 not published · ")
    subjects = sorted(subject.split(" · ")[0] for subject, _ in night.letters())  # their names have no order
    assert subjects == [
        "[splinter] 1 changed, 1 not published", "[splinter] nothing ran, 1 skipped, 1 not published"
    ]  # fmt: skip
    assert "1 changed" not in (night.world.root / "reports/latest/report.md").read_text()
    night.github.answers.clear()
    assert night.world.doit().status == 0
    assert [path for path, _ in night.new_pings()] == ["/ping"]
    assert night.world.doit().status == 0
    assert night.new_pings() == [("/ping", "[splinter] nothing due: 1 proposal waits")]


@pytest.mark.lane("stories")
def test_a_mail_that_gets_through_a_night_later_says_that_it_is_of_an_earlier_run(night: Night) -> None:
    before = dict(night.world.env)
    night.world.env |= {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": "1", "REPORT_RECIPIENTS": "a@example.org"}
    night.world.doit()
    night.world.doit()
    assert [path for path, _ in night.new_pings()] == ["/ping/fail", "/ping/fail"], "this night's mail failed too"
    night.world.env = before
    assert night.world.doit().status == 0
    ((subject, _),) = night.letters()
    assert subject.startswith("[splinter] earlier run: 1 changed, 1 not published · ")
    assert night.new_pings() == [("/ping", "[splinter] nothing due: 1 proposal waits")]
    assert "done after all, 2026-11-23 02:00:00 UTC; before: " in night.world.doit("show").out


@pytest.mark.lane("stories")
def test_a_pull_request_that_waits_for_one_that_failed_is_told_too(night: Night) -> None:
    night.world.workstream("more", depends_on=["tidy"], steps=[night.world.step("add", "echo > more.txt")])
    night.github.refuse("GET", "demo", 401, "Bad credentials")
    assert night.world.doit().status == 2
    errors = json.loads(night.world.doit("show", "--json").out)["errors"]
    assert [(one["task"], one["message"].split(" (")[0]) for one in errors] == [
        ("pr:tidy", "GitHub refused the token"),
        ("pr:more", "it waits for pr:tidy, which ended in an error"),
    ]


# --- the run that is reported is this run ---


@pytest.mark.lane("stories")
def test_a_run_under_an_earlier_clock_is_reported(night: Night) -> None:
    night.world.now = TUESDAY
    assert night.world.doit().status == 0
    night.new_pings()
    night.world.now = MONDAY
    night.world.workstream("tidy", steps=[night.world.step("write", "exit 3")])
    done = night.world.doit()
    assert done.status == 1
    assert "run 20261123-020000-" in done.out
    assert "1 failed" in (night.world.root / "reports/latest/report.md").read_text()
    assert "1 failed" in night.letters()[0][0], "the outbox is in the order of the clock"
    ((path, ping),) = night.new_pings()
    assert path == "/ping/fail"
    assert "1 failed" in ping
    assert "20261123" in night.world.doit("history").out.splitlines()[0]
    assert "1 failed" in night.world.doit("show").out


@pytest.mark.lane("stories")
def test_a_night_with_nothing_to_tell_pings_for_itself(night: Night) -> None:
    night.world.workstream("bad", steps=[night.world.step("fail", "exit 3")])
    assert night.world.doit().status == 1
    assert [path for path, _ in night.new_pings()] == ["/ping/fail"]
    (night.world.root / "workstreams/bad.yaml").unlink()
    assert night.world.doit().status == 0
    assert night.new_pings() == [("/ping", "[splinter] nothing due: 1 proposal waits")]


@pytest.mark.lane("stories")
def test_a_night_in_two_calls_is_one_night(night: Night) -> None:
    """As the nightly workflow has it: one job works, another publishes."""
    world, publish = night.world, ("run", "pr", "report", "email", "slack", "healthcheck")
    night.github.refuse("GET", "demo", 401, "Bad credentials")
    assert world.doit("run", "workstreams", "rehearse").status == 0
    assert world.doit(*publish).status == 2
    ((path, ping),) = night.new_pings()
    assert (path, ping.split(" · ")[0]) == ("/ping/fail", "[splinter] 1 changed, 1 not published")
    assert [subject.split(" · ")[0] for subject, _ in night.letters()] == ["[splinter] 1 changed, 1 not published"]
    night.github.answers.clear()
    assert world.doit("run", "workstreams", "rehearse").status == 0
    assert world.doit(*publish).status == 0
    ((path, ping),) = night.new_pings()
    assert (path, ping.split(" · ")[0]) == ("/ping", "[splinter] nothing ran, 1 skipped, 1 pull request opened")
    assert world.doit(*publish).status == 0
    assert night.new_pings() == [("/ping", "[splinter] nothing due: 1 proposal waits")]


@pytest.mark.lane("stories")
def test_a_history_of_an_earlier_version_is_read(night: Night) -> None:
    assert night.world.doit().status == 0
    db = sqlite3.connect(night.world.root / ".splinter/history.db")
    for name in ("table errors", "index steps_in", "index workstreams_of"):
        db.execute(f"drop {name}")
    db.execute("pragma user_version = 0")
    db.commit()
    db.close()
    assert "1 changed" in night.world.doit("history").out
    assert night.world.doit("show").status == 0
    night.world.now = WEDNESDAY
    assert night.world.doit().status == 0
