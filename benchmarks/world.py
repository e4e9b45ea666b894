"""A project of thousands of workstreams that are all up to date, without running each of them.

    python -m benchmarks.world FOLDER WORKSTREAMS [--runs N]

Two workstreams run for real; what the run left of one of them (rows, refs, commits, records, its pull request) is
written again for each of the others, with their own names, commits and fingerprints. Then doit is called, as a user
would: if it does anything at all, the project is refused. `--runs` adds so many past runs of ten workstreams to the
history. What is not multiplied: work trees, logs, and git's reflogs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks import past_runs
from benchmarks.databases import NAMES, columns_of, read
from benchmarks.project import Place

SAMPLE, SECOND = "zzzzz", "yyyyy"  # stand for a number of five digits
Texts = dict[str, str]


@dataclass
class Twin:
    """One workstream that is made like the sample: what of the sample's texts is another text for it."""

    name: str
    texts: Texts = field(default_factory=dict)

    def of(self, text: str) -> str:
        """A text of the sample's, for this one."""
        for old, new in self.texts.items():
            text = text.replace(old, new)
        return text.replace(SAMPLE, self.name)


class Heard:
    """Stands for a task's kept fingerprint, and hears what it is held against."""

    made_of = ""

    def __eq__(self, other: object) -> bool:
        self.made_of = str(other)
        return True

    __hash__ = None  # type: ignore[assignment]


def make(place: Place, workstreams: int, runs: int = 0) -> None:
    """The whole project, proved."""
    names = [f"{number:05}" for number in range(workstreams)]
    place.make()
    place.add([SAMPLE, SECOND])
    said = place.doit("run", "-n", "2")
    if ": 2 changed" not in said:
        sys.exit(f"the first run did not do what it should:\n{said}")
    old = place.git("rev-parse", "main")
    rows = dict(read(place, ".doit.db", "select task_id, task_data from doit"))
    for name in (SAMPLE, SECOND):
        (place.project / f"workstreams/w{name}.yaml").unlink()
    place.add(names)
    twins = [Twin(name, {old: place.git("rev-parse", "main")}) for name in names]
    os.chdir(place.project)
    os.environ.clear()
    os.environ.update(place.environ)
    fill(place, twins, rows)
    past_runs.add(place, runs)
    place.git("repack", "-adq")
    place.git("prune-packed", "--quiet")
    prove(place)


def fill(place: Place, twins: list[Twin], rows: Texts) -> None:
    """Everything that a run leaves, of each twin."""
    from splinter.config import workstream_files
    from splinter.doit_plugins.terminal import read_project
    from splinter.engine import project
    from splinter.publish import plugins

    session = project.open_session(read_project(), auth=plugins.auth, is_read_only=True)
    [sample] = [json.loads(rows[f"w{SAMPLE}:prepare"])]
    was = sample[f"workstreams/w{SAMPLE}.yaml"][2]
    for twin in twins:
        twin.texts[was] = workstream_files.meaning(place.project / f"workstreams/w{twin.name}.yaml")
    union = commit(place, session, twins, rows)
    refs(place, twins, union)
    databases(place, twins, union)
    final_rows(place, twins, union)
    shutil.rmtree(place.root / "state")
    shutil.rmtree(place.project / ".git/logs/refs/heads/splinter", ignore_errors=True)


def commit(place: Place, session: Any, twins: list[Twin], rows: Texts) -> str:
    """The commits of all steps, one step of everybody at a time, then what was accepted; returns that of all files."""
    from splinter.model import fingerprints
    from splinter.model.fingerprints import fingerprint

    kept = {name: json.loads(row)["_values_:"] for name, row in rows.items() if name.startswith(f"w{SAMPLE}:")}
    plans = [session.plans[f"w{twin.name}"] for twin in twins]
    start = kept[f"w{SAMPLE}:prepare"]["start"]
    ends = {twin.name: twin.texts[start] for twin in twins}
    for twin, plan in zip(twins, plans, strict=True):
        made = fingerprint(fingerprints.prepare_inputs(plan, {}))
        twin.texts[kept[f"w{SAMPLE}:prepare"]["fingerprint"]] = made
    for number, step in enumerate(plans[0].workstream.steps):
        values = kept[f"w{SAMPLE}:{step.id}"]
        for twin, plan in zip(twins, plans, strict=True):
            inputs = fingerprints.step_inputs(plan, plan.workstream.steps[number], ends[twin.name])
            twin.texts[values["fingerprint"]] = fingerprint(inputs)
        imported(place, twins, ends, values["commit"])
    values = kept[f"w{SAMPLE}:accept"]
    for twin, plan in zip(twins, plans, strict=True):
        twin.texts[values["fingerprint"]] = fingerprint(fingerprints.accept_inputs(plan, ends[twin.name]))
    imported(place, twins, ends, place.git("rev-parse", f"refs/splinter/accepted/w{SAMPLE}"))
    union = Twin("union")
    files = {f"out/{twin.name}.txt": blob(place, f"out/{SAMPLE}.txt", values["commit"]) for twin in twins}
    imported(place, [union], {"union": twins[0].texts[start]}, place.git("rev-parse", UNION), files)
    return union.texts[place.git("rev-parse", UNION)]


