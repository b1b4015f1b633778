"""Cells of the levels in training: what stands for a cell is fitted to its stars, from the proxies of the tree."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from helios.levels.standing import Standing
from helios.rendering.mean_light import mean_light
from helios.splats import Cell, Splats
from helios.training.starts.mixture import isotropic, point_sigma
from helios.universe import Universe
from helios.universe.trained_levels import standing_of


@dataclass(frozen=True)
class StandingCell(Cell):
    """A cell of the levels: its emitters are the stars that soft proxies stand for, its frame fits these.

    `standing` says what stands for it in the tree.
    """

    standing: Standing

    @property
    def name(self) -> str:
        """That of the cell, which may train too, as one of the levels."""
        return f"levels-{self.id}"

    @classmethod
    def read(cls, universe: Universe, cell: int) -> StandingCell:
        """Return the `cell` of the levels of `universe`. Raises StoreError if it is damaged."""
        standing = standing_of(universe, cell)
        return cls(universe.levels.cells[cell - 1], *standing.frame_m, standing.radius, standing.emitters(), standing)

    @property
    def given_start(self) -> Splats:
        """The soft proxies in their order."""
        soft = self.standing.soft
        sigma = np.maximum(soft.sigma_m / self.half_extent_m, point_sigma(self.radius))
        means = (soft.position_m - self.origin_m) / self.half_extent_m
        return isotropic(means, sigma, soft.luminosity / self.half_extent_m**2, soft.color)

    def settle(self, splats: Splats) -> Splats | None:
        """Return `splats` made isotropic, as the tree takes them; None where they leave the cell.

        Both are in units of this cell's frame.
        """
        scales = splats.scales.astype(np.float64)
        sigma = np.sqrt((scales**2).mean(axis=1))
        round_ones = isotropic(splats.means, sigma, mean_light(splats.opacities, splats.scales), splats.colors)
        units = self.standing.frame_m[1] / self.half_extent_m
        in_frame = replace(round_ones, means=round_ones.means / units, scales=round_ones.scales / units)
        return None if self.standing.fit(in_frame) is None else round_ones
