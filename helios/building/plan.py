"""Plans where every bucket lies in the store, and so which shard needs which buckets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helios.building.brightest import Faintest
from helios.building.runs import Run
from helios.building.sorting import BUCKET_DEPTH, Sorting
from helios.cells import Cells
from helios.grid import keys_at
from helios.universe.arrays import SHARD_ROWS
from helios.universe.tree import Leaves, leaves_of

_PARTS_DEPTH, _PART_BUCKETS = 4, 1 << 19
"""The tree is made in parts: below cells of this depth that together have about this many buckets, some 50 MB."""


@dataclass(frozen=True)
class Plan:
    """The U units of a universe in the order of the store; a unit is one bucket, or all buckets of one leaf.

    `buckets` uint64 [U] is the first bucket of each unit, `rows` int64 [U + 1] the row at which its stars begin.
    `leaves` are those not smaller than a bucket; a unit in none of them is split further when its stars are read.
    """

    buckets: NDArray[np.uint64]
    rows: NDArray[np.int64]
    leaves: Leaves

    @property
    def stars(self) -> int:
        """Number of stars."""
        return int(self.rows[-1])

    def shards(self) -> int:
        """Return the number of shards."""
        return -(-self.stars // SHARD_ROWS)

    def units_of(self, shard: int) -> tuple[int, int]:
        """Return the units (first, stop), from first to before stop, that have stars in `shard`."""
        start, stop = shard * SHARD_ROWS, min((shard + 1) * SHARD_ROWS, self.stars)
        first = int(np.searchsorted(self.rows, start, side="right")) - 1
        return first, int(np.searchsorted(self.rows, stop, side="left"))


def plan_store(runs: Sequence[Run], faintest: Faintest | None, sorting: Sorting) -> Plan:
    """Return the plan for the used stars of `runs` that are not beyond `faintest`."""
    buckets, counts = _counts((used_by_bucket(run, faintest) for run in runs), sorting)
    rule = sorting.rule
    if sorting.by_light:
        keys = sorting.cell_keys_of(buckets)
        starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
        cells = Cells(np.full(len(starts), rule.depth, np.uint8), keys[starts])
        leaves = Leaves(cells, np.add.reduceat(counts, starts))
        return Plan(buckets, np.r_[0, np.cumsum(counts)], leaves)
    leaves = _leaves_of_buckets(buckets, counts, rule.capacity)
    cells = leaves.cells
    split = (cells.depth == BUCKET_DEPTH) & (leaves.count > rule.capacity) & (rule.deepest > BUCKET_DEPTH)
    first = keys_at(cells.depth, cells.key, BUCKET_DEPTH)
    return Plan(first, np.r_[0, np.cumsum(leaves.count)], leaves.take(~split))


def used_by_bucket(run: Run, faintest: Faintest | None) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the buckets of `run` with used stars not beyond `faintest`, ascending, and the number of these in each."""
    buckets, starts = run.index()
    used = run.used()
    if faintest is not None:
        columns = run.columns("phot_g_mean_mag", "source_id")
        used &= faintest.keeps(columns["phot_g_mean_mag"], columns["source_id"])
    counts = np.add.reduceat(used, starts[:-1].astype(np.intp), dtype=np.int64)
    return buckets[counts > 0].astype(np.uint64), counts[counts > 0]


def _leaves_of_buckets(buckets: NDArray[np.uint64], counts: NDArray[np.int64], capacity: int) -> Leaves:
    """Return `leaves_of` of cells at BUCKET_DEPTH, in a fraction of its memory: one part of the tree at a time."""
    above = keys_at(BUCKET_DEPTH, buckets, _PARTS_DEPTH)
    starts = np.flatnonzero(np.r_[True, above[1:] != above[:-1]])
    ends = np.r_[starts[1:], len(buckets)]
    top = leaves_of(above[starts], np.add.reduceat(counts, starts), _PARTS_DEPTH, capacity)
    full = (top.cells.depth == _PARTS_DEPTH) & (top.count > capacity)
    parts = [top.take(~full)]
    which = np.searchsorted(above[starts], top.cells.key[full])
    part_of = np.cumsum(ends[which] - starts[which]) // _PART_BUCKETS
    for part in np.split(which, np.flatnonzero(np.diff(part_of)) + 1):
        rows = [slice(starts[cell], ends[cell]) for cell in part]
        if rows:
            keys, stars = (np.concatenate([column[row] for row in rows]) for column in (buckets, counts))
            parts.append(leaves_of(keys, stars, BUCKET_DEPTH, capacity, from_depth=_PARTS_DEPTH))
    return Leaves.joined(parts)


def _counts(parts: Iterable[tuple[NDArray, NDArray]], sorting: Sorting) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the distinct buckets of all `parts`, ascending, and the sum of the counts of each.

    The cells of BUCKET_DEPTH are few enough for an array over all of them; buckets by light have numbers too large for
    that, but there are fewer of them.
    """
    if not sorting.by_light:
        all_cells = np.zeros(1 << (3 * BUCKET_DEPTH + 3), np.int32)
        for buckets, counts in parts:
            all_cells[buckets] += counts.astype(np.int32)
        filled = np.flatnonzero(all_cells)
        return filled.astype(np.uint64), all_cells[filled].astype(np.int64)
    total = np.zeros(0, np.int64)
    distinct = np.zeros(0, np.uint64)
    for buckets, counts in parts:
        distinct, place = np.unique(np.concatenate([distinct, buckets]), return_inverse=True)
        total = np.bincount(place, np.concatenate([total, counts]), len(distinct)).astype(np.int64)
    return distinct, total
