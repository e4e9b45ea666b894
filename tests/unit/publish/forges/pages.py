"""Pull requests as they should be, for the tests of forges."""

from __future__ import annotations

from splinter.model.ports import Proposal
from splinter.model.records import WorkstreamRecord
from splinter.publish import pull_request_body

HEAD = "splinter/tidy"


def page_of(id: str = "tidy", *, title: str = "Tidy", base: str = "main", **fields: object) -> Proposal:
    record = WorkstreamRecord(workstream=id, title=title, outcome="changed")
    body = pull_request_body.body(record, run="run-1", reproduce=f"doit {id}", definition="abc")
    return Proposal(workstream=id, head=f"splinter/{id}", base=base, title=title, own_body=body, **fields)
