from __future__ import annotations

from pathlib import Path

from splinter.engine import proposed
from splinter.system.memory import Memory


def test_what_no_run_can_have_recorded_is_nowhere_and_steers_no_terminal(tmp_path: Path) -> None:
    memory = Memory(tmp_path / ".splinter")
    for id in ("../../mine", "@octo", "a b", "old"):
        memory.set_fact(f"pull_request/{id}", "https://example.org/\x1b[31m1")
    proposed.remember(memory, "closed", "")
    assert proposed.places(memory) == {"old": "https://example.org/1"}
    assert proposed.place(memory, "old") == "https://example.org/1"
    assert proposed.recorded(memory) == {"old": "https://example.org/1", "closed": ""}
