"""The adaptive tree of a universe: its leaves, the inner cells above them, and which leaf holds a position.

The tree has no single root: each cell of depth 0 is a root.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.cells import Cells
from helios.errors import InputError
from helios.grid import MAX_DEPTH, CellId, HLGrid, cell_keys, keys_at

LEAF_CAPACITY = 512
"""Default for the number of stars that a cell may hold without splitting."""


@dataclass(frozen=True, eq=False)
class Leaves:
    """M leaves along the Morton curve: their `cells`, and `count` int64 [M], the number of stars in each."""

    cells: Cells
    count: NDArray[np.int64]

    def take(self, which: slice | NDArray) -> Leaves:
        """Return the leaves selected by a slice, a mask or indices."""
        return Leaves(self.cells[which], self.count[which])

    @classmethod
    def joined(cls, parts: Sequence[Leaves]) -> Leaves:
        """Return all leaves of `parts`, in the order of the Morton curve."""
        depth, key = (np.concatenate([getattr(part.cells, name) for part in parts]) for name in ("depth", "key"))
        leaves = cls(Cells(depth, key), np.concatenate([part.count for part in parts]))
        return leaves.take(np.argsort(leaves.cells.first_keys))


@dataclass(frozen=True, eq=False)
class InnerCells:
    """K inner `cells`, sorted by depth and, within a depth, by key: coarse levels come first.

    The leaves below each are those with indices `first` to `stop` - 1, int64 [K] each; `count` int64 [K] is the number
    of their stars.
    """

    cells: Cells
    first: NDArray[np.int64]
    stop: NDArray[np.int64]
    count: NDArray[np.int64]


@dataclass(frozen=True)
class TreeRule:
    """When cells split: all down to `depth`, or each that holds more than `leaf_capacity` stars; the other is None.

    Raises InputError unless exactly one is given, for a depth that the grid does not have, and for a capacity below 1.
    """

    depth: int | None = None
    leaf_capacity: int | None = None

    def __post_init__(self):
        if (self.depth is None) == (self.leaf_capacity is None):
            raise InputError(
                f"depth {self.depth}, leaf capacity {self.leaf_capacity}: a universe has one of them, cells of one "
                "depth or an adaptive tree"
            )
        if self.depth is not None:
            HLGrid(self.depth)
        elif self.leaf_capacity < 1:
            raise InputError(f"leaf capacity {self.leaf_capacity}: must be at least 1 star")

    @property
    def deepest(self) -> int:
        """The depth below which no cell splits."""
        return MAX_DEPTH if self.depth is None else self.depth

    @property
    def capacity(self) -> int:
        """The number of stars above which a cell splits; 0, so that all do, where all leaves have one depth."""
        return self.leaf_capacity or 0


def leaves_of(
    keys: NDArray[np.uint64], counts: NDArray[np.int64], depth: int, capacity: int, from_depth: int = 0
) -> Leaves:
    """Return the leaves of the tree in which a cell splits while it holds more than `capacity` stars.

    `keys` uint64 [U], ascending and unique, are the occupied cells of `depth`, and `counts` int64 [U] their stars.
    Cells of `depth` never split, so with a capacity of 0 all leaves have this depth. The tree begins with the cells of
    `from_depth`, so that a part of it can be built separately: below cells that are known to split at a depth, the
    leaves from that depth on are those of the whole tree. Each depth takes one pass over the keys that are left: a
    million keys take about 0.1 s.
    """
    parts = [Leaves(Cells(np.zeros(0, np.uint8), np.zeros(0, np.uint64)), np.zeros(0, np.int64))]
    for level in range(from_depth, depth + 1):
        if not len(keys):
            break
        above = keys_at(depth, keys, level)
        starts = np.flatnonzero(np.r_[True, above[1:] != above[:-1]])
        total = np.add.reduceat(counts, starts)
        leaf = (total <= capacity) | (level == depth)
        cells = Cells(np.full(np.count_nonzero(leaf), level, np.uint8), above[starts[leaf]])
        parts.append(Leaves(cells, total[leaf].astype(np.int64)))
        splits = np.repeat(~leaf, np.diff(np.r_[starts, len(keys)]))
        keys, counts = keys[splits], counts[splits]
    return Leaves.joined(parts)


def inner_cells(leaves: Leaves) -> InnerCells:
    """Return every proper ancestor of `leaves`, each once; no leaf may lie in another."""
    cells, ends = leaves.cells, np.concatenate([[0], np.cumsum(leaves.count)])
    nothing = np.zeros(0, np.int64)
    levels = [(np.zeros(0, np.uint8), np.zeros(0, np.uint64), nothing, nothing, nothing)]
    for level in range(int(cells.depth.max(initial=0))):
        below = np.flatnonzero(cells.depth > level)
        above = keys_at(cells.depth[below], cells.key[below], level)
        # The leaves below an inner cell are contiguous among those deeper than it.
        starts = np.flatnonzero(np.r_[True, above[1:] != above[:-1]])
        first, stop = below[starts], below[np.r_[starts[1:], len(below)] - 1] + 1
        levels.append((np.full(len(starts), level, np.uint8), above[starts], first, stop, ends[stop] - ends[first]))
    depth, key, *rest = (np.concatenate(column) for column in zip(*levels))
    return InnerCells(Cells(depth, key), *rest)


class Tree:
    """Finds cells among `leaves`: M cells, none of which lies in another, in the order of their `first_keys`.

    `depth` is the common depth of the leaves, or None if the tree is adaptive.
    """

    def __init__(self, leaves: Cells, depth: int | None):
        self.leaves, self.depth = leaves, depth

    @cached_property
    def _first(self) -> NDArray[np.uint64]:
        return self.leaves.first_keys

    def parse(self, text: str) -> CellId:
        """Return the cell named by `text`, `DEPTH_L_THETA_PHI` or `L_THETA_PHI`.

        Without a depth it is the common depth of the leaves or, in an adaptive tree, that of the only leaf of this
        name. Raises InputError if `text` names no cell of the grid or, in an adaptive tree without a depth, not
        exactly one leaf.
        """
        if self.depth is not None or text.count("_") != 2:
            return CellId.parse(text, self.depth)
        wanted = CellId.parse(text, MAX_DEPTH)
        leaves = self.leaves
        same = (leaves.l == wanted.l) & (leaves.theta == wanted.theta) & (leaves.phi == wanted.phi)
        found = list(leaves[same])
        if len(found) != 1:
            several = " or ".join(map(str, found)) or "no cell is called that at any depth"
            raise InputError(f"cell {text!r}: its depth is needed, as in 7_30_12_7 ({several})")
        return found[0]

    def below(self, cell: CellId) -> range:
        """Return the indices of the leaves that are `cell` or lie in it."""
        edges = keys_at(cell.depth, [cell.key, cell.key + 1], MAX_DEPTH)
        start, stop = (int(place) for place in np.searchsorted(self._first, edges))
        # A leaf that holds `cell` may begin at the same key; then it is the only one in the range.
        holder = start < stop and self.leaves.depth[start] < cell.depth
        return range(stop if holder else start, stop)

    def span(self, cell: CellId) -> range:
        """Return the indices of the leaves that are `cell`, lie in it, or hold it."""
        below = self.below(cell)
        holder = int(self._holder(np.array([keys_at(cell.depth, cell.key, MAX_DEPTH)]))[0])
        return range(holder, holder + 1) if not below and holder >= 0 else below

    def meeting(self, cells: Cells) -> NDArray[np.bool_]:
        """Return bool [M]: which leaves are one of `cells`, lie in one, or hold one."""
        start, stop = np.searchsorted(self._first, cells.first_keys), np.searchsorted(self._first, cells.end_keys)
        # +1 where a run of leaves begins, -1 where it ends.
        change = np.zeros(len(self.leaves) + 1, np.int64)
        np.add.at(change, start, 1)
        np.add.at(change, stop, -1)
        met = np.cumsum(change[:-1]) > 0
        holder = self._holder(cells.first_keys)
        met[holder[holder >= 0]] = True
        return met

    def index_of(self, cell: CellId) -> int:
        """Return the index of the leaf `cell`, or -1 if it is not a leaf."""
        i = int(np.searchsorted(self._first, keys_at(cell.depth, cell.key, MAX_DEPTH)))
        return i if i < len(self.leaves) and self.leaves[i] == cell else -1

    def locate(self, position_m: ArrayLike) -> NDArray[np.int64]:
        """Return int64 [N]: the index of the leaf that holds each position [N, 3], metres, or -1 if none does."""
        l, theta, phi = HLGrid(MAX_DEPTH).locate(position_m)
        return np.where(l >= 0, self._holder(cell_keys(np.maximum(l, 0), theta, phi)), -1)

    def cells_at(self, position_m: ArrayLike) -> list[CellId | None]:
        """Return the cell of each position [N, 3], metres: the leaf that holds it or, if none, the empty cell there.

        Empty space is divided into the largest cells without a leaf or, if all leaves have one `depth`, into cells of
        that. None for positions outside the grid.
        """
        l, theta, phi = HLGrid(MAX_DEPTH).locate(position_m)
        keys = cell_keys(np.maximum(l, 0), theta, phi)
        holder, after = self._holder(keys), np.searchsorted(self._first, keys)
        shared = np.zeros(len(keys), np.int64)
        for near in (after - 1, after):
            there = (near >= 0) & (near < len(self._first))
            other = self._first[np.clip(near, 0, len(self._first) - 1)]
            # The number of nested cells that hold both keys; the next cell down holds no leaf.
            same = [keys_at(MAX_DEPTH, keys ^ other, depth) == 0 for depth in range(MAX_DEPTH + 1)]
            shared = np.maximum(shared, there * np.sum(same, axis=0))
        empty = np.minimum(shared, MAX_DEPTH) if self.depth is None else self.depth
        depth = np.where(holder >= 0, self.leaves.depth[holder], empty).astype(np.uint8)
        cells = Cells(depth, keys_at(MAX_DEPTH, keys, depth))
        return [cell if shell >= 0 else None for cell, shell in zip(cells, l.tolist())]

    def _holder(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the index of the leaf that holds each of `keys` at MAX_DEPTH, or -1 if none does."""
        i = np.searchsorted(self._first, keys, side="right") - 1
        return np.where((i >= 0) & (keys < self.leaves[i].end_keys), i, -1)
