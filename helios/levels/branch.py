"""A branch: all cells of the tree below one, this included, made from the stars in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helios.color import color_from_bp_rp
from helios.levels.error_table import (
    BLOCKS,
    WIDTHS,
    add_gaussians,
    add_points,
    blank_images,
    frame_of,
    gather,
    table_of,
)
from helios.levels.own_stars import grow
from helios.levels.proxies import Lights, proxies_of
from helios.light import luminosity
from helios.simd import EXACT

LIGHT_COLUMNS = ("x_m", "y_m", "z_m", "phot_g_mean_mag", "bp_rp")
"""Columns of emitters that say where a star is, how bright, and of which colour."""


@dataclass(frozen=True)
class LevelCells:
    """C cells, each before those below it and in the order of the Morton curve, and their P proxies.

    `depth` int8 [C], -1 for the root; `key` uint64 [C], the Morton key at that depth; `own` int64 [C], how many stars
    the cell keeps; `extent_m` float64 [C] and `table` float32 [C, 2, WIDTHS] are its error (`error_table`), 0 where
    what stands for it is its stars. `proxies` stand for the cells' children: those that cell i holds are the rows
    starts[i] to starts[i + 1] - 1, starts int64 [C + 1], and `child` uint8 [P] is which child, by the last three bits
    of its key.
    """

    depth: NDArray[np.int8]
    key: NDArray[np.uint64]
    own: NDArray[np.int64]
    extent_m: NDArray[np.float64]
    table: NDArray[np.float32]
    proxies: Lights
    child: NDArray[np.uint8]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.depth)


def stars_as_lights(columns: Mapping[str, NDArray]) -> Lights:
    """Return stars, of which `columns` has LIGHT_COLUMNS [N], as points of light; without `bp_rp` all are white."""
    position_m, r = np.empty((len(columns["x_m"]), 3)), np.empty(len(columns["x_m"]))
    _stack(columns["x_m"], columns["y_m"], columns["z_m"], position_m, r)
    light = luminosity(columns["phot_g_mean_mag"], r)
    color = color_from_bp_rp(columns["bp_rp"]) if "bp_rp" in columns else np.broadcast_to(np.float32(1), (len(r), 3))
    return Lights(position_m, np.zeros(len(r)), light, color)


@njit(**EXACT)
def _stack(x, y, z, position, r):
    for i in range(len(r)):
        position[i, 0], position[i, 1], position[i, 2] = x[i], y[i], z[i]
        r[i] = np.sqrt(x[i] * x[i] + y[i] * y[i] + z[i] * z[i])


def flux_of(lights: Lights) -> NDArray[np.float64]:
    """Return the light from the Sun, float64 [N], steradians."""
    flux = np.empty(len(lights))
    _flux(lights.position_m, lights.luminosity, flux)
    return flux


@njit(**EXACT)
def _flux(position, luminosity, flux):
    for i in range(len(flux)):
        x, y, z = position[i, 0], position[i, 1], position[i, 2]
        flux[i] = luminosity[i] / (x * x + y * y + z * z)


def grow_branch(
    keys: NDArray[np.uint64], stars: Lights, owner: NDArray[np.int8], depth: int
) -> tuple[LevelCells, Lights]:
    """Return the branch of a cell of `depth`, and its own stars; write into `owner` [N] the depths of who keeps each.

    `keys` [N], ascending, are the Morton keys at MAX_DEPTH of the `stars`, all in that cell; those whose `owner` is not
    UNOWNED are kept above. The error of the first cell is left 0: what stands for it is made above.
    """
    cells = grow(keys, flux_of(stars), stars.luminosity, owner, depth)
    count, starts = len(cells.depth), cells.starts
    own = stars.take(cells.rows)
    proxies, of_cell, held = proxies_of(own, starts, cells.parent)
    first, stop = _standing_for(of_cell, count)
    extent_m, table = _tables(
        cells.depth, cells.first, cells.stop, owner, stars.position_m, stars.luminosity,
        proxies.position_m, proxies.sigma_m, proxies.luminosity, first, stop,
    )  # fmt: skip
    child = (cells.key[of_cell] & np.uint64(7)).astype(np.uint8)
    level = LevelCells(cells.depth, cells.key, np.diff(starts), extent_m, table, proxies, child, held)
    return level, own.take(slice(0, starts[min(1, count)]))


def _standing_for(of_cell: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first row, and the one behind the last, of the proxies for each cell, which follow each other."""
    first, stop = np.zeros(count, np.int64), np.zeros(count, np.int64)
    begins = np.flatnonzero(np.r_[True, of_cell[1:] != of_cell[:-1]]) if len(of_cell) else np.zeros(0, np.int64)
    first[of_cell[begins]] = begins
    stop[of_cell[begins]] = np.r_[begins[1:], len(of_cell)] if len(begins) else begins
    return first, stop


