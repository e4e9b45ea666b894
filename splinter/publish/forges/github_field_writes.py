"""Writes a pull request's fields: what GitHub refuses is a note, what fails is the next run's. It decides nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from splinter.errors import PostponedError, PublishError
from splinter.model.effects import Kind, State
from splinter.model.ports import Effects, Proposal
from splinter.publish.forges.github_errors import malformed, said
from splinter.publish.forges.github_fields import Change, Fields

if TYPE_CHECKING:
    from github import GithubException
    from github.PullRequest import PullRequest
    from github.Repository import Repository

_WORDS = {Kind.LABELS: "label", Kind.ASSIGNEES: "assignee", Kind.REVIEWERS: "reviewer", Kind.MILESTONE: "milestone"}
_PAGE = 100
_NO_LABEL = "the repository has none of that name; create it, or set create_labels = true"
_NO_MILESTONE = "the repository has none of that name; create it"


@dataclass(slots=True)
class Written:
    """What came of it: `notes` are of what GitHub refused, `missing` of what failed, by the kinds in `unfinished`.

    `postponed` is why nothing more was asked, where a limit was reached.
    """

    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unfinished: list[Kind] = field(default_factory=list)
    is_any: bool = False
    postponed: PostponedError | None = None


def seen(pull: PullRequest) -> Fields:
    """The fields as they are; of a team GitHub does not say whose it is."""
    teams = (f"/{team.slug}" for team in pull.requested_teams or ())
    return Fields(
        labels=tuple(label.name for label in pull.labels or ()),
        assignees=tuple(user.login for user in pull.assignees or ()),
        reviewers=(*(user.login for user in pull.requested_reviewers or ()), *teams),
        milestone=(pull.milestone.title or "") if pull.milestone else "",
        is_draft=bool(pull.draft),
        base=pull.base.ref,
    )


def events(pull: PullRequest) -> Iterator[dict[str, Any]]:
    """What happened to it, in GitHub's own words; all pages."""
    page, count = 1, _PAGE
    while count == _PAGE:
        asked = {"per_page": _PAGE, "page": page}
        _, found = pull.requester.requestJsonAndCheck("GET", f"{pull.issue_url}/events", parameters=asked)
        yield from found
        page, count = page + 1, len(found)


def write(
    repository: Repository, pull: PullRequest, proposal: Proposal, changes: Sequence[Change], effects: Effects
) -> Written:  # fmt: skip
    """Write one field after another; where GitHub is out of reach, the rest is not tried."""
    done = Written()
    writer = _Writer(repository, pull, creates_labels=proposal.creates_labels)
    is_reached = True
    for number, change in enumerate(changes):
        is_reached = _write_one(writer, change, proposal.workstream, effects, done)
        if not is_reached:
            for other in changes[number + 1 :]:
                _leave(other, done)
            break
    return done


def _write_one(writer: _Writer, change: Change, workstream: str, effects: Effects, done: Written) -> bool:
    """Write one field; False where GitHub cannot be asked any more."""
    from github import GithubException

    with effects.effect(change.kind, workstream, _made_of(writer, change)) as entry:
        before = entry.before
        if before and before.state == State.REFUSED and before.made_of == _made_of(writer, change):
            entry.state, entry.said = State.REFUSED, before.said
            done.notes.append(before.said)
            return True
        try:
            refused = writer.write(change)
            done.is_any = True
        except GithubException as error:
            entry.state, entry.said = State.WAITING, f"{error.status} {said(error)}"
            _leave(change, done, f": {entry.said}")
            return True
        except malformed():
            entry.state, entry.said = State.UNDER_WAY, "an answer that is none of GitHub's"
            _leave(change, done, f": {entry.said}")
            return True
        except OSError as error:
            entry.state, entry.said = State.UNDER_WAY, type(error).__name__
            _leave(change, done, f": GitHub did not answer ({entry.said})")
            return False
        except PublishError as error:
            entry.state, entry.said = State.WAITING, str(error)
            _leave(change, done, f": {error}")
            done.postponed = error if isinstance(error, PostponedError) else None
            return False
    if refused:
        done.notes += refused.values()
        left = Change(kind=change.kind, added=tuple(name for name in change.added if name in refused))
        # what the repository lacks may be created: it is looked for again
        is_absent = "" if writer.absent.isdisjoint(left.added) else " absent"
        with effects.effect(change.kind, workstream, _made_of(writer, left) + is_absent) as entry:
            entry.state, entry.said = State.REFUSED, "; ".join(refused.values())
    return True


def _leave(change: Change, done: Written, why: str = "") -> None:
    names = ", ".join((*change.added, *(f"without {name}" for name in change.removed)))
    done.missing.append(f"{change.kind} ({names}){why}" if change.kind in _WORDS else f"{change.kind}{why}")
    done.unfinished.append(change.kind)


