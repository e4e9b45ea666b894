"""What is done to one pull request, by PyGithub's objects. It merges and reopens none, and keeps a human's words."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from splinter.model.effects import Kind
from splinter.model.ports import Effects, ForgeLimits, Proposal
from splinter.model.records import Action, PullRequestRecord
from splinter.publish import pull_request_body
from splinter.publish.forges import github_field_writes, github_fields
from splinter.publish.forges.github_errors import is_refusal
from splinter.publish.forges.github_field_writes import Written

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


def ours_first(repository: Repository, head: str) -> list[PullRequest]:
    """The open pull requests of that head, with our part first: a person may have opened another to some other base."""
    return sorted(of_head(repository, head, state="open"), key=lambda one: not _part(one))


def proposed(repository: Repository, head: str) -> str:
    """The address of the open pull request of that head which has our part; empty where none has."""
    return next((one.html_url for one in ours_first(repository, head) if _part(one)), "")


def declined_one(repository: Repository, proposal: Proposal) -> PullRequest | None:
    """The latest pull request, where a human closed it and our definition is still the one that it was about."""
    latest = next(iter(of_head(repository, proposal.head, state="closed")), None)
    if latest is None or latest.merged_at:
        return None
    definition = pull_request_body.hidden(proposal.own_body, "definition")
    is_declined = bool(definition) and pull_request_body.hidden(_part(latest), "definition") == definition
    return latest if is_declined or is_expired(latest, proposal) else None


def is_expired(closed: PullRequest, proposal: Proposal) -> bool:
    """Whether we closed it since nobody touched it, for the same definition and occurrence."""
    return bool(proposal.slot) and pull_request_body.hidden(_part(closed), "expired") == proposal.slot


def is_merged(pull: PullRequest, *, base: str, tip: str) -> bool:
    """Whether it was merged into a branch when it was about a commit of ours."""
    return bool(pull.merged_at) and pull.base.ref == base and pull_request_body.hidden(_part(pull), "tip") == tip


def _part(pull: PullRequest) -> str:
    return pull_request_body.own_part(pull.body or "")


def left_alone(closed: PullRequest, proposal: Proposal) -> PullRequestRecord:
    """That a human closed it, or nobody touched it in time, and so nothing is proposed."""
    if is_expired(closed, proposal):
        note = f"#{closed.number} was closed since nobody touched it, and is not opened again for this occurrence"
        return record(proposal.workstream, Action.NONE, closed, notes=(note,))
    note = (
        f"#{closed.number} was closed without a merge, so nothing is proposed until the workstream's definition changes"
    )
    return record(proposal.workstream, Action.NONE, closed, notes=(note,))


def open_new(repository: Repository, proposal: Proposal, effects: Effects) -> PullRequestRecord:
    """Open a pull request, then write its fields; one that came up meanwhile is brought up to date.

    What is asked for goes into the body as it is opened, so that a run after this one knows it, whatever ends this one.
    """
    from github import GithubException

    notes: tuple[str, ...] = ()
    with effects.effect(Kind.OPEN, proposal.workstream, _hash(proposal)):
        there = None
        try:
            opened = _create(repository, proposal, draft=proposal.draft)
        except GithubException as error:
            there = open_one(repository, proposal) if is_refusal(error, "already exists") else None
            if there is None and not (proposal.draft and is_refusal(error, "draft")):
                raise
            if there is None:
                opened = _create(repository, proposal, draft=False)
                notes = ("this repository has no draft pull requests, so it is open for review",)
    if there:  # it was opened since we looked, or GitHub's listing lags behind
        return update(repository, there, proposal, effects)
    now, seen = github_fields.of(proposal), github_field_writes.seen(opened)
    # no draft was to be had, or it is one: both are as asked for
    changes = [*github_fields.changes(now, now, seen, frozenset)]
    written = github_field_writes.write(repository, opened, proposal, changes, effects)
    written.notes = [*notes, *written.notes]
    return _with_fields(record(proposal.workstream, Action.OPENED, opened), written)


def _create(repository: Repository, proposal: Proposal, *, draft: bool) -> PullRequest:
    own = pull_request_body.with_fields(proposal.own_body, github_fields.encoded(github_fields.of(proposal)))
    body = pull_request_body.merge_body("", own, longest=LIMITS.body)
    title = _short(proposal.title)
    return repository.create_pull(base=proposal.base, head=proposal.head, title=title, body=body, draft=draft)


def _short(title: str) -> str:
    return title if len(title) <= LIMITS.title else title[: LIMITS.title - 1] + "…"


def _hash(proposal: Proposal) -> str:
    return hashlib.sha256(f"{proposal.head} {proposal.own_body}".encode()).hexdigest()


def update(repository: Repository, there: PullRequest, proposal: Proposal, effects: Effects) -> PullRequestRecord:
    """Bring an open pull request up to date; where nothing differs nothing is written.

    Fields are first and the body, which remembers what was asked for, is last: what is cut off between is done again.
    """
    part = _part(there)
    proposal = proposal.beside(part)
    then = github_fields.decoded(pull_request_body.hidden(part, "fields"))
    now, seen = github_fields.of(proposal), github_field_writes.seen(there)
    fields = [*github_fields.changes(then, now, seen, lambda: github_fields.past(github_field_writes.events(there)))]
    written = github_field_writes.write(repository, there, proposal, fields, effects)
    base = github_fields.base(then, now, seen, is_ours=bool(part))
    reached = github_fields.reached(then, now, written.unfinished)
    changes = _changes(there, proposal, github_fields.encoded(reached)) | ({"base": base} if base else {})
    if changes:
        with effects.effect(Kind.EDIT, proposal.workstream, _hash(proposal)):
            there.edit(**changes)
    action = Action.UPDATED if changes or written.is_any else Action.UNCHANGED
    if base is None and seen.base != now.base:
        written.notes.append(f"it aims at {seen.base}, which somebody chose, and not at {now.base}: that stays")
    action = action if part else Action.ADOPTED
    return _with_fields(record(proposal.workstream, action, there), written)


def _with_fields(done: PullRequestRecord, written: Written) -> PullRequestRecord:
    limit, until = (written.postponed.limit, written.postponed.until) if written.postponed else ("", "")
    return replace(
        done, notes=tuple(written.notes), unfinished=tuple(written.missing), waits_for=limit, waits_until=until
    )


def _changes(there: PullRequest, proposal: Proposal, fields: str) -> dict[str, Any]:
    """What must be written of our part and, where our own definition of it changed, of the title."""
    changes: dict[str, Any] = {}
    part = _part(there)
    own = pull_request_body.with_fields(proposal.own_body, fields)
    body = pull_request_body.merge_body(there.body or "", own, longest=LIMITS.body)
    if not pull_request_body.is_same_body(part, pull_request_body.own_part(body)):
        changes["body"] = body
    then, now = pull_request_body.hidden(part, "title"), pull_request_body.hidden(proposal.own_body, "title")
    if then and now and then != now and there.title != _short(proposal.title):
        changes["title"] = _short(proposal.title)
    return changes


def close(pull: PullRequest, *, workstream: str, comment: str, effects: Effects, slot: str = "") -> PullRequestRecord:
    """Comment once, then close: a cut between the two makes no second comment, whoever comes after it."""
    part = _part(pull)
    marker = pull_request_body.marker("comment", f"closed:{pull_request_body.hidden(part, 'tip') or pull.number}")
    with effects.effect(Kind.COMMENT, workstream, marker):
        if not any(marker in (one.body or "") for one in pull.get_issue_comments()):
            pull.create_issue_comment(f"{comment}\n\n{marker}")
    with effects.effect(Kind.CLOSE, workstream, marker):
        pull.edit(state="closed", body=pull_request_body.withdrawn(pull.body or "", slot))
    return record(workstream, Action.CLOSED, pull)


def record(workstream: str, action: Action, pull: PullRequest, notes: tuple[str, ...] = ()) -> PullRequestRecord:
    """What became of it."""
    return PullRequestRecord(workstream=workstream, action=action, where=pull.html_url, number=pull.number, notes=notes)
