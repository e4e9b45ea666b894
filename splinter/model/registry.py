"""Which notifiers and forges there are, a line each. It imports none of them: a call with nothing to do pays for none.

A class is found by its path when it is used; what it must be able to do says `model/ports.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """A class as `module:name`, and what has to be known of it before it is imported.

    `doc` is what `doit list` says of a notifier's task. `needs` are the variables without which it has nothing to do,
    `secrets` those whose values must never be shown. `hint` says what leads to a forge from a remote that does not look
    like its own. `is_of_now`: it tells of this call, never of an earlier run. `is_repeatable`: copies of a message are
    known for copies, so that one which may have arrived is sent again; of others it is not.
    """

    path: str
    doc: str = ""
    needs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    hint: str = ""
    is_of_now: bool = False
    is_repeatable: bool = False


# by the names of their tasks; one after another, so that each says what failed before it
NOTIFIERS: Mapping[str, Plugin] = {
    "email": Plugin(
        path="splinter.publish.notifiers.mail:Mail",
        doc="mail the report",
        secrets=("SMTP_PASSWORD", "SENDGRID_API_KEY"),
        is_repeatable=True,
    ),
    "slack": Plugin(
        path="splinter.publish.notifiers.slack:Slack",
        doc="send a message to Slack",
        needs=("SLACK_WEBHOOK_URL",),
        secrets=("SLACK_WEBHOOK_URL",),
    ),
    "apprise": Plugin(
        path="splinter.publish.notifiers.messengers:Messengers",
        doc="send a message to other messengers",
        needs=("APPRISE_URLS",),
        secrets=("APPRISE_URLS",),
    ),
    "healthcheck": Plugin(
        path="splinter.publish.notifiers.healthcheck:Healthcheck",
        doc="ping the healthcheck",
        needs=("HEALTHCHECK_URL",),
        secrets=("HEALTHCHECK_URL",),
        is_of_now=True,
    ),
}
# in the order in which they are asked whether a remote is theirs
FORGES: Mapping[str, Plugin] = {
    "github": Plugin(
        path="splinter.publish.forges.github:GitHub",
        needs=("GITHUB_TOKEN",),
        secrets=("GITHUB_TOKEN",),
        hint="set GITHUB_REPOSITORY=owner/name where that address does not say it, "
        "or GITHUB_API_URL for a GitHub of your own",
    ),
}

_ALL = (*FORGES.values(), *NOTIFIERS.values())
SECRETS = tuple(dict.fromkeys(name for one in _ALL for name in one.secrets))
NEEDS = tuple(dict.fromkeys(name for one in _ALL for name in one.needs))
REPORTING = ("report", *NOTIFIERS)  # tasks that report a run, and so come too late to be in it
