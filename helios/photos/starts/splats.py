"""Points with colours as splats: round, and as large as their neighbours are far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Generator

from helios.photos.table import SplatTable

C0 = 0.28209479177387814
"""The constant spherical harmonic, sqrt(1 / (4 pi))."""

_NEIGHBOURS = 3
"""A splat's variance is the mean square of the distances to so many nearest others, as in 3DGS."""

_LEAST_SHARE = 1e-6
"""Least size, as a share of that of the box of all points: points may coincide."""


@dataclass(frozen=True)
class Options:
    """Options of all starts, named as in gsplat's trainer.

    `init_opa` is the opacity of each splat, `init_scale` a factor of their sizes; `sh_degree`, 0 to 3, is the degree of
    the harmonics that the table has room for; `max_gaussians` caps the number of splats.
    """

    max_gaussians: int
    init_opa: float
    init_scale: float
    sh_degree: int


def splats_at(points: NDArray, colors: NDArray, options: Options, rng: Generator) -> SplatTable:
    """Return splats at `points` [N, 3], of `colors` [N, 3] from 0 to 1, alike from all sides, turned at random."""
    count = len(points)
    sizes = neighbour_distances(points) * options.init_scale
    return SplatTable(
        {
            "means": torch.from_numpy(points.astype(np.float32)),
            "scales": torch.from_numpy(np.log(sizes).astype(np.float32))[:, None].repeat(1, 3),
            "quats": torch.rand((count, 4), generator=rng, device=rng.device).cpu(),
            "opacities": torch.full((count,), options.init_opa).logit(),
            "sh0": torch.from_numpy(((colors - 0.5) / C0).astype(np.float32))[:, None],
            "shN": torch.zeros(count, (options.sh_degree + 1) ** 2 - 1, 3),
        }
    )


def neighbour_distances(points: NDArray) -> NDArray[np.float64]:
    """Return the root mean square [N] of the distances of each of `points` [N, 3] to its nearest others.

    At least _LEAST_SHARE of the size of their box. O(N log N).
    """
    points = np.asarray(points, np.float64)
    others = min(_NEIGHBOURS, len(points) - 1)
    least = _LEAST_SHARE * float(np.ptp(points, axis=0).max(initial=0.0)) or 1.0
    if others < 1:
        return np.full(len(points), least)
    distances, _ = cKDTree(points).query(points, k=others + 1)
    return np.maximum(np.sqrt(np.square(distances[:, 1:]).mean(axis=1)), least)
