"""Claims on results that are being made: of machines that share results one makes it, and the others wait.

A claim is a ref on the remote, and binds nobody: no machine waits for one past a step's own deadline, and a remote
that takes none costs a note. Without shared results nothing is claimed.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from splinter.engine import claim_commit
from splinter.engine.session import Session
from splinter.engine.steps import cache, command
from splinter.engine.work import Work
from splinter.errors import GitError, SplinterError, StepError
from splinter.git import commands as git
from splinter.git import remotes
from splinter.git.commands import RefUpdate
from splinter.model import layout
from splinter.model.workstream import Step
from splinter.text import markdown

_LEEWAY_S = 60.0  # what a step takes beside its command: its work tree, its commit, the push of its result
_POLL_S = (1.0, 15.0)
_PART = 10  # of the time waited so far passes between two looks
_FAILURES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _There:
    """What the remote holds for a key: the claim's commit, empty where there is none, and the results' commits."""

    claim: str
    results: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A claim as it is to be made; `known` are the results here already, `started` is on this machine's clock."""

    session: Session
    remote: str
    key: str
    task: str
    limit_s: float
    known: frozenset[str]
    started: float = field(default_factory=time.monotonic)

    @property
    def ref(self) -> str:
        return f"{layout.CLAIMS}/{self.key}"

    @property
    def auth(self) -> dict[str, str]:
        return self.session.outside.remote_auth(self.remote)

    def is_news(self, there: _There) -> bool:
        return not there.results <= self.known

    def note(self, sentence: str) -> None:
        self.session.run.note(self.session.outside.redactor.text(f"{self.task}: {sentence}"))


@contextmanager
def held(work: Work, step: Step, key: str | None) -> Iterator[bool]:
    """Hold the claim on a key while its result is made, waiting for who holds it; yields whether a result came instead.

    A slot of the step's tool is held with it, so that nobody waits for a holder who waits for a slot.
    """
    remote = cache.shared_through(work.session)
    if remote is None or key is None or not work.session.uses_kept:
        yield False
        return
    known = frozenset(git.refs(work.repository, f"{layout.RESULTS}/{key}").values())
    limit_s = step.timeout_s + _LEEWAY_S
    wanted = _Wanted(
        session=work.session, remote=remote, key=key, task=work.plan.task(step.id), limit_s=limit_s, known=known
    )  # fmt: skip
    mine = ""
    with ExitStack() as slot:
        try:
            mine, is_news = _asked_for(wanted, work, step, slot)
            yield is_news
        finally:
            if mine:
                _release(wanted, mine)


def _asked_for(wanted: _Wanted, work: Work, step: Step, slot: ExitStack) -> tuple[str, bool]:
    """What `_taken` gives, where neither an interrupt nor the remote stands against it."""
    try:
        return _taken(wanted, work, step, slot)
    except StepError:  # interrupted, as the step itself will say
        return "", False
    except SplinterError as error:
        wanted.note(f"{wanted.remote} could not be asked whether another machine is making it: {error}")
        return "", False


def _taken(wanted: _Wanted, work: Work, step: Step, slot: ExitStack) -> tuple[str, bool]:
    """The claim that is ours now, empty where we go on without one, and whether a result came meanwhile."""
    session, over, refused = wanted.session, "", False
    while not session.processes.is_stopping:
        slot.enter_context(session.slots.of(command.profile_of(work.plan, step)))
        mine = _offered(wanted, over)
        there = _look(wanted)
        if there.claim == mine:
            if over:
                _forget(wanted, over)
            return mine, wanted.is_news(there)
        _forget(wanted, mine)
        slot.close()  # others may have it meanwhile
        if wanted.is_news(there):
            return "", True
        if not there.claim and refused:
            wanted.note(f"{wanted.remote} takes no claims, so another machine may make the same call")
            return "", False
        refused, over = not there.claim, there.claim
        if there.claim and not _is_left_over(wanted, there.claim):
            seen = _waited(wanted, there, work, step)
            if wanted.is_news(seen) or time.monotonic() - wanted.started > 2 * wanted.limit_s:
                return "", wanted.is_news(seen)
            over = over if seen.claim == over else ""
    return "", False


