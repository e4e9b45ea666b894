"""A project as a simulated run sees it: the user's, with a place of its own for all that is written.

The user's refs are copied into that place but for those that say what was done, so that everything is done from the
base. Their repository, work trees and records are not written, and no remote is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from splinter.engine.steps import stand_in
from splinter.errors import StorageError
from splinter.git import copied_refs, user_repository
from splinter.git.command_line import Repository
from splinter.model import layout
from splinter.model.bases import own_branch
from splinter.model.settings import Settings
from splinter.system import disk
from splinter.system.files import make_ignored_folder

if TYPE_CHECKING:
    from splinter.engine.project import Project

HEADING = "Simulated run: no agent is called, nothing is published, and nothing counts as done."
_WORDS = (
    "Simulated: no agent was called. In place of each stood its recorded patch, or nothing where none is recorded.",
    "Nothing was pushed, opened or sent, no branch moved, and nothing counts as done: what was due is still due.",
)
_SEEN = (f"{layout.BASES}/", f"{layout.HEADS}/")  # of ours: what the remote was last seen to have


def repository(users: Repository) -> Repository:
    """What stands for the user's repository in a simulated run; nothing is made."""
    state = users.state / layout.SIMULATED
    return replace(
        users, root=users.root / layout.STATE / layout.SIMULATED, state=state, copy=state / layout.COPY,
        format=replace(users.format, refs="files"),
    )  # fmt: skip


def begin(users: Project) -> Project:
    """Delete what the last simulated run left, and make the place of this one; for whoever holds the lock of runs.

    Raises StorageError or OSError.
    """
    own, tools = repository(users.repository), users.settings.tools
    _empty(own)
    nowhere = replace(users.repository, state=own.state / "nowhere")  # so that git directories of ours stay as they are
    seen = user_repository.snapshot(nowhere)
    make_ignored_folder(users.repository.root / layout.STATE)
    own.root.mkdir(parents=True)
    assert own.copy
    copied_refs.make(users.repository, own.copy, _not_done(users, seen.refs), seen.symbolic)
    collection = users.collection
    instead = tuple(replace(stand_in.workstream(one, tools), catch_up=None) for one in collection.workstreams)
    return replace(
        users, repository=own, settings=_settings(users.settings), collection=replace(collection, workstreams=instead)
    )


def _empty(own: Repository) -> None:
    """Delete what the last simulated run left, but for what bases reach, which stays true; raises StorageError."""
    left = (path for path in disk.entries(own.state) if path.name != layout.STORE)
    if failed := [why for why in map(disk.remove, (own.root, *left)) if why]:
        raise StorageError("; ".join(failed))


def _not_done(users: Project, refs: Mapping[str, str]) -> dict[str, str]:
    """The refs without what earlier runs did: branches of workstreams, and all of ours but bases as they were seen."""
    names = (own_branch(one, users.settings) for one in users.collection.workstreams)
    made = {f"refs/heads/{name}" for name in (f"{users.settings.branch_prefix}{layout.TOGETHER}", *names)}
    return {
        ref: id
        for ref, id in refs.items()
        if ref not in made and (not ref.startswith(layout.OURS) or ref.startswith(_SEEN))
    }


def notes(repository: Repository) -> tuple[str, ...]:
    """What its report says first; of a real run nothing."""
    place = f"{layout.STATE}/{layout.SIMULATED}/"
    return (*_WORDS, f"What it made lies in {place}; paths in its report count from there.") if repository.copy else ()


def _settings(settings: Settings) -> Settings:
    """Recorded patches in the place of agents; all runs whatever the time, and nothing is claimed, shared or signed."""
    return replace(
        settings, tools=stand_in.tools(settings.tools), catch_up="last", claim_slots=False, share_results=False,
        sign_commits=False,
    )  # fmt: skip
