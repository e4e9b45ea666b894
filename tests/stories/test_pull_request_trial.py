"""`doit pr --test`: what works is said line by line, and nothing of it is left, whatever happens in between."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import deep
from tests.counterparts.forge import Forge, forge
from tests.counterparts.scripted import Answer, Asked
from tests.world import World, end_group, wait_for


@pytest.fixture
def github() -> Iterator[Forge]:
    with forge() as one:
        one.labels = ("bug", "docs")
        yield one


@pytest.fixture
def hosted(world: World, github: Forge, tmp_path: Path) -> World:
    """A project with a remote and a token; one of its workstreams could not even be run."""
    world.env |= github.env
    world.git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "origin.git"))
    world.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    world.workstream("tidy", pull_request={"labels": ["docs"]}, steps=[world.step("go", "true")])
    world.write("workstreams/broken.yaml", "id: [\n")
    world.commit()
    world.git("push", "--quiet", "origin", "main")
    return world


def lines(out: str) -> list[str]:
    """The first two words of each line, with the random part of the branch's name left out."""
    return [" ".join(line.split()[:2]) for line in out.splitlines()]


def branches(world: World) -> list[str]:
    found = world.git("ls-remote", "origin", "refs/heads/*").splitlines()
    return [line.split("\t")[1] for line in found]


def test_it_is_pushed_opened_labelled_commented_on_closed_and_deleted(hosted: World, github: Forge) -> None:
    pushed: list[str] = []

    def look(asked: Asked) -> None:
        if asked.method == "POST" and asked.path.endswith("/pulls"):
            (name,) = {*branches(hosted)} - {"refs/heads/main"}
            hosted.git("fetch", "--quiet", "origin", f"{name}:refs/test/seen")
            pushed.append(name)

    github.instead = look
    before = hosted.git("for-each-ref", "refs/heads", "refs/splinter")
    done = hosted.doit("pr", "--test", "--yes")
    assert done.status == 0, done.out + done.err
    assert lines(done.out) == [
        "ok push:", "ok open:", "ok label:", "ok comment:", "ok close:", "ok delete:", "all that"]  # fmt: skip
    assert "label: docs" in done.out, "one that a workstream asks for"
    (pull,) = github.pulls
    assert (pull["draft"], pull["state"], pull["base"]["ref"]) == (True, "closed", "main")
    assert pushed == [f"refs/heads/{pull['head']['ref']}"]
    assert pushed[0].startswith("refs/heads/splinter/test-")
    assert hosted.git("rev-parse", "refs/test/seen^") == hosted.git("rev-parse", "main")
    assert hosted.git("diff", "refs/test/seen^", "refs/test/seen") == ""
    assert github.writes == [
        ("POST", "/pulls"), ("POST", "/issues/1/labels"), ("POST", "/issues/1/comments"), ("PATCH", "/pulls/1")]  # fmt: skip
    assert branches(hosted) == ["refs/heads/main"]
    assert hosted.git("for-each-ref", "refs/heads", "refs/splinter") == before
    assert not (hosted.root / "reports").exists()


def test_what_the_token_lacks_is_said_and_the_rest_is_tried_and_removed(hosted: World, github: Forge) -> None:
    words = {"message": "Resource not accessible by personal access token"}
    needs = {"X-Accepted-GitHub-Permissions": "issues=write; pull_requests=write"}

    def refuse(asked: Asked) -> Answer | None:
        return Answer(403, words, needs) if asked.path.endswith("/labels") and asked.method == "POST" else None

    github.instead = refuse
    done = hosted.doit("pr", "--test", "--yes")
    assert done.status == 2
    assert lines(done.out) == [
        "ok push:", "ok open:", "problem label:", "ok comment:", "ok close:", "ok delete:", "did not"]  # fmt: skip
    assert "the token needs write access to issues or write access to pull requests" in done.out
    assert done.out.splitlines()[-1] == "did not work: label"
    assert (branches(hosted), github.pulls[0]["state"]) == (["refs/heads/main"], "closed")


@pytest.mark.parametrize("lost", deep.rows((True, False), "attacks", ordinary=(True,)))
def test_a_draft_that_was_not_opened_or_whose_answer_was_lost_leaves_nothing(
    hosted: World, github: Forge, lost: bool
) -> None:
    def refuse(asked: Asked) -> Answer | None:
        if asked.method != "POST" or not asked.path.endswith("/pulls"):
            return None
        if lost:
            github._answer(asked, asked.path)
        return Answer(502 if lost else 403, {"message": "no"})

    github.instead = refuse
    done = hosted.doit("pr", "--test", "--yes")
    assert done.status == 2
    assert lines(done.out) == ["ok push:", "problem open:", "ok close:", "ok delete:", "did not"]
    assert ("run `doit pr --test` again later" in done.out) == lost
    assert "doit run" not in done.out, "which would publish"
    assert branches(hosted) == ["refs/heads/main"]
    assert [pull["state"] for pull in github.pulls] == (["closed"] if lost else [])


