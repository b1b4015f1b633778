"""The adaptive tree of a universe: which cells are leaves, and which are inner cells above them.

A cell is named by its depth and its Morton key at that depth; see `helios.grid.cell_keys`. The tree has no single root:
each cell of depth 0 is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.grid import MAX_DEPTH, HLGrid

LEAF_CAPACITY = 512
"""Stars that a cell may hold before it splits, unless a build is told otherwise."""


class Leaves(NamedTuple):
    """M leaves along the Morton curve: `depth` uint8 [M], `key` uint64 [M] at that depth, `count` int64 [M]."""

    depth: NDArray[np.uint8]
    key: NDArray[np.uint64]
    count: NDArray[np.int64]

    @property
    def first_keys(self) -> NDArray[np.uint64]:
        """The keys of the leaves' first descendants at MAX_DEPTH, uint64 [M], ascending."""
        return first_keys(self.depth, self.key)


class InnerCells(NamedTuple):
    """K inner cells, sorted by depth and, within a depth, by key: coarse levels come first.

    `depth` uint8 [K]; `key` uint64 [K] at that depth; the leaves below are those of index `first` to `stop` - 1, int64
    [K] each; `count` int64 [K] is what they hold together.
    """

    depth: NDArray[np.uint8]
    key: NDArray[np.uint64]
    first: NDArray[np.int64]
    stop: NDArray[np.int64]
    count: NDArray[np.int64]


@dataclass(frozen=True)
class TreeRule:
    """When cells split: all down to `depth`, or each that holds more than `leaf_capacity` stars. One is None.

    Raises InputError for a depth that the grid has not and for a capacity below 1.
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
        """The number of stars above which a cell splits: 0, any, where all leaves have one depth."""
        return self.leaf_capacity or 0


def first_keys(depth: NDArray[np.uint8], key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return uint64 [M]: the key at MAX_DEPTH of the first descendant of each cell, which sorts cells of all depths."""
    return key << (np.uint64(3) * (np.uint64(MAX_DEPTH) - depth.astype(np.uint64)))


def leaves_of(
    keys: NDArray[np.uint64], counts: NDArray[np.int64], depth: int, capacity: int, from_depth: int = 0
) -> Leaves:
    """Return the leaves of the tree in which a cell splits while it holds more than `capacity`.

    `keys` uint64 [U], ascending and unique, are the occupied cells of `depth`, `counts` int64 [U] what each holds. No
    cell of `depth` splits, however much it holds: with a capacity of 0 all leaves are there. The first cells looked at
    are those of `from_depth`, so that a part of the tree can be made by itself: the leaves below the cells that were
    too full on a coarse grid, from that grid's depth on, are those of the whole tree there. A pass over what is left
    per depth: a million keys take about 0.1 s.
    """
    depths, found, held = [], [], []
    for level in range(from_depth, depth + 1):
        if not len(keys):
            break
        above = keys >> np.uint64(3 * (depth - level))
        starts = np.flatnonzero(np.r_[True, above[1:] != above[:-1]])
        total = np.add.reduceat(counts, starts)
        leaf = (total <= capacity) | (level == depth)
        depths.append(np.full(np.count_nonzero(leaf), level, np.uint8))
        found.append(above[starts[leaf]])
        held.append(total[leaf])
        splits = np.repeat(~leaf, np.diff(np.r_[starts, len(keys)]))
        keys, counts = keys[splits], counts[splits]
    if not depths:
        return Leaves(np.zeros(0, np.uint8), np.zeros(0, np.uint64), np.zeros(0, np.int64))
    leaves = Leaves(np.concatenate(depths), np.concatenate(found), np.concatenate(held).astype(np.int64))
    order = np.argsort(leaves.first_keys)
    return Leaves(*(column[order] for column in leaves))


def inner_cells(leaves: Leaves) -> InnerCells:
    """Return every proper ancestor of `leaves`, each once; no leaf may lie in another one."""
    ends = np.concatenate([[0], np.cumsum(leaves.count)])
    levels = []
    for level in range(int(leaves.depth.max(initial=0))):
        below = np.flatnonzero(leaves.depth > level)
        above = leaves.key[below] >> (np.uint64(3) * (leaves.depth[below] - np.uint8(level)).astype(np.uint64))
        # All that lies below an inner cell is deeper than it and one run of the curve.
        starts = np.flatnonzero(np.r_[True, above[1:] != above[:-1]])
        first, stop = below[starts], below[np.r_[starts[1:], len(below)] - 1] + 1
        levels.append((np.full(len(starts), level, np.uint8), above[starts], first, stop, ends[stop] - ends[first]))
    if not levels:
        nothing = np.zeros(0, np.int64)
        return InnerCells(np.zeros(0, np.uint8), np.zeros(0, np.uint64), nothing, nothing, nothing)
    return InnerCells(*(np.concatenate(column) for column in zip(*levels)))
