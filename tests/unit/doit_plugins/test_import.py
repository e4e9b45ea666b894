"""`doit import` as a user meets it: what is told, what is written, what is kept, and `doit check` afterwards."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from splinter.doit_plugins.commands.import_ import Import
from splinter.doit_plugins.commands.init import Init
from tests import paths
from tests.world import World

DATA = paths.DATA / "legacy"
REAL = paths.SHARED / "real-workstreams"
WARNING = "warning: splinter does not ship a profile for goose: check the arguments in [tools.goose]"
TABLE = (
    "# Not shipped with splinter, so this is a guess: check how goose is called with a prompt.\n"
    '[tools.goose]\ncommand = "goose"\nprompt_args = ["{prompt}"]\n'
)


def run(*args: str) -> int:
    return Import().parse_execute(list(args))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def plain(root: Path) -> Path:
    """A bundle of two lines."""
    file = root / "old.json"
    file.write_text('{"id": "ws-page", "tool": "goose",\n "tasks": ["Write the page"]}\n')
    return file


def tree(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_text() for path in files}


def test_files_are_converted_and_each_is_reported(root: Path, plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "broken.json").write_text('{"id": "ws-broken",\n "days": {3}}\n')
    assert run("broken.json", "old.json", "gone.yml") == 3
    assert capsys.readouterr().out == (
        "broken.json: refused\n"
        "old.json: converted with 1 warning -> workstreams/ws-page.yaml\n"
        "gone.yml: refused\n"
        "broken.json:2:11: invalid JSON: expecting property name enclosed in double quotes\n"
        '    "days": {3}}\n'
        "             ^\n"
        f"old.json:1:27: {WARNING}\n"
        "gone.yml:1:1: does not exist\n"
        "splinter.toml: written: [tools.goose]\n"
    )
    assert (root / "workstreams/ws-page.yaml").read_text() == (
        "# yaml-language-server: $schema=../.splinter/workstream.schema.json\n"
        "# from old.json\n"
        "id: ws-page\ntitle: Page\nwhen: once\ntool: goose\n"
        "steps:\n  - id: write-page\n    prompt: Write the page\n"
    )
    assert (root / "splinter.toml").read_text() == f"# Settings of splinter. Secrets never belong here.\n\n{TABLE}"


def test_a_second_import_touches_nothing(root: Path, plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("old.json") == 0
    (root / "workstreams/ws-page.yaml").write_text("id: ws-page # mine\n")
    before = tree(root)
    capsys.readouterr()
    assert run("old.json") == 0
    assert capsys.readouterr().out == (
        "old.json: converted before: workstreams/ws-page.yaml is there and was not touched\n"
    )
    assert tree(root) == before


def test_a_dry_run_prints_all_and_writes_nothing(root: Path, plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(root)
    assert run("old.json", "--dry-run") == 0
    out = capsys.readouterr().out
    assert out.startswith("# workstreams/ws-page.yaml\n# yaml-language-server: ")
    assert out.endswith(
        f"old.json: converted with 1 warning -> workstreams/ws-page.yaml\nold.json:1:27: {WARNING}\n"
        f"splinter.toml lacks:\n\n{TABLE}\n"
    )
    assert tree(root) == before


def test_another_folder_may_be_named(root: Path, plain: Path) -> None:
    assert run("--into", "drafts/old/", "old.json") == 0
    written = root / "drafts/old/ws-page.yaml"
    schema = written.read_text().splitlines()[0].partition("$schema=")[2]
    assert (written.parent / schema).resolve() == (root / ".splinter/workstream.schema.json").resolve()
    assert (written.parent / schema).is_file()


@pytest.mark.parametrize(
    ("into", "message"),
    [
        ("../out", '--into "../out" holds "..", which could leave the repository'),
        ("link", '--into "link" leads out of the repository through a link; nothing was written'),
        ("old.json", '--into "old.json": old.json is a file, not a folder; nothing was written'),
    ],
)
def test_a_folder_out_of_the_repository_is_refused(
    root: Path, plain: Path, tmp_path_factory: pytest.TempPathFactory, into: str, message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (root / "link").symlink_to(tmp_path_factory.mktemp("outside"))
    assert run("--into", into, "old.json") == 3
    assert capsys.readouterr().err == f"ERROR: {message}\n"


def test_tables_go_to_the_end_of_settings_that_are_there(
    root: Path, plain: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "splinter.toml").write_text("# mine\njobs = 2\n[tools.own]\ncommand = 'own'")
    assert run("old.json") == 0
    assert capsys.readouterr().out.endswith("\nsplinter.toml: added at its end: [tools.goose]\n")
    assert (root / "splinter.toml").read_text() == f"# mine\njobs = 2\n[tools.own]\ncommand = 'own'\n\n{TABLE}"


@pytest.mark.parametrize(
    ("name", "text", "prefix"),
    [
        ("pyproject.toml", "[tool.splinter]\njobs = 2\n", "tool.splinter.tools"),
        ("splinter.toml", "tools = {own = {command = 'own'}}\n", "tools"),
    ],
)
def test_tables_that_cannot_be_added_are_printed(
    root: Path, plain: Path, name: str, text: str, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / name).write_text(text)
    assert run("old.json") == 0
    assert capsys.readouterr().out.endswith(
        f'add these lines to {name}; until then "doit check" does not know goose:\n\n'
        f"{TABLE.replace('[tools.', f'[{prefix}.')}\n"
    )
    assert (root / name).read_text() == text


def test_breakers_stand_in_the_settings_as_comments_once(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "breakers.yaml").write_text("circuit_breakers:\n  - id: cb\n    type: max_attempts\n    limit: 2\n")
    assert run("breakers.yaml") == 0
    assert capsys.readouterr().out == "breakers.yaml: converted -> settings\nsplinter.toml: written: comments\n"
    before = tree(root)
    assert "#     limit: 2\n" in before["splinter.toml"]
    assert run("breakers.yaml") == 0
    assert tree(root) == before


def test_an_id_that_a_strange_file_stands_for_is_refused(
    root: Path, plain: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "workstreams").mkdir()
    (root / "workstreams/ws-page.yaml").write_text("id: other\n")
    assert run("old.json") == 3
    assert "old.json:1:8: ws-page.yaml is there already and holds something else; it was not touched\n" in (
        capsys.readouterr().out
    )
    assert (root / "workstreams/ws-page.yaml").read_text() == "id: other\n"


def test_without_files_it_says_what_it_wants(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 3
    assert capsys.readouterr().err == (
        "ERROR: doit import needs files to import: phase plans, bundles, tool profiles, circuit breakers; "
        '"doit help import"\n'
    )


@pytest.mark.parametrize(("make", "why"), [("folder", "is a folder; name the files in it"), ("loop", "")])
def test_what_is_no_file_is_refused(root: Path, make: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "folder.json").mkdir()
    (root / "loop.json").symlink_to("loop.json")
    assert run(f"{make}.json") == 3
    assert f"{make}.json: refused\n{make}.json:1:1: {why}" in capsys.readouterr().out


def test_control_characters_in_a_file_reach_no_terminal(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "x.json").write_text(json.dumps({"id": "a", "tasks": ["x"], "tool": "goose", "\x1b[31m": 1}))
    run("x.json", "\x1b[31m.json")
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.lane("stories")
def test_after_init_what_was_imported_passes_check(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in ("dodo.py", "doit.cfg"):
        (world.root / file).unlink()
    monkeypatch.chdir(world.root)
    assert Init().parse_execute([]) == 0
    for file in DATA.iterdir():
        if file.is_file():
            world.write(f"old/{file.name}", file.read_text("utf-8"))
    below = world.root / "old"
    monkeypatch.setenv("PWD", str(below))
    done = world.doit("import", "plan.yml", "bundle.json", "broken.json", cwd=below)
    assert done.status == 3, done.err
    assert "plan.yml: converted with 18 warnings -> workstreams/ws-cellar.yaml\n" in done.out
    done = world.doit("check")
    assert (done.status, done.err) == (0, "")


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real files are not there: {REAL.name}")
@pytest.mark.parametrize(
    "is_together",
    [pytest.param(True, id="together"), pytest.param(False, id="one-by-one", marks=pytest.mark.lane("real"))],
)
def test_all_real_files_give_workstreams_that_pass_check(world: World, is_together: bool) -> None:
    names = [str(path) for path in sorted(REAL.rglob("*")) if path.is_file()]
    calls = [names] if is_together else [[name] for name in names]
    outs = [world.doit("import", *call) for call in calls]
    assert {done.status for done in outs} <= {0, 3}
    told = "".join(done.out for done in outs)
    assert [name for name in names if f"{name}: converted" not in told and f"{name}: refused\n" not in told] == []
    assert len(list((world.root / "workstreams").iterdir())) == 22
    done = world.doit("check")
    assert (done.status, done.err) == (0, ""), done.out
