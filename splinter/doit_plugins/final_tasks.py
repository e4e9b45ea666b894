"""The tasks after all workstreams, as doit's: rehearse, pr, report, email, slack, healthcheck.

They start no workstream, and publish nothing that is not recorded. What publishes is imported by the task that asks
or does it: a call that only looks would wait longer for it than for all else.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from splinter.doit_plugins import pull_request_trial
from splinter.doit_plugins.rows import Act, Rows, to_values
from splinter.doit_plugins.uptodate import Fresh
from splinter.engine.current_run import REPORTED
from splinter.engine.outside import Outside
from splinter.engine.session import Session
from splinter.errors import PublishError
from splinter.model import fingerprints, layout
from splinter.model.done import Accepted, Rehearsed
from splinter.model.fingerprints import Values, fingerprint
from splinter.model.plan import Plan
from splinter.model.records import PullRequestRecord
from splinter.model.registry import NOTIFIERS, REPORTING
from splinter.publish import left_over
from splinter.text.counts import plural

if TYPE_CHECKING:
    from splinter.engine.rehearsal.merge_all import Member

NAMES = ("rehearse", "pr", "report", *NOTIFIERS)
_TEST = [{"name": "test", "long": "test", "type": bool, "default": False, "help": "send a test message now"}]


def to_dicts(session: Session, rows: Rows) -> Iterator[dict[str, Any]]:
    """The final tasks, as doit's task creators yield them."""
    yield _rehearse(session, rows)
    yield {
        "basename": "pr",
        "name": None,
        "doc": "pull requests of what succeeded",
        "params": pull_request_trial.PARAMS,
        "meta": {"wait_only": True},
    }
    if session.outside.settings.pull_requests == layout.TOGETHER and session.plans:
        yield _together(session, rows)
    else:
        yield from _each(session, rows)
    yield from _left_over(session)
    yield _report(session)
    for name in NOTIFIERS:
        yield _notify(session, name)


def is_configured(outside: Outside, name: str) -> bool:
    """Whether a final task has all that it cannot do without."""
    return name not in NOTIFIERS or outside.environment.is_configured(NOTIFIERS[name])


def _rehearse(session: Session, rows: Rows) -> dict[str, Any]:
    is_together = session.outside.settings.pull_requests == layout.TOGETHER

    def found() -> dict[str, tuple[Member, ...]]:
        from splinter.engine.rehearsal import merge_all, rehearsal

        accepted = {one.id: row.value for one in session.plans.values() if (row := rows.accepted(one))}
        members = merge_all.members(session, accepted)
        bases = rehearsal.of_bases(merge_all.proposed(members) if is_together else members)
        return {base: some for base, some in bases.items() if is_together or len(some) > 1}

    def is_fresh(task: Any, values: Values) -> bool:
        from splinter.engine.rehearsal import rehearsal

        now, last = {base: rehearsal.inputs(some) for base, some in found().items()}, rows.rehearsed()
        was = last.inputs if last else {}
        if is_together:
            return bool(was == now)
        return all(some.items() <= was.get(base, {}).items() for base, some in now.items())  # fewer need no new look

    def rehearse(task: Any) -> Values:
        from splinter.engine.rehearsal import rehearsal

        bases = found()
        done = [rehearsal.rehearse(session, some) for some in bases.values()]
        return {
            **to_values("", rehearsal.rehearsed(session.run.id, bases, done)),
            "action": "; ".join(rehearsal.summary(one) for one in done),
            "where": "together" if done else "",
        }

    return {
        "basename": "rehearse",
        "doc": "all finished branches brought together and judged",
        "actions": [Act(rehearse)],
        "uptodate": [Fresh(is_fresh)],
        "task_dep": list(session.plans),
        "meta": {"finalizer": True, "wait_only": True, "session": session},
    }


