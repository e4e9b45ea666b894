"""A failure that complains of a file which the user has and the run has not: it was never published, or git ignores it.

It reads names, never what a file holds.
"""

from __future__ import annotations

import re

from splinter.engine import bases
from splinter.engine.outside import Outside
from splinter.engine.work import Work
from splinter.errors import StepError
from splinter.git import commands as git
from splinter.git.command_line import WorkTree
from splinter.model import layout
from splinter.system import disk
from splinter.text.counts import and_more
from splinter.text.patterns import harmless

_WORD = re.compile(r"[^\s'\"`<>|&;=(),:\[\]{}]+")
_LOOKED_AT, _SHOWN, _LONGEST = 200, 3, 300


def explain(work: Work, tree: WorkTree, failure: StepError, *, said: str) -> None:
    """Add a line to a failure about files that `said` names, and that only the user's checkout holds."""
    names = dict.fromkeys(_name(tree, word) for word in _WORD.findall(said)[-_LOOKED_AT:] if len(word) < _LONGEST)
    missing = [name for name in names if name and _is_here_alone(work.session.outside, tree, name)]
    commit = bases.last_seen(work.session, work.plan.base) if missing else None
    held = git.paths_of(work.repository, commit) if commit else ()
    missing = [harmless(name) for name in missing if name not in held]  # what a step deleted is another matter
    if missing:
        are = "are" if len(missing) > 1 else "is"
        failure.args = (
            f"{failure}\n{and_more(missing, _SHOWN)} {are} in your checkout and not in this run: "
            f"neither on {work.plan.base.shown} nor listed in {layout.INCLUDE}",
        )


def _name(tree: WorkTree, word: str) -> str:
    """A word as a path from the repository's root, empty where it is none."""
    bare = word.rstrip(".!?").removeprefix(f"{tree.path}/").removeprefix("./")
    is_path = bare and not bare.startswith(("/", "-", "~")) and ".." not in bare.split("/") and "\0" not in bare
    return bare if is_path else ""


def _is_here_alone(outside: Outside, tree: WorkTree, name: str) -> bool:
    try:
        return (outside.repository.start / name).is_file() and not disk.seen(tree.path / name)
    except OSError:  # a word that is no name of a file: too long, or behind a folder that nobody may enter
        return False
