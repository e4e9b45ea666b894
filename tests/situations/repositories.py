"""Rows on the repository and its remote: names in the way, checkouts, shallow, packed, sha256, a remote that refuses."""

from __future__ import annotations

import os
import shutil
import sys

from tests.situations.scene import OURS, SECOND, Scene, Story


def branch_deleted_on_the_remote(hub: Scene) -> Story:
    hub.git(f"--git-dir={hub.origin}", "branch", "-D", "splinter/w")
    hub.edit()
    yield
    hub.both()
    assert hub.hub.states() == ["open"]


def pushes_that_go_elsewhere(hub: Scene) -> Story:
    old, fork = hub.both(), hub.folder / "fork.git"
    hub.git("clone", "-q", "--bare", str(hub.origin), str(fork))
    hub.git("config", "remote.origin.pushurl", str(fork))
    hub.there("echo 4 >> x.txt; git commit -qam theirs")  # on the branch of that name which is not pushed to
    kept = hub.remote()
    hub.edit()
    done = yield
    assert "was not pushed" not in done.out
    assert hub.git(f"--git-dir={fork}", "rev-parse", "refs/heads/splinter/w") == hub.local() != old
    assert hub.remote() == kept
    hub.edit(f"{SECOND}; echo more > more.txt")
    assert hub.doit().status == 0
    assert hub.git(f"--git-dir={fork}", "rev-parse", "refs/heads/splinter/w") == hub.local()


def tag_of_the_same_name(hub: Scene) -> Story:
    hub.git("tag", "splinter/w", "main")
    hub.git("push", "--quiet", "origin", "refs/tags/splinter/w")
    hub.edit()
    yield
    hub.both()
    assert hub.file("x.txt") == "1\n2\nthree"
    assert hub.local("refs/tags/splinter/w") == hub.local("refs/heads/main")


def ref_on_the_remote_that_ends_in_the_same_name(hub: Scene) -> Story:
    hub.git(f"--git-dir={hub.origin}", "update-ref", "refs/backup/refs/heads/splinter/w", "main")
    hub.edit()
    yield
    hub.both()


def branch_below_ours_here(local: Scene) -> Story:
    local.git("branch", "-D", "splinter/w")
    local.git("branch", "splinter/w/mine", "main")
    yield
    assert local.message() == (
        'splinter/w cannot be made, since the branch splinter/w/mine is there; "git branch -m splinter/w/mine NEW-NAME" '
        "frees the name, then run doit again"
    )


def branch_above_ours_here(local: Scene) -> Story:
    local.git("branch", "-D", "splinter/w")
    local.git("branch", "splinter", "main")
    yield
    assert '"git branch -m splinter NEW-NAME" frees the name' in local.message()


def branch_below_ours_on_the_remote(hub: Scene) -> Story:
    for words in (("-D", "splinter/w"), ("splinter/w/mine", "main")):
        hub.git(f"--git-dir={hub.origin}", "branch", *words)
    pulls = hub.hub.pulls()
    hub.edit()
    done = yield
    assert "splinter/w was not pushed" in done.out
    assert hub.hub.pulls() == pulls
    assert hub.subjects() == [OURS]
    assert hub.remote("splinter/w/mine") == hub.remote("main")


def packed_refs(hub: Scene) -> Story:
    for folder in (hub.world.root / ".git", hub.origin):
        hub.git(f"--git-dir={folder}", "pack-refs", "--all")
        hub.git(f"--git-dir={folder}", "gc", "--quiet", "--prune=now")
    hub.edit()
    yield
    hub.both()
    assert hub.subjects() == [OURS]


def detached_head(hub: Scene) -> Story:
    hub.git("checkout", "--quiet", "--detach")
    hub.git("commit", "--quiet", "--allow-empty", "-m", "private")
    hub.edit(base="main")
    yield
    hub.both()
    assert hub.git("rev-parse", "splinter/w~1") == hub.remote("main")


def branch_checked_out_elsewhere(local: Scene) -> Story:
    tip, other = local.local(), local.folder / "other"
    local.git("worktree", "add", "--quiet", str(other), "splinter/w")
    local.edit()
    yield
    assert local.local() == tip
    assert local.message() == (
        f'splinter/w is checked out in {other} and is not moved; "git -C {other} switch --detach" frees it, '
        "then run doit again"
    )
    local.git("-C", str(other), "switch", "--quiet", "--detach")
    local.world.new_calls()
    assert local.doit().status == 0
    assert local.world.calls() == []
    assert local.file("x.txt") == "1\n2\nthree"


