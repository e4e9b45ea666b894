"""What of `env` of a workstream is refused: values for variables that are ours or lead astray, and secrets.

A name without a value is passed on as the caller has it; what is said of it here is little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from splinter.config.yaml_documents import Document, Problem
from splinter.config.yaml_events import Keys
from splinter.text.patterns import shown
from splinter.text.redact import Redactor

_OURS = ("SPLINTER_", "MATRIX_", "OUTPUT_", "WORKSTREAM_")
_LEADS = {
    "HOME": "programs look for settings and logins there",
    "TMPDIR": "each command gets a temporary folder of its own",
    "PYTHONPATH": "it decides which code checks import",
    "PATH": "it leads to what setup installed; call a program by its path in run",
}
# words of a name: KEYBOARD and AUTHOR are no secrets
_SECRET = re.compile(
    r"(?:^|_)(?:API_?|ACCESS_?|PRIVATE_?)?(?:KEYS?|TOKENS?|SECRETS?|PASS|PASSWORDS?|PASSWD|PASSPHRASE|CREDENTIALS?|"
    r"WEBHOOK|COOKIE|DSN|PAT|PWD|AUTH)(?:_|$)|APIKEY|TOKEN$|SECRET|PASSWORD",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"://[^/\s@:]*:[^/\s@]+@")
_NO_SECRETS = Redactor(())

Given = tuple[Keys, str, str | None, bool]  # where it stands, name, value, whether the key is what is wrong


def git_variable(name: str) -> str:
    """Why a variable of git's is not passed on."""
    return f"{shown(name)} never reaches a tool: it would steer git in the worktree"


def check(document: Document) -> Iterator[Problem]:
    """All that is wrong with `env` beyond its schema."""
    first: dict[str, Keys] = {}
    for keys, name, value, at_key in _given(document.data.get("env")):
        why = problem(name, value)
        if why:
            yield document.problem(keys, why, at_key=at_key)
        elif name in first and value is not None:
            line = document.place(first[name]).line
            yield document.problem(keys, f"{shown(name)} stands on line {line} already")
        first.setdefault(name, keys)


def problem(name: str, value: str | None) -> str | None:
    """Why a variable is not to be set so, or, with the value None, passed on; None where it may."""
    if name.upper().startswith("GIT_"):
        return git_variable(name)
    if value is None:
        return None
    if name.upper().startswith(_OURS):
        whose = next(one for one in _OURS if name.upper().startswith(one))
        return f"{shown(name)} cannot be set: names with {whose} are splinter's own"
    if name.upper() in _LEADS:
        return f"{shown(name)} cannot be set: {_LEADS[name.upper()]}"
    if _SECRET.search(name) or _PASSWORD.search(value) or _NO_SECRETS.found(value.encode("utf-8", "surrogatepass")):
        return (
            f"{shown(name)} looks like a secret, and files of a repository hold none; "
            f"write the name alone, and give the value where doit is called"
        )
    return None


def _given(env: object) -> Iterator[Given]:
    if isinstance(env, dict):
        yield from (
            (("env", name), name, value, True)
            for name, value in env.items()
            if isinstance(name, str) and (value is None or isinstance(value, str))
        )
    for index, item in enumerate(env if isinstance(env, list) else ()):
        if isinstance(item, str):
            name, equals, value = item.partition("=")
            yield ("env", index), name, value if equals else None, False
