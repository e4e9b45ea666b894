"""`doit log` and `doit diff`: what a workstream printed, and what it proposes. Both read only."""

from __future__ import annotations

import codecs
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from splinter.doit_plugins.commands.recorded import Recorded
from splinter.doit_plugins.options import OwnCommand
from splinter.doit_plugins.terminal import exit_status_of, inert
from splinter.errors import InputError
from splinter.model import layout
from splinter.model.records import Outcome, WorkstreamRecord
from splinter.model.under_way import UnderWay
from splinter.text.counts import and_more
from splinter.text.patterns import did_you_mean, did_you_mean_id

_LOOK_S = 0.2
_CHUNK = 64 * 1024
_INTERRUPTED = 130
_SHOWN = 10
_SIMULATED = {
    "name": "simulated", "short": "", "long": "simulated", "type": bool, "default": False,
    "help": "of the last simulated run",
}  # fmt: skip


class Log(OwnCommand):
    """What a command printed."""

    name = "log"
    doc_purpose = "show the latest log of a workstream, or of one of its steps or checks"
    doc_usage = "WORKSTREAM[:STEP]"
    doc_description = """From another terminal while a run works, too: it takes no lock and changes nothing.

doit log lint          what its latest command printed
doit log lint:tests    what that step or check printed
doit log lint -f       goes on until nothing of it runs any more"""
    cmd_options = (
        {
            "name": "follow", "short": "f", "long": "follow", "type": bool, "default": False,
            "help": "go on until it ends",
        },
        _SIMULATED,
    )  # fmt: skip

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Print it; that there is none is an error."""
        known = _read(opt_values)
        return exit_status_of(
            lambda: self._show(known(), _one(pos_args, "lint:tests"), is_followed=opt_values["follow"])
        )

    def _show(self, known: Recorded, wanted: str, *, is_followed: bool) -> int:
        id, _, step = wanted.partition(":")
        file = _latest(known, id, step)
        if file is None:
            raise InputError(_no_log(known, id, step))
        shown = _Shown(file=file)
        try:
            while is_followed and (now := _under_way(known, id)):  # asked before reading: what comes later is read then
                shown.more()
                newer = _latest(known, id, step)
                if newer and newer != shown.file:
                    shown.end()
                    sys.stdout.write(f"==> {newer.relative_to(known.repository.root).as_posix()}\n")
                    shown = _Shown(file=newer)
                elif step and not _runs(known, now, shown.file):
                    break
                else:
                    time.sleep(_LOOK_S)
        except KeyboardInterrupt:
            return _INTERRUPTED
        shown.more()
        shown.end()
        return 0


@dataclass(slots=True, kw_only=True)
class _Shown:
    """A log that is printed bit by bit, whole lines at a time, made harmless for a terminal."""

    file: Path
    _place: int = 0
    _rest: str = ""
    _decoder: Any = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"))

    def more(self) -> None:
        """Print what has come since."""
        with self.file.open("rb") as stream:
            stream.seek(self._place)
            while chunk := stream.read(_CHUNK):
                self._place += len(chunk)
                whole, end, self._rest = (self._rest + self._decoder.decode(chunk)).rpartition("\n")
                sys.stdout.write(inert(whole + end))
        sys.stdout.flush()

    def end(self) -> None:
        """Print what lacks the end of its line."""
        if rest := inert(self._rest + self._decoder.decode(b"", final=True)):
            sys.stdout.write(f"{rest}\n")
        self._rest = ""


def _latest(known: Recorded, id: str, step: str) -> Path | None:
    """The log that was written to last, of whichever run; one under a step's name, its tries and repetitions too."""
    logs = [
        log
        for folder in _workstreams(known)
        for log in folder.glob("*.log")
        if folder.name == id and (not step or log.stem == step or log.stem.startswith(f"{step}."))
    ]
    return max(logs, key=lambda log: (log.stat().st_mtime_ns, log.name), default=None)