@njit(**EXACT)
def _tables(depth, first, stop, owner, position, luminosity, p_position, p_sigma, p_luminosity, starts, stops):
    cells = len(depth)
    extent, table = np.zeros(cells), np.zeros((cells, 2, WIDTHS), np.float32)
    center, axes = np.empty(3), np.empty((3, 3))
    images, rows, light = np.zeros((2, WIDTHS, BLOCKS, BLOCKS)), np.zeros((2, WIDTHS), np.int64), np.empty(2)
    for c in range(cells):
        a, b = starts[c], stops[c]
        if not (p_sigma[a:b] > 0.0).any():
            continue
        extent[c] = frame_of(p_position[a:b], p_luminosity[a:b], p_sigma[a:b], center, axes)
        light[:] = 0.0
        where = first[c], stop[c], center, axes, extent[c]
        add_points(position, luminosity, owner, depth[c], *where, images, rows, light)
        gather(images, rows)
        add_gaussians(p_position[a:b], p_sigma[a:b], p_luminosity[a:b], center, axes, extent[c], images, rows, -1.0)
        table_of(images, rows, light, table[c])
    return extent, table


def draw_stars(
    proxies: Lights, stars: Lights, owner: NDArray[np.int8] | None = None, least: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (images [2, WIDTHS, BLOCKS, BLOCKS], light [2]) of `stars` [N] in the views of a cell with `proxies`.

    With `owner` [N] only those whose owner is `least` or more are drawn. The images are as `add_points` leaves them, so
    that those of several branches may be added.
    """
    images, rows, light = blank_images()
    owner = np.full(len(stars), least, np.int8) if owner is None else owner
    _draw(*_arrays(proxies), stars.position_m, stars.luminosity, owner, least, images, rows, light)
    return images, light


def table_from(
    proxies: Lights, images: NDArray[np.float64], light: NDArray[np.float64]
) -> tuple[float, NDArray[np.float32]]:
    """Return (extent_m, table float32 [2, WIDTHS]) of a cell with `proxies` from its drawn stars; 0 for points."""
    table = np.zeros((2, WIDTHS), np.float32)
    if not (proxies.sigma_m > 0).any():
        return 0.0, table
    return _compare(*_arrays(proxies), images.copy(), light, table), table


def _arrays(proxies: Lights):
    return proxies.position_m, proxies.sigma_m, proxies.luminosity


@njit(**EXACT)
def _draw(p_position, p_sigma, p_luminosity, position, luminosity, owner, least, images, rows, light):
    center, axes = np.empty(3), np.empty((3, 3))
    extent = frame_of(p_position, p_luminosity, p_sigma, center, axes)
    add_points(position, luminosity, owner, least, 0, len(luminosity), center, axes, extent, images, rows, light)


@njit(**EXACT)
def _compare(p_position, p_sigma, p_luminosity, images, light, table):
    center, axes = np.empty(3), np.empty((3, 3))
    extent = frame_of(p_position, p_luminosity, p_sigma, center, axes)
    rows = np.full((2, WIDTHS), (1 << BLOCKS) - 1)
    gather(images, rows)
    add_gaussians(p_position, p_sigma, p_luminosity, center, axes, extent, images, rows, -1.0)
    table_of(images, rows, light, table)
    return extent
