"""The graph of dependencies as Mermaid, DOT and SVG. Pure text out; what became of each is the caller's to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Protocol

from splinter.model.workstream import Workstream

FORMATS = ("mermaid", "dot", "svg")
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 220, 52, 28, 56, 20
_TITLE = 34
_MERMAID = str.maketrans({"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;"})


class Node(Protocol):
    """A workstream as far as it is drawn."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def title(self) -> str:
        """Its title."""

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The ids of what must succeed before."""


def draw(workstreams: Sequence[Workstream], format: str) -> str:
    """The graph in one of FORMATS; an arrow leads from what must succeed to what waits for it."""
    return {"mermaid": _mermaid, "dot": _dot, "svg": svg}[format](workstreams)


def levels(workstreams: Sequence[Node]) -> tuple[tuple[Node, ...], ...]:
    """Workstreams in rows: each one below all that it depends on, as high as it can stand."""
    by_id = {one.id: one for one in workstreams}
    level: dict[str, int] = {}
    for one in workstreams:  # they come in the order of dependencies
        level[one.id] = 1 + max((level[other] for other in one.depends_on if other in by_id), default=-1)
    rows = max(level.values(), default=-1) + 1
    return tuple(tuple(one for one in workstreams if level[one.id] == row) for row in range(rows))


def _groups(workstreams: Sequence[Workstream]) -> dict[str, list[Workstream]]:
    """The members of each matrix by its id."""
    groups: dict[str, list[Workstream]] = {}
    for one in workstreams:
        if one.group:
            groups.setdefault(one.group, []).append(one)
    return groups


def _mermaid(workstreams: Sequence[Workstream]) -> str:
    lines = ["flowchart TD"]
    names = {one.id: f"w{number}" for number, one in enumerate(workstreams)}  # ids such as `end` are words of Mermaid
    for one in workstreams:
        lines.append(f'    {names[one.id]}["{one.id}<br>{one.title.translate(_MERMAID)}"]')
    for one in workstreams:
        lines += [f"    {names[other]} --> {names[one.id]}" for other in one.depends_on]
    for number, (group, members) in enumerate(_groups(workstreams).items()):
        lines += [f'    subgraph g{number}["{group}"]', *(f"        {names[one.id]}" for one in members), "    end"]
    return "\n".join(lines) + "\n"


def _dot(workstreams: Sequence[Workstream]) -> str:
    lines = ["digraph workstreams {", "    node [shape=box];"]
    lines += [f'    "{one.id}" [label="{one.id}\\n{_dot_text(one.title)}"];' for one in workstreams]
    lines += [f'    "{other}" -> "{one.id}";' for one in workstreams for other in one.depends_on]
    for group, members in _groups(workstreams).items():
        inside = " ".join(f'"{one.id}";' for one in members)
        lines.append(f'    subgraph "cluster_{group}" {{ label="{group}"; {inside} }}')
    return "\n".join([*lines, "}"]) + "\n"


def _dot_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def svg(workstreams: Sequence[Node], outcomes: Mapping[str, str] | None = None) -> str:
    """The graph as a picture; a workstream with an outcome says it, and has it as its class for the page's style."""
    rows = levels(workstreams)
    widest = max((len(row) for row in rows), default=0)
    width = 2 * _MARGIN + max(0, widest * (_WIDTH + _GAP_X) - _GAP_X)
    height = 2 * _MARGIN + max(0, len(rows) * (_HEIGHT + _GAP_Y) - _GAP_Y)
    places = {}
    for y, row in enumerate(rows):
        indent = (widest - len(row)) * (_WIDTH + _GAP_X) / 2
        for x, one in enumerate(row):
            places[one.id] = (_MARGIN + indent + x * (_WIDTH + _GAP_X), _MARGIN + y * (_HEIGHT + _GAP_Y))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="system-ui, sans-serif" font-size="13">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#667"/></marker></defs>',
        f'<rect class="ground" width="{width:g}" height="{height:g}" fill="#fff"/>',
        *(_edge(places[other], places[one.id]) for one in workstreams for other in one.depends_on if other in places),
        *(_box(one, places, (outcomes or {}).get(one.id, "")) for one in workstreams),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _edge(start: tuple[float, float], end: tuple[float, float]) -> str:
    x1, y1, x2, y2 = start[0] + _WIDTH / 2, start[1] + _HEIGHT, end[0] + _WIDTH / 2, end[1]
    middle = (y1 + y2) / 2
    path = f"M{x1:g} {y1:g}C{x1:g} {middle:g} {x2:g} {middle:g} {x2:g} {y2:g}"
    return f'<path d="{path}" fill="none" stroke="#667" stroke-width="1.5" marker-end="url(#tip)"/>'


def _box(one: Node, places: Mapping[str, tuple[float, float]], outcome: str) -> str:
    x, y = places[one.id]
    said = f"{outcome} · {one.title}" if outcome else one.title
    title = said if len(said) <= _TITLE else f"{said[: _TITLE - 1]}…"
    id = one.id if len(one.id) <= _TITLE - 6 else f"{one.id[: _TITLE - 7]}…"
    group = f'<g class="{escape(outcome)}">' if outcome else "<g>"
    return (
        f"{group}<title>{escape(said)}</title>"
        f'<rect x="{x:g}" y="{y:g}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="#f4f6fa" stroke="#889"/>'
        f'<text x="{x + 10:g}" y="{y + 21:g}" font-weight="600" fill="#223">{escape(id)}</text>'
        f'<text x="{x + 10:g}" y="{y + 40:g}" fill="#556" font-size="11">{escape(title)}</text></g>'
    )
