"""What is read for a report when it is made: diffs and branches as git has them, logs and patches, open pull requests.

It asks no forge. All is masked, bounded in sum, and what cannot be read is left out: a report is written anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from splinter.engine import bases, proposed
from splinter.engine.session import Session
from splinter.errors import SplinterError
from splinter.git import commands as git
from splinter.git.difference import differences
from splinter.model import layout
from splinter.model.records import FAILURES, Action, CheckRecord, Outcome, RunRecord, StepRecord, WorkstreamRecord
from splinter.model.settings import DIFFS, LOGS, WORDS
from splinter.publish import held_records
from splinter.publish.report_contents import Contents, Proposed, Shown
from splinter.system import disk, log_tail
from splinter.text import excerpts
from splinter.text.counts import plural
from splinter.text.markdown import one_line

# lines and characters of one, and the characters of all together
LONGEST_DIFF, LONGEST_LOG, LONGEST_QUIET_LOG = 400, 60, 15
_LONGEST = 40_000
ALL_DIFFS, ALL_LOGS = 1_500_000, 1_000_000
MOST_QUIET_LOGS = 400  # of what ended well; each is a fold of the page
_PATCH_BYTES = 256 * 1024
_BATCH = 50  # diffs that git is asked for at once
_NUMBER = re.compile(r"/(\d{1,9})/?$")


@dataclass(slots=True)
class _Room:
    """What may still be shown."""

    characters: int

    def take(self, text: str, lines: int) -> Shown:
        """The text as far as it goes, by whole lines."""
        every = [excerpts.short_line(line) for line in text.rstrip("\n").split("\n")]
        kept, used = 0, 0
        for line in every[:lines]:
            used += len(line) + 1
            if used > min(self.characters, _LONGEST):
                break
            kept += 1
        self.characters -= min(used, self.characters)
        return Shown(text="\n".join(every[:kept]), left_out=len(every) - kept)


def gather(session: Session, run: RunRecord) -> Contents:
    """All that is shown of a run beyond its record, which is masked and cut as the settings say already."""
    results = [one for one in run.workstreams if one.tip and one.outcome == Outcome.CHANGED]
    merged = _merged(session, results)
    return Contents(
        repository=session.outside.redactor.text(repository(session)),
        ci=session.outside.environment.page,
        now=session.outside.clock.now().isoformat(timespec="seconds"),
        diffs=_diffs(session, run),
        branches=_branches(session, results, merged),
        merged=merged,
        files=dict(_files(session, run)),
        proposed=dict(_proposed(session)),
        titles={id: session.outside.redactor.text(plan.workstream.title) for id, plan in session.plans.items()},
    )


def repository(session: Session) -> str:
    """What people call it: `owner/name` where that is set, as in GitHub Actions, else its folder."""
    named = session.outside.environment.variable("GITHUB_REPOSITORY")
    return named or session.outside.repository.key.rpartition("-")[0]


def _diffs(session: Session, run: RunRecord) -> dict[str, Shown]:
    """What each workstream proposes, against what it began at."""
    if DIFFS not in session.outside.settings.report.include:
        return {}
    starts, room, shown = held_records.starts(session, run), _Room(ALL_DIFFS), {}
    asked = [(one.workstream, starts.get(one.workstream), one.tip) for one in run.workstreams if one.tip]
    wanted = [(id, (start, tip)) for id, start, tip in asked if start and tip and start != tip]
    for at in range(0, len(wanted), _BATCH):
        if room.characters <= 0:
            break
        some = dict(wanted[at : at + _BATCH])
        with suppress(SplinterError):
            made = differences(session.outside.repository, tuple(some.values()))
            for id, pair in some.items():
                if text := session.outside.redactor.text(made[pair]):
                    shown[id] = room.take(text, LONGEST_DIFF)
    return shown


def _branches(session: Session, results: Iterable[WorkstreamRecord], merged: frozenset[str]) -> dict[str, str]:
    """What is to be said of the branches of what was changed, where git knows more than the record."""
    repository, said = session.outside.repository, dict[str, str]()
    with suppress(SplinterError):
        heads = git.refs(repository, "refs/heads/") if results else {}
        for one in results:
            head, tip = heads.get(f"refs/heads/{one.branch}"), str(one.tip)
            if one.workstream in merged:
                said[one.workstream] = f"merged into {one.base}"
            elif head is None:
                said[one.workstream] = "the branch is no longer here"
            elif head != tip and not git.is_ancestor(repository, tip, head):
                said[one.workstream] = f"the branch is at {head[:12]} now, which does not hold it"
            elif head != tip and (others := held_records.on_top(session.outside, tip, head)):
                said[one.workstream] = f"on top of it {_stand(len(others))} of others"
    return said


def _stand(number: int) -> str:
    return f"{'stands' if number == 1 else 'stand'} {plural(number, 'commit')}"


def _merged(session: Session, results: Iterable[WorkstreamRecord]) -> frozenset[str]:
    """The workstreams whose result is in their base, as that was seen last."""
    plans = [(one, session.plans[one.workstream]) for one in results if one.workstream in session.plans]
    now = {plan.base: bases.last_seen(session, plan.base) for plan in {plan.base: plan for _, plan in plans}.values()}
    moved = [(one, base) for one, plan in plans if (base := now[plan.base]) and base != one.base_commit]
    with suppress(SplinterError):
        return frozenset(
            one.workstream for one, base in moved if git.is_ancestor(session.outside.repository, str(one.tip), base)
        )
    return frozenset()


def _files(session: Session, run: RunRecord) -> Iterator[tuple[str, Shown]]:
    """Ends of logs and beginnings of patches; those of failures first, for them the room is."""
    include = session.outside.settings.report.include
    logs, patches, quiet = _Room(ALL_LOGS), _Room(ALL_DIFFS), 0
    for path, is_failure in _wanted(run, include):
        quiet += not is_failure
        file = _own(session.outside.repository.root, path)
        if file is None or (quiet > MOST_QUIET_LOGS and not is_failure):
            continue
        if path.endswith(".log") and logs.characters > 0:
            text, is_cut = log_tail.last_lines(file, lines=LONGEST_LOG if is_failure else LONGEST_QUIET_LOG)
            if text:
                taken = logs.take(session.outside.redactor.text(text), LONGEST_LOG)
                yield path, Shown(text=taken.text, left_out=None if is_cut or taken.left_out else 0)
        elif path.endswith(".patch") and patches.characters > 0:
            text = disk.beginning(file, _PATCH_BYTES).decode("utf-8", "replace")
            taken = patches.take(session.outside.redactor.text(text), LONGEST_DIFF)
            is_cut = file.stat().st_size > _PATCH_BYTES
            yield path, Shown(text=taken.text, left_out=None if is_cut else taken.left_out)


def _wanted(run: RunRecord, include: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """The paths that are shown, each with whether it is of a failure; what an agent printed is its words too."""
    order = sorted(run.workstreams, key=lambda one: one.outcome not in FAILURES)
    for one in order:
        parts: tuple[StepRecord | CheckRecord, ...] = (*one.steps, *one.checks)
        for part in sorted(parts, key=lambda part: part.outcome not in FAILURES):
            is_words = isinstance(part, StepRecord) and part.usage is not None
            if part.log and LOGS in include and (WORDS in include or not is_words):
                yield part.log, part.outcome in FAILURES
            if isinstance(part, StepRecord) and part.patch and DIFFS in include:
                yield part.patch, True
        if one.patch and DIFFS in include:
            yield one.patch, True


def _own(root: Path, path: str) -> Path | None:
    """A file below the folder of runs; None for anything else that a record may name."""
    parts = PurePosixPath(path).parts
    if parts[:2] != (layout.STATE, layout.RUNS) or ".." in parts:
        return None
    file = root / path
    return file if not file.is_symlink() and file.is_file() else None


def _proposed(session: Session) -> Iterator[tuple[str, Proposed]]:
    """The open pull requests by workstream, as they were seen last."""
    places = proposed.places(session.memory)
    opened = _opened(session, places) if places else {}
    for id, where in places.items():
        since, number = opened.get(id, ("", None))
        found = _NUMBER.search(where)
        number = number or (int(found[1]) if found else None)
        shown = session.outside.redactor.text(one_line(where))
        yield id, Proposed(workstream=id, where=shown, number=number, since=since)


def _opened(session: Session, places: Mapping[str, str]) -> dict[str, tuple[str, int | None]]:
    """When each was opened, or named first: the begin of the run that did it."""
    found: dict[str, tuple[str, int | None]] = {}
    for started, record in session.history.published():
        id = record.workstream
        if record.action == Action.CLOSED:
            found.pop(id, None)
        elif places.get(id) == record.where:
            is_new = id not in found or record.action in (Action.OPENED, Action.ADOPTED)
            found[id] = (started if is_new else found[id][0], record.number)
    return found
