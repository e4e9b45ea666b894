"""`doit plan` and `doit why`: what is due, and which difference makes it so. Both read only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from splinter.doit_plugins import plan_file, printing
from splinter.doit_plugins.commands.reading import AS_JSON, Reading
from splinter.doit_plugins.terminal import exit_status_of
from splinter.errors import InputError
from splinter.text import counts
from splinter.text.redact import plain

_REASONS = 6  # in a line; `doit why` shows all


class Plan(Reading):
    """What is due."""

    name = "plan"
    doc_purpose = "show for each workstream whether it is due, and why"
    doc_usage = "[WORKSTREAM ...]"
    cmd_options = (AS_JSON, plan_file.WRITE, plan_file.SHARDS, plan_file.CLAIM, plan_file.AGAIN)
    doc_description = """It asks no network and changes nothing, but for the file that --write names.

doit plan             all workstreams
doit plan lint docs   those two
doit plan --json      for programs
doit plan --write plan.json --shards 4
                      ask the remote once, and write down what is due, from where, in four parts;
                      doit run --plan plan.json --shard 2/4 then runs one of them, and asks nobody"""

    def execute(self, params: Any, args: list[str]) -> int:
        """Look; where a plan is to be written, under the lock, so that no run makes it out of date meanwhile."""
        from splinter.doit_plugins.locked import locked

        if not params["write"]:
            return super().execute(params, args)
        execute = super().execute

        def locked_execute() -> int:
            with locked():
                return execute(params, args)

        return exit_status_of(locked_execute)

    def _execute(
        self, as_json: bool, write: str, shards: int, claim: bool, again: bool, pos_args: list[str]
    ) -> int:  # fmt: skip
        from splinter.doit_plugins import tasks

        session = getattr(self.loader, "session", None)
        if write and session:
            from splinter.engine import night
            from splinter.model.layout import TOGETHER

            plan_file.refuse_number(shards, is_together=session.outside.settings.pull_requests == TOGETHER)
            night.pin(session, frozenset())  # what is due depends on it
        left = {one.workstream: one for one in self._left_over(session)} if session and not pos_args else {}
        found = self.explained(session, pos_args, claims=not write) if session and session.plans else {}
        now = self.under_way() if found else {}
        if as_json:
            rows = {id: {**_row(session, due), "under_way": now.get(id)} for id, due in found.items()}
            for id, one in left.items():
                rows.setdefault(id, {"workstream": id, "due": False, "why": [one.why]})["left_over"] = one.where
            printing.say_json(list(rows.values()))
            self._write(session, write, found, pos_args, number=shards, claims=claim, is_again=again)
            return 0
        _say(session, found, now)
        if not found:
            print(tasks.NOBODY)
        _say_what_was_seen(session, found)
        for one in left.values():
            print(one.sentence())
        if plan := self._write(session, write, found, pos_args, number=shards, claims=claim, is_again=again):
            print(plan_file.summary(plan, write))
        return 0

    def _write(self, session: Any, file: str, found: dict[str, Any], named: list[str], **how: Any) -> Any:
        """Write what is due down, where that was asked for."""
        if not file:
            return None
        if session is None:
            raise InputError("there is no project of splinter's here; doit init sets one up")
        if named:  # what they depend on may be due too
            found = self.explained(session, sorted(plan_file.wanted(session, named)), claims=False)
        wanted = plan_file.wanted(session, named)
        waits = {id for id in wanted if found[id].is_left_out}
        session.known.not_run.update((id, found[id].reasons[0]) for id in waits)
        due = waits | {id for id in wanted if found[id].is_due}
        return plan_file.write(session, file, due, **how)

    def _left_over(self, session: Any) -> tuple[Any, ...]:
        """Pull requests that nothing asks for any more; where a file is broken nobody knows."""
        from splinter.engine import project
        from splinter.publish import left_over

        known = self.loader.project
        workstreams = project.all_workstreams(known.repository, known.settings, known.collection)
        return () if workstreams is None else left_over.found(session.outside, session.memory, workstreams)


class Why(Reading):
    """Why one workstream is due, difference by difference."""

    name = "why"
    doc_purpose = "show what changed since a workstream last succeeded"
    doc_usage = "WORKSTREAM ..."
    doc_description = """It asks no network and changes nothing.

