"""Lane `act`: the nightly that `doit init` writes, unedited, under an Actions runner: nights that are good, bad and broken.

    pytest --lane act tests/lanes/test_nightly.py

splinter is built from this checkout and installed as a release is. What stands in for GitHub: `tests/counterparts/`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests import paths
from tests.counterparts import TOKEN
from tests.counterparts.actions_runner import Runner
from tests.counterparts.github_server import GitHubServer, github_server
from tests.counterparts.scripted import Answer, Scripted, scripted
from tests.stories.test_canary import mails

PING = "/ping/made-up-uuid-for-tests"
HOLDS_THE_LOCK = """
cat > "$RIG_STORE/hold.py" <<'END'
import pathlib, time
from datetime import UTC, datetime
from splinter.system.locks import RunLock
lock = RunLock(pathlib.Path(".git").resolve())
lock.acquire(datetime.now(UTC))
pathlib.Path(".git/held").touch()
while not (pathlib.Path(__file__).parent / "let-go").exists():
    time.sleep(0.1)
END
setsid "$RIG_PYTHON/python" "$RIG_STORE/hold.py" > /dev/null 2>&1 < /dev/null &
until [ -e .git/held ]; do sleep 0.1; done
"""
# what holds the lock is the doit that runs this: the file was written last
KILLS_DOIT = """
holder=$(find '{}' -name splinter.holder.json -printf '%T@ %p\\n' | sort -n | tail -1 | cut -d' ' -f2)
kill -9 $(sed 's/.*"pid": \\([0-9]*\\).*/\\1/' "$holder")
"""

pytestmark = [pytest.mark.lane("act"), pytest.mark.timeout(600)]


def call(*command: str | Path, cwd: Path | None = None, **env: str) -> str:
    done = subprocess.run([*map(str, command)], cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a Python that has splinter from an index, or what pip takes for one."""
    folder = tmp_path_factory.mktemp("released")
    call(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder / "house", paths.ROOT)
    call(sys.executable, "-m", "venv", folder / "venv")
    links = f"{os.environ.get('PIP_FIND_LINKS', '')} {folder / 'house'}".strip()
    call(folder / "venv/bin/python", "-m", "pip", "install", "--quiet", "doit-splinter", PIP_FIND_LINKS=links)
    return folder / "venv/bin"


@dataclass
class Rig:
    """A repository of a user's on its way through nights, and all that a night speaks to."""

    runner: Runner
    user: Path
    hub: GitHubServer
    slack: Scripted
    pings: Scripted
    letters: list[str]

    def git(self, *arguments: str) -> str:
        return call("git", *arguments, cwd=self.user)

    def workstream(self, id: str, step: str, **fields: object) -> None:
        document = {"id": id, "title": f"Title of {id}", "steps": [{"id": "write", "run": step}], **fields}
        (self.user / f"workstreams/{id}.yaml").write_text(yaml.safe_dump(document))

    def push(self, message: str = "by the user") -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        self.git("push", "--quiet", "origin", "HEAD")

    def night(self, event: str = "schedule", **more: object) -> subprocess.CompletedProcess[str]:
        self.slack.asked.clear()
        self.pings.asked.clear()
        self.letters.clear()
        return self.runner.run(event, **more)  # type: ignore[arg-type]

    def pinged(self) -> list[str]:
        return [one.path.partition("?")[0] for one in self.pings.asked]

    def remote(self) -> dict[str, str]:
        form = "--format=%(refname) %(objectname)"
        lines = call("git", "-C", self.runner.origin, "for-each-ref", form, "refs/heads").splitlines()
        return dict(line.split() for line in lines)


@pytest.fixture
def rig(tmp_path: Path, released: Path) -> Iterator[Rig]:
    origin, user = tmp_path / "origin.git", tmp_path / "user"
    call("git", "init", "--quiet", "--bare", "--initial-branch=main", origin)
    call("git", "clone", "--quiet", origin, user)
    (user / "README.md").write_text("hello\n")
    call("git", "add", ".", cwd=user)
    call("git", "commit", "--quiet", "-m", "the repository", cwd=user)
    call(released / "doit", "init", cwd=user)
    ok = lambda asked: Answer(200, "ok")  # noqa: E731
    with (
        github_server(name="octo/project", remote=origin) as hub,
        scripted(ok) as slack, scripted(ok) as pings, mails() as (port, letters),
    ):  # fmt: skip
        runner = Runner(
            tmp_path / "actions", origin, released,
            secrets={
                "GITHUB_TOKEN": TOKEN, "SLACK_WEBHOOK_URL": f"{slack.url}/services/T1/B2/made-up-for-tests",
                "HEALTHCHECK_URL": f"{pings.url}/ping/made-up-uuid-for-tests",
            },
            variables={
                "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_SECURITY": "none",
                "REPORT_RECIPIENTS": "team@example.org",
            },
            env={"GITHUB_API_URL": hub.url, "SPLINTER_SANDBOX": "off", "RIG_THEN": ""},
        )  # fmt: skip
        runner.store.mkdir(parents=True)
        yield Rig(runner, user, hub, slack, pings, letters)


