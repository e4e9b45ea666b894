"""Lane `real`: packages that real build backends installed editable, and checks that look at the branch all the same.

    pytest --lane real tests/lanes/test_real_editable.py

Each backend comes from the package index, so that ordinary runs and CI leave it out.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.pythons import Venv
from tests.world import World

PROJECT = '[project]\nname = "shapes"\nversion = "1.0"\nrequires-python = ">=3.8"\ndescription = "Shapes"\n'
MESON = "project('shapes', version: '1.0')\npy = import('python').find_installation()\npy.install_sources('{path}', subdir: 'shapes')\n"
CMAKE = "cmake_minimum_required(VERSION 3.15)\nproject(shapes LANGUAGES NONE)\n"
BACKENDS: dict[str, tuple[str, str, dict[str, str]]] = {  # requires, backend, more of pyproject.toml by layout
    "setuptools": ("setuptools>=64", "setuptools.build_meta", {}),
    "hatchling": ("hatchling", "hatchling.build", {}),
    "hatchling exact": ("hatchling", "hatchling.build", {"": "[tool.hatch.build]\ndev-mode-exact = true\n"}),
    "flit": ("flit_core>=3.4", "flit_core.buildapi", {}),
    "poetry": ("poetry-core", "poetry.core.masonry.api", {
        "src/": '[tool.poetry]\npackages = [{include = "shapes", from = "src"}]\n',
        "flat": '[tool.poetry]\npackages = [{include = "shapes"}]\n',
    }),
    "uv": ("uv_build", "uv_build", {"flat": '[tool.uv.build-backend]\nmodule-root = ""\n'}),
    "pdm": ("pdm-backend", "pdm.backend", {}),
    "pdm editables": ("pdm-backend", "pdm.backend", {"": '[tool.pdm.build]\neditable-backend = "editables"\n'}),
    "scikit-build-core inplace": ("scikit-build-core", "scikit_build_core.build", {
        "": '[tool.scikit-build]\neditable.mode = "inplace"\n', "flat": 'wheel.packages = ["shapes"]\n',
    }),
    "scikit-build-core": ("scikit-build-core", "scikit_build_core.build", {
        "": "[tool.scikit-build]\n", "flat": 'wheel.packages = ["shapes"]\n',
    }),
    "meson-python": ("meson-python", "mesonpy", {}),
}  # fmt: skip
OPTIONS = {"setuptools strict": "editable_mode=strict", "setuptools compat": "editable_mode=compat"}
HOOKS = {
    "scikit-build-core": "ScikitBuildRedirectingFinder",
    "scikit-build-core inplace": "ScikitBuildInplaceFinder",
    "meson-python": "MesonpyMetaFinder",
}


def written(world: World, backend: str, layout: str) -> None:
    root = "src/" if layout == "src/" else ""
    requires, module, more = BACKENDS[backend.removesuffix(" strict").removesuffix(" compat")]
    build = f'[build-system]\nrequires = ["{requires}"]\nbuild-backend = "{module}"\n'
    world.write("pyproject.toml", f"{build}{PROJECT}{more.get('', '')}{more.get(layout, '')}")
    world.write(f"{root}shapes/__init__.py", "def add(a, b):\n    return a + b\n")
    world.write("tests/test_add.py", "import shapes\n\ndef test_add():\n    assert shapes.add(1, 2) == 3\n")
    world.write(".gitignore", "build/\n*.egg-info/\n")
    if backend == "meson-python":
        world.write("meson.build", MESON.format(path=f"{root}shapes/__init__.py"))
    if backend.startswith("scikit"):
        world.write("CMakeLists.txt", CMAKE)
    world.commit()


def installed(world: World, folder: Path, backend: str) -> Venv:
    """The user's environment with an editable install, made by pip."""
    made = Venv.make(folder, borrows=True)
    pip = [made.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if backend == "meson-python":
        subprocess.run(
            [*pip, "meson-python", "meson", "ninja", "pyproject-metadata", "packaging"], check=True, timeout=170
        )
        pip.append("--no-build-isolation")
    if backend in OPTIONS:
        pip += ["--config-settings", OPTIONS[backend]]
    env = {**os.environ, "PATH": f"{made.folder}/bin{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([*pip, "--editable", str(world.root)], check=True, timeout=170, env=env)
    made.comes_first(world)
    return made


def done(world: World, command: str) -> dict[str, Any]:
    world.workstream(
        "w", steps=[{"id": "s", "run": command}], checks=[{"id": "tests", "tool": "pytest", "args": ["tests"]}]
    )
    world.commit()
    world.doit("w")
    return world.records()["w"]


@pytest.mark.lane("real")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("layout", ["src/", "flat"])
@pytest.mark.parametrize("backend", [*BACKENDS, *OPTIONS])
def test_a_check_judges_the_branch_whatever_backend_installed_the_package(
    world: World, tmp_path: Path, backend: str, layout: str
) -> None:
    written(world, backend, layout)
    users = installed(world, tmp_path / "env", backend)
    root = "src/" if layout == "src/" else ""
    found = subprocess.run(
        [users.python, "-c", "import shapes; print(shapes.__file__)"], capture_output=True, text=True, check=True
    )
    assert found.stdout.startswith(str(world.root)), "the user's checkout is what the environment holds"
    broken = done(world, f"sed -i 's/a + b/a - b/' {root}shapes/__init__.py")
    sound = done(world, f"echo '# more' >> {root}shapes/__init__.py")
    assert world.git("status", "--porcelain") == ""
    if backend in HOOKS:
        assert (broken["outcome"], broken["reason"]) == ("failed", "wrong_tree"), broken["message"]
        assert f"{HOOKS[backend]}, its import hook, is asked before any folder" in broken["message"]
        assert sound["reason"] == "wrong_tree"
    else:
        assert (broken["outcome"], broken["reason"]) == ("failed", "check_failed"), broken["message"]
        assert sound["outcome"] == "changed", sound["message"]


@pytest.mark.lane("real")
@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
def test_workspaces_of_npm_that_lead_to_the_checkout_lead_to_the_work_tree(world: World) -> None:
    world.write("package.json", json.dumps({"name": "top", "private": True, "workspaces": ["packages/*"]}))
    world.write("packages/shapes/package.json", json.dumps({"name": "shapes", "version": "1.0.0"}))
    world.write("packages/shapes/index.js", "exports.add = (a, b) => a + b\n")
    world.write("linked/package.json", json.dumps({"name": "linked", "version": "1.0.0"}))
    world.write("linked/index.js", "exports.add = (a, b) => a + b\n")
    world.write(".gitignore", "node_modules/\n")
    world.write(".worktreeinclude", "node_modules\n")
    subprocess.run(["npm", "install", "--offline", "--no-audit", "--silent"], cwd=world.root, check=True, timeout=120)
    (world.root / "node_modules/linked").symlink_to(world.root / "linked")  # as `npm link` and `file:` leave it
    tell = 'node -p \'require.resolve("shapes") + " " + require.resolve("linked")\''
    world.workstream("w", steps=[{"id": "s", "run": f"{tell} && echo x > new.txt"}])
    world.commit()
    world.doit("w")
    tree = world.worktree("w")
    log = next((world.root / ".splinter/runs").glob("*/w/s.log")).read_text()
    assert log == f"{tree}/packages/shapes/index.js {tree}/linked/index.js\n"
    assert world.notes() == []


@pytest.mark.lane("real")
@pytest.mark.skipif(not shutil.which("go"), reason="Go is not installed")
def test_a_replace_of_go_that_leads_to_the_checkout_is_noted(world: World) -> None:
    world.env["GOFLAGS"] = "-mod=mod"
    world.write(
        "go.mod",
        f"module example.org/top\n\ngo 1.19\n\nrequire example.org/shapes v0.0.0\n\nreplace example.org/shapes => {world.root}/shapes\n",
    )
    world.write(
        "main.go",
        'package main\n\nimport (\n\t"fmt"\n\n\t"example.org/shapes"\n)\n\nfunc main() { fmt.Println(shapes.Add(1, 2)) }\n',
    )
    world.write("shapes/go.mod", "module example.org/shapes\n\ngo 1.19\n")
    world.write("shapes/shapes.go", "package shapes\n\nfunc Add(a, b int) int { return a + b }\n")
    run = "sed -i 's/a + b/a - b/' shapes/shapes.go && go run ."
    world.workstream("w", steps=[{"id": "s", "run": run}])
    world.commit()
    world.doit("w")
    log = next((world.root / ".splinter/runs").glob("*/w/s.log")).read_text()
    assert log == "3\n", "Go took the checkout's"
    assert world.notes() == [f"go.mod names {world.root}, not the work tree."]


def notes(world: World) -> list[str]:
    db = sqlite3.connect(world.root / ".splinter/history.db")
    rows = db.execute("select notes from runs order by rowid desc limit 1").fetchall()
    db.close()
    return [str(one) for one in json.loads(rows[0][0])]
