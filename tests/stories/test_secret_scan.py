"""A secret in what a step made never reaches a commit; one that only passes through the output never reaches a log."""

from __future__ import annotations

import pytest

from tests import deep
from tests.world import World

CANARY = "made-up-canary/4f9c+2d"
TOKEN = "ghp_" + "a1B2c3D4" * 5


def leaking(world: World, command: str, **fields: object) -> dict[str, object]:
    world.env["CANARY_TOKEN"], world.env["DATABASE"] = CANARY, "postgres://admin:s3cret-word@localhost/db"
    world.write("docs.md", f"An old page with {TOKEN} in it.\n")
    world.workstream("w", env=["CANARY_TOKEN", "DATABASE"], steps=[{"id": "s", "run": command}], **fields)
    world.commit()
    world.doit("w")
    return world.records()["w"]


LEAKS = {
    "as it is": "printf %s \"$CANARY_TOKEN\" > key.txt",
    "in base64": "printf %s \"$CANARY_TOKEN\" | base64 > key.txt",
    "among bytes": "printf 'x\\0%s' \"$CANARY_TOKEN\" > key.bin",
    "a token's shape": f"echo {'sk-ant-' + 'a1B2c3D4' * 5} > key.txt",
    "a link's target": "ln -s \"$CANARY_TOKEN\" key",
    "a file's name": "mkdir -p \"$(dirname \"$CANARY_TOKEN\")\"; echo x > \"$CANARY_TOKEN\"",
    "in UTF-16": 'printf %s "$CANARY_TOKEN" | iconv -t utf-16le > key.txt',
    "a token's shape in UTF-16": f"echo {TOKEN} | sed 's/1/3/' | iconv -t utf-16 > key.txt",
    "a name that a folder parts": "mkdir -p made-up/-can/ary; echo x > made-up/-can/ary/4f9c+2d",
    "an address's password": "echo s3cret-word > key.txt",
    "an address's two parts": "echo admin:s3cret-word > key.txt",
}  # fmt: skip
LEAKED = ("as it is", "in base64", "a token's shape", "a link's target", "a file's name", "a name that a folder parts")


@pytest.mark.parametrize("leak", deep.rows(LEAKS, "attacks", ordinary=LEAKED))
def test_a_secret_in_a_result_fails_the_step_before_anything_is_committed(world: World, leak: str) -> None:
    command = LEAKS[leak]
    record = leaking(world, command)
    assert (record["outcome"], record["reason"]) == ("failed", "secret_in_result")
    assert str(record["message"]).startswith("a secret stands in ")
    assert CANARY not in str(record)
    assert "made-up/" not in str(record["message"])
    assert world.branches() == []
    assert world.git("for-each-ref", "refs/splinter/checkpoints/w/s") == ""


def test_a_token_that_was_there_before_is_nobody_s_leak(world: World) -> None:
    assert leaking(world, "echo 'and more' >> docs.md")["outcome"] == "changed"
    assert leaking(world, f"echo {TOKEN} > elsewhere.md")["reason"] == "secret_in_result"


def test_a_kept_patch_names_the_file_and_shows_no_secret(world: World) -> None:
    record = leaking(world, 'printf %s "$CANARY_TOKEN" > key.txt; echo more >> README.md')
    patch = (world.root / record["steps"][-1]["patch"]).read_text()  # type: ignore[index]
    assert "+more" in patch
    assert "key.txt" in patch
    assert "***" in patch
    assert CANARY not in patch


@pytest.mark.parametrize(
    "command",
    ["printf '\\0%s' \"$CANARY_TOKEN\" > key.bin", 'printf %s "$CANARY_TOKEN" > key.txt',
     "mkdir -p made-up/-can/ary; echo x > made-up/-can/ary/4f9c+2d"],
    ids=["bytes", "bytes by attribute", "a name that a folder parts"],
)  # fmt: skip
def test_what_a_kept_patch_could_not_mask_is_left_out_of_it(world: World, command: str) -> None:
    world.write(".gitattributes", "*.txt binary\n")
    record = leaking(world, f"{command}; echo more >> README.md")
    patch = (world.root / record["steps"][-1]["patch"]).read_text()  # type: ignore[index]
    assert "+more" in patch
    assert "left out, for a secret stands in it" in patch
    assert "GIT binary patch" not in patch
    assert "made-up" not in patch
