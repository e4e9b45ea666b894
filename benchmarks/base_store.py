"""What the store that work trees read costs: its disk, the time of its first build, and of the next night's.

A repository of random blobs of 100 KB is the worst case: nothing in it can be compressed. Figures are of the store
alone, the second one for a new base with one further megabyte; a copy of the same bytes says what the disk can do.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from functools import partial

from benchmarks.asked import Asked
from benchmarks.measure import Table
from benchmarks.project import Place

MEGABYTES = 200
_MB, _BLOB = 1_000_000, 100_000


def base_store(asked: Asked) -> list[Table]:
    """Loose objects, then packed ones as in a clone."""
    [megabytes] = asked.sizes(MEGABYTES, quick=[1])
    return [_table(asked, megabytes, is_packed=one) for one in (False, True)]


def _table(asked: Asked, megabytes: int, *, is_packed: bool) -> Table:
    from splinter.git import base_store, user_repository
    from splinter.git import commands as git
    from splinter.system import disk

    kind = "packed" if is_packed else "loose"
    place = Place(asked.folder / f"store-{kind}")
    place.make()
    _commit(place, "first", megabytes)
    if is_packed:
        place.git("repack", "-adq", "--window=0")
    repository = user_repository.open_repository(place.project, place.environ)
    objects = disk.measure([place.project / ".git/objects"]).bytes
    copied = _seconds(lambda: shutil.copytree(place.project / ".git/objects", place.root / "copy"))
    table = Table(title=f"The store of {megabytes:,} MB of {kind} objects", head=["", "s", "MB more", "MB in all"])
    table.rows.append(["a copy of the repository's objects", f"{copied:.2f}", f"{objects / _MB:.0f}", ""])
    for what in ("first build", "next night, 1 MB more", "the same base again"):
        if what.startswith("next"):
            _commit(place, "more", 1)
        base = git.resolve(repository, "refs/heads/main")
        assert base
        before = disk.measure([base_store.place(repository)]).bytes
        took = _seconds(partial(base_store.hold, repository, base))
        now = disk.measure([base_store.place(repository)]).bytes
        table.rows.append([what, f"{took:.2f}", f"{(now - before) / _MB:.1f}", f"{now / _MB:.0f}"])
    return table


def _commit(place: Place, name: str, megabytes: int) -> None:
    for number in range(megabytes * _MB // _BLOB):
        file = place.project / f"{name}/{number // 100}/{number}.bin"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.urandom(_BLOB))
    place.git("-c", "core.compression=0", "add", "--all")
    place.git("commit", "--quiet", "-m", "random")


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
