"""Starts that know little or nothing of where the light is, as in 3D Gaussian Splatting: training has to find it."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helios.render.jit import JIT
from helios.splats import Splats
from helios.train.scene import Scene
from helios.train.starts.mixture import isotropic, point_sigma

NEIGHBOURS = 3
"""A splat begins as large as the mean distance to so many nearest neighbours (Kerbl et al. 2023, section 5.1)."""


def random_start(scene: Scene, count: int) -> tuple[Splats, int]:
    """Return `count` splats anywhere in the box of the cell's stars that share all their light equally; none is kept.

    Their colour is the light's mean. Only how much light there is, and in which box, is taken from the stars.
    """
    stars = scene.cell.emitters
    light = stars.luminosities.astype(np.float64)
    means = scene.rng.uniform(stars.means.min(axis=0), stars.means.max(axis=0), (count, 3))
    color = np.average(stars.colors.astype(np.float64), axis=0, weights=light)
    sizes = spacing(means, scene.cell.radius)
    return isotropic(means, sizes, np.full(count, light.sum() / count), np.tile(color, (count, 1))), 0


def knn_start(scene: Scene, count: int) -> tuple[Splats, int]:
    """Return splats at `count` <= N stars drawn at random; each has the light of those it is nearest to; none is kept.

    Its colour is the mean of theirs. What the 3DGS start makes of a point cloud, with all the light in it.
    """
    stars = scene.cell.emitters
    light = stars.luminosities.astype(np.float64)
    chosen = np.sort(scene.rng.choice(len(stars), count, replace=False))
    means = stars.means[chosen].astype(np.float64)
    label = nearest(stars.means.astype(np.float64), means)
    label[chosen] = np.arange(count)  # where two of them are in one place, the second keeps at least its own light
    total = np.bincount(label, light, minlength=count)
    tint = np.stack([np.bincount(label, light * c, minlength=count) for c in stars.colors.T], axis=1) / total[:, None]
    return isotropic(means, spacing(means, scene.cell.radius), total, tint), 0


def spacing(means: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """The mean distance [K] of points [K, 3] to their NEIGHBOURS nearest others, at least a point's size.

    With fewer others it is the mean over all of them; a single point is as large as half the cell's `radius`.
    """
    if len(means) == 1:
        return np.array([0.5 * radius])
    return np.maximum(_mean_distance(means, min(NEIGHBOURS, len(means) - 1)), point_sigma(radius))


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
    """The index [N] of the centre [K, 3] that each of `points` [N, 3] is nearest to; ties go to the first."""
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
