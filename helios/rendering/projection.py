"""One splat through one camera and back: EWA projection and its gradient, scalar float64, for the numba kernels.

The splat's principal axes (columns of R diag(s)) are carried into the image as two 3-vectors u and v, the x and y
shadows of the three axes in pixels; then S = [[u.u, u.v], [u.v, v.v]], and sqrt(det S) = |u x v|, which keeps its
digits for needles and specks, where the difference u.u v.v - (u.v)^2 loses them. EWA: Zwicker et al. 2001,
https://doi.org/10.1109/VISUAL.2001.964490; rho: Yu et al. 2024 (Mip-Splatting), https://arxiv.org/abs/2311.16493.
"""

import math

import numpy as np
from numba import njit

from helios.constants import EPS_PX2
from helios.rendering.backend import FRUSTUM_MARGIN, NEAR
from helios.simd import JIT
from helios.splats import rotation_rows

_rotation_rows = njit(**JIT)(rotation_rows)

EPS = float(EPS_PX2)
HALF_LOG2_E = 0.5 / math.log(2.0)

PROJECTED = np.dtype(
    [
        ("index", np.int64),  # of the splat in its cell
        ("x", np.float64),  # centre, pixels
        ("y", np.float64),
        ("xx", np.float64),  # S + eps I, px^2
        ("xy", np.float64),
        ("yy", np.float64),
        ("top", np.float64),  # log2 of the weight = top - fall dy^2 - curve (dx - shear dy)^2: top = log2(opacity rho)
        ("fall", np.float64),
        ("curve", np.float64),
        ("shear", np.float64),
        ("red", np.float32),
        ("green", np.float32),
        ("blue", np.float32),
    ],
    align=True,
)


@njit(**JIT)
def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@njit(**JIT)
def cross(a, b):
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


@njit(**JIT)
def combine(a, x, b, y):
    """a x + b y, for numbers a, b and vectors x, y."""
    return (a * x[0] + b * y[0], a * x[1] + b * y[1], a * x[2] + b * y[2])


@njit(**JIT)
def rotate(matrix, v):
    """The upper left 3x3 of `matrix` times v."""
    return (
        matrix[0, 0] * v[0] + matrix[0, 1] * v[1] + matrix[0, 2] * v[2],
        matrix[1, 0] * v[0] + matrix[1, 1] * v[1] + matrix[1, 2] * v[2],
        matrix[2, 0] * v[0] + matrix[2, 1] * v[1] + matrix[2, 2] * v[2],
    )


@njit(**JIT)
def rotate_back(matrix, v):
    """The transpose of the upper left 3x3 of `matrix` times v."""
    return (
        matrix[0, 0] * v[0] + matrix[1, 0] * v[1] + matrix[2, 0] * v[2],
        matrix[0, 1] * v[0] + matrix[1, 1] * v[1] + matrix[2, 1] * v[2],
        matrix[0, 2] * v[0] + matrix[1, 2] * v[1] + matrix[2, 2] * v[2],
    )


@njit(**JIT)
def to_camera(viewmat, mean):
    x, y, z = rotate(viewmat, mean)
    return x + viewmat[0, 3], y + viewmat[1, 3], z + viewmat[2, 3]


@njit(**JIT)
def splat_of(cell, index):
    means, quats, scales, opacities, colors = cell
    return means[index], quats[index], scales[index], opacities[index], colors[index]


@njit(**JIT)
def unit_quat(quat):
    """The unit quaternion (w, x, y, z) and the norm it had."""
    w, x, y, z = float(quat[0]), float(quat[1]), float(quat[2]), float(quat[3])
    norm = math.sqrt(w * w + x * x + y * y + z * z)
    return (w / norm, x / norm, y / norm, z / norm), norm


@njit(**JIT)
def axes_of(q):
    """The three columns of the rotation matrix of a unit quaternion."""
    a, b, c = _rotation_rows(q[0], q[1], q[2], q[3])
    return (a[0], b[0], c[0]), (a[1], b[1], c[1]), (a[2], b[2], c[2])


@njit(**JIT)
def jacobian(focal, centre, size, x, z):
    """One row (d/dx, d/dz) of the perspective Jacobian at x/z clamped to the widened frustum, and "not clamped"."""
    margin = FRUSTUM_MARGIN * 0.5 * size
    low, slope, high = -(centre + margin) / focal, x / z, (size - centre + margin) / focal
    return focal / z, -focal * min(high, max(low, slope)) / z, low < slope < high


