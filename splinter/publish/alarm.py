"""What people are told of a night that could not begin, or broke: what is wrong, in which file and line.

It reads no record and remembers nothing, for whatever keeps those may be what broke; it is sent once, to all that are
configured, and what fails is said.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from splinter.errors import InputError, LockedError, PublishError
from splinter.model.ports import Message, Sender
from splinter.model.registry import NOTIFIERS
from splinter.model.settings import Environment
from splinter.publish import mail, plugins
from splinter.publish.rendering import markdown_of
from splinter.text import markdown
from splinter.text.redact import Redactor

LONGEST_SAID = 8_000  # characters of what doit said: the end of it
_BEGAN_NOT = {
    str(InputError.exit_status): "the night did not begin: its input cannot be run",
    str(LockedError.exit_status): "the night did not begin: another run holds the lock",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A night that doit told nobody of.

    `status` is what doit ended with, empty where it did not end by itself; `problems` each with its place; `said` what
    doit printed; `repository` and `page` what people call it and where its CI shows this night, empty for nothing.
    """

    status: str
    problems: tuple[str, ...] = ()
    said: str = ""
    repository: str = ""
    page: str = ""

    @property
    def verdict(self) -> str:
        """The one line."""
        if self.status in _BEGAN_NOT:
            return _BEGAN_NOT[self.status]
        return f"the night broke: doit ended with {self.status}" if self.status else "the night broke"


def message(broken: Broken, redactor: Redactor) -> Message:
    """What all are told."""
    cut, verdict = replace(broken, said=broken.said[-LONGEST_SAID:].strip()), broken.verdict
    verdict = f"{verdict[0].upper()}{verdict[1:]}"
    blocks = (markdown.literal, markdown.shielded)
    text, shielded = (markdown_of("alarm.md", literal=block, broken=cut, verdict=verdict) for block in blocks)
    name = f"· {markdown.one_line(broken.repository)}" if broken.repository else ""
    return Message(
        run="",
        subject=redactor.text(" ".join(filter(None, ("[splinter]", broken.verdict, name)))),
        text=redactor.text(text),
        html=redactor.text(mail.as_page(shielded, verdict=verdict, is_failure=True)),
        is_failure=True,
        id=str(uuid.uuid4()),
    )


def send(told: Message, environment: Environment, address: str) -> Iterator[tuple[str, str, bool]]:
    """Tell all that are configured and go out; of each its name, what it says, and whether it was told."""
    sender = Sender(address=address, outbox=Path())
    for name, plugin in NOTIFIERS.items():
        if not environment.is_configured(plugin):
            continue
        try:
            notifier = plugins.notifier(name).from_env(environment, sender)
            if notifier.goes_out:
                yield name, notifier.send(told), True
        except PublishError as error:
            yield name, str(error), False
