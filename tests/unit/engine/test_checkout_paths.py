"""Which paths of the user's checkout a command names."""

from __future__ import annotations

from pathlib import Path

import pytest

from splinter.engine.tools import checkout_paths


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("cd /home/ann/repo && pytest tests", ["/home/ann/repo"]),
        ("make -C /home/ann/repo/ test", ["/home/ann/repo"]),
        ("pytest '/home/ann/repo/tests'", ["/home/ann/repo/tests"]),
        ("cd ~/repo/tests; pytest", ["/home/ann/repo/tests"]),
        ('ROOT="$HOME/repo" pytest ${HOME}/repo/a.py', ["/home/ann/repo", "/home/ann/repo/a.py"]),
        ("gcc -I/home/ann/repo/include --sysroot=/home/ann/repo", ["/home/ann/repo/include", "/home/ann/repo"]),
        ("curl file:///home/ann/repo/x", ["/home/ann/repo/x"]),
        ("/lib:/home/ann/repo/lib", ["/home/ann/repo/lib"]),
        ("ls /home/ann/repository /home/ann/repo-2 /home/ann/repo.old", []),
        ("ls /mnt/home/ann/repo", []),
        ("ls /home/ann/repo/../other", []),
        ("pytest tests", []),
    ],
)
def test_paths_of_a_checkout_are_found_however_they_are_written(text: str, found: list[str]) -> None:
    assert [str(one) for one in checkout_paths.named(text, [Path("/home/ann/repo")], home="/home/ann")] == found
