"""Pull requests on GitHub, through PyGithub. It never merges, reopens, or changes what a human wrote."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from splinter.errors import PublishError
from splinter.git import remotes
from splinter.model.effects import Kind, State
from splinter.model.finding import Finding
from splinter.model.ports import Access, Caller, Effects, Entry, ForgeLimits, Proposal
from splinter.model.records import PullRequestRecord
from splinter.model.settings import Environment
from splinter.publish import waiting
from splinter.publish.forges import github_client, github_pulls, github_token, github_touches
from splinter.publish.forges.github_answers import Answers
from splinter.publish.forges.github_client import Client
from splinter.publish.forges.github_errors import explained, malformed
from splinter.publish.forges.github_limits import Limits
from splinter.publish.forges.github_trial import GitHubTrial
from splinter.publish.journal import Unkept

if TYPE_CHECKING:
    from github.Repository import Repository

API = "https://api.github.com"
PROBE_TIMEOUT_S = 5  # to connect, and again for the answer: ten seconds at most
TRIES = 3  # a request that may be repeated is sent at most so often
_OF_GITHUB = frozenset({"github.com", "www.github.com", "ssh.github.com"})
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_SCP_LIKE = re.compile(r"(?:[^@/:]+@)?([^@/:]+):(?!//)(.+)")


def _name_of(url: str, hosts: frozenset[str]) -> str | None:
    """`owner/name` of a git remote on one of the hosts; None for every other one."""
    host, path = _host_and_path(url)
    name = path.strip("/").removesuffix(".git")
    return name if host in hosts and _REPOSITORY.fullmatch(name) else None


def _host_of(url: str) -> str:
    return _host_and_path(url)[0]


def _host_and_path(url: str) -> tuple[str, str]:
    """Both in lower case and as it is; no host is a path, and `?` one that nobody can read."""
    scp_like = _SCP_LIKE.fullmatch(url) if "://" not in url else None
    if scp_like:
        return scp_like[1].lower(), scp_like[2]
    try:
        parts = urlsplit(url)
        return (parts.hostname or "?" if parts.netloc else "").lower(), parts.path
    except ValueError:
        return "?", ""


def _is_alias(url: str, host: str) -> bool:
    """Whether it is a name of the user's own ssh configuration, such as `github.com-work`: no host is called so."""
    is_ssh = "://" not in url or url.startswith("ssh://")
    return is_ssh and ("." not in host or "-" in host.rpartition(".")[2])


def _own_hosts(environment: Environment) -> frozenset[str]:
    """The hosts of the server that pull requests are opened on."""
    server = urlsplit(environment.variable("GITHUB_SERVER_URL") or "").hostname
    return _hosts(environment.github_api_url) | ({server} if server and environment.github_api_url else frozenset())


def _hosts(api_url: str | None) -> frozenset[str]:
    host = urlsplit(api_url or API).hostname or ""
    return _OF_GITHUB if host == "api.github.com" else frozenset({host, host.removeprefix("api.")})


@dataclass(slots=True)
class _Opened:
    """What is opened when the first task asks GitHub, and shared by all: what it knows of silence and limits too."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    client: Client | None = None
    repository: Repository | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    """Effects whose errors are PyGithub's. An answer that did not come leaves one under way: it may have been done."""

    effects: Effects
    translated: Callable[[], AbstractContextManager[None]]

    @contextmanager
    def effect(self, kind: Kind, target: str, made_of: str) -> Iterator[Entry]:
        """Around one thing that is done."""
        with self.effects.effect(kind, target, made_of) as entry:
            try:
                with self.translated():
                    yield entry
            except PublishError as error:
                if isinstance(error.__cause__, OSError):
                    entry.state = State.UNDER_WAY
                raise


