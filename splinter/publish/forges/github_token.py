"""What `doit doctor` says of a GitHub token: whether it is set and of what kind, never its value."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from splinter.errors import PublishError
from splinter.model import finding, layout
from splinter.model.finding import Finding
from splinter.model.ports import Access
from splinter.model.settings import Environment

RIGHTS = "the rights to read and write Contents and Pull requests"
KINDS = {
    "ghp_": "a classic personal access token",
    "github_pat_": "a fine-grained personal access token",
    "ghs_": "a token of GitHub Actions or of a GitHub App",
    "gho_": "a token of an OAuth app, such as gh's",
}
SUFFICIENT_SCOPES = frozenset({"repo", "public_repo"})


def findings(
    repository: str | None, environment: Environment, ask: Callable[[], Access] | None
) -> Iterator[Finding]:  # fmt: skip
    """The token, and what GitHub says of it; `ask` None: it is not asked."""
    token, files = environment.github_token, layout.PULL_REQUEST_FILES
    if not token:
        message = f"not set, so pull requests become files in {files}; a token with {RIGHTS} opens them"
        yield finding.note("github", "GITHUB_TOKEN", message)
        return
    kinds = (f"{kind} ({prefix})" for prefix, kind in KINDS.items() if token.startswith(prefix))
    yield finding.ok("github", "GITHUB_TOKEN", f"is set, {next(kinds, 'of a kind that its prefix does not show')}")
    yield from _actions(environment, token)
    if repository is None:
        message = (
            f"no remote leads to GitHub, so they become files in {files}; add one, or set GITHUB_REPOSITORY where the"
            " remote's address does not name the repository"
        )
        yield finding.note("github", "pull requests", message)
    elif ask is None:
        yield finding.note("github", f"github {repository}", "it was not asked, as --offline says")
    else:
        yield from _access(token, repository, ask)


def _actions(environment: Environment, token: str) -> Iterator[Finding]:
    if environment.variables.get("GITHUB_ACTIONS") == "true" and token.startswith("ghs_"):
        message = (
            "pull requests opened with the GITHUB_TOKEN of GitHub Actions start no CI; let GITHUB_TOKEN be that of a"
            " GitHub App (it begins with ghs_ too, and starts CI) or a fine-grained token, or close and reopen them"
        )
        yield finding.note("github", "GITHUB_TOKEN", message)


def _access(token: str, repository: str, ask: Callable[[], Access]) -> Iterator[Finding]:
    """What GitHub says, in one request."""
    name = f"github {repository}"
    try:
        access = ask()
    except PublishError as error:
        yield finding.problem("github", name, str(error))
        return
    # for a token of an app GitHub names the rights of a user, which it is not
    if access.may_push is False and not token.startswith("ghs_"):
        message = "the token can read it and not write to it; give its user write access, or use another token"
        yield finding.problem("github", name, message)
    else:
        yield finding.ok("github", name, "is reached with the token")
    yield _scopes(access.scopes)
    message = "whether one can be opened, labelled and commented on is seen only by `doit pr --test`"
    yield finding.note("github", "pull requests", message)


def _scopes(scopes: tuple[str, ...] | None) -> Finding:
    if scopes is None:
        message = f"GitHub names none for this token; it needs {RIGHTS}"
        return finding.note("github", "scopes", message)
    named = ", ".join(scopes) or "none"
    if SUFFICIENT_SCOPES & {*scopes}:
        return finding.ok("github", "scopes", named)
    message = f"{named}; give the token repo, or public_repo where the repository is public"
    return finding.problem("github", "scopes", message)
