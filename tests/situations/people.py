"""Rows on what a person did to the branch: commits before, between and on top of ours, a rewritten branch, a conflict."""

from __future__ import annotations

import re

from tests.situations.scene import FIRST, OURS, SECOND, Scene, Story

NOTES = "echo n > notes.txt; git add .; git commit -qm mine"
LINE_1 = "sed -i 's/1/one/' x.txt; git commit -qam mine"
LINE_3 = "sed -i 's/3/III/' x.txt; git commit -qam mine"


def _two_steps(scene: Scene, first: str = FIRST, second: str = "echo more > more.txt") -> None:
    step = scene.world.step
    scene.world.workstream("w", steps=[step("s", first), step("t", second)])


def a_persons_commit_on_top_of_ours_and_nothing_new(hub: Scene) -> Story:
    tip, pulls = hub.here(NOTES), hub.hub.pulls()
    hub.git("push", "--quiet", "origin", "splinter/w")
    hub.tomorrow()
    yield
    assert hub.both() == tip
    assert hub.hub.pulls() == pulls


def a_persons_commits_on_top_of_ours(local: Scene) -> Story:
    local.here("echo n > notes.txt; git add .; printf 'First of mine\\n\\nWith a body.\\n' | git commit -qF -")
    old = local.here("sed -i 's/1/one/' x.txt; git commit -qam 'Second of mine'")
    local.edit()
    yield
    assert local.subjects() == [OURS, "First of mine", "Second of mine"]
    assert (local.file("x.txt"), local.file("notes.txt")) == ("one\n2\nthree", "n")
    shown = local.git("show", "-s", "--format=%an <%ae> %ad|%cn|%B", "--date=raw", "splinter/w~1")
    assert shown.startswith("A Person <person@example.org> 1767315845 +0200|Test User|First of mine\n\nWith a body.")
    assert old in local.git("for-each-ref", "--format=%(objectname)", "refs/splinter/backups/w").split()


def a_persons_commit_on_the_remote(hub: Scene) -> Story:
    hub.there(LINE_1)
    hub.edit()
    yield
    hub.both()
    assert hub.subjects() == [OURS, "mine"]
    assert hub.file("x.txt") == "one\n2\nthree"


def a_persons_commit_on_the_remote_that_was_only_looked_at(hub: Scene) -> Story:
    there = hub.there(LINE_1)
    hub.edit(FIRST, title="Another title")
    assert hub.doit().status == 0
    assert hub.remote() == there
    hub.edit(title="Another title")
    yield
    hub.both()
    assert hub.subjects() == ["Another title (s)", "mine"]
    assert hub.file("x.txt") == "one\n2\nthree"


def a_persons_commit_on_the_remote_and_another_here(hub: Scene) -> Story:
    hub.there(LINE_1)
    hub.here(NOTES)
    hub.edit()
    yield
    hub.both()
    assert sorted(hub.subjects()) == [OURS, "mine", "mine"]
    assert (hub.file("x.txt"), hub.file("notes.txt")) == ("one\n2\nthree", "n")


def a_persons_commits_on_the_remote_one_after_the_other(hub: Scene) -> Story:
    first = hub.there(LINE_1)
    hub.edit()
    assert hub.doit().status == 0
    second = hub.there(NOTES)
    hub.edit("printf '1\\nzwei\\nthree\\n' > x.txt")
    assert hub.doit().status == 1  # next to the person's line
    hub.edit("printf '1\\n2\\nthree\\nvier\\n' > x.txt")
    yield
    hub.both()
    assert hub.subjects() == [OURS, "mine", "mine"]
    assert (hub.file("x.txt"), hub.file("notes.txt")) == ("one\n2\nthree\nvier", "n")
    backups = hub.git("for-each-ref", "--format=%(refname)", "refs/splinter/backups/w").split()
    assert {f"refs/splinter/backups/w/remote-{tip[:12]}" for tip in (first, second)} <= set(backups)


def a_persons_commit_between_ours(hub: Scene) -> Story:
    _two_steps(hub)
    assert hub.doit().status == 0
    hub.there(f"git reset -q --hard HEAD~1\n{NOTES}\ngit cherry-pick ORIG_HEAD >/dev/null")
    _two_steps(hub, SECOND)
    yield
    hub.both()
    assert hub.subjects() == [OURS, "Title of w (t)", "mine"]
    assert (hub.file("x.txt"), hub.file("notes.txt"), hub.file("more.txt")) == ("1\n2\nthree", "n", "more")