def branch_checked_out_and_nothing_new(local: Scene) -> Story:
    tip = local.local()
    local.git("worktree", "add", "--quiet", str(local.folder / "other"), "splinter/w")
    local.tomorrow()
    yield
    assert local.local() == tip


def branch_in_the_middle_of_a_rebase(local: Scene) -> Story:
    other = local.folder / "other"
    local.git("worktree", "add", "--quiet", str(other), "splinter/w")
    local.sh(other, "git -c sequence.editor='sed -i s/pick/edit/' rebase -q -i HEAD~1")
    tip = local.local()
    local.edit()
    yield
    assert local.local() == tip
    local.sh(other, "git rebase --continue")
    assert local.local() == tip


def branch_below_a_rebase_that_updates_refs(local: Scene) -> Story:
    other = local.folder / "other"
    local.git("worktree", "add", "--quiet", "-b", "on-top", str(other), "splinter/w")
    local.sh(other, "git commit -q --allow-empty -m top")
    local.sh(other, "git -c sequence.editor='sed -i 1s/pick/edit/' rebase -q -i --update-refs HEAD~2")
    tip = local.local()
    local.edit()
    yield
    assert local.local() == tip
    assert f"is being rebased in {other}" in local.message()


def branch_of_a_work_tree_that_is_gone(local: Scene) -> Story:
    tip, other = local.local(), local.folder / "other"
    local.git("worktree", "add", "--quiet", str(other), "splinter/w")
    shutil.rmtree(other)
    local.edit()
    yield
    assert local.local() == tip
    assert 'which is not there any more, and is not moved; "git worktree prune" frees it' in local.message()
    local.git("worktree", "prune")
    assert local.doit().status == 0


def branch_of_the_remote_checked_out_under_another_name(hub: Scene) -> Story:
    old = hub.both()
    hub.git("fetch", "--quiet", "origin")
    hub.git("worktree", "add", "--quiet", "-b", "review", str(hub.folder / "other"), "origin/splinter/w")
    hub.edit()
    yield
    assert hub.both() != old
    assert hub.local("refs/heads/review") == old
    assert hub.git("-C", str(hub.folder / "other"), "status", "--porcelain") == ""


def the_users_checkout_is_on_the_branch(local: Scene) -> Story:
    tip = local.local()
    local.git("checkout", "--quiet", "splinter/w")
    local.tomorrow()
    yield
    assert local.local() == tip


def the_users_checkout_is_on_the_branch_of_a_trunk(local: Scene) -> Story:
    tip = local.local()
    local.git("branch", "-m", "main", "trunk")
    local.git("checkout", "--quiet", "splinter/w")
    local.tomorrow()
    done = yield
    assert 'the checkout is on "splinter/w", which is a workstream\'s own branch; name the branch' in done.err
    assert local.local() == tip


def push_refused_by_a_hook(hub: Scene) -> Story:
    old, pulls = hub.both(), hub.hub.pulls()
    hook = hub.origin / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no pushes on Mondays' >&2\nexit 1\n")
    hook.chmod(0o755)
    hub.edit()
    done = yield
    assert "splinter/w was not pushed" in done.out
    assert "no pushes on Mondays" in done.out
    assert (hub.remote(), hub.hub.pulls()) == (old, pulls)
    assert hub.file("x.txt") == "1\n2\nthree"
    hook.unlink()
    hub.world.new_calls()
    assert hub.doit().status == 0
    assert hub.world.calls() == []
    hub.both()


def push_refused_since_it_rewrites(hub: Scene) -> Story:
    old = hub.both()
    hub.git(f"--git-dir={hub.origin}", "config", "receive.denyNonFastForwards", "true")
    hub.edit()
    done = yield
    assert "splinter/w was not pushed" in done.out
    assert hub.remote() == old


def push_between_our_look_and_our_push(hub: Scene) -> Story:
    folder = hub.folder / "bin"
    folder.mkdir()
    real = shutil.which("git")
    there = hub.git("commit-tree", "splinter/w^{tree}", "-p", "splinter/w", "-m", "in between")
    hub.git("push", "--quiet", "origin", f"{there}:refs/heads/parked")
    (folder / "git").write_text(
        f"#!{sys.executable}\nimport os, subprocess, sys\n"
        f"if 'push' in sys.argv:\n"
        f"    subprocess.run([{real!r}, '--git-dir={hub.origin}', 'update-ref', 'refs/heads/splinter/w', '{there}'])\n"
        f"os.execv({real!r}, [{real!r}, *sys.argv[1:]])\n"
    )
    (folder / "git").chmod(0o755)
    hub.world.env["PATH"] = f"{folder}:{os.environ['PATH']}"
    hub.edit()
    done = yield
    assert "splinter/w was not pushed" in done.out
    assert hub.remote() == there
    del hub.world.env["PATH"]
    assert hub.doit().status == 0
    hub.both()
    assert hub.subjects() == [OURS, "in between"]


