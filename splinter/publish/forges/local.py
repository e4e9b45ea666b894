"""Keeps pull requests as files, for repositories without a forge. It never pushes or asks anybody."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from splinter.errors import PublishError
from splinter.model import layout
from splinter.model.ports import Effects, Proposal
from splinter.model.records import Action, PullRequestRecord
from splinter.publish import pull_request_body
from splinter.system import disk_errors
from splinter.system.files import write_whole
from splinter.text.redact import plain

FOLDER = f"{layout.STATE}/{layout.PULL_REQUESTS}"
_HEADING = re.compile(r"\A---\r?\n(.*?)\r?\n---\r?\n(?:\r?\n)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Local:
    """Files under `.splinter/pull-requests/` of the repository at `root`; `why` is why no forge is asked."""

    root: Path
    why: str = ""

    def publish(
        self, proposal: Proposal, push: Callable[[], Proposal] | None = None, effects: Effects | None = None
    ) -> PullRequestRecord:
        """Write the file, its text outside our markers kept; one that says the same is not touched. Pushes nothing."""
        heading, body = self._read(proposal.workstream)
        proposal = proposal.beside(pull_request_body.own_part(body))
        is_same = _is_same(heading, body, proposal)
        if not is_same:
            wanted = _heading(proposal, state="open")
            self._write(proposal.workstream, wanted, pull_request_body.merge_body(body, proposal.own_body))
        done = _record(proposal.workstream, Action.UNCHANGED if is_same else Action.WRITTEN)
        return replace(done, notes=(self.why,)) if self.why else done

    def says(self, proposal: Proposal) -> bool:
        """Whether the file says the same already."""
        heading, body = self._read(proposal.workstream)
        return _is_same(heading, body, proposal.beside(pull_request_body.own_part(body)))

    def proposed(self, *, workstream: str, head: str) -> str:
        """The file, where it holds an open pull request of `head` with our part."""
        heading, body = self._read(workstream)
        return where(workstream) if _is_open(heading, head) and pull_request_body.own_part(body) else ""

    def close(
        self, *, workstream: str, head: str, comment: str, effects: Effects | None = None, slot: str = ""
    ) -> PullRequestRecord | None:
        """Mark the pull request of `head` as closed and say why at its end; None where there is no open one."""
        heading, body = self._read(workstream)
        if not _is_open(heading, head):
            return None
        self._write(workstream, heading.replace("state: open", "state: closed", 1), f"{body}\n{comment}\n")
        return _record(workstream, Action.CLOSED)

    def _read(self, workstream: str) -> tuple[str, str]:
        """Heading and body of the file as it is; both empty where there is none."""
        try:
            text = (self.root / where(workstream)).read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            return "", ""
        except OSError as error:
            raise PublishError(f"{where(workstream)} cannot be read: {error.strerror}") from error
        found = _HEADING.match(text)
        return (found[1].replace("\r", ""), text[found.end() :]) if found else ("", text)

    def _write(self, workstream: str, heading: str, body: str) -> None:
        end = "" if body.endswith("\n") else "\n"
        try:
            write_whole(self.root / where(workstream), f"---\n{heading}\n---\n\n{body}{end}")
        except OSError as error:
            raise PublishError(disk_errors.sentence(where(workstream), error)) from error


def _is_open(heading: str, head: str) -> bool:
    return f"head: {_value(head)}\n" in f"{heading}\n" and "state: open" in heading.splitlines()


def _is_same(heading: str, body: str, proposal: Proposal) -> bool:
    part = pull_request_body.own_part(body)
    return heading == _heading(proposal, state="open") and pull_request_body.is_same_body(part, proposal.own_body)


def _heading(proposal: Proposal, *, state: str) -> str:
    fields = {
        "title": proposal.title,
        "head": proposal.head,
        "base": proposal.base,
        "draft": proposal.draft,
        "labels": proposal.labels,
        "reviewers": proposal.reviewers,
        "assignees": proposal.assignees,
        **({"milestone": proposal.milestone} if proposal.milestone else {}),
    }
    return "\n".join([f"state: {state}", *(f"{name}: {_value(value)}" for name, value in fields.items())])


def _value(value: object) -> str:
    # JSON is YAML on one line, so that no title can add a field
    shown = [plain(item) for item in value] if isinstance(value, tuple) else value
    return json.dumps(plain(shown) if isinstance(shown, str) else shown, ensure_ascii=False)


def _kind(proposal: Proposal) -> str:
    return "draft pull request" if proposal.draft else "pull request"


def where(workstream: str) -> str:
    """The file of a workstream's pull request, from the root."""
    return f"{FOLDER}/{workstream}.md"


def _record(workstream: str, action: Action) -> PullRequestRecord:
    return PullRequestRecord(workstream=workstream, action=action, where=where(workstream))
