"""Whether what a pack says of stars and proxies is what the universe says of them, to the accuracy of the format."""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helios.constants import R_MIN_M
from helios.levels.branch import flux_of
from helios.levels.proxies import Lights
from helios.light import apparent_magnitude, solid_angle_sr
from helios.packing.v2.quantities import COL_BITS, LON_BITS, RAD_BITS, color_step, magnitudes
from helios.packing.v2.records import StarRecords
from helios.simd import EXACT

Places = tuple[NDArray[np.float64], ...]

PLACE_ARCSEC, DISTANCE, MAGNITUDE = 0.1, 1e-6, 0.0051
"""Most by which a star of the pack is off: its place from the Sun, its distance as a share, its magnitude."""

_FAULTS = (
    f"{PLACE_ARCSEC} arcsec from its place",
    f"{DISTANCE:g} of its distance from it",
    "5 mmag from its magnitude",
    "nothing from its colour",
)

_LOWER_BITS = 12
"""Sines and powers of steps are made of two, of the upper bits and of so many others: tables that the cache holds."""

PROXY_MAGNITUDE, LIGHT = 0.0301, 0.01
"""Most by which a proxy's magnitude is off, and the light of all proxies that a cell holds, from the Sun."""


def star_difference(
    stars: StarRecords, columns: dict[str, NDArray], order: NDArray[np.int64] | None = None
) -> str | None:
    """Say which of the `stars` [N] is not the star of `columns` [N] to the accuracy of the format; None if all are.

    With `order` [N] the columns' row order[i] is star i. Places are compared in space, as one who reads the pack finds
    them to 1e-15, not as the integers of which both were made.
    """
    there = np.arange(len(stars)) if order is None else order
    names = "x_m", "y_m", "z_m", "phot_g_mean_mag", "bp_rp"
    wrong = np.full(len(_FAULTS), -1)
    _compare(
        *(stars.lon, stars.col, stars.rad, stars.mag, stars.color),
        *(np.ascontiguousarray(columns[name]) for name in names),
        *(there, _middles(), wrong),
    )
    for row, what in zip(wrong.tolist(), _FAULTS):
        if row >= 0:
            return f"star {columns['source_id'][there[row]]} is more than {what}"
    return None


@cache
def _middles() -> Places:
    """Return the cosines and sines of the middles of steps of longitude, and of colatitude, and their distances.

    Each is a pair of tables: that of the upper bits of a step, and that of the others, counted from the first's place.
    """
    angles = []
    for bits, turn in ((LON_BITS, 2.0 * np.pi), (COL_BITS, np.pi)):
        upper, lower = _halves(bits)
        angles += [np.stack([np.cos(part * turn), np.sin(part * turn)], axis=1) for part in (upper, lower)]
    upper, lower = _halves(RAD_BITS)
    return (*angles, R_MIN_M * np.exp2(64.0 * upper), np.exp2(64.0 * lower))


def _halves(bits: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the upper bits of a step, as a share of all steps, and the others with the half step to the middle."""
    upper, lower = np.arange(1 << bits - _LOWER_BITS), np.arange(1 << _LOWER_BITS)
    return upper / 2.0 ** (bits - _LOWER_BITS), (lower + np.float64(0.5)) / 2.0**bits


@njit(**EXACT)
def _compare(lon, col, rad, mag, color, x_m, y_m, z_m, phot_g_mean_mag, bp_rp, order, middles, wrong):
    """Write into `wrong` the first star, if any, that is off in its direction, distance, magnitude or colour."""
    lon_upper, lon_lower, col_upper, col_lower, rad_upper, rad_lower = middles
    low = (1 << _LOWER_BITS) - 1
    most2 = (PLACE_ARCSEC / 3600.0 * np.pi / 180.0) ** 2
    for i in range(len(order)):
        row = order[i]
        x, y, z = x_m[row], y_m[row], z_m[row]
        r = np.sqrt(x * x + y * y + z * z)
        a, b = lon_upper[lon[i] >> _LOWER_BITS], lon_lower[lon[i] & low]
        # The longitude begins at -180 degrees.
        cos_lon, sin_lon = a[1] * b[1] - a[0] * b[0], -(a[1] * b[0] + a[0] * b[1])
        a, b = col_upper[col[i] >> _LOWER_BITS], col_lower[col[i] & low]
        cos_col, sin_col = a[0] * b[0] - a[1] * b[1], a[1] * b[0] + a[0] * b[1]
        # The chord between unit vectors is the angle, to 1e-13 of it.
        u, v, w = x / r - sin_col * cos_lon, y / r - sin_col * sin_lon, z / r - cos_col
        if not u * u + v * v + w * w <= most2 and wrong[0] < 0:
            wrong[0] = i
        if not abs(rad_upper[rad[i] >> _LOWER_BITS] * rad_lower[rad[i] & low] / r - 1.0) <= DISTANCE and wrong[1] < 0:
            wrong[1] = i
        if not abs(mag[i] / 100.0 - 100.0 - np.float64(phot_g_mean_mag[row])) <= MAGNITUDE and wrong[2] < 0:
            wrong[2] = i
        if color[i] != color_step(bp_rp[row]) and wrong[3] < 0:
            wrong[3] = i


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
