"""GitHub's answers in words: what it said, and what can be done about it. It asks nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from splinter.text import markdown
from splinter.text.redact import Redactor

if TYPE_CHECKING:
    from github import GithubException

LONGEST_ANSWER = 300  # characters of GitHub's own words in our errors


def explained(error: GithubException, repository: str, *, token: str, again: str) -> str:
    """What went wrong and what to do, the token masked; `again` is the call to repeat."""
    words = f"{error.status} {Redactor((token,)).text(said(error))}".strip()
    if _is_rate_limit(error):
        return f"GitHub's rate limit is reached{_until(error)} ({words}); run `{again}` after that"
    if error.status == 401:
        return f"GitHub refused the token ({words}); put a valid one into GITHUB_TOKEN"
    if error.status == 403 and "not permitted to create" in words:
        return f"GitHub forbids it ({words}); allow it in the repository's settings: Actions, General, permissions"
    if error.status == 403:
        return f"GitHub forbids it ({words}); the token needs write access to pull requests and contents"
    if error.status == 404:
        return f"GitHub knows no {repository}, or hides it from this token ({words}); check GITHUB_REPOSITORY"
    if error.status >= 500:
        return f"GitHub is out of order ({words}); run `{again}` again later"
    return f"GitHub does not accept it ({words})"


def said(error: GithubException) -> str:
    """GitHub's own words, those of its list of errors included."""
    data = error.data if isinstance(error.data, dict) else {}
    details = [item.get("message", "") if isinstance(item, dict) else item for item in data.get("errors") or ()]
    words = markdown.one_line(": ".join(str(word) for word in (data.get("message"), *details) if word))
    return words[:LONGEST_ANSWER]


def is_refusal(error: GithubException, word: str) -> bool:
    """Whether it is a 422 that speaks of that word."""
    return error.status == 422 and word in said(error).lower()


def _is_rate_limit(error: GithubException) -> bool:
    return error.status == 429 or (error.status == 403 and "rate limit" in said(error).lower())


def _until(error: GithubException) -> str:
    reset = (error.headers or {}).get("x-ratelimit-reset", "")
    return f" until {datetime.fromtimestamp(int(reset), UTC):%H:%M:%S} UTC" if reset.isdigit() else ""
