"""Eight splats at once through one camera: EWA projection in float64 vectors, shared by forward and backward.

The splat's principal axes (columns of R diag(s)) are carried into the image as two 3-vectors u and v, the x and y
shadows of the three axes in pixels; then S = [[u.u, u.v], [u.v, v.v]], and sqrt(det S) = |u x v|, which keeps its
digits for needles and specks, where the difference u.u v.v - (u.v)^2 loses them. EWA: Zwicker et al. 2001,
https://doi.org/10.1109/VISUAL.2001.964490.

`splats` = (means [N, 3], quats [N, 4], scales [N, 3], opacities [N]), float32; `camera` = (viewmat [4, 4], intrinsics
[3, 3], width, height), float64.
"""

import numpy as np
from numba import njit

from helios.rendering.opaque.contract import EPS2D, FRUSTUM_MARGIN
from helios.rendering.projection import combine, cross, dot, rotate
from helios.simd import BARE, JIT, LANES, clamp, load, sqrt

EIGHT = LANES // 2
"""Splats that go together: one float64 vector's worth."""

INPUTS = 11
"""Numbers of a splat: mean 3, quat 4, scales 3, opacity 1."""


@njit(**BARE)
def read_splat(inputs, lane, splats, i):
    """Put the numbers of splat i into a lane of `inputs` [INPUTS x EIGHT] float64."""
    means, quats, scales, opacities = splats
    for k in range(3):
        inputs[k * EIGHT + lane] = means[i, k]
        inputs[(7 + k) * EIGHT + lane] = scales[i, k]
    for k in range(4):
        inputs[(3 + k) * EIGHT + lane] = quats[i, k]
    inputs[10 * EIGHT + lane] = opacities[i]


@njit(**BARE)
def read_nothing(inputs, lane):
    """Put a splat that gives finite numbers wherever it is not multiplied by 1/z into a lane of `inputs`."""
    for k in range(INPUTS):
        inputs[k * EIGHT + lane] = 0.0 if k < 3 or 4 <= k < 7 else 1.0


@njit(**BARE)
def load_three(inputs, k):
    return load(inputs, k * EIGHT), load(inputs, (k + 1) * EIGHT), load(inputs, (k + 2) * EIGHT)


@njit(**BARE)
def scaled(a, x):
    return (a * x[0], a * x[1], a * x[2])


@njit(**BARE)
def unit_quats(inputs):
    """The unit quaternions (w, x, y, z) and the norms they had."""
    w, (x, y, z) = load(inputs, 3 * EIGHT), load_three(inputs, 4)
    norm = sqrt(w * w + x * x + y * y + z * z)
    return (w / norm, x / norm, y / norm, z / norm), norm


@njit(**BARE)
def axes_of(q):
    """The three columns of the rotation matrices of unit quaternions."""
    w, x, y, z = q
    return (
        (1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + w * z), 2.0 * (x * z - w * y)),
        (2.0 * (x * y - w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + w * x)),
        (2.0 * (x * z + w * y), 2.0 * (y * z - w * x), 1.0 - 2.0 * (x * x + y * y)),
    )


@njit(**BARE)
def slope_limits(focal, centre, size):
    """The least and largest x/z (or y/z) that the projection is linearised at."""
    margin = FRUSTUM_MARGIN * 0.5 * size
    return -(centre + margin) / focal, (size - centre + margin) / focal


@njit(**BARE)
def jacobian(focal, limits, x, z):
    """One row (d/dx, d/dz) of the perspective Jacobian, at x/z within its limits."""
    low, high = limits
    j = focal / z
    return j, (0.0 - j) * clamp(x / z, low, high)


@njit(**BARE)
def to_cameras(inputs, viewmat):
    """Where the splats are in the camera's frame."""
    x, y, z = rotate(viewmat, load_three(inputs, 0))
    return x + viewmat[0, 3], y + viewmat[1, 3], z + viewmat[2, 3]


@njit(**BARE)
def shadows(inputs, p, axes, camera):
    """(u, v), rows, Jacobian: shadows in pixels of the splats' axes; the same axes in camera space by x, y and z."""
    viewmat, intrinsics, width, height = camera
    j_x, j_xz = jacobian(intrinsics[0, 0], slope_limits(intrinsics[0, 0], intrinsics[0, 2], width), p[0], p[2])
    j_y, j_yz = jacobian(intrinsics[1, 1], slope_limits(intrinsics[1, 1], intrinsics[1, 2], height), p[1], p[2])
    s = load_three(inputs, 7)
    c0 = rotate(viewmat, scaled(s[0], axes[0]))
    c1 = rotate(viewmat, scaled(s[1], axes[1]))
    c2 = rotate(viewmat, scaled(s[2], axes[2]))
    rows = (c0[0], c1[0], c2[0]), (c0[1], c1[1], c2[1]), (c0[2], c1[2], c2[2])
    u, v = combine(j_x, rows[0], j_xz, rows[2]), combine(j_y, rows[1], j_yz, rows[2])
    return u, v, rows, (j_x, j_xz, j_y, j_yz)


@njit(**BARE)
def covariances(u, v):
    """(xx, xy, yy) of S + eps I, the determinants of S and of S + eps I, and u x v."""
    xx, xy, yy = dot(u, u), dot(u, v), dot(v, v)
    n = cross(u, v)
    det = dot(n, n)
    return xx + EPS2D, xy, yy + EPS2D, det, det + EPS2D * (xx + yy) + EPS2D * EPS2D, n


@njit(**JIT)
def new_inputs():
    return np.zeros(INPUTS * EIGHT)
