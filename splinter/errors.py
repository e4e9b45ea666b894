"""The one family of errors; a message says where, what, and how to fix it. Nothing here prints or exits.

SplinterError             ours or the outside's fault              exit status 2
├── InputError            what the user wrote; nothing was run     exit status 3
├── LockedError           another run holds the lock               exit status 4
├── StepError             a workstream failed, with a reason       exit status 1
├── GitError              git refused what we asked of it          exit status 2
├── StorageError          a file system took no more             exit status 2
├── NoRecordError         nothing is recorded of that run          exit status 2
└── PublishError          forge, mail server or messenger          exit status 2
    ├── PostponedError    it takes no more for now
    ├── PartlySentError   some recipients have the mail
    ├── NotTakenError     this very message is refused
    └── UnansweredError   nobody knows whether it arrived
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar


class Reason(StrEnum):
    """Why a workstream failed, or that it was interrupted; `docs/reference.md` explains each."""

    EXIT_CODE = "exit_code"
    TIMED_OUT = "timed_out"
    STALLED = "stalled"
    TOO_LARGE = "too_large"
    OUT_OF_SCOPE = "out_of_scope"
    BAD_OUTPUT = "bad_output"
    CHECK_FAILED = "check_failed"
    OSCILLATING = "oscillating"
    OVER_BUDGET = "over_budget"
    NO_CHANGE = "no_change"
    MISSING_ARTIFACT = "missing_artifact"
    CONFLICT = "conflict"
    TOOL_MISSING = "tool_missing"
    WRONG_TREE = "wrong_tree"
    AGENT_ERROR = "agent_error"
    SECRET_IN_RESULT = "secret_in_result"  # noqa: S105
    PREFLIGHT = "preflight"
    INTERRUPTED = "interrupted"


class SplinterError(Exception):
    """Base of all errors that a user may see."""

    exit_status: ClassVar[int] = 2


class InputError(SplinterError):
    """What the user wrote cannot be run; raised before anything is started."""

    exit_status = 3


class LockedError(SplinterError):
    """Another run works on this repository."""

    exit_status = 4


class StepError(SplinterError):
    """A step, a check or the end of a workstream failed for one of the contract's reasons."""

    exit_status = 1

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.exit_status_of_child: int | None = None
        self.checks: tuple[Any, ...] = ()
        self.commit: str | None = None  # that was judged
        self.log: Path | None = None

    def within(self, reason: Reason, message: str) -> StepError:
        """The same failure as one of something larger."""
        whole = StepError(reason, message)
        whole.log = self.log
        return whole


class GitError(SplinterError):
    """A git call failed; the message holds the verb, the exit status and git's last lines."""


class StorageError(SplinterError):
    """Something could not be written: a full or read-only disk, a folder that is not ours, a lock in the way."""


class NoRecordError(SplinterError):
    """Nothing is recorded of a run of that id."""


class PublishError(SplinterError):
    """A pull request, mail or message could not be delivered."""


class PostponedError(PublishError):
    """The other side takes no more for now: surely not done, and the next run after `until` goes on with it."""

    def __init__(self, message: str, *, limit: str, until: str) -> None:
        super().__init__(message)
        self.limit, self.until = limit, until


class PartlySentError(PublishError):
    """A mail that the server took for some and refused for others; `taken` are those who have it.

    `is_final`: the server says of all others that it will never take it for them.
    """

    def __init__(self, message: str, taken: tuple[str, ...], *, is_final: bool = False) -> None:
        super().__init__(message)
        self.taken, self.is_final = taken, is_final


class NotTakenError(PublishError):
    """The other side will not have this very message, whenever it comes; others it may take."""


class UnansweredError(PublishError):
    """A message was handed over and no answer came, so that nobody knows whether it arrived."""
