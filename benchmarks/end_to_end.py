"""Workstreams of one step and one check, end to end, beside a shell script that does the same work with git.

The script makes, for each, a work tree, runs the step, commits, and runs the check on the base and on the result in a
clean work tree each; step and check are trivial. Several at once take turns at `git worktree`, which trips over itself
otherwise. `--also NAME=PYTHON` adds another installation of splinter.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from benchmarks.asked import Asked, counted
from benchmarks.measure import Candidate, Table, Wanted, compared, in_turn
from benchmarks.project import Place

COUNT = 50
AT_ONCE = {1: 2.5, 4: 1.5}  # how many times the script is wanted
MEMORY_MB = 50.0
GIT_CALLS = 12.0
SCRIPT = """set -e
worktree="{worktree}"
id=w$1
$worktree add --quiet --detach ../trees/$id main
(cd ../trees/$id && mkdir -p out && echo write >> out/$1.txt && git add --all && git commit --quiet -m "Number $1" \
 && git branch script/$id)
for at in main script/$id; do
  $worktree add --quiet --detach ../trees/$id.judge $at
  (cd ../trees/$id.judge && true)
  $worktree remove --force ../trees/$id.judge
done
"""


def end_to_end(asked: Asked) -> list[Table]:
    """First runs, one and four at a time, then the calls of git."""
    [count] = asked.sizes(COUNT)
    return [*(_first_run(asked, count, jobs) for jobs in AT_ONCE), _git_calls(asked)]


def _first_run(asked: Asked, count: int, jobs: int) -> Table:
    script = _script(asked, count, jobs)
    ours = _ours(asked, f"`doit -n {jobs}`", sys.executable, count, jobs)
    also = [_ours(asked, name, python, count, jobs) for name, python in asked.also.items()]
    in_turn([script, ours, *also], asked.rounds(5), is_warm=False)
    table = compared(f"{count} workstreams end to end, {jobs} at once", [script, ours, *also], to=script)
    table.wanted.append(Wanted("Beside the script", ours.median() / script.median(), AT_ONCE[jobs]))
    peak = max(one.peak_mb for one in ours.samples)
    table.wanted.append(Wanted("Peak memory while working", peak, MEMORY_MB, "MB"))
    return table


def _git_calls(asked: Asked) -> Table:
    few, many = asked.sizes(2, 12, quick=(1, 2))
    numbers = {name: [len(_counted(asked, one, name)) for one in (few, many)] for name in ("the script", "`doit -n 1`")}
    each = {name: (found[1] - found[0]) / (many - few) for name, found in numbers.items()}
    table = Table(title="Calls of git", head=["", f"{few} workstreams", f"{many} workstreams", "each", "once a run"])
    for name, found in numbers.items():
        once = found[0] - few * each[name]
        table.rows.append([name, *map(str, found), f"{each[name]:.1f}", f"{once:.0f}"])
    table.wanted.append(Wanted("Calls of git for each workstream", each["`doit -n 1`"], GIT_CALLS, "calls"))
    return table


def _counted(asked: Asked, count: int, name: str) -> list[list[str]]:
    made = _script(asked, count, 1) if name == "the script" else _ours(asked, name, sys.executable, count, 1)
    made.before()
    return counted(Place(made.cwd.parent), made.argv)


def _ours(asked: Asked, name: str, python: str, count: int, jobs: int) -> Candidate:
    place = Place(asked.folder / "end-to-end")
    argv = [python, "-m", "doit", "run", "-n", str(jobs), "workstreams"]
    made = _candidate(name, place, count, argv)
    made.proves = lambda said: f": {count} changed" in said
    return made


def _script(asked: Asked, count: int, jobs: int) -> Candidate:
    place = Place(asked.folder / "end-to-end")
    numbers = " ".join(names(count))
    line = f"printf '%s\\n' {numbers} | xargs -P {jobs} -I{{}} bash ../script.sh {{}}"
    made = _candidate("the script", place, count, ["bash", "-c", f"set -o pipefail; {line}"])
    before, worktree = made.before, "git worktree" if jobs == 1 else "flock ../lock git worktree"

    def make() -> None:
        before()
        (place.root / "script.sh").write_text(SCRIPT.replace("{worktree}", worktree))

    made.before = make
    return made


def _candidate(name: str, place: Place, count: int, argv: Sequence[str]) -> Candidate:
    def make() -> None:
        place.make()
        place.add(names(count), ["write"])
        (place.root / "trees").mkdir()

    return Candidate(name=name, argv=argv, cwd=place.project, environ=place.environ, before=make)


def names(count: int) -> list[str]:
    """Of workstreams, without their `w`."""
    return [f"{number:03}" for number in range(count)]
