"""Checks of the emitters of a universe, block by block: values, identifiers, order, and the place of every star."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import zarr
from numpy.typing import ArrayLike, NDArray

from helios.catalog.table import NO_ID
from helios.cells import Bounds, Cells, boxes_around, frames_of, from_cell_units, to_cell_units
from helios.constants import MAGNITUDES
from helios.coords import stacked_positions_m
from helios.grid import HLGrid
from helios.light import luminosity
from helios.universe.check_columns import Block, blocks_of
from helios.universe.emitters import BLOCK_ROWS, EMITTER_COLUMNS
from helios.universe.findings import Finding, Findings, numbers_text

_POSITION = ("x_m", "y_m", "z_m")

ROUNDING = 1e-12
"""Share of a star's distance by which its float64 position may be off the faces of its cell: see `Cells.bounds_m`."""

SEEN_RAD, SEEN_DISTANCE = np.deg2rad(1e-3 / 3600.0), 1e-6
"""How far a star that leaves its cell may be from its float64 position, on the barycentre's sky and in distance."""

LIGHT_ROUNDING = 2.0**-46
"""Relative error of a luminosity: about ten roundings of 2^-53, and powers that differ slightly between processors."""


@dataclass(frozen=True)
class StarRows:
    """The M `cells` of a store, and the rows of the emitters that belong to each.

    `offsets` int64 [M + 1] rise from 0 to the number of emitters. `boxes_m`, (min, max), float64 [M, 3] metres each,
    are those of the store around the stars of each cell; None where they cannot be read.
    """

    cells: Cells
    offsets: NDArray[np.int64]
    boxes_m: Bounds | None

    def cell_of(self, rows: NDArray[np.int64] | int) -> NDArray[np.int64]:
        """Return the index of the cell to which each of `rows` belongs."""
        return np.searchsorted(self.offsets, rows, side="right") - 1

    def finding(self, promise: str, row: int, value: str) -> Finding:
        """Return a finding on the emitter in `row`."""
        return Finding(promise, value, str(self.cells[int(self.cell_of(row))]), "emitters", row)


def check_stars(root: zarr.Group, table: StarRows, findings: Findings) -> None:
    """Add to `findings` what is wrong with the emitters of the store `root`, whose columns must have the same length.

    Holds BLOCK_ROWS stars at a time, the identifiers of all stars, 8 bytes each, and 48 bytes per cell.
    """
    size = len(table.cells), 3
    around = np.full(size, np.inf), np.full(size, -np.inf)
    ids, known = np.empty(int(table.offsets[-1]), np.int64), 0
    last = None
    for block in blocks_of(root, "emitters", tuple(EMITTER_COLUMNS), BLOCK_ROWS, findings):
        _check_values(block, table, findings)
        position = _positions(block)
        if position is not None:
            _check_place(block, position, table, around, findings)
        last = _check_order(block, position, last, table, findings)
        if "source_id" in block.columns:
            ids[known : known + block.stop - block.start] = block.columns["source_id"]
            known += block.stop - block.start
    _check_identity(root, ids[:known], table, findings)
    _check_boxes(table, around, findings)


def _positions(block: Block) -> NDArray[np.float64] | None:
    """Return the positions [N, 3] of a block, metres, or None if one of their columns cannot be read."""
    if not set(_POSITION) <= block.columns.keys():
        return None
    return stacked_positions_m(block.columns)


def _check_values(block: Block, table: StarRows, findings: Findings) -> None:
    for name, values in block.columns.items():
        wrong = np.isinf(values) if name == "bp_rp" else ~np.isfinite(values)
        _add(findings, "finite", block.start, wrong, table, partial(_named, name, values))
    mag = block.columns.get("phot_g_mean_mag")
    if mag is not None:
        wrong = np.isfinite(mag) & ((mag < MAGNITUDES[0]) | (mag > MAGNITUDES[1]))
        _add(findings, "magnitude", block.start, wrong, table, lambda i: f"phot_g_mean_mag {mag[i]}")
    if "source_id" in block.columns:
        missing = block.columns["source_id"] == NO_ID
        _add(findings, "identity", block.start, missing, table, lambda i: "source_id missing")