def _together(session: Session, rows: Rows) -> dict[str, Any]:
    def made_of(last: Rehearsed) -> str:
        from splinter.publish import combined_pull_request

        return fingerprint(combined_pull_request.inputs(session, last))

    def is_fresh(task: Any, values: Values) -> bool:
        last = rows.rehearsed()
        if last is None:
            return not any(one.workstream.pull_request and rows.accepted(one) for one in session.plans.values())
        return _is_published(session, layout.TOGETHER, values, made_of(last))

    def publish_it(task: Any) -> Values:
        from splinter.publish import combined_pull_request

        last = rows.rehearsed()
        if last is None:
            raise PublishError(
                "what goes together was never judged, so nothing is proposed; run `doit run rehearse pr`"
            )
        return _published(session, made_of(last), combined_pull_request.propose(session, last))

    return {
        "basename": "pr",
        "name": layout.TOGETHER,
        "doc": "one pull request of all that goes together",
        "actions": [Act(publish_it)],
        "uptodate": [Fresh(is_fresh)],
        "task_dep": [*session.plans, "rehearse"],
        "meta": {"wait_only": True, "publishes": layout.TOGETHER, "session": session},
    }


def _each(session: Session, rows: Rows) -> Iterator[dict[str, Any]]:
    wanted = {id: one for id, one in session.plans.items() if one.workstream.pull_request}
    for one in wanted.values():
        yield _pull_request(session, rows, one, wanted)


def _pull_request(session: Session, rows: Rows, one: Plan, wanted: Container[str]) -> dict[str, Any]:
    def made_of(accepted: Accepted) -> str:
        from splinter.engine.steps import stand_in
        from splinter.model import late_filling
        from splinter.publish import proposals, pull_request

        told = late_filling.as_far_as_known(one.workstream, accepted.outputs, silent=stand_in.silent(one))
        filled = replace(one, workstream=told)
        inputs = fingerprints.pull_request_inputs(filled, accepted, pull_request.target(session.outside))
        more = {"aim": proposals.aim(session, one, accepted), "creates": session.outside.settings.create_labels}
        return fingerprint({**inputs, **more})

    def is_fresh(task: Any, values: Values) -> bool:
        from splinter.engine import slot_claims
        from splinter.publish import expiry

        row = rows.accepted(one)
        if row is None or slot_claims.is_lost(session, one.id):
            return True
        is_over = expiry.is_over(session, one, row.value.tip)
        return not is_over and _is_published(session, one.id, values, made_of(row.value))

    def publish_it(task: Any) -> Values:
        from splinter.publish import expiry, pull_request

        row = rows.accepted(one)
        if row is None:
            return {}  # asked for with -a: there is no result to publish
        act = expiry.close if expiry.is_over(session, one, row.value.tip) else pull_request.pull_request
        return _published(session, made_of(row.value), act(session, one, row.value))

    before = [f"pr:{other}" for other in one.workstream.depends_on if other in wanted]
    return {
        "basename": "pr",
        "name": one.id,
        "doc": f"pull request of {one.id}",
        "actions": [Act(publish_it)],
        "uptodate": [Fresh(is_fresh)],
        "task_dep": [one.task("accept"), *before],
        "meta": {"wait_only": True, "publishes": one.id, "session": session},
    }


def _left_over(session: Session) -> Iterator[dict[str, Any]]:
    """The task that tells of pull requests which nothing asks for any more, or closes them, where there are some."""
    found = left_over.of_session(session)
    made_of = fingerprint({"found": [asdict(one) for one in found], "closes": session.outside.settings.close_removed})

    def is_fresh(task: Any, values: Values) -> bool:
        if session.run.own():
            return False
        return not session.outside.settings.close_removed or values.get("fingerprint") == made_of

    def settle(task: Any) -> Values:
        told = left_over.settle(session, found)
        where = plural(len(told), "pull request") if told else ""
        return {"fingerprint": made_of, "action": "left over" if told else "", "where": where, "notes": told}

    if found:
        yield {
            "basename": "pr",
            "name": "left_over",  # no workstream has an underscore in its id
            "doc": "pull requests that nothing asks for any more",
            "actions": [Act(settle)],
            "uptodate": [Fresh(is_fresh)],
            "task_dep": list(session.plans),
            "meta": {"finalizer": True, "wait_only": True, "session": session, "left_over": found},
        }


