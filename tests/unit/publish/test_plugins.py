"""Which forge a remote belongs to, and what is said where none is asked."""

from __future__ import annotations

import pytest

from splinter.config import settings_file
from splinter.publish import plugins

HINT = "set GITHUB_REPOSITORY=owner/name where that address does not say it, or GITHUB_API_URL for a GitHub of your own"


@pytest.mark.parametrize(
    ("url", "variables", "why"),
    [
        ("https://github.com/o/r.git", {}, "GITHUB_TOKEN is not set"),
        ("git@github.com:o/r.git", {"GITHUB_TOKEN": ""}, "GITHUB_TOKEN is not set"),
        ("https://git.example/o/r", {"GITHUB_API_URL": "https://git.example/api/v3"}, "GITHUB_TOKEN is not set"),
        (
            "https://gitlab.example/o/r.git",
            {},
            f"the address of origin leads to no forge that is known here (github); {HINT}",
        ),
        (
            "/srv/git/r.git",
            {"GITHUB_TOKEN": "x"},
            f"the address of origin leads to no forge that is known here (github); {HINT}",
        ),
    ],
)
def test_why_no_forge_is_asked_names_what_would_change_it(url: str, variables: dict[str, str], why: str) -> None:
    environment = settings_file.environment(variables)
    assert plugins.owner(url, environment) is None
    assert plugins.why_none("origin", url, environment) == why
