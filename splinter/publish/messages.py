"""What mail, messengers and the healthcheck are told, and by whom it is sent."""

from __future__ import annotations

from splinter.config import bounded_read
from splinter.engine import prospects
from splinter.engine.session import Session
from splinter.errors import PublishError
from splinter.model import layout
from splinter.model.effects import Kind, State
from splinter.model.ports import Message, Notifier, Sender
from splinter.model.records import RunRecord
from splinter.model.registry import NOTIFIERS
from splinter.publish import mail, plugins, report_evidence, run_records
from splinter.publish.notifiers.simulated import Simulated
from splinter.text.redact import Masked

_MOST_BYTES = 64 * 1024 * 1024  # of a report's page, which packs to about a tenth


def notifier(session: Session, task: str) -> Notifier:
    """What a task sends by; raises PublishError where it is not configured."""
    missing = [name for name in NOTIFIERS[task].needs if not session.outside.environment.variable(name)]
    if missing:
        raise PublishError(f"{' and '.join(missing)} is not set, so `{task}` sends nothing")
    if session.outside.is_simulated:
        return Simulated(name=task, folder=session.history.folder / layout.OUTBOX)
    sender = Sender(address=session.outside.repository.identity.email, outbox=session.history.folder / layout.OUTBOX)
    return plugins.notifier(task).from_env(session.outside.environment, sender)


def waits(session: Session, task: str) -> bool:
    """Whether a task has messages to send that did not go yet, and somewhere to send them to, or an error to say so."""
    if not any(one.kind == task for one in session.memory.effects(State.WAITING, State.UNDER_WAY)):
        return False
    try:
        return notifier(session, task).goes_out
    except PublishError:
        return True


def message(session: Session, run: str | None) -> Message:
    """What mail and messengers say of a run; with none, that nothing was due."""
    if run is None:
        said = prospects.idle(session)
        return _own("", f"[splinter] {said}", f"{said[0].upper()}{said[1:]}.")
    return mail.message(
        run_records.run_record(session, run),
        session.outside.redactor.text,
        page=_page(session, run),
        repository=report_evidence.repository(session),
        is_earlier=run not in (session.run.taken_up, session.run.id),
        ci=session.outside.environment.page,
    )


def ping(session: Session) -> tuple[str | None, Message]:
    """What the healthcheck hears: of the run of this call, never of an earlier one that it has heard of."""
    run = session.run.own()
    if run is None and session.run.only_publishes:
        last = session.history.latest_run()
        pinged = session.memory.effect(Kind.PING, last) if last else None
        run = None if pinged and pinged.state == State.DONE else last
    if run or not session.run.errors:
        return run, message(session, run)
    now = session.outside.clock.now().isoformat(timespec="seconds")
    night = RunRecord(run="", started=now, finished=now, errors=tuple(session.run.errors))
    return None, mail.message(
        run_records.whole(session, night),
        session.outside.redactor.text,
        repository=report_evidence.repository(session),
        ci=session.outside.environment.page,
    )


def sample() -> Message:
    """What `--test` sends: it says that it is a test."""
    text = "This is a test of splinter's own making. No run is reported by it.\n"
    return _own("test", "[splinter] test", text)


def _page(session: Session, run: str) -> Masked | None:
    """The report of a run, masked by the secrets of today; None where it is not written, or is no file of ours."""
    file = session.outside.repository.root / layout.REPORTS / run / "index.html"
    raw = bounded_read.read(session.outside.repository.root, file, most=_MOST_BYTES)
    if isinstance(raw, str) or len(raw) > _MOST_BYTES:
        return None
    return session.outside.redactor.text(raw.decode("utf-8", "replace"))


def _own(run: str, subject: str, text: str) -> Message:
    """A message of words that are all our own."""
    html = Masked(f"<p>{text}</p>")
    return Message(run=run, subject=Masked(subject), text=Masked(text), html=html, is_failure=False)
