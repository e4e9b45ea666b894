"""What `doit init` says where setuptools would take workstreams/ and reports/ for packages, and where it says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from splinter.maintenance import package_discovery

PROJECT = '[project]\nname = "shapes"\nversion = "1.0"\n'
SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
WHY = (
    "setuptools looks for packages by itself here and would take workstreams/ and reports/ for some, so that pip "
    "install goes wrong.\nSay in pyproject.toml which is yours:\n"
)
FLAT = ("shapes/__init__.py", "shapes/round/__init__.py", "tests/__init__.py", "setup.py")


def advice(root: Path, *listed: str, **files: str) -> str:
    for name, text in files.items():
        (root / name.replace("_", ".")).write_text(text)
    return package_discovery.advice(root, listed)


@pytest.mark.parametrize("text", [PROJECT, PROJECT + SETUPTOOLS], ids=["no backend is setuptools", "setuptools"])
def test_a_flat_package_gets_the_lines_that_name_it(tmp_path: Path, text: str) -> None:
    lines = '    [tool.setuptools.packages.find]\n    include = ["shapes", "shapes.*"]'
    assert advice(tmp_path, *FLAT, pyproject_toml=text) == WHY + lines


def test_a_single_module_would_not_be_installed_at_all(tmp_path: Path) -> None:
    lines = '    [tool.setuptools]\n    py-modules = ["shapes"]'
    assert advice(tmp_path, "shapes.py", "dodo.py", "tests/test_shapes.py", pyproject_toml=PROJECT) == WHY + lines


@pytest.mark.parametrize("files", [
    {},
    {"pyproject_toml": "[tool.ruff]\nline-length = 100\n"},
    {"pyproject_toml": PROJECT + '[build-system]\nbuild-backend = "hatchling.build"\n'},
    {"pyproject_toml": PROJECT + '[tool.setuptools]\npackages = ["shapes"]\n'},
    {"pyproject_toml": PROJECT + '[tool.setuptools.packages.find]\ninclude = ["shapes*"]\n'},
    {"pyproject_toml": PROJECT, "setup_cfg": "[options]\npackages = find:\n"},
    {"pyproject_toml": SETUPTOOLS, "setup_py": "setup(name='shapes', py_modules=['shapes'])\n"},
    {"pyproject_toml": "not TOML ="},
])  # fmt: skip
def test_nothing_is_said_where_setuptools_looks_for_nothing(tmp_path: Path, files: dict[str, str]) -> None:
    assert advice(tmp_path, *FLAT, **files) == ""


def test_nothing_is_said_of_a_src_layout_or_of_several_packages(tmp_path: Path) -> None:
    assert advice(tmp_path, *FLAT, "other/__init__.py", pyproject_toml=PROJECT) == "", "it fails without us"
    assert advice(tmp_path, "README.md", pyproject_toml=PROJECT) == ""
    (tmp_path / "src").mkdir()
    assert advice(tmp_path, *FLAT, pyproject_toml=PROJECT) == ""


def test_what_setuptools_itself_finds_is_what_is_said(tmp_path: Path) -> None:
    discovery = pytest.importorskip("setuptools.discovery")
    for folder in ("shapes/round", "tests", "workstreams", "reports/latest"):
        (tmp_path / folder).mkdir(parents=True)
    for folder in ("shapes", "shapes/round", "tests"):
        (tmp_path / folder / "__init__.py").touch()
    found = {name.partition(".")[0] for name in discovery.FlatLayoutPackageFinder.find(str(tmp_path))}
    assert found == {"shapes", "workstreams", "reports"}
    mine = discovery.PEP420PackageFinder.find(str(tmp_path), include=["shapes", "shapes.*"])
    assert sorted(mine) == ["shapes", "shapes.round"]
