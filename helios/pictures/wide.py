"""Gaussians so wide that a projection bends within them: the light along the ray of each pixel, as the viewer has it.

With the centre at p, the ray u and both in units of the Gaussian's standard deviations, its brightness along the ray is

    tau F(|p|) exp(-|p x u|^2 / 2 |u|^2) Phi(p.u / |u|)

Phi the share of it that lies before the camera, and F what makes the sum over the sphere 2 pi tau sigma^2 / max(d^2,
sigma^2): client_export/src/wide_shader.ts, whose fit of F, good to 0.3 %, this is. A pixel gets it times the share of
the sky that it covers.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helios.simd import EXACT

REACH = 4.5
"""Standard deviations beside the ray to the centre at which a Gaussian is cut: 4e-5 of its light lies outside."""

TILE_PX = 16
"""Pixels are looked at in tiles of so many a side, of which those are left out that a Gaussian does not reach."""

SMOOTH_PX = 8.0
"""Gaussians of this standard deviation and more, in the pixels of a smaller picture, may be drawn there: interpolated,
they are wider by a sixth of the square of its pixels, 0.1 %."""


def tiles_of(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, of each tile of a map of rays [H, W, 3], the direction of its middle and its angular radius, [R, C,
    4]."""
    height, width = directions.shape[:2]
    tiles = np.empty((-(-height // TILE_PX), -(-width // TILE_PX), 4))
    for row, column in np.ndindex(tiles.shape[:2]):
        y, x = row * TILE_PX, column * TILE_PX
        inside = directions[y : y + TILE_PX, x : x + TILE_PX].reshape(-1, 3)
        middle = directions[min(y + TILE_PX // 2, height - 1), min(x + TILE_PX // 2, width - 1)]
        apart = np.linalg.norm(inside - middle, axis=1).max()
        tiles[row, column, :3], tiles[row, column, 3] = middle, 2.0 * math.asin(min(apart / 2.0, 1.0))
    return tiles


@njit(**EXACT)
def draw_wide(stripe, stripes, picture, position, opacity, covariance, colors, eye, directions, share, tiles):
    """Add Gaussians, as in `helios.pictures.lights.Block`, to rows of tiles stripe, stripe + stripes, ... of `picture`.

    `directions` [H, W, 3] and `share` [H, W] are those of `helios.pictures.projection.rays`, `tiles` of `tiles_of`.
    """
    p, v, inverse = np.empty(3), np.empty(3), np.empty((3, 3))
    for i in range(len(position)):
        for k in range(3):
            p[k] = position[i, k] - eye[k]
        s = covariance[i]
        _invert(s, inverse)
        for k in range(3):
            v[k] = inverse[k, 0] * p[0] + inverse[k, 1] * p[1] + inverse[k, 2] * p[2]
        t2 = max(p[0] * v[0] + p[1] * v[1] + p[2] * v[2], 0.0)
        q = 8.0 / (8.0 + t2)
        g = 1.0 + q * (1.0 - q) * (0.178 + q * (2.25 + q * (-11.012 + q * (32.314 - 18.588 * q))))
        peak = opacity[i] * (1.0 + t2) / (max(1.0, t2) * g)
        # No direction is wider than the largest sum of a row (Gershgorin).
        xy, xz, yz = abs(s[3]), abs(s[4]), abs(s[5])
        size = REACH * math.sqrt(max(s[0] + xy + xz, s[1] + xy + yz, s[2] + xz + yz))
        distance = math.sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2])
        reach = math.pi if size >= distance else math.asin(size / distance)
        for row in range(stripe, len(tiles), stripes):
            for column in range(tiles.shape[1]):
                tile = tiles[row, column]
                along = tile[0] * p[0] + tile[1] * p[1] + tile[2] * p[2]
                if along < math.cos(min(reach + tile[3], math.pi)) * distance:
                    continue
                _fill(picture, row * TILE_PX, column * TILE_PX, v, inverse, t2, peak, colors[i], directions, share)


@njit(**EXACT)
def _fill(picture, top, left, v, inverse, t2, peak, color, directions, share):
    """Add a Gaussian to a tile."""
    for row in range(top, min(top + TILE_PX, picture.shape[0])):
        for column in range(left, min(left + TILE_PX, picture.shape[1])):
            u = directions[row, column]
            pu = u[0] * v[0] + u[1] * v[1] + u[2] * v[2]
            uu = 0.0
            for j in range(3):
                for k in range(3):
                    uu += u[j] * inverse[j, k] * u[k]
            beside = t2 - pu * pu / uu
            if beside > REACH * REACH or share[row, column] == 0.0:
                continue
            before = 0.5 * (1.0 + math.erf(pu / math.sqrt(2.0 * uu)))
            here = peak * share[row, column] * before * math.exp(-0.5 * max(beside, 0.0))
            for k in range(3):
                picture[row, column, k] += here * color[k]


@njit(**EXACT)
def _invert(s, out):
    """Fill `out` [3, 3] with the inverse of the symmetric S = (xx, yy, zz, xy, xz, yz)."""
    size = (s[0] + s[1] + s[2]) / 3.0
    a, b, c, d, e, f = s[0] / size, s[1] / size, s[2] / size, s[3] / size, s[4] / size, s[5] / size
    m00, m01, m02 = b * c - f * f, e * f - d * c, d * f - e * b
    scale = 1.0 / ((a * m00 + d * m01 + e * m02) * size)
    out[0, 0], out[0, 1], out[0, 2] = m00 * scale, m01 * scale, m02 * scale
    out[1, 0], out[1, 1], out[1, 2] = m01 * scale, (a * c - e * e) * scale, (d * e - a * f) * scale
    out[2, 0], out[2, 1], out[2, 2] = m02 * scale, out[1, 2], (a * b - d * d) * scale
