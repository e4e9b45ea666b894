"""The report of a real run: what git, logs and memory say stands in it, masked, and as the settings have it."""

from __future__ import annotations

import html
import json
import re

import pytest
from jsonschema import Draft202012Validator

from splinter.config import schema
from tests.world import TUESDAY, World

SECRET = "made-up-hunter2-value"


@pytest.fixture
def reported(world: World) -> World:
    """A result, one on top of it, a failure whose log and change hold a secret."""
    world.env["DEPLOY_TOKEN"] = SECRET
    world.workstream("docs", steps=[world.step("write", "printf 'one\\ntwo\\n' > docs.txt")])
    world.workstream("site", depends_on=["docs"], steps=[world.step("build", "cp docs.txt site.txt")])
    world.workstream(
        "broken", env=["DEPLOY_TOKEN"], steps=[world.step("edit", "echo $HOME > home.txt")],
        checks=[{"id": "right", "run": 'echo "said $DEPLOY_TOKEN"; exit 1'}],
    )  # fmt: skip
    world.commit()
    return world


def page(world: World) -> str:
    return html.unescape((world.root / "reports/latest/index.html").read_text())


def test_a_report_shows_what_git_and_logs_say_and_no_secret(reported: World) -> None:
    assert reported.doit().status == 1
    shown = page(reported)
    entries = {
        found[1]: found[0]
        for found in re.finditer(r"<dt>Workstream</dt><dd><code>(\w+)<.*?(?=</div></details>)", shown, re.DOTALL)
    }
    assert "<ins>+one\n+two\n</ins>" in entries["docs"]
    assert "docs.txt" not in entries["site"].partition("Changes")[2], "against what it began at, not against the base"
    assert "<ins>+one\n+two\n</ins>" in entries["site"]
    look = shown.partition(">Needs a look</h2>")[2].partition(">Waiting for you</h2>")[0]
    assert re.search(r"Log of right.*said \*\*\*", look, re.DOTALL)
    assert re.search(r"Patch of what was made.*<ins>\+", look, re.DOTALL)
    assert "doit log broken:right" in look
    data = json.loads((reported.root / "reports/latest/report.json").read_text())
    Draft202012Validator(schema.load("report")).validate(data)
    assert [one["workstream"] for one in data["proposed"]] == ["docs", "site"]
    assert SECRET not in shown + json.dumps(data)

    # a person's commit on top, a branch that was merged, and another night on which nothing is due
    reported.git("checkout", "-q", "splinter/site")
    reported.write("by-hand.txt", "mine\n")
    reported.git("add", "by-hand.txt")
    reported.git("commit", "-qm", "by hand")
    reported.git("checkout", "-q", "main")
    reported.git("merge", "-q", "--no-edit", "splinter/docs")
    reported.write("splinter.toml", "[report]\ninclude = []\n")
    reported.now = TUESDAY
    assert reported.doit("run", "report").status == 0
    shown = page(reported)
    assert "; <strong>on top of it stands 1 commit of others</strong>" in shown
    assert "; <strong>merged into main</strong>" in shown
    waiting = shown.partition('id="waiting"')[2].partition("</section>")[0]
    assert ("site.md" in waiting, "docs.md" in waiting) == (True, False)
    assert "24 hours" in waiting
    assert "<ins>+one" not in shown
    assert "said ***" not in shown
    assert "| said ***" in reported.doit("show").out
    reported.env["GITHUB_ACTIONS"] = "true"
    assert "| said" not in reported.doit("show").out, "it is the summary of a job there"
