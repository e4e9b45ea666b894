"""What is done to one pull request, by PyGithub's objects. It merges and reopens none, and keeps a human's words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from splinter.model.ports import ForgeLimits, Proposal
from splinter.model.records import Action, PullRequestRecord
from splinter.publish import pull_request_body
from splinter.publish.forges.github_errors import is_refusal, said

if TYPE_CHECKING:
    from github.PullRequest import PullRequest
    from github.Repository import Repository

LIMITS = ForgeLimits(title=256, body=65_536)


def of_head(repository: Repository, head: str, *, state: str) -> list[PullRequest]:
    """The pull requests from that very branch of that very owner, the newest first; all pages of the listing.

    A fork's branch is `owner:branch`.
    """
    fork, _, head = head.rpartition(":")
    owner = fork or repository.owner.login
    listing = repository.get_pulls(state=state, sort="created", direction="desc", head=f"{owner}:{head}")
    return [pull for pull in listing if pull.head.ref == head and _owner(pull).lower() == owner.lower()]


def _owner(pull: PullRequest) -> str:
    # a fork that was deleted leaves no repository behind
    return pull.head.repo.owner.login if pull.head.repo else pull.head.user.login


def open_one(repository: Repository, proposal: Proposal) -> PullRequest | None:
    """The open pull request: of several (GitHub allows one a base) that with the base we want, else with our part."""
    found = of_head(repository, proposal.head, state="open")
    return max(found, key=lambda one: (one.base.ref == proposal.base, bool(_part(one))), default=None)


def declined_one(repository: Repository, proposal: Proposal) -> PullRequest | None:
    """The latest pull request, where a human closed it and our definition is still the one that it was about."""
    latest = next(iter(of_head(repository, proposal.head, state="closed")), None)
    if latest is None or latest.merged_at:
        return None
    definition = pull_request_body.hidden(proposal.own_body, "definition")
    return latest if definition and pull_request_body.hidden(_part(latest), "definition") == definition else None


def is_merged(pull: PullRequest, *, base: str, tip: str) -> bool:
    """Whether it was merged into a branch when it was about a commit of ours."""
    return bool(pull.merged_at) and pull.base.ref == base and pull_request_body.hidden(_part(pull), "tip") == tip


def _part(pull: PullRequest) -> str:
    return pull_request_body.own_part(pull.body or "")


def left_alone(closed: PullRequest, proposal: Proposal) -> PullRequestRecord:
    """That a human closed it, and so nothing is proposed."""
    note = (
        f"#{closed.number} was closed without a merge, so nothing is proposed until the workstream's definition changes"
    )
    return record(proposal.workstream, Action.NONE, closed, notes=(note,))


def open_new(repository: Repository, proposal: Proposal) -> PullRequestRecord:
    """Open a pull request, with labels, assignees and reviewers; one that came up meanwhile is brought up to date."""
    from github import GithubException

    notes: tuple[str, ...] = ()
    try:
        opened = _create(repository, proposal, draft=proposal.draft)
    except GithubException as error:
        there = open_one(repository, proposal) if is_refusal(error, "already exists") else None
        if there:  # it was opened since we looked, or GitHub's listing lags behind
            return update(there, proposal)
        if not (proposal.draft and is_refusal(error, "draft")):
            raise
        opened = _create(repository, proposal, draft=False)
        notes = ("this repository has no draft pull requests, so it is open for review",)
    return record(proposal.workstream, Action.OPENED, opened, notes=(*notes, *_dressed(opened, proposal)))


def _create(repository: Repository, proposal: Proposal, *, draft: bool) -> PullRequest:
    body = pull_request_body.merge_body("", proposal.own_body, longest=LIMITS.body)
    title = _short(proposal.title)
    return repository.create_pull(base=proposal.base, head=proposal.head, title=title, body=body, draft=draft)


def _short(title: str) -> str:
    return title if len(title) <= LIMITS.title else title[: LIMITS.title - 1] + "…"


def _dressed(pull: PullRequest, proposal: Proposal) -> tuple[str, ...]:
    """Set labels, assignees and reviewers; what GitHub refuses is returned as notes."""
    return (
        *_tried("label", proposal.labels, lambda names: pull.add_to_labels(*names)),
        *(
            _tried("assignee", proposal.assignees, lambda names: pull.add_to_assignees(*names))
            or _missing(pull, proposal)
        ),
        *_tried("reviewer", proposal.reviewers, lambda names: _request_review(pull, names)),
    )


def _missing(pull: PullRequest, proposal: Proposal) -> list[str]:
    """Assignees whom GitHub left out without a word, as it does with strangers."""
    taken = {user.login.lower() for user in pull.assignees} if proposal.assignees else set()
    return [f"assignee {name}: GitHub did not take them" for name in proposal.assignees if name.lower() not in taken]


def _request_review(pull: PullRequest, names: Sequence[str]) -> None:
    teams = [name.partition("/")[2] for name in names if "/" in name]
    users = [name for name in names if "/" not in name]
    fields = {"reviewers": users} if users else {}
    pull.create_review_request(**fields, **({"team_reviewers": teams} if teams else {}))


def _tried(what: str, names: Sequence[str], call: Callable[[Sequence[str]], None]) -> list[str]:
    """Ask for all at once, then one by one where that is refused, so that one bad name costs no other."""
    from github import GithubException

    if not names:
        return []
    try:
        call(names)
    except GithubException as error:
        if len(names) == 1:
            return [f"{what} {names[0]}: GitHub refused ({error.status} {said(error)})"]
        return [note for name in names for note in _tried(what, (name,), call)]
    except OSError as error:
        return [f"{what} {', '.join(names)}: GitHub did not answer ({type(error).__name__})"]
    return []


def update(there: PullRequest, proposal: Proposal) -> PullRequestRecord:
    """Bring an open pull request up to date; where nothing differs nothing is written."""
    changes = _changes(there, proposal)
    action = Action.UPDATED if changes else Action.UNCHANGED
    if not _part(there):
        action = Action.ADOPTED
    if changes:
        there.edit(**changes)
    return record(proposal.workstream, action, there)


def _changes(there: PullRequest, proposal: Proposal) -> dict[str, Any]:
    """What must be written: base and our part where they differ, the title only where our own definition of it did."""
    changes: dict[str, Any] = {}
    part = _part(there)
    proposal = proposal.beside(part)
    body = pull_request_body.merge_body(there.body or "", proposal.own_body, longest=LIMITS.body)
    if not pull_request_body.is_same_body(part, pull_request_body.own_part(body)):
        changes["body"] = body
    then, now = pull_request_body.hidden(part, "title"), pull_request_body.hidden(proposal.own_body, "title")
    if then and now and then != now and there.title != _short(proposal.title):
        changes["title"] = _short(proposal.title)
    if there.base.ref != proposal.base:
        changes["base"] = proposal.base
    return changes


def record(workstream: str, action: Action, pull: PullRequest, notes: tuple[str, ...] = ()) -> PullRequestRecord:
    """What became of it."""
    return PullRequestRecord(workstream=workstream, action=action, where=pull.html_url, number=pull.number, notes=notes)
