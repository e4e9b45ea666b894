"""Rows on our pull request: merged in three ways, closed, without its branch, brought up to date by a button."""

from __future__ import annotations

from tests.situations.scene import OURS, Scene, Story

SQUASHED = "git merge -q --squash origin/splinter/w; git commit -qm squashed"
MERGED = "git merge -q --no-ff --no-edit origin/splinter/w"
REBASED = "echo b > b.txt; git add .; git commit -qm b; git cherry-pick origin/splinter/w >/dev/null"


def _merged(hub: Scene, method: str, script: str, *, deletes: bool) -> None:
    hub.there(script, on="main")
    hub.hub.merge(method)
    if deletes:
        hub.git(f"--git-dir={hub.origin}", "branch", "-D", "splinter/w")
    hub.tomorrow()


def _nothing_new(hub: Scene, tip: str) -> None:
    assert hub.local() == tip
    assert hub.hub.states() == ["merged"]
    assert hub.hub.comments() == []


def pull_request_squash_merged(hub: Scene) -> Story:
    tip = hub.both()
    _merged(hub, "squash", SQUASHED, deletes=True)
    yield
    _nothing_new(hub, tip)
    assert hub.remote() == ""


def pull_request_merged(hub: Scene) -> Story:
    tip = hub.both()
    _merged(hub, "merge", MERGED, deletes=False)
    yield
    _nothing_new(hub, tip)
    assert hub.remote() == tip


def pull_request_rebased(hub: Scene) -> Story:
    tip = hub.both()
    _merged(hub, "rebase", REBASED, deletes=True)
    yield
    _nothing_new(hub, tip)
    assert hub.remote() == ""


def pull_request_squash_merged_and_then_another_change(hub: Scene) -> Story:
    _merged(hub, "squash", SQUASHED, deletes=True)
    hub.edit()
    yield
    hub.both()
    assert hub.hub.states() == ["merged", "open"]
    assert hub.git("rev-parse", "splinter/w~1") == hub.remote("main")
    assert hub.git("diff", "--stat", "splinter/w~1", "splinter/w").splitlines()[0].startswith("x.txt | 2 +-")


def pull_request_squash_merged_with_a_persons_commit(hub: Scene) -> Story:
    hub.there("echo n > notes.txt; git add .; git commit -qm mine")
    _merged(hub, "squash", SQUASHED, deletes=False)
    hub.edit()
    yield
    hub.both()
    assert hub.hub.states() == ["merged", "open"]
    assert hub.subjects(hub.remote("main")) == [OURS]
    assert "notes.txt" in hub.files()


def pull_request_closed_and_the_base_advanced(hub: Scene) -> Story:
    hub.hub.close()
    hub.there("echo newer > base.txt; git commit -qam newer", on="main")
    hub.tomorrow()
    done = yield
    assert hub.hub.states() == ["closed"]
    assert "#1 was closed without a merge" in done.out


def pull_request_closed_and_its_branch_deleted(hub: Scene) -> Story:
    hub.hub.close()
    hub.git(f"--git-dir={hub.origin}", "branch", "-D", "splinter/w")
    hub.there("echo newer > base.txt; git commit -qam newer", on="main")
    hub.tomorrow()
    yield
    assert hub.hub.states() == ["closed"]
    assert hub.remote() == ""
    assert hub.file("base.txt") == "newer"


def pull_request_closed_that_another_builds_on(hub: Scene) -> Story:
    hub.hub.close()
    hub.git(f"--git-dir={hub.origin}", "branch", "-D", "splinter/w")
    hub.world.workstream("v", depends_on=["w"], steps=[hub.world.step("t", "cat x.txt > y.txt")])
    hub.there("echo newer > base.txt; git commit -qam newer", on="main")
    hub.tomorrow()
    yield
    hub.both()
    assert [(one["head"]["ref"], one["base"]["ref"]) for one in hub.hub.pulls()] == [
        ("splinter/w", "main"),
        ("splinter/v", "splinter/w"),
    ]
    assert hub.hub.states() == ["closed", "open"]


def pull_request_closed_and_the_definition_edited(hub: Scene) -> Story:
    hub.hub.close()
    hub.git(f"--git-dir={hub.origin}", "branch", "-D", "splinter/w")
    hub.edit()
    yield
    hub.both()
    assert hub.hub.states() == ["closed", "open"]


def pull_request_opened_by_a_human(hub: Scene) -> Story:
    (pull,) = hub.hub.pulls()
    hub.hub.begin_anew()
    hub.hub.open({**pull, "title": "My own words", "body": "Please look.\r\n"}, is_draft=False)
    hub.edit()
    yield
    hub.both()
    (adopted,) = hub.hub.pulls()
    assert (adopted["title"], adopted["draft"]) == ("My own words", False)
    assert adopted["body"].startswith("Please look.\r\n")
    assert "x.txt" in adopted["body"]


def branch_brought_up_to_date_by_the_button(hub: Scene) -> Story:
    hub.there("echo newer > base.txt; git commit -qam newer", on="main")
    hub.there("git merge -q --no-ff --no-edit origin/main")
    base = hub.there("echo newest > base.txt; git commit -qam newest", on="main")
    hub.tomorrow()
    yield
    hub.both()
    assert hub.subjects(base) == [OURS]
    assert hub.file("base.txt") == "newest"
    assert hub.hub.states() == ["open"]


def pull_requests_words_changed_by_a_human(hub: Scene) -> Story:
    from tests.situations.scene import NAME

    (pull,) = hub.hub.pulls()
    body = f"Before.\r\n{pull['body']}\r\nBehind."
    hub.hub.call("PATCH", f"/repos/{NAME}/pulls/1", {"title": "Mine", "body": body})
    hub.edit()
    yield
    (now,) = hub.hub.pulls()
    assert now["title"] == "Mine"
    assert now["body"].startswith("Before.\r\n<!-- splinter")
    assert now["body"].endswith("\r\nBehind.")