def a_persons_commit_before_ours(hub: Scene) -> Story:
    hub.there(f"git reset -q --hard origin/main\n{NOTES}\ngit cherry-pick origin/splinter/w >/dev/null")
    hub.edit()
    yield
    hub.both()
    assert hub.subjects() == [OURS, "mine"]
    assert (hub.file("x.txt"), hub.file("notes.txt")) == ("1\n2\nthree", "n")


def a_persons_commit_and_the_base_advanced(local: Scene) -> Story:
    local.here(NOTES)
    local.world.write("base.txt", "newer\n")
    local.world.commit("base moves")
    local.tomorrow()
    yield
    assert local.subjects() == [OURS, "mine"]
    assert local.file("base.txt") == "newer"


def a_persons_force_push_of_other_work(hub: Scene) -> Story:
    hub.there(f"git reset -q --hard origin/main\n{NOTES}")
    hub.edit()
    yield
    hub.both()
    assert hub.subjects() == [OURS, "mine"]


def a_persons_force_push_without_a_common_history(hub: Scene) -> Story:
    hub.there(f"git checkout -q --orphan new; git rm -rqf .\n{NOTES}")
    hub.edit()
    yield
    hub.both()
    assert hub.subjects() == [OURS, "mine"]
    assert (hub.file("x.txt"), hub.file("notes.txt")) == ("1\n2\nthree", "n")


def a_persons_force_push_back_to_the_base(hub: Scene) -> Story:
    hub.there("git reset -q --hard origin/main")
    hub.edit()
    yield
    hub.both()
    assert hub.subjects() == [OURS]


def our_commit_reworded_by_a_person(local: Scene) -> Story:
    tip = local.here("git commit -q --amend -m 'In better words'")
    local.tomorrow()
    yield
    assert local.local() == tip


def our_commit_reworded_on_the_remote(hub: Scene) -> Story:
    tip = hub.there("git commit -q --amend -m 'In better words'")
    hub.tomorrow()
    yield
    assert hub.remote() == tip


def our_commit_amended_by_a_person(local: Scene) -> Story:
    tip = local.here("sed -i 's/3/III/' x.txt; git commit -qa --amend --no-edit")
    local.edit()
    yield
    assert local.local() == tip
    assert f"a commit that is not ours ({tip[:12]})" in local.message()


def our_commit_amended_with_a_file(hub: Scene) -> Story:
    hub.there("echo n > notes.txt; git add .; git commit -qa --amend --no-edit")
    hub.tomorrow()
    tip = hub.remote()
    yield
    assert hub.remote() == tip


def our_commit_reverted_by_a_person(hub: Scene) -> Story:
    tip = hub.there("git revert --no-edit HEAD >/dev/null")
    hub.tomorrow()
    yield
    assert hub.remote() == tip


def our_commit_reverted_and_the_base_advanced(hub: Scene) -> Story:
    hub.there("git revert --no-edit HEAD >/dev/null")
    base = hub.there("echo newer > base.txt; git commit -qam newer", on="main")
    hub.tomorrow()
    yield
    hub.both()
    assert hub.subjects(base) == [OURS, f'Revert "{OURS}"']
    assert "x.txt" not in hub.files()


def a_persons_commit_that_does_not_fit(local: Scene) -> Story:
    tip = local.here(LINE_3)
    local.edit()
    yield
    assert local.local() == tip
    new = local.local("refs/splinter/checkpoints/w/s")
    both, aside = f"git switch splinter/w && git merge {new[:12]}", "git branch -m splinter/w NEW-NAME"
    assert local.message() == (
        f"splinter/w holds a commit that is not ours ({tip[:12]}) and does not fit on top of the new change: x.txt; "
        f'the branch is left as it is: "{both}" brings both together, "{aside}" keeps it under another name; '
        "then run doit again"
    )
    local.sh(local.world.root, aside)
    assert local.doit().status == 0
    assert local.local() == new
    assert local.local("refs/heads/NEW-NAME") == tip


def _merge_by_hand(scene: Scene, command: str) -> str:
    """What is printed, and the conflict solved by a person, in the user's checkout; the merge."""
    root, kept = scene.world.root, scene.folder / "kept.yaml"
    kept.write_text((root / "workstreams/w.yaml").read_text())
    scene.sh(root, "git checkout -q workstreams")
    scene.sh(root, f"{command} || true; printf '1\\n2\\nboth\\n' > x.txt; git commit -qam both; git switch -q main")
    (root / "workstreams/w.yaml").write_text(kept.read_text())
    return scene.local()