def _made_of(writer: _Writer, change: Change) -> str:
    text = f"{writer.pull.number}\n{change.kind}\n{sorted(change.added)}\n{sorted(change.removed)}"
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Writer:
    """The calls for one pull request; each returns what was refused, as notes by name."""

    repository: Repository
    pull: PullRequest
    creates_labels: bool
    absent: set[str] = field(default_factory=set)  # names that the repository lacks

    def write(self, change: Change) -> dict[str, str]:
        """Write one field; raises what PyGithub does where it failed."""
        if change.kind == Kind.DRAFT:
            return self._draft(is_draft=bool(change.added))
        if change.kind == Kind.MILESTONE:
            return self._milestone(next(iter(change.added), ""))
        add: dict[Kind, Callable[[Sequence[str]], dict[str, str]]] = {
            Kind.LABELS: self._label,
            Kind.ASSIGNEES: self._assign,
            Kind.REVIEWERS: self._request_review,
        }
        refused = add[change.kind](change.added) if change.added else {}
        for name in change.removed:
            _tried(change.kind, (name,), lambda names: self._take_away(change.kind, names[0]))  # gone is gone
        return refused

    def _label(self, names: Sequence[str]) -> dict[str, str]:
        # GitHub makes a label that it does not know of the one that is put on a pull request
        there = {} if self.creates_labels else {label.name.lower() for label in self.repository.get_labels()}
        unknown = [name for name in names if not self.creates_labels and name.lower() not in there]
        known = [name for name in names if name not in unknown]
        self.absent.update(unknown)
        refused = {name: f"label {name}: {_NO_LABEL}" for name in unknown}
        return refused | _tried(Kind.LABELS, known, lambda some: self.pull.add_to_labels(*some))

    def _assign(self, names: Sequence[str]) -> dict[str, str]:
        refused = _tried(Kind.ASSIGNEES, names, lambda some: self.pull.add_to_assignees(*some))
        taken = {user.login.lower() for user in self.pull.assignees or ()}
        silent = [name for name in names if name not in refused and name.lower() not in taken]
        return refused | {name: f"assignee {name}: GitHub did not take them" for name in silent}

    def _request_review(self, names: Sequence[str]) -> dict[str, str]:
        return _tried(Kind.REVIEWERS, names, lambda some: self.pull.create_review_request(**_reviewers(some)))

    def _take_away(self, kind: Kind, name: str) -> None:
        if kind == Kind.LABELS:  # PyGithub's own call sends a slash as one
            where = f"{self.pull.issue_url}/labels/{quote(name, safe='')}"
            self.pull.requester.requestJsonAndCheck("DELETE", where)
        elif kind == Kind.ASSIGNEES:
            self.pull.remove_from_assignees(name)
        else:
            self.pull.delete_review_request(**{"reviewers": [], **_reviewers((name,))})  # GitHub wants users named

    def _milestone(self, title: str) -> dict[str, str]:
        """The open one of that title, else one that was closed; none for no title."""
        number = None
        if title:
            found = [one for one in self.repository.get_milestones(state="all") if one.title == title]
            if not found:
                self.absent.add(title)
                return {title: f"milestone {title}: {_NO_MILESTONE}"}
            number = max(found, key=lambda one: one.state == "open").number

        def put(names: Sequence[str]) -> None:
            self.pull.requester.requestJsonAndCheck("PATCH", self.pull.issue_url, input={"milestone": number})

        return _tried(Kind.MILESTONE, (title,), put)

    def _draft(self, *, is_draft: bool) -> dict[str, str]:
        from github import GithubException

        try:
            self.pull.convert_to_draft() if is_draft else self.pull.mark_ready_for_review()
        except GithubException as error:
            if not _is_refused(error):
                raise
            return {"draft": f"{'draft' if is_draft else 'ready for review'}: {_refusal(error)}"}
        return {}


def _reviewers(names: Sequence[str]) -> dict[str, list[str]]:
    teams = [name.partition("/")[2] for name in names if "/" in name]
    users = [name for name in names if "/" not in name]
    return {**({"reviewers": users} if users else {}), **({"team_reviewers": teams} if teams else {})}


def _tried(kind: Kind, names: Sequence[str], call: Callable[[Sequence[str]], None]) -> dict[str, str]:
    """Ask for all at once, then one by one where that is refused, so that one bad name costs no other."""
    from github import GithubException

    if not names:
        return {}
    try:
        call(names)
    except GithubException as error:
        if not _is_refused(error):
            raise
        if len(names) == 1:
            return {names[0]: f"{_WORDS[kind]} {names[0]}: {_refusal(error)}"}
        refused: dict[str, str] = {}
        for name in names:
            refused |= _tried(kind, (name,), call)
        return refused
    return {}


def _is_refused(error: GithubException) -> bool:
    """Whether GitHub will not have it, now or later; of GraphQL the errors say so, and PyGithub calls each a 400."""
    found = error.data.get("errors") if error.status == 400 and isinstance(error.data, dict) else None
    kinds = {one.get("type") for one in found or () if isinstance(one, dict)}
    return error.status in (404, 422) or bool(kinds & {"UNPROCESSABLE", "NOT_FOUND"})


def _refusal(error: GithubException) -> str:
    return f"GitHub refused ({error.status} {said(error)})"
