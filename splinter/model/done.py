"""What a task came to, as values: what the tasks after it, and the next run, go on from. They know no database.

A task that succeeded has one of these and the hash of what it was made of; both together are its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from splinter.model.plan import Plan
from splinter.model.records import Outcome
from splinter.text.outputs import Outputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Where a workstream's own commits begin, and what it found there.

    `start` is that commit, on top of `base` where it depends on others; `depended_on` are their tips, None where nobody
    remembers. `versions` are the tools' by name. `has_failed`: it was tried from here before, and did not succeed.
    """

    start: str
    base: str
    versions: Mapping[str, str] = field(default_factory=dict)
    depended_on: tuple[str, ...] | None = None
    has_failed: bool = False

    @property
    def commit(self) -> str:
        """What the next task starts from."""
        return self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """The commit that a step came to, and how: changed, unchanged, cached or skipped.

    `outputs` are what it wrote for later steps; None where it was skipped, and each of them is empty.
    """

    commit: str
    outcome: Outcome
    outputs: Mapping[str, str] | None = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A workstream's end: `tip` is its branch, `commit` the one that was judged, `result` the hash of its change.

    `inputs` is what it was made of, as differences are told by. `tip` equals `start` where nothing changed. `outputs`
    are what its steps wrote.
    """

    start: str
    base: str
    tip: str
    commit: str
    result: str
    outcome: Outcome
    inputs: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    outputs: Outputs = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A branch that took part in a rehearsal: where its change begins, what was accepted, where its head was.

    `outputs` are what its steps wrote.
    """

    start: str
    tip: str
    head: str
    outputs: Outputs = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Union:
    """All branches of a base together, as one commit on the base's."""

    base: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What was rehearsed, by base: what it was made of, and the union; `members` are the branches that fit, by id."""

    inputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unions: Mapping[str, Union] = field(default_factory=dict)
    members: Mapping[str, Branch] = field(default_factory=dict)
    run: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A try of a fix loop: the commit that it began at, a hash of what failed there, and what it came to, if it did.

    `failed` names the first of what failed there.
    """

    begun_at: str
    failing: str
    failed: tuple[str, ...] = ()
    commit: str | None = None


Value = TypeVar("Value", covariant=True)


@dataclass(frozen=True, slots=True)
class Row(Generic[Value]):
    """A task's last success that still counts: the hash of what it was made of, and what it came to."""

    fingerprint: str
    value: Value


class Rows(Protocol):
    """The rows of a repository's tasks; None for a task that has none that counts."""

    def prepared(self, plan: Plan) -> Row[Prepared] | None:
        """That of `prepare`."""

    def stepped(self, plan: Plan, step: str) -> Row[Stepped] | None:
        """That of a step."""

    def accepted(self, plan: Plan) -> Row[Accepted] | None:
        """That of `accept`."""
