"""Mail over SMTP, or as a file in the outbox. It never sends over a line whose certificate it could not verify."""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from pathlib import Path

from splinter.errors import PartlySentError, PublishError
from splinter.model import finding
from splinter.model.finding import Finding
from splinter.model.ports import Message, Sender
from splinter.model.settings import Environment
from splinter.system import disk_errors
from splinter.system.files import write_whole
from splinter.text.counts import plural
from splinter.text.markdown import one_line
from splinter.text.redact import Redactor

SECURITIES = ("starttls", "ssl", "none")
SENDER = "splinter@localhost"
SENDGRID = ("smtp.sendgrid.net", "apikey")  # its relay, and the user that it wants beside a key
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail server; `security` is starttls, ssl or none, `context` another idea of whom to trust (tests)."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    security: str
    sender: str
    recipients: tuple[str, ...]
    context: ssl.SSLContext | None = None
    timeout_s: float = 30.0
    now: Callable[[], datetime] = _now

    @classmethod
    def from_env(cls, environment: Environment, sender: Sender) -> Mail | Outbox:
        """Through SMTP_HOST, or SendGrid's relay where its key is set; without either into the outbox."""
        host, user, password = environment.smtp_host, environment.smtp_user, environment.smtp_password
        if not host and environment.sendgrid_api_key:
            (host, user), password = SENDGRID, environment.sendgrid_api_key
        if not host:
            return Outbox.from_env(environment, sender)
        if not environment.report_recipients:
            raise PublishError(
                "REPORT_RECIPIENTS is not set, so the mail has nobody to go to; set it, with commas between addresses"
            )
        return cls(
            host=host,
            port=environment.smtp_port,
            user=user,
            password=password,
            security=environment.smtp_security,
            sender=sender.address,
            recipients=environment.report_recipients,
        )

    def finding(self) -> Finding:
        """Through which server it goes, and to how many."""
        if self.user and not self.password:
            message = "SMTP_USER is set and SMTP_PASSWORD is not; set it, or let the mail server ask for no login"
            return finding.problem("email", "email", message)
        login = "with" if self.user else "without"
        through = f"{self.host}:{self.port} ({self.security}, {login} a login)"
        number = plural(len(self.recipients), "recipient")
        return finding.ok("email", "email", f"goes to {number} through {through}; `doit email --test` proves it")

    def send(self, message: Message) -> str:
        """Send to all recipients and say to whom; one whom the server refuses costs no other, and is an error."""
        if self.security not in SECURITIES:
            raise PublishError(f'SMTP_SECURITY is "{self.security}"; it must be one of {", ".join(SECURITIES)}')
        recipients = tuple(one for one in self.recipients if one not in message.delivered_to)
        if not recipients:
            return "everybody has it"
        letter = compose(message, sender=self.sender, recipients=recipients, now=self.now())
        with self._as_publish_errors(), self._connected() as server:
            # not send_message: it writes ">From" where a line of the text begins with From
            refused = server.sendmail(self.sender, list(recipients), letter.as_bytes())
        taken = tuple(one for one in recipients if one not in refused)
        if refused:
            raise PartlySentError(
                f"{self._where} refused {_listed(refused)}; sent to {', '.join(taken)}; check REPORT_RECIPIENTS", taken
            )
        return f"mail to {', '.join(taken)}"

    @property
    def _where(self) -> str:
        return f"mail server {self.host}:{self.port}"

    @contextlib.contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        context = self.context or ssl.create_default_context()
        if self.security == "ssl":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout_s, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=self.timeout_s)
        try:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password or "")
            yield server
        finally:
            # a server that drops the line after it took the mail has taken it
            with contextlib.suppress(OSError):
                server.quit()
            server.close()

    @contextlib.contextmanager
    def _as_publish_errors(self) -> Iterator[None]:
        """Turns the errors of smtplib and of the line into ours; the server's own words are shown, masked."""
        where = self._where
        try:
            yield
        except smtplib.SMTPAuthenticationError as error:
            raise PublishError(
                f"{where} refused the login ({self._said(error)}); check SMTP_USER and SMTP_PASSWORD"
                " (many providers want an app password)"
            ) from error
        except smtplib.SMTPRecipientsRefused as error:
            refused = _listed(error.recipients)
            raise PublishError(f"{where} refused every recipient: {refused}; check REPORT_RECIPIENTS") from error
        except smtplib.SMTPNotSupportedError as error:
            raise PublishError(f"{where}: {error}; check SMTP_SECURITY ({self.security}) and SMTP_PORT") from error
        except smtplib.SMTPResponseException as error:
            raise PublishError(f"{where} refused the mail ({self._said(error)})") from error
        except ssl.SSLError as error:
            raise PublishError(
                f"{where}: no trusted line ({error.reason or error}); check SMTP_HOST, SMTP_PORT and SMTP_SECURITY"
            ) from error
        except UnicodeError as error:
            raise PublishError(f"{where}: host, user and password must be ASCII") from error
        except OSError as error:  # smtplib's own errors are OSErrors too
            said = one_line(error.strerror or error) or type(error).__name__
            raise PublishError(f"{where} does not take the mail ({said}); check SMTP_HOST and SMTP_PORT") from error

    def _said(self, error: smtplib.SMTPResponseException) -> str:
        return Redactor((self.password or "",)).text(_words(error.smtp_code, error.smtp_error))


