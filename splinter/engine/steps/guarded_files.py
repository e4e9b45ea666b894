"""What a tool that rewrites whatever it finds, as a linter does, did to guarded files: taken back, and told.

An agent was told to leave them alone: what it does to them fails its step.
"""

from __future__ import annotations

from splinter.engine.steps import command, scope_check
from splinter.engine.work import Work
from splinter.git import commands as git
from splinter.git.command_line import Repository
from splinter.git.put_back import put_back
from splinter.model.workstream import Step, ToolCall
from splinter.text.counts import and_more

_SHOWN = 10


def spared(
    work: Work, repository: Repository, step: Step, before: str, after: str
) -> tuple[str, tuple[str, ...]]:  # fmt: skip
    """The tree `after` without what a tool, no agent, did to guarded files, and a note on that."""
    if not isinstance(step.action, ToolCall) or command.is_paid(work.plan, step):
        return after, ()
    found = scope_check.guarded_changes(repository, work.plan.workstream.scope, before, after)
    if not found:
        return after, ()
    paths = and_more([git.printable(one.path) for one in found], _SHOWN)
    note = f"taken back: what {step.action.tool} did to {paths}; scope has to name what a step may do there"
    return put_back(repository, work.tree, found), (note,)
