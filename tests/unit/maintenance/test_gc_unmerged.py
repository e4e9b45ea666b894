"""Which backups go by their age alone: of none that a person had a hand in is it said that it is all ours."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from splinter.engine.branch import last_success
from splinter.git import user_repository
from splinter.maintenance import gc_unmerged
from splinter.maintenance.gc_unmerged import Ref, Unmerged
from tests.world import World

OLD = "20260101-020000-abcd"


def test_a_persons_commit_keeps_what_it_stands_on_and_ours_alone_goes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = world.commit()

    def made(name: str, parent: str) -> str:
        blob = world.git("hash-object", "-w", str(world.write("new.txt", name)))
        world.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
        return world.git("commit-tree", "-m", name, "-p", parent, world.git("write-tree"))

    first, second = made("one", main), made("two", main)
    persons, alone = made("mine", first), made("three", second)
    named = {
        f"backups/a/{OLD}": second,
        f"backups/b/{OLD}": persons,
        f"backups/c/{OLD}": alone,
        f"backups/d/{OLD}": first,
        f"backups/e.work-tree/{OLD}/heads/mine": made("four", main),
        "backups/f/young": made("five", main),
    }
    monkeypatch.setattr(last_success, "branches", lambda outside: {})
    going = [Ref(name=f"refs/splinter/{name}", commit=commit, at_s=0.0) for name, commit in named.items()]
    refs = {one.name: one for one in going}
    held = {"refs/heads/main": main, **{one.name: one.commit for one in going}}
    outside: Any = SimpleNamespace(
        repository=user_repository.open_repository(world.root, world.environ()),
        snapshot=SimpleNamespace(refs=held, head=main, head_branch="main", symbolic={}),
        settings=SimpleNamespace(base=None),
    )
    ours, may_go = {*named.values(), first} - {persons}, {name for name in refs if OLD in name}

    def judged(ours: set[str]) -> Unmerged:
        found = gc_unmerged.judge(outside, refs, going, frozenset(), may_go=may_go, ours=ours)
        names = [
            {name.removeprefix("refs/splinter/backups/")[0] for name in some}
            for some in (found.loose, found.superseded)
        ]
        return Unmerged(loose=names[0], superseded=names[1])

    assert judged(ours) == Unmerged(loose={"b", "e", "f"}, superseded={"a", "c", "d"})
    # who lost the history knows of no commit that it was ours
    assert judged(set()) == Unmerged(loose={"b", "c", "e", "f"}, superseded=set())
