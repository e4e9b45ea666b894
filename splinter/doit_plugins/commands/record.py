"""`doit record`: what an agent did in the last run becomes its recorded patch. It runs nothing, and takes no lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from splinter.doit_plugins.options import OwnCommand
from splinter.doit_plugins.terminal import exit_status_of, read_project, say
from splinter.errors import InputError
from splinter.model import layout
from splinter.text import redact
from splinter.text.patterns import did_you_mean_id

if TYPE_CHECKING:
    from splinter.engine.project import Project
    from splinter.model.workstream import Workstream


class Record(OwnCommand):
    """Recorded patches of what agents did."""

    name = "record"
    doc_purpose = "keep what an agent did as the recorded patch, for simulated runs, demos and tests"
    doc_usage = "WORKSTREAM[:STEP]"
    doc_description = """Of the last run. The patches lie in workstreams/recorded/; git add is yours.

doit record docs          of each step that called an agent, fixes too
doit record docs:write    of that one
doit run --simulate docs  the same again with these patches, and without the agent"""
    cmd_options = ()

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Write the patches; that there is nothing to record is an error."""
        return exit_status_of(lambda: self._keep(pos_args))

    def _keep(self, arguments: list[str]) -> int:
        from splinter.engine.steps import recording
        from splinter.system.history import History

        if len(arguments) != 1:
            raise InputError("name one workstream, such as docs, or docs:write for one of its steps")
        known, (id, _, step) = read_project(), arguments[0].partition(":")
        repository, one = known.repository, _workstream(known, id)
        steps = recording.wanted(one, known.settings.tools, step)
        found = History(repository.root / layout.STATE, is_read_only=True).last_workstream(id)
        if found is None:
            raise InputError(f"no run of {id} is recorded; doit {id} makes one")
        run, last = found
        made = list(recording.made(repository, known.redactor, last, steps))
        kept = [one for one in made if one.patch is not None]
        for each in made:
            if each.patch is not None:
                recording.keep(repository.start, each)
            say(redact.plain(f"{each.path}  {each.said}" if each.patch is not None else each.said))
        if not kept:
            raise InputError(f"the last run of {id}, {run}, has nothing to record")
        _name_others(known, id, {each.path for each in kept}, is_whole=not step)
        say(f"of the run {run}; doit run --simulate {id} applies it")
        return 0


def _workstream(known: Project, id: str) -> Workstream:
    workstreams = {one.id: one for one in known.collection.workstreams}
    if id not in workstreams:
        raise InputError(f'there is no workstream "{id}"{did_you_mean_id(id, workstreams)}; "doit list" names them')
    return workstreams[id]


def _name_others(known: Project, id: str, kept: set[str], *, is_whole: bool) -> None:
    """Name the patches of earlier runs: a simulated run would apply these too."""
    from splinter.model.tool import recorded_path

    start = known.repository.start
    for file in sorted((start / recorded_path(id, "step")).parent.glob("*.patch")) if is_whole else ():
        path = file.relative_to(start).as_posix()
        if path not in kept:
            say(redact.plain(f"{path}  is of an earlier run; delete it where it is not to be applied any more"))
