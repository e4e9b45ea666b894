"""What the sandbox lets through for one command, as this machine has it; and whether it has a sandbox at all."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.engine.work import Work
from splinter.errors import Reason, StepError
from splinter.git import base_store
from splinter.model import layout, tool
from splinter.model.settings import CERTIFICATES
from splinter.model.tool import Tool
from splinter.system import bubblewrap
from splinter.system.bubblewrap import Fence
from splinter.system.command_runner import TEMPORARY, Bubblewrap, CommandRunner, Local
from splinter.text import excerpts

_PROBE_S = 20.0
_MOST_LINKS = 20  # that lead from one to the next


def is_wanted(outside: Outside, profile: Tool | None) -> bool:
    """Whether a command goes into the sandbox."""
    own = profile.sandbox if profile else None
    return (own or outside.settings.sandbox) == "bubblewrap"


def runner(
    work: Work, profile: Tool | None, argv: tuple[str, ...] | str, env: Mapping[str, str], *,
    tree: Path, scratch: Path, home: Path, has_network: bool = False,
) -> CommandRunner:  # fmt: skip
    """Where a command of a workstream runs; `home` is the folder that stands for the user's in the sandbox.

    There it may write in the work tree at `tree` and in `scratch`.
    """
    session = work.session
    if not is_wanted(session.outside, profile):
        return Local(session.processes)
    outside = Path(env.get("HOME", str(Path.home()))).resolve()
    program = argv[0] if isinstance(argv, tuple) else None
    recorded = work.repository.start / tool.recorded_path(work.plan.id, "step")
    reads = [
        base_store.place(work.repository),
        recorded.parent,
        *(Path(path).expanduser() for path in session.outside.settings.sandbox_reads),
        *(Path(path) for name in CERTIFICATES for path in env.get(name, "").split(os.pathsep) if path),
        *_programs(env["PATH"], program),
    ]
    fence = Fence(
        home=outside,
        private_home=home,
        writes=(tree, scratch),
        reads=tuple(dict.fromkeys(_shown(reads, outside))),
        has_network=has_network or (profile.network if profile else session.outside.settings.sandbox_network),
    )
    return Bubblewrap(session.processes, fence)


def problem(session: Session) -> str | None:
    """Why there is no sandbox on this machine, None where there is one; asked once."""
    env = session.outside.environment.child_environment(())
    program = shutil.which(bubblewrap.PROGRAM, path=env["PATH"])
    if program is None:
        return f"{bubblewrap.PROGRAM} is not on PATH; install bubblewrap"
    argv = (program, "--unshare-all", "--ro-bind", "/", "/", "true")
    folder = session.outside.state / layout.SCRATCH
    folder.mkdir(parents=True, exist_ok=True)
    try:
        ended = session.processes.run(argv, cwd=folder, env=env, log=folder / "sandbox.log", timeout_s=_PROBE_S)
    except OSError as error:
        return f"{bubblewrap.PROGRAM} cannot be started: {error.strerror}"
    if ended.exit_status == 0:
        return None
    last = excerpts.last_lines(ended.output, 1) or f"exit status {ended.exit_status}"
    return f"{bubblewrap.PROGRAM} does not work here: {last}"


def require(work: Work) -> None:
    """Raise StepError where a command of the workstream wants a sandbox and there is none: never silently without."""
    wanted = work.session.outside.settings.sandbox == "bubblewrap" or any(
        is_wanted(work.session.outside, tool) for tool in work.plan.tools.values()
    )
    why = work.session.known.once("sandbox", lambda: problem(work.session) or "") if wanted else ""
    if why:
        raise StepError(Reason.TOOL_MISSING, f'sandbox = "bubblewrap": {why}')


def _programs(path: str, program: str | None) -> Iterator[Path]:
    """Where programs lie: Python, the folders of PATH, and what comes with a program beside its `bin`."""
    yield from (Path(sys.prefix), Path(sys.base_prefix))
    for folder in (Path(entry) for entry in path.split(os.pathsep)):
        yield folder
        if folder.name == "bin":
            # a virtual environment is one by its pyvenv.cfg: without, its Python takes packages from elsewhere
            yield from (folder.parent / "lib", folder.parent / "pyvenv.cfg")
            yield from (folder.parent / "share" / "pipx", folder.parent / "share" / "uv")
    found = shutil.which(program, path=path) if program else None
    if found:
        yield from _beside(Path(found))


def _beside(program: Path) -> Iterator[Path]:
    """What a program needs: each link on the way to it, its packages, the Python of its environment."""
    hop = program
    for _ in range(_MOST_LINKS):
        yield hop.parent
        if (hop.parent.parent / "pyvenv.cfg").is_file():
            yield hop.parent.parent
        if not hop.is_symlink():
            break
        hop = Path(os.path.normpath(hop.parent / hop.readlink()))
    real = program.resolve()
    if "node_modules" in real.parts:
        yield Path(*real.parts[: real.parts.index("node_modules") + 1])
    elif real.parent.name == "bin":
        yield real.parent.parent
    python = real.parent / "python3"
    if python.is_symlink():
        yield python.resolve().parent.parent


def _shown(paths: Iterable[Path], home: Path) -> Iterator[Path]:
    """What of them must be let through: all that lies under the home or the temporary folder, but no whole home."""
    for path in paths:
        for place in {path, path.resolve()}:
            if not home.is_relative_to(place) and (place.is_relative_to(home) or place.is_relative_to(TEMPORARY)):
                yield place