@dataclass(frozen=True, slots=True)
class GitHub:
    """One repository, `owner/name`, on GitHub or on the server whose API is at `api_url`.

    `timeout_s` bounds each wait for an answer; a request that may be repeated is sent `tries` times at most.
    """

    token: str = field(repr=False)
    repository: str
    api_url: str | None = None
    caller: Caller = field(kw_only=True, repr=False)
    timeout_s: int = 20
    tries: int = TRIES
    _opened: _Opened = field(default_factory=lambda: _Opened(), init=False, repr=False, compare=False)

    limits: ClassVar[ForgeLimits] = github_pulls.LIMITS

    @classmethod
    def owns(cls, url: str, environment: Environment) -> str | None:
        """`owner/name` as the URL says it, else as GITHUB_REPOSITORY does; None where it leads to another's host.

        A path leads to no host, and the name of an ssh alias is a person's own: of Actions, which always set the
        variable, only GitHub's own hosts are taken.
        """
        host, hosts = _host_of(url), _own_hosts(environment)
        is_own = not host or host in hosts or (_is_alias(url, host) and not environment.is_in_ci)
        return _name_of(url, hosts) or (environment.github_repository if is_own else None)

    @classmethod
    def auth(cls, url: str, environment: Environment) -> dict[str, str]:
        """GITHUB_TOKEN for remotes on GitHub's host, or on that of GITHUB_API_URL."""
        is_own = _host_of(url) in _own_hosts(environment)
        return remotes.auth_env(url, "x-access-token", environment.github_token) if is_own else {}

    @classmethod
    def from_env(cls, repository: str, environment: Environment, caller: Caller) -> GitHub:
        """With GITHUB_TOKEN, on GitHub or the server of GITHUB_API_URL."""
        return cls(environment.github_token or "", repository, environment.github_api_url, caller=caller)

    @classmethod
    def findings(cls, repository: str | None, environment: Environment, *, is_offline: bool) -> Iterator[Finding]:
        """The token, and what GitHub says of it, asked once."""
        token = environment.github_token or ""
        probe = cls(
            token, repository or "", environment.github_api_url,
            caller=replace(waiting.impatient(environment), again="doit doctor"), timeout_s=PROBE_TIMEOUT_S, tries=1,
        )  # fmt: skip
        yield from github_token.findings(repository, environment, None if is_offline else probe.access)

    def publish(
        self, proposal: Proposal, push: Callable[[], Proposal] | None = None, effects: Effects | None = None
    ) -> PullRequestRecord:
        """Open the pull request, or bring the open one up to date; where nothing differs nothing is written.

        The branch is pushed before either, but not for one that a human closed: GitHub reopens none whose branch
        was rewritten meanwhile, and a branch that was deleted with it stays so.
        """
        with self._as_publish_errors():
            repository = self._repository()
            there = github_pulls.open_one(repository, proposal)
            closed = None if there else github_pulls.declined_one(repository, proposal)
            if closed:
                return github_pulls.left_alone(closed, proposal)
        proposal, told = push() if push else proposal, _Told(effects or Unkept(), self._as_publish_errors)
        with self._as_publish_errors():
            if there:
                return github_pulls.update(repository, there, proposal, told)
            return github_pulls.open_new(repository, proposal, told)

    def proposed(self, *, workstream: str, head: str) -> str:
        """The address of the open pull request of `head` that has our part."""
        with self._as_publish_errors():
            return github_pulls.proposed(self._repository(), head)

    def close(
        self, *, workstream: str, head: str, comment: str, effects: Effects | None = None, slot: str = ""
    ) -> PullRequestRecord | None:
        """Close the open pull request of `head` with a comment; None where there is none."""
        with self._as_publish_errors():
            found = github_pulls.ours_first(self._repository(), head)
            if not found:
                return None
            told = _Told(effects or Unkept(), self._as_publish_errors)
            return github_pulls.close(found[0], workstream=workstream, comment=comment, effects=told, slot=slot)

    def touched(self, *, head: str) -> str:
        """What others did to the open pull request of `head`; where there is none, somebody closed it."""
        with self._as_publish_errors():
            found = github_pulls.ours_first(self._repository(), head)
            return github_touches.of(found[0]) if found else "it is open no more"

    def merged(self, *, head: str, base: str, tip: str) -> str | None:
        """The page of the latest such pull request: our own part of its body names the commit."""
        with self._as_publish_errors():
            found = github_pulls.of_head(self._repository(), head, state="closed")
            return next((one.html_url for one in found if github_pulls.is_merged(one, base=base, tip=tip)), None)

    def trial(self) -> GitHubTrial:
        """A pull request to try the token by."""
        return GitHubTrial(self._repository, self._as_publish_errors)

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
        opened = self._opened
        with opened.lock:
            if opened.repository is None:
                if not _REPOSITORY.fullmatch(self.repository):
                    raise PublishError(f'GITHUB_REPOSITORY is "{self.repository}"; it must read owner/name')
                opened.client = opened.client or self._client()
                opened.repository = github_client.repository(
                    opened.client, self.repository,
                    api_url=(self.api_url or API).rstrip("/"), token=self.token, timeout_s=self.timeout_s,
                )  # fmt: skip
            return opened.repository

    def _client(self) -> Client:
        return Client(
            limits=Limits(self.caller, host=self._host, again=self.caller.again),
            answers=Answers(self.caller.answers, self.token),
            host=self._host,
            tries=self.tries,
            again=self.caller.again,
            longest_s=github_client.WAITS * self.timeout_s,
        )

    @contextmanager
    def _as_publish_errors(self) -> Iterator[None]:
        """Turns PyGithub's errors, and those of the libraries below it, into ours."""
        from github import GithubException

        try:
            yield
        except GithubException as error:
            raise PublishError(explained(error, self.repository, token=self.token, again=self.caller.again)) from error
        except malformed() as error:
            raise PublishError(f"{self._host} does not answer as GitHub does; check GITHUB_API_URL") from error
        except OSError as error:  # the base of all errors of requests
            raise PublishError(
                f"{self._host} cannot be reached ({type(error).__name__}); run `{self.caller.again}` again later"
            ) from error
