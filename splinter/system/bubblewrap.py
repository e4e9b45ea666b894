"""bubblewrap around a command: what it may read, write and reach. Pure: it starts nothing and looks at no disk.

The file system is read-only but for the places named; of the user's home, and of what is hidden beside it, nothing is
there but what is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from splinter.model import tool

PROGRAM = "bwrap"
OUTSIDE = Path("/")  # a relative entry of a search path, an empty one too, begins there and in no work tree
TEMPORARY = Path("/tmp")  # noqa: S108  in there a folder of the command's own
RUN = "/run"  # sockets of the machine's services, a container engine's among them
RESOLVERS = ("/run/systemd/resolve", "/run/NetworkManager", "/run/resolvconf")  # where /etc/resolv.conf may lead
# a user namespace keeps no root from what is root's on the whole machine
OF_THE_KERNEL = ("/proc/sys", "/proc/sysrq-trigger")
_SHARED_MEMORY = 1 << 30  # bytes of /dev/shm
_OPENED = "9"  # no shell opens a file of its own by it
_HIDDEN = 1 << 20  # bytes of an empty folder, which nobody can write to


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """What one command gets.

    `home` is hidden behind `private_home`, `hidden` behind nothing; `temporary` stands for `/tmp`. `reads` and `writes`
    are let through; `files` too, each at a place of its own, to be written in. `is_strict`: with what only newer
    versions of bubblewrap can do. `drops` are variables that would lead past it.
    `program` is bubblewrap's own place: what a command finds programs by leads into its work tree first. `refused` is a
    file of what the kernel is to refuse, used where `is_strict`.
    """

    program: str

    home: Path
    private_home: Path
    temporary: Path
    writes: tuple[Path, ...] = ()
    reads: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    files: tuple[tuple[Path, Path], ...] = ()
    drops: tuple[str, ...] = ()
    has_network: bool = False
    refused: Path | None = None
    is_strict: bool = True


def wrapped(argv: tuple[str, ...] | str, fence: Fence, *, folder: Path) -> tuple[str, ...]:
    """The command line that runs `argv` inside, in `folder`; a text goes to the shell. It is started in `OUTSIDE`."""
    inner = (*tool.SHELL, argv) if isinstance(argv, str) else argv
    options = ("--chdir", str(folder), *_machine(fence), *_places(fence), *_walls(fence))
    if not (fence.refused and fence.is_strict):
        return (fence.program, *options, "--", *inner)
    # bubblewrap reads it from an open file
    opened = (tool.SHELL[0], "-c", f'exec "$@" {_OPENED}<"$0"', str(fence.refused))
    return (*opened, fence.program, "--seccomp", _OPENED, *options, "--", *inner)


def _machine(fence: Fence) -> Iterator[str]:
    yield from ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")
    for place in OF_THE_KERNEL:
        yield from ("--ro-bind-try", place, place)
    yield from _empty("/dev/shm", _SHARED_MEMORY, fence)  # noqa: S108
    yield from ("--remount-ro", "/dev")  # devices can be written to, and nothing be made beside them
    yield from _empty(RUN, _HIDDEN, fence)
    if fence.has_network:
        for place in RESOLVERS:
            yield from ("--ro-bind-try", place, place)


def _places(fence: Fence) -> Iterator[str]:
    """A folder before what lies in it, so that what is named is seen where all around it is hidden."""
    own = {place: _empty(str(place), _HIDDEN, fence) for place in fence.hidden}
    mounts = {place: iter(("--ro-bind-try", str(place), str(place))) for place in fence.reads}
    mounts |= own
    mounts |= {place: iter(("--bind", str(place), str(place))) for place in fence.writes}
    mounts |= {place: iter(("--bind", str(source), str(place))) for source, place in fence.files}
    mounts[TEMPORARY] = iter(("--bind", str(fence.temporary), str(TEMPORARY)))
    mounts[fence.home] = iter(("--bind", str(fence.private_home), str(fence.home)))
    for place in sorted(mounts):
        yield from mounts[place]
    for place in (*sorted({*own} - {fence.home, TEMPORARY}), Path(RUN)):
        yield from ("--remount-ro", str(place))


def _empty(place: str, size: int, fence: Fence) -> Iterator[str]:
    yield from (*(("--size", str(size)) if fence.is_strict else ()), "--tmpfs", place)


def _walls(fence: Fence) -> Iterator[str]:
    yield from ("--unshare-all", *(("--share-net",) if fence.has_network else ()))
    # a namespace of one's own is where holes of the kernel are looked for; as root it would not be made by itself
    yield from ("--unshare-user", *(("--disable-userns",) if fence.is_strict else ()))
    # the child ends with us, and has no terminal to type into
    yield from ("--die-with-parent", "--cap-drop", "ALL")
