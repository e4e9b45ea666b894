"""What git says on its stderr: told as a disk's fault only where it is one of this machine's."""

from __future__ import annotations

from pathlib import Path

import pytest

from splinter.system import disk_errors

FULL = "cannot be written: no space is left on its file system; free some, then run doit again"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Could not create directory '/h/.ssh' (Read-only file system).\nfatal: Could not read from remote.", None),
        ("error: remote unpack failed: unable to create temporary object directory", None),
        ("remote: fatal: write error: No space left on device\nerror: remote unpack failed: index-pack failed", None),
        ("fatal: bad object deadbeef", None),
        ('error: open("locked.txt"): Permission denied\nfatal: adding files failed', None),
        ("error: unable to write file a.txt", None),  # nothing hinders a write there now
        ("fatal: sha1 file '/n/w0.lock' write error. Out of diskspace", f"git add: /n/w0.lock {FULL}"),
        ("fatal: write error: No space left on device", f"git add: HERE {FULL}"),
        (
            "fatal: Unable to create '/r/a.lock': File exists.\n\nAnother git process seems to be running",
            "git add found /r/a.lock: another git is at work, or one that was killed left it; "
            "where none is, remove it (rm '/r/a.lock'), then run doit again",
        ),
    ],
)
def test_what_git_says(tmp_path: Path, said: str, told: str | None) -> None:
    found = disk_errors.of_git("add", said, [tmp_path])
    assert (found and str(found)) == (told and told.replace("HERE", str(tmp_path)))
