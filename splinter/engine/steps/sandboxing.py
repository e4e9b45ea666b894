"""Whether a command goes into the sandbox, what it gets there, and who is told where there is none."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.engine.steps import command_scratch, sandbox_view
from splinter.engine.steps.agent_login import Login
from splinter.engine.work import Work
from splinter.errors import Reason, StepError
from splinter.git import base_store, user_repository
from splinter.model import layout, tool
from splinter.model.settings import CERTIFICATES, Identity
from splinter.model.tool import Tool
from splinter.system import bubblewrap, disk, refused_calls, user_folders
from splinter.system.bubblewrap import TEMPORARY, Fence
from splinter.system.command_runner import Bubblewrap, CommandRunner, Local
from splinter.text import excerpts

_PROBE_S = 20.0
_TEMPORARIES = ("TMPDIR", "TEMP", "TMP")  # where we, and programs of the user's, keep what nobody else is to see
_STRICT, _PLAIN = "strict", "plain"  # what bubblewrap can do here


def asked(outside: Outside, profile: Tool | None) -> str:
    """What is asked for a command: `auto`, `bubblewrap` or `off`."""
    own = profile.sandbox if profile else None
    return own or outside.settings.sandbox or outside.environment.sandbox


def is_fenced(session: Session, profile: Tool | None) -> bool:
    """Whether a command goes into the sandbox."""
    wish = asked(session.outside, profile)
    return wish == "bubblewrap" or (wish == "auto" and problem(session) is None)


def runner(
    work: Work, profile: Tool | None, argv: tuple[str, ...] | str, env: Mapping[str, str], *,
    tree: Path, scratch: Path, home: Path, login: Login | None = None, has_network: bool = False,
) -> CommandRunner:  # fmt: skip
    """Where a command of a workstream runs; `home` is the folder that stands for the user's in the sandbox.

    There it may write in the work tree at `tree` and in `scratch`, and an agent in its `login`.
    """
    session = work.session
    if not is_fenced(session, profile):
        return Local(session.processes)
    settings, login = session.outside.settings, login or Login()
    temporary = scratch / "tmp"
    temporary.mkdir(exist_ok=True)
    _write_identity(home, work.repository.identity)
    login.bring(home)
    users = _home(env)
    cached = sandbox_view.caches(settings.sandbox_caches, users)
    shown = reads(work, profile, argv, env, drops=login.drops)
    fence = Fence(
        program=_program(session) or bubblewrap.PROGRAM,
        home=users,
        private_home=home,
        temporary=temporary,
        refused=_refused(scratch),
        writes=(tree, scratch, *cached),
        reads=(
            scratch / command_scratch.OUTPUTS,
            *(one for one in shown if not any(one.is_relative_to(place) for place in cached)),
        ),
        hidden=_hidden(session, users),
        files=tuple((source, users / name) for source, name in login.files),
        drops=login.drops,
        has_network=reaches_network(session, profile, wanted=has_network),
        is_strict=session.known.answer("sandbox") != _PLAIN,
    )
    return Bubblewrap(session.processes, fence)


def reads(
    work: Work, profile: Tool | None, argv: tuple[str, ...] | str, env: Mapping[str, str], *, drops: Sequence[str] = ()
) -> tuple[Path, ...]:
    """What a command may read of what is hidden around it; `drops` are variables that it does not get.

    It is found out once, since a look at each folder of PATH takes longer than bubblewrap.
    """
    users, path, program = _home(env), env["PATH"], argv[0] if isinstance(argv, tuple) else None
    hidden = _hidden(work.session, users)
    names = {*CERTIFICATES, *(profile.env if profile else ()), *work.plan.env} - {*drops}
    passed = sorted(env[name] for name in names if name in env)
    key = "\0".join(("what the sandbox shows", work.plan.id, path, program or "", str(users), *passed))
    shown = work.session.known.once(key, lambda: _shown(work, path, program, users, hidden, passed))
    return tuple(map(Path, shown.split("\0"))) if shown else ()


def reaches_network(session: Session, profile: Tool | None, *, wanted: bool) -> bool:
    """Whether a command in the sandbox has the network; setup does, whatever the settings say."""
    return wanted or (profile.network if profile else session.outside.settings.sandbox_network)


def _shown(
    work: Work, path: str, program: str | None, home: Path, hidden: tuple[Path, ...], passed: Sequence[str]
) -> str:  # fmt: skip
    reads = (*_reads(work, path, program, home, hidden), *sandbox_view.named_in(passed))
    return "\0".join(sorted({str(one) for one in sandbox_view.shown(reads, (*hidden, home, TEMPORARY))}))


def _reads(work: Work, path: str, program: str | None, home: Path, hidden: tuple[Path, ...]) -> Iterator[Path]:
    """What may be read wherever it lies: objects, recorded patches, programs and packages, what settings name."""
    session, users = work.session, work.session.outside.environment.child_environment(())["PATH"]
    yield base_store.place(work.repository)
    yield (work.repository.start / tool.recorded_path(work.plan.id, "step")).parent
    yield from (Path(name).expanduser() for name in session.outside.settings.sandbox_reads)
    yield from sandbox_view.programs(users, home)
    found = shutil.which(program, path=path) if program else None
    if found and not sandbox_view.in_reach(session, Path(found), home):
        yield from sandbox_view.beside(Path(found), home)
    for entry in path.split(os.pathsep):
        if entry not in users.split(os.pathsep):
            yield from sandbox_view.python_behind(Path(entry), home)
    for one in sandbox_view.editable(session, path, program, work.tree.path, home):
        if not any(one.resolve().is_relative_to(place) for place in hidden):
            yield one


def _home(env: Mapping[str, str]) -> Path:
    """The user's home, or a place in the temporary folder where that is `/` or no folder, as in some containers."""
    users = Path(env.get("HOME") or Path.home()).resolve()
    return users if disk.seen_folder(users) and len(users.parts) > 1 else TEMPORARY / "home"


