"""Settings, identity and environment as frozen values. They read no file and no `os.environ`, and store no secret."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from splinter.model import registry, schedule
from splinter.model.registry import Plugin
from splinter.model.tool import Sandbox, Tool
from splinter.model.workstream import Budget, CatchUp, Setup

SECRET_NAME = re.compile(
    r"KEY|TOKEN|SECRET|PASS|CREDENTIAL|WEBHOOK|AUTH|COOKIE|PRIVATE|SIGNATURE|DSN|_PAT$|_PWD$", re.IGNORECASE
)
# names that hardly anything but a secret has; the wider one above is for what somebody passes on to a program
_SURELY = re.compile(r"(?:_TOKEN|_API_KEY|_SECRET|_SECRET_KEY|_ACCESS_KEY|_PASSWORD|_WEBHOOK|_WEBHOOK_URL)$")
_RANDOM = re.compile(r"(?=.*[A-Za-z])(?=.*[0-9])\S{12,}")
# nearly all services set CI; these are of those that do not, and of the one that the nightly is for
_OF_CI = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "JENKINS_URL", "TEAMCITY_VERSION", "CODEBUILD_BUILD_ID")
SANDBOXES = get_args(Sandbox)
LONG_PART = 12  # characters; a shorter word of an address, such as "services", is everywhere
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "FTP_PROXY")
CERTIFICATES = (
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "PIP_CERT",
)  # fmt: skip
RUNNERS = ("CI", "GITHUB_ACTIONS")  # by which programs know that no person looks on
# where commands run, not what they are asked: in no key of a result, so that none is paid for twice because of it
OF_THE_PLACE = frozenset({*RUNNERS, "NO_COLOR", *_PROXIES, *map(str.lower, _PROXIES), *CERTIFICATES})
# what programs commonly need: on POSIX, on Windows, and of the place
PASSED_ON = OF_THE_PLACE | {
    "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "TEMP", "TMP", "SHELL", "TZ",
    "SYSTEMROOT", "COMSPEC", "PATHEXT", "USERPROFILE", "APPDATA", "LOCALAPPDATA",
}  # fmt: skip
# name and password in an address, with or without a scheme in front, as proxies have them
_CREDENTIALS = re.compile(r"(?:^|//|(?<=[\s,;]))([^/@\s:,;]*:([^/@\s]+))@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Author and committer of our commits, or the sender of our mails, who may have no name."""

    name: str
    email: str


