"""Charts as SVG that takes its colours from the page, so that one picture serves light, dark and paper."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

WIDTH, HEIGHT = 440, 290
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 14, 48
_ACROSS, _DOWN = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

SERIES = ("trained", "start", "brightest")
"""Classes of lines, which have a colour and dashes of their own in the page's style."""

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high`, either of which may be the greater; `log` axes are of positive values."""

    label: str
    low: float
    high: float
    log: bool = False
    whole: bool = False
    """Whether only whole numbers mean something on it."""

    def shares(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return where `values` [N] are, 0 at `low` and 1 at `high`; what is beyond is put at the nearest end."""
        places, low, high = np.asarray(values, np.float64), self.low, self.high
        if self.log:
            places, low, high = np.log10(np.maximum(places, 1e-300)), math.log10(low), math.log10(high)
        return np.clip((places - low) / (high - low), 0.0, 1.0)

    def ticks(self) -> list[float]:
        """Return the values that are written on it: decades, or four to eight round numbers."""
        low, high = sorted((self.low, self.high))
        if self.log:
            first, last = math.floor(math.log10(low)), math.floor(math.log10(high) + 1e-9)
            every = max(1, math.ceil((last - first) / 6))
            factors = (1.0, 2.0, 5.0) if last - first < 2 else (1.0,)
            found = [factor * 10.0**power for power in range(first, last + 1, every) for factor in factors]
            return [value for value in found if low * 0.999 <= value <= high * 1.001]
        rough = (high - low) / 6.0
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(unit * m for m in (1.0, 2.0, 5.0, 10.0) if unit * m >= 0.999 * rough)
        step = max(step, 1.0) if self.whole else step
        return [step * i for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def tick_text(value: float) -> str:
    """Return what is written at a tick: −5, 0.01, 2,000, 10⁷."""
    if value and not 1e-3 <= abs(value) < 1e5:
        power = math.floor(math.log10(abs(value)) + 1e-9)
        factor = value / 10.0**power
        times = "" if abs(factor - 1.0) < 1e-9 else f"{factor:g}×"
        return f"{times}10{str(power).translate(_SUPERSCRIPTS)}"
    text = f"{float(f'{value:.6g}'):g}" if abs(value) < 1e3 else f"{value:,.0f}"
    return text.replace("-", "−")


def chart(x: Axis, y: Axis, marks: Iterable[str], told: str) -> str:
    """Return an SVG of `marks` between two axes; `told` is what a screen reader says."""
    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(told)}">']
    for value, share in zip(x.ticks(), x.shares(x.ticks())):
        at = LEFT + share * _ACROSS
        parts.append(f'<path class="grid" d="M{at:.1f} {TOP}V{TOP + _DOWN}"/>')
        parts.append(f'<text x="{at:.1f}" y="{TOP + _DOWN + 17}" text-anchor="middle">{tick_text(value)}</text>')
    for value, share in zip(y.ticks(), y.shares(y.ticks())):
        at = TOP + (1.0 - share) * _DOWN
        parts.append(f'<path class="grid" d="M{LEFT} {at:.1f}H{LEFT + _ACROSS}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{tick_text(value)}</text>')
    parts += marks
    parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{TOP + _DOWN}H{LEFT + _ACROSS}"/>')
    middle = LEFT + _ACROSS / 2
    parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x.label)}</text>')
    turn = f'transform="rotate(-90 13 {TOP + _DOWN / 2:.0f})"'
    parts.append(f'<text x="13" y="{TOP + _DOWN / 2:.0f}" text-anchor="middle" {turn}>{escape(y.label)}</text>')
    return "".join([*parts, "</svg>"])


def bars(x: Axis, y: Axis, edges: ArrayLike, amounts: ArrayLike) -> list[str]:
    """Return a bar for each of `amounts` [N] above 0, between the `edges` [N + 1]."""
    places = LEFT + x.shares(edges) * _ACROSS
    tops = TOP + (1.0 - y.shares(amounts)) * _DOWN
    return [
        f'<rect class="bar" x="{left + gap:.1f}" y="{top:.1f}" width="{max(right - left - 2 * gap, 0.6):.1f}" '
        f'height="{TOP + _DOWN - top:.1f}"/>'
        for left, right, top, amount in zip(places, places[1:], tops, np.asarray(amounts))
        for gap in [0.5 if right - left < 30 else 0.12 * (right - left)]
        if amount > 0
    ]


def line(x: Axis, y: Axis, xs: ArrayLike, ys: ArrayLike, kind: str) -> list[str]:
    """Return a line through the points [N] that are finite, of a `kind` of SERIES."""
    xs, ys = np.asarray(xs, np.float64), np.asarray(ys, np.float64)
    known = np.isfinite(xs) & np.isfinite(ys)
    points = _points(x, y, xs[known], ys[known])
    return [f'<polyline class="line {kind}" points="{points}"/>'] if points else []


def steps(x: Axis, y: Axis, edges: ArrayLike, amounts: ArrayLike, kind: str) -> list[str]:
    """Return the outline of a histogram: `amounts` [N] between `edges` [N + 1]."""
    edges = np.asarray(edges, np.float64)
    return line(x, y, np.repeat(edges, 2)[1:-1], np.repeat(np.asarray(amounts, np.float64), 2), kind)


def band(x: Axis, y: Axis, xs: ArrayLike, lows: ArrayLike, highs: ArrayLike, kind: str) -> list[str]:
    """Return the area between two lines [N], where both are finite."""
    xs, lows, highs = (np.asarray(values, np.float64) for values in (xs, lows, highs))
    known = np.isfinite(lows) & np.isfinite(highs)
    there, back = _points(x, y, xs[known], lows[known]), _points(x, y, xs[known][::-1], highs[known][::-1])
    return [f'<polygon class="band {kind}" points="{there} {back}"/>'] if there else []


def picture(png_url: str) -> list[str]:
    """Return a picture that fills the space between the axes."""
    place = f'x="{LEFT}" y="{TOP}" width="{_ACROSS}" height="{_DOWN}"'
    return [f'<image {place} preserveAspectRatio="none" href="{png_url}"/>']


def mark(x: Axis, value: float, text: str) -> list[str]:
    """Return an upright line at `value` with a word at its top."""
    at = LEFT + float(x.shares(value)) * _ACROSS
    word = f'<text class="note" x="{at:.1f}" y="{TOP - 3}" text-anchor="middle">{escape(text)}</text>'
    return [f'<path class="mark" d="M{at:.1f} {TOP}V{TOP + _DOWN}"/>', word]


def legend(kinds: Sequence[tuple[str, str]]) -> str:
    """Return the key of the lines in a chart: (kind, words) each."""
    entries = (
        f'<li><svg viewBox="0 0 34 10" aria-hidden="true"><path class="line {kind}" d="M1 5H33"/></svg>'
        f"{escape(words)}</li>"
        for kind, words in kinds
    )
    return f'<ul class="legend">{"".join(entries)}</ul>'


def amounts_axis(label: str, amounts: ArrayLike, log: bool | None = None) -> Axis:
    """Return the axis on which `amounts` [N] of things stand: logarithmic where few and many are hard to see at once.

    Bars of single things are seen on it too.
    """
    amounts = np.asarray(amounts, np.float64)
    most = float(amounts.max(initial=1.0))
    positive = amounts[amounts > 0]
    if most > 200.0 * float(positive.min(initial=most)) if log is None else log:
        return Axis(label, 0.6, 1.3 * most, log=True)
    return Axis(label, 0.0, 1.06 * most, whole=True)


def _points(x: Axis, y: Axis, xs: ArrayLike, ys: ArrayLike) -> str:
    across, down = LEFT + x.shares(xs) * _ACROSS, TOP + (1.0 - y.shares(ys)) * _DOWN
    return " ".join(f"{a:.1f},{d:.1f}" for a, d in zip(across, down))
