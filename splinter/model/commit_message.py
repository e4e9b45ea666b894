"""The message of a commit of ours: what a workstream says, then our trailers. Pure text.

Whatever it says, it makes no trailer of ours: those are the last paragraph, and nobody reads them elsewhere. A value
that is filled in is one line, and steers neither a forge nor its CI; what the user typed may.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from splinter.model.settings import Identity
from splinter.model.workstream import Step, Workstream
from splinter.text import markdown
from splinter.text.patterns import shown

_STEERS = re.compile(
    # GitHub closes an issue by these, GitLab by some more
    r"\b(?:close[sd]?|closing|fix(?:e[sd]|ing)?|resolve[sd]?|resolving|implement(?:s|ed|ing)?)\b\s*:?\s*(?:issues?\s+)?"
    r"(?:[\w.-]+/[\w.-]+)?(?:#\d+|\bGH-\d+|https?://\S+/issues/\d+)"
    # services of CI run nothing for these
    r"|\[\s*(?:(?:skip|no)[ _-]*(?:ci|actions?|travis|circle|build|netlify|vercel|gitlab|azurepipelines|azp|pipelines?)"
    r"|(?:ci|actions?|travis|circle|build|netlify|azurepipelines|azp)[ _-]*skip)\s*\]"
    r"|\*{3}\s*no_ci\s*\*{3}|\bskip-checks\s*:\s*true\b",
    re.IGNORECASE,
)


def message(workstream: Workstream, step: Step | None, trailers: Mapping[str, str], who: Identity) -> str:
    """The message of a step's commit, or of one that holds all steps; `who` commits, and signs off where that is asked.

    Without words of the user's it is the title, with the step's id.
    """
    own = workstream.commit_of(step)
    said = own.message.strip() or (f"{workstream.title} ({step.id})" if step else workstream.title)
    last = [f"{key}: {value}" for key, value in trailers.items()]
    if own.sign_off:
        last.append(f"Signed-off-by: {markdown.one_line(who.name)} <{markdown.one_line(who.email)}>")
    return "\n\n".join((said, "\n".join(last))) + "\n"


def value(text: str) -> str:
    """A value as it may stand in a message: on one line."""
    return " ".join(text.split())


def filled_problem(typed: str, filled: str) -> str | None:
    """Why a message must not be made so of what the user typed, None where it may: values closed an issue, say.

    `typed` is the text without its values, `filled` the same with them.
    """
    more = Counter(_steering(filled)) - Counter(_steering(typed))
    found = next(iter(more), None)
    return f"a value makes the message say {shown(found)}, which steers a forge or its CI" if found else None


def _steering(text: str) -> list[str]:
    return [" ".join(one[0].split()) for one in _STEERS.finditer(text)]
