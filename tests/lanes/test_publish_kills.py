"""Publishing killed at random moments, then run to its end: each page once and whole, each message told no more than once.

Slack is npm's emulator, the mail server aiosmtpd, pushes go to a real bare remote. GitHub is ours on loopback, which keeps
to GitHub's own description: npm's has neither events nor assignees of pull requests.
"""

from __future__ import annotations

import json
import random
import shutil
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from splinter.model.effects import Kind, State
from splinter.system.memory import Memory
from tests.counterparts import SLACK, emulated
from tests.counterparts.github_server import GitHubServer, github_server
from tests.counterparts.scripted import Answer, Scripted, scripted
from tests.lanes.test_kills import kill
from tests.unit.publish.notifiers.test_mail import Postbox, certificate_in, serving
from tests.world import MONDAY, TUESDAY, World

PUBLISH = ("run", "pr", "report", "email", "slack", "healthcheck")
HOOK = "/services/T000000001/B000000001/XXXXmade-upXXXX"
WANTED = {"labels": ["docs", "nightly"], "reviewers": ["hubot", "monalisa"], "assignees": ["octo"]}
CALLS = 6  # until all is done; each kill may cost one that says so


@dataclass
class Outside:
    """All servers, as tests ask them."""

    slack: str
    postbox: Postbox
    port: int
    pings: Scripted

    def env(self, hub: GitHubServer) -> dict[str, str]:
        return {
            **hub.env,
            "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(self.port), "SMTP_SECURITY": "none",
            "REPORT_RECIPIENTS": "team@example.org,lead@example.org", "SMTP_FROM": "Splinter <bot@example.org>",
            "SLACK_WEBHOOK_URL": f"{self.slack}{HOOK}", "HEALTHCHECK_URL": f"{self.pings.url}/ping",
        }  # fmt: skip

    def posts(self) -> list[str]:
        """What stands in the channel, the newest first: texts with their blocks."""
        headers = {"Authorization": "Bearer xoxb-test", "Content-Type": "application/json"}

        def call(method: str, **fields: object) -> Any:
            request = urllib.request.Request(f"{self.slack}/api/{method}", json.dumps(fields).encode(), headers)
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)

        channel = next(one["id"] for one in call("conversations.list")["channels"] if one["name"] == "general")
        found = call("conversations.history", channel=channel, limit=999)["messages"]
        return [json.dumps([one["text"], one.get("blocks")]) for one in found]


@contextmanager
def outside(folder: Path) -> Iterator[Outside]:
    postbox = Postbox()
    with (
        emulated("slack", SLACK, folder) as slack,
        serving(postbox, certificate_in(folder), has_tls=False) as port,
        scripted(lambda _: Answer(body="OK")) as pings,
    ):
        yield Outside(slack, postbox, port, pings)


def worked(folder: Path, home: Path, count: int) -> World:
    """A project whose workstreams are done, and nothing of it published."""
    world = World(folder / "project", home)
    origin = str(folder / "origin.git")
    world.git("init", "--quiet", "--bare", "--initial-branch=main", origin)
    world.git("remote", "add", "origin", "../origin.git")
    for number in range(count):
        world.workstream(
            f"w{number}", when="once", pull_request=WANTED, steps=[world.step("write", f"echo {number} > {number}.txt")]
        )
    world.commit()
    world.git("push", "--quiet", "--set-upstream", "origin", "main")
    done = world.doit("run", "workstreams")
    assert done.status == 0, done.out + done.err
    return world


def copied(template: World, folder: Path, home: Path) -> World:
    shutil.copytree(template.root.parent, folder, symlinks=True)
    return World.reopened(folder / "project", home)


def to_the_end(world: World, seen: Counter[str]) -> None:
    for _ in range(CALLS):
        done = world.doit(*PUBLISH)
        seen["calls to the end"] += 1
        if done.status == 0:
            return
        assert done.status == 2, done.out + done.err
    raise AssertionError(f"not done after {CALLS} calls: {done.out}{done.err}")


def killed(world: World, chance: random.Random, longest_s: float, seen: Counter[str]) -> None:
    for _ in range(chance.randint(1, 3)):
        process = world.start(*PUBLISH)
        time.sleep(chance.uniform(0.3, longest_s))
        is_over = process.poll() is not None
        kill(process)
        seen["kills"] += not is_over
        if is_over:
            return


def nothing_left_of(world: World, id: str) -> None:
    """Its next result changes nothing, so that its page is closed with a comment."""
    world.now = TUESDAY
    world.workstream(id, when="once", pull_request=WANTED, steps=[world.step("write", "true")])
    done = world.doit("run", "workstreams")
    assert done.status == 0, done.out + done.err


