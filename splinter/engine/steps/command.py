"""One command of a step or check: its arguments, environment, sandbox, deadline, budget, log, and what its tool said.

It looks at no tree, and takes no tool's word for a success.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from splinter.engine.session import Session
from splinter.engine.steps import (
    agent_login,
    checkout_watch,
    command_scratch,
    handed_files,
    installed_programs,
    missing_files,
    python_places,
    sandbox_hints,
    sandboxing,
    stand_in,
    step_outputs,
    working_folder,
)  # fmt: skip
from splinter.engine.steps.agent_login import Login
from splinter.engine.steps.command_scratch import Scratch
from splinter.engine.steps.step_outputs import Written
from splinter.engine.tools import junit, junit_runners
from splinter.engine.tools.junit import Results
from splinter.engine.work import Work
from splinter.errors import Reason, StepError
from splinter.git.command_line import WorkTree
from splinter.model import tool, value_names
from splinter.model.agents import registry as agents
from splinter.model.agents.reports import Fault, Reading
from splinter.model.plan import Plan
from splinter.model.records import CaseRecord, Usage
from splinter.model.tool import Command, Tool
from splinter.model.workstream import Prompt, Step, ToolCall
from splinter.system import disk_errors
from splinter.system.budget import Allowance
from splinter.system.command_runner import Call
from splinter.system.process import Ended
from splinter.text import excerpts

NOT_UNDERSTOOD = "its report was not understood: cost unknown, errors not seen"
_LAST_LINES = 5
# of a setup or preflight: an installer says why long before its last line
LINES_BEFOREHAND = 20
# an environment elsewhere is one of the home, which is gone with each command in the sandbox
_IN_THE_TREE = {"POETRY_VIRTUALENVS_IN_PROJECT": "true", "PIPENV_VENV_IN_PROJECT": "1"}
_LEAST_USD = 0.0001  # claude-code takes no limit of 0.0000


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """A command that has ended: what its tool said of itself, and what speaks against it, None where nothing does.

    `outputs` are what a step wrote for later ones.
    """

    ended: Ended
    reading: Reading
    failure: StepError | None
    cases: tuple[CaseRecord, ...] = ()
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_providers_fault(self) -> bool:
        """Whether trying again may help."""
        is_error = self.failure is not None and self.failure.reason == Reason.AGENT_ERROR
        return is_error and self.reading.fault == Fault.PROVIDER


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one command runs, and the folder that it starts in; `heard` is told what it cost so far."""

    tree: WorkTree
    folder: Path
    scratch: Scratch
    login: Login
    has_network: bool
    heard: Callable[[Usage], None]


def act(
    work: Work, step: Step, name: str, *, prompt: str = "", before: str | None = None,
    timeout_s: float | None = None, tree: WorkTree | None = None, has_network: bool = False,
    shown_lines: int = _LAST_LINES,
) -> Acted:  # fmt: skip
    """Run a step's command in a work tree, its log under `name`; raises StepError where it could not be started.

    `prompt` is the whole text for an agent, `before` the commit in the work tree, `timeout_s` a deadline nearer than
    the step's; `tree` is where steps work, unless another is given. `has_network`: in the sandbox too, whatever the
    settings say. A failure shows that many of the last lines.
    """
    profile = profile_of(work.plan, step)
    folder = working_folder.of(tree or work.tree, step, profile)
    simulated = stand_in.notes(work, profile, step)
    asked_s = min(step.timeout_s, timeout_s or math.inf)
    booked = work.session.ledger.booked(
        work.account, name, is_paid=is_paid(work.plan, step),
        is_stopping=lambda: work.session.processes.is_stopping,
    )  # fmt: skip
    # login, slot, budget, everywhere in this order: whoever holds the first may wait for the last, never the other way
    with (
        _login(work, profile) as login, work.session.slots.of(profile), command_scratch.made(work) as scratch,
        booked as booking, work.doing(name) as shown,
    ):  # fmt: skip
        command = _begun(work, step, name, prompt, scratch, booking.allowance, before)
        command = working_folder.from_the_root(command, profile, folder, tree or work.tree)
        stand_in.say(work, simulated)
        deadline_s = min(asked_s, booking.allowance.seconds)
        place = _Place(tree or work.tree, folder, scratch, login, has_network, heard=shown.spend)
        ended = _run(work, step, name, profile, command, place, deadline_s)
        reading = agents.read(profile.reader if profile else None, ended.report, is_whole=ended.is_whole)
        booking.seconds = ended.seconds
        booking.usage = shown.usage = reading.usage if is_paid(work.plan, step) else None
        results, notes = _results(work, name, place) if profile and profile.junit else (Results(), ())
        reason = _reason(ended, reading, is_short=deadline_s < asked_s)
        written = Written() if reason else step_outputs.taken(work, step, scratch, ended.last_message)
    is_partial = reason == Reason.EXIT_CODE and results.cases
    doubts = junit_runners.doubts_of_failure(command.argv, ended.output) if is_partial else ()
    failure = written.problem
    if reason:
        failure = _failure(work, command, ended, reading, reason, deadline_s, step, name, shown_lines)
    if failure and reason == Reason.EXIT_CODE:
        _explain(work, profile, place, failure, command, ended.output)
    return Acted(
        ended=ended, reading=reading, failure=failure, cases=results.cases, doubts=(*results.doubts, *doubts),
        notes=(*ended.notes, *_notes(ended, reading), *notes, *simulated, *written.notes), outputs=written.outputs,
    )  # fmt: skip


