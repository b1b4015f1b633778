"""Cuts: which cells are open, so that what is drawn is as near to the stars as a number of splats allows."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from helios.cells import Cells
from helios.levels.beside import hidden_light
from helios.levels.error_table import WIDTHS
from helios.levels.proxies import Lights

BLOCK_PX = 32
"""Width of the blocks, pixels, in which a picture may be wrong or right."""

WHOLE_WITHIN = 0.5
"""A camera within so many extents of a cell's centre of light sees all of its light in the wrong place."""

_SPLATS_POWER = 0.6
"""Cells are opened by their error over this power of the splats that they add: between most error and most error per
splat; measured on views of a million stars, 0 gives 2 % more error, 1 as much but more far away."""


def stars_below(own: NDArray[np.int64], parent: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many stars cells, of which each stands before its children, and those below have, int64 [C]."""
    below = own.astype(np.int64)
    for cell in range(len(below) - 1, 0, -1):
        below[parent[cell]] += below[cell]
    return below


@dataclass(frozen=True)
class LevelTree:
    """C cells and P proxies of a universe's levels, in memory.

    `parent` int64 [C], -1 for the root, which is cell 0; `cells`, those without the root; `own` int64 [C], the stars of
    each; `extent_m` float64 [C] and `table` float32 [C, 2, WIDTHS], the error of what stands for each; `proxies`, with
    `cell` int64 [P] for which each stands.
    """

    parent: NDArray[np.int64]
    cells: Cells
    own: NDArray[np.int64]
    extent_m: NDArray[np.float64]
    table: NDArray[np.float32]
    proxies: Lights
    cell: NDArray[np.int64]

    @cached_property
    def standing(self) -> NDArray[np.int64]:
        """How many proxies stand for each cell, int64 [C]."""
        return np.bincount(self.cell, minlength=len(self.parent))

    @cached_property
    def holding(self) -> NDArray[np.int64]:
        """How many proxies each cell holds for its children, int64 [C]."""
        return np.bincount(self.parent[1:], self.standing[1:], len(self.parent)).astype(np.int64)

    @cached_property
    def below(self) -> NDArray[np.int64]:
        """How many stars each cell and those below it have, int64 [C]."""
        return stars_below(self.own, self.parent)

    @cached_property
    def center_m(self) -> NDArray[np.float64]:
        """The centres of light of what stands for each cell, float64 [C, 3] metres; 0 for the root."""
        light = np.bincount(self.cell, self.proxies.luminosity, len(self.parent))
        axes = [np.bincount(self.cell, self.proxies.luminosity * x, len(light)) for x in self.proxies.position_m.T]
        return np.stack(axes, axis=1) / np.maximum(light, 1e-300)[:, None]

    @cached_property
    def children(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(cells, starts [C + 1]): those from starts[i] to starts[i + 1] - 1 are the children of cell i."""
        order = np.argsort(self.parent, kind="stable")
        return order, np.searchsorted(self.parent[order], np.arange(len(self.parent) + 1))

    def cosines(self, camera_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the cosine of the angle at which the lines from Sun and camera meet in each cell, float64 [C]."""
        to = self.center_m - camera_m
        lengths = [np.maximum(np.sqrt((line**2).sum(axis=1)), 1e-150) for line in (to, self.center_m)]
        return (to * self.center_m).sum(axis=1) / (lengths[0] * lengths[1])

    def shares(self, camera_m: NDArray[np.float64], focal_px: float) -> NDArray[np.float64]:
        """Return the share of light that what stands for each cell misplaces in blocks of BLOCK_PX, float64 [C].

        The picture's focal length is `focal_px` pixels; between the widths of a table shares are interpolated along the
        logarithm of the width, between its views by the squared cosine of the angle to the line from the Sun.
        """
        distance = np.maximum(np.sqrt(((self.center_m - camera_m) ** 2).sum(axis=1)), 1e-150)
        with np.errstate(divide="ignore"):
            place = np.log2(self.extent_m * focal_px / (BLOCK_PX * distance))
        narrow = np.clip(place, 0.0, WIDTHS - 1.0)
        low = np.minimum(narrow.astype(np.int64), WIDTHS - 2)
        weight = (narrow - low)[:, None]
        rows = np.arange(len(low))
        both = self.table[rows, :, low] * (1.0 - weight) + self.table[rows, :, low + 1] * weight
        along = self.cosines(camera_m) ** 2
        share = (both[:, 0] * along + both[:, 1] * (1.0 - along)) * np.exp2(np.minimum(place, 0.0))
        share = np.where(distance < WHOLE_WITHIN * self.extent_m, np.maximum(share, 1.0), share)
        return np.where(self.extent_m > 0, share, 0.0)

    def light_of(self, camera_m: NDArray[np.float64], seen: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """Return the light of what stands for each cell, as it is at the camera, float64 [C], steradians.

        With `seen` bool [P], only of those proxies.
        """
        square = ((self.proxies.position_m - camera_m) ** 2).sum(axis=1)
        light = self.proxies.luminosity / np.maximum(np.maximum(square, self.proxies.sigma_m**2), 1e-300)
        shown = light if seen is None else np.where(seen, light, 0.0)
        return np.bincount(self.cell, shown, len(self.parent)).astype(np.float64)

    @cached_property
    def _greatest(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(light from the Sun, luminosity) of the brightest, and of the most luminous proxy for each cell: float64 [C].

        Steradians, and steradians times square metres.
        """
        square = np.maximum((self.proxies.position_m**2).sum(axis=1), 1e-300)
        greatest = np.zeros((2, len(self.parent)))
        for most, values in zip(greatest, (self.proxies.luminosity / square, self.proxies.luminosity)):
            np.maximum.at(most, self.cell, values)
        return greatest[0], greatest[1]

    def errors(
        self, camera_m: NDArray[np.float64], focal_px: float, light: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Return the light by which each cell is wrong while it is closed, float64 [C], steradians: what `cut` goes by.

        It is what the cell's table misplaces of its `light` [C] (`light_of`, of a view perhaps), or, if that is more,
        what it may hide beside the camera (`helios.levels.beside`), as much of it as `light` is of all its light.
        """
        everything = self.light_of(camera_m)
        light = everything if light is None else light
        hidden = np.zeros(len(light))
        brightest, most_luminous = self._greatest
        hidden[1:] = hidden_light(self.cells, brightest[1:], most_luminous[1:], self.extent_m[1:], camera_m)
        hidden *= light / np.maximum(everything, 1e-300)
        return np.maximum(self.shares(camera_m, focal_px) * light, hidden)

    def cut(
        self,
        errors: NDArray[np.float64],
        budget: int,
        own_seen: NDArray[np.int64] | None = None,
        standing_seen: NDArray[np.int64] | None = None,
    ) -> NDArray[np.bool_]:
        """Return which cells are open, bool [C], the root among them.

        `errors` [C] are those of `errors`. Cells whose parent is open are opened by these, the largest first, as long
        as no more than `budget` splats are shown: `own_seen` and `standing_seen` [C] count those of a view, all by
        default.
        """
        own = self.own if own_seen is None else own_seen
        standing = self.standing if standing_seen is None else standing_seen
        holding = np.bincount(self.parent[1:], standing[1:], len(own))
        adds = own + holding - standing
        gain = errors / np.maximum(self.own + self.holding, 1) ** _SPLATS_POWER
        children, starts = self.children
        is_open = np.zeros(len(own), bool)
        is_open[0] = True
        shown = own[0] + holding[0]
        heap = [(-gain[c], int(c)) for c in children[starts[0] : starts[1]]]
        heapq.heapify(heap)
        while heap:
            worst, cell = heapq.heappop(heap)
            if worst == 0.0:
                break
            if shown + adds[cell] > budget:
                continue
            is_open[cell] = True
            shown += adds[cell]
            for child in children[starts[cell] : starts[cell + 1]].tolist():
                heapq.heappush(heap, (-gain[child], child))
        return is_open

    def shown_proxies(self, is_open: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which proxies are shown where cells are open, bool [P]: those of closed cells in open ones."""
        return ~is_open[self.cell] & is_open[self.parent[self.cell]]
