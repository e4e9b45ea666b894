"""The report in a browser: what a reader does with it, at 1,280 and 390 pixels, in light and dark, with few and many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from splinter.publish.report_contents import Shown
from tests import browser, reports
from tests.unit.publish.test_report import HOSTILE

pytestmark = [pytest.mark.lane("browser"), pytest.mark.timeout(600)]
CASES = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]
ROWS = """() => [...document.querySelectorAll("#overview tbody tr")]
  .filter((one) => one.checkVisibility()).map((one) => one.innerText)"""
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# elements whose words stand beside what is seen of them, though nothing there scrolls or is cut on purpose
CUT = """() => [...document.querySelectorAll("td, th, dd, li, h3, p, summary, span")]
  .filter((one) => one.checkVisibility() && !one.closest("pre, .graph, .unseen, .skip, .name"))
  .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((one) => one.textContent.slice(0, 80))"""
SECONDS = 1.2  # of the page's own thread, best of three, on a machine that does other things too


class Watched:
    """A page that is watched: what it says, and asks for."""

    def __init__(self, chromium: Any, file: Path, width: int, scheme: str) -> None:
        self.page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())

    def rows(self) -> list[str]:
        rows: list[str] = self.page.evaluate(ROWS)
        return rows


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    pytest.importorskip("playwright", reason=browser.NEEDS)
    if not browser.program():
        pytest.skip(browser.NEEDS)
    with browser.opened() as found:
        yield found


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return browser.written(tmp_path, *reports.small())


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return browser.written(tmp_path_factory.mktemp("large"), *reports.large(1000))


@pytest.mark.parametrize(("width", "scheme"), CASES)
def test_a_reader_filters_opens_and_follows(chromium: Any, small: Path, width: int, scheme: str) -> None:
    watched = Watched(chromium, small, width, scheme)
    page = watched.page
    assert len(watched.rows()) == 3
    page.get_by_label("Find a workstream").fill("api docs")
    assert ["Refresh the API docs" in row for row in watched.rows()] == [True]
    assert page.get_by_role("status").inner_text() == "1 of 4 workstreams"
    assert not page.get_by_role("heading", name="Needs a look").is_visible()
    page.get_by_label("Find a workstream").fill("")
    page.get_by_text("failed 1", exact=True).click()
    assert ["Make parse trees immutable" in row for row in watched.rows()] == [True]
    page.get_by_text("all", exact=True).click()

    log = page.locator("article.failed .fold", has_text="Log of tests").first
    log.locator("summary").click()
    assert "2 failed, 212 passed" in log.locator("pre").inner_text()
    page.locator("#overview td a", has_text="Refresh the API docs").click()
    entry = page.locator("details.entry", has_text="Refresh the API docs")
    assert entry.get_attribute("open") is not None
    entry.locator(".fold > summary", has_text="Diff").click()
    added = entry.locator(".diff ins").first
    assert "from project import greet" in added.inner_text()
    assert added.evaluate("(one) => getComputedStyle(one).backgroundColor") != "rgba(0, 0, 0, 0)"
    assert page.evaluate(WIDE) == 0
    assert page.evaluate(CUT) == []
    assert entry.get_by_role("link", name="opened #48").get_attribute("href") == f"{reports.URL}48"

    assert watched.asked == [
        small.as_uri(),
        *[one for one in watched.asked[1:] if one.startswith(f"{small.as_uri()}#")],
    ]
    log.get_by_role("link").click()
    assert page.url.endswith("/freeze-parser/tests.log")
    assert "2 failed, 212 passed" in page.inner_text("body")
    assert watched.said == []
    page.close()


def test_without_its_script_all_of_it_is_there(chromium: Any, small: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(small.as_uri())
    assert page.locator("#overview tbody tr").count() == 3
    assert not page.locator("#tools").is_visible()
    context.close()


def test_it_is_read_by_keyboard_and_by_screen_readers(chromium: Any, small: Path) -> None:
    page = Watched(chromium, small, 1280, "light").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the report"
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.tagName"))
    assert seen >= {"A", "INPUT", "BUTTON", "SUMMARY", "PRE"}
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map((one) => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for role in ("banner", "main", "contentinfo", "search"):
        assert page.get_by_role(role).count() == 1
    unnamed = "[...document.querySelectorAll('a, button, summary')].filter((one) => !one.textContent.trim()).length"
    assert page.evaluate(unnamed) == 0
    page.get_by_role("button", name="Cost").focus()
    page.keyboard.press("Enter")
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("Cost")
    page.close()


def test_nothing_that_others_wrote_runs_or_asks(chromium: Any, tmp_path: Path) -> None:
    run, contents = reports.small()
    evil = (
        "".join(HOSTILE).replace("\udc80", "")
        + "</script></style><script>alert(1)</script><img src=//e/x onerror=alert(2)>@everyone"
    )
    records = tuple(replace(one, title=evil, message=evil, notes=(evil,), objective=evil) for one in run.workstreams)
    shown = {path: Shown(text=evil) for path in contents.files}
    diffs = {"api-docs": Shown(text=f"diff --git a/x b/x\n@@ -1 +1 @@\n+{evil}")}
    file = browser.written(
        tmp_path, replace(run, workstreams=records, notes=(evil,)), replace(contents, files=shown, diffs=diffs)
    )
    watched = Watched(chromium, file, 390, "light")
    watched.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert watched.page.evaluate("document.images.length") == 0
    assert watched.page.evaluate("document.scripts.length") == 1
    assert watched.page.evaluate(WIDE) == 0
    assert watched.said == []
    assert watched.asked == [file.as_uri()]
    watched.page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_thousand_workstreams_open_at_once_and_are_found(chromium: Any, large: Path, width: int) -> None:
    took = []
    for _ in range(3):
        page = chromium.new_page(viewport={"width": width, "height": 900})
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(large.as_uri())
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        took.append(metrics["TaskDuration"])
        page.close()
    assert min(took) < SECONDS, took
    watched = Watched(chromium, large, width, "light")
    assert len(watched.rows()) == 50
    watched.page.get_by_role("button", name="Show all 900").click()
    assert len(watched.rows()) == 900
    watched.page.get_by_label("Find a workstream").fill("part 421")
    assert ["workstream-0421" in row for row in watched.rows()] == [True]
    assert watched.page.evaluate(WIDE) == 0
    assert watched.page.evaluate(CUT) == []
    assert watched.said == []
    watched.page.close()


def test_a_printed_report_has_what_failed_and_no_tools(chromium: Any, small: Path) -> None:
    page = Watched(chromium, small, 1280, "light").page
    page.emulate_media(media="print")
    assert not page.locator("#tools").is_visible()
    assert page.get_by_text("AssertionError: assert True is False").first.is_visible()
    assert len(page.pdf()) > 10_000
    page.close()
