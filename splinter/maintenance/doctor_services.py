"""Whether GitHub, mail and messengers can be reached as they are configured. It sends nothing to people.

Of a secret it says whether it is set, never its value.
"""

from __future__ import annotations

from collections.abc import Iterator

from splinter.engine.session import Session
from splinter.errors import InputError, PublishError
from splinter.maintenance import doctor_finding
from splinter.maintenance.doctor_finding import Finding
from splinter.model import layout
from splinter.publish import pull_request
from splinter.text.counts import plural

GITHUB_TIMEOUT_S = 5  # to connect, and again for the answer: ten seconds at most
FILES = f"{layout.STATE}/{layout.PULL_REQUESTS}/"
RIGHTS = "the rights to read and write Contents and Pull requests"
KINDS = {
    "ghp_": "a classic personal access token",
    "github_pat_": "a fine-grained personal access token",
    "ghs_": "a token of GitHub Actions or of a GitHub App",
    "gho_": "a token of an OAuth app, such as gh's",
}
SUFFICIENT_SCOPES = frozenset({"repo", "public_repo"})


def github(session: Session, *, is_offline: bool) -> Iterator[Finding]:
    """The token, and what GitHub says of it."""
    token = session.environment.github_token
    if not token:
        message = f"not set, so pull requests become files in {FILES}; a token with {RIGHTS} opens them"
        yield doctor_finding.note("github", "GITHUB_TOKEN", message)
        return
    kinds = (f"{kind} ({prefix})" for prefix, kind in KINDS.items() if token.startswith(prefix))
    yield doctor_finding.ok(
        "github", "GITHUB_TOKEN", f"is set, {next(kinds, 'of a kind that its prefix does not show')}"
    )
    yield from _actions(session, token)
    repository = _repository(session)
    if repository is None:
        message = (
            f"no remote leads to GitHub, so they become files in {FILES}; add one, or set GITHUB_REPOSITORY where the"
            " remote's address does not name the repository"
        )
        yield doctor_finding.note("github", "pull requests", message)
    elif is_offline:
        message = "it was not asked, as --offline says"
        yield doctor_finding.note("github", f"github {repository}", message)
    else:
        yield from _access(session, token, repository)


def _repository(session: Session) -> str | None:
    try:
        return pull_request.github_repository(session)
    except InputError:  # a remote that does not exist; it is among git's findings
        return None


def _actions(session: Session, token: str) -> Iterator[Finding]:
    if session.environment.variables.get("GITHUB_ACTIONS") == "true" and token.startswith("ghs_"):
        message = (
            "pull requests opened with the GITHUB_TOKEN of GitHub Actions start no CI; let GITHUB_TOKEN be that of a"
            " GitHub App (it begins with ghs_ too, and starts CI) or a fine-grained token, or close and reopen them"
        )
        yield doctor_finding.note("github", "GITHUB_TOKEN", message)


def _access(session: Session, token: str, repository: str) -> Iterator[Finding]:
    """What GitHub says, in one request."""
    from splinter.publish.forges.github import GitHub

    api_url, name = session.environment.github_api_url, f"github {repository}"
    asked = GitHub(token, repository, api_url, timeout_s=GITHUB_TIMEOUT_S, tries=1, again="doit doctor")
    try:
        access = asked.access()
    except PublishError as error:
        yield doctor_finding.problem("github", name, str(error))
        return
    # for a token of an app GitHub names the rights of a user, which it is not
    if access.may_push is False and not token.startswith("ghs_"):
        message = "the token can read it and not write to it; give its user write access, or use another token"
        yield doctor_finding.problem("github", name, message)
    else:
        yield doctor_finding.ok("github", name, "is reached with the token")
    yield _scopes(access.scopes)


def _scopes(scopes: tuple[str, ...] | None) -> Finding:
    if scopes is None:
        message = f"GitHub names none for this token; it needs {RIGHTS}"
        return doctor_finding.note("github", "scopes", message)
    named = ", ".join(scopes) or "none"
    if SUFFICIENT_SCOPES & {*scopes}:
        return doctor_finding.ok("github", "scopes", named)
    message = f"{named}; give the token repo, or public_repo where the repository is public"
    return doctor_finding.problem("github", "scopes", message)


def mail(session: Session) -> Iterator[Finding]:
    """Where the report goes."""
    from splinter.publish.notifiers.mail import Mail

    try:
        mailer = pull_request.mailer(session)
    except PublishError as error:
        yield doctor_finding.problem("mail", "mail", str(error))
        return
    if not isinstance(mailer, Mail):
        message = "neither SMTP_HOST nor SENDGRID_API_KEY is set, so mails become files in "
        message += f"{layout.STATE}/{layout.OUTBOX}/"
        yield doctor_finding.note("mail", "mail", message)
    elif mailer.user and not mailer.password:
        message = "SMTP_USER is set and SMTP_PASSWORD is not; set it, or let the mail server ask for no login"
        yield doctor_finding.problem("mail", "mail", message)
    else:
        login = "with" if mailer.user else "without"
        number = plural(len(mailer.recipients), "recipient")
        through = f"{mailer.host}:{mailer.port} ({mailer.security}, {login} a login)"
        message = f"goes to {number} through {through}; `doit email --test` proves it"
        yield doctor_finding.ok("mail", "mail", message)


def messengers(session: Session) -> Iterator[Finding]:
    """Slack and the healthcheck."""
    for task, variable in (("slack", "SLACK_WEBHOOK_URL"), ("healthcheck", "HEALTHCHECK_URL")):
        try:
            pull_request.messenger(session, task)
        except PublishError as error:
            yield doctor_finding.note(task, task, str(error))
        else:
            message = f"is configured: {variable} is set; `doit {task} --test` proves it"
            yield doctor_finding.ok(task, task, message)
