"""Where a Python finds the repository's packages, by each way in which build backends install them editable.

Files are laid down as the backends write them; `tests/lanes/test_real_editable.py` has the backends themselves.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from splinter.engine.steps import own_python
from splinter.engine.tools import import_probe, python_imports, python_redirect
from splinter.engine.tools.python_imports import Answer, Own, Places, TopLevel
from tests import deep
from tests.paths import DATA
from tests.pythons import Venv

PROBE = Path(import_probe.__file__).read_text("utf-8")
ADD = "def add(a, b):\n    return a + b\n"


@dataclass
class Scene:
    """A checkout, a work tree of the same files, and the user's environment."""

    checkout: Path
    tree: Path
    users: Venv
    environ: dict[str, str]
    python: str = ""

    @property
    def places(self) -> Places:
        return Places(tree=self.tree, checkouts=(self.checkout,), state=self.tree.parent.parent)

    def own(self, *gone: str) -> Own:
        paths = [path.relative_to(self.tree).as_posix() for path in self.tree.rglob("*") if path.is_file()]
        names = python_imports.top_levels(paths)
        return Own(names=names, projects=frozenset({"shapes"}), gone=gone)

    def write(self, path: str, text: str = ADD, *, is_tracked: bool = True) -> None:
        for root in (self.checkout, self.tree) if is_tracked else (self.checkout,):
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def answer(self, own: Own, first: tuple[str, ...] = ()) -> Answer:
        question = python_imports.question(own, self.places, first=[str(self.tree / root) for root in first], word="W")
        python = self.python or self.users.python
        done = subprocess.run(
            [python, "-E", "-B", "-c", PROBE, question],
            cwd=self.tree,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        return python_imports.read(python, done.stdout + done.stderr, word="W")

    def roots(self) -> tuple[str, ...]:
        """The folders that are put first."""
        own = self.own()
        return python_redirect.free([self.answer(own)], own, self.places, self.is_there)

    def verdict(self, *gone: str) -> str | None:
        """What the proof says, with those folders first."""
        own = self.own(*gone)
        answer = self.answer(own, self.roots())
        assert answer.problem is None
        strays = python_imports.strays(answer, own, self.places)
        said = python_redirect.verdict(answer, strays, own, self.places, self.is_there)
        foreseen = python_redirect.lasting(self.answer(own), own, self.places, self.is_there)
        assert gone or {one.name for one in foreseen} == {one.name for one in strays}
        return said and said.replace(self.python or self.users.python, "PYTHON").replace(str(self.checkout), "CHECKOUT")

    def is_there(self, path: str) -> bool:
        return (self.tree / path).exists()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    made = Scene(
        checkout=tmp_path / "project", tree=tmp_path / "state/worktrees/w", users=Venv.make(tmp_path / "env"),
        environ={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
    )  # fmt: skip
    made.write("README.md", "")
    return made


def data(name: str) -> str:
    return (DATA / "editable" / name).read_text()


def path_file(name: str, root: str = "src") -> Callable[[Scene], None]:
    def lay(scene: Scene) -> None:
        place = scene.checkout / root if root else scene.checkout
        scene.users.distribution("shapes", {name: f"{place}"}, url=scene.checkout)

    return lay


def setuptools_finder(scene: Scene, mapping: dict[str, str], namespaces: dict[str, list[str]]) -> None:
    text = data("setuptools_finder.py.txt")
    text = text.replace("'MAPPING'", repr({name: str(scene.checkout / path) for name, path in mapping.items()}))
    text = text.replace("list[str]] = {}", f"list[str]] = {namespaces!r}")
    name = "__editable___shapes_1_0_finder"
    scene.users.distribution(
        "shapes",
        {f"{name}.py": text, "__editable__.shapes-1.0.pth": f"import {name}; {name}.install()"},
        url=scene.checkout,
    )


def editables(scene: Scene, name: str = "_editable_impl_shapes") -> None:
    """What hatchling's dev-mode-exact and pdm-backend's `editables` write."""
    scene.users.lay("editables/__init__.py", "")
    scene.users.lay("editables/redirector.py", data("editables_redirector.py.txt"))
    target = next(scene.checkout.rglob("shapes/__init__.py"))
    code = (
        f"from editables.redirector import RedirectingFinder as F\nF.install()\nF.map_module('shapes', {str(target)!r})"
    )
    scene.users.distribution("shapes", {f"{name}.py": code, f"{name}.pth": f"import {name}"}, url=scene.checkout)


def flit_symlink(scene: Scene) -> None:
    scene.users.distribution("shapes", {}, url=scene.checkout)
    (scene.users.site / "shapes").symlink_to(next(scene.checkout.rglob("shapes")))


def develop(scene: Scene) -> None:
    """`setup.py develop` of setuptools before 80."""
    scene.users.lay("easy-install.pth", f"{scene.checkout}/src\n")
    scene.users.lay("shapes.egg-link", f"{scene.checkout}/src\n../")
    egg_info = scene.checkout / "src/shapes.egg-info"
    egg_info.mkdir()
    (egg_info / "top_level.txt").write_text("shapes\n")


def strict(scene: Scene) -> None:
    """setuptools' editable_mode=strict: a folder of links in the checkout's build/."""
    folder = scene.checkout / "build/__editable__.shapes-1.0-py3-none-any"
    (folder / "shapes").mkdir(parents=True)
    (folder / "shapes/__init__.py").symlink_to(scene.checkout / "src/shapes/__init__.py")
    scene.users.distribution("shapes", {"__editable__.shapes-1.0.pth": str(folder)}, url=scene.checkout)


SRC = {
    "setuptools": path_file("__editable__.shapes-1.0.pth"),
    "setuptools strict": strict,
    "setup.py develop": develop,
    "hatchling": path_file("_shapes.pth"),
    "hatchling exact": editables,
    "flit": path_file("shapes.pth"),
    "flit --symlink": flit_symlink,
    "poetry": path_file("shapes.pth"),
    "uv_build": path_file("shapes.pth"),
    "pdm": path_file("shapes.pth"),
    "pdm editables": lambda scene: editables(scene, "__editables_shapes"),
    "scikit-build-core inplace": path_file("_shapes_editable.pth"),
}
FLAT = {
    "setuptools": lambda scene: setuptools_finder(scene, {"shapes": "shapes"}, {}),
    "setuptools compat": path_file("__editable__.shapes-1.0.pth", ""),
    "hatchling": path_file("_shapes.pth", ""),
    "hatchling exact": editables,
    "flit": path_file("shapes.pth", ""),
    "flit --symlink": flit_symlink,
    "poetry": path_file("shapes.pth", ""),
    "pdm editables": lambda scene: editables(scene, "__editables_shapes"),
}


NAMED_ALIKE = (
    "flit",
    "poetry",
    "uv_build",
    "pdm",
    "scikit-build-core inplace",
    "pdm editables",
)  # but for the file's name


@pytest.mark.parametrize("kind", deep.rows(SRC, "stories", ordinary=[kind for kind in SRC if kind not in NAMED_ALIKE]))
def test_a_package_in_src_that_is_installed_editable_is_led_to_the_work_tree(scene: Scene, kind: str) -> None:
    scene.write("src/shapes/__init__.py")
    SRC[kind](scene)
    assert scene.roots() == ("src",)
    assert scene.verdict() is None


@pytest.mark.parametrize(
    "kind", deep.rows(FLAT, "stories", ordinary=("setuptools", "hatchling", "hatchling exact", "flit --symlink"))
)
def test_a_package_at_the_top_that_is_installed_editable_is_led_to_the_work_tree(scene: Scene, kind: str) -> None:
    scene.write("shapes/__init__.py")
    FLAT[kind](scene)
    assert scene.roots() == ("",)
    assert scene.verdict() is None


@pytest.mark.parametrize("kind", ["path", "finder"])
def test_a_single_module_is_led_to_the_work_tree(scene: Scene, kind: str) -> None:
    scene.write("six.py")
    path_file("six.pth", "")(scene) if kind == "path" else setuptools_finder(scene, {"six": "six"}, {})
    assert scene.roots() == ("",)
    assert scene.verdict() is None


def test_a_namespace_package_in_src_is_led_to_the_work_tree(scene: Scene) -> None:
    scene.write("src/maker/shapes/__init__.py")
    path_file("__editable__.shapes-1.0.pth")(scene)
    assert scene.roots() == ("src",)
    assert scene.verdict() is None


@pytest.mark.parametrize("path", ["shapes/core.py", "acme/shapes/core.py", "acme/shapes/__init__.py"])
def test_a_namespace_package_at_the_top_is_led_to_the_work_tree(scene: Scene, path: str) -> None:
    scene.write("pyproject.toml", "")
    scene.write(path)
    scene.users.distribution("shapes", {"_shapes.pth": f"{scene.checkout}\n"}, url=scene.checkout)
    assert {one.name for one in python_imports.strays(scene.answer(scene.own()), scene.own(), scene.places)} == {
        path.split("/")[0]
    }
    assert scene.roots() == ("",)
    assert scene.verdict() is None


def test_a_namespace_package_that_a_finder_maps_is_led_to_the_work_tree(scene: Scene) -> None:
    scene.write("maker/shapes/__init__.py")
    setuptools_finder(scene, {"maker.shapes": "maker/shapes"}, {"maker": []})
    assert scene.roots() == ("",)
    assert scene.verdict() is None


def test_a_package_of_maturin_is_led_to_the_work_tree_with_its_compiled_part_alone(scene: Scene) -> None:
    scene.write("python/shapes/__init__.py")
    path_file("shapes.pth", "python")(scene)
    assert scene.roots() == ("python",)
    scene.write("python/shapes/_shapes.abi3.so", "", is_tracked=False)
    assert scene.roots() == ()
    assert scene.verdict() == (
        "PYTHON imports shapes from CHECKOUT/python/shapes, not from the work tree: "
        "_shapes.abi3.so is compiled there and not in the work tree"
    )


def test_a_compiled_module_beside_a_package_is_missed_too(scene: Scene) -> None:
    scene.write("src/shapes/__init__.py")
    scene.write("src/_shapes.cpython-311-darwin.so", "", is_tracked=False)
    path_file("shapes.pth")(scene)
    assert scene.verdict() == (
        "PYTHON imports shapes from CHECKOUT/src/shapes, not from the work tree: "
        "_shapes.cpython-311-darwin.so is compiled there and not in the work tree"
    )


def test_several_packages_of_a_repository_are_led_each_from_its_folder(scene: Scene) -> None:
    scene.write("packages/a/src/first/__init__.py")
    scene.write("packages/b/second/__init__.py")
    scene.users.distribution("first", {"a.pth": f"{scene.checkout}/packages/a/src"}, url=scene.checkout / "packages/a")
    scene.users.distribution("second", {"b.pth": f"{scene.checkout}/packages/b"}, url=scene.checkout / "packages/b")
    assert sorted(scene.roots()) == ["packages/a/src", "packages/b"]
    assert scene.verdict() is None


def test_the_users_own_site_folder_is_looked_at(scene: Scene) -> None:
    scene.write("src/shapes/__init__.py")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = scene.checkout.parent / "base/lib" / version / "site-packages"
    site.mkdir(parents=True)
    (site / "shapes.pth").write_text(str(scene.checkout / "src"))
    scene.environ["PYTHONUSERBASE"] = str(scene.checkout.parent / "base")
    scene.python = str(Path(sys.base_prefix) / "bin/python3")
    assert scene.roots() == ("src",)
    assert scene.verdict() is None


@pytest.mark.parametrize("url", [None, "checkout"])
def test_a_copy_of_this_project_is_led_to_the_work_tree(scene: Scene, url: str | None) -> None:
    scene.write("src/shapes/__init__.py")
    name = "another-name" if url else "Shapes"
    scene.users.distribution(name, {"shapes/__init__.py": ADD}, url=scene.checkout if url else None, editable=False)
    assert scene.roots() == ("src",)
    assert scene.verdict() is None


def test_a_copy_with_a_compiled_part_cannot_be_replaced(scene: Scene) -> None:
    scene.write("src/shapes/__init__.py")
    scene.users.distribution("shapes", {"shapes/__init__.py": ADD, "shapes/_fast.pyd": ""})
    said = scene.verdict()
    assert said == (
        f"PYTHON imports shapes from {scene.users.site}/shapes, not from the work tree: "
        "_fast.pyd is compiled there and not in the work tree"
    )


def test_another_distribution_with_the_same_name_is_none_of_our_business(scene: Scene) -> None:
    scene.write("tests/__init__.py")
    scene.write("src/shapes/__init__.py")
    scene.users.distribution("careless", {"tests/__init__.py": "", "careless/__init__.py": ""})
    assert scene.roots() == ()
    assert scene.verdict() is None


def strays(scene: Scene, **fields: bool) -> list[str]:
    own = replace(scene.own(), **fields)
    return [one.name for one in python_imports.strays(scene.answer(own), own, scene.places)]


def test_a_copy_that_no_distribution_lists_is_no_branch(scene: Scene) -> None:
    scene.write("src/shapes/__init__.py")
    scene.users.lay("shapes/__init__.py", ADD)
    assert strays(scene) == ["shapes"]
    assert scene.verdict() is None


def test_an_installed_package_of_others_that_is_called_like_ours_is_theirs(scene: Scene) -> None:
    scene.write("src/shapes/__init__.py")
    scene.users.distribution("drawing", {"shapes/__init__.py": ADD})
    assert strays(scene) == []
    assert strays(scene, is_nameless=True) == ["shapes"]  # it may be this project's


@pytest.mark.parametrize("metadata", ["drawing-1.egg-info/top_level.txt", "Oblongs_X-1.dist-info/METADATA", "a.egg"])
def test_a_package_whose_distribution_lists_no_files_is_still_its_own(scene: Scene, metadata: str) -> None:
    """Debian leaves RECORD away; an egg never had one."""
    scene.write("src/oblongs_x/__init__.py")
    folder = "a.egg/" if metadata == "a.egg" else ""
    scene.users.lay(f"{folder}oblongs_x/__init__.py", ADD)
    scene.users.lay("a.egg/EGG-INFO/PKG-INFO" if folder else metadata, "oblongs_x\nName: drawing\n")
    scene.users.lay("easy-install.pth", "./a.egg\n")
    assert strays(scene) == []


def test_an_egg_of_this_project_is_no_branch(scene: Scene) -> None:
    scene.write("src/shapes/__init__.py")
    scene.users.lay("a.egg/shapes/__init__.py", ADD)
    scene.users.lay("a.egg/EGG-INFO/PKG-INFO", "Name: Shapes\n")
    scene.users.lay("easy-install.pth", "./a.egg\n")
    assert strays(scene) == ["shapes"]


def test_what_is_not_found_at_all_is_no_problem(scene: Scene) -> None:
    scene.write("src/shapes/__init__.py")
    assert scene.roots() == ()
    assert scene.verdict() is None


def test_an_environment_in_the_checkout_is_no_checkout(scene: Scene) -> None:
    scene.write("src/shapes/__init__.py")
    scene.write("attr/__init__.py")
    scene.users = Venv.make(scene.checkout / ".venv")
    scene.users.distribution("attrs", {"attr/__init__.py": ""})
    assert scene.roots() == ()
    assert scene.verdict() is None
    path_file("shapes.pth")(scene)
    assert scene.roots() == ("src",)
    assert scene.verdict() is None


def test_an_install_from_another_work_tree_of_ours_is_led_away_from_there(scene: Scene) -> None:
    scene.write("src/shapes/__init__.py")
    shutil.copytree(scene.tree, scene.tree.parent / "other")
    scene.users.distribution("shapes", {"shapes.pth": f"{scene.tree.parent}/other/src"})
    assert scene.roots() == ("src",)
    assert scene.verdict() is None


@pytest.mark.parametrize("kind", ["path", "finder"])
def test_an_install_from_a_second_clone_is_led_away_from_there(scene: Scene, kind: str) -> None:
    scene.write("shapes/__init__.py")
    away = replace(scene, checkout=scene.checkout.parent / "second clone")
    shutil.copytree(scene.checkout, away.checkout)
    path_file("shapes.pth", "")(away) if kind == "path" else setuptools_finder(away, {"shapes": "shapes"}, {})
    assert scene.roots() == ("",)
    assert scene.verdict() is None


def test_a_package_of_another_project_that_is_called_like_ours_is_none_of_our_business(scene: Scene) -> None:
    scene.write("src/shapes/__init__.py")
    scene.write("tests/__init__.py")
    (scene.checkout.parent / "other/tests").mkdir(parents=True)
    (scene.checkout.parent / "other/tests/__init__.py").touch()
    other = scene.checkout.parent / "other"
    scene.users.distribution("other", {"other.pth": str(other)}, url=other)
    assert scene.roots() == ()
    assert scene.verdict() is None


def test_a_package_that_the_branch_moved_into_src_is_found_there(scene: Scene) -> None:
    scene.write("shapes/__init__.py")
    path_file("shapes.pth", "")(scene)
    (scene.tree / "src").mkdir()
    (scene.tree / "shapes").rename(scene.tree / "src/shapes")
    assert scene.roots() == ("src", "")
    assert scene.verdict() is None


def test_a_folder_that_is_imported_by_another_name_cannot_be_led(scene: Scene) -> None:
    scene.write("library/__init__.py")
    setuptools_finder(scene, {"shapes": "library"}, {})
    assert scene.roots() == ()
    assert scene.verdict() == "PYTHON imports shapes from CHECKOUT/library, not from the work tree"


@pytest.mark.parametrize("layout", ["src/", ""])
def test_meson_pythons_hook_is_named_and_builds_nothing(scene: Scene, layout: str) -> None:
    scene.write(f"{layout}shapes/__init__.py")
    hook = (
        "import sys\n"
        "class MesonpyMetaFinder:\n"
        f"    _top_level_modules, _build_path = {{'shapes'}}, {str(scene.checkout / 'build/cp311')!r}\n"
        "    def find_spec(self, fullname, path=None, target=None):\n"
        "        assert fullname != 'shapes', 'it would build'\n"
        "sys.meta_path.insert(0, MesonpyMetaFinder())\n"
    )
    scene.users.distribution(
        "shapes",
        {"_shapes_editable_loader.py": hook, "shapes-editable.pth": "import _shapes_editable_loader"},
        url=scene.checkout,
    )
    assert scene.verdict() == (
        "PYTHON imports shapes from CHECKOUT/build/cp311, not from the work tree: "
        "MesonpyMetaFinder, its import hook, is asked before any folder"
    )


def test_scikit_build_cores_hook_is_named_and_builds_nothing(scene: Scene) -> None:
    scene.write("src/shapes/__init__.py")
    hook = (
        "import importlib.util, sys\n"
        "class ScikitBuildRedirectingFinder:\n"
        "    rebuild_flag = True\n"
        f"    known_source_files = {{'shapes': {str(scene.checkout / 'src/shapes/__init__.py')!r}}}\n"
        "    def find_spec(self, fullname, path=None, target=None):\n"
        "        if fullname in self.known_source_files:\n"
        "            assert not self.rebuild_flag, 'it would build'\n"
        "            return importlib.util.spec_from_file_location(fullname, self.known_source_files[fullname])\n"
        "sys.meta_path.insert(0, ScikitBuildRedirectingFinder())\n"
    )
    scene.users.distribution(
        "shapes", {"_shapes_editable.py": hook, "_shapes_editable.pth": "import _shapes_editable"}, url=scene.checkout
    )
    assert scene.verdict() == (
        "PYTHON imports shapes from CHECKOUT/src/shapes, not from the work tree: "
        "ScikitBuildRedirectingFinder, its import hook, is asked before any folder"
    )


def test_a_folder_whose_modules_would_hide_pythons_own_is_not_put_first(scene: Scene) -> None:
    scene.write("shapes/__init__.py")
    scene.write("secrets.py", "")
    path_file("shapes.pth", "")(scene)
    assert scene.roots() == ()
    assert scene.verdict() == (
        "PYTHON imports shapes from CHECKOUT/shapes, not from the work tree: "
        "the top folder cannot come first on PYTHONPATH: its secrets would hide Python's own"
    )


def test_a_deleted_module_that_a_finder_still_maps_is_named(scene: Scene) -> None:
    scene.write("shapes/__init__.py")
    scene.write("shapes/old.py", is_tracked=False)
    setuptools_finder(scene, {"shapes": "shapes"}, {})
    assert scene.verdict() is None
    assert scene.verdict("shapes.old") == (
        "PYTHON imports shapes.old from CHECKOUT/shapes/old.py, not from the work tree: the branch has it no more"
    )


def test_a_deleted_module_that_a_path_file_brought_is_found_no_more(scene: Scene) -> None:
    scene.write("src/shapes/__init__.py")
    scene.write("src/shapes/old.py", is_tracked=False)
    path_file("shapes.pth")(scene)
    assert scene.verdict("shapes.old") is None


def test_modules_that_a_tool_wrote_into_the_checkout_are_named(scene: Scene) -> None:
    scene.write("src/shapes/__init__.py")
    scene.write("src/shapes/_version.py", is_tracked=False)
    path_file("shapes.pth")(scene)
    own = scene.own()
    found = python_redirect.unbrought([scene.answer(own)], own, scene.places, scene.is_there)
    assert found == ("src/shapes/_version.py",)


def test_nothing_of_the_repository_is_imported_by_the_question(scene: Scene) -> None:
    scene.write("src/shapes/__init__.py", "open('RAN', 'w').close()\n")
    scene.write("src/maker/shapes/__init__.py", "open('RAN', 'w').close()\n")
    path_file("shapes.pth")(scene)
    assert scene.verdict("maker.shapes.old", "shapes.old.older") is None
    assert not (scene.tree / "RAN").exists()


@pytest.mark.parametrize(
    "said",
    ["", "W", "W 1 {}", 'W 223132457 {"a": 1}\nW 223132457 {"a": 1}', "W 223132457 []", "X 223132457 {}"],
    ids=["nothing", "the word alone", "another checksum", "two answers", "no object", "another word"],
)
def test_what_is_no_answer_is_told(said: str) -> None:
    assert python_imports.read("python", said, word="W").problem is not None


def test_an_answer_is_read_however_much_stands_around_it(scene: Scene) -> None:
    scene.users.lay("loud.pth", "import sys; print('before'); print('more', file=sys.stderr)\n")
    scene.write("src/shapes/__init__.py")
    path_file("shapes.pth")(scene)
    assert scene.verdict() is None


def test_a_module_that_stands_for_the_standard_librarys_changes_no_answer(scene: Scene) -> None:
    scene.write("src/shapes/__init__.py")
    path_file("shapes.pth")(scene)
    for name in ("json", "os", "re", "zlib", "__future__", "sitecustomize"):
        (scene.tree / f"{name}.py").write_text("open('RAN', 'w').close()\n")
    assert scene.roots() == ("src",)
    assert not (scene.tree / "RAN").exists()


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["README.md", "docs/conf.txt"], []),
        (["setup.py", "conftest.py", "noxfile.py", "dodo.py"], []),
        (["src/shapes/__init__.py", "src/shapes/round/__init__.py"], ["src/shapes"]),
        (["shapes/__init__.py", "shapes/round.py", "tests/__init__.py"], ["shapes", "tests"]),
        (["six.py", "test_six.py"], ["six", "test_six"]),
        (["src/maker/shapes/__init__.py"], ["src/maker", "src/maker/shapes"]),
        (["src/maker/shapes/round.py"], ["src/maker"]),
        (["libs/a/pkg/__init__.py", "libs/a/helper.py"], ["libs/a/helper", "libs/a/pkg"]),
        (["scripts/release.py", "docs/conf.py"], []),
        (["pyproject.toml", "shapes/core.py", "docs/conf.py", "tests/test_core.py", "json/x.py"], ["shapes"]),
        (["setup.py", "acme/shapes/__init__.py"], ["acme", "acme/shapes"]),
        (["libs/a/pyproject.toml", "libs/a/src/shapes/core.py", "libs/b/core.py"], ["libs/a/src/shapes"]),
        (["my-package/__init__.py"], []),
    ],
)  # fmt: skip
def test_the_names_of_a_repository_are_its_packages_and_modules(paths: list[str], expected: list[str]) -> None:
    assert sorted(one.path for one in python_imports.top_levels(paths)) == expected


