"""What a tool says its version is. It judges nothing, and a tool that does not say is no error."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Mapping
from pathlib import Path

from splinter.model.tool import Tool
from splinter.system.process import Processes
from splinter.text.redact import plain

OURS = "doit-splinter"
_TIMEOUT_S = 30.0
_LONGEST = 100


def own() -> str:
    """The version of splinter itself; empty where it runs without having been installed."""
    from importlib import metadata

    try:
        return metadata.version(OURS)
    except metadata.PackageNotFoundError:
        return ""


def versions() -> str:
    """Splinter's version, and those of what it rests on, as a report of a defect needs them."""
    from importlib import metadata

    return f"splinter {own() or 'not installed'}, doit {metadata.version('doit')}, Python {platform.python_version()}"


def ask(processes: Processes, tool: Tool, env: Mapping[str, str], folder: Path) -> str | None:
    """The first line of its version call; empty where that fails, None where the program is not on PATH.
    Raises OSError where nothing can be written in `folder`.

    It is called in `folder`, and what it prints lies there until it is read.
    """
    program = shutil.which(tool.command, path=env.get("PATH", ""))
    if program is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{tool.name}.version.log"
    log.touch()  # a full disk is no tool without a version: the version is part of what results are kept by
    try:
        ended = processes.run([program, *tool.version], cwd=folder, env=env, log=log, timeout_s=_TIMEOUT_S)
    except OSError:
        return ""
    finally:
        log.unlink(missing_ok=True)
    lines = ended.output.strip().splitlines()
    return plain(lines[0])[:_LONGEST] if lines and ended.exit_status == 0 and not ended.reason else ""
