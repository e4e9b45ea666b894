"""A remote's default branch: the words that ask for it, what the answer says, and the short way to ask.

The short way is for a call that otherwise has nothing to do: the user's git as they would call it, with their config as
it stands. Its caller knows that this is what it was at the last full look. It imports nothing slow.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from splinter.errors import SplinterError
from splinter.git import call_environment
from splinter.system import process

TIMEOUT_S = 30.0
Answer = process.Captured | SplinterError  # the latter where git had to be ended
# what the short way heard, by remote, for the full look that follows it: a remote is asked once in a call
HEARD: dict[str, Answer] = {}


def words(remote: str) -> tuple[str, ...]:
    """The call of git that asks for it."""
    return ("ls-remote", "--quiet", "--symref", remote, "HEAD")


def said(answer: bytes) -> tuple[str, str] | None:
    """The branch that HEAD names there, with its commit; None where there is none."""
    lines = (line.split("\t", 1) for line in os.fsdecode(answer).splitlines())
    # git takes the name for the end of one: refs/remotes/…/HEAD of a mirror is listed too
    found = [words[0] for words in lines if words[1:] == ["HEAD"]]
    target = next((one for one in found if one.startswith("ref: refs/heads/")), "")
    tip = next((one for one in found if not one.startswith("ref: ")), "")
    return (target.removeprefix("ref: refs/heads/"), tip) if target else None


def ask(remote: str, environ: Mapping[str, str], is_stopping: Callable[[], bool]) -> Answer:
    """Ask from the main checkout, which the process is in; raises OSError where git cannot be started.

    Where it `is_stopping`, git is ended.
    """
    env = call_environment.of_users(environ)
    argv = ["git", "--git-dir=.git", *words(remote)]
    try:
        return process.capture(argv, env=env, timeout_s=TIMEOUT_S, is_stopping=is_stopping)
    except SplinterError as error:
        return error