def _check_place(
    block: Block, position: NDArray[np.float64], table: StarRows, around: Bounds, findings: Findings
) -> None:
    """Check where the stars of a block are, and widen the boxes `around` the stars of each cell to hold them."""
    known = np.isfinite(position).all(axis=-1)
    finite = np.flatnonzero(known)
    around[0][table.cell_of(block.start + np.flatnonzero(~known))] = np.nan
    if not len(finite):
        return
    rows, position = block.start + finite, position[finite]
    cell = table.cell_of(rows)
    starts = np.flatnonzero(np.r_[True, cell[1:] != cell[:-1]])
    for box, part, wider in zip(around, boxes_around(position, starts), (np.minimum, np.maximum)):
        box[cell[starts]] = wider(box[cell[starts]], part)
    # The cells of a block are consecutive: their bounds are computed once per cell, not once per star.
    first, last = int(cell.min()), int(cell.max()) + 1
    near = table.cells[first:last]
    low, high = near.bounds_m()
    own = cell - first
    wanted = near[own]

    outside = ~((low[own] <= position) & (position <= high[own]))
    _add(
        findings,
        "bounds",
        rows,
        outside.any(axis=-1),
        table,
        lambda i: (
            f"position {numbers_text(position[i])} m, box {numbers_text(low[own[i]])} to {numbers_text(high[own[i]])} m"
        ),
    )
    with np.errstate(over="ignore", invalid="ignore"):
        slack = ROUNDING * np.linalg.norm(position, axis=-1)
    _add(
        findings,
        "place",
        rows,
        outside_cells(wanted, position, slack),
        table,
        lambda i: f"position {numbers_text(position[i])} m is in {_located(wanted, i, position[i])}",
    )
    if table.boxes_m is not None:
        names = block.columns["source_id"][finite] if "source_id" in block.columns else np.full(len(finite), NO_ID)
        _check_seen(rows, position, names, (table.boxes_m[0][cell], table.boxes_m[1][cell]), table, findings)


def _check_seen(rows, position, names, boxes_m: Bounds, table: StarRows, findings: Findings) -> None:
    """Compare the stars at `position` [N, 3], metres, with what leaves the cells around whose stars are `boxes_m`."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        frame = frames_of(*boxes_m)
        seen = from_cell_units(to_cell_units(position, *frame), *frame)
        distance, found = np.linalg.norm(position, axis=-1), np.linalg.norm(seen, axis=-1)
        # The sine of the angle; arccos of a cosine would lose half of the digits.
        off = np.linalg.norm(np.cross(position / distance[:, None], seen / found[:, None]), axis=-1)
        longer = np.abs(found / distance - 1.0)
        wrong = ~((off <= SEEN_RAD) & (longer <= SEEN_DISTANCE) & (np.sum(position * seen, axis=-1) > 0))

    def value(i: int) -> str:
        return (
            f"source_id {names[i]} leaves it {np.rad2deg(np.arcsin(min(off[i], 1.0))) * 3600.0:.3g} arcsec off, "
            f"its distance {longer[i]:.3g} of it"
        )

    _add(findings, "seen", rows, wrong, table, value)


def _check_boxes(table: StarRows, around: Bounds, findings: Findings) -> None:
    """Compare the boxes of the store with those `around` the stars of each cell, float64 [M, 3] metres."""
    stored = table.boxes_m
    if stored is None:
        return
    fits = np.logical_and(*((box == stars).all(axis=-1) for box, stars in zip(stored, around)))
    held = np.isfinite(around[0]).all(axis=-1)  # other cells have a star without a place, which is said already

    def finding(i: int) -> Finding:
        (low, high), (least, most) = ((numbers_text(box[i]) for box in boxes) for boxes in (stored, around))
        return Finding("frame", f"box {low} to {high} m, its stars fill {least} to {most} m", str(table.cells[i]))

    findings.add_each("frame", np.flatnonzero(~fits & held), finding)


def outside_cells(cells: Cells, position_m: NDArray[np.float64], tolerance_m: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return bool [N]: which positions [N, 3] are farther than `tolerance_m` [N] outside their `cells` [N], metres."""
    outside = np.zeros(len(position_m), bool)
    for depth in np.unique(cells.depth).tolist():
        own = cells.depth == depth
        indices = tuple(column[own] for column in (cells.l, cells.theta, cells.phi))
        outside[own] = _outside(HLGrid(depth), indices, position_m[own], tolerance_m[own])
    return outside


