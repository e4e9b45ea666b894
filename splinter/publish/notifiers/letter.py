"""A mail, composed: plain text beside HTML, in ASCII on the line. It sends nothing."""

from __future__ import annotations

import re
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from splinter.errors import PublishError
from splinter.model.ports import Message
from splinter.model.settings import Identity
from splinter.text.markdown import one_line

_KINDS = {"html": ("text", "html"), "zip": ("application", "zip")}
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")


def compose(message: Message, *, sender: Identity, recipients: tuple[str, ...], now: datetime) -> EmailMessage:
    """The mail, whose `Message-ID` is made of the message's id; raises PublishError for an address that is none."""
    for address in (sender.email, *recipients):
        if not is_address(address):
            raise PublishError(
                f'"{one_line(address)}" is not a mail address; write name@host, several with commas between'
            )
    domain = sender.email.partition("@")[2]
    letter = EmailMessage(policy=SMTP)
    try:
        letter["Subject"] = one_line(message.subject)
        letter["From"] = Address(display_name=one_line(sender.name), addr_spec=sender.email)
        letter["To"] = ", ".join(recipients) or "undisclosed-recipients:;"
        letter["Date"] = format_datetime(now)
        letter["Message-ID"] = f"<{message.id}@{domain}>" if message.id else make_msgid(domain=domain)
        letter["Auto-Submitted"] = "auto-generated"
        letter["X-Auto-Response-Suppress"] = "All"
        # never 8bit: not every server takes it
        letter.set_content(message.text, cte="quoted-printable")
        letter.add_alternative(message.html, subtype="html", cte="quoted-printable")
        for one in message.attachments:
            kind = _KINDS[one.name.rpartition(".")[2]]
            letter.add_attachment(one.content, maintype=kind[0], subtype=kind[1], filename=one.name)
    except (MessageError, UnicodeError, ValueError) as error:
        raise PublishError(f"the mail cannot be written: {error}") from error
    return letter


def is_address(text: str) -> bool:
    """Whether it is an address that every mail server understands."""
    return text.isascii() and _ADDRESS.fullmatch(text) is not None
