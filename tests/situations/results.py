"""Rows on what the run itself made: the same, nothing, less, or a change of any kind."""

from __future__ import annotations

from tests.situations.scene import FIRST, OURS, Scene, Story


def identical_result(hub: Scene) -> Story:
    tip, pulls = hub.both(), hub.hub.pulls()
    hub.tomorrow()
    yield
    assert hub.world.calls() == ["s", "s"]
    assert hub.both() == tip
    assert hub.hub.pulls() == pulls


def identical_result_of_another_definition(hub: Scene) -> Story:
    tip, (pull,) = hub.both(), hub.hub.pulls()
    hub.edit("printf '1\\n2\\n' > x.txt; echo 3 >> x.txt")
    yield
    assert hub.both() == tip
    (now,) = hub.hub.pulls()
    assert (now["number"], now["title"], now["state"]) == (pull["number"], pull["title"], "open")


def empty_result(hub: Scene) -> Story:
    tip = hub.both()
    hub.edit("true")
    yield
    assert hub.both() == tip
    assert hub.hub.states() == ["closed"]
    (comment,) = hub.hub.comments()
    assert comment.startswith("Nothing is left to propose")
    assert hub.world.records()["w"]["notes"] == ["splinter/w still holds an earlier result."]


def empty_result_under_a_persons_commit(hub: Scene) -> Story:
    there = hub.there("echo n > notes.txt; git add .; git commit -qm mine")
    hub.edit("true")
    done = yield
    assert hub.remote() == there
    assert hub.hub.states() == ["open"]
    assert hub.hub.comments() == []
    assert "holds commits that are not ours: it stays open" in done.out


def empty_result_under_a_persons_commit_in_the_base(hub: Scene) -> Story:
    hub.there("echo n > notes.txt; git add .; git commit -qm mine")
    hub.there("echo n > notes.txt; git add .; git commit -qm same", on="main")
    hub.edit("true")
    yield
    assert hub.hub.states() == ["closed"]


def empty_result_and_no_branch(empty: Scene) -> Story:
    empty.edit("true")
    yield
    assert empty.world.branches() == []
    assert not (empty.world.root / ".splinter/pull-requests").exists()


def a_step_less(hub: Scene) -> Story:
    step = hub.world.step
    hub.world.workstream("w", steps=[step("s", FIRST), step("t", "echo more > more.txt")])
    assert hub.doit().status == 0
    assert hub.subjects() == [OURS, "Title of w (t)"]
    hub.edit(FIRST)
    yield
    hub.both()
    assert hub.subjects() == [OURS]
    assert "more.txt" not in hub.files()


def a_step_less_before_a_persons_commit(hub: Scene) -> Story:
    step = hub.world.step
    hub.world.workstream("w", steps=[step("s", FIRST), step("t", "echo more > more.txt")])
    assert hub.doit().status == 0
    hub.there("echo n > notes.txt; git add .; git commit -qm mine")
    assert hub.doit().status == 0
    hub.edit(FIRST)
    yield
    hub.both()
    assert hub.subjects() == [OURS, "mine"]
    assert hub.files() & {"more.txt", "notes.txt"} == {"notes.txt"}


def branch_deleted_here(local: Scene) -> Story:
    tip = local.local()
    local.git("branch", "-D", "splinter/w")
    local.world.new_calls()
    yield
    assert local.local() == tip
    assert local.world.calls() == []


def branch_deleted_here_and_there(hub: Scene) -> Story:
    tip = hub.both()
    hub.git("fetch", "-q", "origin")
    hub.git("branch", "-D", "splinter/w")
    hub.git(f"--git-dir={hub.origin}", "branch", "-D", "splinter/w")
    hub.world.new_calls()
    assert hub.git("rev-parse", "refs/remotes/origin/splinter/w") == tip
    yield
    assert hub.local() == tip
    assert hub.world.calls() == []


def branch_set_back_here(local: Scene) -> Story:
    local.git("branch", "-f", "splinter/w", "main")
    local.edit()
    yield
    assert local.subjects() == [OURS]


def file_mode(local: Scene) -> Story:
    local.edit("chmod +x base.txt")
    yield
    assert local.git("ls-tree", "splinter/w", "base.txt").startswith("100755 blob")


def rename(local: Scene) -> Story:
    local.edit("mv base.txt moved.txt")
    yield
    assert local.git("diff", "-M", "--name-status", "main", "splinter/w") == "R100\tbase.txt\tmoved.txt"


def binary(local: Scene) -> Story:
    local.edit("printf '\\000\\377\\r\\n' > bin.dat")
    yield
    assert local.git("diff", "--numstat", "main", "splinter/w") == "-\t-\tbin.dat"
    assert local.git("cat-file", "-s", "splinter/w:bin.dat") == "4"


def symlink(local: Scene) -> Story:
    local.edit("ln -s base.txt link; rm README.md; ln -s base.txt README.md")
    yield
    shown = local.git("ls-tree", "splinter/w", "link", "README.md").splitlines()
    assert [line.split()[0] for line in shown] == ["120000", "120000"]


def submodule(local: Scene) -> Story:
    inner = local.folder / "inner"
    local.git("init", "--quiet", str(inner))
    local.git("-C", str(inner), "commit", "--quiet", "--allow-empty", "-m", "x")
    local.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(inner), "sub")
    local.world.commit("with a submodule")
    held = local.git("ls-tree", "main", "sub", ".gitmodules")
    local.edit()
    yield
    assert held.startswith("100644 blob")
    assert "160000 commit" in held
    assert local.git("ls-tree", "splinter/w", "sub", ".gitmodules") == held
    assert local.subjects() == [OURS]


NAMES = {
    "a b/c.txt",
    "line\nend.txt",
    "\"q\" 'q' `q` $q.txt",
    "ü/日本.txt",
    "-rf",
    ":(glob)x",
    "back\\slash",
    "tab\there",
}


def names_of_all_kinds(local: Scene) -> Story:
    script = "import pathlib\nfor n in %r:\n p = pathlib.Path(n)\n p.parent.mkdir(exist_ok=True)\n p.write_text(n)\n"
    local.world.write("names.py", script % sorted(NAMES))
    local.world.commit("the names")
    local.edit("python3 names.py")
    yield
    assert local.files() - local.files("main") == NAMES
    assert all(local.git("cat-file", "blob", f"splinter/w:{name}") == name for name in NAMES)
