"""Where a workstream starts, in every kind of clone: base, target, and what is on the remote afterwards.

In each row the user has a commit that was never pushed. Whatever happens, the remote never gets it.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.counterparts.forge import Forge, forge
from tests.world import TUESDAY, Done, World

BRANCH = "splinter/one"
TABLE = """
clone         | server  | remote  | checkout | ends as
full          | same    | online  | attached | 0 trunk
full          | same    | online  | detached | 0 trunk
full          | same    | online  | rebasing | 0 trunk
full          | same    | online  | linked   | 0 trunk
full          | renamed | online  | attached | 0 trunk-2
full          | changed | online  | attached | 0 other
full          | gone    | online  | attached | 3 -
full          | same    | offline | attached | 2 trunk
full          | renamed | offline | attached | 2 trunk
full          | same    | never   | attached | 2 trunk
single-branch | same    | online  | attached | 0 trunk
single-branch | changed | online  | attached | 0 other
shallow       | same    | online  | detached | 0 trunk
actions       | changed | online  | detached | 0 other
actions       | same    | never   | detached | 2 trunk
gitlab        | same    | online  | detached | 0 trunk
jenkins       | same    | online  | detached | 0 trunk
jenkins       | same    | offline | detached | 2 trunk
jenkins       | same    | never   | detached | 3 -
mirror        | same    | online  | attached | 0 trunk
by hand       | same    | online  | attached | 0 trunk
by hand       | changed | offline | attached | 2 trunk
by hand       | same    | never   | attached | 3 -
pushed        | same    | online  | detached | 0 trunk
pushed        | same    | online  | rebasing | 0 trunk
"""
CLONES = ("full", "single-branch", "shallow", "actions", "gitlab", "jenkins", "mirror", "by hand", "pushed")
SERVERS = ("same", "renamed", "changed", "gone")
REMOTES = ("online", "offline", "never")  # offline: it was reached by an earlier run; never: by none
CHECKOUTS = ("attached", "detached", "rebasing", "linked")
HAS_HEAD = ("full", "single-branch", "shallow")  # git writes `origin/HEAD` for these
SEES_ONE = ("actions", "gitlab", "pushed")  # of the remote they see one branch


@dataclass(frozen=True)
class Row:
    clone: str
    server: str
    remote: str
    checkout: str

    def ends_as(self) -> str:
        """Exit status of the first `doit` in this state, and the base."""
        if self.remote == "offline":
            return "2 trunk"
        if self.remote == "never":
            return "2 trunk" if self.clone in (*HAS_HEAD, *SEES_ONE) else "3 -"
        if self.server == "gone":
            return "3 -"
        return f"0 {self.default}"

    @property
    def default(self) -> str:
        return {"same": "trunk", "renamed": "trunk-2", "changed": "other"}.get(self.server, "-")


def rows() -> Iterator[tuple[Row, str]]:
    for line in TABLE.strip().splitlines()[1:]:
        *cells, ends_as = (cell.strip() for cell in line.split("|"))
        yield Row(*cells), ends_as


ROWS = dict(rows())
EVERY = itertools.chain(
    (Row(clone, server, remote, "attached") for clone in CLONES for server in SERVERS for remote in REMOTES),
    (Row(clone, "same", remote, checkout) for clone in CLONES for remote in REMOTES for checkout in CHECKOUTS[1:]),
)
DEEP = [pytest.param(row, id=str(row), marks=pytest.mark.lane("git")) for row in EVERY if row not in ROWS]
ORDINARY = {  # those that differ most; the lane `git` takes each kind of clone, server and checkout
    Row("full", "renamed", "online", "attached"),
    Row("full", "gone", "online", "attached"),
    Row("full", "same", "offline", "attached"),
    Row("shallow", "same", "online", "detached"),
    Row("actions", "changed", "online", "detached"),
}
SHOWN = [
    pytest.param(
        row, id=f"{row.clone}, {row.server}, {row.remote}, {row.checkout}",
        marks=() if row in ORDINARY else pytest.mark.lane("git"),
    )
    for row in ROWS
]  # fmt: skip


@pytest.fixture
def hub() -> Iterator[Forge]:
    with forge() as one:
        yield one


class Bench:
    """A server with two branches, and one clone of it, in which somebody has a commit of his own."""

    def __init__(self, folder: Path, home: Path, hub: Forge) -> None:
        self.folder, self.origin, self.hub = folder, folder / "origin.git", hub
        self.world = World(folder / "project", home)
        self.git, self.where, self.private = self.world.git, self.world.root, ""
        self.git("checkout", "-q", "-b", "trunk")
        self.world.workstream("one", title="T", when="always", steps=[{"id": "s", "run": "echo x >> a"}])
        self.world.commit()
        self.git("init", "-q", "--bare", "--initial-branch=trunk", str(self.origin))
        self.git("push", "-q", f"file://{self.origin}", "trunk")
        self.world.write("other.txt", "other\n")
        self.world.commit("on the other branch")
        self.git("push", "-q", f"file://{self.origin}", "HEAD:other")
        self.git("reset", "-q", "--hard", "HEAD~1")
        self.world.env |= hub.env

    def clone(self, kind: str) -> None:
        url, root, tip = f"file://{self.origin}", self.world.root, self.git("rev-parse", "HEAD")
        if kind not in ("by hand", "pushed"):
            shutil.rmtree(root)  # a machine without our records, too
            root.mkdir()
            self.git("init", "-q", "--initial-branch=mine") if kind in ("actions", "gitlab", "jenkins") else None
        if kind in ("actions", "gitlab", "jenkins", "by hand", "pushed"):
            self.git("remote", "add", "origin", url)
        calls = {
            "full": [("clone", "-q", url, ".")],
            "single-branch": [("clone", "-q", "--single-branch", url, ".")],
            "shallow": [("clone", "-q", "--depth=1", url, ".")],
            "actions": [("fetch", "-q", "--depth=1", "origin", f"+{tip}:refs/remotes/origin/trunk"), ("checkout", "-q", "-B", "trunk", "refs/remotes/origin/trunk")],
            "gitlab": [("fetch", "-q", "--depth=20", "origin", f"+{tip}:refs/pipelines/1", "+refs/heads/trunk:refs/remotes/origin/trunk"), ("checkout", "-q", tip)],
            "jenkins": [("fetch", "-q", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*"), ("checkout", "-q", tip)],
            "mirror": [("clone", "-q", "--mirror", url, ".git"), ("config", "core.bare", "false"), ("reset", "-q", "--hard")],
            "by hand": [],
            "pushed": [("push", "-q", "-u", "origin", "trunk")],
        }  # fmt: skip
        for call in calls[kind]:
            self.git(*call)

    def check_out(self, state: str) -> None:
        if state == "linked":
            self.where = self.folder / "linked"
            self.git("worktree", "add", "-q", "-b", "feature", str(self.where))
        elif state == "detached":
            self.git("checkout", "-q", "--detach")
        (self.where / "private.txt").write_text("never pushed\n")
        self.git("-C", str(self.where), "add", ".")
        self.git("-C", str(self.where), "commit", "-q", "-m", "private")
        self.private = self.git("-C", str(self.where), "rev-parse", "HEAD")
        if state == "rebasing":
            self.git("-c", "sequence.editor=sed -i s/pick/edit/", "rebase", "-q", "-i", "HEAD~1")

    def works_otherwise(self) -> None:
        """The workstream makes something else from now on, so that there is something to push."""
        file = self.where / "workstreams/one.yaml"
        file.write_text(file.read_text().replace("echo x", "echo y"))

    def change_server(self, state: str) -> None:
        words = {
            "renamed": ("branch", "-m", "trunk", "trunk-2"),
            "changed": ("symbolic-ref", "HEAD", "refs/heads/other"),
            "gone": ("update-ref", "-d", "refs/heads/trunk"),
        }.get(state)
        if words:
            self.there(*words)

    def there(self, *words: str, ok: bool = True) -> str:
        return self.git(f"--git-dir={self.origin}", *words, ok=ok)

    def tip(self, branch: str) -> str:
        return self.there("rev-parse", "-q", "--verify", f"refs/heads/{branch}", ok=False)

    def doit(self, *words: str) -> Done:
        return self.world.doit(*words, cwd=self.where)

    def offline(self) -> None:
        self.origin.rename(self.folder / "away.git")

    def online(self) -> None:
        (self.folder / "away.git").rename(self.origin)

    def base(self) -> str:
        """The base that the latest run recorded, with its name."""
        reports = sorted((self.world.root / "reports").glob("*-*/report.json"))
        if not reports:
            return "-"
        record = json.loads(reports[-1].read_text())["workstreams"][0]
        return record["base"] if record.get("base_commit") else "-"

    def assert_private(self) -> None:
        assert self.there("cat-file", "-t", self.private, ok=False) == ""
        assert "private.txt" not in self.there("log", "--all", "--name-only", "--format=")

    def assert_published_on(self, base: str) -> None:
        """The remote's branch is one commit of ours on that branch, and the pull request aims at it."""
        assert self.there("rev-parse", f"{BRANCH}~1") == self.tip(base)
        assert [(pull["head"]["ref"], pull["base"]["ref"]) for pull in self.hub.pulls] == [(BRANCH, base)]


