"""`knn`: splats at stars drawn at random, each with the light of the stars nearest to it: the start of 3DGS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helios.options import option
from helios.simd import JIT
from helios.splats import Splats
from helios.training.scene import Scene
from helios.training.starts.mixture import isotropic, point_sigma

NEIGHBORS = 3
"""Nearest neighbours whose mean distance is the first size of a splat (Kerbl et al. 2023, section 5.1)."""


@dataclass(frozen=True)
class Knn:
    """Splats at stars drawn at random; none is kept.

    Each has the total light and the mean colour of the stars to which it is the nearest splat. It is the start of 3DGS
    from a point cloud, with all the light of the cell in it.
    """

    neighbors: int = option(NEIGHBORS, "Nearest splats whose mean distance is the first size of a splat.", (1, 64))

    def __call__(self, scene: Scene, count: int) -> tuple[Splats, int]:
        stars = scene.cell.emitters
        light = stars.luminosities.astype(np.float64)
        chosen = np.sort(scene.rng.choice(len(stars), count, replace=False))
        means = stars.means[chosen].astype(np.float64)
        label = nearest(stars.means.astype(np.float64), means)
        label[chosen] = np.arange(count)  # of two in the same place, the second keeps at least its own light
        total = np.bincount(label, light, minlength=count)
        tint = (
            np.stack([np.bincount(label, light * c, minlength=count) for c in stars.colors.T], axis=1) / total[:, None]
        )
        return isotropic(means, spacing(means, scene.cell.radius, self.neighbors), total, tint), 0


def spacing(means: NDArray[np.float64], radius: float, neighbors: int) -> NDArray[np.float64]:
    """Return the mean distance [K] of points [K, 3] to their `neighbors` nearest others, at least `point_sigma`.

    With fewer others it is the mean over all of them; for a single point it is half the cell's `radius`.
    """
    if len(means) == 1:
        return np.array([0.5 * radius])
    return np.maximum(_mean_distance(means, min(neighbors, len(means) - 1)), point_sigma(radius))


@njit(**JIT)
def _mean_distance(means, count):
    out = np.empty(len(means))
    squares = np.empty(len(means))
    for i in range(len(means)):
        for j in range(len(means)):
            squares[j] = 0.0
            for k in range(3):
                squares[j] += (means[i, k] - means[j, k]) ** 2
        squares[i] = np.inf
        out[i] = np.sqrt(np.partition(squares, count - 1)[:count]).mean()
    return out


@njit(**JIT)
def nearest(points, centres):
    """Return the index [N] of the one of `centres` [K, 3] nearest to each of `points` [N, 3]; ties go to the first."""
    label = np.empty(len(points), np.int64)
    for i in range(len(points)):
        lowest = np.inf
        for j in range(len(centres)):
            square = 0.0
            for k in range(3):
                square += (points[i, k] - centres[j, k]) ** 2
            if square < lowest:
                lowest, label[i] = square, j
    return label
