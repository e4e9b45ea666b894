"""The command `doit gc`: what is past its limits goes, and what that freed is reported. It starts no workstream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from splinter.doit_plugins.locked import locked
from splinter.doit_plugins.options import OwnCommand
from splinter.doit_plugins.terminal import exit_status_of, read_project, say
from splinter.text.counts import more, plural

if TYPE_CHECKING:
    from splinter.maintenance.gc import Freed, Kind, Report

_SHOWN = 20  # things of a kind that people are shown; JSON has them all
_NOUNS = {
    "worktrees": ("worktree", "worktrees"),
    "logs": ("run's logs, patches, report and mail", "runs' logs, patches, reports and mails"),
    "answers": ("forge's kept answers", "forges' kept answers"),
    "results": ("kept result", "kept results"),
    "refs": ("ref of what is no longer there", "refs of what is no longer there"),
    "backups": ("backup", "backups"),
}


class Gc(OwnCommand):
    """Worktrees, logs, results and backups past the limits of the settings go."""

    name = "gc"
    doc_purpose = "remove worktrees, logs and cached results past the limits in the settings"
    doc_usage = ""
    doc_description = (
        "No branch is touched, and no unmerged commit of a person's is lost: where its last ref goes, a backup "
        "holds it. A backup of what splinter alone made goes after unreachable_days."
    )
    cmd_options = (
        {
            "name": "dry_run", "short": "", "long": "dry-run", "type": bool, "default": False,
            "help": "say what would go and why; change nothing",
        },
        {
            "name": "closes", "short": "", "long": "close", "type": bool, "default": False,
            "help": "also close pull requests whose workstream was removed or renamed, or proposes nothing any more",
        },
        {"name": "as_json", "short": "", "long": "json", "type": bool, "default": False, "help": "print JSON"},
    )  # fmt: skip

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Free, and say what; exit status 2 where something could not be done, 4 where a run holds the lock."""
        is_dry_run, as_json = opt_values["dry_run"], opt_values["as_json"]
        return exit_status_of(lambda: self._free(is_dry_run=is_dry_run, as_json=as_json, closes=opt_values["closes"]))

    def _free(self, *, is_dry_run: bool, as_json: bool, closes: bool) -> int:
        from splinter.maintenance import gc, gc_pull_requests

        with nullcontext() if is_dry_run else locked():
            known = read_project()
            pulls = gc_pull_requests.tidy(known, closes=closes, is_dry_run=is_dry_run)
            report = gc.free(known, is_dry_run=is_dry_run).beside(pulls)
        shares = known.settings.share_results and bool(report.of(gc.Kind.RESULTS))
        say(_as_json(report, is_dry_run) if as_json else "\n".join(_lines(report, is_dry_run, shares=shares)))
        return 2 if report.problems else 0


def _as_json(report: Report, is_dry_run: bool) -> str:
    from splinter.maintenance.gc import Kind

    kinds = {
        kind: {
            "count": len(report.of(kind)),
            "bytes": sum(one.bytes for one in report.of(kind)),
            "items": [{key: value for key, value in asdict(one).items() if key != "kind"} for one in report.of(kind)],
        }
        for kind in Kind
    }
    whole = {"dry_run": is_dry_run, "freed": kinds, "closed": report.closed}
    return json.dumps({**whole, "moved": report.moved, "left": report.left, "problems": report.problems}, indent=2)


def _lines(report: Report, is_dry_run: bool, *, shares: bool) -> Iterator[str]:
    from splinter.maintenance.gc import Kind

    frees, moves, leaves = ("would free", "would move", "would leave") if is_dry_run else ("freed", "moved", "left")
    for kind in Kind:
        if found := report.of(kind):
            yield f"{frees} {_summed(kind, found)}"
            yield from _some([f"  {_shown(one)}" for one in found])
    if shares:
        yield "  on the remote they stay: share_results is on, and gc works only here"
    yield from _some([f"{moves} the commit of {ref} to {backup}" for ref, backup in report.moved.items()])
    yield from _some([f"{'would close' if is_dry_run else 'closed'} {one}" for one in report.closed])
    yield from (f"{leaves} {one}" for one in report.left)
    yield from report.problems
    if not (report.freed or report.closed or report.left or report.problems):
        yield "nothing is past its limits"


def _summed(kind: Kind, found: tuple[Freed, ...]) -> str:
    from splinter.maintenance import retention
    from splinter.maintenance.gc import Kind

    count = plural(len(found), *_NOUNS[kind])
    if kind in (Kind.WORKTREES, Kind.LOGS, Kind.ANSWERS):
        return f"{count}: {retention.size(sum(one.bytes for one in found))}"
    return f"{count}; git's own gc frees what only they held" if kind == Kind.RESULTS else count


def _shown(one: Freed) -> str:
    from splinter.maintenance import retention
    from splinter.maintenance.gc import Kind
    from splinter.text.markdown import one_line

    size = f", {retention.size(one.bytes)}" if one.kind in (Kind.WORKTREES, Kind.LOGS, Kind.ANSWERS) else ""
    return one_line(f"{one.name}: {one.why}{size}{f'; {one.note}' if one.note else ''}")


def _some(lines: list[str]) -> Iterator[str]:
    yield from lines[:_SHOWN]
    if hidden := more(len(lines) - _SHOWN):
        yield f"  … {hidden}; --json has them all"