@njit(**JIT)
def camera_rows(viewmat, axes, scales):
    """The x, y and z rows of the matrix whose columns are the splat's axes times its scales, in camera space."""
    c0, c1, c2 = rotate(viewmat, axes[0]), rotate(viewmat, axes[1]), rotate(viewmat, axes[2])
    s0, s1, s2 = float(scales[0]), float(scales[1]), float(scales[2])
    return (
        (s0 * c0[0], s1 * c1[0], s2 * c2[0]),
        (s0 * c0[1], s1 * c1[1], s2 * c2[1]),
        (s0 * c0[2], s1 * c1[2], s2 * c2[2]),
    )


@njit(**JIT)
def project(out, index, cell, camera, weight_min):
    """Fill `out` (a PROJECTED record) and return whether the splat may show; what is not finite does not."""
    viewmat, intrinsics, width, height = camera
    mean, quat, scales, opacity, color = splat_of(cell, index)
    if not opacity >= weight_min:
        return False
    p = to_camera(viewmat, mean)
    if not p[2] >= NEAR:
        return False
    q, _ = unit_quat(quat)
    j_x, j_xz, _ = jacobian(intrinsics[0, 0], intrinsics[0, 2], width, p[0], p[2])
    j_y, j_yz, _ = jacobian(intrinsics[1, 1], intrinsics[1, 2], height, p[1], p[2])
    row_x, row_y, row_z = camera_rows(viewmat, axes_of(q), scales)
    u, v = combine(j_x, row_x, j_xz, row_z), combine(j_y, row_y, j_yz, row_z)
    xx, xy, yy = dot(u, u), dot(u, v), dot(v, v)
    n = cross(u, v)
    det = dot(n, n)
    out.index = index
    out.x = intrinsics[0, 0] * p[0] / p[2] + intrinsics[0, 2]
    out.y = intrinsics[1, 1] * p[1] / p[2] + intrinsics[1, 2]
    blurred_det = det + EPS * (xx + yy) + EPS * EPS
    peak = opacity * math.sqrt(det / blurred_det)
    if not (peak >= weight_min and peak < np.inf):
        return False
    out.xx, out.xy, out.yy = xx + EPS, xy, yy + EPS
    out.top = math.log2(peak)
    out.fall = HALF_LOG2_E / out.yy
    out.curve = HALF_LOG2_E * out.yy / blurred_det
    out.shear = xy / out.yy
    out.red, out.green, out.blue = color[0], color[1], color[2]
    reach = (out.top - math.log2(weight_min)) / HALF_LOG2_E
    reach_x, reach_y = math.sqrt(reach * out.xx), math.sqrt(reach * out.yy)
    return out.x + reach_x > 0.0 and out.x - reach_x < width and out.y + reach_y > 0.0 and out.y - reach_y < height


