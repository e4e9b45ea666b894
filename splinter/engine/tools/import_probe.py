"""Where a Python finds packages: a program of its own, whose text is run by the interpreters of users, 3.8 and newer.

It imports nothing of ours and nothing that it looks for. Its one argument and its answer are JSON; the answer stands
behind a word that only the caller knows, and its checksum.
"""

import sys

# with `-c` the current folder comes first, where an agent may have left a json.py; a `from __future__` would ask it too
sys.path = [entry for entry in sys.path if entry]

import json  # noqa: E402
import os  # noqa: E402
import re  # noqa: E402
import zlib  # noqa: E402

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

_CODE = (".py", ".so", ".pyd")
_METADATA = (".dist-info", ".egg-info")
_INSTALLED = re.compile(r"[/\\](?:site|dist)-packages[/\\]")


def _below(path: str, places: "list[str]") -> bool:
    return any(path == place or path.startswith(place + os.sep) for place in places)


def _real(path: str) -> str:
    return os.path.realpath(path)


def _locations(spec: object) -> "list[str]":
    found = getattr(spec, "submodule_search_locations", None) or []
    try:
        return [str(one) for one in found]
    except KeyError:  # a namespace asks for the module of its parent, which nobody imports here
        return [str(one) for one in getattr(found, "_path", [])]


def _places(spec: object) -> "list[str]":
    """The folders of a package, that of its `__init__` first; the file of a module."""
    locations, origin = _locations(spec), getattr(spec, "origin", None)
    if origin and getattr(spec, "has_location", False):
        locations.insert(0, os.path.dirname(origin) if locations else origin)
    return list(dict.fromkeys(_real(one) for one in locations if os.path.exists(one)))


def _named(finder: object) -> str:
    name = getattr(finder, "__name__", "") or type(finder).__name__
    return "" if name == "PathFinder" else str(name)


def _asked(finder: object, name: str, path: "list[str] | None") -> "tuple[list[str], list[str]]":
    """What one finder says of a name: its places, and where its submodules are looked for."""
    built = getattr(finder, "_build_path", None)  # meson-python's: to ask it is to build in the user's checkout
    if built is not None:
        is_its = name.split(".")[0] in getattr(finder, "_top_level_modules", ())
        return ([_real(built)], [_real(built)]) if is_its else ([], [])
    if hasattr(finder, "rebuild_flag"):  # scikit-build-core's, for the same reason
        finder.rebuild_flag = False
    try:
        spec = finder.find_spec(name, path, None)  # type: ignore[attr-defined]
    except Exception:
        return [], []
    return (_places(spec), _locations(spec)) if spec is not None else ([], [])


def _find(name: str) -> "dict[str, Any] | None":
    """Where a name is found, each finder asked in its turn as an import does; parents are looked up, not imported."""
    path = None
    words = name.split(".")
    for count in range(1, len(words) + 1):
        for finder in sys.meta_path:
            places, inside = _asked(finder, ".".join(words[:count]), path)
            if places or inside:
                break
        else:
            return None
        path = inside
    return {"name": name, "places": places, "finder": _named(finder)}


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _url(folder: str) -> "tuple[str, bool]":
    """The local folder that a distribution was installed from, and whether it still lies there."""
    try:
        said = json.loads(_read(os.path.join(folder, "direct_url.json")) or "{}")
    except ValueError:
        return "", False
    url = str(said.get("url", ""))
    if not url.startswith("file://"):
        return "", False
    from urllib.parse import unquote

    return _real(unquote(url[len("file://") :])), bool(said.get("dir_info", {}).get("editable"))


def _tops(folder: str) -> "list[str]":
    """The importable names that a distribution brings, as its metadata lists them."""
    names = set(_read(os.path.join(folder, "top_level.txt")).split())
    for line in _read(os.path.join(folder, "RECORD")).splitlines():
        path = line.rsplit(",", 2)[0].strip('"')
        first, _, rest = path.partition("/")
        if rest or path.endswith(_CODE):
            names.add(first.split(".")[0])
    return sorted(name for name in names if name.isidentifier() and not name.startswith("__"))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_copy(name: str, place: str, asked: "dict[str, Any]") -> bool:
    """Whether an installed package is called like the repository's own, and no other distribution lists it.

    Where the repository does not say what its distribution is called, it may be the one that lists it.
    """
    if name not in asked["own"] or not _INSTALLED.search(place):
        return False
    folder = os.path.dirname(place)
    for entry in [] if asked["is_nameless"] else os.listdir(folder):
        metadata = os.path.join(folder, entry)
        if entry == "EGG-INFO":
            said = re.search(r"^Name: *(\S+)", _read(os.path.join(metadata, "PKG-INFO")), re.MULTILINE)
            return said is None or _normal(said[1]) in asked["projects"]
        # some systems leave the list of files away: there the name has to do
        is_its = not os.path.exists(os.path.join(metadata, "RECORD")) and _normal(entry.split("-")[0]) == _normal(name)
        if entry.endswith(_METADATA) and (is_its or name in _tops(metadata)):
            return False
    return True


def _projects(folders: "list[str]", names: "list[str]", places: "list[str]") -> "list[dict[str, Any]]":
    """The distributions that are the repository's own: by their name, or by where they were installed from."""
    found = []
    for folder in folders:
        try:
            entries = sorted(os.listdir(folder))
        except OSError:
            continue
        for entry in entries:
            if not entry.endswith(_METADATA):
                continue
            name = _normal(entry.rsplit(".", 1)[0].split("-")[0])
            place = os.path.join(folder, entry)
            url, is_editable = _url(place)
            if name in names or (url and _below(url, places)):
                found.append({"tops": _tops(place), "clone": url if is_editable and url else ""})
    return found


def _mapped(places: "list[str]") -> "set[str]":
    """Names that an editable install maps to folders of the repository; `a.b` where `a` is a namespace."""
    found = set()
    for finder in sys.meta_path:
        module = sys.modules.get(getattr(finder, "__module__", None) or "")
        for mapping in (
            getattr(module, "MAPPING", None),
            getattr(finder, "_redirections", None),
            getattr(finder, "known_source_files", None),
        ):
            mapping = mapping if isinstance(mapping, dict) else {}
            names = {str(name) for name, path in mapping.items() if _below(_real(str(path)), places)}
            found |= {name for name in names if name.split(".")[0] not in names or "." not in name}
    return found


def main(argument: str) -> None:
    """Print the answer to a question."""
    asked = json.loads(argument)
    places = asked["places"]
    folders = [entry for entry in sys.path if os.path.isdir(entry)]
    projects = _projects(folders, asked["projects"], places)
    places = [*places, *(project["clone"] for project in projects if project["clone"])]
    installed = {name for project in projects for name in project["tops"]}
    sys.path[:0] = asked["first"]
    known = set(sys.builtin_module_names)
    names = sorted((set(asked["names"]) | installed | _mapped(places)) - known)
    found = [one for one in map(_find, [*names, *asked["gone"]]) if one]
    for one in found:
        one["is_copy"] = one["name"] in installed or any(_is_copy(one["name"], at, asked) for at in one["places"][:1])
    told = [one for one in found if one["is_copy"] or any(_below(at, places) for at in one["places"])]
    answer = {
        "paths": [at for at in map(_real, folders) if _below(at, places)],
        "found": told,
        "projects": projects,
    }
    text = json.dumps(answer)
    sys.stdout.write(f"\n{asked['word']} {zlib.crc32(text.encode('ascii'))} {text}\n")


if __name__ == "__main__":
    main(sys.argv[1])
