"""The files of one command outside of work tree and log: made for it, and removed after it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from splinter.engine.work import Work
from splinter.model import layout
from splinter.model.workstream import Action, HandedFile, Prompt, ToolCall
from splinter.system import disk

OUTPUTS = "outputs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scratch:
    """Where they are; in the sandbox `home` stands for the user's."""

    folder: Path

    @property
    def prompt(self) -> Path:
        """The text of a prompt."""
        return self.folder / "prompt.md"

    @property
    def results(self) -> Path:
        """Where a tool is to write its JUnit results."""
        return self.folder / "results.xml"

    @property
    def output(self) -> Path:
        """Where a step writes its outputs."""
        return self.folder / "output"

    @property
    def outputs(self) -> Path:
        """The outputs of earlier steps, a folder each, which a command only reads."""
        return self.folder / OUTPUTS

    @property
    def home(self) -> Path:
        """An empty home."""
        return self.folder / "home"

    def handed(self, action: Action) -> dict[str, str]:
        """Write down what files an action's options name, as they were when the run began; by option, where that is."""
        options = action.options.items() if isinstance(action, ToolCall | Prompt) else ()
        files = {name: (f"{name}{Path(one.path).suffix}", one) for name, one in options if isinstance(one, HandedFile)}
        for name, one in files.values():
            (self.folder / name).write_text(one.text, "utf-8", newline="")
        return {option: str(self.folder / name) for option, (name, _) in files.items()}


@contextmanager
def made(work: Work) -> Iterator[Scratch]:
    """A new folder for a command of a workstream, gone afterwards, with what killed runs left."""
    above = work.session.outside.state / layout.SCRATCH
    above.mkdir(parents=True, exist_ok=True)
    for old in (above / work.plan.id, *above.glob(f"{work.plan.id}.*")):  # a killed run's
        disk.remove(old)
    # a name that nobody knew before: what a command leaves in its own is never another's
    folder = Path(tempfile.mkdtemp(prefix=f"{work.plan.id}.", dir=above))
    (folder / "home").mkdir()
    try:
        yield Scratch(folder=folder)
    finally:
        disk.remove(folder)
