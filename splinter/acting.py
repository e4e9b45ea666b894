"""One command of a step or check: its arguments, its environment, its deadline, its log. It looks at no tree."""

from __future__ import annotations

from pathlib import Path

from splinter import tools, worktree
from splinter.errors import StepError
from splinter.gitcall import WorkTree
from splinter.plan import Plan
from splinter.process import Ended
from splinter.session import Session
from splinter.tools import Command, Tool
from splinter.workstream import Prompt, Run, Step, ToolCall

_LAST_LINES = 5


def act(session: Session, plan: Plan, step: Step, name: str, *, junit: Path | None = None) -> Ended:
    """Run a step's command in the work tree; raises StepError unless it ended well."""
    tree, log = locate(session, plan), session.log(plan, name)
    log.parent.mkdir(parents=True, exist_ok=True)
    command = command_of(session, plan, step, junit=junit)
    timeout_s = _remaining_s(session, plan, step)
    profile = plan.tools[step.action.tool] if isinstance(step.action, ToolCall | Prompt) else None
    try:
        with session.turn(profile):
            ended = session.processes.run(
                command.argv, cwd=tree.path, env=_environment(session, plan, profile, tree), log=log,
                timeout_s=timeout_s, stall_s=step.stall_s,
            )  # fmt: skip
    except (FileNotFoundError, PermissionError) as error:
        raise StepError("tool_missing", f"{command.label} cannot be started: {error}") from error
    reason = ended.reason or ("exit_code" if ended.exit_status else None)
    if reason == "timed_out" and timeout_s < step.timeout_s:
        reason = "over_budget"
    if reason:
        failure = StepError(reason, _told(session, command, ended, reason, timeout_s, step))
        failure.exit_status_of_child = ended.exit_status
        raise failure
    return ended


def command_of(session: Session, plan: Plan, step: Step, *, junit: Path | None = None) -> Command:
    """The command of a step, its placeholders filled."""
    values = {"recorded": str(session.repository.start / tools.recorded_path(plan.id, step.id))}
    if junit:
        values["junit"] = str(junit)
    if isinstance(step.action, Prompt):
        values["prompt"] = step.action.text
        file = session.log(plan, step.id).with_suffix(".prompt.md")
        values["prompt_file"] = str(file)
        file.write_text(step.action.text, "utf-8")
    return tools.command(step.action, plan.tools, values=values)


def tool_of(step: Step) -> str:
    """What the `Tool` trailer says: the profile, or the shell command's kind."""
    return step.action.tool if isinstance(step.action, ToolCall | Prompt) else "run"


def label(step: Step) -> str:
    """A step's command as people read it."""
    action = step.action
    if isinstance(action, Run):
        return action.command if isinstance(action.command, str) else " ".join(action.command)
    return " ".join((action.tool, *action.args)) if isinstance(action, ToolCall) else f"{action.tool} (prompt)"


def _environment(session: Session, plan: Plan, profile: Tool | None, tree: WorkTree) -> dict[str, str]:
    own = profile.env if profile else ()
    env = session.environment.child_environment((*own, *plan.workstream.env))
    return {**env, "GIT_CEILING_DIRECTORIES": str(tree.path.parent), "GIT_TERMINAL_PROMPT": "0"}


def _remaining_s(session: Session, plan: Plan, step: Step) -> float:
    minutes = plan.workstream.budget.minutes
    if minutes is None:
        return step.timeout_s
    used_s = sum(record.seconds for record in session.store.steps_of(session.open_run(), plan.id))
    if used_s >= minutes * 60:
        raise StepError("over_budget", f"its budget of {minutes:g} minutes is used up")
    return min(step.timeout_s, minutes * 60 - used_s)


def _told(session: Session, command: Command, ended: Ended, reason: str, timeout_s: float, step: Step) -> str:
    how = {
        "exit_code": f"ended with exit status {ended.exit_status}",
        "timed_out": f"did not end within {timeout_s:g} s and was ended with all it had started",
        "stalled": f"neither wrote nor computed for {step.stall_s or 0:g} s and was ended",
        "over_budget": f"was ended after {ended.seconds:.0f} s: the workstream's budget of minutes is used up",
        "interrupted": "was interrupted",
    }[reason]
    last = "\n".join(ended.tail.strip().splitlines()[-_LAST_LINES:])
    return session.redactor.text(f"{command.label} {how}" + (f"\n{last}" if last else ""))


def locate(session: Session, plan: Plan) -> WorkTree:
    """The work tree of a workstream."""
    return worktree.locate(session.state, plan.id)
