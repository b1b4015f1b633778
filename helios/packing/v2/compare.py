"""Compares a pack v2 with the universe that it was made of: every star, every proxy's light, each star once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.grid import MAX_DEPTH, keys_at
from helios.packing.v2.accuracy import light_difference, star_difference
from helios.packing.v2.branch import branch_columns, held_by, opened
from helios.packing.v2.quantities import error_steps, extent_steps
from helios.packing.v2.reader import Part, read_side, read_tiles
from helios.packing.v2.records import StarRecords, TileRecords
from helios.packing.v2.side import IDS, Side, sides_of
from helios.packing.v2.tree import Branch
from helios.universe import Universe


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
    first = tiles.proxy_offsets[:-1][order]
    rows = np.arange(starts[-1]) + np.repeat(first - starts[:-1], counts[order])
    return light_difference(lights, starts, tiles.proxies.mag[rows])
