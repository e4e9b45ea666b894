"""What of git, tools, keys, GitHub, mail, messengers and sandbox is there, what is missing, and how to fix it.

It starts no workstream, writes no byte of the project, and says of a secret only whether it is set, never its value.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from splinter.config.problem_listing import counted
from splinter.config.workstream_files import Collection
from splinter.engine import project, slots_seen
from splinter.engine.outside import Outside
from splinter.engine.project import Project
from splinter.engine.session import Session
from splinter.engine.steps import sandboxing
from splinter.errors import InputError, SplinterError
from splinter.git import command_line, users_config
from splinter.git.command_line import Repository
from splinter.maintenance import doctor_checks, doctor_services, gc_refs, retention
from splinter.model import finding, layout
from splinter.model.agents import registry as agents
from splinter.model.bases import Base, choose_base
from splinter.model.finding import Finding
from splinter.model.layout import REPORTS
from splinter.model.plan import choose_remote, tool_names
from splinter.model.settings import Identity
from splinter.model.slot_claim import State
from splinter.model.tool import Tool
from splinter.model.workstream import Workstream
from splinter.publish import plugins
from splinter.system import disk, tool_versions
from splinter.text.counts import and_more, plural
from splinter.text.markdown import one_line
from splinter.text.redact import Redactor

_SHOWN = 3  # workstreams that a finding names
_LOOKED_AT = 20_000  # files whose bytes are added up, a tenth of a second
# all before the last "@" of the host's part may be a password; what follows a "?" may be one too
_CREDENTIALS = re.compile(r"(?i)\b((?:https?|ftps?)://)[^/\s]*@")
_QUERY = re.compile(r"\?.*")


def examine(known: Project, *, is_offline: bool) -> tuple[Finding, ...]:
    """All that is found, by area, secrets masked; `is_offline` asks no network. Raises SplinterError."""
    try:
        scratch = tempfile.TemporaryDirectory(prefix="splinter-doctor-", ignore_cleanup_errors=True)
    except OSError as error:
        raise SplinterError(f"no temporary folder can be made: {error.strerror}; free some space") from error
    with scratch as folder:
        session = _session(known, Path(folder))
        findings = (
            *_git(known, session),
            *_workstreams(known),
            *_tools(known, session),
            *_environment(known, session.outside),
            *_sandbox(known, session),
            *doctor_checks.look(known, session),
            *doctor_services.forges(session.outside, is_offline=is_offline),
            *doctor_services.notifiers(session),
            doctor_services.report(session),
            *doctor_services.unsettled(session),
        )
    return tuple(_masked(one, session.outside.redactor) for one in findings)


def _session(known: Project, scratch: Path) -> Session:
    """A session without plans, for bases and remotes that do not exist are findings here and end nothing.

    What tools write while they are asked goes to `scratch`.
    """
    bare = replace(known, settings=replace(known.settings, remote=None), collection=Collection())
    session = project.open_session(bare, auth=plugins.auth, is_read_only=True)
    session.outside = replace(session.outside, settings=known.settings, state=scratch, redactor=known.redactor)
    return session


def _masked(one: Finding, redactor: Redactor) -> Finding:
    # twice: an escape sequence may stand within a secret, a secret around one
    name, message = (redactor.text(one_line(redactor.text(text))) for text in (one.name, one.message))
    return replace(one, name=name, message=message)


def _git(known: Project, session: Session) -> Iterator[Finding]:
    version = command_line.text(session.outside.repository, "--version").strip().removeprefix("git version ")
    yield finding.ok("git", "splinter", tool_versions.versions().removeprefix("splinter "))
    yield finding.ok("git", "git", version)
    yield finding.ok("git", "root", str(session.outside.repository.root))
    yield _commits(session.outside.repository.identity)
    try:
        remote = choose_remote(session.outside.settings, session.outside.snapshot)
    except InputError as error:
        yield finding.problem("git", "remote", str(error))
    else:
        yield _remote(session.outside, remote)
        yield from _slots(known, session, remote)
        yield from _bases(known, session.outside, remote)
    yield _worktrees(session.outside.repository.state)
    yield _disk(session, session.outside.repository.state)
    yield from _refs(session.outside.repository)


def _commits(who: Identity) -> Finding:
    message = f"by {who.name} <{who.email}>"
    if who == users_config.identity(()):
        message += ", as git has no user.name and user.email; set them, or [identity] in the settings"
        return finding.note("git", "commits", message)
    return finding.ok("git", "commits", f"are {message}")


def _remote(outside: Outside, remote: str | None) -> Finding:
    remotes = outside.snapshot.remotes
    if remote:
        message = f"{remote}, {_without_credentials(remotes[remote])}"
        return finding.ok("git", "remote", message)
    several = f"none of {', '.join(sorted(remotes))} is chosen; name one as `remote` in the settings"
    none = f"there is none; bases are local branches, and pull requests become files in {layout.PULL_REQUEST_FILES}"
    return finding.note("git", "remote", several if remotes else none)


def _slots(known: Project, session: Session, remote: str | None) -> Iterator[Finding]:
    """Who has slots of workstreams, as the remote was seen last; whether any can be claimed."""
    if not known.settings.claim_slots:
        return
    if remote is None:
        yield finding.note("git", "slots", "claim_slots is on, and there is no remote: none is claimed")
        return
    seen = {one.id: slots_seen.remembered(session, one.id) for one in known.collection.workstreams}
    held = {id: one for id, one in seen.items() if one.claim and one.claim.state == State.HELD}
    for id, one in held.items():
        assert one.claim
        since = f"seen here since {one.at.astimezone(known.settings.zone):%Y-%m-%d %H:%M %Z}"
        message = f"{one.claim.slot.shown} is held by {one.claim.holder}; {since}, its lease is {one.claim.lease_s:g} s"
        yield finding.note("git", f"slot of {id}", message)
    if not held:
        yield finding.ok("git", "slots", f"are claimed on {remote}; none was seen to be held")


def _without_credentials(url: str) -> str:
    return _QUERY.sub("?***", _CREDENTIALS.sub(r"\1***@", url))


def _bases(known: Project, outside: Outside, remote: str | None) -> Iterator[Finding]:
    """One for each base that workstreams start from; without any, for the base that one would start from."""
    anyone = Workstream(id="", title="", source=known.settings.source or "", steps=())
    by_base = {one.base: one for one in reversed(known.collection.workstreams or (anyone,))}
    for _, workstream in sorted(by_base.items(), key=lambda item: item[0] or ""):
        try:
            base = choose_base(workstream, outside.settings, outside.snapshot, remote)
        except InputError as error:
            yield finding.problem("git", "base", str(error))
        else:
            yield _base(base)


def _base(base: Base) -> Finding:
    if base.remote is None:
        return finding.ok("git", "base", base.name)
    if base.is_unknown:
        message = f"the default branch of {base.remote} was never seen here; a run asks for it there"
        return finding.note("git", "base", message)
    if base.ref:
        return finding.ok("git", "base", f"{base.name} of {base.remote}")
    message = f"{base.name} was never seen on {base.remote}; a run asks for it there"
    return finding.note("git", "base", message)


def _worktrees(folder: Path) -> Finding:
    """Whether worktrees can be made; looked at, not tried."""
    there = next(one for one in (folder, *folder.parents) if os.access(one, os.F_OK))
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return finding.ok("git", "worktrees", f"go to {folder}")
    why = "may not be written" if there.is_dir() else "is not a folder"
    message = f"cannot be made in {folder}: {there} {why}; fix that, or set XDG_STATE_HOME to another place"
    return finding.problem("git", "worktrees", message)


def _disk(session: Session, state: Path) -> Finding:
    """What `doit gc` keeps within limits; in large trees only a part is looked at."""
    held = {
        "worktrees": disk.measure([state], most=_LOOKED_AT),
        "logs and reports": disk.measure(
            [session.history.folder, session.outside.repository.root / REPORTS], most=_LOOKED_AT
        ),
    }
    parts = [f"{what} {'' if one.is_whole else 'more than '}{retention.size(one.bytes)}" for what, one in held.items()]
    kept = sum(ref.startswith(f"{layout.RESULTS}/") for ref in session.outside.snapshot.refs)
    message = f"{', '.join(parts)}, {plural(kept, 'kept result')}; `doit gc` frees what is past the limits"
    return finding.ok("git", "disk", message)


def _refs(repository: Repository) -> Iterator[Finding]:
    """Refs of ours that hold nothing which can be used: each counts as if it were not there."""
    for name, why in gc_refs.damaged(repository).items():
        is_result = name.startswith(f"{layout.RESULTS}/")
        remedy = "`doit gc`" if is_result else f"`git update-ref -d {name}`"
        message = f"{why}; it counts as if it were not there, and {remedy} removes it"
        yield (finding.note if is_result else finding.problem)("git", name, message)


def _workstreams(known: Project) -> Iterator[Finding]:
    found, problems = known.collection.workstreams, known.collection.problems
    errors = [problem for problem in problems if problem.is_error]
    if errors:
        message = f"{counted(errors)}; `doit check` shows them, and what those files need is not looked at here"
        yield finding.problem("workstreams", "workstreams", message)
    elif problems:
        message = f"{counted(problems)}; `doit check` shows them"
        yield finding.note("workstreams", "workstreams", message)
    if found:
        yield finding.ok("workstreams", "workstreams", f"{len(found):,} can be run")
    elif not problems:
        message = "there are none yet; write one to workstreams/"
        yield finding.note("workstreams", "workstreams", message)


def _users(known: Project) -> dict[str, list[str]]:
    """Which workstreams use a tool, by its name."""
    users = defaultdict(list)
    for workstream in known.collection.workstreams:
        for name in tool_names(workstream):
            users[name].append(workstream.id)
    return dict(sorted(users.items()))


def _tools(known: Project, session: Session) -> Iterator[Finding]:
    users = _users(known)
    for name, ids in users.items():
        yield _tool(known.settings.tools[name], session.version(known.settings.tools[name]), ids)
    for name, tool in sorted(known.settings.tools.items()):
        if name not in users and tool.takes_prompts and not tool.needs_recording:
            yield from _idle(tool, session.outside)


def _tool(tool: Tool, version: str | None, users: Sequence[str]) -> Finding:
    name, area = f"tool {tool.name}", "tools"
    if version:
        return finding.ok(area, name, version.removeprefix(f"{tool.command} "))
    if version is not None:
        return finding.note(
            area, name, f"it is there, and `{' '.join((tool.command, *tool.version))}` prints no version"
        )
    hints = {agent.profile.command: agent.install for agent in agents.AGENTS}
    install = f" ({hints[tool.command]})" if tool.command in hints else ""
    called = "" if tool.command == tool.name else f"{tool.command} is "
    message = f"{called}not on PATH; install it{install}, or let its `command` say where it is; used by {_some(users)}"
    return finding.problem(area, name, message)


def _idle(tool: Tool, outside: Outside) -> Iterator[Finding]:
    """An agent that nobody uses is not even asked for its version: some take seconds to say it."""
    if shutil.which(tool.command, path=outside.environment.child_environment(())["PATH"]):
        message = f"{tool.command} is on PATH, and no workstream uses it"
        yield finding.note("tools", f"tool {tool.name}", message)


def _some(ids: Sequence[str]) -> str:
    return and_more(ids, _SHOWN)


def _environment(known: Project, outside: Outside) -> Iterator[Finding]:
    """What workstreams pass on must be set; of a profile's names one or none may be enough."""
    is_set = {name for name, value in outside.environment.variables.items() if value.strip()}
    users = defaultdict(list)
    for workstream in known.collection.workstreams:
        for name in workstream.env:
            users[name].append(workstream.id)
    for name in known.settings.env:
        users[name].append("the settings")
    for name, ids in sorted(users.items()):
        missing = f'not set, and {_some(ids)} would pass it on; set it, or take it out of "env"'
        here = ("environment", f"env {name}")
        yield finding.ok(*here, "is set") if name in is_set else finding.problem(*here, missing)
    for tool in (known.settings.tools[name] for name in _users(known)):
        if is_set & {*tool.env}:
            yield _keys(tool, is_set)