@dataclass(frozen=True, slots=True)
class Outbox:
    """Mails as `.eml` files in a folder, for a machine without a mail server."""

    folder: Path
    sender: str = SENDER
    recipients: tuple[str, ...] = ()
    now: Callable[[], datetime] = _now

    @classmethod
    def from_env(cls, environment: Environment, sender: Sender) -> Outbox:
        """The folder for what waits."""
        return cls(sender.outbox, sender.address, environment.report_recipients)

    def finding(self) -> Finding:
        """That mails become files, and why."""
        message = "neither SMTP_HOST nor SENDGRID_API_KEY is set, so mails become files in "
        return finding.note("email", "email", f"{message}{self.folder.parent.name}/{self.folder.name}/")

    def send(self, message: Message) -> str:
        """Write `<run>.eml` and say where."""
        letter = compose(message, sender=self.sender, recipients=self.recipients, now=self.now())
        file = self.folder / f"{re.sub(r'[^0-9A-Za-z._-]', '_', message.run).lstrip('.') or 'mail'}.eml"
        try:
            write_whole(file, letter.as_bytes().decode("ascii"))
        except OSError as error:
            raise PublishError(disk_errors.sentence(file, error)) from error
        return f"written to {self.folder.parent.name}/{self.folder.name}/{file.name}"


def compose(message: Message, *, sender: str, recipients: tuple[str, ...], now: datetime) -> EmailMessage:
    """The mail: plain text beside HTML, in ASCII on the line; raises PublishError for an address that is none."""
    for address in (sender, *recipients):
        if not (address.isascii() and _ADDRESS.fullmatch(address)):
            raise PublishError(
                f'"{one_line(address)}" is not a mail address; write name@host, several with commas between'
            )
    letter = EmailMessage(policy=SMTP)
    try:
        letter["Subject"] = one_line(message.subject)
        letter["From"] = sender
        letter["To"] = ", ".join(recipients) or "undisclosed-recipients:;"
        letter["Date"] = format_datetime(now)
        letter["Message-ID"] = make_msgid(domain=sender.partition("@")[2])
        letter["Auto-Submitted"] = "auto-generated"
        letter["X-Auto-Response-Suppress"] = "All"
        # never 8bit: not every server takes it
        letter.set_content(message.text, cte="quoted-printable")
        letter.add_alternative(message.html, subtype="html", cte="quoted-printable")
    except (MessageError, UnicodeError, ValueError) as error:
        raise PublishError(f"the mail cannot be written: {error}") from error
    return letter


def _listed(refused: Mapping[str, tuple[int, bytes]]) -> str:
    return ", ".join(f"{name} ({_words(*answer)})" for name, answer in sorted(refused.items()))


def _words(status: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{status} {one_line(text)}"
