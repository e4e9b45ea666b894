"""Nothing to do, one of many changed, one selected, and the list of all: beside plain doit, ninja and make."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import graphs
from benchmarks.asked import Asked
from benchmarks.measure import Candidate, Table, Wanted, compared, in_turn
from benchmarks.project import Place

RATIOS = {3: 1.3, 1_000: 1.5}  # times `doit` with one empty task
MEMORY_MB = {1_000: 60.0, 10_000: 150.0}
NINJA = 2.0  # times, at 10,000
LIST = 1.5
DOIT = (sys.executable, "-m", "doit")


def nothing(asked: Asked) -> list[Table]:
    """`doit`, where every workstream is up to date."""
    return [_nothing(asked, count) for count in asked.sizes(3, 1_000, 10_000)]


def _nothing(asked: Asked, count: int) -> Table:
    place, graph = asked.world(count), asked.graph(count)
    ours = doit(f"`doit`, {count:,} workstreams of 6 tasks", place, proves=ran_nothing)
    empty = empty_doit(asked)
    others = [one for one in (peer(asked, graph, "ninja", count), peer(asked, graph, "make", count)) if one]
    in_turn([ours, empty, *others], asked.rounds(5 if count > 1_000 else 9))
    table = compared(f"Nothing to do, {count:,} workstreams", [empty, ours, *others], to=empty)
    table.notes += asked.peers.missing("ninja", "make")
    _judge(table, count, ours, empty, others)
    lines = len(ours.samples[-1].said.splitlines())
    table.wanted.append(Wanted("Lines printed", lines, 1, "lines"))
    return table


def _judge(table: Table, count: int, ours: Candidate, empty: Candidate, others: list[Candidate]) -> None:
    if count in RATIOS:
        found = ours.median() / empty.median()
        table.wanted.append(Wanted("Beside `doit` with one empty task", found, RATIOS[count]))
    if count in MEMORY_MB:
        table.wanted.append(Wanted("Peak memory", max(one.peak_mb for one in ours.samples), MEMORY_MB[count], "MB"))
    if count >= 10_000:
        for one in others[:1]:
            table.wanted.append(Wanted(f"Beside {one.name}", ours.median() / one.median(), NINJA))


def watching(asked: Asked) -> list[Table]:
    """The same where one of three workstreams watches a remote: that is asked once."""
    place = Place(asked.folder / "watching")
    place.make()
    place.add([f"{number:05}" for number in range(3)])
    file = place.project / "workstreams/w00000.yaml"
    file.write_text(file.read_text().replace("when: weekly", "when: on-change"))
    place.git("commit", "--quiet", "--all", "-m", "watches")
    origin = place.root / "origin.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(place.project), str(origin)], check=True)
    place.git("remote", "add", "origin", str(origin))
    place.git("fetch", "--quiet", "origin")
    place.git("remote", "set-head", "origin", "main")
    place.doit("run", "-n", "2")
    place.doit()
    ours, empty = doit("`doit`, one of 3 watches the remote", place, proves=ran_nothing), empty_doit(asked)
    contact = Candidate(
        name="`git ls-remote`", argv=["git", "ls-remote", "origin", "main"], cwd=place.project, environ=place.environ
    )
    in_turn([ours, empty, contact], asked.rounds(9))
    table = compared("Nothing to do, one workstream watches the remote", [empty, contact, ours], to=empty)
    most = RATIOS[3] + contact.median() / empty.median()
    table.wanted.append(
        Wanted("Beside `doit` with one empty task, and one `git ls-remote`", ours.median() / empty.median(), most)
    )
    calls = [words for words in asked.git_calls(place, "run") if words[:1] in (["ls-remote"], ["fetch"])]
    table.wanted.append(Wanted("Contacts with the remote", len(calls), 1, "contacts"))
    return [table]


def select(asked: Asked) -> list[Table]:
    """One of 1,000 asked for by name, up to date."""
    count = asked.sizes(1_000)[0]
    place, graph = asked.world(count), asked.graph(count)
    name = f"{count // 2:05}"
    ours, empty = doit(f"`doit w{name}` of {count:,}", place, f"w{name}", proves=ran_nothing), empty_doit(asked)
    last = f"out/{name}.{graphs.LENGTH - 1}"
    others = [one for one in (peer(asked, graph, "ninja", count, last), peer(asked, graph, "make", count, last)) if one]
    in_turn([ours, empty, *others], asked.rounds(9))
    return [compared(f"One of {count:,} selected, up to date", [empty, ours, *others], to=empty)]


def listing(asked: Asked) -> list[Table]:
    """`doit list`, beside that of an empty dodo file."""
    tables = []
    for count in asked.sizes(3, 1_000):
        ours, empty = doit(f"`doit list`, {count:,} workstreams", asked.world(count), "list"), empty_doit(asked, "list")
        in_turn([ours, empty], asked.rounds(9))
        table = compared(f"`doit list`, {count:,} workstreams", [empty, ours], to=empty)
        if count == 3:
            found = ours.median() / empty.median()
            table.wanted.append(Wanted("Beside `doit list` of an empty dodo file", found, LIST))
        tables.append(table)
    return tables


def changed(asked: Asked) -> list[Table]:
    """One of many edited, then `doit`: its steps and checks, its proposal, the rehearsal of all, the report."""
    return [_changed(asked, count) for count in asked.sizes(3, 1_000)]


def _changed(asked: Asked, count: int) -> Table:
    place, graph = asked.world(count), asked.graph(count)
    file = place.project / f"workstreams/w{count // 2:05}.yaml"
    edits = iter(range(1_000_000))

    def change() -> None:
        text = file.read_text()
        mark = "echo sign"
        head, _, rest = text.partition(mark)
        file.write_text(f"{head}{mark}-{next(edits)}{rest[rest.index(' >>') :]}")

    ours = doit(f"`doit run workstreams`, 1 of {count:,} edited", place, "run", "workstreams", before=change,
                proves=ran_one)  # fmt: skip
    whole = doit(f"`doit`, 1 of {count:,} edited", place, before=change, proves=ran_one)
    source = graph / f"in/{count // 2:05}"
    others = [peer(asked, graph, name, count, touches=source) for name in ("ninja", "make")]
    there = [one for one in others if one]
    in_turn([ours, whole, *there], asked.rounds(5), is_warm=False)
    return compared(f"One of {count:,} changed", [ours, whole, *there], to=ours)


def doit(
    name: str, place: Place, *words: str, before: Callable[[], object] = lambda: None,
    proves: Callable[[str], bool] = lambda said: True,
) -> Candidate:  # fmt: skip
    """Ours."""
    return Candidate(
        name=name, argv=[*DOIT, *words], cwd=place.project, environ=place.environ, before=before, proves=proves
    )


def empty_doit(asked: Asked, *words: str) -> Candidate:
    """Plain doit with one empty task, in an environment without splinter, by the same Python."""
    place = asked.plain("empty")
    (place.project / "dodo.py").write_text(graphs.EMPTY_DODO)
    what = "`doit list` of an empty dodo file" if words else "`doit` with one empty task"
    argv = [asked.peers.python, "-m", "doit", *words]
    return Candidate(name=what, argv=argv, cwd=place.project, environ=place.environ)


def peer(
    asked: Asked, graph: Path, name: str, count: int, *targets: str, touches: Path | None = None
) -> Candidate | None:  # fmt: skip
    """Ninja or make on the same number of chains; it is asked once before, so that all is up to date."""
    program = asked.peers.program(name)
    if not program:
        return None
    environ: Mapping[str, str] = asked.plain("empty").environ

    def touch() -> None:
        if touches:
            graphs.touch_now(touches)

    edges = f"{name}, {count * graphs.LENGTH:,} edges"
    made = Candidate(name=edges, argv=[program, "-j4", *targets], cwd=graph, environ=environ, before=touch)
    if not touches:
        made.run()
        made.samples.clear()
        made.proves = lambda said: "no work to do" in said or "Nothing to be done" in said or "is up to date" in said
    return made


def ran_nothing(said: str) -> bool:
    """Whether doit began no task."""
    return not any(line.startswith(".") for line in said.splitlines())


def ran_one(said: str) -> bool:
    """Whether exactly one workstream was judged."""
    return sum(line.startswith(".") and line.endswith(":accept") for line in said.splitlines()) == 1
