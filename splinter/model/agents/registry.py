"""Which agents there are, and what follows for all of them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from splinter.model.agents import aider, claude_code, codex, gemini, opencode, reports
from splinter.model.agents.agent import Agent
from splinter.model.agents.reports import Reading
from splinter.model.agents.streams import Transcript
from splinter.model.records import Usage
from splinter.model.tool import Tool

AGENTS: tuple[Agent, ...] = (
    claude_code.AGENT,
    codex.AGENT,
    aider.AGENT,
    gemini.AGENT,
    opencode.AGENT,
)

ORDERS = tuple(dict.fromkeys(name for agent in AGENTS for name in agent.orders))
KEYS = tuple(sorted({name for agent in AGENTS for name in agent.keys}))
_LONGEST_ERROR = 2_000  # characters that are kept
_DENIED = 10  # permissions that are named


def free(output: str) -> Reading:
    """A tool that costs nothing, such as one that applies a recorded patch."""
    return Reading(usage=None)


# by the names that a tool's `reader` may have
READERS: Mapping[str, Callable[[str], Reading]] = {
    **{agent.profile.reader: agent.read for agent in AGENTS if agent.profile.reader},
    "free": free,
}
_SUMMED = frozenset(agent.profile.reader for agent in AGENTS if agent.is_summed)


def of(tool: Tool) -> Agent | None:
    """The agent that a profile calls, known by the reader of its output."""
    return next((agent for agent in AGENTS if tool.reader and agent.profile.reader == tool.reader), None)


def transcript(tool: Tool | None, heard: Callable[[Usage], None] | None = None) -> Transcript | None:
    """What decodes a tool's output while it works, None for one that prints no stream; `heard` is told what it cost."""
    agent = of(tool) if tool else None
    return Transcript(stream=agent.stream(), heard=heard) if agent and agent.stream else None


def read(name: str | None, output: str, *, is_whole: bool = True) -> Reading:
    """What the reader of that name makes of a tool's output; without one nothing is known.

    Where `output` is only the end of what was printed, sums over all of it are not known either.
    """
    if name is None:
        return Reading()
    reading = READERS[name](output)
    if not is_whole and name in _SUMMED and reading.usage:
        reading = replace(reading, usage=Usage(calls=1))
    return replace(
        reading,
        error=reports.sound(reading.error, _LONGEST_ERROR),
        model=reports.sound(reading.model, reports.LONGEST_NAME),
        session=reports.sound(reading.session, reports.LONGEST_NAME),
        denied=tuple(reports.sound(one, reports.LONGEST_NAME) or "" for one in dict.fromkeys(reading.denied))[:_DENIED],
    )
