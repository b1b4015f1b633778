"""The functions of `helios.photos.sh_basis.sh_basis` and their slopes, for a vector's worth of splats."""

import numpy as np
from numba import njit

from helios.photos import sh_basis as sh
from helios.simd import BARE, LANES, broadcast, load, select, sqrt, store

A1, A2, B2, D2 = (np.float32(factor) for factor in (sh.A1, sh.A2, sh.B2, sh.D2))
A3, B3, D3, E3, F3 = (np.float32(factor) for factor in (sh.A3, sh.B3, sh.D3, sh.E3, sh.F3))
ZERO, ONE, TWO, THREE, FIVE, SIX = (np.float32(number) for number in (0, 1, 2, 3, 5, 6))
TINY = np.float32(1e-12)


@njit(**BARE)
def unit(d):
    """The unit vectors x, y, z of three vectors, and one over the lengths that they had."""
    x, y, z = d
    length = sqrt(x * x + y * y + z * z)
    over = ONE / select(length > TINY, length, broadcast(TINY))
    return x * over, y * over, z * over, over


@njit(**BARE)
def fill_basis(basis, x, y, z, degree):
    """Write the functions of the degrees 1 to `degree` to `basis` [BASIS LANES], from the second vector on."""
    xx, yy, zz = x * x, y * y, z * z
    if degree >= 1:
        store(basis, 1 * LANES, (ZERO - A1) * y)
        store(basis, 2 * LANES, A1 * z)
        store(basis, 3 * LANES, (ZERO - A1) * x)
    if degree >= 2:
        store(basis, 4 * LANES, A2 * x * y)
        store(basis, 5 * LANES, (ZERO - A2) * y * z)
        store(basis, 6 * LANES, B2 * (THREE * zz - ONE))
        store(basis, 7 * LANES, (ZERO - A2) * x * z)
        store(basis, 8 * LANES, D2 * (xx - yy))
    if degree >= 3:
        five = FIVE * zz - ONE
        store(basis, 9 * LANES, (ZERO - A3) * y * (THREE * xx - yy))
        store(basis, 10 * LANES, B3 * x * y * z)
        store(basis, 11 * LANES, (ZERO - D3) * y * five)
        store(basis, 12 * LANES, E3 * z * (FIVE * zz - THREE))
        store(basis, 13 * LANES, (ZERO - D3) * x * five)
        store(basis, 14 * LANES, F3 * z * (xx - yy))
        store(basis, 15 * LANES, (ZERO - A3) * x * (xx - THREE * yy))


@njit(**BARE)
def slope_of(columns, channel, x, y, z, degree):
    """The derivatives by x, y, z of one channel's sum of coefficients times functions, of degree 1 or more."""
    at, step = channel - 3 * LANES, 3 * LANES
    d1, d2, d3 = load(columns, at + step), load(columns, at + 2 * step), load(columns, at + 3 * step)
    dx, dy, dz = (ZERO - A1) * d3, (ZERO - A1) * d1, A1 * d2
    if degree >= 2:
        d4, d5, d6 = load(columns, at + 4 * step), load(columns, at + 5 * step), load(columns, at + 6 * step)
        d7, d8 = load(columns, at + 7 * step), load(columns, at + 8 * step)
        dx = dx + A2 * (y * d4 - z * d7) + TWO * D2 * x * d8
        dy = dy + A2 * (x * d4 - z * d5) - TWO * D2 * y * d8
        dz = dz - A2 * (y * d5 + x * d7) + SIX * B2 * z * d6
    if degree >= 3:
        d9, d10, d11 = load(columns, at + 9 * step), load(columns, at + 10 * step), load(columns, at + 11 * step)
        d12, d13, d14 = load(columns, at + 12 * step), load(columns, at + 13 * step), load(columns, at + 14 * step)
        d15 = load(columns, at + 15 * step)
        five, wide = FIVE * z * z - ONE, x * x - y * y
        dx = dx - SIX * A3 * x * y * d9 + B3 * y * z * d10 - D3 * five * d13 + TWO * F3 * x * z * d14
        dx = dx - THREE * A3 * wide * d15
        dy = dy - THREE * A3 * wide * d9 + B3 * x * z * d10 - D3 * five * d11
        dy = dy - TWO * F3 * y * z * d14 + SIX * A3 * x * y * d15
        dz = dz + B3 * x * y * d10 - TWO * FIVE * D3 * z * (y * d11 + x * d13)
        dz = dz + E3 * (THREE * FIVE * z * z - THREE) * d12 + F3 * wide * d14
    return dx, dy, dz