def _begun(
    work: Work, step: Step, name: str, prompt: str, scratch: Scratch, allowance: Allowance, before: str | None
) -> Command:
    """What is to be called, its log begun; raises StorageError where what comes of it could not be kept."""
    with disk_errors.as_storage_errors(work.session.folders):
        command = _command(work, step, prompt, scratch, allowance, before)
        _begin_log(work, step, work.log(name), scratch)
        disk_errors.require(_keeping(work.session) if is_paid(work.plan, step) else ())
    return command


def _explain(work: Work, profile: Tool | None, place: _Place, failure: StepError, command: Command, said: str) -> None:
    """Say of a failure what only the checkout has, and what the sandbox kept away."""
    missing_files.explain(work, place.tree, failure, said=f"{command.label}\n{said}")
    if sandboxing.is_fenced(work.session, profile):
        online = sandboxing.reaches_network(work.session, profile, wanted=place.has_network)
        shown = sandboxing.reads(work, profile, command.argv, environment(work, profile, place.tree))
        sandbox_hints.explain(work, profile, failure, said=said, has_network=online, shown=shown)


def _notes(ended: Ended, reading: Reading) -> tuple[str, ...]:
    """What a report says, or does not, that is no failure by itself."""
    denied = (f"it was denied: {', '.join(reading.denied)}",) if reading.denied else ()
    return denied if reading.is_understood or ended.reason else (*denied, NOT_UNDERSTOOD)


def profile_of(plan: Plan, step: Step) -> Tool | None:
    """The profile that a step calls, None for a command of the user's own."""
    return plan.tools[step.action.tool] if isinstance(step.action, ToolCall | Prompt) else None


def is_paid(plan: Plan, step: Step) -> bool:
    """Whether a step calls an agent, by a prompt or with arguments: whatever can answer a prompt may cost."""
    profile = profile_of(plan, step)
    return profile is not None and profile.takes_prompts and not stand_in.is_one(profile)


def tool_of(step: Step) -> str:
    """What the `Tool` trailer says: the profile, or the shell command's kind."""
    return step.action.tool if isinstance(step.action, ToolCall | Prompt) else "run"


def environment(work: Work, profile: Tool | None, tree: WorkTree) -> dict[str, str]:
    """All that a command in a work tree gets; its packages are imported from there."""
    env = _IN_THE_TREE | _given(work, profile)
    env |= {**value_names.variables(work.plan.values), **step_outputs.variables(work)}
    env["PATH"] = os.pathsep.join((*installed_programs.folders(tree, work.plan.setup), env["PATH"]))
    env |= {"GIT_CEILING_DIRECTORIES": str(tree.path.parent), "GIT_TERMINAL_PROMPT": "0"}
    return python_places.redirected(work, tree, env, profile)


def _given(work: Work, profile: Tool | None) -> dict[str, str]:
    """What of the caller's environment a command gets, and what profile and workstream set."""
    own, hides = (profile.env, profile.hides) if profile else ((), ())
    env = work.session.outside.environment.child_environment((*own, *work.plan.env), hides=hides)
    return {**env, **(profile.variables if profile else {}), **work.plan.workstream.variables}


def _login(work: Work, profile: Tool | None) -> AbstractContextManager[Login]:
    """The agent's stored login, where it is to be let into the sandbox."""
    if profile is None or not sandboxing.is_fenced(work.session, profile):
        return nullcontext(Login())
    return agent_login.held(work.session, profile, _given(work, profile))


def _command(
    work: Work, step: Step, prompt: str, scratch: Scratch, allowance: Allowance, before: str | None
) -> Command:
    """The command of a step, its placeholders filled."""
    profile = profile_of(work.plan, step)
    values = {
        "recorded": stand_in.patch(work, step),
        "junit": str(scratch.results),
        "fenced" if sandboxing.is_fenced(work.session, profile) else "unfenced": "",
    }
    if profile and profile.model:
        values["model"] = profile.model
    if profile and profile.max_turns:
        values["max_turns"] = str(profile.max_turns)
    if math.isfinite(allowance.usd):
        values["budget_usd"] = f"{max(allowance.usd, _LEAST_USD):.4f}"
    if isinstance(step.action, Prompt):
        scratch.prompt.write_text(prompt, "utf-8", newline="")
        values |= {"prompt": prompt, "prompt_file": str(scratch.prompt)}
        if profile and any("{files}" in argument for argument in profile.prompt_args or ()):
            values["files"] = "\0".join(handed_files.of_scope(work, step, before))
    return tool.command(step.action, work.plan.tools, values=values | scratch.handed(step.action))


