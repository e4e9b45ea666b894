"""bubblewrap around a command: what it may read, write and reach. Pure: it starts nothing and looks at no disk.

The file system is read-only but for the places named; of the user's home nothing is there but what is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from splinter.model import tool

PROGRAM = "bwrap"
HIDDEN = "/run"  # sockets of the machine's services, a container engine's among them
RESOLVERS = ("/run/systemd/resolve", "/run/NetworkManager", "/run/resolvconf")  # where /etc/resolv.conf may lead


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """What one command gets: `home` is hidden behind `private_home`; `writes` and `reads` are let through."""

    home: Path
    private_home: Path
    writes: tuple[Path, ...]
    reads: tuple[Path, ...]
    has_network: bool


def wrapped(argv: tuple[str, ...] | str, fence: Fence) -> tuple[str, ...]:
    """The command line that runs `argv` inside; a text goes to the shell."""
    inner = (*tool.SHELL, argv) if isinstance(argv, str) else argv
    return (PROGRAM, *_mounts(fence), *_walls(fence), "--", *inner)


def _mounts(fence: Fence) -> Iterator[str]:
    yield from ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp")  # noqa: S108
    yield from ("--tmpfs", HIDDEN)
    if fence.has_network:
        for place in RESOLVERS:
            yield from ("--ro-bind-try", place, place)
    yield from ("--bind", str(fence.private_home), str(fence.home))
    for path in sorted(fence.reads):  # a folder before what lies in it
        yield from ("--ro-bind-try", str(path), str(path))
    for path in fence.writes:
        yield from ("--bind", str(path), str(path))


def _walls(fence: Fence) -> Iterator[str]:
    yield from ("--unshare-all", *(("--share-net",) if fence.has_network else ()))
    # the child ends with us, and has no terminal to type into
    yield from ("--die-with-parent", "--cap-drop", "ALL")
