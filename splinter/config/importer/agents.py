"""Which agent is called: an earlier orchestrator's tool names as tool profiles. It calls none and reads no settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from splinter.config.importer.entries import Entries
from splinter.config.importer.phrases import identifier
from splinter.config.importer.source import Source
from splinter.config.yaml_events import Keys
from splinter.model.tool import Tool
from splinter.text.patterns import shown

# an agent that no profile ships for, and the program it is called by
COMMANDS = {"github-copilot": "copilot"}
ALIASES = {
    "aider-chat": "aider", "aider-edit": "aider", "aider-fix": "aider", "claude": "claude-code",
    "claude-cli": "claude-code", "claudecode": "claude-code", "anthropic-claude-code": "claude-code",
    "codex-cli": "codex", "openai-codex": "codex", "copilot": "github-copilot", "copilot-cli": "github-copilot",
    "gh-copilot": "github-copilot", "githubcopilot": "github-copilot", "gemini-cli": "gemini",
    "google-gemini": "gemini", "open-code": "opencode",
}  # fmt: skip
TOOLS: tuple[Keys, ...] = (
    ("environment_and_tools", "ai_operators", "primary_agent"), ("ai_operators", "primary_agent"), ("tool",),
    ("tool", "name"), ("primary_tool",), ("agent",),
)  # fmt: skip
NOBODY = "agent"
# names that stand where an agent is named, and are none
NO_AGENTS = frozenset({
    "", "n-a", "na", "none", "null", "tbd", "todo", "manual", "human", "any", "other", "auto", "bash", "sh", "zsh",
    "shell", "cmd", "powershell", "pwsh", "powershell-script", "python", "git", "gh", "pytest", "ruff", "mypy", "black",
    "npm", "node", "make", "docker", "script",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One `[tools.NAME]` of the settings: its fields, and what stands above it as comments."""

    name: str
    fields: Mapping[str, Any]
    comments: tuple[str, ...] = ()


@dataclass(slots=True)
class Agents:
    """`tools` are the repository's, `tables` those of imported profiles; `guessed` are added as they are named."""

    tools: Mapping[str, Tool]
    tables: Mapping[str, Table]
    guessed: dict[str, Table] = field(default_factory=dict)
    warned: set[str] = field(default_factory=set)

    def name(self, source: Source, keys: Keys, text: str) -> str:
        """The profile that prompts for that name are given to; a warning says where it has to be looked at."""
        slug = identifier(text)
        for name in (slug, ALIASES.get(slug, slug)):
            known = self._known(name)
            if known is not None:
                self._warn_of_guess(source, keys, known)
                return known
        name = ALIASES.get(slug, slug)
        if name in NO_AGENTS or name in self.tools or name in self.tables:
            return self.nobody(source, keys, f"{shown(text)} takes no prompts")
        self.guessed[name] = _guessed(name)
        self._warn_of_guess(source, keys, name)
        return name

    def nobody(self, source: Source, keys: Keys, why: str) -> str:
        """The stand-in where no agent is named."""
        if self._known(NOBODY) is None:
            self.guessed[NOBODY] = _guessed(NOBODY)
        source.warn(keys, f'{why}: prompts go to "{NOBODY}"; say in [tools.{NOBODY}] of the settings who that is')
        return NOBODY

    def is_plain_tool(self, text: str) -> bool:
        """Whether the name is a tool's that is called with arguments, and takes no prompts."""
        name = identifier(text)
        own = self.tools.get(name)
        return own is not None and not own.takes_prompts

    def _known(self, name: str) -> str | None:
        if name in self.guessed:
            return name
        own = self.tools.get(name)
        if own is not None and own.takes_prompts:
            return None if own.needs_recording else name
        table = self.tables.get(name)
        if own is None and table is not None and name not in NO_AGENTS:
            if "prompt_args" not in table.fields:
                self.guessed[name] = _with_prompts(table)
            return name
        return None

    def _warn_of_guess(self, source: Source, keys: Keys, name: str) -> None:
        if name in self.guessed and name not in self.warned:
            self.warned.add(name)
            source.warn(keys, f"splinter does not ship a profile for {name}: check the arguments in [tools.{name}]")


def tool_of(source: Source, agents: Agents, entries: Entries, steps: list[dict[str, Any]]) -> str | None:
    """The workstream's tool; steps that name another get theirs."""
    prompts = [number for number, step in enumerate(steps) if "prompt" in step]
    own = {number: name for number in prompts if (name := _own_tool(source, agents, entries.agents.get(number)))}
    tool = None
    named = source.first_text(*TOOLS)
    if named and (not _is_no_agent(agents, named[1]) or prompts):
        is_agent = not _is_no_agent(agents, named[1])
        tool = agents.name(source, named[0], named[1]) if is_agent or len(own) < len(prompts) else None
    if named and (tool is None or _is_no_agent(agents, named[1])):
        source.taken.discard(named[0])
    tool = tool or next(iter(own.values()), None)
    if tool is None and prompts:
        tool = agents.nobody(source, (), "no tool is named")
    for number, name in own.items():
        if name != tool:
            steps[number] = {"id": steps[number]["id"], "tool": name, **steps[number]}
    return tool


def _own_tool(source: Source, agents: Agents, keys: Keys | None) -> str | None:
    text = source.value(*keys) if keys else None
    if keys is None or not isinstance(text, str) or _is_no_agent(agents, text):
        return None
    source.take(keys)
    return agents.name(source, keys, text)


def _is_no_agent(agents: Agents, text: str) -> bool:
    name = identifier(text)
    return name in NO_AGENTS or agents.is_plain_tool(name) or not name


def _guessed(name: str) -> Table:
    if name == NOBODY:
        comment = "Nobody was named to answer these prompts: put your agent's command and arguments here."
    else:
        comment = f"Not shipped with splinter, so this is a guess: check how {name} is called with a prompt."
    fields = {"command": COMMANDS.get(name, name), "prompt_args": ["{prompt}"]}
    return Table(name=name, fields=fields, comments=(comment,))


def _with_prompts(table: Table) -> Table:
    comment = "The profile did not say how a prompt is given: check prompt_args."
    fields = {**table.fields, "prompt_args": ["{prompt}"]}
    return Table(name=table.name, fields=fields, comments=(*table.comments, comment))