def remote_out_of_reach(hub: Scene) -> Story:
    hub.git("fetch", "--quiet", "origin")
    hub.origin.rename(hub.folder / "gone.git")
    hub.edit()
    done = yield
    (hub.folder / "gone.git").rename(hub.origin)
    assert "splinter/w was not pushed" in done.out
    assert "origin was not reached; main is as last seen" in (hub.world.root / "reports/latest/report.md").read_text()
    assert hub.subjects() == [OURS]


def remote_that_is_empty(empty: Scene) -> Story:
    empty.git("init", "--quiet", "--bare", "--initial-branch=main", str(empty.origin))
    empty.git("remote", "add", "origin", str(empty.origin))
    empty.edit()
    done = yield
    assert '"git push origin main" makes it' in done.out + done.err
    assert empty.world.branches() == []


def remote_with_pruning_set(hub: Scene) -> Story:
    for name in ("fetch.prune", "fetch.pruneTags", "push.followTags"):
        hub.git("config", name, "true")
    hub.git("tag", "-a", "-m", "mine", "mine", "main")
    hub.git("update-ref", "refs/remotes/origin/stale", "main")
    hub.there("echo newer > base.txt; git commit -qam newer", on="main")
    hub.edit()
    yield
    hub.both()
    assert hub.git(f"--git-dir={hub.origin}", "tag") == ""


def shallow_clone(hub: Scene) -> Story:
    hub.there("".join(f"git commit -q --allow-empty -m {number}\n" for number in range(4)), on="main")
    hub.there("echo n > notes.txt; git add .; git commit -qm mine")
    _cloned_anew(hub, "--depth=1")
    hub.world.env["GITHUB_TOKEN"] = ""
    hub.edit()
    yield
    assert hub.git("rev-parse", "--is-shallow-repository") == "true"
    assert hub.git("rev-parse", "splinter/w~1") == hub.remote("main")


def shallow_clone_that_pushes(hub: Scene) -> Story:
    hub.git(f"--git-dir={hub.origin}", "branch", "-D", "splinter/w")
    hub.there("".join(f"git commit -q --allow-empty -m {number}\n" for number in range(4)), on="main")
    _cloned_anew(hub, "--depth=1")
    hub.edit()
    assert hub.doit().status == 0
    hub.there("echo n > notes.txt; git add .; git commit -qm mine")
    base = hub.there("echo newer > base.txt; git commit -qam newer", on="main")
    hub.tomorrow()
    yield
    hub.both()
    assert hub.git("rev-parse", "--is-shallow-repository") == "true"
    assert hub.subjects(base) == [OURS, "mine"]


def another_machine_that_makes_the_same(hub: Scene) -> Story:
    there, pulls = hub.both(), hub.hub.pulls()
    _cloned_anew(hub)
    hub.tomorrow()
    hub.edit("printf '1\\n2\\n3\\n' > x.txt")
    yield
    assert hub.both() == there
    assert [one["number"] for one in hub.hub.pulls()] == [one["number"] for one in pulls]
    hub.edit(SECOND)
    assert hub.doit().status == 0
    hub.both()
    assert hub.subjects(hub.remote("main")) == [OURS]


def another_machine_that_makes_something_else(hub: Scene) -> Story:
    old = hub.both()
    _cloned_anew(hub)
    hub.edit(SECOND)
    done = yield
    assert f"splinter/w on origin holds a commit that is not ours ({old[:12]})" in done.out
    assert hub.remote() == old


def _cloned_anew(hub: Scene, *options: str) -> None:
    """The project as another machine has it: cloned, without records."""
    shutil.rmtree(hub.world.root)
    hub.world.root.mkdir()
    hub.git("clone", "--quiet", *options, f"file://{hub.origin}", ".")


def object_format_sha256(empty: Scene) -> Story:
    shutil.rmtree(empty.world.root / ".git")
    empty.git("init", "--quiet", "--object-format=sha256")
    empty.edit("printf '1\\n2\\n3\\n' > x.txt")
    empty.world.commit()
    assert empty.doit().status == 0
    empty.here("echo n > notes.txt; git add .; git commit -qm mine")
    empty.edit()
    yield
    assert len(empty.local()) == 64
    assert empty.subjects() == [OURS, "mine"]
