"""Views that judge levels of detail: pictures of light in blocks, from places near and far."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helios.constants import EPS_PX2
from helios.fixed_order import norm
from helios.levels.cut import BLOCK_PX
from helios.levels.error_table import BLOCKS, shares_of
from helios.levels.proxies import Lights
from helios.simd import EXACT
from helios.splats import rotation_rows

SIZE_PX = 1024
FOCAL_PX = 0.5 * SIZE_PX / math.tan(math.radians(30.0))
"""Pictures are squares of SIZE_PX pixels, BLOCKS blocks of BLOCK_PX, and 60 degrees."""

_FILTER = math.sqrt(EPS_PX2) / BLOCK_PX
"""Standard deviation of the pixel filter, in blocks."""

NEAREST = 0.2
"""What is nearer to the plane of the camera than this share of its distance is outside of any such picture."""


@dataclass(frozen=True)
class View:
    """A camera at `camera_m` float64 [3]; `rotation` float64 [3, 3] has its right, down and forward in rows."""

    camera_m: NDArray[np.float64]
    rotation: NDArray[np.float64]

    def add(self, lights: Lights, weights: NDArray[np.float64], out: NDArray[np.float64]) -> None:
        """Add the light of N isotropic `lights`, steradians, times each of K `weights` [N, K], to `out`.

        `out` float64 [K, BLOCKS, BLOCKS] are blocks, rows first. Light is integrated over each block.
        """
        _add(
            *(lights.position_m, lights.sigma_m, lights.luminosity, self.camera_m, self.rotation),
            np.ascontiguousarray(weights, np.float64),
            out,
        )


def place_views(distance_m: float, directions: int, seed: int) -> list[View]:
    """Return views from one place, `distance_m` from the Sun in a random direction, towards the Sun and elsewhere.

    The first of the `directions` looks at the Sun; each other one at random.
    """
    rng = np.random.default_rng(seed)
    toward = rng.standard_normal(3)
    camera_m = distance_m * toward / norm(toward)
    views = []
    for number in range(directions):
        q = rng.standard_normal(4)
        axes = np.array(rotation_rows(*(q / norm(q))))
        if number == 0 and distance_m > 0:
            forward = -toward / norm(toward)
            right = np.cross(forward, axes[0])
            right /= norm(right)
            axes = np.stack([right, np.cross(forward, right), forward])
        views.append(View(camera_m, axes))
    return views


@njit(**EXACT)
def _add(position, sigma, luminosity, camera, rotation, weights, out):
    share, place = np.empty((2, BLOCKS)), np.empty(3)
    for i in range(len(luminosity)):
        square = 0.0
        place[:] = 0.0
        for k in range(3):
            d = position[i, k] - camera[k]
            square += d * d
            for axis in range(3):
                place[axis] += rotation[axis, k] * d
        distance = np.sqrt(square)
        if place[2] <= NEAREST * distance:
            continue
        scale = FOCAL_PX / BLOCK_PX / place[2]
        spread = np.sqrt((scale * sigma[i]) ** 2 + _FILTER**2)
        x0, x1 = shares_of(scale * place[0] + BLOCKS / 2, spread, share[0])
        y0, y1 = shares_of(scale * place[1] + BLOCKS / 2, spread, share[1])
        light = luminosity[i] * distance / place[2] ** 3
        for y in range(y0, y1):
            for x in range(x0, x1):
                here = light * share[1, y] * share[0, x]
                for k in range(weights.shape[1]):
                    out[k, y, x] += weights[i, k] * here
