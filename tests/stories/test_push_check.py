"""What publishing was handed is not believed: each push is held again against the remote, the files and the scope."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests import deep
from tests.stories.test_unpublished import Night, night
from tests.world import TUESDAY

__all__ = ["night"]
TIDY = "splinter/tidy"
WORKFLOW = ".github/workflows/evil.yml"
CALL = ("run", "pr", "report", "healthcheck")


def there(night: Night, branch: str = TIDY) -> str:
    return night.world.git("ls-remote", str(night.origin), f"refs/heads/{branch}").split("\t")[0]


def plant(root: Path, ref: str, parent: str, *files: tuple[str, str], message: str = "tidy up") -> str:
    """A commit with more files as a ref, made without a checkout, as any command can that reaches the repository."""
    script = f"commit {ref}\ncommitter A Person <a@example.org> 0 +0000\ndata {len(message)}\n{message}\n"
    script += f"from {parent}\n" + "".join(
        f"M 100644 inline {path}\ndata {len(data)}\n{data}\n" for path, data in files
    )
    subprocess.run(["git", "fast-import", "--quiet", "--force"], cwd=root, input=script, text=True, check=True)
    return subprocess.check_output(["git", "rev-parse", ref], cwd=root, text=True).strip()


def work(night: Night) -> str:
    """The job that works: a result in scope, and nothing published; returns its tip."""
    night.world.workstream("tidy", steps=[{"id": "s", "run": "date +%s%N > tidy.txt"}], scope={"modify": ["*.txt"]})
    night.world.commit()
    night.world.git("push", "--quiet", "origin", "main")
    done = night.world.doit("run", "workstreams")
    assert done.status == 0, done.out + done.err
    return night.world.git("rev-parse", TIDY)


def forge_tip(night: Night, tip: str) -> None:
    """All that was handed over says that `tip` was accepted: doit's rows, the ref, the records."""
    old = night.world.git("rev-parse", TIDY)
    night.world.git("update-ref", f"refs/heads/{TIDY}", tip, ok=False)  # git itself lets no tag be a branch
    for file, table in ((".doit.db", "doit"), (".splinter/history.db", "workstreams")):
        db = sqlite3.connect(night.world.root / file)
        column = "task_data" if table == "doit" else "record"
        db.execute(f"update {table} set {column} = replace({column}, ?, ?)", (old, tip))
        db.commit()
        db.close()
    night.world.git("update-ref", "-d", "refs/splinter/accepted/tidy")
    night.world.git("update-ref", "refs/splinter/base/origin/main", tip, ok=False)  # "the remote has it"


def refused(night: Night, *words: str) -> None:
    """Nothing is pushed and no pull request opened, and everything that tells of the run says so."""
    before, pulls = there(night), len(night.github.pulls)
    done = night.world.doit(*CALL)
    assert done.status == 2, done.out + done.err
    report = (night.world.root / "reports/latest/report.md").read_text()
    for word in (f"{TIDY} was not pushed: ", *words):
        assert word in done.out, done.out
        assert word in report
    assert (there(night), len(night.github.pulls)) == (before, pulls)
    assert [path for path, _ in night.new_pings()] == ["/ping/fail"]


@pytest.mark.parametrize("is_in_ci", deep.rows((False, True), "attacks", ordinary=(True,)))
def test_a_commit_that_another_workstreams_step_put_on_top_is_not_pushed(night: Night, is_in_ci: bool) -> None:
    night.world.env |= {"CI": "true"} if is_in_ci else {}
    plant(night.world.root, f"refs/heads/{TIDY}", work(night), (WORKFLOW, "on: push\n"))
    refused(night, "came from nobody that is known" if is_in_ci else f"{WORKFLOW} is forbidden")


@pytest.mark.lane("attacks")
def test_in_ci_not_even_a_harmless_one_goes_along_and_elsewhere_a_persons_does(night: Night) -> None:
    tip = work(night)
    mine = plant(night.world.root, f"refs/heads/{TIDY}", tip, ("mine.md", "mine\n"))
    night.world.env["CI"] = "true"
    refused(night, f"1 commit on top of what was judged ({mine[:12]})")
    night.world.env["CI"] = "false"
    done = night.world.doit(*CALL)
    assert (done.status, there(night)) == (0, mine), done.out
    body = night.github.pulls[0]["body"]
    assert f"The checks judged commit `{tip[:12]}`.\n" in body or f"The steps made commit `{tip[:12]}`.\n" in body
    assert f"On top of it stands 1 commit of others: `{mine[:12]}`." in body


FORGED: list[tuple[list[tuple[str, str]], str]] = [
    ([(WORKFLOW, "on: push\n")], f"{WORKFLOW} is forbidden"),
    ([("more.txt", "x\n"), ("src.py", "x\n")], "src.py is not in scope to create"),
    ([("a.txt", "ghp_" + "Ab1" * 12 + "\n")], "a secret stands in a.txt"),
    ([("a.txt", "x\n")], "begins a history of its own"),
]


