"""The levels of a universe as a pack v2 has them: cells, tiles, pages, and the branches that are packed one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from helios.grid import MAX_DEPTH, keys_at
from helios.levels.branch import flux_of
from helios.levels.top import BRANCH_ROWS, top_of
from helios.packing.v2.encode import block_bytes
from helios.packing.v2.pages import entry_bytes, plan_pages, tail_bytes
from helios.packing.v2.quantities import extent_steps
from helios.universe import Universe

_PROXY_ROWS = 1 << 18
"""Proxies that are read together."""


@dataclass(frozen=True)
class Branch:
    """A part of the tree whose stars are the rows `first` to `stop` - 1 of the universe: all below one cell of `depth`.

    Below that cell are the cells `begin` to `end` - 1 of the tree; the cell itself and those above it are `path`, as
    pairs of depth and number, from the root on. Stars of the rows that these keep belong to the upper part of the tree.
    """

    first: int
    stop: int
    depth: int
    begin: int
    end: int
    path: tuple[tuple[int, int], ...]


class PackTree:
    """The cells of a universe's levels, C of them, and what a pack makes of them before it reads any star."""

    def __init__(self, universe: Universe, branch_rows: int = BRANCH_ROWS):
        levels = universe.levels
        self.levels, self.depth, self.key, self.own = levels, levels.depth, levels.key, levels.own
        self.parent, self._universe, self._branch_rows = levels.parent, universe, branch_rows
        bits = np.left_shift(1, (self.key[1:] & np.uint64(7)).astype(np.int64))
        self.child_mask = np.bincount(self.parent[1:], bits, len(self)).astype(np.uint8)
        self.extent = extent_steps(levels.extent_m)
        self.extent[0] = 0
        self.tile_stars = np.bincount(self.parent[1:], self.own[1:], len(self)).astype(np.int64)

    def __len__(self) -> int:
        return len(self.depth)

    def plan(self) -> None:
        """Find what is found once, when it is first asked for, now."""
        _ = self.tiles, self.upper, self._by_parent

    @cached_property
    def page(self) -> NDArray[np.int64]:
        """The cell whose page has the children of each cell, int64 [C]; 0: the head, -1: it has none."""
        blocks = block_bytes(self.own, np.diff(self.levels.starts))
        most = np.bincount(self.parent[1:], blocks[1:], len(self)).astype(np.int64)
        entry = entry_bytes(self.extent, self.child_mask, most, self.tile_stars)
        entry[0] = (self.child_mask[0] > 0) * tail_bytes(most[:1], self.tile_stars[:1])[0]
        return plan_pages(self.depth, self.parent, self.child_mask, entry, self._light())

    def _light(self) -> NDArray[np.float64]:
        """The light of the proxies for each cell from the Sun, float64 [C], steradians; 0 of the root."""
        child = np.full((len(self), 8), 0, np.int64)
        child[self.parent[1:], (self.key[1:] & np.uint64(7)).astype(np.int64)] = np.arange(1, len(self))
        light = np.zeros(len(self))
        for begin in range(0, int(self.levels.starts[-1]), _PROXY_ROWS):
            stop = min(begin + _PROXY_ROWS, int(self.levels.starts[-1]))
            lights, number = self.levels.proxies(begin, stop)
            holder = np.searchsorted(self.levels.starts, np.arange(begin, stop), "right") - 1
            light += np.bincount(child[holder, number], flux_of(lights), len(self))
        return light

    @cached_property
    def tiles(self) -> NDArray[np.int64]:
        """The cells with children, and so with a tile, in the order of the pack: page by page, each breadth first."""
        inner = np.flatnonzero(self.child_mask)
        return inner[np.lexsort((self.key[inner], self.depth[inner], self.page[inner]))]

    def families(self, parents: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (children of `parents` [T], one parent's after the other's, and where each's begin, int64 [T + 1])."""
        order, first = self._by_parent
        counts = first[parents + 1] - first[parents]
        starts = np.r_[0, np.cumsum(counts)]
        rows = np.arange(starts[-1]) + np.repeat(first[parents] - starts[:-1], counts)
        return order[rows], starts

    @cached_property
    def _by_parent(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        order = np.argsort(self.parent, kind="stable")
        return order, np.searchsorted(self.parent[order], np.arange(len(self) + 1))

    @cached_property
    def branches(self) -> list[Branch]:
        """The branches, whose rows are all stars, in order."""
        top = top_of(self._universe.cells, self._universe.offsets, self._branch_rows)
        first_keys = keys_at(np.maximum(self.depth, 0), self.key, MAX_DEPTH)
        found = []
        for cell in top.branches.tolist():
            depth, key = int(top.depth[cell]), int(top.key[cell])
            path = [0]
            for level in range(depth + 1):
                path += self._find(level, key >> 3 * (depth - level), first_keys)
            low, high = (np.uint64(k << 3 * (MAX_DEPTH - depth)) for k in (key, key + 1))
            begin, end = np.searchsorted(first_keys, [low, high]).tolist()
            while begin < end and self.depth[begin] <= depth:
                begin += 1
            steps = tuple((int(self.depth[c]), c) for c in path)
            found.append(Branch(int(top.first[cell]), int(top.stop[cell]), depth, begin, end, steps))
        return found

    def _find(self, depth: int, key: int, first_keys: NDArray[np.uint64]) -> Iterator[int]:
        """Yield the number of the cell `key` of `depth`, if it is there."""
        first = np.uint64(key << 3 * (MAX_DEPTH - depth))
        begin, end = np.searchsorted(first_keys, first), np.searchsorted(first_keys, first, "right")
        yield from (int(begin) + np.flatnonzero(self.depth[begin:end] == depth)).tolist()

    @cached_property
    def upper(self) -> NDArray[np.int64]:
        """The cells in no branch: the root, and those on the paths of branches, int64, ascending."""
        inside = np.zeros(len(self), bool)
        for branch in self.branches:
            inside[branch.begin : branch.end] = True
        return np.flatnonzero(~inside)
