"""A failure in the sandbox that complains of what the sandbox hides: a line that says so, and what lets it through.

It reads what a command printed, and the names of files, never what a file holds.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from splinter.engine.steps import sandboxing
from splinter.engine.work import Work
from splinter.errors import StepError
from splinter.model.tool import Tool
from splinter.text.patterns import harmless

_UNREACHED = re.compile(
    r"network is unreachable|name resolution|could not resolve|name or service not known|getaddrinfo"
    r"|\bE(?:NOTFOUND|AI_AGAIN|CONNREFUSED|NETUNREACH)\b|connection refused|nodename nor servname"
    r"|no route to host|dns error",
    re.IGNORECASE,
)
_ENGINE = re.compile(r"docker daemon|(?:docker|podman)\.sock|docker API", re.IGNORECASE)
_MODULE = re.compile(r"No module named '([\w.]{1,100})'")
_PROGRAM = re.compile(r"\b([\w.+-]{1,100}): (?:command )?not found")
_SHOWN = 3


def explain(
    work: Work, profile: Tool | None, failure: StepError, *, said: str, has_network: bool, shown: Sequence[Path]
) -> None:
    """Add a line to a failure for each thing that `said` misses and that the sandbox hides; it hid nothing `shown`."""
    lines = (
        *_network(profile, said, has_network=has_network),
        *_hidden(work, said, shown),
        *_programs(work, said, shown),
    )
    if lines:
        failure.args = ("\n".join((str(failure), *lines)),)


def missed(said: str) -> tuple[str, ...]:
    """The Python modules that a command complains of, each once."""
    return tuple(dict.fromkeys(_MODULE.findall(said)))


def _network(profile: Tool | None, said: str, *, has_network: bool) -> Iterator[str]:
    if not has_network and _UNREACHED.search(said):
        asks = f"[tools.{profile.name}] network = true" if profile else "sandbox_network = true"
        yield f"in the sandbox it had no network; `{asks}` gives it"


def _hidden(work: Work, said: str, shown: Sequence[Path]) -> Iterator[str]:
    if _ENGINE.search(said):
        yield 'the sandbox hides the sockets of container engines; a tool that needs one has `sandbox = "off"`'
    home = work.session.outside.environment.variable("HOME")
    if home and len(home) > 1:
        seen = (work.session.outside.state, *shown)  # where commands of ours work, and what they are let read
        names = dict.fromkeys(re.findall(rf"{re.escape(home)}/[\w./@+-]{{1,200}}", said))
        hidden = [name for name in names if not any(Path(name).is_relative_to(one) for one in seen)]
        there = [name for name in hidden if os.access(name, os.F_OK)]
        for name in there[:_SHOWN]:
            yield f"the sandbox hides {harmless(name)}; `sandbox_reads` lets it through"
    root = work.repository.start
    for name in missed(said):
        path = name.replace(".", "/")
        if any((root / one).exists() for one in (path, f"{path}.py", f"src/{path}", f"src/{path}.py")):
            yield f"the sandbox hides your checkout, where {name} may be installed from; a `setup` can install it here"
            return


def _programs(work: Work, said: str, shown: Sequence[Path]) -> Iterator[str]:
    """Programs whose names are on the user's PATH, and lead to a place that is hidden."""
    env = work.session.outside.environment.child_environment(())
    places = sandboxing.hidden(work.session, env)
    for name in [*dict.fromkeys(_PROGRAM.findall(said))][:_SHOWN]:
        real = Path(shutil.which(name, path=env["PATH"]) or "/").resolve()
        if any(map(real.is_relative_to, places)) and not any(map(real.is_relative_to, shown)):
            yield f"the sandbox hides {harmless(str(real))}, which {name} leads to; `sandbox_reads` lets it through"
