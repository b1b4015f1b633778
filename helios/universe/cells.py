"""Cells of any depths: their frames, their names, and the tree that finds them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.errors import InputError
from helios.grid import MAX_DEPTH, CellId, HLGrid, cell_keys, cells_of_keys
from helios.universe.tree import first_keys


class Cells(NamedTuple):
    """M cells: `depth` uint8 [M] and the indices `l`, `theta` and `phi` at that depth, int32 [M] each."""

    depth: NDArray[np.uint8]
    l: NDArray[np.int32]
    theta: NDArray[np.int32]
    phi: NDArray[np.int32]

    @classmethod
    def of_keys(cls, depth: NDArray[np.uint8], key: NDArray[np.uint64]) -> Cells:
        """The cells of `key` uint64 [M] at `depth` uint8 [M]."""
        return cls(depth, *cells_of_keys(key))

    @classmethod
    def of_ids(cls, ids: Sequence[CellId]) -> Cells:
        """The cells named `ids`."""
        columns = np.array([(cell.depth, cell.l, cell.theta, cell.phi) for cell in ids], np.int32).reshape(-1, 4).T
        return cls(columns[0].astype(np.uint8), *columns[1:])

    @property
    def keys(self) -> NDArray[np.uint64]:
        """Morton keys uint64 [M], each at the depth of its cell."""
        return cell_keys(self.l, self.theta, self.phi)

    @property
    def first_keys(self) -> NDArray[np.uint64]:
        """The keys of the cells' first descendants at MAX_DEPTH, uint64 [M]: by them leaves are sorted."""
        return first_keys(self.depth, self.keys)

    def id(self, i: int) -> CellId:
        """The cell of index `i`."""
        return CellId(*(int(column[i]) for column in self))

    def name(self, i: int) -> str:
        """The name of the cell of index `i`: L_THETA_PHI where all cells have one depth, else DEPTH_L_THETA_PHI."""
        return str(self.id(i)) if (self.depth == self.depth[0]).all() else self.id(i).full_name

    def take(self, indices: ArrayLike | slice) -> Cells:
        """The cells of `indices`."""
        return Cells(*(column[indices] for column in self))

    def bounds_m(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (min, max), each float64 [M, 3] metres; see `HLGrid.bounds_m`."""
        low, high = np.empty((2, len(self.l), 3))
        for depth in np.unique(self.depth).tolist():
            own = self.depth == depth
            low[own], high[own] = HLGrid(depth).bounds_m(*(column[own] for column in self[1:]))
        return low, high

    def frames_m(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (origin [M, 3], half_extent [M]), float64 metres; see `HLGrid.frames_m`."""
        low, high = self.bounds_m()
        return (low + high) / 2, np.max(high - low, axis=-1) / 2


class Tree:
    """Finds the leaves among `leaves`, M cells of which none lies in another, in the order of their `first_keys`.

    `depth` is that of all leaves, None where each has its own.
    """

    def __init__(self, leaves: Cells, depth: int | None):
        self.leaves, self.depth = leaves, depth

    @cached_property
    def _first(self) -> NDArray[np.uint64]:
        return self.leaves.first_keys

    def name(self, cell: CellId) -> str:
        """`L_THETA_PHI` where all leaves have one depth, else `DEPTH_L_THETA_PHI`."""
        return cell.full_name if self.depth is None else str(cell)

    def parse(self, text: str) -> CellId:
        """The cell that `text`, `DEPTH_L_THETA_PHI` or `L_THETA_PHI`, names: a leaf, or of a depth that is said.

        Raises InputError where it names no cell, no leaf, or, without a depth, several leaves.
        """
        if self.depth is not None or text.count("_") != 2:
            return CellId.parse(text, self.depth)
        wanted = CellId.parse(text, MAX_DEPTH)
        leaves = self.leaves
        same = (leaves.l == wanted.l) & (leaves.theta == wanted.theta) & (leaves.phi == wanted.phi)
        found = [leaves.id(i) for i in np.flatnonzero(same)]
        if len(found) != 1:
            several = " or ".join(cell.full_name for cell in found) or "no cell is called that at any depth"
            raise InputError(f"cell {text!r}: its depth is needed, as in 7_30_12_7 ({several})")
        return found[0]

    def below(self, cell: CellId) -> range:
        """The indices of the leaves that are `cell` or lie in it."""
        shift = 3 * (MAX_DEPTH - cell.depth)
        edges = np.array([cell.key << shift, (cell.key + 1) << shift], np.uint64)
        start, stop = (int(place) for place in np.searchsorted(self._first, edges))
        # A leaf that holds `cell` may begin where it begins; then it is the only one there.
        holder = start < stop and self.leaves.depth[start] < cell.depth
        return range(stop if holder else start, stop)

    def meeting(self, cells: Cells) -> NDArray[np.bool_]:
        """Return bool [M]: which leaves are one of `cells`, lie in one, or hold one."""
        keys = cells.keys
        start = np.searchsorted(self._first, first_keys(cells.depth, keys))
        stop = np.searchsorted(self._first, first_keys(cells.depth, keys + np.uint64(1)))
        # +1 where a run of leaves begins, -1 where it ends.
        change = np.zeros(len(self.leaves.l) + 1, np.int64)
        np.add.at(change, start, 1)
        np.add.at(change, stop, -1)
        met = np.cumsum(change[:-1]) > 0
        holder = self._holder(first_keys(cells.depth, keys))
        met[holder[holder >= 0]] = True
        return met

    def index_of(self, cell: CellId) -> int:
        """The index of the leaf `cell`, -1 where there is none."""
        i = int(np.searchsorted(self._first, np.uint64(cell.key << 3 * (MAX_DEPTH - cell.depth))))
        return i if i < len(self.leaves.l) and self.leaves.id(i) == cell else -1

    def locate(self, position_m: ArrayLike) -> NDArray[np.int64]:
        """Return int64 [N]: the index of the leaf that holds each position [N, 3], -1 where none does."""
        l, theta, phi = HLGrid(MAX_DEPTH).locate(position_m)
        return np.where(l >= 0, self._holder(cell_keys(np.maximum(l, 0), theta, phi)), -1)

    def cells_at(self, position_m: ArrayLike) -> Cells:
        """Return the cell of each position [N, 3]: the leaf that holds it or, where none does, the empty cell there.

        Empty space belongs to the largest cells without a leaf in them, or to cells of `depth` where all leaves have
        that. Where the grid has no cell, `l` is INSIDE_R_MIN or BEYOND_GRID.
        """
        grid = HLGrid(MAX_DEPTH if self.depth is None else self.depth)
        l, theta, phi = grid.locate(position_m)
        if self.depth is not None:
            return Cells(np.full(len(l), self.depth, np.uint8), l, theta, phi)
        keys = cell_keys(np.maximum(l, 0), theta, phi)
        holder, after = self._holder(keys), np.searchsorted(self._first, keys)
        shared = np.zeros(len(keys), np.int64)
        for near in (after - 1, after):
            there = (near >= 0) & (near < len(self._first))
            other = self._first[np.clip(near, 0, len(self._first) - 1)]
            # How many cells, one inside the other, hold both; the next one holds no leaf.
            same = [(keys ^ other) >> np.uint64(3 * (MAX_DEPTH - depth)) == 0 for depth in range(MAX_DEPTH + 1)]
            shared = np.maximum(shared, there * np.sum(same, axis=0))
        depth = np.where(holder >= 0, self.leaves.depth[holder], np.minimum(shared, MAX_DEPTH)).astype(np.uint8)
        depth[l < 0] = 0
        cells = Cells.of_keys(depth, keys >> (np.uint64(3) * (np.uint64(MAX_DEPTH) - depth.astype(np.uint64))))
        return Cells(depth, *(np.where(l < 0, raw, own) for raw, own in zip((l, theta, phi), cells[1:])))

    def _holder(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The index of the leaf that holds each of `keys` at MAX_DEPTH, -1 where none does."""
        i = np.searchsorted(self._first, keys, side="right") - 1
        up = np.uint64(3) * (np.uint64(MAX_DEPTH) - self.leaves.depth[i].astype(np.uint64))
        return np.where((i >= 0) & (keys >> up == self._first[i] >> up), i, -1)