doit why lint   what differs, and whether an agent would be paid"""

    def _execute(self, as_json: bool, pos_args: list[str]) -> int:
        from splinter.doit_plugins.rows import rows_of
        from splinter.engine import prospects, work
        from splinter.engine.due import explain, foresee_prompts

        session = getattr(self.loader, "session", None)
        if not pos_args or session is None:
            raise InputError("name a workstream: doit why WORKSTREAM; doit plan shows all")
        found = self.explained(session, pos_args)
        rows = rows_of(session)
        works = {id: work.of(session, rows, session.plans[id]) for id in found}
        found = {id: replace(due, also=explain.versions(works[id])) for id, due in found.items()}
        asked = {
            id: foresee_prompts.foresee(works[id], rows, stale=due.stale, due=due.due_before)
            for id, due in found.items()
        }
        now = self.under_way()
        if as_json:
            printing.say_json([{**_json(due, asked[id]), "under_way": now.get(id)} for id, due in found.items()])
            return 0
        for id, due in found.items():
            if id in now:
                print(plain(f"{id}: {now[id]}; what follows is without it"))
            state = "due" if due.is_due else "not due" if due.reasons else "up to date"
            state = (due.is_due and prospects.disabled(session, session.plans[id])) or state
            print(f"{id} is {state}{':' if due.reasons else ''}")
            for reason in due.reasons:
                print(f"  {reason}")
            for prompt in asked[id]:
                print(f"  {prompt.text}")
            for one in due.also:
                print(f"  tool version (no reason to run): {one.text()}")
        _say_what_was_seen(session, found)
        return 0


def _state(session: Any, due: Any) -> str:
    """Whether it is due, and why; empty for one that is disabled, which is never due."""
    from splinter.engine import prospects

    is_told = due.is_due or not due.reasons
    if is_told and not prospects.is_enabled(session, session.plans[due.workstream]):
        return ""
    reasons = counts.and_more(due.reasons, _REASONS, between="; ")
    return f"due  {reasons}" if due.is_due else reasons or "up to date"


def _say(session: Any, found: dict[str, Any], now: dict[str, str]) -> None:
    """A line for each, those of one matrix below one of its own."""
    from splinter.engine import prospects

    groups = list(prospects.in_groups(session, found))
    width = max((len(id) + 2 * bool(group) for group, ids in groups for id in (*ids, group)), default=0)
    for group, ids in groups:
        if group:
            due = sum(found[id].is_due and prospects.is_enabled(session, session.plans[id]) for id in ids)
            print(f"{group:<{width}}  {due} of {counts.plural(len(ids), 'workstream')} due")
        for id in ids:
            said = plain(now.get(id, "")) or _state(session, found[id])
            name = f"  {id}" if group else id
            print(f"{name:<{width}}  {'; '.join(filter(None, (said, *_prospects(session, found[id]))))}")


def _row(session: Any, due: Any) -> dict[str, Any]:
    from splinter.engine import prospects

    plan = session.plans[due.workstream]
    following, usage = prospects.next_time(session, plan), prospects.last_cost(session, plan)
    return {
        "workstream": due.workstream,
        "group": plan.workstream.group or None,
        "due": due.is_due and prospects.is_enabled(session, plan),
        "why": list(due.reasons),
        "enabled": prospects.is_enabled(session, plan),
        "next": following.isoformat(timespec="minutes") if following else None,
        "waits_at": plan.waits_at or None,
        "last_cost_usd": usage.usd if usage else None,
    }


def _prospects(session: Any, due: Any) -> list[str]:
    """What is known of the times to come: whether it runs by itself, when again, and what it cost last."""
    from splinter.engine import prospects

    if due.reasons and not due.is_due:  # it is ignored
        return []
    return list(prospects.sentences(session, session.plans[due.workstream], is_due=due.is_due))


def _say_what_was_seen(session: Any, found: dict[str, Any]) -> None:
    """Nobody was asked: what is said of a remote's branch is what is known of it here."""
    from splinter.engine import bases

    if not found:
        return
    for sentence in bases.as_seen(session.outside, (session.plans[id] for id, due in found.items() if due.is_due)):
        print(sentence)


def _json(due: Any, asked: tuple[Any, ...]) -> dict[str, Any]:
    def listed(found: tuple[Any, ...]) -> list[dict[str, Any]]:
        return [{"kind": one.kind, "key": one.key, "was": one.was, "now": one.now} for one in found]

    return {
        "workstream": due.workstream,
        "due": due.is_due,
        "why": list(due.reasons),
        "differences": listed(due.differences),
        "also": listed(due.also),
        "prompts": [
            {
                "step": one.step,
                "asked": one.is_asked,
                "kept": one.run,
                "why": one.text,
                "differences": listed(one.differences),
            }
            for one in asked
        ],
    }
