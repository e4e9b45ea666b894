"""Lane `real`: what installs hooks, and what asks git for tags and the base, as `setup`, as a step, and as a check.

    pytest --lane real tests/lanes/test_real_installers.py

The programs come from the package indexes, so that ordinary runs and CI leave it out.
"""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from tests.world import World

NPM = "npm install --no-package-lock --no-audit --no-fund --loglevel=error"
PYTHONS = "python3 -m venv .venv && .venv/bin/pip install -q pre-commit setuptools_scm"
SCM = '[build-system]\nrequires = ["setuptools", "setuptools-scm"]\n[project]\nname = "p"\ndynamic = ["version"]\n'
HOOK = "repos:\n- repo: local\n  hooks:\n  - {id: seen, name: seen, entry: echo, language: system, verbose: true}\n"

pytestmark = [pytest.mark.lane("real"), pytest.mark.timeout(900)]


LINT = "import js from '@eslint/js';\nexport default [js.configs.recommended, {rules: {'prefer-const': 'error'}}];\n"
ESLINT = {
    "package.json": json.dumps(
        {"name": "x", "type": "module", "devDependencies": {"eslint": "9.39.1", "@eslint/js": "9.39.1"}}
    ),
    "eslint.config.js": LINT,
    "a.js": "let a = 1;\nexport default a;\n",
}
SHAPES = """[project]
name = "shapes"
version = "1.0.0"
requires-python = ">=3.11"
[build-system]
requires = ["poetry-core>=2"]
build-backend = "poetry.core.masonry.api"
"""
PROJECTS = {  # files, setup, step, check
    "npm": (ESLINT, NPM, "eslint --fix .", "npx eslint ."),
    "pnpm": (ESLINT, "npx --yes pnpm@10 install --no-lockfile", "eslint --fix .", "npx --yes pnpm@10 exec eslint ."),
    "pip": (
        {"pyproject.toml": SHAPES, "shapes/__init__.py": "def  a( ): pass\n"},
        "python3 -m venv .venv && .venv/bin/pip install -q -e . ruff", "ruff format .", "ruff check . && python -c 'import shapes'",
    ),
    "go": (
        {"go.mod": "module example.com/x\n\ngo 1.19\n", "x.go": "package x\nfunc  X() int { return 1 }\n"},
        "go mod download", "gofmt -w .", "go vet ./...",
    ),
}  # fmt: skip


def ran(world: World) -> dict[str, Any]:
    world.commit()
    world.git("tag", "-a", "-m", "released", "v1.2.0")
    world.doit("w")
    record = world.records()["w"]
    assert record["outcome"] == "changed", record["message"]
    return record


def log(world: World, record: dict[str, Any], name: str) -> str:
    found = {one.get("step") or one["check"]: one["log"] for one in (*record["steps"], *record["checks"])}
    return (world.root / found[name]).read_text()


def notes(record: dict[str, Any], step: str) -> list[str]:
    return [note for one in record["steps"] if one["step"] == step for note in one["notes"] if "own .git" in note]


def test_husky(world: World) -> None:
    package = {"name": "x", "scripts": {"prepare": "husky"}, "devDependencies": {"husky": "9.1.7"}}
    world.write("package.json", json.dumps(package))
    world.write(".gitignore", "node_modules/\n")
    world.write(".husky/pre-commit", "echo the hook ran\n")
    (world.root / ".husky/pre-commit").chmod(0o755)
    commits = "echo made > made.txt; git add made.txt; git commit -qm made; git config core.hooksPath || echo none"
    world.workstream(
        "w", setup=[{"run": NPM, "inputs": ["package.json"]}],
        steps=[world.step("plain", commits), world.step("installs", f"{NPM}\n{commits.replace('made', 'more')}")],
        checks=[{"id": "installs-too", "run": f"{NPM}\ngit config core.hooksPath"}],
    )  # fmt: skip
    record = ran(world)
    assert "the hook ran" not in log(world, record, "plain")
    assert "none" in log(world, record, "plain")
    assert "the hook ran" in log(world, record, "installs")
    assert (notes(record, "plain"), notes(record, "installs")) == (
        [], ["not kept of what the step did to its own .git: config"]
    )  # fmt: skip
    assert record["checks"][0]["outcome"] == "passed"


def test_pre_commit_and_setuptools_scm(world: World) -> None:
    world.write("pyproject.toml", f"{SCM}[tool.setuptools_scm]\n")
    world.write(".pre-commit-config.yaml", HOOK)
    world.write(".gitignore", ".venv/\n")
    installs = f"{PYTHONS} && .venv/bin/pre-commit install && .venv/bin/python -m setuptools_scm > .venv/version"
    step = (
        "cat .venv/version; test ! -e .git/hooks/pre-commit; python -m setuptools_scm; pre-commit install\n"
        "echo made > made.txt; git add made.txt; git commit -m made"
    )
    world.workstream(
        "w", setup=[{"run": installs, "inputs": ["pyproject.toml"]}], steps=[world.step("s", step)],
        checks=[{"id": "c", "run": "python -m setuptools_scm; pre-commit run --from-ref main --to-ref HEAD"}],
    )  # fmt: skip
    record = ran(world)
    assert log(world, record, "s").startswith("1.2.0\n1.2.0\npre-commit installed at .git/hooks/pre-commit\n")
    assert "\nmade.txt\n" in log(world, record, "s"), "the hook runs at a commit of the same step"
    assert notes(record, "s") == ["not kept of what the step did to its own .git: hooks/pre-commit"]
    assert log(world, record, "c").startswith("1.2.1.dev1+g")
    assert "\nmade.txt\n" in log(world, record, "c")


def test_nx(world: World) -> None:
    world.write("package.json", json.dumps({"name": "x", "private": True, "devDependencies": {"nx": "21.6.5"}}))
    world.write("nx.json", json.dumps({"defaultBase": "main", "analytics": False}))
    world.write(".gitignore", "node_modules/\n.nx/\n")
    for name in ("app", "other"):
        target = {"build": {"command": f"echo built {name}"}}
        world.write(f"{name}/project.json", json.dumps({"name": name, "targets": target}))
        world.write(f"{name}/a.txt", "a\n")
    affected = "export NX_DAEMON=false CI=1; npx nx show projects --affected"
    world.workstream(
        "w", setup=[{"run": f"{NPM}; {affected}", "inputs": ["package.json"]}],
        steps=[world.step("s", f"{affected}; echo b > app/a.txt; {affected}")],
        checks=[{"id": "c", "run": f"{affected}; npx nx affected -t build"}],
    )  # fmt: skip
    record = ran(world)
    assert log(world, record, "s").split() == ["app"]
    assert "built app" in log(world, record, "c")
    assert "built other" not in log(world, record, "c")


@pytest.mark.parametrize("kind", PROJECTS)
def test_a_small_project_ends_green_the_first_time(world: World, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not shutil.which("go" if kind == "go" else "npm"):
        pytest.skip("its program is not installed")
    monkeypatch.delenv("SPLINTER_SANDBOX", raising=False)
    files, setup, step, check = PROJECTS[kind]
    for name, text in files.items():
        world.write(name, text)
    world.write(".gitignore", "node_modules/\n.venv/\n__pycache__/\n")
    world.workstream(
        "w", setup=[{"run": setup, "inputs": [next(iter(files))]}], steps=[{"id": "s", "run": step}],
        checks=[{"id": "c", "run": check}],
    )  # fmt: skip
    record = ran(world)
    assert record["checks"][0]["outcome"] == "passed"
