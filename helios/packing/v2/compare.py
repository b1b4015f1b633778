"""Compares a pack v2 with the universe that it was made of: every star, every proxy's light, each star once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helios.coords import stacked_positions_m
from helios.grid import MAX_DEPTH, keys_at
from helios.levels.branch import flux_of
from helios.light import apparent_magnitude, solid_angle_sr
from helios.packing.v2.branch import branch_columns, held_by, opened
from helios.packing.v2.quantities import (
    COL_BITS,
    LON_BITS,
    RAD_BITS,
    color_indices,
    error_steps,
    extent_steps,
    magnitudes,
)
from helios.packing.v2.reader import Part, read_side, read_tiles
from helios.packing.v2.records import StarRecords, TileRecords
from helios.packing.v2.side import IDS, Side, sides_of
from helios.packing.v2.tree import Branch
from helios.simd import EXACT
from helios.spherical import pieces
from helios.universe import Universe

PLACE_ARCSEC, DISTANCE, MAGNITUDE = 0.1, 1e-6, 0.0051
"""Most by which a star of the pack is off: its place from the Sun, its distance as a share, its magnitude."""

_PLACE_RAD = math.radians(PLACE_ARCSEC / 3600.0)

_OFF = (
    f"{PLACE_ARCSEC} arcsec from its place",
    f"{DISTANCE:g} of its distance from it",
    "5 mmag from its magnitude",
    "nothing from its colour",
)
"""What a star of the pack is off by, where it is."""

PROXY_MAGNITUDE, LIGHT = 0.0301, 0.01
"""Most by which a proxy's magnitude is off, and the light of all proxies that a cell holds, from the Sun."""


@dataclass(frozen=True)
class CompareTask:
    """A piece of the comparison: the stars of one `branch` of a universe with the parts of a pack that may have them.

    `tiles` are the branch's own, `shared` those of the cells above it.
    """

    number: int
    universe: Path
    fingerprint: str
    branch: Branch
    pack: Path
    tiles: tuple[Part, ...]
    shared: tuple[Part, ...]

    def __repr__(self) -> str:
        return f"branch {self.number}"


def compare_branch(task: CompareTask) -> str | None:
    """Say where a branch is not in the pack as the universe has it, all its stars and proxies; None where it is.

    Raises StoreError where a tile is damaged.
    """
    universe = opened(task.universe, task.fingerprint)
    columns = branch_columns(universe, task.branch)
    ids = IDS.records(columns)
    order = np.argsort(ids)
    ids = ids[order]
    tiles = read_tiles(task.pack, task.tiles)
    if problem := cells_difference(universe, task.tiles, tiles):
        return problem
    stars = [tiles.stars.rows()]
    found = {side: [read_side(task.pack, side, task.tiles)] for side in sides_of(universe.emitter_columns)}
    for part in task.shared:
        own = read_side(task.pack, IDS, [part])
        mine = ids[np.minimum(np.searchsorted(ids, own), len(ids) - 1)] == own
        stars.append(read_tiles(task.pack, [part]).stars[mine].rows())
        for side, records in found.items():
            records.append(read_side(task.pack, side, [part])[mine])
    joined = np.concatenate(found[IDS])
    places = np.argsort(joined)
    if not np.array_equal(ids, joined[places]):
        return "has other stars than the universe, or one of them twice"
    match = np.empty_like(places)
    match[order] = places
    differences = (side_difference(side, np.concatenate(records)[match], columns) for side, records in found.items())
    of_sides = next((problem for problem in differences if problem), None)
    return of_sides or star_difference(StarRecords.from_rows(np.concatenate(stars, axis=1)[:, match]), columns)


def side_difference(side: Side, records: NDArray, columns: dict[str, NDArray]) -> str | None:
    """Say whose `records` [N] or [N, k] are not to the bit those of the star of `columns`; None if all are."""
    found, wanted = (np.ascontiguousarray(each).view(np.uint8) for each in (records, side.records(columns)))
    other = np.flatnonzero((found != wanted).reshape(-1, side.record.itemsize).any(axis=1))
    return f"star {columns['source_id'][other[0]]} has not the universe's {side.name}" if len(other) else None


