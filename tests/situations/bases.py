"""Rows on the base: it went on, was rewritten, renamed, deleted, or is of an unusual kind."""

from __future__ import annotations

from tests.situations.scene import FIRST, OURS, Scene, Story


def base_advanced(hub: Scene) -> Story:
    old, (pull,) = hub.both(), hub.hub.pulls()
    base = hub.there("echo newer > base.txt; git commit -qam newer", on="main")
    hub.tomorrow()
    yield
    assert hub.both() != old
    assert hub.git("rev-parse", "splinter/w~1") == base
    assert [one["number"] for one in hub.hub.pulls()] == [pull["number"]]
    assert hub.local("refs/heads/main") != base


def base_advanced_in_workstreams_alone(hub: Scene) -> Story:
    tip = hub.both()
    hub.there("echo '# a remark' >> workstreams/w.yaml; git commit -qam remark", on="main")
    hub.tomorrow()
    yield
    assert hub.both() == tip


def base_advanced_by_the_same_change(hub: Scene) -> Story:
    tip = hub.both()
    hub.there("printf '1\\n2\\n3\\n' > x.txt; git add .; git commit -qm same", on="main")
    hub.tomorrow()
    yield
    assert hub.both() == tip
    assert hub.hub.states() == ["closed"]


def base_force_pushed(hub: Scene) -> Story:
    hub.there("echo secret > dropped.txt; git add .; git commit -qm dropped", on="main")
    hub.edit()
    assert hub.doit().status == 0
    assert "dropped.txt" in hub.files()
    base = hub.there("git reset -q --hard HEAD~1; echo other > other.txt; git add .; git commit -qm other", on="main")
    hub.tomorrow()
    yield
    hub.both()
    assert hub.git("rev-parse", "splinter/w~1") == base
    assert hub.files() & {"dropped.txt", "other.txt"} == {"other.txt"}


def base_force_pushed_below_a_persons_commit(hub: Scene) -> Story:
    hub.there("echo secret > dropped.txt; git add .; git commit -qm dropped", on="main")
    hub.edit()
    assert hub.doit().status == 0
    hub.there("echo n > notes.txt; git add .; git commit -qm mine")
    base = hub.there("git reset -q --hard HEAD~1; echo other > other.txt; git add .; git commit -qm other", on="main")
    hub.tomorrow()
    yield
    hub.both()
    assert hub.subjects(base) == [OURS, "mine"]
    assert "dropped.txt" not in hub.files()


def base_without_a_common_history(hub: Scene) -> Story:
    base = hub.there("git checkout -q --orphan new; echo new > new.txt; git add .; git commit -qm anew", on="main")
    hub.tomorrow()
    yield
    hub.both()
    assert hub.git("rev-list", "splinter/w").splitlines()[1:] == [base]
    assert {"new.txt", "x.txt"} <= hub.files()


def bases_tip_is_a_merge(hub: Scene) -> Story:
    script = "git checkout -q -b topic HEAD; echo t > t.txt; git add .; git commit -qm t; git checkout -q main"
    base = hub.there(f"{script}; git merge -q --no-ff --no-edit topic", on="main")
    hub.tomorrow()
    yield
    hub.both()
    assert hub.git("rev-parse", "splinter/w~1") == base
    assert "t.txt" in hub.files()


def base_named_in_the_definition(hub: Scene) -> Story:
    base = hub.there("git checkout -q -b develop; echo d > d.txt; git add .; git commit -qm d; git push -q origin develop", on="main")  # fmt: skip
    hub.there("git reset -q --hard HEAD~1", on="main")
    hub.edit(base="develop")
    yield
    hub.both()
    assert hub.git("rev-parse", "splinter/w~1") == base
    assert [(one["number"], one["base"]["ref"]) for one in hub.hub.pulls()] == [(1, "develop")]


def base_deleted_on_the_remote(hub: Scene) -> Story:
    tip, pulls = hub.both(), hub.hub.pulls()
    hub.git(f"--git-dir={hub.origin}", "update-ref", "-d", "refs/heads/main")
    hub.edit()
    done = yield
    assert 'base "main" does not exist on origin, whose default branch it was' in done.out + done.err
    assert 'name one with "base:", here or in the settings' in done.out + done.err
    assert hub.both() == tip
    assert hub.hub.pulls() == pulls


def base_renamed_on_the_remote(hub: Scene) -> Story:
    hub.git(f"--git-dir={hub.origin}", "branch", "-m", "main", "trunk")
    hub.edit()
    yield
    hub.both()
    assert hub.git("rev-parse", "splinter/w~1") == hub.remote("trunk")
    assert [(one["number"], one["base"]["ref"]) for one in hub.hub.pulls()] == [(1, "trunk")]


def base_renamed_on_the_remote_and_named_so(hub: Scene) -> Story:
    hub.git(f"--git-dir={hub.origin}", "branch", "-m", "main", "trunk")
    hub.edit(base="trunk")
    yield
    hub.both()
    assert hub.subjects() == [OURS]
    assert [(one["number"], one["base"]["ref"]) for one in hub.hub.pulls()] == [(1, "trunk")]


def _built_upon(local: Scene) -> None:
    """A second workstream stands on the first; then the base goes on."""
    local.world.workstream("v", depends_on=["w"], steps=[local.world.step("t", "cat x.txt > y.txt")])
    local.world.commit()
    assert local.doit().status == 0
    assert local.git("merge-base", "splinter/v", "splinter/w") == local.local()
    local.world.write("base.txt", "newer\n")
    local.world.commit("the base goes on")
    local.tomorrow()


def _stands_on_the_base(local: Scene) -> None:
    assert local.git("merge-base", "splinter/v", "main") == local.local("refs/heads/main")
    assert local.subjects(tip="splinter/v") == ["Title of v (t)"]


