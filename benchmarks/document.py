"""docs/benchmarks.md: each table with when and where it was measured, one that is measured again in its old place."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from benchmarks import plot
from benchmarks.measure import Table
from benchmarks.peers import Peers

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docs/benchmarks.md"
IMAGES = "images/benchmarks-{}.svg"
HEAD = ROOT / "benchmarks/document.md"
SECTION = re.compile(r"<!-- table (\S+) -->\n(.*?)<!-- end -->\n", re.DOTALL)


def machine(peers: Peers, load: str) -> str:
    """What the figures depend on, in a sentence."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    beside = ", ".join(f"{name} {version}" for name, version in peers.versions().items() if name != "doit")
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d at %H:%M} UTC, of commit {_commit()}: {os.cpu_count()} cores, "
        f"load {load} at the beginning; {platform.system()}, Python {platform.python_version()}, git {git}, "
        f"doit {metadata.version('doit')}; beside it {beside}."
    )


def load() -> str:
    """How busy the machine is."""
    return f"{os.getloadavg()[0]:.1f}"


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    is_changed = git("status", "--porcelain", "--", "splinter", "benchmarks")
    return git("rev-parse", "--short=9", "HEAD") + (" and changes that were not committed" if is_changed else "")


def keep(name: str, tables: Sequence[Table], *, order: Sequence[str], machine: str) -> None:
    """Write the tables into their place in the document."""
    sections = dict(SECTION.findall(FILE.read_text())) if FILE.exists() else {}
    shown = [table.markdown() for table in tables]
    for number, table in enumerate(tables):
        if table.points:
            image = IMAGES.format(name if number == 0 else f"{name}-{number + 1}")
            (FILE.parent / image).write_text(plot.svg(table.title, table.axes, table.points))
            shown[number] += f"\n![{table.title}]({image})\n"
    sections[name] = "\n".join([f"`python -m benchmarks {name}`: {machine[0].lower()}{machine[1:]}", "", *shown])
    FILE.write_text(written(sections, order))


def written(sections: Mapping[str, str], order: Sequence[str]) -> str:
    """The whole document; a section that no table has any more goes."""
    there = [name for name in order if name in sections]
    parts = [f"<!-- table {name} -->\n{sections[name].rstrip()}\n\n<!-- end -->\n" for name in there]
    return "\n".join([HEAD.read_text(), *parts])