def test_a_fresh_repository_has_a_green_night_and_then_an_idle_one(rig: Rig) -> None:
    rig.push("set up by doit init")
    before = rig.remote()
    first = rig.night()
    assert first.returncode == 0, first.stdout + first.stderr
    assert "final-newlines:accept  unchanged" in first.stdout
    assert rig.pinged() == [f"{PING}/start", PING]
    assert len(rig.slack.asked) == 1
    assert "1 unchanged" in rig.letters[0]
    assert len(list((rig.runner.artifacts() / "report/reports").glob("*/index.html"))) == 1
    assert list((rig.runner.artifacts() / "report/.splinter/runs").glob("*/final-newlines/*.log"))
    second = rig.night()
    assert second.returncode == 0, second.stdout + second.stderr
    assert "night/plan.json: 0 workstreams to run" in second.stdout
    assert "final-newlines:accept" not in second.stdout
    assert rig.pinged() == [f"{PING}/start", PING]
    assert not rig.slack.asked
    assert not rig.letters
    assert rig.remote() == before
    assert not rig.hub.pulls


def test_a_failing_workstream_is_told_and_the_good_one_is_proposed_once(rig: Rig) -> None:
    rig.workstream("good", "echo made > made.txt", when="daily")
    rig.workstream("bad", "echo it broke; exit 7", when="daily")
    rig.push()
    first = rig.night()
    assert first.returncode != 0
    assert rig.pinged()[-1] == f"{PING}/fail"
    assert len([one for one in rig.letters if one.startswith("Subject: ") or "\nSubject: " in one]) == 1, "one mail"
    assert "1 failed" in rig.letters[0]
    assert "https://github.com/octo/project/actions/runs/1" in rig.letters[1]
    assert [one["head"]["ref"] for one in rig.hub.pulls.values()] == ["splinter/good"]
    assert list((rig.runner.artifacts() / "report/.splinter/runs").glob("*/bad/*.log"))
    tips = rig.remote()
    rig.night()
    assert rig.remote() == tips
    rig.runner.forget_caches()
    rig.night()
    assert rig.remote() == tips, "a lost cache makes the same tree again, and pushes nothing"
    assert len(rig.hub.pulls) == 1


def test_a_night_whose_work_is_killed_says_what_it_did_not_come_to(rig: Rig) -> None:
    """doit itself is killed, in the first step: nothing of it is recorded."""
    (rig.user / "workstreams/first.yaml").unlink()
    rig.workstream("begun", KILLS_DOIT.format(rig.runner.folder), when="daily")
    rig.workstream("later", "echo made > made.txt", when="daily", depends_on=["begun"])
    rig.push()
    night = rig.night()
    assert night.returncode != 0
    assert rig.pinged() == [f"{PING}/start", f"{PING}/fail"]
    assert "2 interrupted" in rig.letters[0]
    slots = call("git", "-C", rig.runner.origin, "for-each-ref", "--format=%(contents:subject)", "refs/splinter/slots")
    assert [line.rpartition(" ")[2] for line in slots.splitlines()] == ["released"] * 2
    rig.workstream("begun", "echo begun > begun.txt", when="daily")
    rig.push()
    assert rig.night().returncode == 0
    assert sorted(one["head"]["ref"] for one in rig.hub.pulls.values()) == ["splinter/begun", "splinter/later"]


def test_a_night_with_invalid_files_is_told_with_the_line(rig: Rig) -> None:
    (rig.user / "workstreams/docs.yaml").write_text("id: docs\ntitle: Docs\nsteps: [{prompt: x, tool: cluade-code}]\n")
    rig.push()
    night = rig.night()
    assert night.returncode != 0
    assert f"{PING}/fail" in rig.pinged()
    assert "workstreams/docs.yaml:3:" in rig.letters[0] + rig.letters[1]
    assert b"workstreams/docs.yaml:3:" in rig.slack.asked[0].body
    assert "::error file=workstreams/docs.yaml,line=3" in night.stdout or "docs.yaml" in night.stdout


