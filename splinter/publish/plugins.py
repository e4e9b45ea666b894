"""Notifiers and forges by their names in `model/registry.py`; each is imported when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.errors import PublishError
from splinter.model import layout
from splinter.model.plan import choose_remote
from splinter.model.ports import Caller, HostedForge, Notifier
from splinter.model.registry import FORGES, NOTIFIERS, Plugin
from splinter.model.settings import Environment
from splinter.publish import waiting
from splinter.system import user_folders


def notifier(name: str) -> type[Notifier]:
    """The class of that name."""
    return cast("type[Notifier]", _class(NOTIFIERS[name]))


def forge(name: str) -> type[HostedForge]:
    """The class of that name."""
    return cast("type[HostedForge]", _class(FORGES[name]))


def owner(url: str, environment: Environment) -> tuple[str, str] | None:
    """The forge that a remote's URL leads to and the repository's name there; None where none is configured for it."""
    for name, plugin in FORGES.items():
        repository = forge(name).owns(url, environment) if environment.is_configured(plugin) else None
        if repository:
            return name, repository
    return None


def is_hosted(url: str, environment: Environment) -> bool:
    """Whether a remote's URL leads to a forge, also where that is not configured here, as in a job that only works."""
    return any(forge(name).owns(url, environment) for name in FORGES)


def why_none(remote: str, url: str, environment: Environment) -> str:
    """Why no forge is asked about a remote, and which variable would change that."""
    for name, plugin in FORGES.items():
        if forge(name).owns(url, environment):
            missing = [need for need in plugin.needs if not environment.variable(need)]
            return f"{' and '.join(missing)} is not set"
    hints = "; ".join(filter(None, (plugin.hint for plugin in FORGES.values())))
    return f"the address of {remote} leads to no forge that is known here ({', '.join(FORGES)}); {hints}"


def auth(url: str, environment: Environment) -> dict[str, str]:
    """The environment that lets git use the token of the forge behind a remote's URL, empty where there is none."""
    for name, plugin in FORGES.items():
        found = forge(name).auth(url, environment) if environment.is_configured(plugin) else {}
        if found:
            return found
    return {}


def opened(session: Session, name: str, repository: str) -> HostedForge:
    """The forge of that name for a repository: one for all tasks of a call."""
    outside, known = session.outside, session.known
    with known.lock:
        if (name, repository) not in known.forges:
            caller = Caller(
                waiting=waiting.of(session),
                facts=session.memory,
                wait_s=outside.settings.forge_wait_s,
                answers=user_folders.cache() / outside.state.name / layout.ANSWERS,
                again=known.again,
            )
            known.forges[name, repository] = forge(name).from_env(repository, outside.environment, caller)
        return known.forges[name, repository]


def pushed_as(outside: Outside, branch: str) -> str:
    """The branch as the forge knows it from the repository that is proposed to: of a fork, with its owner."""
    remote = choose_remote(outside.settings, outside.snapshot)
    url = outside.snapshot.push_urls.get(remote or "")
    if not remote or not url:
        return branch
    here, there = (owner(one, outside.environment) for one in (outside.snapshot.remotes[remote], url))
    is_fork = here and there and here[0] == there[0] and here[1].lower() != there[1].lower()
    return f"{there[1].partition('/')[0]}:{branch}" if is_fork and there else branch


def merged(session: Session, url: str, head: str, base: str, tip: str) -> str | None:
    """The address of the pull request by which a commit of ours was merged into `base`; None where none is known.

    Raises PublishError where the forge of the remote's URL does not say, or cannot be asked.
    """
    outside = session.outside
    found = owner(url, outside.environment)
    if found:
        return opened(session, *found).merged(head=pushed_as(outside, head), base=base, tip=tip)
    if is_hosted(url, outside.environment):
        raise PublishError(why_none("the remote", url, outside.environment))
    return None


def _class(plugin: Plugin) -> Any:
    module, _, name = plugin.path.partition(":")
    return getattr(import_module(module), name)
