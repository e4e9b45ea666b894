"""Checks that pass whatever they run says are named; those whose end depends on it are not."""

from __future__ import annotations

import pytest

from splinter.config import check_commands


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("pytest || true", "|| true"),
        ("pytest ||:", "||:"),
        ("pytest || exit 0", "|| exit 0"),
        ("pytest || echo failed", "|| echo failed"),
        (["sh", "-c", "pytest; true"], "; true"),
        (["bash", "-c", "pytest\nexit 0"], "exit 0"),
        ("if ! pytest; then exit 0; fi", "then exit 0"),
        ("pytest | tee build.log; cat build.log", "| tee build.log"),
        ("set +e\npytest\nls", "set +e"),
        ("pytest && echo well; ls", "pytest && echo well;"),
        ("pytest | tee build.log", "| tee build.log"),
        ("make test 2>&1 |tail -5", "|tail -5"),
        (["bash", "-lc", "pytest || true"], "|| true"),
    ],
)
def test_a_check_that_cannot_fail_is_named(command: object, named: str) -> None:
    assert (check_commands.problem(command) or "").startswith(f'"{named}" lets this check pass whatever it ')


@pytest.mark.parametrize(
    "command",
    [
        "pytest", "pytest\necho done", "cd src && pytest; coverage report", "pytest || exit 1", "pytest | grep -q passed",
        "set -o pipefail; pytest | tee log", "test -f a || { echo none; exit 1; }", "pytest && mypy", "cat a | sort | diff b -",
        ["pytest", "-k", "a || true"], None, 3, "exit 01", "true", "pytest; true", "pytest\nexit 0",
        'test "$(ls | wc -l)" = 3', "[ $(cat a | wc -l) -gt 2 ]", "ls | sort > names; diff names expected",
        "for f in *; do test -s $f || exit 1; done; exit 0",
    ],
)  # fmt: skip
def test_a_check_that_can_fail_is_not(command: object) -> None:
    assert check_commands.problem(command) is None
