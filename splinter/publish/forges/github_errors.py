"""GitHub's answers in words: what it said, and what can be done about it. It asks nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from splinter.text import markdown
from splinter.text.redact import Redactor

if TYPE_CHECKING:
    from github import GithubException

_WRITES = "write access to pull requests and contents"
_RIGHT = re.compile(r"\b([a-z_]{1,40})=(read|write|admin)\b")
LONGEST_ANSWER = 300  # characters of GitHub's own words in our errors
_OF_LIMITS = ("rate limit", "abuse detection")
_OF_GRAPHQL = '"RATE_LIMITED"'
_Answer = tuple[int, Mapping[str, str], str]


@dataclass(frozen=True, slots=True)
class LimitAnswer:
    """A refusal because too much was asked: what was asked was surely not done."""

    headers: Mapping[str, str]
    words: str


def explained(error: GithubException, repository: str, *, token: str, again: str) -> str:
    """What went wrong and what to do, the token masked; `again` is the call to repeat."""
    words = f"{error.status} {Redactor((token,)).text(said(error))}".strip()
    if error.status == 401:
        return f"GitHub refused the token ({words}); put a valid one into GITHUB_TOKEN"
    if error.status == 403 and "not permitted to create" in words:
        return f"GitHub forbids it ({words}); allow it in the repository's settings: Actions, General, permissions"
    if error.status == 403:
        return f"GitHub forbids it ({words}); the token needs {_needed(error) or _WRITES}"
    if error.status == 404:
        return f"GitHub knows no {repository}, or hides it from this token ({words}); check GITHUB_REPOSITORY"
    if error.status >= 500:
        return f"GitHub is out of order ({words}); run `{again}` again later"
    return f"GitHub does not accept it ({words})"


def malformed() -> tuple[type[Exception], ...]:
    """What PyGithub raises of an answer without the fields that GitHub always sends, and of a redirection."""
    from github import BadAttributeException

    return BadAttributeException, AttributeError, LookupError, TypeError, ValueError, RuntimeError


def _needed(error: GithubException) -> str:
    """The rights that GitHub says the call needs, alternatives with "or"; empty where it does not say."""
    named = (error.headers or {}).get("x-accepted-github-permissions", "")
    either = (_RIGHT.findall(one) for one in named.split(";"))
    words = (" and ".join(f"{level} access to {what.replace('_', ' ')}" for what, level in one) for one in either)
    return " or ".join(filter(None, words))


def said(error: GithubException) -> str:
    """GitHub's own words, those of its list of errors included."""
    return _words(error.data)


def is_refusal(error: GithubException, word: str) -> bool:
    """Whether it is a 422 that speaks of that word."""
    return error.status == 422 and word in said(error).lower()


def limit_answer(answer: _Answer, token: str) -> LimitAnswer | None:
    """The answer as a refusal for too much, None where it is none: a token without a right gets a 403 too.

    GraphQL's is a 200 with an error of a type of its own.
    """
    status, headers, text = answer
    if status not in (403, 429) and not (status == 200 and _OF_GRAPHQL in text):
        return None
    data = _json(text)
    words = _words(data)
    types = [one.get("type") for one in _errors(data) if isinstance(one, dict)]
    is_limit = any(one in words.lower() for one in _OF_LIMITS) if status == 403 else status == 429
    is_limit |= "RATE_LIMITED" in types or (status == 403 and "retry-after" in headers)
    return LimitAnswer(headers, f"{status} {Redactor((token,)).text(words)}".strip()) if is_limit else None


def is_unseen_head(verb: str, url: str, answer: _Answer) -> bool:
    """Whether a pull request was refused for its head: a branch that was pushed just now is often not seen yet."""
    if verb != "POST" or not url.endswith("/pulls") or answer[0] != 422:
        return False
    return any(isinstance(one, dict) and one.get("field") == "head" for one in _errors(_json(answer[2])))


def _words(data: object) -> str:
    message = data.get("message") if isinstance(data, dict) else None
    told = (message, *map(_detail, _errors(data)))
    return markdown.one_line(": ".join(str(one) for one in told if one))[:LONGEST_ANSWER]


def _detail(error: object) -> object:
    """One of the list: in words where it has some, else its field and code."""
    if not isinstance(error, dict):
        return error
    place = ".".join(str(error[name]) for name in ("resource", "field") if error.get(name))
    return error.get("message") or f"{place} {error.get('code') or ''}".strip()


def _errors(data: object) -> tuple[Any, ...]:
    errors = data.get("errors") if isinstance(data, dict) else None
    return tuple(errors) if isinstance(errors, list) else (errors,) if errors else ()


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return {"message": text}
