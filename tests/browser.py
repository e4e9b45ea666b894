"""Chromium, as reports are looked at with it: an installed one, without a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from splinter.model.records import RunRecord
from splinter.publish import report
from splinter.publish.report_contents import Contents

NEEDS = "needs Chromium, and playwright: pip install -e '.[browser]'"


def program() -> str | None:
    """The installed browser; playwright's own are not asked for."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def opened() -> Iterator[Any]:
    """The browser; a page of it reaches nobody."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        # as root its own sandbox does not start
        browser = driver.chromium.launch(executable_path=program(), args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


def written(folder: Path, run: RunRecord, contents: Contents) -> Path:
    """A report where its links count from: `reports/<run>/` of a repository, with each log and patch that it names."""
    place = folder / "reports" / run.run
    place.mkdir(parents=True)
    (place / "index.html").write_text(report.index_html(run, contents), "utf-8")
    (place / "report.json").write_text(report.report_json(run, contents), "utf-8")
    (place / "report.md").write_text(report.report_markdown(run, contents), "utf-8")
    for path, shown in contents.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(shown.text, "utf-8")
    return place / "index.html"
