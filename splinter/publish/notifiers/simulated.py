"""What stands for every notifier in a simulated run: messages become files, and nobody is told anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from splinter.errors import PublishError
from splinter.model import finding
from splinter.model.finding import Finding
from splinter.model.ports import Message, Sender
from splinter.model.settings import Environment
from splinter.system import disk_errors
from splinter.system.files import write_whole

_SHOWN = 5  # parts of a path: from the user's checkout


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """The notifier of a task of that name, which would send what is written into `folder`."""

    goes_out: ClassVar[bool] = False
    name: str
    folder: Path

    @classmethod
    def from_env(cls, environment: Environment, sender: Sender) -> Simulated:
        """Whatever the environment configures."""
        return cls(name="message", folder=sender.outbox)

    def begin(self, id: str) -> None:
        """Nobody hears that the call begins."""

    def send(self, message: Message) -> str:
        """Write what would be sent."""
        file = self.folder / f"{self.name}.md"
        try:
            write_whole(
                file, f"Simulated: `{self.name}` would send this.\n\nSubject: {message.subject}\n\n{message.text}"
            )
        except OSError as error:
            raise PublishError(disk_errors.sentence(str(file), error)) from error
        return f"it would be sent; {'/'.join(file.parts[-_SHOWN:])} holds its text"

    def finding(self) -> Finding:
        """That nothing is sent."""
        return finding.ok(self.name, self.name, "simulated: nothing is sent")
