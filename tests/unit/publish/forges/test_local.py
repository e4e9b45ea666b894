from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from splinter.errors import PublishError
from splinter.model.ports import Proposal
from splinter.model.records import PullRequestRecord, WorkstreamRecord
from splinter.publish import pull_request_body
from splinter.publish.forges.local import Local

RECORD = WorkstreamRecord(workstream="tidy", title="Tidy", outcome="changed", objective="Nothing to mend.")
WHERE = ".splinter/pull-requests/tidy.md"


def own(run: str = "run-1", **fields: str) -> str:
    record = replace(RECORD, **fields)  # type: ignore[arg-type]
    return pull_request_body.body(record, run=run, reproduce="doit tidy", definition="abc")


def page_of(**fields: object) -> Proposal:
    whole = {
        "workstream": "tidy",
        "head": "splinter/tidy",
        "base": "main",
        "title": "Tidy",
        "own_body": own(),
        **fields,
    }
    return Proposal(**whole)  # type: ignore[arg-type]


def test_a_pull_request_is_written_with_its_heading_and_body(tmp_path: Path) -> None:
    done = Local(tmp_path).publish(page_of(labels=("docs",)))
    assert done == PullRequestRecord(workstream="tidy", action="written", where=WHERE)
    _, heading, body = (tmp_path / WHERE).read_text().split("---\n", 2)
    assert yaml.safe_load(heading) == {
        "state": "open", "title": "Tidy", "head": "splinter/tidy", "base": "main", "draft": True,
        "labels": ["docs"], "reviewers": [], "assignees": [],
    }  # fmt: skip
    assert body == f"\n{own()}\n"
    assert [file.name for file in (tmp_path / WHERE).parent.iterdir()] == ["tidy.md"]


def test_nothing_is_ever_pushed(tmp_path: Path) -> None:
    Local(tmp_path).publish(page_of(), lambda: pytest.fail("pushed"))


def test_the_same_pull_request_of_another_run_is_not_touched(tmp_path: Path) -> None:
    forge = Local(tmp_path)
    forge.publish(page_of())
    before = (tmp_path / WHERE).stat()
    assert forge.publish(page_of(own_body=own("run-2"))).action == "unchanged"
    assert (tmp_path / WHERE).stat().st_mtime_ns == before.st_mtime_ns
    assert "run-1" in (tmp_path / WHERE).read_text()


@pytest.mark.parametrize("change", [{"title": "Other"}, {"base": "dev"}, {"own_body": own(objective="Other")}])
def test_a_pull_request_that_says_something_else_is_written_again(tmp_path: Path, change: dict[str, str]) -> None:
    forge = Local(tmp_path)
    forge.publish(page_of())
    assert forge.publish(page_of(**change)).action == "written"
    assert forge.publish(page_of(**change)).action == "unchanged"


def test_what_a_human_wrote_around_our_part_stays(tmp_path: Path) -> None:
    forge = Local(tmp_path)
    forge.publish(page_of())
    file = tmp_path / WHERE
    file.write_bytes(file.read_bytes() + b"Looks good to me.\r\n")
    forge.publish(page_of(own_body=own(objective="Other")))
    assert file.read_bytes().endswith(b"<!-- splinter:end -->\nLooks good to me.\r\n")
    assert "Other" in file.read_text()


def test_a_title_cannot_add_a_field_to_the_heading(tmp_path: Path) -> None:
    Local(tmp_path).publish(page_of(title='x"\nbase: evil\n---\n\x1b[31m'))
    heading = yaml.safe_load((tmp_path / WHERE).read_text().split("\n---\n")[0])
    assert heading["base"] == "main"
    assert heading["title"] == 'x"\nbase: evil\n---\n'


def test_a_closed_pull_request_says_so_and_why(tmp_path: Path) -> None:
    forge = Local(tmp_path)
    forge.publish(page_of())
    done = forge.close(workstream="tidy", head="splinter/tidy", comment="Nothing is left.")
    assert done == PullRequestRecord(workstream="tidy", action="closed", where=WHERE)
    text = (tmp_path / WHERE).read_text()
    assert text.startswith("---\nstate: closed\n")
    assert text.endswith("\nNothing is left.\n")
    assert forge.close(workstream="tidy", head="splinter/tidy", comment="Again.") is None
    assert forge.publish(page_of()).action == "written"


def test_closing_what_is_not_there_does_nothing(tmp_path: Path) -> None:
    assert Local(tmp_path).close(workstream="tidy", head="splinter/tidy", comment="x") is None
    assert list(tmp_path.iterdir()) == []


def test_a_pull_request_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / ".splinter").write_text("a file where the folder should be")
    with pytest.raises(PublishError, match=r"^\.splinter/pull-requests/tidy\.md cannot be (read|written): "):
        Local(tmp_path).publish(page_of())
