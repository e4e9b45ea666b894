"""Shell commands of checks that can end well whatever they run says.

It reads text and knows no shell's grammar. `sh -e`, which runs a text, ends at a command that fails; what is named
here is what that does not see.
"""

from __future__ import annotations

import re

from splinter.text.patterns import shown

_END = r"""(?=\s*(?:$|[;&|)}\n'"]))"""
_WAYS = (
    re.compile(rf"\|\|\s*(?:true|:|exit\s+0){_END}"),
    re.compile(r"\|\|\s*(?:echo|printf)\b[^;&|\n'\"]*(?=$|[;\n])"),
    re.compile(rf"(?:(?<![\w-])then|\{{)\s+(?:true|:|exit\s+0){_END}"),
    re.compile(r"(?<![\w-])set\s+\+e\b"),
    # of `a && b; c` only b's failure ends the shell; what merely prepares is let be
    re.compile(
        r"(?:^|(?<=[;\n]))\s*+(?!cd\b|export\b|source\b|\.\s|mkdir\b|test\b|\[)[^;&|\n]+&&[^;\n]*[;\n](?=\s*[^\s#})])"
    ),
)
# without `sh -e`, in a shell that the check calls itself
_ENDS_WELL = re.compile(rf"[;\n]\s*(?:true|:|exit\s+0){_END}")
_INNER = re.compile(r"\$\([^()]*\)|`[^`]*`")  # what only gives a word to a command
# what only prints: the command before it is the last that could fail
_PRINTING = re.compile(r"[;\n]\s*(?:cat|echo|ls|printf|true|:)\b[^;&|\n]*\s*$")
# behind a pipe, these end well whatever they read
_PIPE = re.compile(
    r"(?<!\|)\|&?\s*(?:tee|cat|head|tail|sed|sort|uniq|wc|less|ts|tr|cut|nl)\b[^|;&\n'\"]*(?=$|[;&\n'\"]|\|\|)"
)


def problem(command: object) -> str | None:
    """What is to be said of the `run` of a check, None where nothing is."""
    words = command if isinstance(command, list) else [command]
    text = "\n".join(word for word in words if isinstance(word, str))
    if isinstance(command, list) and not re.search(r"^-[a-z]*c$", text, re.MULTILINE):
        return None  # no shell sees it
    while (outer := _INNER.sub("_", text)) != text:
        text = outer
    for way in (*_WAYS, *([_ENDS_WELL] if isinstance(command, list) else [])):
        if found := way.search(text):
            return f"{shown(found[0].strip())} lets this check pass whatever it runs says: only its exit status counts"
    pipe = _PIPE.search(_last(text))
    if pipe and "pipefail" not in text:
        why = "a pipe's exit status is that of its last command; `> FILE 2>&1` keeps what the first one says"
        return f"{shown(pipe[0].strip())} lets this check pass whatever it reads: {why}"
    return None


def _last(text: str) -> str:
    """The command that decides, where all before it ended well."""
    while (shorter := _PRINTING.sub("", text)) != text:
        text = shorter
    return re.split(r"[;\n]|&&", text.rstrip(" ;\n"))[-1]
