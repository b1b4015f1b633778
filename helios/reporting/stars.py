"""The sections about the stars: what kinds of them there are, and how far away they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from helios.color import color_from_bp_rp
from helios.pictures.tone import to_srgb
from helios.reporting.chart import Axis, amounts_axis, bars, chart, picture
from helios.reporting.png import encode_png, png_url
from helios.reporting.section import Figure, Section
from helios.reporting.star_counts import ABSOLUTE_EDGES, BP_RP_EDGES, DISTANCE_EDGES_PC, PER_DECADE, StarCounts

_FEW = 20_000
"""Stars up to which each is drawn as a dot: single pixels would be hard to see."""

_SHOWN_PER_DECADE = 5

_NIGHT = np.array([5.0, 8.0, 15.0])
"""What is behind the stars of the diagram, 8 bits of sRGB."""


def diagram_section(counts: StarCounts) -> Section:
    """Return the Hertzsprung-Russell diagram."""
    drawn = int(counts.diagram.sum())
    x = Axis("colour BP−RP (blue and hot ← → red and cool), magnitudes", BP_RP_EDGES[0], BP_RP_EDGES[-1])
    y = Axis("absolute magnitude (brighter ↑)", ABSOLUTE_EDGES[-1], ABSOLUTE_EDGES[0])
    told = f"Hertzsprung-Russell diagram of {drawn:,} stars: colour from left to right, luminosity upwards."
    image = png_url(encode_png(diagram_picture(counts.diagram)))
    figure = Figure(
        chart(x, y, picture(image), told),
        "Every star by its colour and its true brightness; where a spot is brighter, more stars are alike. Ordinary "
        "stars lie on the long band from the upper left to the lower right, as the Sun does (colour 0.82, magnitude "
        "4.7); giants stand to the upper right of it and white dwarfs below it.",
    )
    by_color, by_magnitude = counts.diagram.sum(axis=1), counts.diagram.sum(axis=0)
    numbers = {
        "stars_drawn": drawn,
        "stars_without_measured_colour": counts.without_color,
        "stars_beyond_the_axes": counts.outside,
        "by_absolute_magnitude": _table(ABSOLUTE_EDGES[::20], by_magnitude.reshape(-1, 20).sum(axis=1), "magnitude"),
        "by_colour": _table(BP_RP_EDGES[::20], by_color.reshape(-1, 20).sum(axis=1), "bp_rp"),
    }
    words = [
        "Absolute magnitude is how bright a star would look from 10 parsecs (33 light-years) away; smaller numbers are "
        "brighter. Colours and magnitudes are as catalogued: what interstellar dust dims and reddens is not undone."
    ]
    if counts.without_color:
        words.append(f"Stars without a measured colour, which are not in the picture: {counts.without_color:,}.")
    if counts.outside:
        words.append(f"Stars that lie beyond its edges: {counts.outside:,}.")
    return Section("hertzsprung_russell", "What kinds of stars there are", words, [figure], numbers)


def diagram_picture(diagram: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return counts by colour and absolute magnitude [X, Y] as a picture uint8 [Y, X, 3], faint stars at the bottom.

    Each column has the colour of its stars; brightness grows with the logarithm of the count.
    """
    counts = diagram.T.astype(np.float64)
    if counts.sum() <= _FEW:
        padded = np.pad(counts, 1)
        rows, columns = counts.shape
        counts = np.max([padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3)], axis=0)
    share = np.log1p(counts) / np.log1p(max(counts.max(), 1.0))
    brightness = np.where(counts > 0, 0.3 + 0.7 * share, 0.0)
    middles = (BP_RP_EDGES[:-1] + BP_RP_EDGES[1:]) / 2
    colors = color_from_bp_rp(middles).astype(np.float64)
    encoded = to_srgb(colors / colors.max(axis=-1, keepdims=True)).astype(np.float64)
    return np.rint(_NIGHT + brightness[..., None] * (encoded - _NIGHT)).astype(np.uint8)


def distances_section(counts: StarCounts) -> Section:
    """Return the histogram of distances."""
    amounts = counts.distances.reshape(-1, PER_DECADE // _SHOWN_PER_DECADE).sum(axis=1)
    edges = DISTANCE_EDGES_PC[:: PER_DECADE // _SHOWN_PER_DECADE]
    held = np.flatnonzero(amounts)
    first, stop = (int(held[0]), int(held[-1]) + 1) if len(held) else (30, 40)
    amounts, edges = amounts[first:stop], edges[first : stop + 1]
    x = Axis("distance from the Sun, parsecs", float(edges[0]), float(edges[-1]), log=True)
    y = amounts_axis("stars", amounts)
    told = f"Histogram of the distances of {counts.stars:,} stars, from {counts.nearest_pc:.3g} parsecs on."
    figure = Figure(
        chart(x, y, bars(x, y, edges, amounts), told),
        "How many stars are how far away: each bar stands for distances 1.6 times as large as the bar before it. A "
        "parsec is 3.26 light-years.",
    )
    numbers = {
        "nearest_pc": counts.nearest_pc,
        "median_pc": float(f"{counts.median_pc:.2g}"),
        "farthest_pc": counts.farthest_pc,
        "by_distance": _table(edges, amounts, "pc"),
    }
    words = [
        f"The nearest star is {counts.nearest_pc:.3g} parsecs away and the farthest {counts.farthest_pc:,.0f}; half of "
        f"them are nearer than about {float(f'{counts.median_pc:.2g}'):,.6g}."
    ]
    return Section("distances", "How far away the stars are", words, [figure], numbers)


def _table(edges: NDArray[np.float64], amounts: NDArray[np.int64], what: str) -> list[dict[str, float | int]]:
    rows = zip(np.round(edges, 9).tolist(), np.round(edges[1:], 9).tolist(), amounts.tolist())
    return [{f"{what}_from": low, f"{what}_to": high, "stars": count} for low, high, count in rows]
