"""Changes joined to a tree in memory, where each is of what no other touched; all else is git's to merge.

It writes the trees of the end alone, where the repository's new objects go, and moves no ref.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from splinter.git import loose_objects, tree_diff
from splinter.git.command_line import Repository
from splinter.git.tree_diff import DEEPEST, FOLDER
from splinter.system import disk_errors

_Entry = tuple[bytes, str]  # mode, id
_MOST_KEPT = 100_000  # entries of trees that changes start from


class _MeetsError(Exception):
    """Two changes touch the same, or what cannot be told here: git is to be asked."""


@dataclass(slots=True)
class _Folder:
    """A folder of the tree in hand, opened only where something in it changes; `id` is empty once it differs."""

    id: str
    entries: dict[bytes, _Entry | _Folder] | None = None


_Edit = tuple[_Folder, bytes, "_Entry | _Folder | None"]  # what a name in an opened folder becomes, None for nothing


class Joining:
    """A tree, and the changes that were joined to it one after another."""

    def __init__(self, repository: Repository, tree: str) -> None:
        self._repository, self._top = repository, _Folder(tree)
        self._starts: dict[str, dict[bytes, _Entry]] = {}

    def add(self, start: str, head: str) -> bool:
        """Join what leads from one tree to another, as a merge would; False, and nothing done, where git must say.

        It goes in where each entry that it changes is as it was at its start, and neither side touched what is below
        a folder that the other gave up: git sees no rename then that meets anything.
        """
        if not self._repository.objects or self._repository.format.shared:
            return False
        if self._top.id == start:
            self._top = _Folder(head)
            return True
        try:
            edits = list(self._edits(start, head, self._top))
        except _MeetsError:
            return False
        for folder, name, value in edits:
            assert folder.entries is not None
            folder.id = ""
            if value is None:
                del folder.entries[name]
            else:
                folder.entries[name] = value
        return True

    def becomes(self, tree: str) -> None:
        """Go on from the tree that git made of this one."""
        self._top = _Folder(tree)

    def tree(self) -> str:
        """The id of the tree with all that was joined, which is written now; raises StorageError."""
        with disk_errors.as_storage_errors(lambda: [self._repository.state]):
            return self._written(self._top)

    def _edits(self, start: str | None, head: str, folder: _Folder, depth: int = 0) -> Iterator[_Edit]:
        if depth > DEEPEST:
            raise _MeetsError  # Python goes less deep than git
        was = self._started(start) if start else {}
        now, held = self._read(head), self._opened(folder)
        count = len(held)
        for name in {name for name, _ in was.items() ^ now.items()}:
            before, after, here = was.get(name), now.get(name), held.get(name)
            if _entry(here) == before:
                yield folder, name, after
                count += (after is not None) - (before is not None)
            elif here and _is_folder(here) and after and _is_folder(after) and (not before or _is_folder(before)):
                inner = here if isinstance(here, _Folder) else _Folder(here[1])
                yield from self._edits(before and before[1], after[1], inner, depth + 1)
                yield folder, name, inner
            else:
                raise _MeetsError
        if not count:
            raise _MeetsError  # given up by both together

    def _started(self, id: str) -> dict[bytes, _Entry]:
        """A tree that a change starts from, which is the same for many."""
        if id not in self._starts:
            if sum(map(len, self._starts.values())) > _MOST_KEPT:
                self._starts.clear()
            self._starts[id] = self._read(id)
        return self._starts[id]

    def _opened(self, folder: _Folder) -> dict[bytes, _Entry | _Folder]:
        if folder.entries is None:
            folder.entries = {**self._read(folder.id)}
        return folder.entries

    def _read(self, id: str) -> dict[bytes, _Entry]:
        found = tree_diff.tree(self._repository, id)
        if found is None:
            raise _MeetsError
        return {name: (mode, one) for name, mode, one in found.values()}

    def _written(self, folder: _Folder) -> str:
        if not folder.id:
            assert folder.entries is not None
            assert self._repository.objects
            rows = sorted(
                (name + b"/" if _is_folder(value) else name, name, self._entry_of(value))
                for name, value in folder.entries.items()
            )
            data = b"".join(mode + b" " + name + b"\0" + bytes.fromhex(id) for _, name, (mode, id) in rows)
            length = len(rows[0][2][1])
            folder.id = loose_objects.write(self._repository.objects, "tree", data, id_length=length)
        return folder.id

    def _entry_of(self, value: _Entry | _Folder) -> _Entry:
        return (FOLDER, self._written(value)) if isinstance(value, _Folder) else value


def _entry(value: _Entry | _Folder | None) -> _Entry | None:
    """What a name stands for; of a folder that was changed an entry that no tree has."""
    return (FOLDER, value.id) if isinstance(value, _Folder) else value


def _is_folder(value: _Entry | _Folder) -> bool:
    return isinstance(value, _Folder) or value[0] == FOLDER