@pytest.mark.parametrize(("files", "why"), deep.rows(FORGED, "attacks", ordinary=(FORGED[0], FORGED[2])))
def test_what_is_handed_over_as_accepted_is_judged_by_the_files_of_the_checkout(
    night: Night, files: list[tuple[str, str]], why: str
) -> None:
    tip = work(night)
    night.world.env["CI"] = "true"
    forged = plant(night.world.root, "refs/forged", tip, *files)
    if "history" in why:
        orphan = night.world.git("commit-tree", f"{forged}^{{tree}}", "-m", "from nowhere")
        forged = night.world.git("commit-tree", f"{forged}^{{tree}}", "-p", forged, "-p", orphan, "-m", "merge")
    forge_tip(night, forged)
    refused(night, why)


def test_what_a_later_commit_takes_back_is_seen_in_the_one_before_it(night: Night) -> None:
    tip = work(night)
    evil = plant(night.world.root, "refs/forged", tip, ("key.txt", "ghp_" + "Ab1" * 12 + "\n"))
    forge_tip(night, night.world.git("commit-tree", f"{tip}^{{tree}}", "-p", evil, "-m", "nothing to see"))
    refused(night, f"a secret stands in key.txt of {evil[:12]}")


def test_a_tree_that_git_itself_would_refuse_is_not_pushed(night: Night) -> None:
    tip = work(night)
    blob = night.world.git("hash-object", "-w", "README.md")
    entries = subprocess.check_output(["git", "cat-file", "tree", f"{tip}^{{tree}}"], cwd=night.world.root)
    twice = b"100644 tidy.txt\0" + bytes.fromhex(blob)
    tree = subprocess.run(
        ["git", "hash-object", "-w", "-t", "tree", "--literally", "--stdin"], cwd=night.world.root,
        input=entries.replace(b"100644 tidy.txt", twice + b"100644 tidy.txt"), check=True, capture_output=True,
    ).stdout.decode().strip()  # fmt: skip
    forge_tip(night, night.world.git("commit-tree", tree, "-p", tip, "-m", "two of a name"))
    refused(night, "git index-pack failed")


@pytest.mark.lane("attacks")
def test_in_ci_a_persons_commits_of_the_remote_go_along_whatever_the_records_say(night: Night) -> None:
    """They are replayed on the next result; a forged record that calls them ours is not enough to drop them."""
    world = night.world
    world.env["CI"] = "true"
    tip = work(night)
    assert world.doit(*CALL).status == 0
    theirs = plant(night.origin, f"refs/heads/{TIDY}", tip, ("theirs.md", "theirs\n"))
    db = sqlite3.connect(world.root / ".splinter/history.db")
    db.execute(
        "insert into steps select run, workstream, step, replace(record, ?, ?) from steps where step = 's'",
        (tip, theirs),
    )
    db.commit()
    db.close()
    world.now = TUESDAY
    assert world.doit("run", "workstreams").status == 0
    world.git("update-ref", "refs/splinter/backups/tidy/forged", tip)
    assert world.git("rev-parse", TIDY) != tip
    done = world.doit(*CALL)
    assert done.status == 0, done.out
    world.git("fetch", "--quiet", "origin", TIDY)
    assert world.git("show", "FETCH_HEAD:theirs.md") == "theirs"
    assert world.git("log", "-1", "--format=%an", "FETCH_HEAD") == "A Person"
    world.now = "2026-11-25T02:00:00+00:00"
    assert world.doit("run", "workstreams").status == 0
    assert world.doit(*CALL).status == 0, "what stands on top here is the remote's, under other ids"
    world.git("fetch", "--quiet", "origin", TIDY)
    assert world.git("show", "FETCH_HEAD:theirs.md") == "theirs"


def test_in_ci_the_remote_is_asked_for_its_default_branch(night: Night) -> None:
    """Of refs that travelled as a bundle none says which it is, and the checkout has every branch."""
    work(night)
    night.world.git("push", "--quiet", "origin", "main:dev", "main:docs")
    night.world.git("remote", "set-head", "origin", "--delete")
    for ref in ("splinter/head/origin", "splinter/base/origin/main"):
        night.world.git("update-ref", "--no-deref", "-d", f"refs/{ref}")
    night.world.git("update-ref", "refs/splinter/head/origin", "main")
    night.world.env["CI"] = "true"
    done = night.world.doit(*CALL)
    assert done.status == 0, done.out
    assert night.github.pulls[0]["base"]["ref"] == "main"


@pytest.mark.lane("attacks")
def test_a_tag_is_no_commit(night: Night) -> None:
    tip = work(night)
    night.world.env["CI"] = "true"
    night.world.git("tag", "-a", "-m", "ghp_" + "Ab1" * 12, "tip", tip)
    forge_tip(night, night.world.git("rev-parse", "refs/tags/tip"))
    refused(night, "it is no commit")
