"""The branch update in situations of real repositories: real git, a bare remote, real `doit`, GitHub's counterpart.

A row names a function in `tests/situations/`, which makes the situation and then looks at the world. "ends as" is the
exit status of the one `doit` between, and the workstream's outcome or the reason of its failure; "-" is "not due".
Rows with a star are deep: `pytest --lane git`. What holds for every row stands in `test_a_row`.
"""

from __future__ import annotations

import inspect
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.counterparts import GITHUB, TOKEN, emulated
from tests.situations import bases, people, pulls, repositories, results
from tests.situations.scene import FIRST, NAME, GitHub, Scene, Story
from tests.world import Done, World

TABLE = """
situation                                               | ends as           | what the world is afterwards
------------------------------------------------------- | ----------------- | -----------------------------------------
results                                                 |                   |
identical result *                                      | 0 changed         | ids, branch and pull request stay, here and there
identical result of another definition *                | 0 changed         | ids and branch stay, the pull request is the same one
empty result *                                          | 0 unchanged       | the branch stays, the pull request is closed with a comment
empty result under a person's commit *                  | 0 unchanged       | the pull request stays open, and that is told
empty result under a person's commit in the base *      | 0 unchanged       | the pull request is closed
empty result and no branch *                            | 0 unchanged       | no branch is made, and no pull request
a step less *                                           | 0 changed         | the branch holds only what is left
a step less before a person's commit *                  | 0 changed         | the person's commit stands on top of what is left
branch deleted here                                     | 0 changed         | it is back under the same id, no agent was called again
branch deleted here and there *                         | 0 changed         | back here; a stale tracking ref counts for nothing
branch set back here *                                  | 0 changed         | it is brought forward
file mode *                                             | 0 changed         | the mode is in the commit
rename *                                                | 0 changed         | git sees a rename
binary *                                                | 0 changed         | its bytes are in the commit
symlink *                                               | 0 changed         | new links, and a file that became one
submodule *                                             | 0 changed         | the base's submodule is as it was
names of all kinds *                                    | 0 changed         | blanks, line ends, quotes, letters, dashes, patterns
bases                                                   |                   |
base advanced                                           | 0 changed         | rebuilt on the new base, the pull request stays; local main too
base advanced in workstreams alone *                    | 0 changed         | ids stay
base advanced by the same change *                      | 0 unchanged       | the branch stays, the pull request is closed
base force-pushed *                                     | 0 changed         | rebuilt, nothing of the old base in it
base force-pushed below a person's commit *             | 0 changed         | rebuilt with the commit, nothing of the old base in it
base without a common history *                         | 0 changed         | rebuilt on it
base's tip is a merge *                                 | 0 changed         | rebuilt on it
base named in the definition *                          | 0 changed         | branch and pull request aim at it
base deleted on the remote *                            | 3 failed          | reported with the command that fixes it, nothing moves
base renamed on the remote *                            | 0 changed         | branch and pull request follow
base renamed on the remote and named so *               | 0 changed         | branch and pull request follow
what it builds on is merged *                           | 0 unchanged       | the other starts from the base
what it builds on is squash-merged *                    | 0 unchanged       | the other starts from the base
what it builds on is squash-merged with a line edited * | 0 -               | GitHub says so: the other starts from the base
what it builds on is squash-merged and no token is there * | 0 -            | that is told, and known with one
what it builds on is squash-merged and all is rehearsed * | 0 -             | it is in no rehearsal, and in nobody's way
what it builds on was proposed together and is squash-merged * | 0 -        | the other starts from the base
what it builds on is closed and the base advanced *     | 0 -               | the other stays on top of it
what it builds on is rebased *                          | 0 unchanged       | the other starts from the base
commits that were not pushed *                          | 0 changed         | they stay private
pulls                                                   |                   |
pull request squash-merged *                            | 0 unchanged       | nothing is pushed, opened or commented
pull request merged *                                   | 0 unchanged       | nothing is pushed, opened or commented
pull request rebased *                                  | 0 unchanged       | nothing is pushed, opened or commented
pull request squash-merged and then another change *    | 0 changed         | a new pull request with that change alone
pull request squash-merged with a person's commit *     | 0 changed         | a new pull request without it
pull request closed and the base advanced *             | 0 changed         | not reopened, none new, and the report says so
pull request closed and its branch deleted *            | 0 changed         | not pushed again, none new
pull request closed that another builds on *            | 0 changed         | pushed again, since the other's pull request aims at it
pull request closed and the definition edited *         | 0 changed         | a new branch and a new pull request
pull request opened by a human *                        | 0 changed         | adopted, the human's words stay
pull request's words changed by a human *               | 0 changed         | title and text around our part stay
branch brought up to date by the button *               | 0 changed         | rebuilt on the newest base, the merge is left out
people                                                  |                   |
a person's commit on top of ours and nothing new *      | 0 changed         | the remote stays, the pull request too
a person's commits on top of ours *                     | 0 changed         | replayed; author, date, message stay; a backup is kept
a person's commit on the remote *                       | 0 changed         | replayed, here and there
a person's commit on the remote that was only looked at | 0 changed         | it outlives that run and the change after it
a person's commit on the remote and another here *      | 0 changed         | both replayed, here and there
a person's commits on the remote one after the other *  | 0 changed         | each is replayed once, each old tip is kept
a person's commit between ours *                        | 0 changed         | replayed on top of ours
a person's commit before ours *                         | 0 changed         | replayed on top of ours
a person's commit and the base advanced *               | 0 changed         | ours rebuilt, the person's on top
a person's force-push of other work                     | 0 changed         | ours, the person's on top
a person's force-push without a common history *        | 0 changed         | ours, the person's on top
a person's force-push back to the base *                | 0 changed         | ours again
our commit reworded by a person *                       | 0 changed         | the person's words stay
our commit reworded on the remote *                     | 0 changed         | the person's words stay
our commit amended by a person *                        | 1 conflict        | the branch stays
our commit amended with a file *                        | 0 changed         | the remote stays
our commit reverted by a person *                       | 0 changed         | it stays reverted
our commit reverted and the base advanced *             | 0 changed         | rebuilt, and reverted on top of it
a person's commit that does not fit                     | 1 conflict        | the branch stays; the message says what fixes it
a person's commit that does not fit and is merged by hand * | 1 conflict        | the merge counts, also below the next change
a person's commit on the remote that does not fit *     | 2 changed         | the remote and the pull request stay
a person's commit on the remote that is merged by hand * | 2 changed         | the merge is pushed, the pull request stays
the same change by a person and an empty commit *       | 0 changed         | the one is left out, the other is kept
the base merged by a person *                           | 0 changed         | rebuilt on the base, the merge is left out
a topic merged by a person *                            | 0 changed         | one commit with what it brought
a conflict with the base solved in a merge *            | 1 conflict        | the branch stays
changes of all kinds by a person *                      | 0 changed         | modes, links, renames, bytes, names, a submodule
repositories                                            |                   |
branch deleted on the remote *                          | 0 changed         | pushed again
pushes that go elsewhere *                              | 0 changed         | the branch of that place is looked at and moved
tag of the same name *                                  | 0 changed         | branch and tag are told apart, here and there
ref on the remote that ends in the same name *          | 0 changed         | the branch alone counts
branch below ours here *                                | 1 conflict        | reported with the command that frees the name
branch above ours here *                                | 1 conflict        | reported with the command that frees the name
branch below ours on the remote *                       | 2 changed         | reported; local branch made, the pull request stays
packed refs *                                           | 0 changed         | as if they were loose
detached HEAD *                                         | 0 changed         | HEAD stays, the base is the remote's
branch checked out elsewhere *                          | 1 conflict        | not moved; once it is free, no agent is called again
branch checked out and nothing new *                    | 0 changed         | nothing to move, so nothing to complain of
branch in the middle of a rebase *                      | 1 conflict        | not moved; the person's rebase goes on
branch below a rebase that updates refs *               | 1 conflict        | not moved; the person's rebase goes on
branch of a work tree that is gone *                    | 1 conflict        | reported with the command that frees it
branch of the remote checked out under another name *   | 0 changed         | that checkout and its branch stay
the user's checkout is on the branch *                  | 0 changed         | nothing to move
the user's checkout is on the branch of a trunk *       | 3 -               | asks for a base
push refused by a hook *                                | 2 changed         | reported in the hook's words; pushed once it is gone
push refused since it rewrites *                        | 2 changed         | reported, the remote stays
push between our look and our push *                    | 2 changed         | not pushed over; the next run takes it in
remote out of reach *                                   | 2 changed         | the base as last seen; reported
remote that is empty *                                  | 3 -               | reported with the command that fixes it
remote with pruning set *                               | 0 changed         | the user's tags and tracking refs stay
shallow clone *                                         | 0 changed         | stays shallow
shallow clone that pushes *                             | 0 changed         | ours rebuilt, the person's on top, stays shallow
another machine that makes the same *                   | 0 changed         | its ids and the pull request stay
another machine that makes something else *             | 2 changed         | what it does not know is not pushed over
object format sha256 *                                  | 0 changed         | as with sha1
"""

