"""The command `doit gather`: what the shards of a night handed on becomes one run here. It starts no workstream."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from splinter.doit_plugins import plan_file
from splinter.doit_plugins.locked import locked
from splinter.doit_plugins.options import OwnCommand
from splinter.doit_plugins.terminal import exit_status_of, read_project, say
from splinter.errors import InputError, SplinterError
from splinter.text.counts import plural


class Gather(OwnCommand):
    """Rows, records, logs and commits of shards are taken over, each shard's own alone."""

    name = "gather"
    doc_purpose = "take over what the shards of a plan handed on, as one run"
    doc_usage = "FOLDER ..."
    doc_description = """Each folder holds what a shard left: .doit.db, .splinter/ and in it refs.bundle.
Its name ends in the shard's number. Of each only what the plan gave that shard is taken.

doit gather --plan plan.json shards/night-1 shards/night-2
doit run --plan plan.json pr report
                      publishes what was gathered"""
    cmd_options = ({**plan_file.PLAN, "help": "the plan that the shards had"},)

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Take over; exit status 2 where something was left out, 3 for no plan, 4 where a run holds the lock."""
        return exit_status_of(lambda: self._gather(opt_values["plan_file"], [Path(one) for one in pos_args]))

    def _gather(self, file: str, folders: list[Path]) -> int:
        from splinter.doit_plugins.database import Database
        from splinter.engine import project
        from splinter.maintenance import gather
        from splinter.publish import plugins

        if not file:
            raise InputError("doit gather needs the plan that the shards had: --plan FILE")
        with locked():
            given = plan_file.given({"plan_file": file})
            assert given
            plan, known = given.plan, read_project()
            known.collection.check(is_asked_again=True)
            found = gather.by_number(plan, folders)
            if not plan.part(None):
                say("by the plan there is nothing to run, and so nothing to take over")
                return 0
            Database.holds_lock = True
            session = project.open_session(
                known, auth=plugins.auth, is_read_only=False, given=given, only_publishes=True
            )
            with closing(session.history), closing(session.memory):
                gather.begin(session, plan)
                rows = Database(str(known.repository.root / ".doit.db"), None)
                left_out = {}
                for number in range(1, plan.shards + 1):
                    if not plan.part(number):
                        continue
                    try:
                        if number not in found:
                            raise SplinterError("it handed nothing on")
                        self._take(session, plan, number, found[number], rows)
                    except (SplinterError, OSError) as error:
                        left_out[number] = session.outside.redactor.text(str(error))
                        gather.miss(session, plan, number, left_out[number])
                rows.dump()
                session.history.finish_run(plan.run, session.outside.clock.now())
        for number, why in left_out.items():
            say(f"shard {number} was left out: {why}")
        say(f"{plural(len(found.keys() - left_out.keys()), 'shard')} of {plan.shards} taken over as run {plan.run}")
        return SplinterError.exit_status if left_out else 0

    def _take(self, session: Any, plan: Any, number: int, folder: Path, rows: Any) -> None:
        from splinter.doit_plugins.database import ReadOnlyDatabase
        from splinter.maintenance import gather

        with gather.opened(plan, number, folder) as shard:
            names = [name for id in sorted(shard.ids) for name in session.plans[id].tasks]
            names += ["rehearse"] if plan.shards == 1 else []
            handed = ReadOnlyDatabase(str(shard.database), None)
            if handed.refusal:
                raise handed.refusal
            found = handed.stored(names)
            handed.dump()
            gather.take(session, plan, shard)
            rows.bring_back(found, is_kept=True)