def _no_log(known: Recorded, id: str, step: str) -> str:
    """That there is none, and what there is."""
    steps = {log.stem.partition(".")[0] for one in _workstreams(known) if one.name == id for log in one.glob("*.log")}
    if step and steps:
        hint = did_you_mean(step, steps) or f"; {id} has those of {and_more(sorted(steps), _SHOWN)}"
        return f"there is no log of {id}:{step}{hint}"
    if known.history().runs_of(id, 1):
        return f"there is no log of {id}: `doit gc` and `doit clean` remove them, and what was up to date makes none"
    others = {one.name for one in _workstreams(known) if any(one.glob("*.log"))}
    named = f"; there are those of {and_more(sorted(others), _SHOWN)}" if others else "; nothing has run yet"
    return f"there is no log of {id}{did_you_mean_id(id, others) or named}"


def _workstreams(known: Recorded) -> Iterator[Path]:
    """The folder of each workstream in each run, where its logs lie."""
    for run in _folders(known.folder / layout.RUNS):
        yield from _folders(run)


def _folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (one for one in folder.iterdir() if one.is_dir())


def _under_way(known: Recorded, id: str) -> UnderWay | None:
    """What runs, where the workstream has not come to its end."""
    found = known.under_way()
    now = found[1] if found else None
    if now is None:
        return None
    return now if id in {*(one.workstream for one in now.doing), *(one.workstream for one in now.pending)} else None


def _runs(known: Recorded, now: UnderWay, log: Path) -> bool:
    return any(one.command and known.repository.root / one.log == log for one in now.doing)


class Diff(OwnCommand):
    """What a workstream changed."""

    name = "diff"
    doc_purpose = "show what a workstream's branch proposes, or what was made when it failed"
    doc_usage = "WORKSTREAM"
    doc_description = """It asks no network and changes nothing.

doit diff lint   as git diff shows it, against the base that it began at"""
    cmd_options = (_SIMULATED,)

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Print it; that a workstream never ran is an error."""
        known = _read(opt_values)
        return exit_status_of(lambda: self._show(known(), _one(pos_args, "lint")))

    def _show(self, known: Recorded, id: str) -> int:
        history = known.history()
        found, now = history.last_workstream(id), known.at_work().get(id)
        if now:
            sys.stderr.write(inert(f"{id}: {now}; it has proposed nothing yet in this run\n"))
        if found is None:
            whole = id.partition(":")[0]
            if history.last_workstream(whole):
                raise InputError(f"what a workstream changed is shown as a whole: doit diff {whole}")
            hint = did_you_mean_id(id, history.workstreams()) or '; "doit list" names the workstreams'
            raise InputError(f'no run of "{id}" is recorded{hint}')
        text = _difference(known, found[1])
        sys.stdout.write(inert(known.redactor.text(text)) or f"{id} proposes nothing\n")
        return 0


def _difference(known: Recorded, record: WorkstreamRecord) -> str:
    from splinter.git import commands as git
    from splinter.git.difference import difference

    base = record.base_commit
    if record.outcome == Outcome.FAILED:
        if base and record.ref and git.existing(known.repository, [base]) and git.resolve(known.repository, record.ref):
            return difference(known.repository, base, record.ref)
        kept = record.patch or next((step.patch for step in reversed(record.steps) if step.patch), None)
        patch = known.repository.root / kept if kept else None
        if patch and patch.is_file():
            return patch.read_text("utf-8", "replace")
        raise InputError(f"{record.workstream} failed, and nothing that it made is kept: doit log {record.workstream}")
    branch = f"refs/heads/{record.branch}"
    if not base or git.resolve(known.repository, branch) is None:
        return ""
    return difference(known.repository, base, branch, from_merge_base=True)


def _read(opt_values: Any) -> Callable[[], Recorded]:
    """Whose records are asked for."""
    from splinter.doit_plugins.commands import recorded

    return lambda: recorded.read(is_simulated=opt_values["simulated"])


def _one(arguments: list[str], example: str) -> str:
    """The one argument; raises InputError for none, and for what is no name."""
    if len(arguments) != 1:
        raise InputError(f"name one workstream, such as {example}")
    if {"/", "\\", "\0"} & set(arguments[0]) or arguments[0].startswith("."):
        raise InputError(f'"{arguments[0]}" is not a workstream; "doit list" names them')
    return arguments[0]
