from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from splinter.errors import InputError
from splinter.maintenance import systemd_units


def test_the_units_are_valid_and_are_not_written_twice(tmp_path: Path) -> None:
    root, folder = tmp_path / "my project", tmp_path / "units"
    root.mkdir()
    service, timer = systemd_units.write(folder, root, sys.executable)
    assert re.fullmatch(r"splinter-my-project-[0-9a-f]{6}\.service", service.path)
    assert timer.path == service.path.replace(".service", ".timer")
    text = (folder / service.path).read_text()
    assert f"WorkingDirectory={root}\n" in text
    (folder / timer.path).write_text("mine")
    assert [one.action for one in systemd_units.write(folder, root, sys.executable)] == ["kept", "kept"]
    assert (folder / timer.path).read_text() == "mine"


@pytest.mark.lane("real")
def test_systemd_finds_nothing_wrong_with_them(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if not verify:
        pytest.skip("systemd is not installed")
    root, folder = tmp_path / "my project", tmp_path / "units"
    root.mkdir()
    for one in systemd_units.write(folder, root, sys.executable):
        done = subprocess.run(
            [verify, "verify", "--user", "--man=no", folder / one.path], capture_output=True, text=True,
            env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        )  # fmt: skip
        said = [line for line in done.stderr.splitlines() if one.path.rpartition(".")[0] in line]
        assert (done.returncode, said) == (0, []), done.stderr


@pytest.mark.parametrize("name", ["a%b", 'a"b', "a\nb", "a$b"])
def test_a_path_that_systemd_would_read_otherwise_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        systemd_units.write(tmp_path, tmp_path / name, sys.executable)
    assert list(tmp_path.iterdir()) == []
