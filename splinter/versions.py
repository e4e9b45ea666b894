"""What a tool says its version is. It judges nothing, and a tool that cannot tell is no error."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from splinter import process
from splinter.errors import SplinterError
from splinter.redact import plain
from splinter.tools import Tool

_TIMEOUT_S = 20.0
_LONGEST = 100


def ask(tool: Tool, env: Mapping[str, str]) -> str | None:
    """The first line of its version call; empty where that fails, None where the program is not on PATH."""
    program = shutil.which(tool.command, path=env.get("PATH", ""))
    if program is None:
        return None
    try:
        done = process.capture([program, *tool.version], env=env, timeout_s=_TIMEOUT_S)
    except (OSError, SplinterError):
        return ""
    if done.exit_status != 0:
        return ""
    lines = (done.stdout or done.stderr).decode("utf-8", "replace").strip().splitlines()
    return plain(lines[0])[:_LONGEST] if lines else ""
