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

from helios.simd import EXACT

REACH = 5.0
"""Standard deviations beside the ray to the centre at which a Gaussian is cut: 4e-6 of its light lies outside."""


@njit(**EXACT)
def draw_wide(stripe, stripes, picture, position, opacity, covariance, colors, eye, directions, share):
    """Add Gaussians, as in `helios.pictures.lights.Block`, to part `stripe` of the rows of `picture` [H, W, 3].

    `directions` [H, W, 3] and `share` [H, W] are those of `helios.pictures.projection.rays`.
    """
    height, width = picture.shape[:2]
    low, high = stripe * height // stripes, (stripe + 1) * height // stripes
    p, inverse = np.empty(3), np.empty((3, 3))
    for i in range(len(position)):
        for k in range(3):
            p[k] = position[i, k] - eye[k]
        _invert(covariance[i], inverse)
        v = inverse @ p  # S^-1 p
        t2 = max(p[0] * v[0] + p[1] * v[1] + p[2] * v[2], 0.0)
        s = 8.0 / (8.0 + t2)
        g = 1.0 + s * (1.0 - s) * (0.178 + s * (2.25 + s * (-11.012 + s * (32.314 - 18.588 * s))))
        peak = opacity[i] * (1.0 + t2) / (max(1.0, t2) * g)
        # Rays farther than this from the centre do not meet it.
        size = REACH * math.sqrt(covariance[i, 0] + covariance[i, 1] + covariance[i, 2])
        distance = math.sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2])
        least = -2.0 if size >= distance else math.sqrt(1.0 - (size / distance) ** 2)
        for row in range(low, high):
            for column in range(width):
                if share[row, column] == 0.0:
                    continue
                u = directions[row, column]
                along = u[0] * p[0] + u[1] * p[1] + u[2] * p[2]
                if along < least * distance:
                    continue
                pu = u[0] * v[0] + u[1] * v[1] + u[2] * v[2]
                uu = 0.0
                for j in range(3):
                    for k in range(3):
                        uu += u[j] * inverse[j, k] * u[k]
                beside = t2 - pu * pu / uu
                if beside > REACH * REACH:
                    continue
                before = 0.5 * (1.0 + math.erf(pu / math.sqrt(2.0 * uu)))
                here = peak * share[row, column] * before * math.exp(-0.5 * max(beside, 0.0))
                for k in range(3):
                    picture[row, column, k] += here * colors[i, k]


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
