"""The section about asteroids: the gaps that Jupiter keeps in their belt."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.reporting.chart import Axis, amounts_axis, bars, chart, mark
from helios.reporting.section import Figure, Section

JUPITER_AU = 5.20288700
"""Semi-major axis of Jupiter's orbit: Standish & Williams, Approximate Positions of the Planets (JPL), J2000."""

RESONANCES = (("3:1", 3, 1), ("5:2", 5, 2), ("7:3", 7, 3), ("2:1", 2, 1))
"""Kirkwood gaps: how often an asteroid goes around the Sun while Jupiter goes around so often."""

HALF_WIDTH_AU = 0.01
NEIGHBOURS_AU = (0.03, 0.06)
"""A gap is within HALF_WIDTH_AU of its resonance; its neighbours are between these distances on both sides."""

FEWEST = 1000
"""Fewer asteroids show no gaps."""

EDGES_AU = np.linspace(1.7, 4.1, 241)


def gap_au(around: int, jupiter: int) -> float:
    """Return the semi-major axis, au, of what goes around the Sun `around` times in `jupiter` of Jupiter's years.

    Kepler's third law.
    """
    return JUPITER_AU * (jupiter / around) ** (2.0 / 3.0)


def gaps(semi_major_axes_au: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Return for each of RESONANCES how many asteroids are in it, and how many would be at its neighbours' density."""
    rows = []
    for name, around, jupiter in RESONANCES:
        middle = gap_au(around, jupiter)
        off = np.abs(semi_major_axes_au - middle)
        inside = int(np.count_nonzero(off <= HALF_WIDTH_AU))
        beside = int(np.count_nonzero((off >= NEIGHBOURS_AU[0]) & (off <= NEIGHBOURS_AU[1])))
        expected = beside * HALF_WIDTH_AU / (NEIGHBOURS_AU[1] - NEIGHBOURS_AU[0])
        share = inside / expected if expected else None
        rows.append({"gap": name, "au": middle, "asteroids": inside, "as_its_neighbours": expected, "share": share})
    return rows


def asteroids_section(semi_major_axes_au: ArrayLike) -> Section:
    """Return the histogram of semi-major axes [N], au, with the Kirkwood gaps. What EDGES_AU leave out is counted."""
    axes = np.asarray(semi_major_axes_au, np.float64)
    amounts = np.histogram(axes, EDGES_AU)[0]
    x, y = Axis("mean distance from the Sun, au", EDGES_AU[0], EDGES_AU[-1]), amounts_axis("orbits", amounts, log=False)
    marks = bars(x, y, EDGES_AU, amounts)
    for name, around, jupiter in RESONANCES:
        marks += mark(x, gap_au(around, jupiter), name)
    told = f"Histogram of the mean distances of {len(axes):,} small bodies, with gaps at {_gap_names()}."
    figure = Figure(
        chart(x, y, marks, told),
        "How many asteroids go around the Sun at which distance (1 au is that of the Earth). At the marked distances "
        "an asteroid's year fits Jupiter's, 3 of its years into 1 of Jupiter's and so on: Jupiter's pull adds up there "
        "and has swept the belt empty. These are the Kirkwood gaps.",
        wide=True,
    )
    numbers = {
        "orbits": len(axes),
        "orbits_beyond_the_axis": int(len(axes) - amounts.sum()),
        "jupiter_au": JUPITER_AU,
        "gaps": gaps(axes),
    }
    return Section("asteroids", "Asteroids and the gaps between them", [], [figure], numbers)


def _gap_names() -> str:
    return ", ".join(name for name, _, _ in RESONANCES)
