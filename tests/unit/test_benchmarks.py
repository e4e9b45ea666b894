"""What the benchmarks print: medians, ratios, verdicts on what is wanted, and the document that keeps them."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from benchmarks import document, plot
from benchmarks.growth import _swept
from benchmarks.measure import Candidate, Sample, Table, Wanted, call, compared


def candidate(name: str, *walls: float) -> Candidate:
    found = Candidate(name=name, argv=[], cwd=Path(), environ={})
    found.samples = [Sample(wall, wall / 2, 10 * wall) for wall in walls]
    return found


def test_ratios_are_of_medians() -> None:
    base, other = candidate("base", 1.0, 9.0, 2.0), candidate("other", 5.0, 4.0, 3.0)
    table = compared("Both", [base, other], to=base)
    assert table.rows == [
        ["base", "2.000", "1.000", "9.000", "1.000", "90", ""],
        ["other", "4.000", "3.000", "5.000", "2.000", "50", "2.00"],
    ]


def test_what_is_wanted_is_met_or_missed_by_so_much() -> None:
    assert str(Wanted("Beside ninja", 1.5, 2.0)) == "Beside ninja: wanted at most 2 times, found 1.50: met"
    missed = str(Wanted("Peak memory", 61.5, 60.0, "MB"))
    assert missed == "Peak memory: wanted at most 60 MB, found 61.50: **missed** by 1.50 MB"


def test_a_command_that_does_something_else_is_not_measured(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "print('it ran a task')"]
    wrong = Candidate(name="doit", argv=argv, cwd=tmp_path, environ={"HOME": str(tmp_path)})
    wrong.proves = lambda said: "nothing new" in said
    with pytest.raises(SystemExit, match="doit did not do what is to be measured:\nit ran a task"):
        wrong.run()
    assert wrong.samples == []


def test_peak_memory_is_that_of_what_was_called_alone(tmp_path: Path) -> None:
    held = bytearray(150_000_000)
    small = call(["true"], tmp_path, {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert small.peak_mb < 40, len(held)


def test_a_sweep_says_how_steep_it_is() -> None:
    table = _swept("Growth", "files", (10, 100, 1_000), lambda size: {"quadratic, s": size**2 / 1e4, "refs": size})
    assert [row[-1] for row in table.rows] == ["2.00", "1.00"]
    assert [str(one)[:9] for one in table.wanted] == ["quadratic", "refs, how"]


def test_a_table_that_is_measured_again_takes_its_old_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(document, "FILE", tmp_path / "benchmarks.md")
    (tmp_path / "images").mkdir()
    for name, title in (("list", "Old"), ("nothing", "First"), ("list", "New")):
        table = Table(title=title, head=["", "s"], rows=[["one", "1"]], points=[("one", 1, 1), ("one", 10, 2)])
        document.keep(name, [table], order=["nothing", "list"], machine="Measured on 2026-01-01.")
    text = (tmp_path / "benchmarks.md").read_text()
    assert "Old" not in text
    assert text.index("### First") < text.index("### New")
    assert text.count("![") == 2
    assert sorted(file.name for file in (tmp_path / "images").iterdir()) == [
        "benchmarks-list.svg", "benchmarks-nothing.svg",
    ]  # fmt: skip


def test_a_plot_has_a_line_and_a_label_for_each_series() -> None:
    points = [("a < b", 10, 0.1), ("a < b", 100, 1.0), ("flat", 10, 0.2), ("flat", 100, 0.2)]
    drawn = ElementTree.fromstring(plot.svg("Growth", ("files", "seconds"), points))
    kinds = [one.tag.rpartition("}")[2] for one in drawn.iter()]
    assert kinds.count("polyline") == 2
    assert {"a < b", "flat", "files", "seconds"} <= {one.text for one in drawn.iter() if one.tag.endswith("text")}