NOBODY = Identity(name="splinter", email="splinter@localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much is kept: days since something was last used, millions of bytes for all of a kind."""

    worktree_days: int = 30
    worktree_mb: int = 20_000
    log_days: int = 90
    log_mb: int = 2_000
    result_days: int = 90
    result_mb: int = 2_000
    backup_days: int = 90
    unreachable_days: int = 90
    keep_finished: bool = False


DIFFS, LOGS, WORDS = "diffs", "logs", "words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What reports hold beyond outcomes: diffs, what commands printed, what agents said."""

    include: tuple[str, ...] = (DIFFS, LOGS, WORDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How splinter works in a repository; `source` is the file they stand in, None where there is none.

    `jobs` and `sandbox` are None where nothing is said of them: then the processors and the environment decide.
    `forge_wait_s` is how long all pull requests of a run together may wait for a forge that limits requests,
    `slot_lease_s` how long a claim on a slot holds.
    """

    jobs: int | None = None
    timezone: str = "UTC"
    branch_prefix: str = "splinter/"
    remote: str | None = None
    base: str | None = None
    rebase: Literal["behind", "conflict"] = "behind"
    pull_requests: Literal["each", "together"] = "each"
    create_labels: bool = False
    close_removed: bool = False
    show_transcripts: bool = False
    sandbox: Sandbox | None = None
    sandbox_reads: tuple[str, ...] = ()
    sandbox_caches: tuple[str, ...] = ()
    sandbox_network: bool = True
    share_results: bool = False
    forge_wait_s: float = 300.0
    claim_slots: bool = False
    slot_lease_s: float = 28_800.0
    catch_up: CatchUp = "last"
    checks: Literal["all", "baseline"] = "all"
    setup: tuple[Setup, ...] = ()
    env: tuple[str, ...] = ()
    sign_commits: bool = False
    budget: Budget = field(default_factory=Budget)
    gc: Limits = field(default_factory=Limits)
    report: Reports = field(default_factory=Reports)
    identity: Identity | None = None
    tools: Mapping[str, Tool] = field(default_factory=dict)
    source: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that `timezone` names."""
        return schedule.zone(self.timezone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The caller's environment, parsed; `now` is the fixed clock of tests. Its repr shows no secret.

    `sandbox` counts on this machine where the settings say nothing of it; with `shortcut` off each call looks at all.
    """

    github_token: str | None = field(default=None, repr=False)
    github_repository: str | None = None
    github_api_url: str | None = None
    smtp_host: str | None = None
    smtp_port: int = 587
    smtp_user: str | None = None
    smtp_password: str | None = field(default=None, repr=False)
    smtp_security: str = "starttls"
    smtp_from: Identity | None = None
    report_recipients: tuple[str, ...] = ()
    sendgrid_api_key: str | None = field(default=None, repr=False)
    now: datetime | None = None
    sandbox: str = "auto"
    shortcut: str = "on"
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)

    def variable(self, name: str) -> str | None:
        """The value of a variable, None where it is not set or says nothing, as CI does with a missing secret."""
        return self.variables.get(name, "").strip() or None

    @property
    def is_in_ci(self) -> bool:
        """Whether no person sits here: what a service for continuous integration sets says so."""
        said = (self.variable(name) for name in _OF_CI)
        return any(value and value.lower() not in ("false", "0", "no") for value in said)

    @property
    def page(self) -> str:
        """Where GitHub Actions shows the run that this is a part of, empty elsewhere."""
        names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
        server, repository, run = (self.variable(name) for name in names)
        is_there = self.variable("GITHUB_ACTIONS") == "true" and server and repository and run
        return f"{server}/{repository}/actions/runs/{run}" if is_there else ""

    @property
    def ref(self) -> str:
        """The ref that GitHub Actions checked out for this run, such as `refs/heads/main`; empty elsewhere."""
        return (self.variable("GITHUB_REF") or "") if self.variable("GITHUB_ACTIONS") == "true" else ""

    def is_configured(self, plugin: Plugin) -> bool:
        """Whether all is set that a notifier or forge cannot do without."""
        return all(map(self.variable, plugin.needs))

    def secrets(self, names: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The values that must never be shown: our own secrets, and those of `names` that look like secrets.

        Of an address that is a secret, such as a webhook's, its parts are too: they are what it is guessed by. Of any
        other address that programs are handed, such as a proxy's, the password is.
        """
        named = (*registry.SECRETS, *(name for name in names if SECRET_NAME.search(name)))
        values = [value for value in map(self.variable, named) if value]
        addresses = [one for value in values for one in value.split() if "://" in one]
        parts = [part for one in addresses for part in (one, *_secret_parts(one))]
        handed = (self.variables.get(name, "") for name in sorted({*PASSED_ON, *names}))
        passwords = [part for value in handed for part in _credentials(value)]
        return tuple(dict.fromkeys((*values, *parts, *passwords)))

    def likely_secrets(self) -> tuple[str, ...]:
        """The values that are not shown on a terminal, whether or not anything names their variables.

        A word such as `postgres` is none of them: it would be masked wherever it stands.
        """
        values = (self.variables[name].strip() for name in self.variables if _SURELY.search(name))
        addresses = tuple(name for name, value in self.variables.items() if _has_password(value))
        return (*self.secrets(addresses), *(value for value in values if _RANDOM.fullmatch(value)))

    def plain_values(self, names: tuple[str, ...]) -> dict[str, str]:
        """The values of those names that are set, do not look like secrets, and say more than where commands run."""
        wanted = (name for name in sorted({*names} - OF_THE_PLACE) if name in self.variables)
        harmless = (name for name in wanted if not SECRET_NAME.search(name))
        return {name: self.variables[name] for name in harmless if not _has_password(self.variables[name])}

    def runner(self) -> dict[str, str]:
        """The variables by which a test may do other things on a runner of continuous integration, where set."""
        return {name: self.variables[name] for name in RUNNERS if name in self.variables}

    def child_environment(self, names: tuple[str, ...], *, hides: tuple[str, ...] = ()) -> dict[str, str]:
        """All that a child process gets: what programs commonly need and the given names where set; never `GIT_*`."""
        wanted = (PASSED_ON | set(names)) - set(hides)
        passed = {
            name: value
            for name, value in self.variables.items()
            if (name in wanted or name.startswith("LC_")) and not name.startswith("GIT_")
        }
        return passed | {"PATH": _path(self.variables.get("PATH", os.defpath)), "TERM": "dumb"}


def _has_password(value: str) -> bool:
    return "://" in value and _CREDENTIALS.search(value) is not None


def _credentials(value: str) -> Iterator[str]:
    """Name and password together, and the password, as they stand in addresses and as they are read.

    A password that is a mere word is none alone: a database's `postgres` would be masked wherever it stands.
    """
    for found in _CREDENTIALS.finditer(value):
        yield found[1]
        if len(found[2]) >= LONG_PART or not found[2].isalpha():
            yield from (found[2], unquote(found[2]))


def _secret_parts(address: str) -> tuple[str, ...]:
    """What of an address nobody could guess: credentials, long parts of its path, values of its query.

    In another scheme than the web's, such as `discord://`, the place of the host may hold a token.
    """
    try:
        parts = urlsplit(address)
    except ValueError:  # a bracket that does not close
        return tuple(_credentials(address))
    hosts = re.split("[@:]", parts.netloc) if parts.scheme not in ("http", "https") else ()
    words = (parts.username, *hosts, *parts.path.split("/"), *parts.query.replace("=", "&").split("&"))
    return (*_credentials(address), *(word for word in words if word and len(word) >= LONG_PART))


@functools.cache
def _path(path: str) -> str:
    """The caller's PATH with this Python's folder; relative entries go: in a worktree they lead to an agent's files."""
    folders = [folder for folder in path.split(os.pathsep) if Path(folder).is_absolute()]
    own = str(Path(sys.executable).parent)
    return os.pathsep.join(folders if own in folders else [own, *folders])
