"""What in a work tree leads back to the checkout, told without starting anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from splinter.engine.tools import checkout_links
from splinter.engine.tools.checkout_links import Ground


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    made = Ground(tree=tmp_path / "state/worktrees/w", checkouts=(tmp_path / "project",))
    made.tree.mkdir(parents=True)
    (made.checkouts[0] / "packages/shapes").mkdir(parents=True)
    return made


def write(ground: Ground, path: str, text: str) -> None:
    file = ground.tree / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text.format(project=ground.checkouts[0]))


def found(
    ground: Ground, *tracked: str, included: tuple[str, ...] = (), program: str = "", path: str = ""
) -> list[str]:
    said = checkout_links.found(ground, tracked=tracked, included=included, programs=[program], path=path)
    return [
        one.replace(str(ground.checkouts[0]), "CHECKOUT").replace(str(ground.tree.parents[2]), "TOP") for one in said
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("go.mod", "module a\nreplace b => {project}/packages/shapes\n"),
        ("go.work", "use (\n\t.\n\t{project}\n)\n"),
        ("Cargo.toml", '[patch.crates-io]\nshapes = {{ path = "{project}/packages/shapes" }}\n'),
        (".cargo/config.toml", 'paths = ["{project}/packages/shapes"]\n'),
        ("web/package.json", '{{"dependencies": {{"shapes": "file:{project}/packages/shapes"}}}}\n'),
    ],
)  # fmt: skip
def test_a_manifest_that_names_the_checkout_is_named(ground: Ground, path: str, text: str) -> None:
    write(ground, path, text)
    assert found(ground, path) == [f"{path} names CHECKOUT, not the work tree"]


def test_a_go_work_that_git_does_not_track_is_read_too(ground: Ground) -> None:
    write(ground, "go.work", "use {project}\n")
    assert found(ground) == ["go.work names CHECKOUT, not the work tree"]


def test_what_is_above_the_work_tree_counts_where_programs_look_there(ground: Ground) -> None:
    write(ground, "../../go.work", "use {project}\n")
    assert found(ground) == ["TOP/state/go.work names CHECKOUT, not the work tree, and is above it"]


@pytest.mark.parametrize("text", ["{project}-two/src\n", "replace a => ../a\n", "{project}.old"])
def test_what_names_another_place_is_well(ground: Ground, text: str) -> None:
    write(ground, "go.mod", text)
    assert found(ground, "go.mod") == []


def test_links_to_packages_of_the_checkout_are_named(ground: Ground) -> None:
    for name in ("node_modules/plain", "node_modules/@acme/shapes", "web/node_modules/shapes"):
        (ground.tree / name).parent.mkdir(parents=True, exist_ok=True)
        (ground.tree / name).symlink_to(ground.checkouts[0] / "packages/shapes")
    (ground.tree / "packages/own").mkdir(parents=True)
    (ground.tree / "node_modules/own").symlink_to("../packages/own")
    assert found(ground, "web/package.json") == [
        "node_modules/@acme/shapes leads to CHECKOUT/packages/shapes, not to the work tree",
        "node_modules/plain leads to CHECKOUT/packages/shapes, not to the work tree",
        "web/node_modules/shapes leads to CHECKOUT/packages/shapes, not to the work tree",
    ]


def test_links_within_a_checkout_lead_a_work_tree_nowhere_else(ground: Ground) -> None:
    checkout = ground.checkouts[0]
    (checkout / "node_modules").mkdir()
    (checkout / "node_modules/shapes").symlink_to("../packages/shapes")
    (checkout / "node_modules/fixed").symlink_to(checkout / "packages/shapes")
    here = Ground(tree=checkout, checkouts=(checkout,))
    assert found(here) == ["node_modules/fixed leads to CHECKOUT/packages/shapes, not to the work tree"]


def test_a_file_that_worktreeinclude_brings_is_read(ground: Ground) -> None:
    write(ground, ".env", "PYTHONPATH={project}/src\n")
    assert found(ground, included=(".env",)) == [
        ".env, which .worktreeinclude brings, names CHECKOUT, not the work tree"
    ]


def test_a_program_of_the_checkout_on_the_path_is_named(ground: Ground, tmp_path: Path) -> None:
    program = ground.checkouts[0] / "cli.js"
    program.touch(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/shapes").symlink_to(program)
    path = str(tmp_path / "bin")
    assert found(ground, program="shapes", path=path) == ["shapes on the PATH is CHECKOUT/cli.js, not the work tree's"]


@pytest.mark.parametrize("folder", ["node_modules/.bin", ".venv/bin"])
def test_tools_that_are_installed_in_the_checkout_are_well(ground: Ground, folder: str) -> None:
    place = ground.checkouts[0] / folder
    place.mkdir(parents=True)
    (ground.checkouts[0] / ".venv").mkdir(exist_ok=True)
    (ground.checkouts[0] / ".venv/pyvenv.cfg").touch()
    (place / "lint").touch(0o755)
    assert found(ground, program="lint", path=str(place)) == []
