"""A cut of the levels of detail as a source of light: fewer lights than stars, and an error known beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from helios.coords import stacked_positions_m
from helios.errors import InputError
from helios.grid import deepest_keys
from helios.levels.branch import LIGHT_COLUMNS, stars_as_lights
from helios.levels.cut import BLOCK_PX, LevelTree
from helios.levels.known_error import known_error
from helios.levels.proxies import Lights
from helios.pictures.lights import BLOCK_ROWS, Block, lights_as_blocks
from helios.pictures.views import View

if TYPE_CHECKING:
    from helios.universe import Universe


class Cut:
    """At most about `budget` stars and proxies of a universe, as near to what all its stars show in `views` as can be.

    `misplaced_sr` is the light, steradians at exposure 1, that stands in the wrong block of 32 pixels of the worst of
    the views, known from the levels' tables; of a map of all the sky more than that, as what cells make up for each
    other is not taken off. Memory: 80 bytes for each proxy of the universe, and for each light of the cut. Raises
    InputError for a budget below the lights of the root, which are always shown, StoreError where the levels are
    damaged.
    """

    def __init__(self, universe: Universe, views: Sequence[View], budget: int):
        self._universe, self._levels, tree = universe, universe.levels, universe.levels.tree()
        least = int(tree.own[0] + tree.holding[0])
        if budget < least:
            raise InputError(f"--budget {budget}: must be at least {least:,}, the lights that any cut shows")
        lights = [_light_in(view, tree) for view in views]
        errors = [
            tree.errors(view.eye_m, view.focal_px, light) / max(float(light.sum()), 1e-300)
            for view, light in zip(views, lights)
        ]
        self._open = tree.cut(np.max(errors, axis=0), budget)
        self._proxies = tree.proxies.take(tree.shown_proxies(self._open))
        self.stars, self.proxies = int(tree.own[self._open].sum()), len(self._proxies)
        self.misplaced_sr = max(
            _misplaced(view, tree, self._open, tree.shares(view.eye_m, view.focal_px) * light)
            for view, light in zip(views, lights)
        )

    def __iter__(self) -> Iterator[Block]:
        """Yield the stars of open cells, and the proxies of those closed below them."""
        return iter(self._blocks)

    @cached_property
    def _blocks(self) -> list[Block]:
        stars = [block for part in self._own_stars() for block in lights_as_blocks(part)]
        return [*stars, *lights_as_blocks(self._proxies)]

    def _own_stars(self) -> Iterator[Lights]:
        deepest = int(self._levels.depth[self._open].max())
        count = int(self._universe.offsets[-1])
        for start in range(0, count, BLOCK_ROWS):
            stop = min(start + BLOCK_ROWS, count)
            owner = self._levels.owner(start, stop)
            near = np.flatnonzero(owner <= deepest)
            if not len(near):
                continue
            columns = {name: rows[near] for name, rows in self._universe.columns(LIGHT_COLUMNS, start, stop).items()}
            cells = self._levels.cells_of(deepest_keys(stacked_positions_m(columns)), owner[near])
            shown = self._open[cells]
            if shown.any():
                yield stars_as_lights({name: rows[shown] for name, rows in columns.items()})


def _light_in(view: View, tree: LevelTree) -> NDArray[np.float64]:
    """Return the light of what stands for each cell that falls into `view`, float64 [C], steradians.

    Of a proxy at the rim of the cone around a pinhole's picture, as much as of a Gaussian lies within its edge, a
    plane; the normal distribution by the logistic one, to 1 %.
    """
    if view.projection != "pinhole":
        return tree.light_of(view.eye_m)
    to = tree.proxies.position_m - view.eye_m
    distance = np.maximum(np.linalg.norm(to, axis=1), 1e-300)
    aside = np.arctan2(np.linalg.norm(np.cross(to, view.axes[2]), axis=1), to @ view.axes[2])
    sigma = np.maximum(tree.proxies.sigma_m / distance, 1e-3)
    within = 1.0 / (1.0 + np.exp(np.clip(1.702 * (aside - view.reach) / sigma, -50.0, 50.0)))
    light = within * tree.proxies.luminosity / np.maximum(distance, tree.proxies.sigma_m) ** 2
    return np.bincount(tree.cell, light, len(tree.parent)).astype(np.float64)


def _misplaced(view: View, tree: LevelTree, is_open: NDArray[np.bool_], misplaced: NDArray[np.float64]) -> float:
    if view.projection == "pinhole":
        size = max(view.width, view.height, BLOCK_PX)
        return known_error(tree, is_open, misplaced, view.eye_m, view.axes, view.focal_px, size)
    shown = ~is_open & is_open[np.maximum(tree.parent, 0)]
    return float(misplaced[shown].sum())