MODULES = {module.__name__.rsplit(".", 1)[1]: module for module in (results, bases, pulls, people, repositories)}


@dataclass(frozen=True)
class Row:
    situation: str
    ends_as: str
    afterwards: str
    story: Callable[[Scene], Story]

    @property
    def world(self) -> str:
        """`local`, `hub` or `empty`: what its function's argument is called."""
        return next(iter(inspect.signature(self.story).parameters))


def rows() -> Iterator[Row]:
    module = results
    for line in TABLE.strip().splitlines()[2:]:
        situation, ends_as, afterwards = (cell.strip() for cell in line.split("|"))
        if not ends_as:
            module = MODULES[situation]
            continue
        name = re.sub(r"\W+", "_", situation.lower().replace("'s", "s").rstrip("* "))
        yield Row(situation, ends_as, afterwards, getattr(module, name))


ROWS = tuple(rows())
PARAMETERS = [
    pytest.param(row, id=row.situation.rstrip(" *"), marks=pytest.mark.lane("git") if "*" in row.situation else ())
    for row in ROWS
]


def test_every_function_is_a_row_and_every_row_another() -> None:
    stories = {row.story for row in ROWS}
    assert len(stories) == len(ROWS) >= 30
    for module in MODULES.values():
        own = {one for name, one in vars(module).items() if inspect.isgeneratorfunction(one)}
        assert own <= stories


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHub]:
    with emulated("github", GITHUB, tmp_path_factory.mktemp("github")) as url:
        yield GitHub(url)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all rows, so that a world which was made once can be put back: paths in it stay true."""
    return tmp_path_factory.mktemp("stage")


@pytest.fixture
def scene(request: pytest.FixtureRequest, stage: Path, sealed_world: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The world that a row begins in, as on the first day after its workstream has run."""
    kind = request.getfixturevalue("row").world
    live, kept = stage / "live", stage / kind
    monkeypatch.setenv("XDG_STATE_HOME", str(live / "state"))
    api = request.getfixturevalue("github") if kind == "hub" else None
    shutil.rmtree(live, ignore_errors=True)
    if not kept.exists():
        live.mkdir()
        (live / "home").mkdir()
        _make(Scene(live, World(live / "project", live / "home"), api), kind)
        live.rename(kept)
    shutil.copytree(kept, live, symlinks=True)
    made = Scene(live, World.reopened(live / "project", live / "home"), api)
    if api:
        made.world.env |= _environment(api)
        _open_again(made, stage / "page.json")
    return made


