"""What is known of an agent, as one value. It calls none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from splinter.model.agents.reports import Reading
from splinter.model.agents.streams import Stream
from splinter.model.tool import Tool

# names of models: of a provider, with a version, a variant, or what claude-code writes in brackets
MODEL = r"[A-Za-z0-9][A-Za-z0-9._:/@+\[\]-]{0,199}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """An agent that splinter knows.

    `profile` is how it is called, and may be overridden in the settings. `stream` decodes what it prints while it
    works; None: it prints no events. `read` understands its output, of a stream what counts; `is_summed`: it adds up
    what is printed on the way, so that the end alone tells nothing of the cost. `orders` are the files from which it
    reads its configuration, and may run commands; `keys` the variables that hold keys of models.
    Below the home folder, `login` is where a stored login lies: it renews itself, so a copy would end it. `settings`
    are what else it reads of the user's there; a variable may name another place for both, and `place` is it and the
    folder that it stands for. `values` are patterns that each value of an option of the profile's fits as a whole: none
    of its options is to permit what the profile does not.
    """

    profile: Tool
    read: Callable[[str], Reading]
    install: str
    stream: Callable[[], Stream] | None = None
    is_summed: bool = False
    orders: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    login: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    place: tuple[str, str] | None = None
    values: Mapping[str, str] = field(default_factory=dict)
