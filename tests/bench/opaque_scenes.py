"""Scenes for the benchmarks of opaque rasterisers: an object amid its surroundings, before training and after.

Six of ten splats lie on a bumpy ball of radius 1 that the camera looks at, the others on the ground and on a wall.
`init` is what a trainer begins with: balls as wide as the mean distance to three neighbours, opacity 0.1. `trained` is
what it ends with: discs flat against the surface, of many sizes, opacities spread over 0 to 1.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

WIDTH, HEIGHT, FOCAL, DISTANCE = 400, 300, 380.0, 3.2


def scene(kind: str, splats: int, seed: int = 0) -> dict[str, Tensor]:
    """Return the tensors of `OpaqueBackend.draw` by name, for one camera, of `kind` "init" or "trained"."""
    draw = np.random.default_rng(seed)
    inner = int(0.6 * splats)
    normal = draw.normal(size=(splats, 3))
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    bumps = (
        1 + 0.08 * np.sin(7 * normal[:, :1]) * np.sin(6 * normal[:, 1:2] + 1) + 0.003 * draw.normal(size=(splats, 1))
    )
    means = normal * bumps
    ground, far = np.arange(splats) >= inner + (splats - inner) // 2, np.arange(splats) >= inner
    behind = np.stack([draw.uniform(-6, 6, splats), draw.uniform(-5, 1.1, splats), draw.normal(6, 0.02, splats)], 1)
    flat = np.stack([draw.uniform(-5, 5, splats), np.full(splats, 1.1), draw.uniform(-1.5, 6, splats)], 1)
    means[far], normal[far] = behind[far], (0.0, 0.0, 1.0)
    means[ground], normal[ground] = flat[ground], (0.0, -1.0, 0.0)
    near = cKDTree(means).query(means, 4)[0][:, 1:].mean(1, keepdims=True)
    if kind == "init":
        scales, quats = np.repeat(near, 3, 1), draw.normal(size=(splats, 4))
        opacities = np.full(splats, 0.1)
    else:
        sizes = near * np.exp(draw.normal(-0.1, 0.5, (splats, 1)))
        scales = sizes * np.concatenate([np.exp(draw.normal(0, 0.4, (splats, 2))), np.full((splats, 1), 0.1)], 1)
        # The shortest turn of the z axis to the normal, then any turn about it.
        quats = np.stack([1 + normal[:, 2], -normal[:, 1], normal[:, 0], np.zeros(splats)], 1)
        opacities = draw.uniform(0, 1, splats)
    viewmat = np.eye(4)
    viewmat[2, 3] = DISTANCE
    K = np.array([[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1]])
    colors = np.clip(0.5 + 0.3 * np.sin(9 * means + np.array([0, 1, 2])) + 0.1 * draw.normal(size=means.shape), 0, 1)
    arrays = {"means": means, "quats": quats, "scales": scales, "opacities": opacities, "colors": colors[None]}
    arrays |= {"viewmats": viewmat[None], "Ks": K[None]}
    return {name: torch.tensor(array, dtype=torch.float32) for name, array in arrays.items()}
