"""`random`: splats at random places, as in 3D Gaussian Splatting without a point cloud."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helios.splats import Splats
from helios.training.scene import Scene
from helios.training.starts.knn import NEIGHBORS, spacing
from helios.training.starts.mixture import isotropic


@dataclass(frozen=True)
class Random:
    """Splats placed at random in the box of the cell's stars, sharing their light equally; none is kept.

    All have the mean colour of the light. Of the stars, only this box, the total light and the mean colour are used.
    """

    def __call__(self, scene: Scene, count: int) -> tuple[Splats, int]:
        stars = scene.cell.emitters
        light = stars.luminosities.astype(np.float64)
        means = scene.rng.uniform(stars.means.min(axis=0), stars.means.max(axis=0), (count, 3))
        color = np.average(stars.colors.astype(np.float64), axis=0, weights=light)
        sizes = spacing(means, scene.cell.radius, NEIGHBORS)
        return isotropic(means, sizes, np.full(count, light.sum() / count), np.tile(color, (count, 1))), 0
