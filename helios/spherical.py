"""Positions by distance, longitude and colatitude, in pieces that the processor's cache holds.

The grid's cells and the pack's integers are the upper bits of the same numbers, computed here once. NumPy computes
logarithms and angles, many at a time; what is cheap is in kernels, one pass over a piece.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helios.constants import R_MIN_M
from helios.morton import spread
from helios.simd import EXACT

Floats = NDArray[np.float64]

PIECE_ROWS = 1 << 13
"""Rows of a piece: its arrays take half a megabyte."""

_LN_2 = float(np.log(2.0))


class Piece(NamedTuple):
    """The `rows` of a piece of positions, each float64 [n]; overwritten by the next piece.

    `r` is the distance from the Sun and `flat` that from the ecliptic's axis, metres; `doublings` is log2 of r over
    r_min, `longitude` from -180 degrees on and `colatitude` are shares of the circle and of the half circle.
    """

    rows: slice
    r: Floats
    flat: Floats
    doublings: Floats
    longitude: Floats
    colatitude: Floats


def pieces(position_m: Floats) -> Iterator[Piece]:
    """Yield the pieces of positions [N, 3], metres, in order. What is not finite gives numbers that are not."""
    x, y, z, r, flat, doublings, longitude, colatitude = np.empty((8, min(PIECE_ROWS, max(len(position_m), 1))))
    for start in range(0, len(position_m), PIECE_ROWS):
        rows = slice(start, min(start + PIECE_ROWS, len(position_m)))
        n = rows.stop - start
        part = Piece(rows, r[:n], flat[:n], doublings[:n], longitude[:n], colatitude[:n])
        _take(position_m[rows], R_MIN_M, x, y, z, r, doublings)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            np.log(part.doublings, out=part.doublings)
            np.hypot(x[:n], y[:n], out=part.flat)
            # acos(z / r), without its loss of digits near the poles, where deep cells are narrower than it.
            np.arctan2(part.flat, z[:n], out=part.colatitude)
            np.arctan2(y[:n], x[:n], out=part.longitude)
        _share(part.doublings, part.longitude, part.colatitude)
        yield part


@njit(**EXACT)
def _take(position, r_min, x, y, z, r, ratio):
    for i in range(len(position)):
        x[i], y[i], z[i] = position[i, 0], position[i, 1], position[i, 2]
        r[i] = np.sqrt(x[i] * x[i] + y[i] * y[i] + z[i] * z[i])
        ratio[i] = r[i] / r_min


@njit(**EXACT)
def _share(doublings, longitude, colatitude):
    for i in range(len(doublings)):
        doublings[i] = doublings[i] / _LN_2
        longitude[i] = (longitude[i] + np.pi) / (2.0 * np.pi)
        colatitude[i] = colatitude[i] / np.pi


def locate(position_m: Floats, depth: int, inside: int, beyond: int) -> NDArray[np.int32]:
    """Return (l, theta, phi), int32 [3, N], of positions [N, 3], by `HLGrid.locate`.

    Where no cell holds a position, l is `inside` or `beyond`, and the others are 0.
    """
    cells = np.empty((3, len(position_m)), np.int32)
    for rows, r, _, *shares in pieces(position_m):
        _cells(r, *shares, 0.5**5 * 2.0**depth, R_MIN_M, inside, beyond, cells[:, rows])
    return cells


@njit(**EXACT)
def _cells(r, doublings, longitude, colatitude, scale, r_min, inside, beyond, cells):
    n_phi = 32.0 * scale
    for i in range(len(r)):
        shell = doublings[i] * scale
        if r[i] < r_min or not shell < 2.0 * n_phi:
            cells[0, i] = inside if r[i] < r_min else beyond
            cells[1, i] = cells[2, i] = 0
        else:
            cells[0, i] = np.int32(np.floor(shell))
            cells[1, i] = np.int32(min(max(np.floor(longitude[i] * (2.0 * n_phi)), 0.0), 2.0 * n_phi - 1.0))
            cells[2, i] = np.int32(min(max(np.floor(colatitude[i] * n_phi), 0.0), n_phi - 1.0))


def steps(position_m: Floats, lon_bits: int, col_bits: int, rad_bits: int) -> NDArray[np.uint32]:
    """Return longitude, colatitude and a 64th of the doublings of finite positions [N, 3] in steps, uint32 [3, N].

    There are 2 to the power of the bits of each, numbered from 0; what lies beyond is put into the first or last.
    """
    found = np.empty((3, len(position_m)), np.uint32)
    for rows, _, _, doublings, longitude, colatitude in pieces(position_m):
        shares: tuple[Any, ...] = (longitude, colatitude, doublings)
        for share, bits, scale, out in zip(shares, (lon_bits, col_bits, rad_bits), (1.0, 1.0, 0.5**6), found):
            _steps(share, 2.0**bits * scale, 2.0**bits - 1.0, out[rows])
    return found


@njit(**EXACT)
def _steps(share, scale, last, out):
    for i in range(len(share)):
        out[i] = np.uint32(min(max(np.floor(share[i] * scale), 0.0), last))


def morton_keys(l: NDArray, theta: NDArray, phi: NDArray) -> NDArray[np.uint64]:
    """Return the keys, uint64 [N], that `helios.grid.cell_keys` gives of integers [N], in one pass over them."""
    keys = np.empty(len(l), np.uint64)
    _interleave(l, theta, phi, keys)
    return keys


_spread = njit(**EXACT)(spread)


@njit(**EXACT)
def _interleave(l, theta, phi, keys):
    for i in range(len(keys)):
        high, middle, low = _spread(np.uint64(l[i])), _spread(np.uint64(theta[i])), _spread(np.uint64(phi[i]))
        keys[i] = high << np.uint64(2) | middle << np.uint64(1) | low
