"""The outside as the engine and the publisher see it. Protocols only; the work is done one package up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol

from splinter.model.effects import Effect, Kind, State
from splinter.model.finding import Finding
from splinter.model.records import PullRequestRecord
from splinter.model.settings import Environment
from splinter.text.redact import Masked


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What git says before a run: refs with their ids, branches checked out and where, remotes with their URLs.

    `push_urls` are of remotes that are pushed to elsewhere, as to a fork; `own_branches` those that are recorded as
    workstreams', where a base may have to be told from them.
    """

    refs: Mapping[str, str]
    symbolic: Mapping[str, str]
    remotes: Mapping[str, str]
    head_branch: str | None
    head: str | None
    push_urls: Mapping[str, str] = field(default_factory=dict)
    own_branches: frozenset[str] = frozenset()


class BaseFiles(Protocol):
    """What the commit of a base holds; `base` is what a workstream's file says, None for the default."""

    def paths(self, base: str | None) -> Sequence[str] | None:
        """All paths; None where nothing is known of that base."""

    def text(self, base: str | None, path: str, *, most: int) -> str | None:
        """What a file of that base holds, None for one of more bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A pull request as it should be: `head` and `base` are branch names without `refs/heads/`.

    The head of a fork is `owner:branch`.

    `own_body` is our part between its markers; what a human wrote around it is the forge's to keep. `is_lost`: the
    history of the result is gone, so that a part of ours that is there says more. `creates_labels`: those that the
    repository lacks. `slot` is the definition and occurrence that it is of: one that nobody touched in time is not
    opened again for that.
    """

    workstream: str
    head: str
    base: str
    title: Masked
    own_body: Masked
    draft: bool = True
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    milestone: str = ""
    creates_labels: bool = False
    is_lost: bool = False
    slot: str = ""

    def beside(self, part: str) -> Proposal:
        """The same proposal where `part` of ours is there already."""
        return replace(self, own_body=Masked(part)) if self.is_lost and part else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes with a mail, masked; what it is, its name's end says: `.html` or `.zip`."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A report to people: `text` is plain, `html` a whole page, `markdown` the same for messengers.

    `delivered_to` are those who have it from an earlier try in which others were refused. All copies of a message have
    the same `id`; empty for one that is sent once.
    """

    run: str
    subject: Masked
    text: Masked
    html: Masked
    is_failure: bool
    delivered_to: tuple[str, ...] = ()
    id: str = ""
    attachments: tuple[Attachment, ...] = ()
    markdown: Masked | None = None

    @property
    def for_messengers(self) -> Masked:
        """The Markdown, where there is some."""
        return self.markdown or self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a token may do: `scopes` None where the forge names none, `may_push` None where it does not say."""

    scopes: tuple[str, ...] | None
    may_push: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeLimits:
    """The most characters that a forge takes."""

    title: int
    body: int


class Waiting(Protocol):
    """The time of day, and waiting until it is later; tests wait for nothing."""

    def now_s(self) -> float:
        """Seconds since the epoch."""

    def pause(self, seconds: float) -> bool:
        """Wait; False where the call is to end before that."""


class Facts(Protocol):
    """What is remembered from one run to the next."""

    def json_fact(self, name: str) -> dict[str, Any]:
        """A small thing of several parts, empty where there is none."""

    def set_json_fact(self, name: str, value: Mapping[str, Any]) -> None:
        """Remember such a thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What a forge is told of the call that opens it.

    `wait_s` is how long all tasks together may wait for a forge that limits requests. `answers` is a folder for answers
    that are kept, None where none are; `again` is the call that errors say to repeat.
    """

    waiting: Waiting
    facts: Facts
    wait_s: float
    answers: Path | None = None
    again: str = "doit run pr"


class Entry(Protocol):
    """One effect while it is brought about: what was recorded of it `before`, and what is written down at its end."""

    before: Effect | None
    state: State
    said: str


class Effects(Protocol):
    """Where what is done to the outside is written down."""

    def effect(self, kind: Kind, target: str, made_of: str) -> AbstractContextManager[Entry]:
        """Around one thing that is done: an intent before, the result after."""


