"""The mail about a run: plain text, and a page that markdown2 makes, short enough for any mailbox. It sends nothing.

What others wrote is text in both; the page loads nothing, and has its styles where every mail program looks for them.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from splinter.model import record_words
from splinter.model.layout import TOGETHER
from splinter.model.ports import Attachment, Message
from splinter.model.records import Action, RunRecord
from splinter.publish import report, text_report
from splinter.publish.rendering import markdown_of, pages
from splinter.text import markdown
from splinter.text.redact import Masked

if TYPE_CHECKING:
    from css_inline import CSSInliner

# of outcomes; dark enough on white, light enough on black
_COLOURS = {"failed": "#d1242f", "interrupted": "#b35900", "blocked": "#b35900", "changed": "#1a8f4f"}
_PLAIN_BYTES, _MOST_BYTES = 256 * 1024, 8 * 1024 * 1024  # of a report: what goes as it is, and what goes at all
# a workstream's id without a hyphen, for which a phone would push the other columns off its screen
_LONG_NAME, _TOO_LONG = re.compile(r"(?<=<td>)[a-z0-9-]{21,}(?=</td>)"), re.compile("[a-z0-9]{20}(?=[a-z0-9])")
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def message(
    run: RunRecord, mask: Callable[[str], Masked], *, repository: str = "", is_earlier: bool = False, ci: str = "",
    page: Masked | None = None,
) -> Message:  # fmt: skip
    """The mail about a run; `page` is its report, which goes with it.

    `repository` is what people call it, for those who get mail of several. `is_earlier`: it is not about the run that
    sends it, and says so. `ci` is where CI shows the night that sends it.
    """
    attached = attachment(page, run.run) if page else None
    told = _told(run) | {
        "ci": ci, "repository": repository, "attached": attached.name if attached else "",
        "left_out": "it is too large to be sent" if page and not attached else "",
    }  # fmt: skip
    source = markdown_of("mail.md", literal=markdown.shielded, **told)
    names = (f"· {markdown.one_line(name)}" for name in (repository, run.run) if name)
    words = ("[splinter]", "earlier run:" if is_earlier else "", f"{report.simulated(run)}{report.tally(run)}", *names)
    return Message(
        run=run.run,
        subject=mask(" ".join(filter(None, words))),
        text=mask(text_report.short(run, repository=repository, ci=ci)),
        html=mask(as_page(source, verdict=report.verdict(run), is_failure=report.is_failure(run))),
        is_failure=report.is_failure(run),
        attachments=(attached,) if attached else (),
        markdown=mask(markdown_of("mail.md", literal=markdown.literal, **told | {"attached": "", "left_out": ""})),
    )


def _told(run: RunRecord) -> dict[str, object]:
    """What the page of a mail says of a run."""
    rows = list(text_report.rows(run))
    return {
        "run": run,
        "verdict": report.verdict(run),
        "seconds": record_words.seconds(run),
        "waiting": record_words.waiting(run),
        "rows": rows,
        "others": len(run.workstreams) - len(rows),
        "failures": run.failures,
        "open": [one for one in run.pull_requests if one.where and one.action not in (Action.CLOSED, Action.NONE)],
        "titles": {record.workstream: record.title for record in run.workstreams} | {TOGETHER: ""},
        "most": text_report.MOST_ROWS,
        "most_failures": text_report.MOST_FAILURES,
        "most_notes": text_report.MOST_NOTES,
    }


def as_page(source: str, *, verdict: str, is_failure: bool) -> str:
    """The page of a message, of Markdown whose literal blocks are shielded; its styles stand at each element."""
    import markdown2

    # safe_mode is the second fence: the Markdown holds no raw HTML, as texts are escaped and literal blocks shielded
    body = markdown.unshield(markdown2.markdown(source, safe_mode="escape", extras=["tables"]))
    for word, colour in _COLOURS.items():  # what others write cannot be bold
        for said in (word, word.capitalize()):
            body = body.replace(f"<strong>{said}</strong>", f'<strong style="color: {colour}">{said}</strong>')
    body = _LONG_NAME.sub(lambda name: _TOO_LONG.sub(r"\g<0><wbr>", name[0]), body)
    page = pages().get_template("mail.html").render(verdict=verdict, is_failure=is_failure, body=body)
    return str(_inliner().inline(page))


@cache
def _inliner() -> CSSInliner:
    import css_inline

    # what depends on the screen stays in a style element, for the programs that read one
    return css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)


def attachment(page: Masked, run: str) -> Attachment | None:
    """A report as a file to send, packed where it is large; None where it is too large even so."""
    content = page.encode("utf-8", "replace")
    if len(content) <= _PLAIN_BYTES:
        return Attachment(name=f"report-{run}.html", content=content)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(zipfile.ZipInfo(f"report-{run}.html", _ZIP_TIME), content, zipfile.ZIP_DEFLATED)
    made = packed.getvalue()
    return Attachment(name=f"report-{run}.zip", content=made) if len(made) <= _MOST_BYTES else None
