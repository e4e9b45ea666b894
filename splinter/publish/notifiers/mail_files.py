"""Mails as files in the outbox, for a machine without a mail server. They are for people to read, and never sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from splinter.errors import PublishError
from splinter.model import finding
from splinter.model.finding import Finding
from splinter.model.ports import Message, Sender
from splinter.model.settings import Environment, Identity
from splinter.publish.notifiers.letter import compose
from splinter.system import disk_errors
from splinter.system.files import write_whole


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class MailFiles:
    """`.eml` files in a folder."""

    goes_out: ClassVar[bool] = False
    folder: Path
    sender: Identity
    recipients: tuple[str, ...] = ()
    now: Callable[[], datetime] = _now

    @classmethod
    def from_env(cls, environment: Environment, sender: Sender) -> MailFiles:
        """The folder for them."""
        own = environment.smtp_from or Identity(name="", email=sender.address)
        return cls(sender.outbox, own, environment.report_recipients)

    def finding(self) -> Finding:
        """That mails become files, and why."""
        message = "neither SMTP_HOST nor SENDGRID_API_KEY is set, so mails become files in "
        return finding.note("email", "email", f"{message}{self.folder.parent.name}/{self.folder.name}/")

    def send(self, message: Message) -> str:
        """Write `<run>.eml` and say where."""
        letter = compose(message, sender=self.sender, recipients=self.recipients, now=self.now())
        file = self.folder / f"{re.sub(r'[^0-9A-Za-z._-]', '_', message.run).lstrip('.') or 'mail'}.eml"
        try:
            write_whole(file, letter.as_bytes().decode("ascii"), mode=0o600)
        except OSError as error:
            raise PublishError(disk_errors.sentence(file, error)) from error
        return f"written to {self.folder.parent.name}/{self.folder.name}/{file.name}"
