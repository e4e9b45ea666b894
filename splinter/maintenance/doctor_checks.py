"""Whether checks would look at the branch here: where Pythons find the repository's packages, what else leads away.

It makes no work tree: what one will have is what the current commit and `.worktreeinclude` have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import PurePosixPath

from splinter.engine.outside import Outside
from splinter.engine.project import Project
from splinter.engine.session import Session
from splinter.engine.steps import own_python, python_asking, python_places, workspace
from splinter.engine.steps.python_asking import Asker
from splinter.engine.tools import checkout_links, python_imports, python_interpreters, python_redirect
from splinter.engine.tools.checkout_links import Ground
from splinter.engine.tools.python_imports import Answer, Own, Places
from splinter.engine.tools.python_redirect import IsThere
from splinter.git import commands as git
from splinter.git import user_repository
from splinter.model import finding
from splinter.model.finding import Finding
from splinter.model.plan import tool_names
from splinter.model.tool import Tool
from splinter.model.workstream import Run, Step
from splinter.text.counts import and_more

_NAMED = 3
_AREA = "checks"
_MOST_INCLUDED = 2000


def look(known: Project, session: Session) -> Iterator[Finding]:
    """A finding on Python, where the repository has some, and one on each other thing that leads to the checkout."""
    head = session.outside.snapshot.head
    if head is None:
        return
    tracked = git.paths_of(session.outside.repository, head)
    included = tuple(islice(workspace.included(session), _MOST_INCLUDED))
    steps, tools = _commands(known)
    path = session.outside.environment.child_environment(())["PATH"]
    own = own_python.read(session.outside.repository, head)
    if own.names:
        places = _places(session.outside)
        asker = Asker(env=session.outside.environment.child_environment(_passed_on(known)), places=places)
        found = python_asking.of_workstreams(path, steps, tools, folder=places.tree)
        answers = [python_asking.ask(session, asker, one, own) for one in found]
        yield from _python(answers, own, places, _will_be_there(tracked, included))
    ground = Ground(
        tree=session.outside.repository.start.resolve(), checkouts=user_repository.checkouts(session.outside.repository)
    )
    words = [
        word
        for step in steps
        if isinstance(step.action, Run)
        for word in python_interpreters.programs_of(step.action.command)
    ]
    programs = [*(tool.command for tool in tools), *words]
    for sentence in checkout_links.found(ground, tracked=tracked, included=included, programs=programs, path=path):
        yield finding.note(_AREA, "checks", sentence)


def _python(answers: Sequence[Answer], own: Own, places: Places, is_there: IsThere) -> Iterator[Finding]:
    """Whether each Python's findings can be led to work trees."""
    bad = False
    for answer in answers:
        lasting = python_redirect.lasting(answer, own, places, is_there)
        why = python_redirect.verdict(answer, lasting, own, places, is_there)
        if why:
            bad = True
            yield finding.problem(_AREA, "checks", f"{why}; {python_places.WAY_OUT}")
    if not bad:
        yield finding.ok(_AREA, "checks", f"look at the branch: {_led(answers, own, places, is_there)}")
    for sentence in python_places.unbrought(answers, own, places, is_there):
        yield finding.note(_AREA, "checks", sentence)


def _led(answers: Sequence[Answer], own: Own, places: Places, is_there: IsThere) -> str:
    roots = python_redirect.free(answers, own, places, is_there)
    names = {one.name: one for answer in answers for one in python_imports.strays(answer, own, places)}
    if not names:
        return "no Python here has this repository's packages from elsewhere"
    folders = ", ".join(root or "the top folder" for root in roots)
    are = "is" if len(names) == 1 else "are"
    named = and_more(sorted(names), _NAMED)
    return f"{named} {are} installed from elsewhere, and work trees have {folders} first on PYTHONPATH"


def _places(outside: Outside) -> Places:
    """A work tree that does not exist stands for all."""
    checkouts = user_repository.checkouts(outside.repository)
    state = outside.repository.state
    return Places(tree=state / "worktrees/any", checkouts=checkouts, state=state)


def _will_be_there(tracked: Sequence[str], included: Sequence[str]) -> IsThere:
    files = {*tracked, *included}
    folders = {parent.as_posix() for file in files for parent in PurePosixPath(file).parents} | {""}
    return lambda path: path in files or path in folders


def _commands(known: Project) -> tuple[list[Step], list[Tool]]:
    """What all workstreams start."""
    works = known.collection.workstreams
    steps = [step for work in works for step in (*work.preflight, *work.steps, *work.checks)]
    names = sorted({name for work in works for name in tool_names(work)})
    return steps, [known.settings.tools[name] for name in names]


def _passed_on(known: Project) -> tuple[str, ...]:
    return (*known.settings.env, *(name for work in known.collection.workstreams for name in work.env))
