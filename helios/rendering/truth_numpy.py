"""The float64 twin of the ground truth, for tests: every emitter over every pixel, nothing cut."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.constants import EPS_PX2
from helios.rendering.backend import NEAR


def render_truth_float64(
    means: ArrayLike,  # [N, 3] cell units
    luminosities: ArrayLike,  # [N] steradians * cell units^2
    colors: ArrayLike,  # [N, 3] linear RGB
    viewmats: ArrayLike,  # [C, 4, 4] world to camera, OpenCV axes
    Ks: ArrayLike,  # [C, 3, 3] pixels
    width: int,
    height: int,
    exposure: float = 1.0,
    even: bool = False,
) -> NDArray[np.float64]:  # [C, height, width, 3]
    """Return what `helios.rendering.truth.render_truth` returns, in float64 and O(C N H W) time."""
    means, luminosities, colors, viewmats, Ks = (
        np.asarray(a, np.float64) for a in (means, luminosities, colors, viewmats, Ks)
    )
    images = np.zeros((len(viewmats), height, width, 3))
    px, py = np.arange(width) + 0.5, (np.arange(height) + 0.5)[:, None]
    for image, viewmat, K in zip(images, viewmats, Ks):
        camera = means @ viewmat[:3, :3].T + viewmat[:3, 3]
        for i, z in enumerate(camera[:, 2]):
            if z < NEAR:
                continue
            x, y, _ = K @ camera[i] / z
            distance = np.linalg.norm(camera[i])
            pixels_per_sr = K[0, 0] * K[1, 1] * (1 / distance**2 if even else distance / z**3)
            peak = exposure * luminosities[i] * pixels_per_sr / (2 * np.pi * EPS_PX2)
            weight = peak * np.exp(-((px - x) ** 2 + (py - y) ** 2) / (2 * EPS_PX2))
            image += weight[..., None] * colors[i]
    return images