@pytest.fixture
def bench(tmp_path: Path, sealed_world: Path, hub: Forge) -> Bench:
    return Bench(tmp_path, sealed_world, hub)


def test_the_table_says_what_its_rule_says() -> None:
    assert {row: row.ends_as() for row in ROWS} == ROWS


@pytest.mark.parametrize("row", [*SHOWN, *DEEP])
def test_a_workstream_starts_from_the_remote_and_nothing_private_is_published(row: Row, bench: Bench) -> None:
    bench.clone(row.clone)
    bench.check_out(row.checkout)
    if row.remote == "offline":
        assert bench.doit().status == 0
        bench.assert_published_on("trunk")
        bench.works_otherwise()
    old = bench.tip(BRANCH)
    bench.change_server(row.server)
    if row.remote != "online":
        bench.offline()
    done = bench.doit()
    assert f"{done.status} {bench.base()}" == row.ends_as(), done.out + done.err
    if row.remote != "online":
        bench.online()
        bench.assert_private()
        assert bench.tip(BRANCH) == old
        done = bench.doit()
        assert done.status == (3 if row.server == "gone" else 0), done.out + done.err
    bench.assert_private()
    if row.server == "gone":
        assert bench.tip(BRANCH) == old
    else:
        bench.assert_published_on(row.default)


