"""The light that a splat sends in the mean over all directions: what a crowd of viewers around it would agree on.

It is tau times half the surface of the splat's ellipsoid, by Cauchy's theorem on projections. For axes a, b, c that is
2 pi tau R_G(a^2 b^2, a^2 c^2, b^2 c^2), with R_G Carlson's symmetric elliptic integral (https://dlmf.nist.gov/19.33.E1).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from helios.simd import JIT

_HALVINGS = 12
"""Duplications of Carlson's algorithm: each divides the remaining differences by four."""


def mean_light(opacities: ArrayLike, scales: ArrayLike) -> NDArray[np.float64]:
    """Return 2 pi tau times the mean over directions of sqrt(det S) [K], steradians times the square of the unit.

    `opacities` [K] is tau at exposure 1, `scales` [K, 3] are standard deviations. For isotropic splats this is
    `helios.light.splat_luminosity`.
    """
    return 2.0 * np.pi * np.asarray(opacities, np.float64) * _sections(np.asarray(scales, np.float64))


@njit(**JIT)
def _sections(scales):
    out = np.empty(len(scales))
    for k in range(len(scales)):
        out[k] = mean_section(scales[k, 0], scales[k, 1], scales[k, 2])
    return out


@njit(**JIT)
def mean_section(a, b, c):
    """Return the mean over directions of the square root of det S of an ellipsoid's projection; a^2 for a ball."""
    least = min(a, b, c)
    if max(a, b, c) <= least * (1.0 + 1e-6):
        return (a * b * c) ** (2.0 / 3.0)
    unit = (a * b * c) ** (1.0 / 3.0)
    a, b, c = a / unit, b / unit, c / unit
    # R_G(x, y, z) = (z R_F - (x - z)(y - z) R_D / 3 + sqrt(x y / z)) / 2, with z between x and y to lose no digits.
    x, z, y = _in_order(a * a * b * b, a * a * c * c, b * b * c * c)
    return unit * unit * 0.5 * (z * _r_f(x, y, z) - (x - z) * (y - z) * _r_d(x, y, z) / 3.0 + math.sqrt(x * y / z))


@njit(**JIT)
def _in_order(a, b, c):
    """Return the least, the middle and the greatest of three numbers."""
    least, greatest = min(a, b, c), max(a, b, c)
    return least, max(min(a, b), min(max(a, b), c)), greatest


@njit(**JIT)
def _r_f(x, y, z):
    """Carlson's R_F by duplication (Carlson 1995, https://doi.org/10.1007/BF02198293)."""
    for _ in range(_HALVINGS):
        root = math.sqrt(x * y) + math.sqrt(x * z) + math.sqrt(y * z)
        x, y, z = 0.25 * (x + root), 0.25 * (y + root), 0.25 * (z + root)
    return 1.0 / math.sqrt((x + y + z) / 3.0)


@njit(**JIT)
def _r_d(x, y, z):
    """Carlson's R_D by duplication, same source."""
    total, share = 0.0, 1.0
    for _ in range(_HALVINGS):
        root = math.sqrt(x * y) + math.sqrt(x * z) + math.sqrt(y * z)
        total += share / (math.sqrt(z) * (z + root))
        share *= 0.25
        x, y, z = 0.25 * (x + root), 0.25 * (y + root), 0.25 * (z + root)
    return 3.0 * total + share * ((x + y + 3.0 * z) / 5.0) ** -1.5
