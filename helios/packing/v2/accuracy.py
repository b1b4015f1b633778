"""Whether what a pack says of stars and proxies is what the universe says of them, to the accuracy of the format."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from helios.coords import stacked_positions_m
from helios.levels.branch import flux_of
from helios.levels.proxies import Lights
from helios.light import apparent_magnitude, solid_angle_sr
from helios.packing.v2.quantities import color_indices, distances_m, magnitudes, positions_m
from helios.packing.v2.records import StarRecords
from helios.spherical import PIECE_ROWS

PLACE_ARCSEC, DISTANCE, MAGNITUDE = 0.1, 1e-6, 0.0051
"""Most by which a star of the pack is off: its place from the Sun, its distance as a share, its magnitude."""

PROXY_MAGNITUDE, LIGHT = 0.0301, 0.01
"""Most by which a proxy's magnitude is off, and the light of all proxies that a cell holds, from the Sun."""


def star_difference(
    stars: StarRecords, columns: dict[str, NDArray], order: NDArray[np.int64] | None = None
) -> str | None:
    """Say which of the `stars` [N] is not the star of `columns` [N] to the accuracy of the format; None if all are.

    With `order` [N] the columns' row order[i] is star i. Places are compared in space, as one who reads the pack finds
    them, not as the integers of which both were made.
    """
    for start in range(0, len(stars), PIECE_ROWS):
        piece = slice(start, start + PIECE_ROWS)
        there = piece if order is None else order[piece]
        if problem := _difference(stars[piece], {name: column[there] for name, column in columns.items()}):
            return problem
    return None


def _difference(stars: StarRecords, columns: dict[str, NDArray]) -> str | None:
    """As `star_difference`, of as many stars as the processor's cache holds."""
    position, found = stacked_positions_m(columns, axis=0), positions_m(stars.lon, stars.col, stars.rad).T
    r, found_r = np.sqrt((position**2).sum(axis=0)), distances_m(stars.rad)
    # The chord between unit vectors is the angle, to 1e-13 of it.
    chord2 = ((position / r - found / found_r) ** 2).sum(axis=0)
    mag = np.abs(magnitudes(stars.mag) - columns["phot_g_mean_mag"].astype(np.float64))
    wrong = {
        f"{PLACE_ARCSEC} arcsec from its place": np.degrees(np.sqrt(chord2)) * 3600.0 > PLACE_ARCSEC,
        f"{DISTANCE:g} of its distance from it": np.abs(found_r / r - 1.0) > DISTANCE,
        "5 mmag from its magnitude": mag > MAGNITUDE,
        "nothing from its colour": stars.color != color_indices(columns["bp_rp"]),
    }
    for what, rows in wrong.items():
        if rows.any():
            return f"star {columns['source_id'][int(np.argmax(rows))]} is more than {what}"
    return None


def light_difference(lights: Lights, starts: NDArray[np.int64], steps: NDArray) -> str | None:
    """Say where the magnitudes of proxies, `steps` [P], are not those of `lights` [P]; None if all are.

    The proxies of cell i are `starts[i]` to `starts[i + 1]`, in `steps` the brightest of each cell first.
    """
    cells = len(starts) - 1
    of_cell = np.repeat(np.arange(cells), np.diff(starts))
    flux = flux_of(lights)
    mag, found = apparent_magnitude(flux, 1.0), magnitudes(steps)
    mag = mag[np.lexsort((mag, of_cell))]
    held, kept = np.bincount(of_cell, flux, cells), np.bincount(of_cell, solid_angle_sr(found), cells)
    if not (np.abs(found - mag) < PROXY_MAGNITUDE).all() or not (np.abs(kept - held) <= LIGHT * held).all():
        return "its proxies do not have the light of those of the universe"
    return None
