"""Checks that name the user's checkout by its path would judge the files there; what git ignores there may be named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from splinter.engine.session import Session
from splinter.engine.steps import command, python_asking
from splinter.engine.tools import checkout_paths
from splinter.engine.work import Work
from splinter.errors import Reason, StepError
from splinter.git import user_repository
from splinter.git.command_line import WorkTree
from splinter.model.workstream import Run, Step, ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A path in a checkout that a check is told, by its command or by a variable; `is_files` where git has it there."""

    path: Path
    variable: str = ""
    is_files: bool


def refuse(work: Work, check: Step, tree: WorkTree) -> None:
    """Raise StepError where a check is told to look at files of the user's checkout."""
    for one in _named(work, check, tree):
        if one.is_files:
            what = f"the check {check.id}: {one.variable or 'its command'} names {one.path}"
            way_out = "take the path out, a check starts at the top of the work tree"
            message = f"{what}, the files of your checkout and not the branch's; {way_out}"
            raise StepError(Reason.WRONG_TREE, work.mask(message))


def notes(work: Work, tree: WorkTree) -> Iterator[str]:
    """A sentence on each other path there that a check is told, such as a built program."""
    for check in work.plan.workstream.checks:
        for one in _named(work, check, tree):
            if not one.is_files:
                what = one.variable or "its command"
                yield f"{check.id}: {what} names {one.path}, which is in your checkout and not the branch's"


def _named(work: Work, check: Step, tree: WorkTree) -> Iterator[Named]:
    checkouts = python_asking.places(work.session, tree.path).checkouts
    env = work.session.outside.environment.child_environment(())
    for variable, text in _texts(work, check):
        for path in checkout_paths.named(text, (*checkouts, work.repository.start), home=env.get("HOME", "~")):
            if not _is_of_environment(path):
                yield Named(path=path, variable=variable, is_files=_is_visible(work.session, path))


def _texts(work: Work, check: Step) -> Iterator[tuple[str, str]]:
    """What a check is told: its command, and the variables that are passed on to it."""
    profile = command.profile_of(work.plan, check)
    if isinstance(check.action, Run):
        words = check.action.command
        yield "", words if isinstance(words, str) else "\n".join(words)
    elif profile:
        own = check.action.args if isinstance(check.action, ToolCall) else ()
        yield "", "\n".join((profile.command, *profile.args, *own))
    names = (*(profile.env if profile else ()), *work.plan.env)
    values = work.session.outside.environment.child_environment(names, hides=profile.hides if profile else ())
    usual = work.session.outside.environment.child_environment(())
    passed = {name: value for name, value in values.items() if name not in usual and name != "PYTHONPATH"}
    yield from {**passed, **(profile.variables if profile else {}), **work.plan.workstream.variables}.items()


def _is_of_environment(path: Path) -> bool:
    """Whether it lies in a virtual environment or among installed packages: many have theirs in the checkout."""
    is_one = any((folder / name).exists() for folder in path.parents for name in ("pyvenv.cfg", "conda-meta"))
    return is_one or (path / "pyvenv.cfg").exists() or "node_modules" in path.parts


def _is_visible(session: Session, path: Path) -> bool:
    """Whether a path is a checkout, or a file or folder in one that git does not ignore."""
    places = python_asking.places(session, session.outside.state).checkouts
    for checkout in (one for one in (*places, session.outside.repository.start) if path.is_relative_to(one)):
        inside = path.relative_to(checkout).as_posix()
        visible = user_repository.visible_files(checkout, session.outside.environment.variables)
        if inside == "." or any(one == inside or one.startswith(f"{inside}/") for one in visible):
            return True
    return False
