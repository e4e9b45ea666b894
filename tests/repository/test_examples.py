"""Workstreams that pages show whole are sound, as `doit check` would say: of docs/, and of the contract beside us."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from splinter.config import settings_file, workstream_files
from splinter.config.workstream_files import Collection
from tests import paths
from tests.base_files import Files

CONTRACT = paths.SHARED / "design/contract.md"


def blocks(page: Path) -> list[str]:
    """The workstreams of a page: its YAML that names an id."""
    found = re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    return [block for block in found if re.search(r"(?m)^id:", block)]


def read(root: Path, text: str, *beside: str) -> Collection:
    for number, one in enumerate((text, *beside)):
        file = root / f"workstreams/{number}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(one, "utf-8")
    for path in ("prompts/house-style.md", ".mcp.json"):
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text("{}\n", "utf-8")
    return workstream_files.read(root, settings_file.defaults(), Files("packages/api/package.json"))


@pytest.mark.parametrize("page", ["matrix", "outputs"])
def test_the_workstreams_of_a_page_are_sound(tmp_path: Path, page: str) -> None:
    for number, text in enumerate(found := blocks(paths.ROOT / f"docs/{page}.md")):
        assert read(tmp_path / str(number), text).problems == ()
    assert found


def test_the_whole_example_means_what_it_says(tmp_path: Path) -> None:
    (one,) = read(tmp_path, blocks(paths.ROOT / "docs/matrix.md")[-1]).workstreams
    assert (one.id, one.group, one.branch, one.max_open) == ("deps-api", "deps", "deps/api", 10)
    assert (one.commit.message, one.commit.sign_off) == ("chore(deps): update api", True)
    assert [step.working_directory for step in one.steps] == ["", "packages/api"]
    assert one.scope.modify == ("packages/api/**",)
    assert {"steps.update.prompt", "pull_request.title"} <= one.unfilled


@pytest.mark.skipif(not CONTRACT.is_file(), reason=f"the contract is not there: {CONTRACT.name}")
def test_the_contract_s_example_is_sound(tmp_path: Path) -> None:
    (text,) = blocks(CONTRACT)
    found = read(tmp_path, text, "id: tidy\ntitle: Tidy\nsteps: [{id: go, run: ls}]\n")
    assert [one.text() for one in found.problems if one.is_error] == []
    assert [one.id for one in found.workstreams] == ["tidy", "api-docs"]