class Forge(Protocol):
    """A place for pull requests."""

    def publish(
        self, proposal: Proposal, push: Callable[[], Proposal], effects: Effects | None = None
    ) -> PullRequestRecord:
        """Open the pull request, or bring the open one up to date; raises PublishError.

        A forge that needs the branch calls `push` once it knows that there is something to propose, and proposes what
        that returns: a person's commits on the remote are seen only then. `effects` is where a forge on a server
        writes down what it does.
        """

    def proposed(self, *, workstream: str, head: str) -> str:
        """Where the open pull request of `head` is that has our part, empty where none is; raises PublishError."""

    def close(
        self, *, workstream: str, head: str, comment: str, effects: Effects | None = None, slot: str = ""
    ) -> PullRequestRecord | None:
        """Close the open pull request of `head` with a comment, None where there is none; raises PublishError.

        With a `slot` it is not opened again for that.
        """


class Trial(Protocol):
    """A pull request that is opened to see what a token may do, and closed at once; each call raises PublishError."""

    def open(self, *, head: str, base: str, title: str, body: str) -> str:
        """Open it as a draft; returns where it is."""

    def label(self, wanted: Sequence[str]) -> str:
        """Put a label of the repository's on it, one that is wanted if there is one; empty where it has none."""

    def comment(self, text: str) -> None:
        """Comment on it."""

    def close(self, head: str) -> tuple[str, ...]:
        """Close what is open of that branch, also what was opened while the answer was lost; returns where that is."""


class HostedForge(Forge, Protocol):
    """A forge on a server: a class, registered in `model/registry.py`."""

    limits: ClassVar[ForgeLimits]

    @classmethod
    def owns(cls, url: str, environment: Environment) -> str | None:
        """The name on the forge, such as `owner/name`, of the repository behind a remote's URL; None: not its own."""

    @classmethod
    def auth(cls, url: str, environment: Environment) -> dict[str, str]:
        """The environment that lets git use the forge's token; empty without one, or for another's remote."""

    @classmethod
    def from_env(cls, repository: str, environment: Environment, caller: Caller) -> HostedForge:
        """The forge, for the repository of that name; all tasks of a call share it, from several threads."""

    @classmethod
    def findings(cls, repository: str | None, environment: Environment, *, is_offline: bool) -> Iterator[Finding]:
        """What `doit doctor` says of token and repository, either of which may be missing; it writes nothing."""

    def merged(self, *, head: str, base: str, tip: str) -> str | None:
        """The address of a pull request of `head` that was merged into `base` as it was about `tip`, None for none.

        Others may have merged it with more on top, or squashed into something else; raises PublishError.
        """

    def touched(self, *, head: str) -> str:
        """What others did to the open pull request of `head`, in words; empty for nothing. Raises PublishError."""

    def trial(self) -> Trial:
        """What `doit pr --test` tries it by."""

    def access(self) -> Access:
        """What the token may do with the repository, by one request; raises PublishError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What notifiers are told of us: the address that mail is from by default, and the folder for mails as files."""

    address: str
    outbox: Path


class Notifier(Protocol):
    """A way to notify people: a class, registered in `model/registry.py`.

    `goes_out`: what it could not send waits for the next run; files on this disk wait for nothing.
    """

    goes_out: ClassVar[bool]

    @classmethod
    def from_env(cls, environment: Environment, sender: Sender) -> Notifier:
        """As the environment configures it, which holds what its line `needs`; raises PublishError for the rest."""

    def send(self, message: Message) -> str:
        """Deliver and return where it went, in words; raises PublishError, which shows no secret address.

        A plain PublishError says that it surely did not arrive; NotTakenError, PartlySentError and UnansweredError say
        more.
        """

    def finding(self) -> Finding:
        """What `doit doctor` says of where it goes; it sends nothing."""


class LifeSign(Notifier, Protocol):
    """One that is told of each call: when it begins, and how it ended."""

    def begin(self, id: str) -> None:
        """Say that a call begins; `id`, a UUID, is that of the message at its end. Raises PublishError."""


class Clock(Protocol):
    """The time of day; tests pass a fixed one."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
