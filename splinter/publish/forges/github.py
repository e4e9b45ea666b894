"""Pull requests on GitHub, through PyGithub. It never merges, reopens, or changes what a human wrote."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from splinter.errors import PublishError
from splinter.model.ports import Proposal
from splinter.model.records import PullRequestRecord
from splinter.publish import pull_request_body
from splinter.text import markdown
from splinter.text.redact import Redactor

if TYPE_CHECKING:
    from github import GithubException
    from github.PullRequest import PullRequest
    from github.Repository import Repository

API = "https://api.github.com"
TRIES = 3  # a request that may be repeated is sent at most so often
LONGEST_ANSWER = 300  # characters of GitHub's own words in our errors
_OF_GITHUB = frozenset({"github.com", "www.github.com", "ssh.github.com"})
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_SCP_LIKE = re.compile(r"(?:[^@/:]+@)?([^@/:]+):(?!//)(.+)")


def repository_of(remote_url: str, api_url: str | None = None) -> str | None:
    """`owner/name` of a git remote on GitHub, or on the host that `api_url` names; None for every other one."""
    scp_like = _SCP_LIKE.fullmatch(remote_url) if "://" not in remote_url else None
    try:
        host, path = scp_like.groups() if scp_like else _host_and_path(remote_url)
    except ValueError:
        return None
    name = path.strip("/").removesuffix(".git")
    return name if host.lower() in _hosts(api_url) and _REPOSITORY.fullmatch(name) else None


def _host_and_path(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.path


def _hosts(api_url: str | None) -> frozenset[str]:
    host = urlsplit(api_url or API).hostname or ""
    return _OF_GITHUB if host == "api.github.com" else frozenset({host, host.removeprefix("api.")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a token may do: `scopes` None where GitHub names none, `may_push` None where it does not say."""

    scopes: tuple[str, ...] | None
    may_push: bool | None


