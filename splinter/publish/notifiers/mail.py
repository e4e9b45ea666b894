"""Mail over SMTP. It never sends over a line whose certificate it could not verify, nor in the clear unless told to."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, ClassVar, TypeVar

from splinter.errors import NotTakenError, PartlySentError, PublishError
from splinter.model import finding
from splinter.model.finding import Finding
from splinter.model.ports import Message, Sender
from splinter.model.settings import Environment, Identity
from splinter.publish.notifiers.letter import compose, is_address
from splinter.publish.notifiers.line import WAITS, cut_after
from splinter.publish.notifiers.mail_files import MailFiles
from splinter.text.counts import plural
from splinter.text.markdown import one_line
from splinter.text.redact import Redactor

SENDGRID = ("smtp.sendgrid.net", "apikey")  # its relay, and the user that it wants beside a key


_Server = TypeVar("_Server", bound=smtplib.SMTP)
_FOR_GOOD = 500  # from here on the server says that it will not take it at another time either


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail server; `security` is SMTP_SECURITY's value, `context` another idea of whom to trust (tests)."""

    goes_out: ClassVar[bool] = True
    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    security: str
    sender: Identity
    recipients: tuple[str, ...]
    context: ssl.SSLContext | None = None
    timeout_s: float = 30.0
    now: Callable[[], datetime] = _now

    @classmethod
    def from_env(cls, environment: Environment, sender: Sender) -> Mail | MailFiles:
        """Through SMTP_HOST, or SendGrid's relay where its key is set; without either into the outbox."""
        host, user, password = environment.smtp_host, environment.smtp_user, environment.smtp_password
        if not host and environment.sendgrid_api_key:
            (host, user), password = SENDGRID, environment.sendgrid_api_key
        if not host:
            return MailFiles.from_env(environment, sender)
        if environment.smtp_security == "none" and not _is_here(host):
            raise PublishError(
                f"SMTP_SECURITY is none, which would send mail and password in the clear to {host}; leave it out, or"
                " set it to none-anywhere on a network that you trust"
            )
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
            sender=sender_of(environment, sender),
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
        goes = f"goes to {number} through {through}, from {shown(self.sender)}"
        if "." not in self.sender.email.partition("@")[2]:
            message = f"{goes}, which is nobody's address to other servers: many refuse it; set SMTP_FROM"
            return finding.note("email", "email", f"it {message}")
        return finding.ok("email", "email", f"{goes}; `doit email --test` proves it")

    def send(self, message: Message) -> str:
        """Send to all recipients and say to whom; one whom the server refuses costs no other, and is an error."""
        recipients = tuple(one for one in self.recipients if one not in message.delivered_to)
        if not recipients:
            return "everybody has it"
        letter = compose(message, sender=self.sender, recipients=self.recipients, now=self.now())
        with self._as_publish_errors(), self._connected() as server:
            # not send_message: it writes ">From" where a line of the text begins with From
            refused = server.sendmail(self.sender.email, list(recipients), letter.as_bytes())
        taken = tuple(one for one in recipients if one not in refused)
        if refused:
            raise PartlySentError(
                f"{self._where} refused {_listed(refused)}; sent to {', '.join(taken)}; check REPORT_RECIPIENTS",
                taken,
                is_final=_are_final(refused),
            )
        return f"mail to {', '.join(taken)}"

    @property
    def _where(self) -> str:
        return f"mail server {self.host}:{self.port}"

    @contextlib.contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        context = self.context or ssl.create_default_context()
        lines: list[smtplib.SMTP] = []
        with cut_after(WAITS * self.timeout_s, lambda: lines[0].sock if lines else None):
            if self.security == "ssl":
                server: smtplib.SMTP = _seen(smtplib.SMTP_SSL, lines)(
                    self.host, self.port, timeout=self.timeout_s, context=context
                )
            else:
                server = _seen(smtplib.SMTP, lines)(self.host, self.port, timeout=self.timeout_s)
            with self._logged_in(server, context):
                yield server

    @contextlib.contextmanager
    def _logged_in(self, server: smtplib.SMTP, context: ssl.SSLContext) -> Iterator[None]:
        try:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password or "")
            yield
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
            kind = NotTakenError if _are_final(error.recipients) else PublishError
            refused = _listed(error.recipients)
            raise kind(f"{where} refused every recipient: {refused}; check REPORT_RECIPIENTS") from error
        except smtplib.SMTPNotSupportedError as error:
            raise PublishError(f"{where}: {error}; check SMTP_SECURITY ({self.security}) and SMTP_PORT") from error
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            kind = NotTakenError if error.smtp_code >= _FOR_GOOD else PublishError
            hint = f"; it came from {self.sender.email}" if isinstance(error, smtplib.SMTPSenderRefused) else ""
            raise kind(f"{where} refused the mail ({self._said(error)}){hint}") from error
        except smtplib.SMTPResponseException as error:
            raise PublishError(f"{where} refused us ({self._said(error)})") from error
        except ssl.SSLError as error:
            raise PublishError(
                f"{where}: no trusted line ({error.reason or error}); check SMTP_HOST, SMTP_PORT and SMTP_SECURITY"
            ) from error
        except UnicodeError as error:
            raise PublishError(f"{where}: host, user and password must be ASCII") from error
        except ValueError as error:  # of base64, in a login
            raise PublishError(f"{where} does not answer as a mail server does ({one_line(error)})") from error
        except OSError as error:  # smtplib's own errors are OSErrors too
            said = one_line(error.strerror or error) or type(error).__name__
            raise PublishError(f"{where} does not take the mail ({said}); check SMTP_HOST and SMTP_PORT") from error

    def _said(self, error: smtplib.SMTPResponseException) -> str:
        return Redactor((self.password or "",)).text(_words(error.smtp_code, error.smtp_error))


def _seen(kind: type[_Server], lines: list[smtplib.SMTP]) -> type[_Server]:
    """The same, in the list before its greeting is waited for."""

    class Seen(kind):  # type: ignore[misc, valid-type]
        def connect(self, *arguments: Any, **named: Any) -> Any:
            lines.append(self)
            return super().connect(*arguments, **named)

    return Seen


def sender_of(environment: Environment, sender: Sender) -> Identity:
    """Who mails are from: SMTP_FROM, else the login where it is an address, else who commits."""
    if environment.smtp_from:
        return environment.smtp_from
    user = environment.smtp_user or ""
    return Identity(name="", email=user if is_address(user) else sender.address)


def shown(sender: Identity) -> str:
    """An address as people read it."""
    return f"{sender.name} <{sender.email}>" if sender.name else sender.email


def _is_here(host: str) -> bool:
    """Whether a host is this machine; a name that merely leads here may lead elsewhere tomorrow."""
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _are_final(refused: Mapping[str, tuple[int, bytes]]) -> bool:
    return all(status >= _FOR_GOOD for status, _ in refused.values())


def _listed(refused: Mapping[str, tuple[int, bytes]]) -> str:
    return ", ".join(f"{name} ({_words(*answer)})" for name, answer in sorted(refused.items()))


def _words(status: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{status} {one_line(text)}"