def test_what_cannot_be_removed_is_named_with_the_command_that_removes_it(hosted: World, github: Forge) -> None:
    hook = hosted.root.parent / "origin.git/hooks/update"
    hook.write_text(f'#!/bin/sh\n[ "$3" != {"0" * 40} ] || {{ echo "no deletions" >&2; exit 1; }}\n')
    hook.chmod(0o755)
    done = hosted.doit("pr", "--test", "--yes")
    assert done.status == 2
    (left,) = (name.removeprefix("refs/heads/") for name in branches(hosted) if name != "refs/heads/main")
    assert f"`git push origin --delete {left}` deletes it" in done.out
    assert "no deletions" in done.out
    hook.unlink()
    done = hosted.doit("pr", "--test", "--yes")
    assert done.status == 0
    assert (
        f"note     {left}: it looks like one of a test that was cut off; `git push origin --delete {left}`" in done.out
    )


def test_a_push_that_is_refused_opens_nothing(hosted: World, github: Forge) -> None:
    hook = hosted.root.parent / "origin.git/hooks/update"
    hook.write_text('#!/bin/sh\necho "protected" >&2; exit 1\n')
    hook.chmod(0o755)
    done = hosted.doit("pr", "--test", "--yes")
    assert (done.status, lines(done.out)) == (2, ["problem push:", "ok delete:", "did not"])
    assert "protected" in done.out
    assert "the token needs the right to write Contents" in done.out
    assert github.pulls == []


def test_a_run_that_is_told_to_end_in_between_removes_all(hosted: World, github: Forge) -> None:
    at, go = threading.Event(), threading.Event()

    def stall(asked: Asked) -> None:
        if asked.path.endswith("/comments"):
            at.set()
            go.wait(30)

    github.instead = stall
    run = hosted.start("pr", "--test", "--yes")
    assert at.wait(60)
    run.send_signal(signal.SIGINT)
    wait_for(lambda: github.writes[-1][0] == "PATCH" or run.poll() is not None, "the draft to be closed")
    go.set()
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 130, out
    assert lines(out)[-2:] == ["ok close:", "ok delete:"], out
    assert (branches(hosted), github.pulls[0]["state"]) == (["refs/heads/main"], "closed")


@pytest.mark.lane("kills")
def test_told_to_end_twice_it_names_what_may_be_left_and_the_command_for_that_works(
    hosted: World, github: Forge
) -> None:
    at, go = {"comments": threading.Event(), "1": threading.Event()}, threading.Event()

    def stall(asked: Asked) -> None:
        event = at.get(asked.path.rsplit("/", 1)[1])
        if event and asked.method != "GET":
            event.set()
            go.wait(30)

    github.instead = stall
    run = hosted.start("pr", "--test", "--yes")
    for event in at.values():
        assert event.wait(60)
        run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=60)
    go.set()
    assert run.returncode == 130, out
    (left,) = (name.removeprefix("refs/heads/") for name in branches(hosted) if name != "refs/heads/main")
    by_hand = f"git push origin --delete {left}"
    assert f"{left} may be left on origin: `{by_hand}` deletes it" in out
    hosted.git(*by_hand.split()[1:])
    assert branches(hosted) == ["refs/heads/main"]


def test_nobody_is_surprised(hosted: World, github: Forge, world: World) -> None:
    done = hosted.doit("pr", "--test")
    assert done.status == 2
    assert done.err.startswith("This pushes an empty commit to origin as splinter/test-")
    assert done.err.endswith("Nobody can be asked here: `doit pr --test --yes` does it without asking.\n")
    assert hosted.doit("pr", "--test", "--yes", "--dry-run").out.startswith("This pushes an empty commit")
    done = hosted.doit("pr", "--test", "--yes", "report")
    assert (done.status, done.err) == (3, '"doit pr --test" does nothing else: leave out "report"\n')
    hosted.env["GITHUB_TOKEN"] = ""
    done = hosted.doit("pr", "--test", "--yes")
    assert (done.status, done.err) == (2, "there is no pull request to try: GITHUB_TOKEN is not set\n")
    hosted.git("remote", "remove", "origin")
    done = hosted.doit("pr", "--test", "--yes")
    assert (done.status, done.err) == (2, "there is no pull request to try: this repository has no remote\n")
    assert (github.writes, github.pulls) == ([], [])
    assert "--test" in hosted.doit("help", "pr").out


@pytest.mark.parametrize(("said", "status"), deep.rows((("y", 0), ("", 2)), "attacks", ordinary=(("y", 0),)))
def test_on_a_terminal_it_asks_first(hosted: World, github: Forge, said: str, status: int) -> None:
    github.labels = ()
    ours, theirs = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "doit", "pr", "--test"], cwd=hosted.root, env=hosted.environ(), start_new_session=True,
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, f"{said}\n".encode())
    try:
        assert run.wait(60) == status
        assert (b"note     label: not tried" in os.read(ours, 99_999)) == bool(said)
    finally:
        if run.poll() is None:
            end_group(run)
        os.close(ours)
    assert len(github.pulls) == (1 if said else 0)
