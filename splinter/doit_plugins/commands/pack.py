"""`doit pack` and `doit unpack`: state on its way from job to job, or to the next night. They start nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from splinter.doit_plugins import plan_file
from splinter.doit_plugins.locked import locked
from splinter.doit_plugins.options import OwnCommand
from splinter.doit_plugins.terminal import exit_status_of, read_project, say
from splinter.errors import GitError, InputError
from splinter.text.counts import plural


class Pack(OwnCommand):
    """What the next job needs of this checkout, in one folder."""

    name = "pack"
    doc_purpose = "put state and commits into a folder, for the next job or the next night"
    doc_usage = "FOLDER"
    doc_description = """The folder holds then .doit.db, the databases of .splinter/, and commits that no base has.

doit pack state                     for the next night, which takes it by doit unpack state
doit pack --plan plan.json made     what a shard made, with its logs, for doit gather"""
    cmd_options = ({**plan_file.PLAN, "help": "with the logs of this plan's run, and without commits beside the plan"},)

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Pack; exit status 2 where something cannot be packed, 3 for no folder or no plan."""
        return exit_status_of(lambda: self._pack(opt_values["plan_file"], _folder(self.name, pos_args)))

    def _pack(self, file: str, folder: Path) -> int:
        from splinter.maintenance import packed

        given = plan_file.given({"plan_file": file})
        beside = Path(file).parent if file else None
        count = packed.pack(read_project(), folder, given.plan if given else None, given=beside)
        size = sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())
        say(f"{plural(count, 'ref')} and their state packed, {size / 1_000_000:.1f} MB")
        return 0


class Unpack(OwnCommand):
    """What was packed becomes the state of this checkout."""

    name = "unpack"
    doc_purpose = "take the state and commits that doit pack put into a folder"
    doc_usage = "FOLDER"
    doc_description = """A checkout that has state of its own takes none. Without the folder it is a first night.

doit unpack state"""
    cmd_options = ()

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Take it; exit status 2 where commits could not be brought back, 3 where there is state, 4 for the lock."""
        return exit_status_of(lambda: self._unpack(_folder(self.name, pos_args)))

    def _unpack(self, folder: Path) -> int:
        from splinter.maintenance import packed

        if not folder.is_dir():
            say(f"{folder} is not there: nothing was kept")
            return 0
        with locked():
            try:
                count = packed.unpack(read_project(), folder)
            except GitError as error:
                raise GitError(f"state was taken without its commits, which are made again: {error}") from error
        say(f"state taken, with {plural(count, 'ref')}")
        return 0


def _folder(name: str, words: list[str]) -> Path:
    if len(words) != 1:
        raise InputError(f"doit {name} takes one folder")
    return Path(words[0])
