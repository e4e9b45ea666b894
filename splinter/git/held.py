"""What refs of ours hold, each by itself: a ref whose commit is damaged or forged hides none of the others.

It reads no more of a commit than one of ours can have, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from splinter.errors import GitError
from splinter.git import command_line
from splinter.git.command_line import Repository

_LARGEST = 8 * 1024 * 1024  # bytes of a commit; its message holds what a workstream was made of


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A ref and the commit that it names; `problem` says why that cannot be used, and all else is empty then.

    `at_s` is when the commit was made, in seconds since the epoch.
    """

    ref: str
    id: str
    tree: str = ""
    parents: tuple[str, ...] = ()
    at_s: float = 0.0
    message: str = ""
    problem: str | None = None


def read(repository: Repository, prefix: str) -> tuple[Held, ...]:
    """Every ref below a prefix, the newest first."""
    form = "--format=%(objectname) %(refname)"
    lines = command_line.text(repository, "for-each-ref", form, prefix.rstrip("/")).splitlines()
    rows = [(id, ref) for id, _, ref in (line.partition(" ") for line in lines)]
    kinds = _kinds(repository, (id for id, _ in rows))
    whole = [id for id, (kind, size) in kinds.items() if kind == "commit" and size <= _LARGEST]
    raw = _commits(repository, list(dict.fromkeys(whole)))
    found = [_held(ref, id, kinds[id], raw.get(id)) for id, ref in rows]
    needed = {one for held in found for one in (held.tree, *held.parents) if one}
    there = {id for id, (kind, _) in _kinds(repository, needed).items() if kind in ("commit", "tree")}
    cut = repository.common / "shallow"
    roots = frozenset(cut.read_text("utf-8", "replace").split()) if cut.is_file() else frozenset()
    whole_or_not = (held if held.id in roots else _with_all(held, there) for held in found)
    return tuple(sorted(whole_or_not, key=lambda one: -one.at_s))


def holds(repository: Repository, prefix: str, commit: str) -> bool:
    """Whether a ref below a prefix contains a commit, which is there; a damaged ref contains nothing."""
    words = ("for-each-ref", "--count=1", f"--contains={commit}", prefix)
    with suppress(GitError):
        return bool(command_line.text(repository, *words))
    lines = "".join(
        f"{one}\n" for one in (commit, *(f"^{one.id}" for one in read(repository, prefix) if not one.problem))
    )
    with suppress(GitError):
        return not command_line.call(repository, "rev-list", "--max-count=1", "--stdin", stdin=lines.encode()).stdout
    return False


def _held(ref: str, id: str, kind: tuple[str, int], raw: bytes | None) -> Held:
    if kind[0] == "missing":
        return Held(ref=ref, id=id, problem="its commit is gone or torn")
    if kind[0] != "commit":
        return Held(ref=ref, id=id, problem=f"it names a {kind[0]}")
    if kind[1] > _LARGEST:
        return Held(ref=ref, id=id, problem=f"its commit is larger than {_LARGEST // 1024 // 1024} MB")
    if raw is None:
        return Held(ref=ref, id=id, problem="its commit is torn")
    head, _, message = raw.decode("utf-8", "replace").partition("\n\n")
    lines = [line.partition(" ")[::2] for line in head.split("\n")]
    return Held(
        ref=ref,
        id=id,
        tree=next((value for key, value in lines if key == "tree"), ""),
        parents=tuple(value for key, value in lines if key == "parent"),
        at_s=next((_seconds(value) for key, value in lines if key == "committer"), 0.0),
        message=message,
    )


def _seconds(committer: str) -> float:
    """The time of `Name <address> 1700000000 +0000`; what no clock says is the beginning of time."""
    number = committer.rpartition("> ")[2].partition(" ")[0]
    return float(number) if number.isdecimal() and len(number) < 12 else 0.0


def _with_all(held: Held, there: set[str]) -> Held:
    """The same, or that something which its commit names is not there."""
    gone = [one for one in (held.tree, *held.parents) if one not in there]
    if held.problem or not gone:
        return held
    what = "its tree" if held.tree in gone else "a parent of its commit"
    return Held(ref=held.ref, id=held.id, problem=f"{what} is gone or torn")


def _kinds(repository: Repository, ids: Iterable[str]) -> Mapping[str, tuple[str, int]]:
    """The kind and the bytes of each object; one that is gone or torn is "missing"."""
    listing = "".join(f"{id}\n" for id in dict.fromkeys(ids))
    if not listing:
        return {}
    done = command_line.call(repository, "cat-file", "--batch-check", stdin=listing.encode())
    rows = (line.split(" ") for line in done.stdout.decode("utf-8", "replace").splitlines())
    return {row[0]: (row[1], int(row[2]) if row[2:] else 0) for row in rows}


def _commits(repository: Repository, ids: list[str]) -> dict[str, bytes]:
    """The bytes of commits, without those that are torn: where one call fails, each half is asked."""
    if not ids:
        return {}
    try:
        data = command_line.call(repository, "cat-file", "--batch", stdin="".join(f"{id}\n" for id in ids).encode())
    except GitError:
        middle = len(ids) // 2
        return _commits(repository, ids[:middle]) | _commits(repository, ids[middle:]) if middle else {}
    found, place, out = {}, 0, data.stdout
    for id in ids:
        end = out.index(b"\n", place)
        size = int(out[place:end].rpartition(b" ")[2])
        found[id], place = out[end + 1 : end + 1 + size], end + 2 + size
    return found
