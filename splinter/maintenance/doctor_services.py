"""Whether forge, mail and messengers can be reached as they are configured. It sends nothing to people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.errors import InputError, PublishError
from splinter.model import finding
from splinter.model.effects import UNSETTLED, Effect, Kind, State, state_in_words
from splinter.model.finding import Finding
from splinter.model.plan import choose_remote
from splinter.model.registry import FORGES, NOTIFIERS
from splinter.publish import messages, plugins
from splinter.text import markdown
from splinter.text.counts import plural


def forges(outside: Outside, *, is_offline: bool) -> Iterator[Finding]:
    """The token of each that is configured or that the remote leads to, and what it says of that; else of the first."""
    url, environment = _url(outside), outside.environment
    owned = {name: plugins.forge(name).owns(url, environment) if url else None for name in FORGES}
    meant = [name for name, plugin in FORGES.items() if owned[name] or environment.is_configured(plugin)]
    for name in meant or list(FORGES)[:1]:
        yield from plugins.forge(name).findings(owned[name], environment, is_offline=is_offline)


def notifiers(session: Session) -> Iterator[Finding]:
    """Where each sends to."""
    for name, plugin in NOTIFIERS.items():
        try:
            yield messages.notifier(session, name).finding()
        except PublishError as error:
            state = finding.problem if session.outside.environment.is_configured(plugin) else finding.note
            yield state(name, name, str(error))


def report(session: Session) -> Finding:
    """What reports hold of code, logs and agents' words, and that they travel."""
    include = session.outside.settings.report.include
    held = " and ".join(filter(None, (", ".join(include[:-1]), *include[-1:])))
    said = f"holds {held}" if include else "holds no diffs, logs or agents' words"
    recipients = session.outside.environment.report_recipients
    goes = f"; {plural(len(recipients), 'recipient')} of mail get it" if recipients else ""
    return finding.ok("report", "report", f"{said} (report.include){goes}")


def unsettled(session: Session) -> Iterator[Finding]:
    """What was to be done outside and is not, of each kind: how many, since when, and what was said last."""
    for kind, found in _by_kind(session.memory.effects(*UNSETTLED)).items():
        for state, some in found.items():
            first, last = some[0], max(some, key=lambda one: one.ended or one.begun)
            said = f"; said last: {last.said}" if last.said else ""
            tries = plural(max(one.tries for one in some), "try", "tries")
            message = (
                f"{len(some):,} {state_in_words(state)} since {first.begun}, of {first.target}, after {tries}{said}"
            )
            yield finding.note("publishing", kind, markdown.one_line(message))


def _by_kind(effects: Iterable[Effect]) -> dict[Kind, dict[State, list[Effect]]]:
    found: dict[Kind, dict[State, list[Effect]]] = {}
    for one in effects:
        found.setdefault(one.kind, {}).setdefault(one.state, []).append(one)
    return found


def _url(outside: Outside) -> str | None:
    try:
        remote = choose_remote(outside.settings, outside.snapshot)
    except InputError:  # a remote that does not exist; it is among git's findings
        return None
    return outside.snapshot.remotes[remote] if remote else None
