"""docs/security-review.md says what is: each test that it names exists, and each file."""

from __future__ import annotations

import ast
import re

import pytest

from tests import paths

REVIEW = (paths.ROOT / "docs/security-review.md").read_text("utf-8")
ROWS = [line for line in REVIEW.splitlines() if line.startswith("| ") and not line.startswith("| kind |")]


@pytest.mark.parametrize("row", ROWS, ids=[row.split("|")[1].strip() for row in ROWS])
def test_each_kind_names_a_test_that_exists_and_files_that_do(row: str) -> None:
    _, _, held, fence, test, _ = row.split("|")
    assert fence.strip() in ("both", "in", "noted")
    file, _, name = test.strip().strip("`").partition("::")
    tree = ast.parse((paths.ROOT / file).read_text("utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for path in re.findall(r"`(\w+/[\w/]+\.py)`", held):
        assert (paths.ROOT / "splinter" / path).is_file(), path


def test_each_part_has_its_rows() -> None:
    assert len(ROWS) > 40
