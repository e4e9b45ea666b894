from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from splinter.maintenance import own_requirement

COMMIT = "4f6c1b0e" * 5
GIT = {"vcs": "git", "commit_id": COMMIT}


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        (None, "doit-splinter==0.3.0"),
        ({"url": "https://example.org/a/b.git", "vcs_info": GIT}, f"doit-splinter @ git+https://example.org/a/b.git@{COMMIT}"),
        ({"url": "https://made-up:secret@example.org/a/b", "vcs_info": GIT}, ""),
        ({"url": "ssh://git@example.org/a/b", "vcs_info": GIT}, ""),
        ({"url": "file:///wheels/doit_splinter-0.3.0-py3-none-any.whl", "archive_info": {}}, ""),
        ({"url": "file:///nowhere/at/all", "dir_info": {"editable": True}}, ""),
        ({"url": 7}, ""), ([], ""),
    ],
)  # fmt: skip
def test_what_was_installed_is_named_so_that_it_is_the_same_elsewhere_or_not_at_all(origin: object, said: str) -> None:
    assert own_requirement.of_origin("0.3.0", origin, os.environ) == said


@pytest.mark.parametrize("remote", ["https://example.org/a/splinter", "/srv/splinter"])
def test_a_checkout_is_named_by_its_commit_where_anybody_reaches_it(tmp_path: Path, remote: str) -> None:
    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", tmp_path, *words], check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "one")
    git("remote", "add", "origin", remote)
    said = own_requirement.of_origin("1", {"url": tmp_path.as_uri(), "dir_info": {"editable": True}}, os.environ)
    head = git("rev-parse", "HEAD")
    assert said == (f"doit-splinter @ git+{remote}@{head}" if remote.startswith("https") else "")
