"""How much merging or splitting splats would change the images of a cell, by the measure by which stars are merged."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helios.simd import JIT
from helios.training.starts.merging import blur_scales, merger_cost
from helios.training.starts.mixture import MERGE_SCALES
from helios.training.strategies.slots import FILTER_SIGMA, Slots

_NEIGHBOURS = 8
"""Number of nearest neighbours that a splat may be merged with."""


class MergeCosts:
    """What merging and splitting the free splats of one cell would change in its images.

    Costs are those of `starts/merging.py`: the integrated squared change of the image from REFERENCE_RADII at three
    blurs, each relative to the energy of the image, with every splat treated as a ball of the same covariance trace.
    They describe the splats as they were at construction: callers report changes through `close` and `take`. A slot
    is open while it holds the same splat as then.
    """

    def __init__(self, slots: Slots):
        self._slots, self._index = slots, slots.free
        self._means, self._light = slots.means(self._index), slots.light(self._index)
        self._sizes, self._spread = slots.sizes(self._index), slots.spreads(self._index)
        self._open, self._drained = np.ones(len(self._index), bool), np.zeros(len(self._index), bool)
        self._unit = self._light.max()
        blurs = FILTER_SIGMA * np.array(MERGE_SCALES)
        self._scales = blur_scales(self._means, self._light / self._unit, self._spread, blurs)
        self._mergers = self._rank_mergers()

    def make_room(self, spared: int, most: float = np.inf) -> int | None:
        """Return an empty slot under the cap; if there is none, free one by the merger that changes the images least.

        The fainter of the two splats is merged into the other. Neither is in slot `spared`, closed, or changed by
        `take`. Return None if there is no such merger at a cost of at most `most`.
        """
        if room := self._slots.room:
            return room[0]
        usable = self._open & ~self._drained & (self._index != spared)
        for cost, i, j in self._mergers:
            if cost > most:
                break
            if usable[i] and usable[j]:
                slot, heir = int(self._index[i]), int(self._index[j])
                self._slots.merge(slot, heir)
                self._open[[i, j]] = False
                return slot
        return None

    def gain(self, slot: int, mean: NDArray[np.float64], light: float) -> float:
        """Return how much the images gain if `light` of the splat in `slot` moves to a point at `mean` [3].

        It is the cost of merging the two again.
        """
        i = self._at(slot)
        means = np.stack([mean, self._means[i]])
        parts = np.array([light, self._light[i] - light]) / self._unit
        return float(merger_cost(means, parts, np.array([0.0, self._spread[i]]), 0, 1, self._scales))

    def source(self, mean: NDArray[np.float64]) -> int | None:
        """Return the slot of the extended splat with most light at `mean` [3], which may stand for a star there.

        None if no open splat is wider than a point.
        """
        wide = self._open & (self._sizes > 0.5 * FILTER_SIGMA)
        if not wide.any():
            return None
        size = np.hypot(self._sizes, FILTER_SIGMA)
        square = np.sum((self._means - mean) ** 2, axis=1) / size**2
        density = np.log(self._light) - 0.5 * square - 3.0 * np.log(size)
        return int(self._index[np.argmax(np.where(wide, density, -np.inf))])

    def point_at(self, mean: NDArray[np.float64]) -> int | None:
        """Return the slot of the open splat that images cannot tell from a point at `mean` [3], or None."""
        square = np.sum((self._means - mean) ** 2, axis=1)
        near = self._open & (self._sizes <= 0.5 * FILTER_SIGMA) & (square < (1.5 * FILTER_SIGMA) ** 2)
        return int(self._index[np.argmin(np.where(near, square, np.inf))]) if near.any() else None

    def opened(self) -> NDArray[np.intp]:
        """Return the open slots."""
        return self._index[self._open]

    def is_open(self, slot: int) -> bool:
        """Return whether `slot` still holds the same splat."""
        return bool(self._open[self._at(slot)])

    def close(self, slot: int) -> None:
        """Record that `slot` no longer holds the same splat."""
        self._open[self._at(slot)] = False

    def take(self, slot: int, light: float) -> None:
        """Record that the splat in `slot` has lost `light`, or gained it if negative."""
        self._light[self._at(slot)] -= light
        self._drained[self._at(slot)] = True

    def _at(self, slot: int) -> int:
        return int(np.searchsorted(self._index, slot))

    def _rank_mergers(self) -> list[tuple[float, int, int]]:
        """Return (cost, fainter, brighter) for the mergers of neighbours, the cheapest first."""
        costs, partners = _price_mergers(self._means, self._light / self._unit, self._spread, self._scales, _NEIGHBOURS)
        pairs = {}
        for i, row in enumerate(zip(costs.tolist(), partners.tolist())):
            for cost, j in zip(*row):
                pairs[(i, j) if (self._light[i], i) <= (self._light[j], j) else (j, i)] = cost
        return sorted((cost, *pair) for pair, cost in pairs.items())


@njit(**JIT)
def _price_mergers(means, light, spread, scales, neighbours):
    """Return (costs, partners) [M, N] of the mergers of each of M splats with its N <= `neighbours` nearest others."""
    n = len(light)
    count = min(neighbours, n - 1)
    costs, partners = np.empty((n, count)), np.empty((n, count), np.int64)
    squares = np.empty(n)
    for i in range(n):
        for j in range(n):
            squares[j] = 0.0
            for k in range(3):
                squares[j] += (means[i, k] - means[j, k]) ** 2
        squares[i] = np.inf
        if count:
            farthest = np.partition(squares, count - 1)[count - 1]
        found = 0
        for j in range(n):
            if found < count and squares[j] <= farthest:
                costs[i, found], partners[i, found] = merger_cost(means, light, spread, i, j, scales), j
                found += 1
    return costs, partners