def _environment(api: GitHub) -> dict[str, str]:
    return {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": NAME, "GITHUB_API_URL": api.url}


def _make(scene: Scene, kind: str) -> None:
    world = scene.world
    world.write("base.txt", "base\n")
    scene.edit(FIRST)
    world.commit()
    if kind == "hub":
        scene.hub.begin_anew()
        world.env |= _environment(scene.hub)
        scene.git("init", "--quiet", "--bare", "--initial-branch=main", str(scene.origin))
        scene.git("remote", "add", "origin", str(scene.origin))
        scene.git("push", "--quiet", "origin", "main")
    if kind != "empty":
        assert scene.doit().status == 0
    if kind == "hub":
        (pull,) = scene.hub.pulls()
        assert (pull["draft"], pull["head"]["ref"], pull["base"]["ref"]) == (True, "splinter/w", "main")
        (scene.folder.parent / "page.json").write_text(json.dumps(pull))


def _open_again(scene: Scene, page: Path) -> None:
    """GitHub as it was when the world was made: one draft, number 1, as `doit` had opened it."""
    scene.hub.begin_anew()
    scene.hub.open(json.loads(page.read_text()), is_draft=True)


def of_the_user(scene: Scene) -> dict[str, object]:
    """What is the user's in this repository: HEAD, index, files, settings, checkouts, all refs but our own."""
    git = scene.world.root / ".git"
    # git moves the tracking ref of what it pushes
    ours = re.compile(r"refs/splinter/.*|refs/(heads|remotes/origin)/splinter/[vw]")
    held = [git / name for name in ("HEAD", "index", "config", "logs/HEAD", "FETCH_HEAD")]
    return {
        "status": scene.git("status", "--porcelain=v2", "--branch"),
        "bytes": {file.name: file.read_bytes() for file in held if file.exists()},
        "refs": [
            line
            for line in scene.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
            if not ours.fullmatch(line.split()[0])
        ],
        "worktrees": scene.git("worktree", "list", "--porcelain"),
    }


def refs(scene: Scene) -> list[str]:
    """Everything that could move: branches and tags here, all refs on the remote, pull requests."""
    here = scene.git("for-each-ref", "refs/heads", "refs/tags", "refs/remotes").splitlines()
    there = scene.git(f"--git-dir={scene.origin}", "for-each-ref").splitlines() if scene.origin.exists() else []
    return [*here, *there, *([json.dumps(pull) for pull in scene.hub.pulls()] if scene.api else [])]


def on_the_branch(scene: Scene) -> set[str]:
    """All commits that the workstream's branch holds, here and on the remote."""
    found = scene.git("rev-list", scene.local()).split() if scene.local() else []
    there = [f"--git-dir={scene.origin}", "rev-list", "refs/heads/splinter/w"]
    return {*found, *(scene.git(*there).split() if scene.origin.exists() and scene.remote() else ())}


def held(scene: Scene) -> set[str]:
    """All commits that some ref holds, here or on the remote."""
    there = scene.git(f"--git-dir={scene.origin}", "rev-list", "--all").split() if scene.origin.exists() else []
    return {*scene.git("rev-list", "--all").split(), *there}


def fsck(scene: Scene) -> None:
    for folder in (scene.world.root / ".git", scene.origin):
        if folder.exists():
            assert scene.git(f"--git-dir={folder}", "fsck", "--strict", "--no-dangling", "--no-progress") == ""


def assert_nothing_is_due(scene: Scene) -> None:
    """Once more changes nothing, and every line of it says so."""
    before = refs(scene)
    done: Done = scene.doit()
    assert done.status == 0
    said = [line for line in done.out.splitlines() if not line.startswith("-- ")]
    assert all(re.match(r"nothing due\b", line) for line in said), said
    assert refs(scene) == before


@pytest.mark.parametrize("row", PARAMETERS)
def test_a_row(row: Row, scene: Scene) -> None:
    story = row.story(scene)
    next(story)
    users, run, commits = of_the_user(scene), scene.latest_run(), on_the_branch(scene)
    done = scene.doit()
    assert scene.ended(done, run) == row.ends_as, done.out + done.err
    assert of_the_user(scene) == users
    assert commits - held(scene) == set()
    with pytest.raises(StopIteration):
        story.send(done)
    fsck(scene)
    if scene.last.status == 0:
        assert_nothing_is_due(scene)