@dataclass(frozen=True, slots=True)
class GitHub:
    """One repository, `owner/name`, on GitHub or on the server whose API is at `api_url`.

    `timeout_s` bounds each wait for an answer; `pause_s` is the least time between two writes, as GitHub asks for;
    `again` is the call that errors say to repeat.
    """

    token: str = field(repr=False)
    repository: str
    api_url: str | None = None
    timeout_s: int = 20
    pause_s: float = 1.0
    tries: int = TRIES
    again: str = "doit run pr"

    def publish(self, proposal: Proposal, push: Callable[[], None] = lambda: None) -> PullRequestRecord:
        """Open the pull request, or bring the open one up to date; where nothing differs nothing is written.

        The branch is pushed before either, but not for one that a human closed: GitHub reopens none whose branch
        was rewritten meanwhile, and a branch that was deleted with it stays so.
        """
        with self._as_publish_errors():
            repository = self._repository()
            there = _open_one(repository, proposal)
            closed = None if there else _declined_one(repository, proposal)
            if closed:
                return _left_alone(closed, proposal)
        push()
        with self._as_publish_errors():
            return _update(there, proposal) if there else _open(repository, proposal)

    def close(self, *, workstream: str, head: str, comment: str) -> PullRequestRecord | None:
        """Close the open pull request of `head` with a comment; None where there is none."""
        with self._as_publish_errors():
            found = _of_head(self._repository(), head, state="open")
            if not found:
                return None
            found[0].create_issue_comment(comment)
            found[0].edit(state="closed", body=pull_request_body.withdrawn(found[0].body or ""))
            return _record(workstream, "closed", found[0])

    def access(self) -> Access:
        """What the token may do with the repository, by one request; raises PublishError."""
        with self._as_publish_errors():
            repository = self._repository()
            named, data = repository.raw_headers.get("x-oauth-scopes"), repository.raw_data
            if "full_name" not in data:  # PyGithub makes a repository of a proxy's web page too
                raise ValueError("no repository")
            # fine-grained tokens and those of apps have no scopes
            scopes = None if named is None else tuple(re.findall(r"[^,\s]+", str(named)))
            return Access(scopes=scopes, may_push=data.get("permissions", {}).get("push"))

    @property
    def _host(self) -> str:
        return urlsplit(self.api_url or API).hostname or ""

    def _repository(self) -> Repository:
        from github import Auth, Github
        from urllib3 import Retry

        if not _REPOSITORY.fullmatch(self.repository):
            raise PublishError(f'GITHUB_REPOSITORY is "{self.repository}"; it must read owner/name')
        # PyGithub's own GithubRetry tries ten times and sleeps until the rate limit ends. A POST is never repeated: the
        # answer of the first may be lost though it was done, and the next run finds what it made.
        retry = Retry(
            total=self.tries - 1,
            backoff_factor=0.5,
            status_forcelist=(500, 502, 503, 504),
            allowed_methods=("GET", "PATCH"),
            respect_retry_after_header=False,
            raise_on_status=False,
        )
        client = Github(
            auth=Auth.Token(self.token),
            base_url=(self.api_url or API).rstrip("/"),
            timeout=self.timeout_s,
            retry=retry,
            per_page=100,
            user_agent="splinter",
            seconds_between_requests=None,
            seconds_between_writes=self.pause_s,
        )
        return client.get_repo(self.repository)

    @contextmanager
    def _as_publish_errors(self) -> Iterator[None]:
        """Turns PyGithub's errors, and those of the libraries below it, into ours."""
        from github import BadAttributeException, GithubException

        try:
            yield
        except GithubException as error:
            raise PublishError(self._explained(error)) from error
        except (BadAttributeException, AttributeError, TypeError, ValueError, RuntimeError) as error:
            # what PyGithub makes of an answer without the fields that GitHub always sends, and of a redirection
            raise PublishError(f"{self._host} does not answer as GitHub does; check GITHUB_API_URL") from error
        except OSError as error:  # the base of all errors of requests
            raise PublishError(
                f"{self._host} cannot be reached ({type(error).__name__}); run `{self.again}` again later"
            ) from error

    def _explained(self, error: GithubException) -> str:
        said = f"{error.status} {Redactor((self.token,)).text(_said(error))}".strip()
        if _is_rate_limit(error):
            return f"GitHub's rate limit is reached{_until(error)} ({said}); run `{self.again}` after that"
        if error.status == 401:
            return f"GitHub refused the token ({said}); put a valid one into GITHUB_TOKEN"
        if error.status == 403 and "not permitted to create" in said:
            return f"GitHub forbids it ({said}); allow it in the repository's settings: Actions, General, permissions"
        if error.status == 403:
            return f"GitHub forbids it ({said}); the token needs write access to pull requests and contents"
        if error.status == 404:
            return f"GitHub knows no {self.repository}, or hides it from this token ({said}); check GITHUB_REPOSITORY"
        if error.status >= 500:
            return f"GitHub is out of order ({said}); run `{self.again}` again later"
        return f"GitHub does not accept it ({said})"


def _of_head(repository: Repository, head: str, *, state: str) -> list[PullRequest]:
    """The pull requests from that very branch of that very owner, the newest first; all pages of the listing."""
    owner = repository.owner.login
    listing = repository.get_pulls(state=state, sort="created", direction="desc", head=f"{owner}:{head}")
    return [pull for pull in listing if pull.head.ref == head and _owner(pull).lower() == owner.lower()]


def _owner(pull: PullRequest) -> str:
    # a fork that was deleted leaves no repository behind
    return pull.head.repo.owner.login if pull.head.repo else pull.head.user.login


def _open_one(repository: Repository, proposal: Proposal) -> PullRequest | None:
    """The open pull request: of several (GitHub allows one a base) that with the base we want, else with our part."""
    found = _of_head(repository, proposal.head, state="open")
    return max(found, key=lambda one: (one.base.ref == proposal.base, bool(_part(one))), default=None)


def _declined_one(repository: Repository, proposal: Proposal) -> PullRequest | None:
    """The latest pull request, where a human closed it and our definition is still the one that it was about."""
    latest = next(iter(_of_head(repository, proposal.head, state="closed")), None)
    if latest is None or latest.merged_at:
        return None
    definition = pull_request_body.hidden(proposal.own_body, "definition")
    return latest if definition and pull_request_body.hidden(_part(latest), "definition") == definition else None