def _run(
    work: Work, step: Step, name: str, profile: Tool | None, command: Command, place: _Place,
    deadline_s: float,
) -> Ended:  # fmt: skip
    tree, scratch, log = place.tree, place.scratch, work.log(name)
    env = environment(work, profile, tree) | step_outputs.hand_over(work, step, scratch)
    runner = sandboxing.runner(
        work, profile, command.argv, env, tree=tree.path, scratch=scratch.folder, home=scratch.home,
        login=place.login, has_network=place.has_network,
    )  # fmt: skip
    is_fenced = sandboxing.is_fenced(work.session, profile)
    if work.prepared and not is_fenced:  # before, a run may come to nothing that is reported
        sandboxing.note(work, profile)
    stdin = scratch.prompt if command.stdin is not None else None
    call = Call(
        argv=command.argv, folder=place.folder, env=env, log=log, timeout_s=deadline_s, stall_s=step.stall_s,
        stdin=stdin, transcript=agents.transcript(profile, place.heard),
    )  # fmt: skip
    try:
        with nullcontext() if is_fenced else checkout_watch.watching(work, f"{work.plan.id}:{name}"):
            return runner.run(call)
    except (OSError, ValueError) as error:
        raise StepError(Reason.TOOL_MISSING, f"{command.label} cannot be started: {error}") from error


def _begin_log(work: Work, step: Step, log: Path, scratch: Scratch) -> None:
    """The log and, beside it, the prompt; raises OSError before anything is started and paid."""
    log.parent.mkdir(parents=True, exist_ok=True)
    log.touch(mode=0o600)
    with log.open("a", encoding="utf-8") as output:
        output.write(f"[{work.heading}]\n" if work.heading else "")
        output.write(stand_in.heading(work, profile_of(work.plan, step), step))
    if isinstance(step.action, Prompt):
        log.with_suffix(".prompt.md").write_bytes(work.session.outside.redactor.data(scratch.prompt.read_bytes()))


def _keeping(session: Session) -> tuple[Path, ...]:
    """Where what an agent makes is kept: no call is made whose result would be lost."""
    return session.outside.repository.common / "objects", session.history.folder, session.outside.state


def _results(work: Work, name: str, place: _Place) -> tuple[Results, tuple[str, ...]]:
    """What a tool left of its tests, and notes on it; what was read is kept beside the log, masked."""
    try:
        results = junit.read(place.scratch.results, tree=str(place.tree.path))
    except junit.UnreadableResultsError as error:
        return Results(), (f"its results could not be read: {error}",)
    if not results.cases and not results.doubts:
        return results, ("it left no results where its profile says that it would",)
    kept = work.log(name).with_suffix(".junit.txt")  # as XML a browser would run the scripts in it
    try:
        kept.write_bytes(work.session.outside.redactor.data(results.data))
    except OSError as error:  # what it said is known; only the copy is missing
        kept.unlink(missing_ok=True)
        return results, (disk_errors.sentence(kept.name, error),)
    return results, ()


def _reason(ended: Ended, reading: Reading, *, is_short: bool) -> Reason | None:
    """What speaks against a call: how it ended, what its tool complains of, its exit status, in this order."""
    if ended.reason == Reason.TIMED_OUT and is_short:
        return Reason.OVER_BUDGET
    if ended.reason:
        return ended.reason
    if reading.error:
        return Reason.OVER_BUDGET if reading.fault == Fault.LIMIT else Reason.AGENT_ERROR
    return Reason.EXIT_CODE if ended.exit_status else None


def _failure(
    work: Work, command: Command, ended: Ended, reading: Reading, reason: Reason, deadline_s: float, step: Step,
    name: str, shown_lines: int,
) -> StepError:  # fmt: skip
    how = {
        Reason.EXIT_CODE: f"ended with exit status {ended.exit_status}",
        Reason.TIMED_OUT: f"did not end within {deadline_s:g} s and was ended with all it had started",
        Reason.STALLED: f"neither wrote nor computed for {step.stall_s or 0:g} s and was ended",
        Reason.OVER_BUDGET: f"was ended after {ended.seconds:.0f} s: its budget of minutes is used up",
        Reason.AGENT_ERROR: f"says: {reading.error}",
        Reason.INTERRUPTED: "was interrupted",
    }[reason]
    is_limit = reason == Reason.OVER_BUDGET and ended.reason is None
    if is_limit:
        how = f"reached a limit that it was given: {reading.error}"
    is_the_tools_word = is_limit or reason == Reason.AGENT_ERROR
    who = tool_of(step) if is_the_tools_word or isinstance(step.action, Prompt) else command.label
    is_hidden = isinstance(step.action, Prompt) and work.session.outside.hides_transcripts
    printed = "" if is_hidden else excerpts.last_lines(ended.output, shown_lines)
    last = "" if is_the_tools_word else reading.error or printed
    failure = StepError(reason, work.mask(f"{who} {how}" + (f"\n{last}" if last else "")))
    failure.exit_status_of_child, failure.log = ended.exit_status, work.log(name)
    return failure