UNION = "refs/splinter/rehearsals/main"


def blob(place: Place, path: str, commit: str) -> bytes:
    """A file as a commit has it."""
    return place.git("show", f"{commit}:{path}").encode() + b"\n"


def imported(place: Place, twins: list[Twin], ends: Texts, like: str, files: dict[str, bytes] | None = None) -> None:
    """A commit for each twin like that of the sample, on what it ended at; each then ends at its own."""
    message = place.git("log", "-1", "--format=%B", like)
    whole = files or {f"out/{SAMPLE}.txt": blob(place, f"out/{SAMPLE}.txt", like)}

    def stream() -> Iterator[bytes]:
        for number, twin in enumerate(twins, 1):
            said = twin.of(message).encode()
            yield b"commit refs/heads/made\nmark :%d\n" % number
            yield b"committer splinter <splinter@localhost> 1700000000 +0000\ndata %d\n%s\n" % (len(said), said)
            yield f"from {ends[twin.name]}\n".encode()
            for path, content in whole.items():
                yield f"M 100644 inline {twin.of(path)}\ndata {len(content)}\n".encode() + content + b"\n"
        yield b"reset refs/heads/made\nfrom 0000000000000000000000000000000000000000\n"

    marks = place.root / "marks"
    place.git("fast-import", "--quiet", "--force", f"--export-marks={marks}", given=b"".join(stream()))
    ids = dict(line.split() for line in marks.read_text().splitlines())
    for number, twin in enumerate(twins, 1):
        ends[twin.name] = twin.texts[like] = ids[f":{number}"]


def refs(place: Place, twins: list[Twin], union: str) -> None:
    """Those of each twin in the place of the sample's, packed."""
    place.git("pack-refs", "--all", "--prune")
    file = place.project / ".git/packed-refs"
    head, *lines = file.read_text().splitlines()
    found = {ref: id for id, _, ref in (line.partition(" ") for line in lines if not line.startswith("^"))}
    ours = {ref: id for ref, id in found.items() if SAMPLE in ref}
    made = {ref: id for ref, id in found.items() if SAMPLE not in ref and SECOND not in ref} | {UNION: union}
    made |= {twin.of(ref): twin.of(id) for twin in twins for ref, id in ours.items()}
    file.write_text("\n".join([head, *(f"{made[ref]} {ref}" for ref in sorted(made)), ""]))


def databases(place: Place, twins: list[Twin], union: str) -> None:
    """The sample's rows for each twin; those of the second go, and those that are about both are told of all."""
    for name in NAMES:
        db = sqlite3.connect(place.project / name)
        for (table,) in db.execute("select name from sqlite_master where type = 'table'").fetchall():
            columns = columns_of(db, table)
            found = db.execute(f"select {', '.join(columns)} from {table}").fetchall()
            db.execute(f"delete from {table}")
            db.executemany(
                f"insert into {table} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})",
                (row for one in found for row in multiplied(one, twins, union)),
            )
        db.commit()
        db.close()
    write_pull_requests(place, twins)


def multiplied(row: tuple[Any, ...], twins: list[Twin], union: str) -> Iterable[tuple[Any, ...]]:
    """What stands in the place of one row."""
    text = "\n".join(map(str, row))
    if SAMPLE in text and SECOND in text:
        return [tuple(told_of_all(one, twins, union) if isinstance(one, str) else one for one in row)]
    if SAMPLE in text:
        return (tuple(twin.of(one) if isinstance(one, str) else one for one in row) for twin in twins)
    return [] if SECOND in text else [row]


