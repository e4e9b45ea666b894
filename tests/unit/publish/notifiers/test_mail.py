from __future__ import annotations

import asyncio
import email
import email.policy
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from splinter.errors import PartlySentError, PublishError
from splinter.model.ports import Message
from splinter.model.settings import Identity
from splinter.publish.notifiers.letter import compose
from splinter.publish.notifiers.mail import Mail
from splinter.publish.notifiers.mail_files import MailFiles

PASSWORD = "app-passw0rd"
LOCAL = Identity(name="", email="splinter@localhost")
SENDER = Identity(name="Splinter Bot", email="bot@example.org")
MESSAGE = Message(
    run="run-1", subject="[splinter] 1 failed · run-1", text="# Täglich\n.\nFrom x\n", html="<p>é</p>", is_failure=True
)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class Postbox:
    """A mail server with STARTTLS and AUTH; it keeps what it is given.

    `refuses_text` is what no header may hold; `drops` counts mails that it takes, and then drops the line; while it
    `holds`, it takes a mail and never says so.
    """

    envelopes: list[Envelope] = field(default_factory=list)
    refuses: tuple[str, ...] = ()
    refuses_text: str = ""
    after_data: str = "250 OK"
    logins: int = 0
    drops: int = 0
    holds: bool = False

    async def handle_RCPT(self, _s: Any, _n: Any, envelope: Envelope, address: str, _o: Any) -> str:  # noqa: N802
        if address in self.refuses:
            return "550 no such user \x1b[31mhere"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.refuses_text and self.refuses_text.encode() in _content(envelope).partition(b"\r\n\r\n")[0]:
            return "554 not this one"
        if self.after_data.startswith("250"):
            self.envelopes.append(envelope)
        while self.holds:
            await asyncio.sleep(0.01)
        if self.drops:
            self.drops -= 1
            assert server.transport
            server.transport.abort()
        return self.after_data

    def authenticate(self, _server: SMTP, _session: Any, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        is_right = data.login == b"bot" and data.password == PASSWORD.encode()
        self.logins += is_right
        return AuthResult(success=is_right, handled=is_right)

    def letters(self) -> list[EmailMessage]:
        found = [email.message_from_bytes(_content(one), policy=email.policy.default) for one in self.envelopes]
        return [letter for letter in found if isinstance(letter, EmailMessage)]


def _content(envelope: Envelope) -> bytes:
    assert isinstance(envelope.content, bytes)
    return envelope.content


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_in(tmp_path_factory.mktemp("certificate"))


def certificate_in(folder: Path) -> Path:
    """A self-made certificate and its key, for the loopback address."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return file


@contextmanager
def serving(postbox: Postbox, certificate: Path, *, has_tls: bool = True) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    controller = Controller(
        postbox, hostname="127.0.0.1", port=0, tls_context=context if has_tls else None,
        auth_require_tls=has_tls, authenticator=postbox.authenticate,
    )  # fmt: skip
    # aiosmtpd's own controller cannot report the port that it was given, so one is chosen here
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        controller.port = probe.getsockname()[1]
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def mail_to(port: int, certificate: Path, **fields: Any) -> Mail:
    whole = {
        "host": "127.0.0.1", "port": port, "user": "bot", "password": PASSWORD, "security": "starttls",
        "sender": SENDER, "recipients": ("team@example.org", "lead@example.org"),
        "context": ssl.create_default_context(cafile=certificate), "timeout_s": 5.0, "now": lambda: NOW, **fields,
    }  # fmt: skip
    return Mail(**whole)


def failure(mail: Mail) -> str:
    with pytest.raises(PublishError) as error:
        mail.send(MESSAGE)
    assert PASSWORD not in str(error.value)
    return str(error.value).replace(f":{mail.port}", "")


def test_a_mail_arrives_over_starttls_with_text_and_html(certificate: Path) -> None:
    postbox = Postbox()
    with serving(postbox, certificate) as port:
        assert mail_to(port, certificate).send(MESSAGE) == "mail to team@example.org, lead@example.org"
    assert postbox.logins == 1
    assert postbox.envelopes[0].rcpt_tos == ["team@example.org", "lead@example.org"]
    letter = postbox.letters()[0]
    assert letter["Subject"] == "[splinter] 1 failed · run-1"
    assert letter["From"] == "Splinter Bot <bot@example.org>"
    assert postbox.envelopes[0].mail_from == "bot@example.org"
    assert letter["To"] == "team@example.org, lead@example.org"
    assert letter["Date"].datetime == NOW
    assert letter["Message-ID"].endswith("@example.org>")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content_type() == "multipart/alternative"
    parts = [(part.get_content_type(), part.get_content().replace("\r\n", "\n")) for part in letter.iter_parts()]
    assert parts == [("text/plain", "# Täglich\n.\nFrom x\n"), ("text/html", "<p>é</p>\n")]


def test_a_certificate_that_nobody_signed_stops_the_mail_before_the_password(certificate: Path) -> None:
    postbox = Postbox()
    with serving(postbox, certificate) as port:
        told = failure(mail_to(port, certificate, context=None))
    assert told == (
        "mail server 127.0.0.1: no trusted line (CERTIFICATE_VERIFY_FAILED);"
        " check SMTP_HOST, SMTP_PORT and SMTP_SECURITY"
    )
    assert (postbox.logins, postbox.envelopes) == (0, [])


def test_a_server_without_starttls_gets_no_password(certificate: Path) -> None:
    postbox = Postbox()
    with serving(postbox, certificate, has_tls=False) as port:
        told = failure(mail_to(port, certificate))
    assert told == (
        "mail server 127.0.0.1: STARTTLS extension not supported by server.;"
        " check SMTP_SECURITY (starttls) and SMTP_PORT"
    )
    assert postbox.logins == 0


def test_security_none_sends_without_a_login_where_no_user_is_named(certificate: Path) -> None:
    postbox = Postbox()
    with serving(postbox, certificate, has_tls=False) as port:
        mail_to(port, certificate, security="none", user=None, password=None).send(MESSAGE)
    assert (postbox.logins, len(postbox.envelopes)) == (0, 1)


def test_a_wrong_password_is_reported_without_being_shown(certificate: Path) -> None:
    with serving(Postbox(), certificate) as port:
        told = failure(mail_to(port, certificate, password="wrong-password"))
    assert told == (
        "mail server 127.0.0.1 refused the login (535 5.7.8 Authentication credentials invalid);"
        " check SMTP_USER and SMTP_PASSWORD (many providers want an app password)"
    )


def test_one_refused_recipient_costs_no_other(certificate: Path) -> None:
    postbox = Postbox(refuses=("lead@example.org",))
    with serving(postbox, certificate) as port, pytest.raises(PartlySentError) as error:
        mail_to(port, certificate).send(MESSAGE)
    assert str(error.value).replace(f":{port}", "") == (
        "mail server 127.0.0.1 refused lead@example.org (550 no such user here); sent to team@example.org;"
        " check REPORT_RECIPIENTS"
    )
    assert error.value.taken == ("team@example.org",)
    assert postbox.envelopes[0].rcpt_tos == ["team@example.org"]


def test_a_mail_that_every_recipient_refuses_is_reported(certificate: Path) -> None:
    with serving(Postbox(refuses=("team@example.org", "lead@example.org")), certificate) as port:
        told = failure(mail_to(port, certificate))
    assert told == (
        "mail server 127.0.0.1 refused every recipient: lead@example.org (550 no such user here),"
        " team@example.org (550 no such user here); check REPORT_RECIPIENTS"
    )


def test_a_refused_mail_is_reported(certificate: Path) -> None:
    with serving(Postbox(after_data="552 too much"), certificate) as port:
        assert failure(mail_to(port, certificate)) == "mail server 127.0.0.1 refused the mail (552 too much)"


def test_a_server_that_is_not_there_is_reported(certificate: Path) -> None:
    assert failure(mail_to(1, certificate)) == (
        "mail server 127.0.0.1 does not take the mail (Connection refused); check SMTP_HOST and SMTP_PORT"
    )


def test_a_server_that_stalls_is_given_up(certificate: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        told = failure(mail_to(silent.getsockname()[1], certificate, timeout_s=0.2))
    assert told == (
        "mail server 127.0.0.1 does not take the mail (Connection unexpectedly closed: timed out);"
        " check SMTP_HOST and SMTP_PORT"
    )


def test_a_login_that_nobody_can_read_is_reported(certificate: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as odd:

        def answer() -> None:
            line = odd.accept()[0]
            with line, line.makefile("rb") as heard:
                line.sendall(b"220 odd\r\n")
                for said in (b"250-odd\r\n250 AUTH CRAM-MD5\r\n", b"334 a\r\n"):
                    heard.readline()
                    line.sendall(said)
                heard.readline()

        thread = threading.Thread(target=answer)
        thread.start()
        told = failure(mail_to(odd.getsockname()[1], certificate, security="none"))
        thread.join()
    assert told.startswith("mail server 127.0.0.1 does not answer as a mail server does (Invalid base64")


def test_a_server_that_drops_the_line_is_reported(certificate: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as rude:
        thread = threading.Thread(target=lambda: rude.accept()[0].close())
        thread.start()
        told = failure(mail_to(rude.getsockname()[1], certificate))
        thread.join()
    assert told.startswith("mail server 127.0.0.1 does not take the mail (")


def test_a_password_beyond_ascii_is_reported_without_being_shown(certificate: Path) -> None:
    with serving(Postbox(), certificate) as port:
        told = failure(mail_to(port, certificate, password="pässwörd"))
    assert told == "mail server 127.0.0.1: host, user and password must be ASCII"


@pytest.mark.parametrize("address", ["team", "a@b, c@d", "a@b\nBcc: x@y", "<a@b>", "", "a b@c", "ü@example.org"])
def test_an_address_that_is_none_is_reported(certificate: Path, address: str) -> None:
    with pytest.raises(PublishError, match=r"is not a mail address; write name@host, several with commas between$"):
        mail_to(1, certificate, recipients=(address,)).send(MESSAGE)


@settings(deadline=None)
@given(st.text(max_size=80), st.text(st.characters(codec="utf-8"), max_size=200))
def test_no_subject_or_text_can_add_a_header(subject: str, text: str) -> None:
    message = replace(MESSAGE, subject=f"{subject}\r\nBcc: x@y.z", text=text)
    letter = compose(message, sender=Identity(name=subject, email="a@b.c"), recipients=("d@e.f",), now=NOW)
    line = letter.as_bytes()
    assert line.isascii()
    arrived = email.message_from_bytes(line, policy=email.policy.default)
    assert arrived.keys() == [
        "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version",
        "Content-Type",
    ]  # fmt: skip


def test_the_outbox_keeps_one_file_a_run(tmp_path: Path) -> None:
    outbox = MailFiles(tmp_path / ".splinter/outbox", LOCAL, now=lambda: NOW)
    assert outbox.send(MESSAGE) == "written to .splinter/outbox/run-1.eml"
    assert outbox.send(MESSAGE) == "written to .splinter/outbox/run-1.eml"
    files = list((tmp_path / ".splinter/outbox").iterdir())
    assert [(file.name, file.stat().st_mode & 0o777) for file in files] == [("run-1.eml", 0o600)]
    letter = email.message_from_bytes(files[0].read_bytes(), policy=email.policy.default)
    assert isinstance(letter, EmailMessage)
    assert (letter["Subject"], letter["From"]) == ("[splinter] 1 failed · run-1", "splinter@localhost")
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize(("run", "name"), [("../../x", "_.._x.eml"), ("", "mail.eml"), ("a b\n", "a_b_.eml")])
def test_a_run_cannot_lead_out_of_the_outbox(tmp_path: Path, run: str, name: str) -> None:
    MailFiles(tmp_path / "outbox", LOCAL).send(replace(MESSAGE, run=run))
    assert [file.name for file in (tmp_path / "outbox").iterdir()] == [name]


def test_an_outbox_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where the folder should be")
    with pytest.raises(PublishError, match=r"outbox/run-1\.eml cannot be written: "):
        MailFiles(tmp_path / "outbox", LOCAL).send(MESSAGE)


def test_the_password_is_not_shown_when_it_is_printed(certificate: Path) -> None:
    assert PASSWORD not in repr(mail_to(1, certificate))
