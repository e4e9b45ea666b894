"""What an agent is given, from a step's sentences, lists and templates. It adds no wish of its own."""

from __future__ import annotations

from splinter.config.importer.source import Source
from splinter.config.yaml_events import Keys

NAMES = ("name", "title", "action", "task", "criterion", "requirement", "description", "summary", "objective")
MORE = ("method", "instructions", "instruction", "prompt", "details", "notes")
LISTED = (("tasks", ""), ("actions", ""), ("requirements", ""), ("artifacts", "Files:"), ("files", "Files:"),
          ("constraints", "Constraints:"), ("success_criteria", "Done when:"), ("acceptance_criteria", "Done when:"),
          ("expected_outputs", "Expected:"), ("expected_output", "Expected:"),
          ("deliverables", "Expected:"))  # fmt: skip
VERBATIM = (("template", "Template:"), ("implementation", "Implementation:"), ("content", "Content:"))
VERIFY = "verification_command"


def parts(source: Source, keys: Keys) -> list[str]:
    """The paragraphs of a step's prompt, its name first; what they say is taken."""
    found = list(dict.fromkeys(text for key in NAMES if (text := source.text(*keys, key))))
    found += [text for key in MORE if (text := source.text(*keys, key))]
    for key, head in LISTED:
        texts = source.texts(*keys, key)
        if texts:
            found.append("\n".join([*([head] if head else []), *(f"- {text}" for _, text in texts)]))
    for key, head in VERBATIM:
        text = source.text(*keys, key)
        if text:
            found.append(f"{head}\n\n" + "\n".join(f"    {line}" if line else "" for line in text.splitlines()))
    verify = source.text(*keys, VERIFY) if found else None
    return [*found, f"Verify with: {verify}"] if verify else found


def block(text: str) -> str:
    """A text of several lines with one line end after it, so that it is written as a block."""
    bare = text.strip("\n").rstrip()
    return f"{bare}\n" if "\n" in bare else bare.strip()
