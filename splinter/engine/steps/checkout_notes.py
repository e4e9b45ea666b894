"""What of a work tree leads back to the user's checkout, noted before anything is paid. It stops nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from splinter.engine.steps import checkout_commands, python_asking, python_places, workspace
from splinter.engine.tools import checkout_links, python_interpreters
from splinter.engine.tools.checkout_links import Ground
from splinter.engine.work import Work
from splinter.git import commands as git
from splinter.git import worktree
from splinter.git.command_line import WorkTree
from splinter.model.plan import Plan
from splinter.model.workstream import Run

_MOST_INCLUDED = 2000


def note(work: Work, tree: WorkTree) -> None:
    """Note each thing that leads commands in the work tree, or Python there, to the checkout's files."""
    env = work.session.outside.environment.child_environment(work.plan.env)
    links = ways_back(work, tree, programs=_programs(work.plan), path=env["PATH"])
    told = checkout_commands.notes(work, tree)
    for sentence in (*python_places.notes(work, tree, env), *links, *told):
        work.session.run.note(f"{sentence}.")  # without the workstream's name: said once of all that have it
    for sentence in workspace.idle_patterns(work.session):
        work.session.run.note(sentence)


def ways_back(work: Work, tree: WorkTree, *, programs: Sequence[str] = (), path: str = "") -> tuple[str, ...]:
    """A sentence on each file and link in a work tree that leads to the checkout, and on each of the programs."""
    commit = worktree.expected(tree)
    places = python_asking.places(work.session, tree.path)
    return checkout_links.found(
        Ground(tree=places.tree, checkouts=places.checkouts),
        tracked=git.paths_of(work.repository, commit) if commit else (),
        included=tuple(islice(workspace.included(work.session), _MOST_INCLUDED)),
        programs=programs,
        path=path,
    )


def _programs(plan: Plan) -> list[str]:
    work = plan.workstream
    actions = [step.action for step in (*work.preflight, *work.steps, *work.checks)]
    words = [python_interpreters.programs_of(action.command) for action in actions if isinstance(action, Run)]
    return [*(tool.command for tool in plan.tools.values()), *(word for group in words for word in group)]