def a_persons_commit_that_does_not_fit_and_is_merged_by_hand(local: Scene) -> Story:
    local.here(LINE_3)
    local.edit()
    yield
    merged = _merge_by_hand(local, re.findall(r'"(git switch[^"]*)"', local.message())[0])
    assert local.doit().status == 0
    assert local.local() == merged
    local.edit(f"{FIRST}; echo more > more.txt")
    assert local.doit().status == 1  # nor does what they made of both fit on that: one change, and no longer two
    assert f"a commit that is not ours ({merged[:12]})" in local.message()
    local.edit(f"{SECOND}; echo more > more.txt")
    assert local.doit().status == 0
    assert local.subjects() == [OURS, "both"]
    assert local.file("x.txt") == "1\n2\nboth"


def a_persons_commit_on_the_remote_that_does_not_fit(hub: Scene) -> Story:
    there = hub.there(LINE_3)
    pulls = hub.hub.pulls()
    hub.edit()
    done = yield
    assert f"splinter/w on origin holds a commit that is not ours ({there[:12]})" in done.out
    assert hub.remote() == there
    assert hub.hub.pulls() == pulls
    hub.sh(
        hub.world.root, re.findall(r'"(git push[^"]*)" keeps it under another name; then run doit again', done.out)[0]
    )
    assert hub.remote() not in ("", there)  # never gone: GitHub would close the pull request
    assert hub.doit().status == 0
    hub.both()
    assert hub.remote("NEW-NAME") == there
    assert hub.hub.states() == ["open"]


def a_persons_commit_on_the_remote_that_is_merged_by_hand(hub: Scene) -> Story:
    there = hub.there(LINE_3)
    hub.edit()
    done = yield
    merged = _merge_by_hand(hub, re.findall(r'"(git switch[^"]*)"', done.out)[0])
    assert hub.doit().status == 0
    assert hub.both() == merged
    hub.git("merge-base", "--is-ancestor", there, merged)
    assert hub.hub.states() == ["open"]


def the_same_change_by_a_person_and_an_empty_commit(local: Scene) -> Story:
    local.here("sed -i 's/3/three/' x.txt; git commit -qam same; git commit -q --allow-empty -m 'a remark'")
    local.edit()
    yield
    assert local.subjects() == [OURS, "a remark"]


def the_base_merged_by_a_person(local: Scene) -> Story:
    local.world.write("base.txt", "newer\n")
    local.world.commit("base moves")
    local.here("git merge -q --no-edit main")
    local.edit()
    yield
    assert local.file("base.txt") == "newer"
    assert local.subjects() == [OURS]


def a_topic_merged_by_a_person(local: Scene) -> Story:
    local.here(f"git checkout -q -b topic\n{NOTES}\ngit checkout -q splinter/w; git merge -q --no-ff -m topic topic")
    local.edit()
    yield
    assert local.subjects() == [OURS, "topic"]
    assert local.file("notes.txt") == "n"


def a_conflict_with_the_base_solved_in_a_merge(local: Scene) -> Story:
    local.world.write("x.txt", "base\n")
    local.world.commit("base moves")
    local.here(
        "git merge main >/dev/null || true; echo both > x.txt; echo n > notes.txt; git add .; git commit -qm mine"
    )
    local.edit("printf 'base\\n1\\n' > x.txt")
    tip = local.local()
    yield
    assert local.local() == tip


def changes_of_all_kinds_by_a_person(local: Scene) -> Story:
    local.here("""chmod +x README.md; ln -s base.txt link; git mv base.txt moved.txt; printf '\\000\\377' > bin.dat
        mkdir 'a b'; echo x > 'a b/ü.txt'; echo x > '"q".txt'; echo x > ./-rf; echo x > "$(printf 'new\\nline')"
        git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub; mkdir sub; git add .; git commit -qm mine""")
    local.edit()
    yield
    listed = local.git("ls-tree", "-r", "-z", "splinter/w").split("\0")
    modes = {line.split("\t", 1)[1]: line.split()[0] for line in listed if line}
    assert modes["README.md"] == "100755"
    assert modes["link"] == "120000"
    assert modes["sub"] == "160000"
    assert {"moved.txt", "bin.dat", "a b/ü.txt", '"q".txt', "-rf", "new\nline"} <= set(modes)
    assert "base.txt" not in modes
    assert local.file("x.txt") == "1\n2\nthree"
