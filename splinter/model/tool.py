"""Tool profiles as values: a profile and a request give a command. It never looks for a program nor starts one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from splinter.errors import InputError
from splinter.model.workstream import Action, HandedFile, Prompt, Run, ToolCall

# how a command is fenced in; the schema of the settings has the same
Sandbox = Literal["auto", "bubblewrap", "off"]
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
# without a value these leave out the argument they stand in: not every call has results, a model or a limit to name
OPTIONAL = frozenset({"model", "max_turns", "budget_usd", "junit", "fenced", "unfenced"})
LABEL_CHARACTERS = 100
# for a text: it ends at its first command that fails. Not pipefail: not every sh has it, and a reader may end early
SHELL = ("/bin/sh", "-e", "-c")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """How a program is called; with neither `prompt_args` nor `stdin` it takes no prompts.

    `leaves` are patterns of a .gitignore, `stdin` is "prompt" where the prompt is read from there. Of the environment
    it gets the names in `env`, the values in `variables`, and none of `hides`. `reader` names what understands its
    output; without one only its exit status counts. `sandbox` None: as the settings say. A provider's fault is tried
    `retries` times more, after `backoff_s` seconds, then twice as many, and so on. `options` are those that a
    workstream may name: the arguments of each, with `{value}`.
    """

    name: str
    command: str
    args: tuple[str, ...] = ()
    prompt_args: tuple[str, ...] | None = None
    stdin: str | None = None
    model: str | None = None
    max_turns: int | None = None
    env: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    hides: tuple[str, ...] = ()
    timeout_s: float | None = None
    version: tuple[str, ...] = ("--version",)
    at_once: int | None = None
    leaves: tuple[str, ...] = ()
    reader: str | None = None
    network: bool = True
    sandbox: Sandbox | None = None
    retries: int = 2
    backoff_s: float = 10.0
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def takes_prompts(self) -> bool:
        """Whether a prompt can be given to it."""
        return self.prompt_args is not None or self.stdin == "prompt"

    @property
    def reads_prompts(self) -> bool:
        """Whether a call with a prompt hands it over, or what stands for it."""
        arguments = " ".join((*self.args, *(self.prompt_args or ())))
        return self.stdin == "prompt" or not {"prompt", "prompt_file", "recorded"}.isdisjoint(
            PLACEHOLDER.findall(arguments)
        )

    @property
    def junit(self) -> bool:
        """Whether it writes JUnit results where `{junit}` says."""
        return any("{junit}" in argument for argument in self.args)

    @property
    def needs_recording(self) -> bool:
        """Whether a prompt is answered by a recorded patch."""
        return any("{recorded}" in argument for argument in self.prompt_args or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to start: `argv` a tuple, or a text for the shell; `label` names it in logs, without a whole prompt.

    `stdin` is the text that it reads, None where it reads nothing.
    """

    argv: tuple[str, ...] | str
    label: str
    stdin: str | None = None


def command(action: Action, tools: Mapping[str, Tool], *, values: Mapping[str, str]) -> Command:
    """The command of an action; `values` are the placeholders', `files` separated by NUL.

    Placeholders are filled in the profile's arguments only, once; raises InputError where one has no value.
    """
    if isinstance(action, Run):
        label = action.command if isinstance(action.command, str) else " ".join(action.command)
        return Command(argv=action.command, label=_label(label))
    tool = tools[action.tool]
    values = {name: value for name, value in values.items() if name not in action.options or name not in OPTIONAL}
    own = () if tool.needs_recording else tuple(_options(tool, action, values))
    if isinstance(action, Prompt):
        arguments = (*_filled(tool, tool.args, values), *own, *_filled(tool, tool.prompt_args or (), values))
        label = _label(f"{tool.name}: {action.text.strip()}")
        stdin = values["prompt"] if tool.stdin == "prompt" else None
        return Command(argv=(tool.command, *arguments), label=label, stdin=stdin)
    arguments = (*_filled(tool, tool.args, values), *own)
    return Command(argv=(tool.command, *arguments, *action.args), label=_label(" ".join((tool.name, *action.args))))


def _options(tool: Tool, action: ToolCall | Prompt, values: Mapping[str, str]) -> Iterator[str]:
    """The arguments of the options that a call names; one takes the place of a placeholder that is called like it."""
    for name, value in action.options.items():
        text = values[name] if isinstance(value, HandedFile) else ",".join(value) if isinstance(value, tuple) else value
        yield from (argument.replace("{value}", str(text)) for argument in tool.options[name])


def recorded_path(workstream_id: str, step_id: str) -> str:
    """Where a prompt step's recorded patch lies, from the root; a fix attempt's step is `fix-1`, `fix-2`, …"""
    return f"workstreams/recorded/{workstream_id}/{step_id}.patch"


def _filled(tool: Tool, arguments: tuple[str, ...], values: Mapping[str, str]) -> tuple[str, ...]:
    filled: list[str] = []
    for argument in arguments:
        words = PLACEHOLDER.findall(argument)
        missing = [word for word in words if word not in values]
        if any(word not in OPTIONAL for word in missing):
            raise InputError(f'tool "{tool.name}": "{{{missing[0]}}}" has no value in this call')
        if argument == "{files}":
            filled += [file for file in values["files"].split("\0") if file]
        elif not missing:
            filled.append(PLACEHOLDER.sub(lambda found: values[found[1]], argument))
    return tuple(filled)


def _label(text: str) -> str:
    """The first line, cut where it is long."""
    first, *more = text.splitlines() or [""]
    return f"{first[: LABEL_CHARACTERS - 1]}…" if more or len(first) > LABEL_CHARACTERS else first