def test_a_night_that_meets_a_lock_is_told(rig: Rig) -> None:
    rig.push()
    rig.runner.env["RIG_THEN"] = HOLDS_THE_LOCK
    try:
        night = rig.night()
    finally:
        (rig.runner.store / "let-go").touch()
    assert night.returncode != 0
    assert f"{PING}/fail" in rig.pinged()
    assert "another run holds the lock" in rig.letters[0].replace("\n", "")


def test_what_a_person_asks_for_by_hand(rig: Rig) -> None:
    for id in ("one", "two"):
        rig.workstream(id, f"echo {id} > {id}.txt", when="once")
    rig.push()
    dry = rig.night(
        "workflow_dispatch", inputs={"workstreams": "one", "again": "false", "dry_run": "true", "shards": "1"}
    )
    assert dry.returncode == 0, dry.stdout
    assert "would run" in dry.stdout
    assert not rig.pings.asked
    assert not rig.hub.pulls
    named = rig.night(
        "workflow_dispatch", inputs={"workstreams": "one", "again": "false", "dry_run": "false", "shards": "1"}
    )
    assert named.returncode == 0, named.stdout
    assert [one["head"]["ref"] for one in rig.hub.pulls.values()] == ["splinter/one"]
    again = rig.night(
        "workflow_dispatch", inputs={"workstreams": "one", "again": "true", "dry_run": "false", "shards": "1"}
    )
    assert "one:write  " in again.stdout, "it ran again"
    tips, pulls = rig.remote(), len(rig.hub.pulls)
    rig.git("checkout", "-q", "-b", "feature")
    rig.workstream("one", "echo other > one.txt", when="once")
    rig.push()
    other = rig.night(
        "workflow_dispatch",
        branch="feature",
        inputs={"workstreams": "", "again": "false", "dry_run": "false", "shards": "1"},
    )
    assert "only one for main, the default branch, publishes" in other.stdout
    assert {**rig.remote(), "refs/heads/feature": ""} == {**tips, "refs/heads/feature": ""}
    assert len(rig.hub.pulls) == pulls


def test_four_shards_are_one_night(rig: Rig) -> None:
    for id in ("a", "b", "c", "d"):
        rig.workstream(id, f"echo {id} > {id}.txt", when="once")
    (rig.user / "workstreams/first.yaml").unlink()
    rig.push()
    inputs = {"workstreams": "", "again": "false", "dry_run": "false", "shards": "4"}
    night = rig.night("workflow_dispatch", inputs=inputs)
    assert night.returncode == 0, night.stdout
    assert "4 shards of 4 taken over" in night.stdout
    assert sorted(one["head"]["ref"] for one in rig.hub.pulls.values()) == [f"splinter/{id}" for id in "abcd"]
    assert "4 changed" in rig.letters[0]
    assert rig.pinged() == [f"{PING}/start", PING]
    tips = rig.remote()
    idle = rig.night("workflow_dispatch", inputs=inputs)
    assert idle.returncode == 0, idle.stdout
    assert "0 workstreams to run" in idle.stdout
    assert rig.remote() == tips


def test_the_callable_variant_of_the_docs_is_called(rig: Rig) -> None:
    page = (paths.ROOT / "docs/automation-setup.md").read_text("utf-8")
    lines, caller = re.findall(r"```yaml\n(.*?)```", page[page.index("Several repositories can call") :], re.DOTALL)[:2]
    own = rig.user / ".github/workflows/scheduled-orchestrator.yml"
    whole = own.read_text()
    start, end = whole.index("on:\n"), whole.index("defaults:")
    kept = whole[whole.index("permissions: {}") : whole.index("env:\n")]
    (own.parent / "nightly.yml").write_text(whole[:start] + lines + kept + whole[end:])
    version = re.search(r"doit-splinter==[0-9.]+", whole)
    assert version
    own.write_text("name: caller\n" + re.sub(r"doit-splinter==[0-9.]+", version[0], caller))
    rig.push()
    night = rig.night()
    assert night.returncode == 0, night.stdout
    assert "final-newlines:accept  unchanged" in night.stdout
    assert rig.pinged() == [f"{PING}/start", PING]
