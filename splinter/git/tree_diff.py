"""The raw diff of two trees, the paths of one, what a commit adds: as git says it, read from the trees.

What is out of the ordinary in a tree is git's to say: submodules, modes that no git writes any more, one out of order.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container, Iterator
from threading import Lock

from splinter.git import object_reader
from splinter.git.command_line import Repository
from splinter.git.object_reader import Object

DEEPEST = 100  # folders in each other that are looked into
_MOST_TREES = 500  # that are read for one answer
_MOST_KEPT, _MOST_ENTRIES = 50_000, 1_000  # entries of all trees that are kept, and of one
FOLDER = b"40000"
_FILE, _PROGRAM, _LINK = b"100644", b"100755", b"120000"
_MODES = {mode: mode.zfill(6).decode() for mode in (_FILE, _PROGRAM, _LINK, FOLDER)}

# by its place in git's order, where a folder has a `/` behind its name: name, mode, id
Tree = dict[bytes, tuple[bytes, bytes, str]]
_known: OrderedDict[str, Tree] = OrderedDict()
_kept = 0  # entries in all of them
_lock = Lock()


class _OddError(Exception):
    """Git is to be asked."""


def raw(repository: Repository, old: str, new: str) -> bytes | None:
    """What `git diff-tree -r -z --raw --no-renames --full-index` prints of two commits or trees, None to ask it."""
    walk = _Walk(repository)
    try:
        return b"".join(walk.changes(walk.top(old), walk.top(new), b""))
    except _OddError:
        return None


def paths(repository: Repository, commit: str) -> bytes | None:
    """What `git ls-tree -r -z --name-only --full-tree` prints, None to ask it."""
    walk = _Walk(repository)
    try:
        return b"".join(walk.names(walk.top(commit), b""))
    except _OddError:
        return None


def tree(repository: Repository, id: str) -> Tree | None:
    """What a tree holds, not to be changed, None to ask git."""
    try:
        return _Walk(repository).tree(id)
    except _OddError:
        return None


def reached(
    repository: Repository, commit: str, *, but: Container[str], most: int, most_bytes: int
) -> list[Object] | None:  # fmt: skip
    """The objects that a commit reaches and commits of `but` do not, perhaps some more; None where these are many."""
    walk, todo, found, size = _Walk(repository), [commit], dict[str, Object](), 0
    try:
        while todo:
            id = todo.pop()
            if id in but or id in found:
                continue
            found[id] = one = walk.read(id, "commit")
            lines = one.data.partition(b"\n\n")[0].decode("utf-8", "replace").split("\n")
            parents = [line[7:] for line in lines if line.startswith("parent ")]
            before = walk.top(parents[0]) if parents else None
            for made in walk.made(before, walk.top(id)):
                found[made.id] = made
                size += made.size
                if len(found) > most or size > most_bytes:
                    return None
            todo += parents
    except _OddError:
        return None
    return list(found.values())


class _Walk:
    def __init__(self, repository: Repository) -> None:
        self._repository, self._left = repository, _MOST_TREES

    def top(self, id: str) -> str:
        tree = object_reader.tree_of(self._repository, id)
        if tree is None:
            raise _OddError
        return tree

    def changes(self, old: str | None, new: str | None, folder: bytes) -> Iterator[bytes]:
        """The lines of all that differs below a folder."""
        if old == new:
            return
        _refuse_deep(folder)
        before, after = self.tree(old), self.tree(new)
        for place in sorted(before.keys() | after.keys()):
            was, now = before.get(place), after.get(place)
            if was == now:
                continue
            path = folder + (was or now or (b"",))[0]
            if place.endswith(b"/"):
                yield from self.changes(was and was[2], now and now[2], path + b"/")
            else:
                yield _line(was, now, path)

    def made(self, old: str | None, new: str, depth: int = 0) -> Iterator[Object]:
        """A tree and all in it that is not at the same place in an older one."""
        if old == new:
            return
        if depth > DEEPEST:
            raise _OddError
        before = self.tree(old)
        yield self.read(new, "tree")
        for place, (_, mode, id) in self.tree(new).items():
            was = before.get(place)
            if mode == FOLDER:
                yield from self.made(was[2] if was else None, id, depth + 1)
            elif not was or was[2] != id:
                yield self.read(id, "blob")

    def read(self, id: str, kind: str) -> Object:
        found = object_reader.read(self._repository, id)
        if found is None or found.kind != kind:
            raise _OddError
        return found

    def names(self, tree: str, folder: bytes) -> Iterator[bytes]:
        """The paths below a folder."""
        _refuse_deep(folder)
        for name, mode, id in self.tree(tree).values():
            if mode == FOLDER:
                yield from self.names(id, folder + name + b"/")
            else:
                yield folder + name + b"\0"

    def tree(self, id: str | None) -> Tree:
        """What a tree holds, nothing where there is none."""
        if id is None:
            return {}
        with _lock:
            if id in _known:
                _known.move_to_end(id)
                return _known[id]
        self._left -= 1
        found = object_reader.read(self._repository, id) if self._left > 0 else None
        if found is None or found.kind != "tree":
            raise _OddError
        tree = _parsed(found.data, len(id) // 2)
        _keep(id, tree)
        return tree


def _keep(id: str, tree: Tree) -> None:
    global _kept
    with _lock:
        if id in _known or len(tree) > _MOST_ENTRIES:
            return
        _known[id] = tree
        _kept += len(tree) + 1
        while _kept > _MOST_KEPT:
            _kept -= len(_known.popitem(last=False)[1]) + 1


def _refuse_deep(folder: bytes) -> None:
    """Python goes less deep than git, whose folders are as deep as a path is long."""
    if folder.count(b"/") > DEEPEST:
        raise _OddError


def _parsed(data: bytes, id_bytes: int) -> Tree:
    found: Tree = {}
    at, last = 0, b""
    while at < len(data):
        blank, end = data.find(b" ", at), data.find(b"\0", at)
        mode, name, id = data[at:blank], data[blank + 1 : end], data[end + 1 : end + 1 + id_bytes]
        if not at < blank < end or mode not in _MODES or not name or b"/" in name or len(id) != id_bytes:
            raise _OddError
        place = name + b"/" if mode == FOLDER else name
        if place <= last:
            raise _OddError
        found[place], last, at = (name, mode, id.hex()), place, end + 1 + id_bytes
    if len({name for name, _, _ in found.values()}) < len(found):
        raise _OddError  # a file and a folder of one name
    return found


def _line(was: tuple[bytes, bytes, str] | None, now: tuple[bytes, bytes, str] | None, path: bytes) -> bytes:
    nothing = "0" * len((was or now or ("", "", ""))[2])
    old_mode, old = (_MODES[was[1]], was[2]) if was else ("000000", nothing)
    new_mode, new = (_MODES[now[1]], now[2]) if now else ("000000", nothing)
    status = "A" if not was else "D" if not now else "M" if old_mode[:3] == new_mode[:3] else "T"
    return f":{old_mode} {new_mode} {old} {new} {status}".encode() + b"\0" + path + b"\0"