def _outside(grid: HLGrid, cells, position_m: NDArray[np.float64], tolerance_m: NDArray[np.float64]):
    """Return `outside_cells` for `cells` of one `grid`, given as (l, theta, phi), [N] each.

    A move by t changes a point's distance by at most t, its colatitude by at most asin(t / r), and its longitude by at
    most asin(t / hypot(x, y)): points may be past a face by as much.
    """
    located = grid.locate(position_m)
    outside = np.any([found != wanted for found, wanted in zip(located, cells)], axis=0)
    i = np.flatnonzero(outside)
    if not len(i):
        return outside
    (l, theta, phi), (x, y, z), t = (column[i] for column in cells), position_m[i].T, tolerance_m[i]
    with np.errstate(over="ignore", invalid="ignore"):
        across = np.hypot(x, y)
        r = np.hypot(across, z)
    inner, outer = grid.shell_edges_m(l)
    step_theta, step_phi = 2 * np.pi / grid.n_theta, np.pi / grid.n_phi
    from_middle = np.arctan2(y, x) - ((theta + 0.5) * step_theta - np.pi)
    turned = np.abs(np.remainder(from_middle + np.pi, 2 * np.pi) - np.pi)
    tilted = np.abs(np.arctan2(across, z) - (phi + 0.5) * step_phi)
    # If t overflows, the position is beyond any grid.
    past = (r < inner - t) | (r > outer + t) | ~np.isfinite(r) | ~np.isfinite(t)
    past |= turned > step_theta / 2 + _angle(t, across)
    past |= tilted > step_phi / 2 + _angle(t, r)
    outside[i] = past
    return outside


def _angle(move: NDArray[np.float64], distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest angle, radians, by which `move` turns a point at `distance`; pi if it can reach the centre."""
    reach = move >= distance
    sine = np.divide(move, distance, out=np.zeros_like(move), where=~reach)
    return np.where(reach, np.pi, np.arcsin(sine) + ROUNDING)


def _check_order(block: Block, position, last, table: StarRows, findings: Findings):
    """Compare every star with the one before it, and return the last one as (cell, luminosity, source_id).

    `last` is this result for the block before, or None.
    """
    if position is None or not {"phot_g_mean_mag", "source_id"} <= block.columns.keys():
        return None
    cell = table.cell_of(np.arange(block.start, block.stop))
    with np.errstate(over="ignore", invalid="ignore"):
        light = luminosity(block.columns["phot_g_mean_mag"], np.linalg.norm(position, axis=-1))
    ids, start = block.columns["source_id"], block.start
    if last is not None:
        cell, light, ids = (np.concatenate([[v], values]) for v, values in zip(last, (cell, light, ids)))
        start -= 1
    with np.errstate(over="ignore", invalid="ignore"):
        brighter = light[1:] > light[:-1] * (1.0 + LIGHT_ROUNDING)
    equal = (light[1:] == light[:-1]) & (ids[1:] < ids[:-1])
    sound = np.isfinite(light)
    wrong = (cell[1:] == cell[:-1]) & sound[1:] & sound[:-1] & (brighter | equal)

    def value(i: int) -> str:
        return f"luminosity {light[i + 1]:.9g} m2 sr, source_id {ids[i + 1]} after {light[i]:.9g}, {ids[i]}"

    _add(findings, "order", start + 1, wrong, table, value)
    return cell[-1], light[-1], ids[-1]


def _check_identity(root: zarr.Group, ids: NDArray[np.int64], table: StarRows, findings: Findings) -> None:
    """Find repeated identifiers by sorting `ids` in place; only if there are any, their rows are searched for."""
    ids.sort()
    twice = np.unique(ids[1:][ids[1:] == ids[:-1]])
    twice = twice[twice != NO_ID]

    def finding(source_id: int) -> Finding:
        found: list[int] = []
        for block in blocks_of(root, "emitters", ("source_id",), BLOCK_ROWS, findings):
            if "source_id" in block.columns:
                found += (block.start + np.flatnonzero(block.columns["source_id"] == source_id)).tolist()
        return table.finding("identity", found[-1], f"source_id {source_id} is that of row {found[0]:,} too")

    findings.add_each("identity", twice, finding)


def _add(
    findings: Findings,
    promise: str,
    rows: NDArray[np.int64] | int,
    wrong: ArrayLike,
    table: StarRows,
    value_of: Callable[[int], str],
) -> None:
    """Add a finding for each True in `wrong`; `rows` are the rows it is for, or the first of consecutive ones."""
    findings.add_each(
        promise,
        np.flatnonzero(wrong),
        lambda i: table.finding(promise, rows + i if isinstance(rows, int) else int(rows[i]), value_of(i)),
    )


def _named(name: str, values: NDArray, i: int) -> str:
    return f"{name} {values[i]}"


def _located(cells: Cells, i: int, position_m: NDArray[np.float64]) -> str:
    cell = HLGrid(int(cells.depth[i])).locate_one(position_m)
    return "no cell" if cell is None else f"cell {cell}"