def _is_published(session: Session, id: str, values: Values, made_of: str) -> bool:
    return values.get("fingerprint") == made_of and not left_over.is_wanted_again(session, id)


def _published(session: Session, made_of: str, done: PullRequestRecord) -> Values:
    left_over.opened_again(session, done.workstream)
    return {
        "fingerprint": made_of,
        "action": done.action,
        "where": session.outside.shown(done.where),
        "notes": done.notes,
    }


def _report(session: Session) -> dict[str, Any]:
    def made_of(run: str) -> str:
        return fingerprint({"run": _of_run(session, run), "include": list(session.outside.settings.report.include)})

    def is_fresh(task: Any, values: Values) -> bool:
        run = session.run.reported()
        return run is None or values.get("fingerprint") == made_of(run)

    def write(task: Any) -> Values:
        from splinter.publish import report_evidence, report_files, run_records

        run = session.run.reported()
        if run is None:
            raise PublishError("nothing is recorded yet; doit makes a first run")
        written = made_of(run)
        if session.run.id == run:
            session.history.finish_run(run, session.outside.clock.now())
        record = run_records.run_record(session, run)
        folder = report_files.write(session.outside, record, report_evidence.gather(session, record))
        session.memory.set_fact(REPORTED, run)
        return {
            "fingerprint": written,
            "action": "written",
            "where": session.outside.shown(session.outside.relative(folder / "index.html")),
        }

    return {
        "basename": "report",
        "doc": "report.md, report.json and index.html of the run",
        "actions": [Act(write)],
        "uptodate": [Fresh(is_fresh)],
        "task_dep": [*session.plans, "rehearse", "pr"],
        "meta": {"finalizer": True, "wait_only": True, "session": session},
    }


def _of_run(session: Session, run: str | None) -> str:
    """What a report, or a message, of a run is made of: its rows, but that reporting it failed.

    One mail that was refused is no reason to send the same message to Slack again.
    """
    digest = session.history.hash_of(run, but_errors_of=REPORTING) if run else ""
    return fingerprint({"run": run, "digest": digest})


def _notify(session: Session, name: str) -> dict[str, Any]:
    plugin = NOTIFIERS[name]

    def is_fresh(task: Any, values: Values) -> bool:
        if task.options and task.options["test"]:
            return False
        if not is_configured(session.outside, name):
            return True
        from splinter.publish import delivery, messages

        if plugin.is_of_now or messages.waits(session, name):
            return False
        run = session.run.reported()
        made_of = _of_run(session, run)
        is_same = run is None or values.get("fingerprint") == made_of
        return is_same or delivery.is_settled(session.memory, name, run or "", made_of)

    def send(task: Any) -> Values:
        from splinter.publish import life_signs, messages

        if task.options and task.options["test"]:
            return {"where": messages.notifier(session, name).send(messages.sample())}
        if plugin.is_of_now:
            return life_signs.end(session, name)
        return _send(session, name)

    before = list(NOTIFIERS)[: list(NOTIFIERS).index(name)]
    return {
        "basename": name,
        "doc": plugin.doc,
        "actions": [Act(send)],
        "uptodate": [Fresh(is_fresh)],
        "params": _TEST,
        "task_dep": ["report", *before],  # it says what failed in those
        "meta": {"finalizer": True, "wait_only": True, "session": session},
    }


def _send(session: Session, name: str) -> Values:
    """Send the report, and what waits; where nothing can be sent it is written down that it is to be."""
    from splinter.publish import delivery, messages

    run = session.run.reported()
    made_of = _of_run(session, run)
    try:
        notifier = messages.notifier(session, name)
    except PublishError:
        if run:
            delivery.ask(session, name, run, made_of)
        raise
    if not notifier.goes_out or (run is None and not messages.waits(session, name)):
        return {"fingerprint": made_of, "where": notifier.send(messages.message(session, run))}
    return {"fingerprint": made_of, "where": delivery.deliver(session, name, notifier, run, made_of)}
