"""An agent that edits only the files it was handed is handed files, however many are in its scope."""

from __future__ import annotations

import json
import sys

import pytest

from tests import deep
from tests.world import World


@pytest.fixture
def handed(world: World) -> World:
    """A tool that is called as aider is, and writes down what it was handed."""
    program = world.home / "asks"
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"if '--version' not in sys.argv:\n    json.dump(sys.argv[2:], open({str(world.home / 'handed')!r}, 'w'))\n"
        "    open('src/0000.py', 'w').write('changed\\n')\n"
    )
    program.chmod(0o755)
    world.write(
        "splinter.toml", f'[tools.asks]\ncommand = "{program}"\nprompt_args = ["{{prompt_file}}", "{{files}}"]\n'
    )
    world.workstream("w", scope={"modify": ["src/**"]}, steps=[{"id": "ask", "prompt": "x", "tool": "asks"}])
    return world


def files_of(world: World) -> list[str]:
    found: list[str] = json.loads((world.home / "handed").read_text())
    return found


@pytest.mark.parametrize("count", deep.rows((1, 40, 41, 1_000), "stories", ordinary=(40, 41)))
def test_all_files_are_handed_over_in_the_order_of_their_names(handed: World, count: int) -> None:
    names = [f"src/{number:04}.py" for number in range(count)]
    for name in names:
        handed.write(name, "x\n")
    handed.commit()
    done = handed.doit("w")
    assert done.status == 0, done.out
    assert files_of(handed) == names
    assert "was handed" not in done.out


@pytest.mark.parametrize(
    ("count", "name", "text", "handed_over"),
    [(900, "x" * 90, "x\n", 662), (20, "y", "x" * 100_000, 6)],
    ids=["names", "text"],
)
def test_more_than_is_borne_is_noted_before_it_is_paid(
    handed: World, count: int, name: str, text: str, handed_over: int
) -> None:
    handed.write("src/0000.py", "x\n")
    for number in range(1, count):
        handed.write(f"src/{number:04}{name}", text)
    handed.commit()
    done = handed.doit()
    assert done.status == 0, done.out
    found = files_of(handed)
    assert found[0] == "src/0000.py"
    assert found == sorted(found)
    assert len(found) == handed_over
    told = (
        f"w:ask was handed the first {len(found)} of {count} files in its scope, since more than 64 KiB of names or "
        "512 KiB of text is not handed over. A narrower scope, or several workstreams, hand over all."
    )
    assert told in done.out
    assert told in (handed.root / "reports/latest/report.md").read_text()
