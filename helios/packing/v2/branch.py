"""One branch of a universe in pack v2: its tiles and side files, and its stars that the upper part keeps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.coords import stacked_positions_m
from helios.errors import StoreError
from helios.grid import MAX_DEPTH
from helios.levels.proxies import Lights
from helios.light import solid_angle_sr
from helios.packing.v2.accuracy import light_difference, star_difference
from helios.packing.v2.decode import decode_tile
from helios.packing.v2.encode import Blocks, encode_blocks
from helios.packing.v2.proxies import proxy_records
from helios.packing.v2.quantities import color_indices, magnitude_steps, quantised
from helios.packing.v2.records import ProxyRecords, StarRecords
from helios.packing.v2.side import Side, encode_side_block, sides_of
from helios.packing.v2.tree import Branch
from helios.spherical import morton_keys
from helios.universe import Universe
from helios.universe.arrays import CHUNK_ROWS

STAR_COLUMNS = ("source_id", "x_m", "y_m", "z_m", "phot_g_mean_mag", "bp_rp")


@dataclass(frozen=True)
class BranchTask:
    """A piece of packing: a `branch` of the universe at `universe`, of this `fingerprint`, into files of `folder`."""

    number: int
    universe: Path
    fingerprint: str
    branch: Branch
    folder: Path

    @property
    def tiles(self) -> Path:
        return self.folder / f"{self.number:06d}.tiles"

    def side(self, side: Side) -> Path:
        return self.folder / f"{self.number:06d}.{side.name}"

    def __repr__(self) -> str:
        return f"branch {self.number}"


@dataclass(frozen=True)
class PackedBranch:
    """What a branch gave: the cells of its tiles in the order of its files, `cells` int64 [T], with `lengths`, `crcs`.

    `upper` are STAR_COLUMNS of the stars that the upper part of the tree keeps, `upper_sides` their records in each
    side file, and `upper_cells` int64 [N] the cells that keep them. `light` is the sum of Omega of all its stars.
    """

    cells: NDArray[np.int64]
    lengths: NDArray[np.int64]
    crcs: NDArray[np.uint32]
    upper: dict[str, NDArray]
    upper_sides: dict[Side, NDArray]
    upper_cells: NDArray[np.int64]
    light: float


@lru_cache(1)
def opened(universe: Path, fingerprint: str) -> Universe:
    """Return the universe at this path; kept, so that a worker reads the index of its cells once."""
    return Universe.open(universe)


def branch_columns(universe: Universe, branch: Branch) -> dict[str, NDArray]:
    """Return the columns that a pack has of the stars of a `branch`, as the universe has them."""
    sides = sides_of(universe.emitter_columns)
    names = dict.fromkeys((*STAR_COLUMNS, *(name for side in sides for name in side.columns)))
    return universe.columns(names, branch.first, branch.stop)


def star_records(columns: dict[str, NDArray]) -> StarRecords:
    """Return the records of stars with these `columns`, in their order."""
    places = quantised(stacked_positions_m(columns))
    return StarRecords(*places, magnitude_steps(columns["phot_g_mean_mag"]), color_indices(columns["bp_rp"]))


def pack_branch(task: BranchTask) -> PackedBranch:
    """Write the tiles of a branch and their side files; return where they lie, and the rest."""
    universe, branch = opened(task.universe, task.fingerprint), task.branch
    columns = branch_columns(universe, branch)
    owner = universe.levels.owner(branch.first, branch.stop)
    sides = {side: side.records(columns) for side in sides_of(universe.emitter_columns)}
    stars = star_records(columns)
    above = np.full(MAX_DEPTH + 2, -1)
    for depth, cell in branch.path:
        above[depth + 1] = cell
    kept = np.flatnonzero(owner <= branch.depth)
    below = np.flatnonzero(owner > branch.depth)
    own = {side: records[below] for side, records in sides.items()}
    cells, lengths, crcs = _write(task, universe, stars[below], columns, below, own, owner[below])
    upper = {side: records[kept] for side, records in sides.items()}
    light = float(solid_angle_sr(columns["phot_g_mean_mag"]).sum())
    of_kept = {name: columns[name][kept] for name in STAR_COLUMNS}
    return PackedBranch(cells, lengths, crcs, of_kept, upper, above[owner[kept].astype(np.int64) + 1], light)


def _write(
    task: BranchTask,
    universe: Universe,
    stars: StarRecords,
    columns: dict[str, NDArray],
    rows: NDArray[np.int64],
    sides: dict[Side, NDArray],
    owner: NDArray[np.int8],
):
    """Write the files of the branch, of `stars` below its first cell, `rows` of `columns`, with records in `sides`.

    Return cells, lengths and CRCs of the tiles.
    """
    levels, branch = universe.levels, task.branch
    inside = slice(branch.begin, branch.end)
    parent = levels.parent[inside]
    cells = branch.begin + np.argsort(parent, kind="stable")
    keys = morton_keys(stars.rad >> 4, stars.lon >> 2, stars.col >> 3)  # at MAX_DEPTH: the grid's, by the same formulas
    blocks, order = encode_cells(universe, cells, stars, columns, rows, levels.cells_of(keys, owner))
    starts = np.flatnonzero(np.r_[True, np.diff(levels.parent[cells]) > 0]) if len(cells) else np.zeros(0, np.int64)
    lengths, crcs = blocks.tiles(np.r_[starts, len(cells)]) if len(cells) else (starts, starts.astype(np.uint32))
    task.tiles.write_bytes(blocks.data.data)
    ends = np.r_[0, np.cumsum(levels.own[cells])][np.r_[starts, len(cells)]].tolist()
    for side, records in sides.items():
        with task.side(side).open("xb") as file:
            for begin, end, crc in zip(ends[:-1], ends[1:], crcs.tolist()):
                file.write(encode_side_block(records[order[begin:end]], crc))
    return levels.parent[cells[starts]], lengths, crcs


def encode_cells(
    universe: Universe,
    cells: NDArray[np.int64],
    stars: StarRecords,
    columns: dict[str, NDArray],
    rows: NDArray[np.int64],
    keeper: NDArray[np.int64],
) -> tuple[Blocks, NDArray[np.int64]]:
    """Return the blocks of `cells` [M] in their order, and the order of the `stars` [N] in them, int64 [N].

    `rows` [N] of the universe's `columns` are the stars' own, `keeper` [N] is the cell of each, one of `cells`. Raises
    StoreError where the blocks, decoded again, do not hold the stars and proxies of the universe to the accuracy of the
    format.
    """
    levels = universe.levels
    place = np.zeros(len(levels), np.min_scalar_type(len(cells)))  # NumPy sorts short integers faster
    place[cells] = np.arange(len(cells))
    by_cell = np.argsort(place[keeper], kind="stable")
    star_starts = np.r_[0, np.cumsum(levels.own[cells])]
    proxies, lights = _proxies(universe, cells)
    proxy_starts = np.r_[0, np.cumsum(levels.starts[cells + 1] - levels.starts[cells])]
    blocks = encode_blocks(levels.depth[cells], levels.key[cells], stars[by_cell], star_starts, proxies, proxy_starts)
    order = by_cell[blocks.star_order]
    found = decode_tile(blocks.data, levels.depth[cells], levels.key[cells], f"{universe.path}: a branch")
    if not (np.array_equal(found.star_offsets, star_starts) and np.array_equal(found.proxy_offsets, proxy_starts)):
        raise StoreError(f"{universe.path}: the blocks of a branch do not hold its stars (is the memory sound?)")
    of_stars = {name: columns[name] for name in STAR_COLUMNS}
    if problem := star_difference(found.stars, of_stars, rows[order]) or light_difference(
        lights, proxy_starts, found.proxies.mag
    ):
        raise StoreError(f"{universe.path}: in a branch as packed {problem} (is the memory sound?)")
    return blocks, order


def _proxies(universe: Universe, cells: NDArray[np.int64]) -> tuple[ProxyRecords, Lights]:
    """Return the proxies that `cells` hold, in their order, as records and as the universe has them."""
    levels, ascending = universe.levels, np.sort(cells)
    lights, child, starts = held_by(universe, ascending)
    records = proxy_records(lights, child, levels.depth[ascending], levels.key[ascending], starts)
    place = np.searchsorted(ascending, cells)
    first, count = starts[place], np.diff(starts)[place]
    ends = np.cumsum(count)
    rows = np.arange(starts[-1]) + np.repeat(first - (ends - count), count)
    return records[rows], lights.take(rows)


def held_by(universe: Universe, cells: NDArray[np.int64]) -> tuple[Lights, NDArray[np.uint8], NDArray[np.int64]]:
    """Return (proxies, child uint8 [P], starts int64 [M + 1]) that `cells` [M], ascending, hold."""
    levels = universe.levels
    first, counts = levels.starts[cells], levels.starts[cells + 1] - levels.starts[cells]
    starts = np.r_[0, np.cumsum(counts)]
    rows = np.arange(starts[-1]) + np.repeat(first - starts[:-1], counts)
    # Rows of one chunk, and of chunks that follow each other, are read together.
    groups = np.split(rows, np.flatnonzero(np.diff(rows) > CHUNK_ROWS) + 1) if len(rows) else []
    parts, children = [Lights.none()], [np.zeros(0, np.uint8)]
    for group in groups:
        lights, child = levels.proxies(int(group[0]), int(group[-1]) + 1)
        parts.append(lights.take(group - group[0]))
        children.append(child[group - group[0]])
    return Lights.joined(parts), np.concatenate(children), starts