@njit(**JIT)
def project_gradient(grad, moments, splat, cell, camera):
    """Add to `grad` [14] (mean 3, quat 4, scales 3, opacity 1, colour 3) what this image asks of the splat.

    `moments` [9]: sums over pixels of g, g dx, g dy, g dx^2, g dx dy, g dy^2, where g = alpha dL/dalpha and (dx, dy)
    is the pixel from the splat's centre; then of alpha T dL/d(red, green, blue of the pixel).
    """
    viewmat, intrinsics, width, height = camera
    mean, quat, scales, opacity, _ = splat_of(cell, splat.index)
    g, gx, gy, gxx, gxy, gyy = moments[0], moments[1], moments[2], moments[3], moments[4], moments[5]
    p = to_camera(viewmat, mean)
    x, y, z = p
    q, norm = unit_quat(quat)
    axes = axes_of(q)
    fx, fy = intrinsics[0, 0], intrinsics[1, 1]
    j_x, j_xz, free_x = jacobian(fx, intrinsics[0, 2], width, x, z)
    j_y, j_yz, free_y = jacobian(fy, intrinsics[1, 2], height, y, z)
    row_x, row_y, row_z = camera_rows(viewmat, axes, scales)
    u, v = combine(j_x, row_x, j_xz, row_z), combine(j_y, row_y, j_yz, row_z)

    # alpha = peak exp(-d.Q d/2), Q = (S + eps I)^-1: so with P the second moments of g,
    # dL/d(S + eps I) = Q P Q / 2, and peak's 1/sqrt(det(S + eps I)) adds -g Q / 2.
    det = splat.xx * splat.yy - splat.xy * splat.xy
    qxx, qxy, qyy = splat.yy / det, -splat.xy / det, splat.xx / det
    ax, ay = qxx * gxx + qxy * gxy, qxx * gxy + qxy * gyy  # rows of Q P
    bx, by = qxy * gxx + qyy * gxy, qxy * gxy + qyy * gyy
    sxx = ax * qxx + ay * qxy - g * qxx
    sxy = ax * qxy + ay * qyy - g * qxy
    syy = bx * qxy + by * qyy - g * qyy
    # peak's sqrt(det S) = |u x v|: d log|n| / du = v x n / n.n, d log|n| / dv = n x u / n.n.
    n = cross(u, v)
    share = g / dot(n, n)
    du = combine(1.0, combine(sxx, u, sxy, v), share, cross(v, n))
    dv = combine(1.0, combine(sxy, u, syy, v), share, cross(n, u))

    # u = j_x row_x + j_xz row_z, v = j_y row_y + j_yz row_z: first in the rows, that is in the axes ...
    d_z = combine(j_xz, du, j_yz, dv)
    d0 = rotate_back(viewmat, (j_x * du[0], j_y * dv[0], d_z[0]))
    d1 = rotate_back(viewmat, (j_x * du[1], j_y * dv[1], d_z[1]))
    d2 = rotate_back(viewmat, (j_x * du[2], j_y * dv[2], d_z[2]))
    d_quat = quat_gradient(q, norm, d0, d1, d2, scales)
    # ... then in the Jacobian, whose entries and the centre in pixels depend on where the splat is.
    d_jx, d_jxz, d_jy, d_jyz = dot(du, row_x), dot(du, row_z), dot(dv, row_y), dot(dv, row_z)
    d_px, d_py = (qxx * gx + qxy * gy) * fx / z, (qxy * gx + qyy * gy) * fy / z
    dx, dy = d_px, d_py
    dz = -(d_px * x + d_py * y + d_jx * j_x + d_jxz * j_xz + d_jy * j_y + d_jyz * j_yz) / z
    if free_x:
        dx -= d_jxz * fx / (z * z)
        dz -= d_jxz * j_xz / z
    if free_y:
        dy -= d_jyz * fy / (z * z)
        dz -= d_jyz * j_yz / z
    d_mean = rotate_back(viewmat, (dx, dy, dz))

    for k in range(3):
        grad[k] += d_mean[k]
        grad[11 + k] += moments[6 + k]
    for k in range(4):
        grad[3 + k] += d_quat[k]
    grad[7] += dot(axes[0], d0)
    grad[8] += dot(axes[1], d1)
    grad[9] += dot(axes[2], d2)
    grad[10] += g / opacity


@njit(**JIT)
def quat_gradient(q, norm, d0, d1, d2, scales):
    """Gradient in the quaternion as given (`norm` times q), from those in the axes times their scales."""
    w, x, y, z = q
    a00, a10, a20 = scales[0] * d0[0], scales[0] * d0[1], scales[0] * d0[2]
    a01, a11, a21 = scales[1] * d1[0], scales[1] * d1[1], scales[1] * d1[2]
    a02, a12, a22 = scales[2] * d2[0], scales[2] * d2[1], scales[2] * d2[2]
    dw = 2.0 * (z * (a10 - a01) + y * (a02 - a20) + x * (a21 - a12))
    dx = 2.0 * (y * (a01 + a10) + z * (a02 + a20) + w * (a21 - a12) - 2.0 * x * (a11 + a22))
    dy = 2.0 * (x * (a01 + a10) + z * (a12 + a21) + w * (a02 - a20) - 2.0 * y * (a00 + a22))
    dz = 2.0 * (x * (a02 + a20) + y * (a12 + a21) + w * (a10 - a01) - 2.0 * z * (a00 + a11))
    along = w * dw + x * dx + y * dy + z * dz
    return (dw - along * w) / norm, (dx - along * x) / norm, (dy - along * y) / norm, (dz - along * z) / norm