def _hidden(session: Session, home: Path) -> tuple[Path, ...]:
    """What of the user's is hidden wherever it lies: the repository, checkouts, our state and cache, temporaries."""

    def look() -> str:
        repository, variable = session.outside.repository, session.outside.environment.variable
        places = (repository.common, *user_repository.checkouts(repository), user_folders.state(), user_folders.cache())
        temporaries = (tempfile.gettempdir(), *filter(None, map(variable, _TEMPORARIES)))
        every = (*places, *map(Path, (*_own_home(), *temporaries)))
        return "\0".join(str(one) for one in every if len(one.parts) > 1 and disk.seen_folder(one))

    found = (session.known.once("what the sandbox hides", look) or "").split("\0")
    places = {Path(one).resolve() for one in found if one}
    return tuple(sorted(places - {home, TEMPORARY}))


def hidden(session: Session, env: Mapping[str, str]) -> tuple[Path, ...]:
    """Each place that a command does not see, but for what of it is shown."""
    users = _home(env)
    return (*_hidden(session, users), users, TEMPORARY)


def _own_home() -> Iterator[str]:
    """The home that the system knows of the user: where HOME names another, keys lie in it all the same."""
    import pwd

    with suppress(KeyError):
        yield pwd.getpwuid(os.getuid()).pw_dir


def _refused(folder: Path) -> Path | None:
    """The file by which the kernel knows what to refuse; None on a machine whose calls are not known."""
    if made := refused_calls.program(platform.machine()):
        (folder / "refused").write_bytes(made)
    return folder / "refused" if made else None


def _write_identity(home: Path, who: Identity) -> None:
    """Who commits in there: git's own settings of the user's are hidden, and may hold credentials."""
    quoted = (f'"{value.translate(_QUOTED)}"' for value in (who.name, who.email))
    (home / ".gitconfig").write_text("[user]\n\tname = {}\n\temail = {}\n".format(*quoted), "utf-8")


_QUOTED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def problem(session: Session) -> str | None:
    """Why there is no sandbox on this machine, None where there is one; asked once."""
    answer = session.known.once("sandbox", lambda: _look(session))
    return None if answer in (_STRICT, _PLAIN) else answer


def _program(session: Session) -> str | None:
    """Where bubblewrap lies on the user's own PATH, which no work tree's programs come before."""
    return shutil.which(bubblewrap.PROGRAM, path=session.outside.environment.child_environment(())["PATH"])


def _look(session: Session) -> str:
    """What bubblewrap can do here, or why it can do nothing."""
    env, program = session.outside.environment.child_environment(()), _program(session)
    if program is None:
        return f"{bubblewrap.PROGRAM} is not on PATH; install bubblewrap"
    folder = session.outside.state / layout.SCRATCH
    folder.mkdir(parents=True, exist_ok=True)
    why = ""
    for is_strict in (True, False):
        home = TEMPORARY / "home"
        fence = Fence(
            program=program, home=home, private_home=folder, temporary=folder, refused=_refused(folder),
            is_strict=is_strict,
        )  # fmt: skip
        argv = bubblewrap.wrapped(("true",), fence, folder=bubblewrap.OUTSIDE)
        try:
            log = folder / "sandbox.log"
            ended = session.processes.run(argv, cwd=bubblewrap.OUTSIDE, env=env, log=log, timeout_s=_PROBE_S)
        except OSError as error:
            return f"{bubblewrap.PROGRAM} cannot be started: {error.strerror}"
        if ended.exit_status == 0:
            return _STRICT if is_strict else _PLAIN
        last = excerpts.last_lines(ended.output, 1) or f"exit status {ended.exit_status}"
        why = f"{bubblewrap.PROGRAM} does not work here: {last}"
    return why


def foreseen(session: Session, profile: Tool | None) -> tuple[bool, str]:
    """Whether a command is to go into the sandbox, and how sure that is; bubblewrap is looked for, and not started."""
    wish = asked(session.outside, profile)
    if wish == "off":
        return False, "none, it is switched off: it can read and write what you can"
    if _program(session) is None:
        why = f"{bubblewrap.PROGRAM} is not on PATH"
        return wish != "auto", f"none, {why}: it " + (
            "can read and write what you can" if wish == "auto" else "is not started"
        )  # fmt: skip
    return True, "yes" if wish == "bubblewrap" else f"yes, if {bubblewrap.PROGRAM} works here, as doit doctor says"


def require(work: Work) -> None:
    """Raise StepError where a command of the workstream must have a sandbox and there is none."""
    session = work.session
    profiles = (None, *work.plan.tools.values())
    is_demanded = any(asked(session.outside, profile) == "bubblewrap" for profile in profiles)
    why = problem(session) if is_demanded else None
    if why:
        raise StepError(Reason.TOOL_MISSING, f'sandbox = "bubblewrap": {why}')


def note(work: Work, profile: Tool | None) -> None:
    """Say in the run's report that commands ran without the sandbox, and why."""
    of_profile = profile is not None and profile.sandbox == "off"
    who = profile.name if profile and of_profile else "commands"
    is_off = asked(work.session.outside, profile) == "off"
    why = 'it is switched off with `sandbox = "off"`' if is_off else problem(work.session)
    work.session.run.note(f"Without the sandbox, {who} could read and write what you can: {why}.")
