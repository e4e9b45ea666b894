"""What is known of an agent, as one value. It calls none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from splinter.model.agents.reports import Reading
from splinter.model.tool import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """An agent that splinter knows.

    `profile` is how it is called, and may be overridden in the settings. `read` understands its output; `is_summed`:
    it adds up what is printed on the way, so that the end alone tells nothing of the cost. `orders` are the files from
    which it reads its configuration, and may run commands; `keys` the variables that hold keys of models; `login` where
    a stored login lies, below the home folder.
    """

    profile: Tool
    read: Callable[[str], Reading]
    install: str
    is_summed: bool = False
    orders: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    login: tuple[str, ...] = ()
