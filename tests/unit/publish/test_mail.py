"""The mail about a run, before it is sent."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace

from splinter.model.records import PullRequestRecord, Usage
from splinter.publish import mail
from splinter.text.redact import Masked
from tests.unit.publish.test_report import DOCS, OPENED, REST, RUN, SITE, TIDY, Reader, run_of

HOSTILE = "<b>|**changed**| [x](http://e.x/) ![](http://e.x/i.png) @everyone #1 \u202e \x1b[31m"


def test_a_mail_says_on_top_which_repository_and_what_became_of_each() -> None:
    run = run_of(TIDY, DOCS, SITE, REST, pull_requests=(OPENED,), usage=Usage(calls=1, priced=1, usd=0.5))
    message = mail.message(run, Masked, repository="octo/project", ci="https://ci.example/1")
    assert message.subject == f"[splinter] 1 changed, 1 failed, 1 blocked, 1 skipped \u00b7 octo/project \u00b7 {RUN}"
    assert message.is_failure
    words = Reader(message.html).words
    told = (
        "4 workstreams: 1 changed",
        "octo/project, run",
        "#12",
        "Needs a look",
        "Failed at tests",
        "doit log api-docs:tests",
    )
    places = [words.find(text) for text in told]
    assert -1 not in places
    assert places == sorted(places)
    assert '<a href="https://github.com/o/r/pull/12"' in message.html
    assert "1 workstream took no part" in words
    assert message.text.startswith(
        "4 workstreams: 1 changed, 1 failed, 1 blocked, 1 skipped\n\nRepository  octo/project\n"
    )
    assert "|--" not in message.text


def test_styles_stand_at_each_element_and_outcomes_have_colours() -> None:
    html = mail.message(run_of(TIDY, replace(DOCS, title="**changed**")), Masked).html
    assert re.search(r'<td style="[^"]*border-bottom: 1px', html)
    assert re.search(r'<pre style="[^"]*white-space: pre-wrap', html)
    assert html.count('<strong style="color: #1a8f4f">changed</strong>') == 1
    assert '<strong style="color: #d1242f">Failed</strong>' in html
    rest = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert rest
    assert rest[1].strip().startswith("@media")
    assert "src=" not in html
    assert "url(" not in html


def test_a_long_id_without_a_hyphen_may_be_broken() -> None:
    ids = ("a" * 63, "a" * 20 + "-b")
    html = mail.message(run_of(*(replace(TIDY, workstream=id) for id in ids)), Masked).html
    assert re.search(r">a{20}<wbr>a{20}<wbr>a{20}<wbr>aaa</td>", html)
    assert re.search(r">a{20}-b</td>", html)


def test_a_mail_of_an_idle_run_is_no_failure() -> None:
    message = mail.message(run_of(REST), Masked)
    assert (message.subject, message.is_failure) == (f"[splinter] nothing ran, 1 skipped \u00b7 {RUN}", False)


def test_a_mail_of_a_thousand_workstreams_is_not_clipped() -> None:
    many = [replace(DOCS, workstream=f"w{number}", message="line\n" * 5000) for number in range(1000)]
    proposed = [PullRequestRecord(workstream=f"w{number}", action="opened", where="https://github.com/o/r/pull/1", number=1)
                for number in range(1000)]  # fmt: skip
    message = mail.message(run_of(*many, pull_requests=tuple(proposed)), Masked)
    assert len(message.html.encode()) < 100_000
    assert "and 940 more, in the report" in message.html
    assert "and 980 more, in the report" in message.html


def test_the_report_goes_with_it_packed_where_it_is_large() -> None:
    small, large = (
        mail.message(run_of(TIDY), Masked, page=Masked(text)).attachments[0] for text in ("<p>", "<p>x</p>\n" * 50_000)
    )
    assert (small.name, small.content) == (f"report-{RUN}.html", b"<p>")
    assert large.name == f"report-{RUN}.zip"
    with zipfile.ZipFile(io.BytesIO(large.content)) as packed:
        assert len(packed.read(f"report-{RUN}.html")) == 9 * 50_000


def test_what_others_wrote_is_text() -> None:
    record = replace(DOCS, title=HOSTILE, message=HOSTILE, workstream="w", step=HOSTILE, reason=HOSTILE)
    run = run_of(record, pull_requests=(replace(OPENED, workstream="w", where=HOSTILE),), notes=(HOSTILE,))
    seen = Reader(mail.message(run, Masked, repository=HOSTILE).html)
    assert not seen.tags & {"img", "b", "a", "script"}
    assert seen.odd == []
    assert seen.words.count("@\u200beveryone") == 8, "repository, title, step, reason, message, note, proposal"
