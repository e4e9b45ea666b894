"""Which refs of ours hold work that nothing else does: their commits are in no ref that stays, and not merged.

What only we made and a later run replaced is told apart from what a person's commits are in. It deletes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from splinter.engine.branch import last_success
from splinter.engine.outside import Outside
from splinter.git import command_line, merge_trials
from splinter.git.command_line import Repository
from splinter.maintenance.gc_files import began_s
from splinter.model import layout

# what the next step, the next success or the next fetch writes over: none of these keeps a commit for good
_PASSING = tuple(
    f"{layout.OURS}{kind}/" for kind in ("results", "checkpoints", "accepted", "remote", "claims", "rehearsals")
)


_A_PERSONS = ".work-tree"  # what somebody made in a work tree's own repository is kept below such a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """One ref of ours with what its commit says; `at_s` is when that was made, in seconds since the epoch.

    `problem` says why the commit cannot be read, None where it can.
    """

    name: str
    commit: str
    at_s: float
    parent: str = ""
    subject: str = ""
    body: str = ""
    problem: str | None = None

    @property
    def words(self) -> list[str]:
        """The name's parts after `refs/splinter/`: kind, workstream, step and the like."""
        return self.name.removeprefix(layout.OURS).split("/")

    @property
    def work(self) -> str:
        """The commit whose loss would lose work: what was accepted is the parent of the commit that says so."""
        return self.parent if self.words[0] == "accepted" and self.parent else self.commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmerged:
    """Names of refs that hold work of their own, of nested ones the outermost; and of those that only hold ours."""

    loose: Set[str] = frozenset()
    superseded: Set[str] = frozenset()


def judge(
    outside: Outside, refs: Mapping[str, Ref], going: Sequence[Ref], unreadable: Set[str], *, may_go: Set[str],
    ours: Set[str],
) -> Unmerged:  # fmt: skip
    """What would be lost with the refs that are going; `ours` are commits that we made.

    Of `may_go` those whose commits are all ours hold no work: a later run replaced it, and nobody built on it.
    """
    names = {one.name for one in going}
    staying = ((ref, id) for ref, id in outside.snapshot.refs.items() if ref not in names and id not in unreadable)
    lasting = [id for ref, id in staying if not _is_passing(ref)]
    head = [outside.snapshot.head] if outside.snapshot.head else []
    by_work: dict[str, list[Ref]] = {}
    for one in sorted(going, key=lambda one: (one.words[0] != "backups", one.name)):
        by_work.setdefault(one.work, []).append(one)
    alone = _outside(outside.repository, list(by_work), [*lasting, *head])
    persons = _holding(alone, alone.keys() - ours)
    unheld = [work for work in by_work if work in alone]
    superseded = {work for work in unheld if work not in persons and _is_superseded(by_work[work], may_go)}
    asked = [work for work in unheld if work not in superseded]
    branches, bases = last_success.branches(outside), _bases(outside)
    targets = {work: list(dict.fromkeys([*_own(outside, by_work[work][0], branches), *bases])) for work in asked}
    unmerged = set(asked) - _merged(outside.repository, targets)
    return Unmerged(
        loose={by_work[work][0].name for work in _outermost(unmerged, alone)},
        superseded={one.name for work in superseded for one in by_work[work]},
    )


def _is_superseded(refs: Sequence[Ref], may_go: Set[str]) -> bool:
    """Whether refs of one commit are backups past their age, and none holds what somebody made in a work tree."""
    backups = [one for one in refs if one.words[0] == "backups"]
    return bool(backups) and all(one.name in may_go and not one.words[1].endswith(_A_PERSONS) for one in backups)


def _holding(outside: Mapping[str, list[str]], some: Set[str]) -> set[str]:
    """Those commits, children first, that are among some or contain one of them."""
    found = set(some)
    for commit in reversed(list(outside)):
        if not found.isdisjoint(outside[commit]):
            found.add(commit)
    return found


def _is_passing(ref: str) -> bool:
    if ref.startswith(_PASSING):
        return True
    # a remote's copy of a branch goes with that, as ours does when its pull request is closed; what is merged is known
    return ref.startswith("refs/remotes/")


def _outside(repository: Repository, commits: list[str], lasting: Iterable[str]) -> dict[str, list[str]]:
    """What those commits hold and none of the lasting ones does: each with its parents, children first."""
    if not commits:
        return {}
    lines = [*commits, *(f"^{one}" for one in sorted(set(lasting)))]
    done = command_line.call(repository, "rev-list", "--topo-order", "--parents", "--ignore-missing", "--stdin",
                        stdin="\n".join(lines).encode() + b"\n")  # fmt: skip
    rows = (line.split(" ") for line in done.stdout.decode().splitlines())
    return {commit: parents for commit, *parents in rows}


def _outermost(commits: Set[str], outside: Mapping[str, list[str]]) -> list[str]:
    """Those commits that none of the others contains."""
    below: set[str] = set()
    found = []
    for commit, parents in outside.items():
        if commit in commits and commit not in below:
            found.append(commit)
        if commit in commits or commit in below:
            below.update(parents)
    return found


def _own(outside: Outside, ref: Ref, branches: Mapping[str, str]) -> list[str]:
    """The branch of the workstream that a ref belongs to; `branches` are those that are recorded, by id."""
    words = [word for word in ref.words if word not in ("backups", "gc", "checkpoints", "accepted", "remote")]
    id = next((word for word in words if began_s(word) is None), "")
    branch = f"refs/heads/{branches.get(id, '')}"
    return [outside.snapshot.refs[branch]] if branch in outside.snapshot.refs else []


def _bases(outside: Outside) -> list[str]:
    """What pull requests are merged into, as far as it is known here."""
    refs, symbolic = outside.snapshot.refs, outside.snapshot.symbolic
    names = [ref for ref in refs if ref.startswith(f"{layout.BASES}/")]
    names += [target for ref, target in symbolic.items() if ref.startswith("refs/remotes/") and ref.endswith("/HEAD")]
    names += [f"refs/heads/{name}" for name in (outside.settings.base, outside.snapshot.head_branch) if name]
    return list(dict.fromkeys(refs[name] for name in names if name in refs))


def _merged(repository: Repository, targets: Mapping[str, Sequence[str]]) -> set[str]:
    """The commits whose merging would change nothing: each was squashed or rebased into one of its targets."""
    trees = _trees(repository, {target for some in targets.values() for target in some})
    found: set[str] = set()
    for turn in range(max(map(len, targets.values()), default=0)):
        pairs = [(some[turn], work) for work, some in targets.items() if turn < len(some) and work not in found]
        trials = merge_trials.several(repository, pairs)
        found |= {work for (target, work), one in zip(pairs, trials, strict=True) if one.tree == trees[target]}
    return found


def _trees(repository: Repository, commits: Set[str]) -> dict[str, str]:
    if not commits:
        return {}
    listing = "".join(f"{commit}^{{tree}}\n" for commit in commits).encode()
    done = command_line.call(repository, "cat-file", "--batch-check=%(objectname)", stdin=listing)
    return dict(zip(commits, done.stdout.decode().splitlines(), strict=True))
