"""What others did to a pull request of ours: comments, reviews, edits. Commits on its branch are git's to tell.

Bots are nobody: coverage reports and labellers touch everything. Where the token is a person's own, what that account
did is told from ours by what we remember of it. It writes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from splinter.model.effects import Kind
from splinter.publish import pull_request_body
from splinter.publish.forges import github_field_writes, github_fields

if TYPE_CHECKING:
    from github.PullRequest import PullRequest

# what happens to a pull request without anybody deciding about it
_NO_TOUCH = frozenset({"mentioned", "subscribed", "unsubscribed", "referenced", "head_ref_force_pushed"})
_OURS = "<!-- splinter:"
_KINDS = (Kind.LABELS, Kind.ASSIGNEES, Kind.MILESTONE, Kind.DRAFT)  # of reviewers GitHub itself asks for some


def of(pull: PullRequest) -> str:
    """The first such thing that is found, in words; empty where there is none. The cheap ones are looked for first."""
    return next(filter(None, _found(pull)), "")


def _found(pull: PullRequest) -> Iterator[str]:
    yield _edit(pull)
    for event in github_field_writes.events(pull):
        actor = event.get("actor") or {}
        is_another = actor.get("type") != "Bot" and actor.get("login") != pull.user.login
        if is_another and event.get("event") not in _NO_TOUCH:
            yield f"{actor.get('login') or 'somebody'} changed it ({event.get('event')})"
    for what, entries in (
        ("commented", pull.get_issue_comments()), ("reviewed it", pull.get_reviews()),
        ("commented on a line", pull.get_review_comments()),
    ):  # fmt: skip
        yield from (f"{one.user.login if one.user else 'somebody'} {what}" for one in entries if _is_a_person_s(one))


def _is_a_person_s(entry: Any) -> bool:
    return (entry.user is None or entry.user.type != "Bot") and _OURS not in (entry.body or "")


def _edit(pull: PullRequest) -> str:
    """What of it is not as we left it."""
    body = pull.body or ""
    part = pull_request_body.own_part(body)
    if not part:
        return "its text lacks our part"
    if body.replace(part, "", 1).strip():
        return "somebody wrote in its text"
    title = pull_request_body.hidden(part, "title")
    is_whole = not pull.title.endswith("…")
    if is_whole and title and hashlib.sha256(pull.title.encode()).hexdigest()[:16] != title:
        return "somebody changed its title"
    then = github_fields.decoded(pull_request_body.hidden(part, "fields"))
    there = github_field_writes.seen(pull)
    more = [kind for kind in _KINDS if then and github_fields.added(kind, then, there)]
    if then and then.is_draft and not there.is_draft:
        return "somebody marked it ready for review"
    return f"somebody set its {more[0]}" if more else ""
