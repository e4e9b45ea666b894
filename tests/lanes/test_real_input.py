"""Lane `real`: packages that are not ours, as their authors published them, through `doit init` and a whole run.

    pytest --lane real tests/lanes/test_real_input.py

It downloads sources from the package index, so that ordinary runs and CI leave it out.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.world import World

PACKAGES = {"inflection": "inflection==0.5.1", "parse": "parse==1.20.2", "toolz": "toolz==1.0.0"}
FIXES = ["check", "--isolated", "--fix", "--exit-zero", "--select", "F,I,UP", "."]


@pytest.fixture(params=PACKAGES.values(), ids=PACKAGES)
def package(request: pytest.FixtureRequest, tmp_path: Path, sealed_world: Path) -> World:
    """A repository made of a package's published source."""
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-binary", ":all:", "--no-deps", request.param]
    subprocess.run([*download, "--dest", str(tmp_path / "sdist")], check=True, timeout=170)
    (archive,) = (tmp_path / "sdist").glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path / "source", filter="data")
    world = World(tmp_path / "project", sealed_world)
    for file in ("dodo.py", "doit.cfg", "README.md"):
        (world.root / file).unlink()
    (unpacked,) = (tmp_path / "source").iterdir()
    for path in unpacked.iterdir():
        path.rename(world.root / path.name)
    world.commit("as published")
    return world


@pytest.mark.lane("real")
def test_ruffs_fixes_with_the_packages_own_tests_as_check(package: World) -> None:
    done = package.doit("init")
    assert done.status == 0, done.out + done.err
    first = package.root / "workstreams/first.yaml"
    assert first.exists()
    assert package.doit("check").status == 0
    package.workstream(
        "modern",
        objective="Unused imports are gone, imports are sorted, the syntax is today's.",
        scope={"modify": ["**/*.py"], "create": []},
        steps=[{"id": "fix", "tool": "ruff", "args": FIXES, "expect": "change"}],
        checks=[{"id": "tests", "tool": "pytest", "args": ["-q", "-o", "pythonpath=."]}],
    )
    package.commit("set up")
    done = package.doit()
    assert done.status == 0, done.out + done.err
    record = package.records()["modern"]
    assert record["outcome"] == "changed"
    paths = {change["path"] for change in record["files"]}
    assert paths
    assert all(path.endswith(".py") for path in paths)
    assert paths == set(package.git("diff", "--name-only", "main", "splinter/modern").splitlines())
    outcomes = [case["outcome"] for case in record["checks"][0]["cases"]]
    assert outcomes.count("passed") > 50
    assert not {"failed", "error"} & set(outcomes)
    assert package.git("log", "--format=%(trailers:key=Tool,valueonly,separator=)", "main..splinter/modern") == "ruff"
    assert package.git("status", "--porcelain") == ""
    report = (package.root / "reports/latest/report.md").read_text()
    seconds = record["checks"][0]["seconds"]
    assert f"| `tests` | passed | passed | {seconds:.1f} | {outcomes.count('passed')} |" in report
    assert (package.root / ".splinter/pull-requests/modern.md").exists()
    print(f"\n{len(paths)} files changed, {outcomes.count('passed')} tests passed\n{done.out}")


@pytest.mark.lane("real")
def test_fixes_that_break_the_packages_tests_reach_no_branch(package: World) -> None:
    package.doit("init")
    (package.root / "workstreams/first.yaml").unlink()
    sabotage = "import pathlib\nfor p in pathlib.Path('.').rglob('*.py'):\n    p.write_text(p.read_text().replace('return ', 'return None and ', 1))\n"
    package.workstream(
        "broken",
        steps=[{"id": "sabotage", "run": ["python", "-c", sabotage]}],
        checks=[{"id": "tests", "tool": "pytest", "args": ["-q", "-o", "pythonpath=."]}],
    )
    package.commit("set up")
    done = package.doit()
    assert done.status == 1
    record = package.records()["broken"]
    assert (record["outcome"], record["reason"]) == ("failed", "check_failed")
    assert package.branches() == []
    assert "1 failed" in (package.root / "reports/latest/report.md").read_text()