def built_without_a_remote(bench: Bench) -> None:
    """A result on a private commit, made before there was any remote; then there is one."""
    bench.check_out("attached")
    assert bench.doit().status == 0
    bench.git("remote", "add", "origin", f"file://{bench.origin}")
    bench.git("fetch", "-q", "origin")


def test_what_was_built_on_a_private_commit_is_not_pushed_whoever_decided_it(bench: Bench) -> None:
    built_without_a_remote(bench)
    done = bench.doit("run", "pr")
    assert done.status == 2
    assert (
        f"splinter/one was not pushed: it stands on {bench.private[:12]}, which is not ours and which no branch fetched "
        "from origin holds; push that commit yourself if it is to be public, or take it off the branch"
    ) in done.out
    assert bench.tip(BRANCH) == ""
    bench.git("push", "-q", "origin", "HEAD:refs/heads/mine")
    assert bench.doit("run", "pr").status == 0
    assert bench.there("rev-parse", f"{BRANCH}~1") == bench.private


def test_a_persons_commits_on_the_branch_are_pushed_and_what_they_merged_from_elsewhere_is_not(bench: Bench) -> None:
    bench.clone("full")
    bench.check_out("attached")
    assert bench.doit().status == 0
    old = bench.tip(BRANCH)
    bench.git("checkout", "-q", BRANCH)
    bench.git("commit", "-q", "--allow-empty", "-m", "by a person")
    bench.git("merge", "-q", "--no-edit", bench.private)
    bench.git("checkout", "-q", "trunk")
    done = bench.doit("run", "-a", "pr:one")
    assert f"it stands on {bench.private[:12]}" in done.out
    assert (done.status, bench.tip(BRANCH)) == (2, old)
    bench.git("branch", "-f", BRANCH, f"{BRANCH}~1")
    assert bench.doit("run", "-a", "pr:one").status == 0
    assert bench.there("log", "-2", "--format=%s", BRANCH).splitlines() == ["by a person", "T (s)"]
    bench.assert_private()


