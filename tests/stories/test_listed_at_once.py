"""`doit list` is known at once where nothing is another since the last one, and then says nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from splinter.doit_plugins.nothing_due import recall
from tests.nothing_due import CALL, EDITS, GRAIN_S, edit, effects, listed_at_once, make, whole, yaml
from tests.world import TUESDAY, World

FEW = (
    "a step is another", "a workstream more", "a file that cannot be run", "and it goes", "settings",
    "a branch is deleted", "ignored", "forgotten", "another week",
)  # fmt: skip
# where nothing is left behind: a problem is told too, somebody else has a say, or what a run left is put right first
UNSOUND = {
    "a file that cannot be run", "the prompt file goes", "tasks of the user's own", "a database that is none",
    "a run that was killed",
}  # fmt: skip


@pytest.fixture
def own(tmp_path: Path, sealed_world: Path) -> World:
    world = make(World(tmp_path / "project", sealed_world))
    assert world.doit(*CALL).status == 0
    return world


def listed(world: World) -> str:
    """What a call says that looks at everything, and leaves it behind."""
    time.sleep(GRAIN_S)
    (world.root / recall.LISTED).unlink(missing_ok=True)
    before = effects(world)
    done = world.doit("list")
    assert (done.status, done.err) == (0, "")
    (world.root / recall.LISTED).unlink(missing_ok=True)
    assert effects(world) == before
    world.doit("list")
    return done.out


def test_it_is_what_a_full_look_says_whether_something_is_due_or_not(own: World) -> None:
    said = listed(own)
    assert "lint  up to date, next 2026-11-30 00:00" in said
    assert listed_at_once(own) == said
    before = effects(own)
    assert own.doit("list") == whole(own, "list")
    assert effects(own) == before
    assert own.doit("list", "-q") == whole(own, "list", "-q") != whole(own, "list")  # with an option it is doit's own
    own.write("prompts/write.md", "Write better docs.\n")
    assert listed_at_once(own) == ""
    assert "lint  due" in listed(own)
    assert "lint  due" in listed_at_once(own)
    own.now = TUESDAY
    assert listed_at_once(own) == ""


def test_it_counts_until_a_rule_names_a_time(own: World, monkeypatch: pytest.MonkeyPatch) -> None:
    own.now = ""
    listed(own)
    kept = json.loads((own.root / recall.LISTED).read_text())
    assert 0 < kept["until"] - kept["at"] <= recall.LONGEST_S
    for at, is_known in ((kept["at"] - 1, False), (kept["until"] - 1, True), (kept["until"], False)):
        monkeypatch.setattr(recall.time, "time", lambda at=at: at)
        assert bool(listed_at_once(own)) == is_known, at


def test_it_counts_until_a_slot_is_too_old_to_be_run(own: World) -> None:
    edit(yaml(own), "when: weekly", "when: weekly\ncatch_up: none")
    listed(own)
    kept = json.loads((own.root / recall.LISTED).read_text())
    assert kept["until"] == datetime.fromisoformat("2026-11-24T00:00:00+00:00").timestamp()


def test_what_somebody_put_in_its_place_steers_no_terminal(own: World) -> None:
    listed(own)
    file = own.root / recall.LISTED
    text = file.read_text()
    file.write_text(text.replace("Workstreams", "\\u001b[2JWorkstreams"))
    assert listed_at_once(own) == ""
    file.write_text(text.replace("Workstreams", "::error::Workstreams"))
    assert listed_at_once(own) == ""
    file.write_text(text)
    assert listed_at_once(own)


def test_a_secret_in_a_title_is_in_no_file(own: World) -> None:
    own.env["SOME_TOKEN"] = "MadeUp0Token1OfNobody2345"
    edit(yaml(own), "Title of lint", "a MadeUp0Token1OfNobody2345")
    assert "MadeUp0" not in listed(own)
    assert listed_at_once(own) == ""
    del own.env["SOME_TOKEN"]
    for address in ("https://nobody:{}@example.org/", "https://example.org/services/{}"):
        own.env |= {"SLACK_WEBHOOK_URL": address.format("MadeUp9Token8OfNobody7654")}
        assert "MadeUp0" in listed(own)
        assert listed_at_once(own)
        own.env |= {"SLACK_WEBHOOK_URL": address.format("MadeUp0Token1OfNobody2345")}
        assert ("MadeUp0" in whole(own, "list").out, listed_at_once(own)) == (False, "")


def test_a_title_in_other_letters_is_the_same_in_both(own: World) -> None:
    edit(yaml(own), "Title of lint", "Größe — 測試")
    assert "Größe — 測試" in listed(own)
    assert own.doit("list") == whole(own, "list")
    assert "Größe" in listed_at_once(own)


@pytest.mark.parametrize("names", [FEW, pytest.param(tuple(EDITS), marks=pytest.mark.lane("fuzz"))], ids=["few", "all"])
def test_whatever_changes_it_looks_at_everything_and_then_knows_it_at_once(own: World, names: tuple[str, ...]) -> None:
    for name in names:
        EDITS[name](own)
        assert listed_at_once(own) == "", name
        time.sleep(GRAIN_S)
        done = own.doit("list")
        assert done.status == 0 or name == "a database that is none", name
        assert listed_at_once(own) == ("" if name in UNSOUND else done.out), name
        own.doit(*CALL)


def test_where_the_system_has_no_such_locks_it_is_listed_all_the_same(own: World) -> None:
    """As on Windows: nothing is left behind there, and no traceback is shown."""
    code = "import sys; sys.modules['fcntl'] = None; from doit.doit_cmd import DoitMain; sys.exit(DoitMain().run(['list']))"
    run = [sys.executable, "-c", code]
    called = subprocess.run(run, cwd=own.root, env=own.environ(), capture_output=True, text=True, check=False)
    assert (called.returncode, called.stderr) == (0, "")
    assert called.stdout == whole(own, "list").out
    assert not (own.root / recall.LISTED).exists()
