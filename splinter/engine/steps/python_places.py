"""Commands are led to the work tree's Python packages, and checks are held to it.

An editable install, or a copy, in an environment outside of the work tree would let a check pass on files that are not
the branch's. What cannot be led back fails the check, by name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from splinter.engine.outside import Outside
from splinter.engine.steps import own_python, python_asking, sandbox_hints, sandboxing, working_folder
from splinter.engine.steps.python_asking import Asker
from splinter.engine.tools import python_imports, python_interpreters, python_redirect
from splinter.engine.tools.python_imports import Answer, Own, Places
from splinter.engine.work import Work
from splinter.errors import Reason, StepError
from splinter.git import user_repository, worktree
from splinter.git.command_line import WorkTree
from splinter.model import layout
from splinter.model.plan import Plan
from splinter.model.tool import Tool
from splinter.model.workstream import Run, Step, ToolCall
from splinter.system import disk
from splinter.text.counts import and_more

_NAMED = 3
WAY_OUT = (
    "let `setup:` make an environment in the work tree, such as `python -m venv .venv && .venv/bin/pip install -e .`"
)


def redirected(
    work: Work, tree: WorkTree, env: Mapping[str, str], tool: Tool | None
) -> dict[str, str]:  # fmt: skip
    """An environment whose PYTHONPATH begins with the work tree's folders, where some Python would look elsewhere.

    A project's own folders come first in any case, but not for agents, which may be Python themselves: `make test` or
    an activated environment is a Python that nobody here can name.
    """
    own, places, answers = _asked(work, tree, env, tool)
    roots = list(python_redirect.free(answers, own, places, _is_there(tree.path)))
    if (own.projects or own.is_nameless) and not (tool and tool.takes_prompts):
        own_roots = sorted({one.root for one in own.names if one.root in python_imports.USUAL_ROOTS}, reverse=True)
        is_there = _is_there(tree.path)
        roots += [
            root
            for root in own_roots
            if root not in roots and python_redirect.obstacle(root, answers, own, places, is_there) is None
        ]
    return {**env, **python_path([str(tree.path / root) for root in roots], env)}


def notes(work: Work, tree: WorkTree, env: Mapping[str, str]) -> tuple[str, ...]:
    """What is to be known of a work tree before anything is paid: what cannot be led to it, and what it may lack."""
    own, places, answers = _asked(work, tree, env, None)
    is_there = _is_there(tree.path)
    said = [
        python_redirect.verdict(one, python_redirect.lasting(one, own, places, is_there), own, places, is_there)
        for one in answers
    ]
    data = left_behind(work.session.outside, answers, own, places, is_there)
    return (*(one for one in said if one), *unbrought(answers, own, places, is_there), *data)


def left_behind(
    outside: Outside, answers: Sequence[Answer], own: Own, places: Places, is_there: python_redirect.IsThere
) -> tuple[str, ...]:  # fmt: skip
    """A sentence on data of a package that git ignores in the checkout; none where the work tree lacks none."""
    paths = python_redirect.left_behind(answers, own, places, is_there)
    start = outside.repository.start
    visible = user_repository.visible_files(start, outside.environment.variables) if paths else ()
    paths = tuple(path for path in paths if path not in visible and (start / path).exists())
    are, it = ("is", "it") if len(paths) == 1 else ("are", "them")
    sentence = f"{and_more(paths, _NAMED)} {are} in your checkout and git ignores {it}"
    return (f"{sentence}: `setup` or {layout.INCLUDE} brings {it}",) if paths else ()


def unbrought(
    answers: Sequence[Answer], own: Own, places: Places, is_there: python_redirect.IsThere
) -> tuple[str, ...]:  # fmt: skip
    """A sentence on modules that only a checkout has; none where there is none."""
    missing = python_redirect.unbrought(answers, own, places, is_there)
    are, it = ("is", "it") if len(missing) == 1 else ("are", "them")
    names = and_more(missing, _NAMED)
    sentence = f"{names} {are} in your checkout only: commit {it}, or bring what git ignores by {layout.INCLUDE}"
    return (sentence,) if missing else ()


def _asked(work: Work, tree: WorkTree, env: Mapping[str, str], tool: Tool | None) -> tuple[Own, Places, list[Answer]]:
    """What the Pythons of a workstream say; nobody is asked where there is no Python in the repository."""
    commit = worktree.expected(tree)
    own = own_python.of_commit(work.session, commit) if commit else Own()
    places = python_asking.places(work.session, tree.path)
    if not own.names:
        return own, places, []
    asker = Asker(env=env, places=places, work=work, tool=tool)
    workstream = work.plan.workstream
    steps = (*workstream.preflight, *workstream.steps, *workstream.checks)
    found = python_asking.of_workstreams(env.get("PATH", ""), steps, work.plan.tools.values(), folder=tree.path)
    return own, places, [python_asking.ask(work.session, asker, one, own) for one in found]


def python_path(first: list[str], env: Mapping[str, str]) -> dict[str, str]:
    """The variable that puts folders before those that the workstream passes on; none where there are none."""
    passed = [entry for entry in env.get("PYTHONPATH", "").split(os.pathsep) if entry]
    return {"PYTHONPATH": os.pathsep.join(dict.fromkeys((*first, *passed)))} if first else {}


def prove(work: Work, check: Step, tree: WorkTree, env: Mapping[str, str]) -> None:
    """Raise StepError where a check would look at other files than the work tree's; `env` is what it is started with.

    It is asked in the place where the check runs.
    """
    command, tool = _started(work.plan, check)
    folder = working_folder.of(tree, check)
    commit = worktree.expected(tree)
    own = _at_stake(work, commit) if commit and not python_interpreters.imports_nothing(command) else Own()
    if commit is None or not (own.names or own.gone):
        return
    path, passed = env.get("PATH", ""), env.get("PYTHONPATH", "")
    env = {**env, "PYTHONPATH": python_interpreters.python_path(command, passed, path, folder=folder)}
    asker = Asker(env=env, places=python_asking.places(work.session, tree.path), work=work, tool=tool)
    for one in python_interpreters.of_command(command, path, folder=folder):
        answer = python_asking.ask(work.session, asker, one, own, at=commit)
        if work.session.processes.is_stopping:
            return
        strays = python_imports.strays(answer, own, asker.places)
        why = _doubt(answer, asker.places)
        why = why or python_redirect.verdict(answer, strays, own, asker.places, _is_there(tree.path))
        if why:
            raise StepError(Reason.WRONG_TREE, work.mask(f"{why}; {WAY_OUT}"))


def prove_shown(work: Work, check: Step, tree: WorkTree, env: Mapping[str, str], *, said: str) -> None:
    """Raise StepError where a check in the sandbox failed for want of a package that its Python has from a checkout.

    The sandbox hides that one, so the failure says nothing of the commit. What the check printed is `said`.
    """
    command, tool = _started(work.plan, check)
    commit = worktree.expected(tree)
    missed = sandbox_hints.missed(said) if sandboxing.is_fenced(work.session, tool) else ()
    own = own_python.of_commit(work.session, commit) if commit and missed else Own()
    if not any(one.name in missed for one in own.names):
        return
    alone = {name: value for name, value in env.items() if name != "PYTHONPATH"}
    asker = Asker(env=alone, places=python_asking.places(work.session, tree.path), work=work, tool=tool)
    for one in python_interpreters.of_command(command, env.get("PATH", ""), folder=working_folder.of(tree, check)):
        answer = python_asking.ask(work.session, asker, one, own)
        strays = [stray for stray in python_imports.strays(answer, own, asker.places) if stray.name in missed]
        why = python_redirect.verdict(answer, strays, own, asker.places, _is_there(tree.path))
        if why:
            raise StepError(Reason.WRONG_TREE, work.mask(f"{why}; the sandbox hides that place; {WAY_OUT}"))


def refuse_repointed(work: Work, tree: WorkTree, commit: str, env: Mapping[str, str]) -> None:
    """Raise StepError where a Python outside of all work trees finds the repository's packages in one of them.

    A setup that installs into the user's own environment does that, and the user would import an agent's files.
    """
    own = own_python.of_commit(work.session, commit)
    if not own.names:
        return
    alone = {name: value for name, value in env.items() if name != "PYTHONPATH"}
    asker = Asker(env=alone, places=python_asking.places(work.session, tree.path), work=work)
    for one in python_asking.of_workstreams(env.get("PATH", ""), (), (), folder=tree.path):
        if Path(one).is_relative_to(asker.places.state):
            continue
        for found in python_asking.ask(work.session, asker, one, own).found:
            inside = [place for place in found.places if place.is_relative_to(asker.places.state)]
            if inside:
                back = f"{one} -m pip install -e {work.repository.start}"
                message = f"setup made {one} import {found.name} from {inside[0]}; `{back}` puts it back; {WAY_OUT}"
                raise StepError(Reason.WRONG_TREE, work.mask(message))


def _started(plan: Plan, check: Step) -> tuple[str | Sequence[str], Tool | None]:
    """The words of a check's command, and its profile; placeholders in them are no program's name."""
    if isinstance(check.action, Run):
        return check.action.command, None
    tool = plan.tools[check.action.tool]
    own = check.action.args if isinstance(check.action, ToolCall) else ()
    return (tool.command, *tool.args, *own), tool


def _at_stake(work: Work, commit: str) -> Own:
    """What of a commit is Python, and what of it the workstream took away."""
    own = own_python.of_commit(work.session, commit)
    start = work.prepared.start if work.prepared else None
    return replace(own, gone=own_python.gone(work.session, own, start=start, commit=commit))


def _doubt(answer: Answer, places: Places) -> str | None:
    """A Python that does not answer is no matter, unless its environment names the repository."""
    if answer.problem is None:
        return None
    named = python_interpreters.names_one_of(answer.interpreter, places.checkouts)
    asked = f"{answer.interpreter} could not be asked where it finds the repository's packages ({answer.problem})"
    return f"{asked}, and its environment names {named}" if named else None


def _is_there(tree: Path) -> Callable[[str], bool]:
    return lambda path: disk.seen(tree / path)