def what_it_builds_on_is_merged(local: Scene) -> Story:
    _built_upon(local)
    local.git("merge", "--quiet", "--no-ff", "--no-edit", "splinter/w")
    yield
    _stands_on_the_base(local)


def what_it_builds_on_is_squash_merged(local: Scene) -> Story:
    _built_upon(local)
    local.git("merge", "--quiet", "--squash", "splinter/w")
    local.world.commit("brought in")
    yield
    _stands_on_the_base(local)


def what_it_builds_on_is_rebased(local: Scene) -> Story:
    _built_upon(local)
    local.git("cherry-pick", "splinter/w")
    yield
    _stands_on_the_base(local)


def what_it_builds_on_is_squash_merged_with_a_line_edited(hub: Scene) -> Story:
    hub.edit(FIRST, when="once")
    hub.world.workstream("v", depends_on=["w"], steps=[hub.world.step("t", "cat x.txt > y.txt")], pull_request=False)
    assert hub.doit().status == 0
    assert hub.git("merge-base", "splinter/v", "splinter/w") == hub.local()
    hub.there("git merge -q --squash origin/splinter/w; echo edited >> x.txt; git commit -qam squashed", on="main")
    hub.hub.merge("squash")
    hub.tomorrow()
    done = yield
    assert hub.git("merge-base", "splinter/v", hub.remote("main")) == hub.remote("main")
    assert hub.subjects(hub.remote("main"), "splinter/v") == ["Title of v (t)"]
    assert hub.file("y.txt", "splinter/v") == "1\n2\n3\nedited"
    assert "v starts from origin/main: " in done.out
    assert "was merged, though not as it was" in done.out
    hub.world.now = "2026-11-25T02:00:00+00:00"
    hub.world.env["GITHUB_API_URL"] = "http://127.0.0.1:1"  # what was said once is known
    assert hub.doit().status == 0
    assert hub.subjects(hub.remote("main"), "splinter/v") == ["Title of v (t)"]


def _squashed_with_a_line_edited(hub: Scene, *, branch: str = "splinter/w", **fields: object) -> None:
    """A second workstream stands on the first, whose pull request a person merges as something else."""
    hub.edit(FIRST, when="once")
    hub.world.workstream("v", depends_on=["w"], steps=[hub.world.step("t", "cat x.txt > y.txt")], **fields)
    assert hub.doit().status == 0
    assert hub.git("merge-base", "splinter/v", "splinter/w") == hub.local()
    hub.there(f"git merge -q --squash origin/{branch}; sed -i 's/2/edited/' x.txt; git commit -qam squashed", on="main")
    hub.tomorrow()


def what_it_builds_on_is_squash_merged_and_no_token_is_there(hub: Scene) -> Story:
    _squashed_with_a_line_edited(hub, pull_request=False)
    hub.hub.merge("squash")
    token = hub.world.env.pop("GITHUB_TOKEN")
    done = yield
    assert hub.git("merge-base", "splinter/v", "splinter/w") == hub.local()
    assert "Whether splinter/w was merged is not known: GITHUB_TOKEN is not set." in done.out
    hub.world.now = "2026-11-25T02:00:00+00:00"
    hub.world.env["GITHUB_TOKEN"] = token
    hub.there("echo newer > base.txt; git commit -qam newer", on="main")
    assert hub.doit().status == 0
    assert hub.subjects(hub.remote("main"), "splinter/v") == ["Title of v (t)"]


def what_it_builds_on_is_squash_merged_and_all_is_rehearsed(hub: Scene) -> Story:
    _squashed_with_a_line_edited(hub, pull_request=False)
    hub.hub.merge("squash")
    done = yield
    assert "rehearse  1 of 1 branches  together" in done.out, done.out


def what_it_builds_on_was_proposed_together_and_is_squash_merged(hub: Scene) -> Story:
    hub.hub.begin_anew()
    hub.world.write("splinter.toml", 'pull_requests = "together"\n')
    hub.world.workstream("u", depends_on=["w"], when="weekly", steps=[hub.world.step("u", "cat x.txt > z.txt")])
    hub.world.workstream("w", steps=[hub.world.step("s", FIRST)], when="once")
    hub.world.commit()
    assert hub.doit().status == 0
    hub.there(
        "git merge -q --squash origin/splinter/together; sed -i 's/2/edited/' x.txt; git commit -qam x", on="main"
    )
    hub.hub.merge("squash")
    hub.tomorrow()
    yield
    hub.world.workstream("v", depends_on=["w"], steps=[hub.world.step("t", "cat x.txt > y.txt")])
    assert hub.doit().status == 0
    assert hub.subjects(hub.remote("main"), "splinter/v") == ["Title of v (t)"]
    assert hub.file("y.txt", "splinter/v") == "1\nedited\n3"


def what_it_builds_on_is_closed_and_the_base_advanced(hub: Scene) -> Story:
    hub.edit(FIRST, when="once")
    hub.world.workstream("v", depends_on=["w"], steps=[hub.world.step("t", "cat x.txt > y.txt")], pull_request=False)
    assert hub.doit().status == 0
    hub.hub.close()
    hub.there("echo newer > base.txt; git commit -qam newer", on="main")
    hub.tomorrow()
    yield
    assert hub.git("merge-base", "splinter/v", "splinter/w") == hub.local()


def commits_that_were_not_pushed(hub: Scene) -> Story:
    hub.world.write("private.txt", "not pushed\n")
    hub.git("add", "private.txt")
    hub.git("commit", "--quiet", "-m", "private")
    hub.edit()
    yield
    hub.both()
    assert "private.txt" not in hub.files()
    assert not (hub.world.root / ".git/FETCH_HEAD").exists()
