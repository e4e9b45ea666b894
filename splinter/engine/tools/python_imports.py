"""Whether a Python takes the repository's own packages from the work tree, and what makes it: a few folders in front.

Pure: it looks at no disk and starts nothing. `import_probe` is what asks a Python, and its answer is read here.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from splinter.text import excerpts

_MOST_NAMES = 1000  # the shallowest of a huge repository; an argument has room for 128 kB
_MOST_GONE = 300
_DEEPEST = 64  # folders in folders; one of thousands takes square time
_INSTALLED = ("site-packages", "dist-packages")
USUAL_ROOTS = ("", "src")  # where a project's own packages lie
# read by name from where they lie, never imported: a Makefile's kin
_NO_MODULES = frozenset({"conftest", "dodo", "fabfile", "noxfile", "setup", "tasks", "versioneer", "wscript"})
PROJECT_FILES = frozenset({"pyproject.toml", "setup.cfg", "setup.py"})
# folders of modules that stand beside packages, with much in them that no package needs
BESIDE_PACKAGES = frozenset({"tests", "test", "testing", "docs", "examples", "benchmarks"})
_HIDES_NOTHING = frozenset({"test"})  # CPython's own tests; nobody imports them


@dataclass(frozen=True, slots=True, order=True)
class TopLevel:
    """A package or module that is imported by `name` where the folder `root` is on the path; "" is the top."""

    root: str
    name: str

    @property
    def path(self) -> str:
        """Where it lies, from the top of the repository, without a suffix."""
        return f"{self.root}/{self.name}" if self.root else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What of a commit is the repository's own: names, and the distributions that bring them, in normal form.

    `gone` are dotted names of modules that the workstream's change took away. `is_nameless`: a project's file is there
    that says no name which can be read.
    """

    names: frozenset[TopLevel] = frozenset()
    projects: frozenset[str] = frozenset()
    gone: tuple[str, ...] = ()
    is_nameless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a Python finds a name: the folders of a package, the file of a module; `finder` where it is no path's.

    `is_copy`: installed, and not by another distribution.
    """

    name: str
    places: tuple[Path, ...]
    finder: str = ""
    is_copy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an interpreter said: where it finds names, and its path's folders in checkouts.

    `clones` are folders that this project is installed from, editable: other clones among them. `problem` says why it
    could not be asked.
    """

    interpreter: str
    found: tuple[Found, ...] = ()
    paths: tuple[Path, ...] = ()
    clones: tuple[Path, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The work tree that counts, the user's checkouts, and the folder that holds all work trees of ours."""

    tree: Path
    checkouts: tuple[Path, ...]
    state: Path

    @property
    def all(self) -> tuple[Path, ...]:
        """Every place where the repository's own files may lie."""
        return (self.tree, *self.checkouts, self.state)

    def of(self, answer: Answer) -> Places:
        """With the other clones that an interpreter knows: what is installed from there is not the tree's either."""
        known = (self.tree, self.state, *self.checkouts)
        away = [one for one in answer.clones if not any(one.is_relative_to(place) for place in known)]
        return replace(self, checkouts=(*self.checkouts, *away))

    def elsewhere(self, path: Path) -> str | None:
        """The part of a path within a checkout or another work tree of ours; None for all other places."""
        if path.is_relative_to(self.tree):
            return None
        for checkout in sorted(self.checkouts, key=lambda one: -len(one.parts)):
            if path.is_relative_to(checkout):
                inside = path.relative_to(checkout)
                return None if is_installed(inside) else _written(inside)
        if path.is_relative_to(self.state):
            inside = Path(*path.relative_to(self.state).parts[2:])
            return None if is_installed(inside) else _written(inside)
        return None


def is_installed(path: Path) -> bool:
    """Whether a path lies in an environment: many have theirs in the checkout."""
    return any(part in _INSTALLED for part in path.parts)


def top_levels(paths: Iterable[str]) -> frozenset[TopLevel]:
    """The packages and modules that are imported by one name, from the paths of a commit.

    A folder with `__init__.py` whose parent has none; modules beside such folders, at the top and in `src`; folders
    of `src`, and beside a file that makes a project, that hold modules without `__init__.py`.
    """
    every = [path.rpartition("/")[::2] for path in paths]  # as text: some have 100,000
    files = [(folder, name) for folder, name in every if name.endswith(".py")]
    packages = {folder for folder, name in files if name == "__init__.py" and _last(folder).isidentifier()}
    tops = [one for one in packages if one.rpartition("/")[0] not in packages]
    found = {TopLevel(*one.rpartition("/")[::2]) for one in tops}
    roots = {"", "src", *(one.root for one in found)} - packages
    for folder, name in files:
        module = name.removesuffix(".py")
        if folder in roots and module.isidentifier() and module not in _NO_MODULES and not module.startswith("__"):
            found.add(TopLevel(folder, module))
    projects = {folder for folder, name in every if name in PROJECT_FILES}
    sources = {f"{folder}/src".lstrip("/") for folder in projects} | {"src"}
    found.update(_namespaces({folder for folder, _ in files}, (projects | sources) - packages, sources))
    nearest = sorted(found, key=lambda one: (one.root not in ("", "src"), one.root.count("/"), one))
    return frozenset(nearest[:_MOST_NAMES])


def _namespaces(folders: Iterable[str], roots: Container[str], sources: Container[str]) -> Iterator[TopLevel]:
    """The first folders below a root on the way to each of the folders: a package with or without `__init__.py`."""
    others = _stdlib() | BESIDE_PACKAGES  # a folder without `__init__.py` hides no package of that name
    for folder in folders:
        parts = folder.split("/")
        for end, name in enumerate(parts[:_DEEPEST]):
            root = "/".join(parts[:end])
            is_name = name.isidentifier() and name not in others and f"{root}/{name}".lstrip("/") not in sources
            if root in roots and is_name:
                yield TopLevel(root, name)


def gone(names: frozenset[TopLevel], before: frozenset[TopLevel], deleted: Iterable[str]) -> tuple[str, ...]:
    """The dotted names of modules that a change took away: an editable install may still find the checkout's."""
    by_path = {one.path: one for one in before}
    there = {one.name for one in names}
    found = {one.name for one in before if one.name not in there}
    for path in deleted:
        if not path.endswith(".py"):
            continue
        module = path.removesuffix(".py").removesuffix("/__init__")
        parts = module.split("/")
        above = ("/".join(parts[:end]) for end in range(1, len(parts)))
        top = next((by_path[at] for at in above if at in by_path), None)
        if top:
            found.add(".".join((top.name, *module.removeprefix(top.path).strip("/").split("/"))))
    return tuple(sorted(found))[:_MOST_GONE]


def question(own: Own, places: Places, *, first: Sequence[str], word: str) -> str:
    """The probe's argument; `first` are the folders that PYTHONPATH names, `word` what the answer begins with."""
    asked = {
        "word": word,
        "names": sorted({one.name for one in own.names} - _stdlib()),
        "own": sorted({one.name for one in own.names if one.root in USUAL_ROOTS} - _stdlib() - BESIDE_PACKAGES),
        "is_nameless": own.is_nameless,
        "gone": list(own.gone),
        "first": list(first),
        "projects": sorted(own.projects),
        "places": [str(place) for place in places.all],
    }
    return json.dumps(asked)


def read(interpreter: str, output: str, *, word: str) -> Answer:
    """The answer in what a probe printed; whatever else is there is no answer."""
    lines = [line.split(" ", 2) for line in output.splitlines() if line.startswith(f"{word} ")]
    if len(lines) != 1 or len(lines[0]) != 3 or lines[0][1] != str(zlib.crc32(lines[0][2].encode())):
        return Answer(interpreter=interpreter, problem=excerpts.last_lines(output, 1) or "it printed nothing")
    try:
        return _answer(interpreter, json.loads(lines[0][2]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Answer(interpreter=interpreter, problem="its answer is not as asked")


def _answer(interpreter: str, said: Mapping[str, list[dict[str, object]]]) -> Answer:
    found = [
        Found(
            name=str(one["name"]),
            places=_paths(one["places"]),
            finder=str(one["finder"]),
            is_copy=bool(one["is_copy"]),
        )
        for one in said["found"]
    ]
    return Answer(
        interpreter=interpreter,
        found=tuple(one for one in found if one.places),
        paths=_paths(said["paths"]),
        clones=tuple(Path(str(one["clone"])) for one in said["projects"] if one["clone"]),
    )


def strays(answer: Answer, own: Own, places: Places) -> tuple[Found, ...]:
    """The repository's own names that an interpreter finds in a checkout, another work tree or an installed copy."""
    places = places.of(answer)
    known = {one.name for one in own.names} | set(own.gone)
    paths = {one.path for one in own.names}
    return tuple(
        one
        for one in answer.found
        if _is_stray(one, places)
        and (one.name in known or any(_unsuffixed(places.elsewhere(at) or "") in paths for at in one.places))
    )


def _is_stray(found: Found, places: Places) -> bool:
    """Of a namespace the first place of the repository's counts: the work tree's, or another."""
    for place in found.places:
        if places.elsewhere(place) is not None or (found.is_copy and is_installed(place)):
            return True
        if place.is_relative_to(places.tree):
            return False
    return False


def roots(answers: Iterable[Answer], own: Own, places: Places, *, is_there: Callable[[str], bool]) -> tuple[str, ...]:
    """The folders, from the top of the work tree, that must come first on PYTHONPATH for its packages to be found.

    `is_there` says whether the work tree has a file or folder.
    """
    found: dict[str, None] = {}
    for answer in answers:
        for stray in strays(answer, own, places):
            found |= dict.fromkeys(_homes(stray, own.names, places.of(answer)))
        on_path = [places.of(answer).elsewhere(path) for path in answer.paths]
        found |= {root: None for root in on_path if root is not None and is_there(root)}
    return tuple(found)


def _homes(stray: Found, names: frozenset[TopLevel], places: Places) -> Iterator[str]:
    """The folder that makes a name importable: the one that it was found in, else where it lies in the work tree."""
    path, inside = _unsuffixed(places.elsewhere(stray.places[0]) or ""), stray.name.replace(".", "/")
    root = path.removesuffix(inside).removesuffix("/") if f"/{path}".endswith(f"/{inside}") else None
    homes = sorted((one.root for one in names if one.name == stray.name), key=lambda one: (one.count("/"), one))
    if root in homes or (root is not None and path in {one.path for one in names}):
        yield root or ""
    elif homes:
        yield "src" if "src" in homes else homes[0]


def hides(names: frozenset[TopLevel], root: str) -> tuple[str, ...]:
    """The names in a folder that would hide Python's own modules, were it in front."""
    return tuple(sorted({one.name for one in names if one.root == root} & (_stdlib() - _HIDES_NOTHING)))


def _stdlib() -> frozenset[str]:
    return frozenset(sys.stdlib_module_names)


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _unsuffixed(path: str) -> str:
    return path.removesuffix(".py")


def _paths(value: object) -> tuple[Path, ...]:
    return tuple(Path(str(at)) for at in _list(value))


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _written(path: Path | PurePosixPath) -> str:
    return "" if path == type(path)() else path.as_posix()