def _part(pull: PullRequest) -> str:
    return pull_request_body.own_part(pull.body or "")


def _left_alone(closed: PullRequest, proposal: Proposal) -> PullRequestRecord:
    note = (
        f"#{closed.number} was closed without a merge, so nothing is proposed until the workstream's definition changes"
    )
    return _record(proposal.workstream, "none", closed, notes=(note,))


def _open(repository: Repository, proposal: Proposal) -> PullRequestRecord:
    from github import GithubException

    notes: tuple[str, ...] = ()
    try:
        opened = _create(repository, proposal, draft=proposal.draft)
    except GithubException as error:
        there = _open_one(repository, proposal) if _is_refusal(error, "already exists") else None
        if there:  # it was opened since we looked, or GitHub's listing lags behind
            return _update(there, proposal)
        if not (proposal.draft and _is_refusal(error, "draft")):
            raise
        opened = _create(repository, proposal, draft=False)
        notes = ("this repository has no draft pull requests, so it is open for review",)
    return _record(proposal.workstream, "opened", opened, notes=(*notes, *_dressed(opened, proposal)))


def _create(repository: Repository, proposal: Proposal, *, draft: bool) -> PullRequest:
    body = pull_request_body.merge_body("", proposal.own_body)
    return repository.create_pull(base=proposal.base, head=proposal.head, title=proposal.title, body=body, draft=draft)


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
            return [f"{what} {names[0]}: GitHub refused ({error.status} {_said(error)})"]
        return [note for name in names for note in _tried(what, (name,), call)]
    except OSError as error:
        return [f"{what} {', '.join(names)}: GitHub did not answer ({type(error).__name__})"]
    return []


def _update(there: PullRequest, proposal: Proposal) -> PullRequestRecord:
    changes = _changes(there, proposal)
    action = "updated" if changes else "unchanged"
    if not _part(there):
        action = "adopted"
    if changes:
        there.edit(**changes)
    return _record(proposal.workstream, action, there)


def _changes(there: PullRequest, proposal: Proposal) -> dict[str, Any]:
    """What must be written: base and our part where they differ, the title only where our own definition of it did."""
    changes: dict[str, Any] = {}
    part = _part(there)
    proposal = proposal.beside(part)
    body = pull_request_body.merge_body(there.body or "", proposal.own_body)
    if not pull_request_body.is_same_body(part, pull_request_body.own_part(body)):
        changes["body"] = body
    then, now = pull_request_body.hidden(part, "title"), pull_request_body.hidden(proposal.own_body, "title")
    if then and now and then != now and there.title != proposal.title:
        changes["title"] = proposal.title
    if there.base.ref != proposal.base:
        changes["base"] = proposal.base
    return changes


def _record(workstream: str, action: str, pull: PullRequest, notes: tuple[str, ...] = ()) -> PullRequestRecord:
    return PullRequestRecord(workstream=workstream, action=action, where=pull.html_url, number=pull.number, notes=notes)


def _said(error: GithubException) -> str:
    """GitHub's own words, those of its list of errors included."""
    data = error.data if isinstance(error.data, dict) else {}
    details = [item.get("message", "") if isinstance(item, dict) else item for item in data.get("errors") or ()]
    words = markdown.one_line(": ".join(str(word) for word in (data.get("message"), *details) if word))
    return words[:LONGEST_ANSWER]


def _is_refusal(error: GithubException, word: str) -> bool:
    return error.status == 422 and word in _said(error).lower()


def _is_rate_limit(error: GithubException) -> bool:
    return error.status == 429 or (error.status == 403 and "rate limit" in _said(error).lower())


def _until(error: GithubException) -> str:
    reset = (error.headers or {}).get("x-ratelimit-reset", "")
    return f" until {datetime.fromtimestamp(int(reset), UTC):%H:%M:%S} UTC" if reset.isdigit() else ""