def told_of_all(text: str, twins: list[Twin], union: str) -> str:
    """The record of a rehearsal, of all of them; the row of doit's is made again later."""
    if not text.startswith("{"):
        return text
    record = json.loads(text)
    if "base_commit" in record:
        record |= {"workstreams": [f"w{twin.name}" for twin in twins], "commit": union}
    return twins[0].of(json.dumps(record).replace(SECOND, SAMPLE))


def write_pull_requests(place: Place, twins: list[Twin]) -> None:
    """The files that stand for pull requests."""
    folder = place.project / ".splinter/pull-requests"
    text = (folder / f"w{SAMPLE}.md").read_text()
    for twin in twins:
        (folder / f"w{twin.name}.md").write_text(twin.of(text))
    for name in (SAMPLE, SECOND):
        (folder / f"w{name}.md").unlink()


def final_rows(place: Place, twins: list[Twin], union: str) -> None:
    """What doit keeps of files, and of the tasks behind all workstreams: each is asked what it is made of now."""
    from doit.dependency import Dependency
    from doit.globals import Globals

    from splinter.doit_plugins import final_tasks
    from splinter.doit_plugins.database import Database
    from splinter.doit_plugins.rows import Rows, to_values
    from splinter.doit_plugins.terminal import read_project
    from splinter.doit_plugins.uptodate import MeaningChecker
    from splinter.engine import project
    from splinter.engine.rehearsal import merge_all, rehearsal
    from splinter.model.done import Branch, Rehearsed, Union
    from splinter.publish import plugins

    session = project.open_session(read_project(), auth=plugins.auth, is_read_only=True)
    Globals.dep_manager = Dependency(Database, ".doit.db", MeaningChecker)
    rows = Rows(session)
    ends = {one.id: row.value for one in session.plans.values() if (row := rows.accepted(one))}
    members = merge_all.members(session, ends)
    [base] = {one.base for one in members}
    branches = {one.id: Branch(start=one.start, tip=one.tip, head=one.head, outputs=one.outputs) for one in members}
    run, unions = session.run.reported(), {"main": Union(base=base, commit=union)}
    done = Rehearsed(inputs={"main": rehearsal.inputs(members)}, unions=unions, members=branches, run=run)
    values = {"rehearse": to_values("", done, action=f"{len(members)} of {len(members)} branches", where="together")}
    for task in final_tasks.to_dicts(session, rows):
        heard, name = Heard(), ":".join(filter(None, (task["basename"], task.get("name"))))
        for is_fresh in task.get("uptodate", ()):
            is_fresh(SimpleNamespace(options={}), {"fingerprint": heard})
        if heard.made_of:
            values[name] = {"fingerprint": heard.made_of}
    with sqlite3.connect(place.project / ".doit.db") as db:
        for name, more in values.items():
            change(db, name, lambda row, more=more: row | {"_values_:": row["_values_:"] | more})
        for twin in twins:
            path = f"workstreams/w{twin.name}.yaml"
            stat = (place.project / path).stat()
            at = [stat.st_mtime_ns, stat.st_size]
            change(db, f"w{twin.name}:prepare", lambda row, path=path, at=at: row | {path: [*at, row[path][2]]})


def change(db: sqlite3.Connection, task: str, how: Any) -> None:
    """Change what doit keeps of a task."""
    [(text,)] = db.execute("select task_data from doit where task_id = ?", (task,)).fetchall()
    row = json.dumps(how(json.loads(text)), sort_keys=True, default=list)
    db.execute("update doit set task_data = ? where task_id = ?", (row, task))


def prove(place: Place) -> None:
    """Call doit; where it does anything, end here."""
    before = facts(place)
    said = place.doit()
    if [line for line in said.splitlines() if line.startswith(".")] or facts(place) != before:
        sys.exit(f"the project is not up to date, so nothing is measured:\n{said[:3000]}")


def facts(place: Place) -> object:
    """What a run that does something changes."""
    runs = read(place, ".splinter/history.db", "select run, finished from runs order by run")
    rows = read(place, ".doit.db", "select task_id, task_data from doit where instr(task_id, ':') order by task_id")
    return runs, rows, place.git("for-each-ref"), place.git("status", "--porcelain")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("workstreams", type=int)
    options.add_argument("--runs", type=int, default=0)
    asked = options.parse_args()
    make(Place(asked.folder.resolve()), asked.workstreams, asked.runs)


if __name__ == "__main__":
    main()
