"""Lines over logarithmic axes, as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 210, 40, 50
COLOURS = ("#0b62c4", "#c4410b", "#1b7f4b", "#7a3fb0", "#8a6d00", "#5b6470")
Point = tuple[str, float, float]


def svg(title: str, axes: tuple[str, str], points: Iterable[Point]) -> str:
    """A picture of all series; `axes` are named in words."""
    series: dict[str, list[tuple[float, float]]] = {}
    for name, x, y in points:
        series.setdefault(name, []).append((x, max(y, 1e-4)))
    every = [point for line in series.values() for point in line]
    across, up = _Axis([x for x, _ in every], LEFT, WIDTH - RIGHT), _Axis([y for _, y in every], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><title>{escape(title)}</title><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" font-size="14" font-weight="bold">{escape(title)}</text>',
        *_grid(across, up, axes),
    ]
    ends = _spread([up.at(line[-1][1]) for line in series.values()])
    for number, (name, line) in enumerate(series.items()):
        parts += _line(name, sorted(line), across, up, COLOURS[number % len(COLOURS)], ends[number])
    return "\n".join([*parts, "</svg>", ""])


class _Axis:
    """Whole powers of ten around all values, between two places of the picture."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        self.low = math.floor(math.log10(min(values)) + 1e-9)
        self.high = max(self.low + 1, math.ceil(math.log10(max(values)) - 1e-9))
        self._begin, self._end = begin, end

    def at(self, value: float) -> float:
        return self._begin + (math.log10(value) - self.low) / (self.high - self.low) * (self._end - self._begin)

    def marks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def _grid(across: _Axis, up: _Axis, axes: tuple[str, str]) -> list[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    lines = []
    for value in up.marks():
        y = up.at(value)
        lines.append(f'<line x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dde1e6"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#444">{value:,g}</text>')
    for value in across.marks():
        x = across.at(value)
        lines.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}" stroke="#dde1e6"/>')
        lines.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle" fill="#444">{value:,.0f}</text>')
    middle = (LEFT + right) / 2
    lines.append(f'<text x="{middle:.0f}" y="{HEIGHT - 10}" text-anchor="middle">{escape(axes[0])}</text>')
    centre = (TOP + bottom) / 2
    turned = f'transform="rotate(-90 16 {centre:.0f})"'
    lines.append(f'<text x="16" y="{centre:.0f}" text-anchor="middle" {turned}>{escape(axes[1])}</text>')
    return lines


def _line(
    name: str, line: Sequence[tuple[float, float]], across: _Axis, up: _Axis, colour: str, label_y: float
) -> list[str]:  # fmt: skip
    places = [(across.at(x), up.at(y)) for x, y in line]
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    label = f'<text x="{WIDTH - RIGHT + 10}" y="{label_y + 4:.1f}" fill="{colour}">{escape(name)}</text>'
    return [f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>', *dots, label]


def _spread(places: Sequence[float], apart: float = 15) -> list[float]:
    """The heights of labels, moved until none stands on another."""
    order = sorted(range(len(places)), key=lambda one: places[one])
    moved, last = list(places), -math.inf
    for one in order:
        moved[one] = last = max(places[one], last + apart)
    return moved
