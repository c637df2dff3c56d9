"""Line charts as SVG, without scripts; colours follow the theme of the page."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 520, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 34, 44
_LINES = 8  # colours, see the page's style: .line0 … .line7
_MOST_POINTS = 400


@dataclass(frozen=True)
class Axis:
    """One direction of a chart: label, ends, and whether it counts in powers of ten."""

    label: str
    low: float
    high: float
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """Where a value lies between the ends, 0 to 1."""
        if self.logarithmic:
            return math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round values between the ends."""
        if self.logarithmic:
            decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            steps = (1,) if len(decades) > 3 else (1, 2, 5)
            values = [step * 10.0**decade for decade in decades for step in steps]
        else:
            step = _round_step((self.high - self.low) / 5)
            first = math.ceil(self.low / step - 1e-9)
            values = [step * number for number in range(first, math.floor(self.high / step + 1e-9) + 1)]
        return [value for value in values if self.low * (1 - 1e-9) <= value <= self.high * (1 + 1e-9) or value == 0]


def axis_of(label: str, values: Sequence[float]) -> Axis:
    """An axis that holds all values; logarithmic where they are positive and span more than a factor of 50."""
    low, high = min(values), max(values)
    if low > 0 and high / low > 50:
        return Axis(label, low, high, logarithmic=True)
    if high == low:
        pad = abs(high) * 0.1 or 1.0
        return Axis(label, low - pad, high + pad)
    pad = (high - low) * 0.04
    return Axis(label, 0.0 if 0 <= low < (high - low) else low - pad, high + pad)


def line_chart(title: str, lines: Mapping[str, Points], x: Axis | str, y: Axis | str) -> str:
    """Draws lines.

    Args:
        title: over the chart.
        lines: points (x, y) by the line's name; points that are not finite are left out.
        x: the axis, or its label if its ends follow from the points.
        y: likewise.

    Returns:
        An `<svg>` element; an empty string if there is nothing to draw.
    """
    drawn: dict[str, Points] = {
        name: [p for p in points if math.isfinite(p[0]) and math.isfinite(p[1])] for name, points in lines.items()
    }
    drawn = {name: _thinned(points) for name, points in drawn.items() if points}
    if not drawn:
        return ""
    every = [point for points in drawn.values() for point in points]
    if isinstance(x, str):
        ends = [point[0] for point in every]
        x = Axis(x, min(ends), max(ends) if max(ends) > min(ends) else min(ends) + 1)
    if isinstance(y, str):
        y = axis_of(y, [point[1] for point in every])
    rows = -(-len(drawn) // 2)
    height = _HEIGHT + 18 * rows
    parts = [
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title, quote=True)}">',
        f'<text class="title" x="{_LEFT}" y="18">{escape(title)}</text>',
        *_frame(x, y),
        *(_line(index, points, x, y) for index, points in enumerate(drawn.values())),
        *_legend(list(drawn)),
        "</svg>",
    ]
    return "\n".join(parts)


def _place(x: Axis, y: Axis, point: tuple[float, float]) -> tuple[float, float]:
    return (
        _LEFT + x.share(point[0]) * (_WIDTH - _LEFT - _RIGHT),
        _HEIGHT - _BOTTOM - y.share(point[1]) * (_HEIGHT - _TOP - _BOTTOM),
    )


def _frame(x: Axis, y: Axis) -> list[str]:
    parts = []
    for value in x.ticks():
        left, _ = _place(x, y, (value, y.low))
        parts.append(f'<path class="grid" d="M{left:.1f} {_TOP}V{_HEIGHT - _BOTTOM}"/>')
        parts.append(f'<text x="{left:.1f}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{_number(value)}</text>')
    for value in y.ticks():
        _, top = _place(x, y, (x.low, value))
        parts.append(f'<path class="grid" d="M{_LEFT} {top:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{top + 4:.1f}" text-anchor="end">{_number(value)}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(x.label)}</text>')
    across = (_TOP + _HEIGHT - _BOTTOM) / 2
    parts.append(f'<text transform="translate(13 {across}) rotate(-90)" text-anchor="middle">{escape(y.label)}</text>')
    return parts


def _line(index: int, points: Points, x: Axis, y: Axis) -> str:
    places = [_place(x, y, point) for point in points]
    if len(places) == 1:
        return f'<circle class="line{index % _LINES} dot" cx="{places[0][0]:.1f}" cy="{places[0][1]:.1f}" r="3"/>'
    path = "L".join(f"{left:.1f} {top:.1f}" for left, top in places)
    return f'<path class="line line{index % _LINES}" d="M{path}"/>'


def _legend(names: list[str]) -> list[str]:
    parts = []
    for index, name in enumerate(names):
        left = _LEFT + (index % 2) * (_WIDTH - _LEFT) // 2
        top = _HEIGHT + 8 + 18 * (index // 2)
        parts.append(f'<path class="line line{index % _LINES}" d="M{left} {top}h20"/>')
        parts.append(f'<text x="{left + 26}" y="{top + 4}">{escape(name)}</text>')
    return parts


def _thinned(points: Points) -> Points:
    """A picture of a few hundred pixels shows no more points than that; first and last stay."""
    if len(points) <= _MOST_POINTS:
        return points
    step = (len(points) - 1) / (_MOST_POINTS - 1)
    return [points[round(index * step)] for index in range(_MOST_POINTS)]


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough * (1 - 1e-9))


def _number(value: float) -> str:
    if value and (abs(value) < 1e-3 or abs(value) >= 1e6):
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{round(value, 10):.6g}"