def _waited(wanted: _Wanted, first: _There, work: Work, step: Step) -> _There:
    """What is there once the claim is gone or another's, a result has come, or the claim's time is over."""
    session, started, there, failures = wanted.session, time.monotonic(), first, 0
    sentence = f"{_who(wanted, first.claim)} makes the same result; waiting for it, {wanted.limit_s:g} s at most"
    wanted.note(sentence)
    _log(work, step, sentence)
    while there.claim == first.claim and not wanted.is_news(there) and not session.processes.is_stopping:
        waited = time.monotonic() - started
        if waited >= wanted.limit_s:
            wanted.note("its time is over and no result came")
            break
        session.processes.pause(min(max(_POLL_S[0], min(waited / _PART, _POLL_S[1])), wanted.limit_s - waited))
        try:
            there, failures = _look(wanted), 0
        except SplinterError:
            failures += 1
            if failures == _FAILURES:
                raise
    return there


def _offered(wanted: _Wanted, over: str) -> str:
    """Offer a claim to the remote, in place of the one that may be replaced; returns its commit, taken or not."""
    session = wanted.session
    since = session.outside.clock.now()
    fields = {"host": platform.node(), "run": session.run.open(), "since": since.isoformat(timespec="seconds"),
            "seconds": wanted.limit_s}  # fmt: skip
    (commit,) = claim_commit.make(session.outside, {f"splinter claims {wanted.task}": fields}, at=since)
    own = RefUpdate(ref=f"{layout.CLAIMED}/{wanted.key}/{commit[:16]}", new=commit)
    git.update_refs(session.outside.repository, [own], why=f"splinter: {wanted.task} claimed")
    with suppress(GitError):  # what the remote holds then says who has it; only the answer may have been lost
        _move(wanted, commit, expected=over)
    return commit


def _look(wanted: _Wanted) -> _There:
    patterns = (wanted.ref, f"{layout.RESULTS}/{wanted.key}/*")
    found = remotes.refs(wanted.session.outside.repository, wanted.remote, patterns, wanted.auth)
    made = frozenset(id for ref, id in found.items() if ref != wanted.ref)
    return _There(claim=found.get(wanted.ref, ""), results=made)


def _move(wanted: _Wanted, commit: str, *, expected: str) -> None:
    move = remotes.Move(ref=wanted.ref, new=commit, expected=expected)
    repository, limit_s = wanted.session.outside.repository, remotes.SHORT_TIMEOUT_S
    remotes.move(repository, wanted.remote, [move], auth=wanted.auth, timeout_s=limit_s)


def _release(wanted: _Wanted, mine: str) -> None:
    """Take the claim back; one that cannot be reached stays, and its time ends it."""
    try:
        _move(wanted, "", expected=mine)
        _forget(wanted, mine)
    except SplinterError as error:
        wanted.note(f"its claim stays on {wanted.remote} until its time is over: {error}")


def _forget(wanted: _Wanted, commit: str) -> None:
    gone = RefUpdate(ref=f"{layout.CLAIMED}/{wanted.key}/{commit[:16]}", new=None)
    git.update_refs(wanted.session.outside.repository, [gone], why=f"splinter: {wanted.task} no longer claimed")


def _is_left_over(wanted: _Wanted, claim: str) -> bool:
    """Whether a claim is that of a run of this repository which was killed: only one runs at a time."""
    if claim not in git.refs(wanted.session.outside.repository, f"{layout.CLAIMED}/{wanted.key}").values():
        return False
    return _holder(wanted, claim).get("run") != wanted.session.run.open()


def _who(wanted: _Wanted, claim: str) -> str:
    try:
        remotes.fetch_objects(wanted.session.outside.repository, wanted.remote, [wanted.ref], wanted.auth)
        holder = _holder(wanted, claim)
    except SplinterError:
        holder = {}
    names = [markdown.one_line(str(holder[key]))[:80] for key in ("host", "run") if holder.get(key)]
    return f"another machine ({', run '.join(names)})" if names else "another machine"


def _holder(wanted: _Wanted, claim: str) -> dict[str, object]:
    return claim_commit.read(wanted.session.outside, [claim])[0] or {}


def _log(work: Work, step: Step, line: str) -> None:
    log = work.log(step.id)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as output:
        output.write(f"{work.mask(line)}\n")