def look_at_pages(hub: GitHubServer, count: int, seen: Counter[str]) -> None:
    assert sorted(pull["head"]["ref"] for pull in hub.pulls.values()) == [
        f"splinter/w{number}" for number in range(count)
    ]
    for number, pull in hub.pulls.items():
        names = {
            "labels": sorted(one["name"] for one in pull["labels"]),
            "reviewers": sorted(one["login"] for one in pull["requested_reviewers"]),
            "assignees": sorted(one["login"] for one in pull["assignees"]),
        }
        assert pull["draft"]
        is_closed = pull["head"]["ref"] == "splinter/w0"
        assert pull["state"] == ("closed" if is_closed else "open")
        assert len(hub.comments.get(number, [])) == is_closed, hub.comments
        assert names == WANTED, f"{pull['head']['ref']} has {names}"
    seen["pull requests"] += len(hub.pulls)


def look_at_messages(there: Outside, world: World, before: tuple[int, int], seen: Counter[str]) -> None:
    """Each run that was reported is told; copies of a mail have one id, and Slack has none twice."""
    memory = Memory(world.root / ".splinter", is_read_only=True)
    runs = [one["run"] for one in json.loads(world.doit("history", "--json").out)]
    letters = there.postbox.letters()[before[0] :]
    by_text: dict[str, set[str]] = {}
    for letter in letters:
        body = letter.get_body(("plain",))
        assert body
        by_text.setdefault(f"{letter['Subject']}\n{body.get_content()}", set()).add(str(letter["Message-ID"]))
    assert all(len(ids) == 1 for ids in by_text.values()), by_text
    ids = Counter(str(letter["Message-ID"]) for letter in letters)
    seen["mails"] += len(ids)
    seen["copies of mails"] += sum(ids.values()) - len(ids)
    posts = there.posts()
    posts = posts[: len(posts) - before[1]]
    assert len(posts) == len({*posts}), "a message stands in Slack twice"
    seen["Slack messages"] += len(posts)
    for run in runs:
        assert any(run in str(letter["Subject"]) for letter in letters), f"no mail of {run}"
        told = memory.effect(Kind.SLACK, run)
        is_unknown = bool(told and told.state == State.UNKNOWN)
        seen["Slack messages that nobody knows of"] += is_unknown
        assert is_unknown or any(run in json.loads(post)[0] for post in posts), f"no Slack message of {run}"
    assert not memory.effects(State.WAITING, State.UNDER_WAY), "something waits"
    memory.close()


def once(
    world: World, there: Outside, hub: GitHubServer, count: int, chance: random.Random, longest_s: float,
    seen: Counter[str],
) -> float:  # fmt: skip
    """One project, killed in two nights and run to its end in each; returns how long a call takes at most."""
    for number in range(count):
        hub.push(f"splinter/w{number}")  # what git pushes goes elsewhere
    for label in WANTED["labels"]:
        hub.make_label({"name": label})
    world.env, world.now, before = there.env(hub), MONDAY, (len(there.postbox.envelopes), len(there.posts()))
    killed(world, chance, longest_s, seen)
    begun = time.monotonic()
    to_the_end(world, seen)
    taken_s = time.monotonic() - begun
    nothing_left_of(world, "w0")
    killed(world, chance, longest_s / 2, seen)
    to_the_end(world, seen)
    look_at_pages(hub, count, seen)
    look_at_messages(there, world, before, seen)
    return max(longest_s, taken_s)


def sweep(folder: Path, home: Path, *, kills: int, workstreams: int, seed: int) -> Counter[str]:
    """Kill that many calls, a fresh copy of the project for each few; returns what was seen, as figures."""
    chance, seen, number = random.Random(seed), Counter[str](), 0
    (folder / "servers").mkdir()
    template = worked(folder / "template", home, workstreams)
    with outside(folder / "servers") as there:
        longest_s = 4.0
        while seen["kills"] < kills:
            world = copied(template, folder / f"run-{number}", home)
            try:
                with github_server() as hub:
                    longest_s = once(world, there, hub, workstreams, chance, longest_s, seen)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}, copy {number}: {error}") from error
            shutil.rmtree(folder / f"run-{number}")
            number += 1
        seen["projects"] = number
    return seen


@pytest.mark.lane("kills")
def test_a_short_sweep_of_kills_publishes_everything_once(tmp_path: Path, sealed_world: Path) -> None:
    assert sweep(tmp_path, sealed_world, kills=2, workstreams=1, seed=1)["kills"] >= 2


@pytest.mark.lane("kills")
@pytest.mark.timeout(7200)
def test_a_hundred_kills_while_publishing_lose_nothing_and_repeat_nothing(
    tmp_path: Path, sealed_world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    seen = sweep(tmp_path, sealed_world, kills=100, workstreams=10, seed=seed)
    with capsys.disabled():
        print("", f"seed: {seed}", *(f"{what}: {number}" for what, number in seen.items()), sep="\n")