def test_a_run_of_actions_for_another_branch_publishes_nothing_and_says_so(bench: Bench) -> None:
    bench.clone("full")
    bench.world.env |= {"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/trunk"}
    assert bench.doit().status == 0
    tip, writes = bench.tip(BRANCH), len(bench.hub.pulls)
    bench.git("checkout", "-q", "-b", "other", "origin/other")
    bench.world.workstream("one", title="T2", base="other", when="always", steps=[{"id": "s", "run": "echo y >> a"}])
    bench.world.env["GITHUB_REF"] = "refs/heads/other"
    done = bench.doit()
    assert done.status == 0, done.out
    assert "this is a run for refs/heads/other; only one for trunk, the default branch, publishes" in done.out
    assert (bench.tip(BRANCH), len(bench.hub.pulls)) == (tip, writes)
    bench.assert_published_on("trunk")


@pytest.mark.lane("git")
@pytest.mark.parametrize("ci", ["", "true"])
def test_the_same_result_of_a_fresh_clone_leaves_the_remote_as_it_is(bench: Bench, ci: str) -> None:
    bench.world.env["CI"] = ci
    bench.clone("full")
    assert bench.doit().status == 0
    tip = bench.tip(BRANCH)
    bench.clone("full")
    bench.world.now = TUESDAY
    done = bench.doit()
    assert done.status == 0, done.out
    assert (bench.tip(BRANCH), bench.git("rev-parse", BRANCH)) == (tip, tip)
    assert len(bench.hub.pulls) == 1


@pytest.mark.lane("git")
def test_a_default_branch_at_the_same_commit_is_followed_by_the_pull_request(bench: Bench) -> None:
    bench.clone("full")
    assert bench.doit().status == 0
    bench.there("branch", "main", "trunk")
    bench.there("symbolic-ref", "HEAD", "refs/heads/main")
    tip = bench.tip(BRANCH)
    assert bench.doit().status == 0
    bench.assert_published_on("main")
    assert bench.tip(BRANCH) == tip


@pytest.mark.lane("git")
def test_what_is_not_due_asks_nobody(bench: Bench) -> None:
    bench.clone("full")
    bench.world.workstream("one", title="T", when="once", steps=[{"id": "s", "run": "echo x >> a"}])
    assert bench.doit().status == 0
    bench.offline()
    done = bench.doit()
    assert (done.status, done.out[:8]) == (0, "nothing ")


@pytest.mark.parametrize(
    ("kind", "shown", "said"),
    [
        ("full", "origin/trunk", "origin/trunk is as last seen; a run asks origin."),
        ("by hand", "origin/HEAD", "The default branch of origin was never seen here; a run asks for it."),
    ],
)
def test_commands_that_look_reach_no_network_and_say_what_they_know(
    bench: Bench, kind: str, shown: str, said: str
) -> None:
    bench.clone(kind)
    bench.offline()
    assert bench.doit("plan").out == f"one  due  it never ran\n{said}\n"
    assert bench.doit("why", "one").out == f"one is due:\n  it never ran\n{said}\n"
    told = bench.doit("run", "--dry-run").out
    assert f".. one:prepare  would start from {shown}: work tree, tools, preflight\n     {said}\n" in told
    base = shown.removeprefix("origin/") if kind == "full" else shown
    assert f"     | head: {BRANCH}\n     | base: {base}\n" in told


def test_what_is_ahead_of_the_remote_is_noted_and_a_missing_file_is_explained(bench: Bench) -> None:
    bench.clone("full")
    bench.check_out("attached")
    step = {"id": "s", "run": ["python3", "private.txt"]}
    bench.world.workstream("one", title="T", when="always", steps=[step])
    done = bench.doit()
    assert done.status == 1
    assert "trunk is 1 commit ahead of origin/trunk; that is not in this run.\n" in done.out
    assert (
        "private.txt is in your checkout and not in this run: neither on origin/trunk nor listed in .worktreeinclude\n"
    ) in done.out
    bench.git("push", "-q", "origin", "trunk")
    done = bench.doit()
    assert "ahead of" not in done.out + (bench.world.root / "reports/latest/report.md").read_text()
    assert "in your checkout" not in done.out