def _keys(tool: Tool, is_set: set[str]) -> Finding:
    there = ", ".join(name for name in tool.env if name in is_set)
    missing = ", ".join(name for name in tool.env if name not in is_set)
    message = f"has {there}{f'; not set: {missing}' if missing else ''}"
    return finding.ok("environment", f"env of tool {tool.name}", message)


def _sandbox(known: Project, session: Session) -> Iterator[Finding]:
    profiles: Iterable[Tool | None] = (None, *(known.settings.tools[name] for name in _users(known)))
    asked = {profile.name if profile else "": sandboxing.asked(session.outside, profile) for profile in profiles}
    area, why = "sandbox", sandboxing.problem(session)
    if all(wish == "off" for wish in asked.values()):
        message = 'it is off: commands can read and write what you can; "auto" fences them in where bubblewrap works'
        yield finding.note(area, area, f"{message}, as it does here" if why is None else f"{message}; here, {why}")
        return
    if why is None:
        yield finding.ok(area, area, "by bubblewrap works here")
    elif "bubblewrap" in asked.values():
        yield finding.problem(area, area, f'{why}; fix that, or set sandbox = "off"')
    else:
        yield finding.note(area, area, f"{why}; until then commands can read and write what you can")
    for name in (name for name, wish in asked.items() if wish == "off"):
        who = f"tool {name}" if name else "run commands"
        yield finding.note(area, f"sandbox of {who}", "it is off: they can read and write what you can")
