"""Which folders of a work tree can come first on PYTHONPATH, what keeps one from it, and what a proof then says.

It looks at folders, to find compiled files; it starts nothing and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from splinter.engine.tools import python_imports
from splinter.engine.tools.python_imports import Answer, Found, Own, Places
from splinter.system import disk
from splinter.text.counts import and_more

_NAMED = 3
_COMPILED = (".so", ".pyd", ".dylib")
_NO_DATA = (".py", ".pyc", ".pyo", "~", ".swp", ".orig", ".rej", *_COMPILED)
_MOST_FILES = 20_000  # of a package, when compiled ones are looked for
_BEHIND_PATH = ("", "_EditableFinder", "RedirectingFinder")  # finders that are asked after PYTHONPATH
IsThere = Callable[[str], bool]  # whether the work tree has a file or folder


def free(answers: Iterable[Answer], own: Own, places: Places, is_there: IsThere) -> tuple[str, ...]:
    """The folders that are put first: those that must be, without those that cannot."""
    answers = tuple(answers)
    needed = python_imports.roots(answers, own, places, is_there=is_there)
    return tuple(root for root in needed if obstacle(root, answers, own, places, is_there) is None)


def obstacle(root: str, answers: Iterable[Answer], own: Own, places: Places, is_there: IsThere) -> str | None:
    """What keeps a folder from coming first, None where nothing does."""
    hidden = python_imports.hides(own.names, root)
    if hidden:
        return f"{root or 'the top folder'} cannot come first on PYTHONPATH: its {hidden[0]} would hide Python's own"
    lacking = (path for answer in answers for path in _lacking(root, answer, own, places, is_there))
    missing = sorted({path.rpartition("/")[2] for path in lacking})
    if missing:
        are = "is" if len(missing) == 1 else "are"
        return f"{and_more(missing, _NAMED)} {are} compiled there and not in the work tree"
    return None


def lasting(answer: Answer, own: Own, places: Places, is_there: IsThere) -> tuple[Found, ...]:
    """The repository's own names that an interpreter would still find elsewhere with those folders first."""
    first = free([answer], own, places, is_there)
    return tuple(
        one
        for one in python_imports.strays(answer, own, places)
        if one.finder not in _BEHIND_PATH or not any(is_named(one, root, own) for root in first)
    )


def is_named(found: Found, root: str, own: Own) -> bool:
    """Whether a name is the work tree's where a folder of it comes first."""
    return any(one.path == _home(found, root) for one in own.names)


def verdict(answer: Answer, strays: Sequence[Found], own: Own, places: Places, is_there: IsThere) -> str | None:
    """What is to be said of names that an interpreter finds elsewhere, and why it still does; None of none."""
    if not strays:
        return None
    also = [one.name for one in strays[1:]]
    names = f"{strays[0].name} ({and_more(also, _NAMED)} too)" if also else strays[0].name
    why = _why(strays[0], answer, own, places, is_there)
    where = f"{answer.interpreter} imports {names} from {strays[0].places[0]}, not from the work tree"
    return f"{where}: {why}" if why else where


def unbrought(answers: Iterable[Answer], own: Own, places: Places, is_there: IsThere) -> tuple[str, ...]:
    """Modules that lie in a package elsewhere and not in the work tree: some tool wrote them, and git tracks none."""
    found = set()
    for answer in answers:
        for root in free([answer], own, places, is_there):
            for stray in python_imports.strays(answer, own, places):
                if is_named(stray, root, own) and places.elsewhere(stray.places[0]) is not None:
                    found |= set(_missing(stray.places[0], _home(stray, root), is_there, (".py",)))
    for checkout in places.checkouts[:1]:  # also where no environment holds the package
        for one in own.names:
            is_package = is_there(f"{one.path}/__init__.py") or (one.root == "src" and is_there(one.path))
            if is_package and one.name not in python_imports.BESIDE_PACKAGES:
                found |= set(_missing(checkout / one.path, one.path, is_there, (".py",)))
    return tuple(sorted(found))


def left_behind(answers: Iterable[Answer], own: Own, places: Places, is_there: IsThere) -> tuple[str, ...]:
    """Other files, such as translations, that the work tree lacks of packages which are led away from a checkout."""
    found: set[str] = set()
    for answer in answers:
        for root in free([answer], own, places, is_there):
            for stray in python_imports.strays(answer, own, places):
                if is_named(stray, root, own) and places.elsewhere(stray.places[0]) is not None:
                    missing = _missing(stray.places[0], _home(stray, root), is_there, ("",))
                    found |= {path for path in missing if not path.endswith(_NO_DATA)}
    return tuple(sorted(path for path in found if "/__pycache__/" not in path))


def _why(stray: Found, answer: Answer, own: Own, places: Places, is_there: IsThere) -> str | None:
    if stray.name in own.gone:
        return "the branch has it no more"
    roots = python_imports.roots([answer], own, places, is_there=is_there)
    for root in roots:
        if found := obstacle(root, [answer], own, places, is_there):
            return found
    if stray.finder not in _BEHIND_PATH:
        return f"{stray.finder}, its import hook, is asked before any folder"
    is_led = any(is_named(stray, root, own) for root in roots)
    return "the command does not follow the PYTHONPATH that it is given" if is_led else None


def _lacking(root: str, answer: Answer, own: Own, places: Places, is_there: IsThere) -> Iterator[str]:
    """Compiled files in the places that a folder would stand for, which the work tree lacks."""
    strays = python_imports.strays(answer, own, places)
    for found in strays:
        if is_named(found, root, own):
            yield from _missing(found.places[0], _home(found, root), is_there, _COMPILED)
    for folder in {*answer.paths, *(one.places[0].parent for one in strays)}:
        if places.of(answer).elsewhere(folder) == root:
            yield from _missing(folder, root, is_there, _COMPILED, is_deep=False)


def _home(found: Found, root: str) -> str:
    return f"{root}/{found.name.replace('.', '/')}".strip("/")


def _missing(
    there: Path, here: str, is_there: IsThere, suffixes: tuple[str, ...], *, is_deep: bool = True
) -> Iterator[str]:  # fmt: skip
    """The files of a folder, from the top of the work tree, that its counterpart there lacks."""
    for file in disk.below(there, most=_MOST_FILES):
        if file.name.endswith(suffixes) and (is_deep or file.parent == there) and not disk.is_folder(file):
            path = Path(here, file.relative_to(there)).as_posix()
            if not is_there(path):
                yield path
