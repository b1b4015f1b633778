"""The tree above the branches: the root, and the cells that hold too many stars to be made in one piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helios.cells import Cells
from helios.grid import MAX_DEPTH, keys_at
from helios.levels.own_stars import BRIGHT, OWN_STARS, ROOT_DEPTH
from helios.levels.proxies import Lights, proxies_of

BRANCH_ROWS = 1 << 20
"""Cells with more stars are above branches, if the universe splits them at all; a branch takes some 300 MB."""

ROOT_MAGNITUDE = 6.5
"""The root keeps the stars that are brighter from the Sun: what the naked eye sees, and more of few."""

ROOT_STARS = 16_384
"""Most stars that the root keeps."""

_ROOT_SHARE, _ROOT_FEWEST, _ROOT_LEAST = 160, 512, 8_192
"""The root keeps the brightest of so many stars, if these are no fewer than a number, up to another, also where few of
a sample are as bright as that: with the glow of all others the sky of a million stars has 7.8 % of its light in the
wrong block then, without 18 %."""


@dataclass(frozen=True)
class Top:
    """B branches and the T cells above them, the root first, each cell before those below it, in Morton order.

    `depth` int8 and `key` uint64 [T + B] name them all, `parent` int64 [T + B] is an index among them, -1 for the root;
    `first` and `stop` int64 [T + B] are the rows of their stars. `branches` int64 [B] are the indices of the branches.
    """

    depth: NDArray[np.int8]
    key: NDArray[np.uint64]
    parent: NDArray[np.int64]
    first: NDArray[np.int64]
    stop: NDArray[np.int64]
    branches: NDArray[np.int64]

    @property
    def above(self) -> NDArray[np.int64]:
        """The indices of the cells that are no branches, without the root, int64 [T - 1]."""
        return np.setdiff1d(np.arange(1, len(self.depth)), self.branches)

    def path(self, cell: int) -> list[int]:
        """Return the cells from `cell` up to one below the root."""
        found = []
        while cell > 0:
            found.append(cell)
            cell = int(self.parent[cell])
        return found


def top_of(leaves: Cells, offsets: NDArray[np.int64], branch_rows: int = BRANCH_ROWS) -> Top:
    """Return what is above the branches of a universe with `leaves` [M], whose stars begin at `offsets` [M + 1]."""
    first_keys = leaves.first_keys
    found = [(ROOT_DEPTH, 0, -1, 0, int(offsets[-1]))]
    branches = []
    waiting = _children(first_keys, 0, len(leaves), 0, 0)
    while waiting:
        a, b, depth, parent = waiting.pop()
        key = int(keys_at(MAX_DEPTH, first_keys[a : a + 1], depth)[0])
        rows = int(offsets[b] - offsets[a])
        found.append((depth, key, parent, int(offsets[a]), int(offsets[b])))
        if rows > branch_rows and leaves.depth[a] > depth:
            waiting += _children(first_keys, a, b, depth + 1, len(found) - 1)
        else:
            branches.append(len(found) - 1)
    depths, keys, parents, firsts, stops = zip(*found)
    return Top(
        np.array(depths, np.int8),
        np.array(keys, np.uint64),
        np.array(parents, np.int64),
        np.array(firsts, np.int64),
        np.array(stops, np.int64),
        np.array(branches, np.int64),
    )


def _children(first_keys, a: int, b: int, depth: int, parent: int) -> list[tuple[int, int, int, int]]:
    """The cells of `depth` that leaves a to b - 1 fill: (first leaf, leaf behind, depth, parent), the last first."""
    keys = keys_at(MAX_DEPTH, first_keys[a:b], depth)
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    ends = np.r_[starts[1:], b - a]
    return [(a + int(s), a + int(e), depth, parent) for s, e in zip(starts[::-1], ends[::-1])]


def root_stars(stars: int, naked: int) -> int:
    """Return how many stars the root of a universe of `stars` keeps, `naked` of which are above ROOT_MAGNITUDE."""
    least = min(stars // _ROOT_SHARE, _ROOT_LEAST)
    return min(max(naked, least if least >= _ROOT_FEWEST else 0), ROOT_STARS)


def candidates(flux: NDArray, luminosity: NDArray, mag: NDArray, levels: int, stars: int) -> NDArray[np.int64]:
    """Return the rows, ascending, of a branch's stars that cells above it may keep; the universe has `stars`.

    `levels` cells of the path up to the root take OWN_STARS each, at most.
    """
    in_root = root_stars(stars, int(np.count_nonzero(mag < ROOT_MAGNITUDE)))
    is_bright = np.zeros(len(flux), bool)
    is_bright[_greatest(flux, in_root + levels * OWN_STARS)] = True
    rest = np.flatnonzero(~is_bright)
    return np.union1d(np.flatnonzero(is_bright), rest[_greatest(luminosity[rest], levels * OWN_STARS)])


def keepers_above(
    top: Top, rows: NDArray[np.int64], flux: NDArray, luminosity: NDArray, mag: NDArray
) -> NDArray[np.int64]:
    """Return int64 [N]: which cell of `top` keeps each of the candidates with `rows`, ascending; -1 for none."""
    keeper = np.full(len(rows), -1)
    keeper[_greatest(flux, root_stars(int(top.stop[0]), int(np.count_nonzero(mag < ROOT_MAGNITUDE))))] = 0
    for cell in top.above.tolist():
        inside = slice(*np.searchsorted(rows, [top.first[cell], top.stop[cell]]))
        for values, count in ((flux, BRIGHT), (luminosity, OWN_STARS - BRIGHT)):
            free = inside.start + np.flatnonzero(keeper[inside] == -1)
            keeper[free[_greatest(values[free], count)]] = cell
    return keeper


def _greatest(values: NDArray, count: int) -> NDArray[np.int64]:
    """Return the places, ascending, of the `count` greatest `values`, the first among equals."""
    if count >= len(values):
        return np.arange(len(values))
    if not count:
        return np.zeros(0, np.int64)
    least = np.partition(values, len(values) - count)[len(values) - count]
    greater = np.flatnonzero(values > least)
    return np.union1d(greater, np.flatnonzero(values == least)[: count - len(greater)])


def proxies_above(
    top: Top, own: Sequence[Lights], held: Sequence[Lights]
) -> tuple[Lights, NDArray[np.int64], NDArray[np.int64]]:
    """Return (proxies, cell int64 [P], starts int64 [T + B + 1]) of the cells of `top`, as `proxies_of` does.

    `own` [T + B] are their own stars, `held` [T + B] the proxies that branches hold, none for cells above.
    """
    starts = np.r_[0, np.cumsum([len(stars) for stars in own])]
    return proxies_of(Lights.joined(list(own)), starts, top.parent, list(held))
