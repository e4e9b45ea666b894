"""The title and the body of a pull request, and our own part of a body that people edit too. Text to text."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from splinter.model.records import WorkstreamRecord
from splinter.publish import rendering
from splinter.text import markdown
from splinter.text.redact import Masked

BEGIN = "<!-- splinter:begin -->"
END = "<!-- splinter:end -->"
# what stands between these is of one run alone, and no change of what is said; without the second, all that follows
OF_THE_RUN, LASTING = "<!-- splinter:run -->", "<!-- splinter:lasting -->"
_OF_ONE_RUN = re.compile(f"{re.escape(OF_THE_RUN)}.*?(?:{re.escape(LASTING)}|\\Z)", re.DOTALL)
_FENCE = re.compile("`{3,}|~{3,}")  # as `prose` writes it
_FOLD_END = "\n\n</details>"
_LONGEST_RECORD = 4_000  # characters of what is hidden for programs
CUT = "*Cut here: a pull request holds no more than {:,} characters there. The report of the run has the rest.*"
# A begin whose next marker is an end: where somebody deleted one of the markers, what is left is theirs.
_OWN_PART = re.compile(f"{re.escape(BEGIN)}(?:(?!{re.escape(BEGIN)}).)*?{re.escape(END)}", re.DOTALL)


def title(record: WorkstreamRecord, own: str = "") -> str:
    """Its own title on one line, else the workstream's, or its id."""
    return next(filter(None, map(markdown.one_line, (own, record.title, record.workstream))), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a pull request's body says beside its record: what git and other pull requests have to do with it.

    `lines` are those added and removed by path, `on_top` the commits on top of what was judged, `reported` whose word
    the records are, `builds_on` where the pull requests are that must be merged first, `fits` what the rehearsal of
    its run says of its branch. `first` is the user's own Markdown, `title` the user's own title.
    """

    lines: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    on_top: Sequence[str] = ()
    reported: str = ""
    builds_on: Sequence[str] = ()
    fits: Sequence[str] = ()
    first: str = ""
    title: str = ""


def body(
    record: WorkstreamRecord, *, run: str, reproduce: str, definition: str, members: Sequence[WorkstreamRecord] = (),
    around: Around = Around(),
) -> str:  # fmt: skip
    """Our own part of a pull request's body, with its markers; `members` are the workstreams that it holds, if several.

    `definition` is a hash without blanks, by which a later run knows whether one that a human closed was about the same
    work.
    """
    hashed = hashlib.sha256(title(record, around.title).encode()).hexdigest()[:16]
    steps = [step for one in (record, *members) for step in one.steps]
    text = rendering.markdown_of(
        "pull_request.md", literal=markdown.literal, record=record, run_id=run, reproduce=reproduce, members=members,
        lines=around.lines, on_top=around.on_top, reported=around.reported, builds_on=around.builds_on,
        fits=around.fits, first=markdown.Markdown(around.first.strip()),
        tools=list(dict.fromkeys((step.tool, step.model) for step in steps if step.usage)),
        of_the_run={"begin": markdown.Markdown(OF_THE_RUN), "end": markdown.Markdown(LASTING)},
        usage=sum((one.usage for one in members), record.usage),
    ).strip()  # fmt: skip
    remembered = [marker("definition", definition), marker("title", hashed)]
    remembered += [marker("tip", record.tip)] if record.tip else []
    return "\n".join([BEGIN, *remembered, _for_programs(record), "", text, "", END])


def _for_programs(record: WorkstreamRecord) -> str:
    """The record's metadata in a comment, as JSON in ASCII without a mark that could end it or notify anybody."""
    said = {"workstream": record.workstream, "metadata": record.metadata}
    text = re.sub("[<>@#-]", lambda mark: f"\\u{ord(mark[0]):04x}", json.dumps(said, default=str))
    return (
        f"<!-- splinter:record {text} -->" if len(text) <= _LONGEST_RECORD else marker("workstream", record.workstream)
    )


def own_part(body: str) -> str:
    """Our own part of a body, with its markers; empty where it has none."""
    found = _OWN_PART.search(body)
    return found[0] if found else ""


def hidden(part: str, name: str) -> str | None:
    """What our own part remembers under a name (`definition`, `title`, `fields`, `tip`); None where it does not."""
    found = re.search(rf"^<!-- splinter:{name} (\S+) -->\r?$", part, re.MULTILINE)
    return found[1] if found else None


def withdrawn(body: str, slot: str = "") -> str:
    """The body of a pull request that we close ourselves: a later change of the same definition may open a new one.

    But not for that `slot`, where one is given.
    """
    part = own_part(body)
    body = (
        body.replace(part, part.replace(BEGIN, f"{BEGIN}\n{marker('expired', slot)}", 1), 1) if part and slot else body
    )
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
    return _OF_ONE_RUN.sub("", part.replace("\r\n", "\n")).strip()


def _cut(own: str, longest: float, *, room: float) -> str:
    if len(own) <= room:
        return own
    note = f"\n\n{CUT.format(int(longest))}\n\n{END}"
    kept = own[: max(0, int(room) - len(note) - len(_FOLD_END))]  # no fold holds another
    whole_lines = _without_open_fence(kept[: kept.rfind("\n") + 1]).rstrip()
    folded = _FOLD_END if whole_lines.count("\n<details>") > whole_lines.count("\n</details>") else ""
    return whole_lines + folded + note if whole_lines.startswith(BEGIN) else ""


def _without_open_fence(text: str) -> str:
    """The text up to a block of code that it begins and does not end: all that follows would be code, too."""
    fence, at, end = "", 0, 0
    for line in text.splitlines(keepends=True):
        mark = line.rstrip("\n")
        if mark == fence or (not fence and _FENCE.fullmatch(mark)):
            fence, at = "" if fence else mark, end
        end += len(line)
    return text[:at] if fence else text
