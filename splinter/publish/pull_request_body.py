"""The title and the body of a pull request, and our own part of a body that people edit too. Text to text."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence

from splinter.model.records import WorkstreamRecord
from splinter.publish import rendering
from splinter.text import markdown
from splinter.text.redact import Masked

BEGIN = "<!-- splinter:begin -->"
END = "<!-- splinter:end -->"
OF_THE_RUN = "<!-- splinter:run -->"  # what follows is of one run alone, and no change of what is said
CUT = "*Cut here: a pull request holds no more than {:,} characters there. The report of the run has the rest.*"
# A begin whose next marker is an end: where somebody deleted one of the markers, what is left is theirs.
_OWN_PART = re.compile(f"{re.escape(BEGIN)}(?:(?!{re.escape(BEGIN)}).)*?{re.escape(END)}", re.DOTALL)


def title(record: WorkstreamRecord) -> str:
    """The workstream's title on one line, or its id."""
    return markdown.one_line(record.title) or markdown.one_line(record.workstream)


def body(
    record: WorkstreamRecord, *, run: str, reproduce: str, definition: str, members: Sequence[WorkstreamRecord] = (),
    on_top: Sequence[str] = (), reported: str = "",
) -> str:  # fmt: skip
    """Our own part of a pull request's body, with its markers; `members` are the workstreams that it holds, if several.

    `definition` is a hash without blanks, by which a later run knows whether one that a human closed was about the same
    work. `on_top` are the commits that stand on top of what was judged, `reported` whose word the records are.
    """
    hashed = hashlib.sha256(title(record).encode()).hexdigest()[:16]
    text = rendering.markdown_of(
        "pull_request.md", literal=markdown.literal, record=record, run_id=run, reproduce=reproduce, members=members,
        on_top=on_top, reported=reported,
        of_the_run=markdown.Markdown(OF_THE_RUN),
        usage=sum((one.usage for one in members), record.usage),
    ).strip()  # fmt: skip
    remembered = [marker("definition", definition), marker("title", hashed)]
    remembered += [marker("tip", record.tip)] if record.tip else []
    return "\n".join([BEGIN, *remembered, "", text, "", END])


def own_part(body: str) -> str:
    """Our own part of a body, with its markers; empty where it has none."""
    found = _OWN_PART.search(body)
    return found[0] if found else ""


def hidden(part: str, name: str) -> str | None:
    """What our own part remembers under a name (`definition`, `title`, `fields`, `tip`); None where it does not."""
    found = re.search(rf"^<!-- splinter:{name} (\S+) -->\r?$", part, re.MULTILINE)
    return found[1] if found else None


def withdrawn(body: str) -> str:
    """The body of a pull request that we close ourselves: a later change of the same definition may open a new one."""
    part = own_part(body)
    return (
        body.replace(part, re.sub(r"(<!-- splinter:)definition ", r"\1withdrawn ", part, count=1), 1) if part else body
    )


def marker(name: str, value: str) -> str:
    """What is hidden in a text of ours, so that a later run knows it again."""
    return f"<!-- splinter:{name} {re.sub(r'[^0-9A-Za-z:._]', '', value)} -->"


def with_fields(part: str, fields: str) -> Masked:
    """Our own part, remembering what was asked for of a pull request's fields: a text without blanks or `--`."""
    line, known = f"<!-- splinter:fields {fields} -->", re.compile(r"^<!-- splinter:fields \S+ -->\r?$", re.MULTILINE)
    if known.search(part):
        return Masked(known.sub(lambda _: line, part, count=1))
    return Masked(part.replace(BEGIN, f"{BEGIN}\n{line}", 1))


def merge_body(existing: str, own: str, *, longest: float = math.inf) -> str:
    """The body with our own part brought up to date, every character outside it kept.

    Where the whole is longer than a forge takes, our own part is cut, its markers whole; where not even they fit, the
    body stays as it is.
    """
    found = _OWN_PART.search(existing)
    head, tail = (existing[: found.start()], existing[found.end() :]) if found else (existing, "")
    gap = "\n\n" if head.strip() and not found else ""
    part = _cut(own, longest, room=longest - len(head) - len(gap) - len(tail))
    return f"{head}{gap}{part}{tail}" if part else existing


def is_same_body(old_own: str, new_own: str) -> bool:
    """Whether two own parts say the same, run and cost aside."""
    return _lasting(old_own) == _lasting(new_own)


def _lasting(part: str) -> str:
    # GitHub's own editor turns line ends into CRLF
    return part.replace("\r\n", "\n").partition(OF_THE_RUN)[0].strip()


def _cut(own: str, longest: float, *, room: float) -> str:
    if len(own) <= room:
        return own
    note = f"\n\n{CUT.format(int(longest))}\n\n{END}"
    kept = own[: max(0, int(room) - len(note))]
    whole_lines = kept[: kept.rfind("\n") + 1].rstrip()
    return whole_lines + note if whole_lines.startswith(BEGIN) else ""
