"""Draws the pictures of reports in docs/images/: `.venv/bin/python -m tests.report_pictures`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from splinter.publish import mail
from splinter.text.redact import Masked
from tests import browser, reports
from tests.paths import ROOT

# name: workstreams, width, height, scheme, and whether a workstream's details are open
PICTURES = {
    "report-1280-light": (0, 1280, 1180, "light", False),
    "report-1280-dark-diff": (0, 1280, 1000, "dark", True),
    "report-390-dark": (0, 390, 844, "dark", True),
    "report-1000-1280-dark": (1000, 1280, 720, "dark", False),
    "report-1000-390-light": (1000, 390, 844, "light", False),
}


MAILS = {"mail-390-light": (390, "light"), "mail-390-dark": (390, "dark")}


def draw_mails(folder: Path, names: list[str]) -> None:
    """The pictures of the mail about the small run."""
    run, _ = reports.small()
    html = mail.message(run, Masked, repository="octo/project", page=Masked("<p>")).html
    with browser.opened() as chromium:
        for name in [one for one in MAILS if one in names or not names]:
            width, scheme = MAILS[name]
            page = chromium.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
            page.set_content(html)
            page.screenshot(path=str(folder / f"{name}.png"), full_page=True)
            page.close()


def draw(folder: Path, names: list[str]) -> None:
    """The pictures of those names; of all where none is named."""
    with browser.opened() as chromium, tempfile.TemporaryDirectory() as scratch:
        for name in [one for one in PICTURES if one in names or not names]:
            number, width, height, scheme, is_open = PICTURES[name]
            run, contents = reports.large(number) if number else reports.small()
            file = browser.written(Path(scratch) / name, run, contents)
            page = chromium.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            page.goto(file.as_uri())
            if is_open:
                page.locator("#overview td a", has_text="Refresh the API docs").first.click()
                page.locator(".entry[open] .fold > summary", has_text="Diff").click()
            page.screenshot(path=str(folder / f"{name}.png"))
            page.close()


if __name__ == "__main__":
    draw(ROOT / "docs/images", sys.argv[1:])
    draw_mails(ROOT / "docs/images", sys.argv[1:])
