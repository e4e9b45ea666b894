"""Pull requests of ours that nothing asks for any more: their workstream was renamed, removed, or proposes nothing now.

Which are ours is known by what is recorded here and by the marker in their body, never by the name of a branch. It
closes none that still proposes a person's commits, and deletes no branch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from splinter.config.workstream_files import Collection
from splinter.engine import project, proposed
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.errors import PublishError, SplinterError
from splinter.model import layout
from splinter.model.bases import choose_base
from splinter.model.effects import UNSETTLED
from splinter.model.plan import Plan, choose_remote
from splinter.model.ports import Forge
from splinter.model.records import Action, PullRequestRecord
from splinter.model.workstream import Workstream
from splinter.system.memory import Memory

if TYPE_CHECKING:
    from splinter.publish.journal import Journal

_CLOSED = "closed_pull_request/"  # that we closed one, and no run has opened it again
CLOSES = "`doit gc --close` closes it"
_NO_LONGER = "no workstream is called {} any more"
_COMMENT = "Nothing asks for this pull request any more: {why}. Its branch is left as it is."


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOver:
    """One of them; `where` is empty where it is known only that something was accepted, and may have been proposed."""

    workstream: str
    where: str
    why: str

    def text(self, then: str = CLOSES) -> str:
        """What is said of it, and what is to be done, as the end of a sentence."""
        place = f" ({self.where})" if self.where else ""
        return f"the pull request of {self.workstream}{place} is left over: {self.why}; {then}"

    def sentence(self) -> str:
        """The same as a sentence."""
        return sentence(self.text())


def sentence(text: str) -> str:
    """A text of ours as a sentence."""
    return f"{text[0].upper()}{text[1:]}."


def found(outside: Outside, memory: Memory, workstreams: Iterable[Workstream]) -> tuple[LeftOver, ...]:
    """Those that were open when they were last seen; `workstreams` are all that there are."""
    return tuple(_left_over(outside, workstreams, proposed.places(memory)))


def suspected(outside: Outside, memory: Memory, workstreams: Iterable[Workstream]) -> tuple[LeftOver, ...]:
    """Those, and what was accepted and may have been proposed by a run whose memory is lost: the forge can tell."""
    recorded = proposed.recorded(memory)
    accepted = (ref.removeprefix(f"{layout.ACCEPTED}/") for ref in outside.snapshot.refs)
    unknown = {id: "" for id in accepted if "/" not in id and id not in recorded}
    return tuple(_left_over(outside, workstreams, {**unknown, **proposed.places(memory)}))


def _left_over(outside: Outside, workstreams: Iterable[Workstream], ids: Mapping[str, str]) -> Iterator[LeftOver]:
    """Those of `ids` that nothing asks for, with the reason."""
    every = tuple(workstreams)
    there, wanted = {one.id for one in every}, {one.id for one in every if one.pull_request}
    is_together = outside.settings.pull_requests == layout.TOGETHER
    for id, where in sorted(ids.items()):
        if id == layout.TOGETHER:
            why = "" if is_together else "each workstream has a pull request of its own now"
        elif id not in wanted:
            why = "its workstream asks for none any more" if id in there else _NO_LONGER.format(id)
        else:
            why = "all workstreams share one pull request now" if is_together else ""
        if why:
            yield LeftOver(workstream=id, where=where, why=why)


def of_session(session: Session) -> tuple[LeftOver, ...]:
    """Those of a call that runs; a checkout without any workstream does not say that all were removed."""
    own = Collection(workstreams=tuple(plan.workstream for plan in session.plans.values()))
    workstreams = project.all_workstreams(session.outside.repository, session.outside.settings, own)
    return found(session.outside, session.memory, workstreams) if workstreams else ()


def is_wanted_again(session: Session, id: str) -> bool:
    """Whether a pull request that we closed is asked for after all."""
    return bool(session.memory.fact(f"{_CLOSED}{id}"))


def opened_again(session: Session, id: str) -> None:
    """Remember that it was published since."""
    if is_wanted_again(session, id):
        session.memory.set_fact(f"{_CLOSED}{id}", "")


def look(session: Session, one: LeftOver) -> str:
    """Where it is open now, as its forge says; empty, and remembered, where it is not. Raises PublishError."""
    where = _forge(session, one).proposed(workstream=one.workstream, head=_head(session, one))
    if not where:
        _forget(session, one)
    return where


def settle(session: Session, leftovers: Iterable[LeftOver]) -> tuple[str, ...]:
    """Close those of a run where the settings say so, else look whether they are still open; a sentence for each.

    Where the run has a report, it tells of each. Raises PublishError with what could not be closed, the others done.
    """
    told: list[str] = []
    failed = []
    for one in leftovers:
        try:
            told += _closed(session, one) if session.outside.settings.close_removed else _seen(session, one)
        except SplinterError as error:
            failed.append(str(error))
    if session.run.own():
        for sentence in told:
            session.history.note(session.run.published(), sentence)
    if failed:
        raise PublishError("\n".join(failed))
    return tuple(told)


def _closed(session: Session, one: LeftOver) -> Iterator[str]:
    """What became of it; without a token it stays open, as other pull requests become files then."""
    if why := _why_not_asked(session.outside, one):
        yield sentence(one.text(why))
        return
    done = close(session, one)
    if done and done.action == Action.CLOSED:
        session.history.put_pull_request(session.run.published(), done)
    yield from map(sentence, done.notes if done else ())


def _seen(session: Session, one: LeftOver) -> Iterator[str]:
    """What is said of it where it is not closed; a forge that does not answer is no reason to fail."""
    with suppress(PublishError):
        if not look(session, one):
            return
    yield one.sentence()


def close(session: Session, one: LeftOver) -> PullRequestRecord | None:
    """Close it with a comment that says why, unless it proposes something of a person's; None where none is open.

    Raises SplinterError.
    """
    from splinter.publish import pull_request, push, push_check
    from splinter.publish.forges.local import Local

    where = look(session, one)
    if not where:
        return None
    plan, forge = _stand_in(session, one), _forge(session, one)
    if push.proposes_more(session, plan, push_check.last_result(session, plan), is_hosted=not isinstance(forge, Local)):
        then = pull_request.STILL_PROPOSES.format(branch=plan.branch)
        note = replace(one, where=where).text(then)
        return PullRequestRecord(workstream=one.workstream, action=Action.NONE, where=where, notes=(note,))
    head = _head(session, one)
    comment = _COMMENT.format(why=one.why)
    closed = forge.close(workstream=one.workstream, head=head, comment=comment, effects=_journal(session))
    _forget(session, one)
    session.memory.set_fact(f"{_CLOSED}{one.workstream}", where)
    note = f"the pull request of {one.workstream} ({where}) was closed: {one.why}"
    return replace(closed, notes=(*closed.notes, note)) if closed else None


def _forget(session: Session, one: LeftOver) -> None:
    """Remember that none is open, and that nothing of it is still to be done, or to be told."""
    proposed.remember(session.memory, one.workstream, "")
    for effect in session.memory.effects(*UNSETTLED):
        if effect.target == one.workstream:
            session.memory.drop_effect(effect)


def _journal(session: Session) -> Journal:
    """Where it is written down; `doit gc` is no run."""
    from splinter.publish.journal import Journal

    outside, run = session.outside, session.run
    return Journal(
        memory=session.memory, clock=outside.clock, redactor=outside.redactor, run=lambda: run.own() or run.id or ""
    )


def _why_not_asked(outside: Outside, one: LeftOver) -> str:
    """Why it stays open; empty where its forge can be asked."""
    from splinter.publish import pull_request

    why = pull_request.why_not_hosted(outside) if one.where and not _is_file(one) else ""
    return f"it stays open, for {why}" if why else ""


def _is_file(one: LeftOver) -> bool:
    return one.where.startswith(layout.PULL_REQUEST_FILES)


def _forge(session: Session, one: LeftOver) -> Forge:
    """Where it was opened; raises PublishError where that cannot be asked now."""
    from splinter.publish import pull_request
    from splinter.publish.forges.local import Local

    if why := _why_not_asked(session.outside, one):
        raise PublishError(one.text(why))
    return Local(session.outside.repository.root) if _is_file(one) else pull_request.forge(session)


def _head(session: Session, one: LeftOver) -> str:
    from splinter.publish import plugins

    return plugins.pushed_as(session.outside, proposed.branch(session.outside, session.memory, one.workstream))


def _stand_in(session: Session, one: LeftOver) -> Plan:
    """A plan for a workstream that there is no more."""
    outside = session.outside
    workstream = Workstream(id=one.workstream, title=one.workstream, source=outside.settings.source or "", steps=())
    remote = choose_remote(outside.settings, outside.snapshot)
    base = choose_base(workstream, outside.settings, outside.snapshot, remote)
    branch = proposed.branch(outside, session.memory, one.workstream)
    return Plan(workstream=workstream, base=base, branch=branch, occurrence="")
