"""From the proxies of a universe to the records of pack v2, whose rounding keeps the light of every cell."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helios.grid import cells_of_keys
from helios.levels.branch import flux_of
from helios.levels.proxies import Lights
from helios.light import apparent_magnitude, solid_angle_sr
from helios.packing.v2.bits import KERNEL
from helios.packing.v2.layout import PROXY_BITS
from helios.packing.v2.quantities import (
    COL_BITS,
    LON_BITS,
    RAD_BITS,
    distances_m,
    magnitudes,
    nearest_colors,
    proxy_magnitude_steps,
    quantised,
    size_steps,
)
from helios.packing.v2.records import ProxyRecords

_STEPS = solid_angle_sr(magnitudes(np.arange(0, 65536, 2)))
"""Omega of the magnitudes that a proxy can have, steradians."""


def proxy_records(
    lights: Lights,
    child: NDArray[np.uint8],
    depth: NDArray[np.int8],
    key: NDArray[np.uint64],
    starts: NDArray[np.int64],
) -> ProxyRecords:
    """Return the records of the proxies that C cells, of `depth` and `key` [C], hold for their children.

    Those of cell i are the rows starts[i] to starts[i + 1] - 1, `starts` [C + 1], `child` [P] is for which child each
    is. Their places are those that a reader decodes. Their light from the Sun is kept, for each child as far as it can
    be and for the whole cell: magnitudes are rounded child by child, from bright to faint, each to one of the three
    nearest steps, with what is left of the light of those before it.
    """
    of_cell = np.repeat(np.arange(len(depth)), np.diff(starts))
    holder = depth[of_cell].astype(np.int64)
    index = np.stack(cells_of_keys(key), axis=1).astype(np.int64)[of_cell]
    lon, col, rad = held_places(holder, index, child, *quantised(lights.position_m))
    distance = np.sqrt((lights.position_m**2).sum(axis=1))
    flux = flux_of(lights)
    nearest = proxy_magnitude_steps(apparent_magnitude(lights.luminosity, distance)) >> 1
    order = np.lexsort((-flux, child, of_cell))
    steps = np.empty(len(lights), np.uint16)
    _spread(flux, nearest, order, starts - starts[0], _STEPS, steps)
    return ProxyRecords(
        child, lon, col, rad, steps << np.uint16(1),
        size_steps(lights.sigma_m / distances_m(rad)), nearest_colors(lights.color),
    )  # fmt: skip


def held_places(holder_depth, holder_index, child, lon, col, rad) -> tuple[NDArray, NDArray, NDArray]:
    """Return the integers lon, col, rad uint32 [P] that a reader decodes of proxies at `lon`, `col`, `rad` [P].

    A proxy is for the `child` [P] of the cell of `holder_depth` [P] and (l, theta, phi) `holder_index` [P, 3]: its
    place is held to that, and keeps the upper bits in it.
    """
    depth, number = holder_depth + 1, child.astype(np.int64)
    left = LON_BITS - (depth + 1), COL_BITS - depth, RAD_BITS - (depth + 1)
    axes = ((lon, 1, 1), (col, 2, 0), (rad, 0, 2))
    found = []
    for (value, of_cell, of_child), below in zip(axes, left):
        prefix = (holder_index[:, of_cell] << 1 | number >> of_child & 1) << below
        last, around = (np.int64(1) << below) - 1, np.int64(1) << (LON_BITS if of_cell == 1 else 40)
        inside = value.astype(np.int64) - prefix
        nearer_last = (inside - last) % around <= -inside % around
        outside = np.where(nearer_last, last, 0)
        inside = np.where((inside < 0) | (inside > last), outside, inside)
        cut = np.maximum(below - PROXY_BITS, 0)
        middle = (np.int64(1) << cut) >> 1
        found.append((prefix | inside >> cut << cut | middle).astype(np.uint32))
    lon, col, rad = found
    return lon, col, rad


@njit(**KERNEL)
def _spread(flux, nearest, order, starts, values, steps):
    """Fill `steps` with indices into `values`, which fall; `order` has the rows of each cell."""
    for cell in range(len(starts) - 1):
        carry = 0.0
        for i in range(starts[cell], starts[cell + 1]):
            row = order[i]
            carry += flux[row]
            best = np.int64(nearest[row])
            for step in range(max(best - 1, 0), min(np.int64(nearest[row]) + 1, len(values) - 1) + 1):
                if abs(carry - values[step]) < abs(carry - values[best]):
                    best = step
            steps[row] = best
            carry -= values[best]