def test_of_a_huge_repository_the_nearest_names_are_taken() -> None:
    deep = [f"vendor/{number}/deep/pkg{number}/__init__.py" for number in range(5000)]
    names = python_imports.top_levels([*deep, "src/shapes/__init__.py"])
    assert len(names) == 1000
    assert TopLevel("src", "shapes") in names
    assert (
        len(
            python_imports.question(
                Own(names=names), Places(tree=Path("/t"), checkouts=(), state=Path("/s")), first=[], word="W"
            )
        )
        < 100_000
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('[project]\nname = "My.Shapes_x"\n', "my-shapes-x"),
        ('[tool.poetry]\nname = "shapes"\n', "shapes"),
        ("[metadata]\nversion = 1\nname = shapes\n", "shapes"),
        ("from setuptools import setup\nsetup(\n    version='1',\n    name='Shapes',\n)\n", "shapes"),
        ("[tool.ruff]\n", ""),
        ("project = 3\n", ""),
        ("\x00", ""),
    ],
)
def test_a_projects_name_is_read_as_environments_write_it(text: str, name: str) -> None:
    assert own_python.project(text) == name


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.12", "3.13"])
def test_the_question_is_understood_by_older_and_newer_pythons(scene: Scene, version: str) -> None:
    python = shutil.which(f"python{version}")
    found = (
        python
        and subprocess.run(
            [python, "-c", "import sys; print(sys.executable)"], capture_output=True, text=True, check=False
        ).stdout.strip()
    )
    if not found:
        pytest.skip(f"Python {version} is not installed")
    scene.write("src/shapes/__init__.py")
    scene.python = found
    answer = scene.answer(replace(scene.own(), projects=frozenset({"pip"})))
    assert answer.problem is None
    assert json.dumps(sorted(one.name for one in answer.found if one.is_copy)) == '["pip"]'
