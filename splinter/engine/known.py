"""What a call has found out since it began, so that nothing is asked twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from splinter.git.remotes import Move
from splinter.model.plan import Plan
from splinter.text import counts

if TYPE_CHECKING:
    from splinter.git.checkout_state import CheckoutState
    from splinter.model.done import Rows
    from splinter.model.ports import HostedForge
    from splinter.model.slot_claim import Claim
    from splinter.model.verdict import Outcomes

_SHOWN = 3  # of those that are left out for one reason
Question = str | tuple[str, ...]
# kinds of questions to the outside, each the first word of one
DEFAULT_BRANCH = "default branch"  # of a remote
TIP = "tip"  # of a remote, and its default branch: the commit there
BASE = "base"  # of a remote, empty for none, and a branch's name: its commit
BRANCH = "branch"  # of a remote, and a name: not empty where it is there
MERGED = "merged"  # a head, a base, and a commit: the address of the pull request that merged it


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldClaim:
    """A claim of ours on a slot, with the ref that names its commit on the remote."""

    ref: str
    commit: str
    claim: Claim

    @property
    def id(self) -> str:
        """The workstream."""
        return self.claim.slot.workstream

    def move(self, expected: str) -> Move:
        """How it comes to stand there, in the place of what is expected."""
        return Move(ref=self.ref, new=self.commit, expected=expected)


@dataclass(slots=True)
class Known:
    """Answers of one call; safe to use from several threads.

    `made` are commits that this call made, and so need no look. `indexes` are the indexes of work trees by their hash,
    as we left them. `baselines` is what checks said of a tree, by check and tree; `unreached` says of each remote that
    was out of reach why. `checkout` is the user's before the first command without a sandbox; `lock` guards it.
    `forges` are those that were opened, by their name and the repository's; `again` is the call that their errors say
    to repeat. `claims` are the slots that this call claimed, by workstream, `renewed` when they were last said to be
    held, and `claiming` is held by whoever moves one; `not_run` says of a workstream that is due why it is not run all
    the same. `enabled` says which run without being named, as far as that was asked. `rows` are those of the plans,
    `definitions` the hashes of theirs, by workstream, each with the plan that it is of.
    """

    made: set[str] = field(default_factory=set)
    indexes: dict[Path, str] = field(default_factory=dict)
    baselines: dict[tuple[str, str], Outcomes] = field(default_factory=dict)
    unreached: dict[str, str] = field(default_factory=dict)
    checkout: CheckoutState | None = None
    forges: dict[tuple[str, str], HostedForge] = field(default_factory=dict)
    again: str = "doit run pr"
    claims: dict[str, HeldClaim] = field(default_factory=dict)
    renewed: datetime | None = None
    claiming: threading.Lock = field(default_factory=threading.Lock)
    not_run: dict[str, str] = field(default_factory=dict)
    enabled: dict[str, bool] = field(default_factory=dict)
    rows: Rows | None = None
    definitions: dict[str, tuple[Plan, str]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _answers: dict[Question, str | None] = field(default_factory=dict)
    _touched: set[str] = field(default_factory=set)

    def left_out(self) -> list[str]:
        """For the report: what was due and is not run, in a sentence for each reason."""
        alike: dict[str, list[str]] = {}
        for id, why in self.not_run.items():
            alike.setdefault(why, []).append(id)
        return [
            f"{counts.and_more(ids, _SHOWN)} {'was' if len(ids) == 1 else 'were'} not run: {why}."
            for why, ids in alike.items()
        ]

    def once(self, question: Question, ask: Callable[[], str | None]) -> str | None:
        """The answer to a question that is asked once in a call."""
        with self.lock:
            if question not in self._answers:
                self._answers[question] = ask()
            return self._answers[question]

    def answer(self, question: Question) -> str | None:
        """The answer to a question that was asked in this call, None where it was not."""
        return self._answers.get(question)

    def is_known(self, question: Question) -> bool:
        """Whether a question was asked, or answered by a plan."""
        return question in self._answers

    def tell(self, answers: dict[Question, str | None]) -> None:
        """Answer questions before they are asked."""
        self._answers |= answers

    def answers(self, kind: str) -> dict[tuple[str, ...], str | None]:
        """What was asked of that kind and answered, by the words that follow the kind."""
        return {words[1:]: one for words, one in self._answers.items() if isinstance(words, tuple) and words[0] == kind}

    def touches_first(self, id: str) -> bool:
        """Whether this is the first time in this call that the workstream's work tree is touched."""
        with self.lock:
            is_first = id not in self._touched
            self._touched.add(id)
            return is_first
