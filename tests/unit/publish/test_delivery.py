"""Whatever a mail server does for three nights: on the fourth everybody has every mail, the oldest first, none twice."""

from __future__ import annotations

import email
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope

from splinter.errors import GitError, NoRecordError, PublishError, SplinterError, UnansweredError
from splinter.model.effects import Effect, Kind, State
from splinter.model.ports import Message
from splinter.publish import delivery
from splinter.publish.notifiers.mail import Mail
from splinter.system.memory import Memory
from splinter.text.redact import Masked, Redactor
from tests.unit.publish.notifiers.test_mail import Postbox, certificate_in, mail_to, serving

RUNS = tuple(f"2026112{day}-020000-aaaa" for day in range(5))
BOTH = ("team@example.org", "lead@example.org")


@dataclass
class Moody(Postbox):
    """A mail server in a mood: what it says to a command, or that it drops the line there; none for one that is well.

    It answers mails of the runs `breaks` with `breaks_with`, or drops the line on them.
    """

    mood: str = ""
    breaks: tuple[str, ...] = ()
    breaks_with: str = ""

    def _in_mood(self, server: SMTP, command: str) -> str | None:
        where, _, what = self.mood.partition(" ")
        if where != command:
            return None
        if what == "drop":
            assert server.transport
            server.transport.abort()
        return what

    async def handle_MAIL(self, server: SMTP, _s: Any, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        envelope.mail_from = address
        return self._in_mood(server, "MAIL") or "250 OK"

    async def handle_RCPT(self, server: SMTP, _s: Any, envelope: Envelope, address: str, _o: Any) -> str:  # noqa: N802
        if said := self._in_mood(server, "RCPT"):
            return said
        return await super().handle_RCPT(server, _s, envelope, address, _o)

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:  # noqa: N802
        if any(run.encode() in bytes(envelope.content or b"") for run in self.breaks):
            if not self.breaks_with:
                assert server.transport
                server.transport.abort()
            return self.breaks_with or "250 OK"
        return self._in_mood(server, "DATA") or await super().handle_DATA(server, session, envelope)


@dataclass
class Project:
    """What of a session is asked for; `night` is the number of the run that is under way."""

    memory: Memory
    night: int = 0
    is_always: bool = False
    settled: list[str] = field(default_factory=list)

    @property
    def session(self) -> Any:
        now = datetime(2026, 11, 20, 2, tzinfo=UTC) + timedelta(days=self.night)
        return SimpleNamespace(
            memory=self.memory, is_always=self.is_always, run=SimpleNamespace(id=RUNS[self.night]),
            outside=SimpleNamespace(clock=SimpleNamespace(now=lambda: now), redactor=Redactor(())),
            history=SimpleNamespace(settle_error=lambda run, task, now: self.settled.append(run)),
        )  # fmt: skip

    def publish(self, night: int, mail: Mail, *, task: str = "email") -> str:
        """What became of the mail, or what was wrong."""
        self.night = night
        try:
            return delivery.deliver(self.session, task, mail, RUNS[night], f"made of {night}")
        except PublishError as error:
            return str(error)

    def states(self) -> list[State]:
        return [one.state for one in self.memory.effects(*State) if one.kind == Kind.EMAIL]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    def message(_: object, run: str) -> Message:
        return Message(run=run, subject=Masked(run), text=Masked("text"), html=Masked("html"), is_failure=False)

    monkeypatch.setattr("splinter.publish.messages.message", message)
    return Project(Memory(tmp_path / ".splinter"))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_in(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def served(certificate: Path) -> Iterator[tuple[Moody, Callable[..., Mail]]]:
    postbox = Moody()
    with serving(postbox, certificate, has_tls=False) as port:
        yield (
            postbox,
            lambda **fields: replace(
                mail_to(port, certificate, security="none", user=None, password=None, timeout_s=0.3), **fields
            ),
        )


def had(postbox: Postbox, recipient: str) -> list[str]:
    """The runs that somebody was told of, in order."""
    letters = zip(postbox.envelopes, postbox.letters(), strict=True)
    return [str(letter["Subject"]) for envelope, letter in letters if recipient in envelope.rcpt_tos]


@pytest.mark.parametrize(
    "mood",
    [
        "MAIL 451 not now", "MAIL 421 closing", "MAIL drop", "RCPT 450 greylisted", "RCPT drop", "DATA 452 full",
        "DATA 421 closing", "DATA drop", "port closed",
    ],
)  # fmt: skip
def test_three_bad_nights_lose_nothing_and_repeat_nothing(
    project: Project, served: tuple[Moody, Callable[..., Mail]], mood: str
) -> None:
    postbox, mail = served
    postbox.mood = mood
    for number in range(3):
        told = project.publish(number, mail(port=1) if mood == "port closed" else mail())
        assert told.startswith("mail server 127.0.0.1:")
        waits = "it waits" if not number else f"{number + 1} messages wait, the oldest of the run {RUNS[0]}"
        assert told.endswith(f"; {waits}: the next run tries again")
    assert project.states() == [State.WAITING] * 3
    postbox.mood = ""
    told = project.publish(3, mail())
    assert told == "mail to team@example.org, lead@example.org, after 3 messages that waited"
    assert [had(postbox, one) for one in BOTH] == [list(RUNS[:4])] * 2
    assert len({letter["Message-ID"] for letter in postbox.letters()}) == 4
    assert project.states() == [State.DONE], "what is over is forgotten"
    assert project.settled == list(RUNS[:3])
    assert project.publish(3, mail()) == "it was sent before"
    assert len(postbox.envelopes) == 4


def test_a_server_that_takes_mails_and_never_says_so_gets_copies_under_one_id(
    project: Project, served: tuple[Moody, Callable[..., Mail]]
) -> None:
    postbox, mail = served
    postbox.drops = 3
    project.publish(0, mail())
    project.publish(1, mail())
    assert project.publish(2, mail()).startswith("mail to team@")
    ids: dict[str, set[str]] = {}
    for letter in postbox.letters():
        ids.setdefault(str(letter["Subject"]), set()).add(str(letter["Message-ID"]))
    assert [len(ids[run]) for run in RUNS[:3]] == [1, 1, 1]


def test_a_recipient_who_is_refused_is_given_up_after_three_tries_and_has_what_comes_later(
    project: Project, served: tuple[Moody, Callable[..., Mail]]
) -> None:
    postbox, mail = served
    postbox.refuses = ("lead@example.org",)
    assert project.publish(0, mail()).endswith("check REPORT_RECIPIENTS; it waits: the next run tries again")
    project.publish(1, mail())
    told = project.publish(2, mail())
    assert f"of the run {RUNS[0]}: mail server 127.0.0.1:" in told
    assert f"it is given up after 3 tries, and `doit show {RUNS[0]}` prints it" in told
    assert had(postbox, "team@example.org") == list(RUNS[:3]), "each once"
    postbox.refuses = ()
    project.publish(3, mail())
    assert had(postbox, "lead@example.org") == list(RUNS[1:4])
    assert project.states() == [State.REFUSED, State.DONE]


def test_who_is_meant_is_who_is_meant_today(project: Project, served: tuple[Moody, Callable[..., Mail]]) -> None:
    postbox, mail = served
    postbox.refuses = ("tem@example.org",)
    project.publish(0, mail(recipients=("tem@example.org",)))
    assert project.publish(1, mail(recipients=("team@example.org",))).startswith("mail to team@example.org")
    assert had(postbox, "team@example.org") == list(RUNS[:2])


def test_two_bad_mails_in_a_row_hold_up_no_third_that_the_server_would_take(
    project: Project, served: tuple[Moody, Callable[..., Mail]]
) -> None:
    postbox, mail = served
    postbox.mood = "DATA 554 content"
    project.publish(0, mail())
    project.publish(1, mail())
    postbox.mood, postbox.refuses_text = "", RUNS[0]
    told = project.publish(2, mail())
    assert had(postbox, "team@example.org") == list(RUNS[1:3])
    assert told.startswith(f"of the run {RUNS[0]}: mail server 127.0.0.1:")


@pytest.mark.parametrize("answer", ["", "451 try again"])
def test_two_mails_that_break_the_line_each_time_hold_up_no_other(
    project: Project, served: tuple[Moody, Callable[..., Mail]], answer: str
) -> None:
    postbox, mail = served
    for number in range(4):
        project.publish(number, mail(port=1))
    postbox.breaks, postbox.breaks_with = RUNS[:2], answer
    told = project.publish(4, mail())
    assert sorted(had(postbox, "team@example.org")) == list(RUNS[2:])
    assert told.endswith(f"; 2 messages wait, the oldest of the run {RUNS[0]}: the next run tries again")


def test_a_silent_server_is_waited_for_three_times_and_not_once_for_each_mail(
    project: Project, certificate: Path
) -> None:
    tries: list[str] = []

    class Silent(Mail):
        __slots__ = ()

        def send(self, message: Message) -> str:
            tries.append(message.run)
            raise PublishError("silence")

    mail = Silent(
        host="",
        port=1,
        user=None,
        password=None,
        security="none",
        sender=mail_to(1, certificate).sender,
        recipients=BOTH,
    )
    for number in range(4):
        project.publish(number, mail)
    assert tries == [RUNS[one] for one in (0, 0, 1, 0, 1, 2, 0, 1, 3)]


def test_what_nobody_took_for_a_month_is_given_up_and_told_once(
    project: Project, served: tuple[Moody, Callable[..., Mail]]
) -> None:
    postbox, mail = served
    project.publish(0, mail(port=1))
    [effect] = project.memory.effects(State.WAITING)
    project.memory.put_effect(replace(effect, begun="2026-10-01T00:00:00+00:00"))
    assert "it is given up after 30 days; " in project.publish(1, mail())
    assert project.publish(2, mail()).startswith("mail to ")
    assert had(postbox, "team@example.org") == list(RUNS[1:3])
    assert project.states() == [State.DONE]


def test_what_else_goes_makes_no_message_certain(project: Project, certificate: Path) -> None:
    said: list[PublishError | str] = [UnansweredError("silence"), PublishError("no line"), "message to Slack"]

    class Slack(Mail):
        __slots__ = ()

        def send(self, message: Message) -> str:
            found = said.pop(0)
            if isinstance(found, str):
                return found
            raise found

    slack = Slack(
        host="", port=1, user=None, password=None, security="", sender=mail_to(1, certificate).sender, recipients=BOTH
    )
    assert project.publish(0, slack, task="slack") == "silence"
    assert project.publish(1, slack, task="slack").startswith("no line; it waits")
    assert project.publish(0, slack, task="slack") == "silence", "the other went, and this one stays unknown"
    assert not delivery.waiting(project.memory, "slack")
    assert delivery.is_settled(project.memory, "slack", RUNS[0], "made of 0")


@pytest.mark.parametrize(
    ("error", "left"), [(GitError("git was ended"), [State.WAITING]), (NoRecordError("no run"), [])]
)
def test_a_message_that_cannot_be_made_now_waits(
    project: Project, served: tuple[Moody, Callable[..., Mail]], monkeypatch: pytest.MonkeyPatch,
    error: SplinterError, left: list[State],
) -> None:  # fmt: skip
    _, mail = served

    def made(_: object, run: str) -> Message:
        raise error

    monkeypatch.setattr("splinter.publish.messages.message", made)
    assert str(error) in project.publish(0, mail())
    assert project.states() == left


def test_two_that_were_cut_off_hold_up_no_third(project: Project, certificate: Path) -> None:
    sent: list[str] = []

    class Slack(Mail):
        __slots__ = ()

        def send(self, message: Message) -> str:
            sent.append(message.run)
            return "message to Slack"

    slack = Slack(
        host="", port=1, user=None, password=None, security="", sender=mail_to(1, certificate).sender, recipients=BOTH
    )
    for run in RUNS[:2]:
        project.memory.put_effect(Effect(kind=Kind.SLACK, target=run, made_of="x", begun="2026-11-20T02:00:00+00:00"))
    told = project.publish(2, slack, task="slack")
    assert all(f"of the run {run}: a call was ended while it was sent" in told for run in RUNS[:2])
    assert sent == [RUNS[2]]
    assert not delivery.waiting(project.memory, "slack")


def test_asked_for_again_it_goes_to_all_under_the_same_id(
    project: Project, served: tuple[Moody, Callable[..., Mail]]
) -> None:
    postbox, mail = served
    project.publish(0, mail())
    project.is_always = True
    project.publish(0, mail())
    assert len(postbox.envelopes) == 2
    assert len({letter["Message-ID"] for letter in postbox.letters()}) == 1


def test_the_letter_has_all_recipients_whoever_lacks_it(
    project: Project, served: tuple[Moody, Callable[..., Mail]]
) -> None:
    postbox, mail = served
    postbox.refuses = ("lead@example.org",)
    project.publish(0, mail())
    postbox.refuses = ()
    project.publish(0, mail())
    first, second = postbox.letters()
    assert isinstance(first, email.message.EmailMessage)
    assert first["To"] == second["To"] == ", ".join(BOTH)
    assert [one.rcpt_tos for one in postbox.envelopes] == [["team@example.org"], ["lead@example.org"]]
