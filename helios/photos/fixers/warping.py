"""Photographs as they look from another camera, through how deep the scene is in its view."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helios.simd import EXACT
from helios.threads import run_striped

FRONT = 0.05
"""Cosine of the angle between a surface's normal and the way to a camera below which the camera does not see it."""


def warp(
    points: NDArray[np.float64],
    normals: NDArray[np.float64],
    tolerance: float,
    images: NDArray[np.float32],
    depths: NDArray[np.float32],
    viewmats: NDArray[np.float64],
    Ks: NDArray[np.float64],
    sizes: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return (colors [P, H, W, 3], facing [P, H, W]) of a surface's `points` and `normals`, [H, W, 3], world.

    colors: what each of P photographs shows there, bilinear. facing: the cosine of the angle between the normal and the
    way to the photograph's camera; 0 where the photograph does not see the point, because the point is NaN, outside the
    picture, turned away, or more than `tolerance`, units of the scene, behind what the photograph sees in its place.
    images [P, H', W', 3], depths [P, H', W'], 0 where unknown, in one size; sizes [P, 2]: height and width of each.
    """
    height, width = points.shape[:2]
    colors = np.zeros((len(images), height, width, 3), np.float32)
    facing = np.zeros((len(images), height, width), np.float32)
    centres = -np.einsum("pji,pj->pi", viewmats[:, :3, :3], viewmats[:, :3, 3])
    projections = np.ascontiguousarray(Ks @ viewmats[:, :3])
    run_striped(
        _warp, height, None, colors, facing, points, normals, tolerance, images, depths, projections, centres, sizes
    )
    return colors, facing


@njit(**EXACT)
def _warp(
    stripe, stripes, colors, facing, points, normals, tolerance, images, depths, projections, centres, sizes
):  # fmt: skip
    count, height, width = facing.shape
    for y in range(stripe, height, stripes):
        for x in range(width):
            p, n = points[y, x], normals[y, x]
            if not np.isfinite(p[0]):
                continue
            for i in range(count):
                m, c = projections[i], centres[i]
                w = m[2, 0] * p[0] + m[2, 1] * p[1] + m[2, 2] * p[2] + m[2, 3]
                if w <= 0.0:
                    continue
                a = (m[0, 0] * p[0] + m[0, 1] * p[1] + m[0, 2] * p[2] + m[0, 3]) / w - 0.5
                b = (m[1, 0] * p[0] + m[1, 1] * p[1] + m[1, 2] * p[2] + m[1, 3]) / w - 0.5
                if not (a >= 0.0 and b >= 0.0 and a < sizes[i, 1] - 1 and b < sizes[i, 0] - 1):
                    continue
                d0, d1, d2 = c[0] - p[0], c[1] - p[1], c[2] - p[2]
                front = (d0 * n[0] + d1 * n[1] + d2 * n[2]) / math.sqrt(d0 * d0 + d1 * d1 + d2 * d2)
                col, row = int(a), int(b)
                fa, fb = a - col, b - row
                if not front > FRONT or w > depths[i, int(b + 0.5), int(a + 0.5)] + tolerance:
                    continue
                for k in range(3):
                    top = images[i, row, col, k] * (1 - fa) + images[i, row, col + 1, k] * fa
                    low = images[i, row + 1, col, k] * (1 - fa) + images[i, row + 1, col + 1, k] * fa
                    colors[i, y, x, k] = top * (1 - fb) + low * fb
                facing[i, y, x] = front