def star_difference(stars: StarRecords, columns: dict[str, NDArray]) -> str | None:
    """Say which of the `stars` [N] is not the star of `columns` [N] to the accuracy of the format; None if all are."""
    first = np.full(len(_OFF), len(stars))
    mag, color = columns["phot_g_mean_mag"], color_indices(columns["bp_rp"])
    for rows, *where in pieces(stacked_positions_m(columns)):
        there = (stars.lon[rows], stars.col[rows], stars.rad[rows], stars.mag[rows], stars.color[rows])
        _compare(rows.start, *where, *there, mag[rows], color[rows], first)
    for what, row in zip(_OFF, first.tolist()):
        if row < len(stars):
            return f"star {columns['source_id'][row]} is more than {what}"
    return None


@njit(**EXACT)
def _compare(begin, r, flat, doublings, longitude, colatitude, lon, col, rad, step, index, mag, color, first):
    """Write into `first` [4] the first row for each of _OFF, where it is before what stands there.

    The angle is that along the circle of latitude, which is no smaller than the shortest, and of colatitude together.
    """
    for i in range(len(r)):
        along = (lon[i] + 0.5) / 2.0**LON_BITS - longitude[i]
        along = 2.0 * np.pi * (along - np.rint(along)) * flat[i] / r[i]
        across = np.pi * ((col[i] + 0.5) / 2.0**COL_BITS - colatitude[i])
        farther = np.log(2.0) * ((rad[i] + 0.5) * (64.0 / 2.0**RAD_BITS) - doublings[i])
        if not along * along + across * across <= _PLACE_RAD * _PLACE_RAD:
            first[0] = min(first[0], begin + i)
        if not abs(farther) <= DISTANCE:
            first[1] = min(first[1], begin + i)
        if not abs(step[i] / 100.0 - 100.0 - mag[i]) <= MAGNITUDE:
            first[2] = min(first[2], begin + i)
        if index[i] != color[i]:
            first[3] = min(first[3], begin + i)


def cells_difference(universe: Universe, parts: Sequence[Part], tiles: TileRecords) -> str | None:
    """Say which cell of the `tiles` of `parts` has other errors, proxies or light than the universe; None if none."""
    if not parts:
        return None
    levels, entries = universe.levels, [entry for part in parts for entry in part.cells]
    depth, key = (np.array([getattr(entry, name) for entry in entries]) for name in ("depth", "key"))
    cells = levels.cells_of(keys_at(np.maximum(depth, 0), key.astype(np.uint64), MAX_DEPTH), depth)
    own, counts = np.diff(tiles.star_offsets), np.diff(tiles.proxy_offsets)
    lights, _, starts = held_by(universe, np.sort(cells))
    order = np.argsort(cells)
    extents, tables = extent_steps(levels.extent_m[cells]), error_steps(levels.table[cells]).reshape(len(cells), -1)
    tables_differ = [
        e.extent != (extent if e.depth >= 0 else 0) or (e.extent and e.table != table.tobytes())
        for e, extent, table in zip(entries, extents.tolist(), tables)
    ]
    other = (
        (levels.depth[cells] != depth) | (levels.key[cells] != key.astype(np.uint64)) | (own != levels.own[cells])
    ) | (counts != levels.starts[cells + 1] - levels.starts[cells])
    if other.any() or any(tables_differ):
        entry = entries[int(np.argmax(other | np.array(tables_differ)))]
        return f"cell {entry.depth}:{entry.key} has other stars, proxies or errors than in the universe"
    of_cell = np.repeat(np.arange(len(cells)), np.diff(starts))
    flux = flux_of(lights)
    mag = apparent_magnitude(flux, 1.0)
    mag = mag[np.lexsort((mag, of_cell))]
    first = tiles.proxy_offsets[:-1][order]
    rows = np.arange(starts[-1]) + np.repeat(first - starts[:-1], counts[order])
    found = magnitudes(tiles.proxies.mag[rows])
    held, kept = np.bincount(of_cell, flux, len(cells)), np.bincount(of_cell, solid_angle_sr(found), len(cells))
    if not (np.abs(found - mag) < PROXY_MAGNITUDE).all() or not (np.abs(kept - held) <= LIGHT * held).all():
        return "its proxies do not have the light of those of the universe"
    return None
