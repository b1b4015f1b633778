"""From the moments of pairs of splat and tile to the gradients of splats and camera, eight splats at once."""

import numpy as np
from numba import njit

from helios.rendering.opaque.blocks import SUMS
from helios.rendering.opaque.geometry import (
    EIGHT,
    axes_of,
    covariances,
    load_three,
    new_inputs,
    read_nothing,
    read_splat,
    scaled,
    shadows,
    slope_limits,
    to_cameras,
    unit_quats,
)
from helios.rendering.opaque.project import HALF_LOG2_E
from helios.rendering.projection import combine, cross, dot, rotate_back
from helios.simd import BARE, JIT, broadcast, load, prefetch, select, store

SHARE = 256
"""Splats whose part of the camera's gradient is summed by itself, a multiple of EIGHT."""

AHEAD = 4 * EIGHT
"""How many splats before their turn the moments of some are fetched."""

OUTPUTS = 13
"""Numbers of a splat's gradient: those of `geometry.INPUTS`, and the centre's in the image."""


@njit(**BARE)
def gather(sums, lane, row, moments, slots, begin, end):
    """Add the rows of a splat's pairs, slots[begin:end], into a lane of `sums` [SUMS x EIGHT] float64."""
    total = load(moments, slots[begin] * SUMS)
    for k in range(begin + 1, end):
        total = total + load(moments, slots[k] * SUMS)
    store(row, 0, total)
    for k in range(12):
        sums[k * EIGHT + lane] = row[k]


@njit(**BARE)
def clear(sums, lane):
    for k in range(12):
        sums[k * EIGHT + lane] = 0.0


@njit(**BARE)
def splat_gradients(out, camera_out, sums, inputs, shown, camera, antialiased):
    """Write `out` [OUTPUTS x EIGHT] and add to `camera_out` [12 x EIGHT] (rows of [R | t]), all float64.

    `sums` are the moments; where `shown` [EIGHT] is 0 everything is 0.
    """
    viewmat, intrinsics, _, _ = camera
    fx, fy = intrinsics[0, 0], intrinsics[1, 1]
    p = to_cameras(inputs, viewmat)
    x, y, z = p
    q, norm = unit_quats(inputs)
    axes = axes_of(q)
    u, v, rows, (j_x, j_xz, j_y, j_yz) = shadows(inputs, p, axes, camera)
    xx, xy, yy, _, det, n = covariances(u, v)

    # The moments are about the row's peak: dx = u + shear dy.
    g, qu, quu, gy = load(sums, 0), load(sums, EIGHT), load(sums, 2 * EIGHT), load(sums, 3 * EIGHT)
    quy, gyy = load(sums, 4 * EIGHT), load(sums, 5 * EIGHT)
    shear = xy / yy
    gx, gxy = qu + shear * gy, quy + shear * gyy
    gxx = quu + shear * (2.0 * quy + shear * gyy)

    # alpha = peak exp(-d.Q d/2), Q = (S + eps I)^-1: so with P the second moments of g,
    # dL/d(S + eps I) = Q P Q / 2, and peak's 1/sqrt(det(S + eps I)) adds -g Q / 2.
    qxx, qxy, qyy = yy / det, (0.0 - xy) / det, xx / det
    ax, ay = qxx * gxx + qxy * gxy, qxx * gxy + qxy * gyy  # rows of Q P
    bx, by = qxy * gxx + qyy * gxy, qxy * gxy + qyy * gyy
    sxx, sxy, syy = ax * qxx + ay * qxy, ax * qxy + ay * qyy, bx * qxy + by * qyy
    if antialiased:
        sxx, sxy, syy = sxx - g * qxx, sxy - g * qxy, syy - g * qyy
    du, dv = combine(sxx, u, sxy, v), combine(sxy, u, syy, v)
    if antialiased:
        # peak's sqrt(det S) = |u x v|: d log|n| / du = v x n / n.n, d log|n| / dv = n x u / n.n.
        share = g / dot(n, n)
        du, dv = combine(1.0, du, share, cross(v, n)), combine(1.0, dv, share, cross(n, u))

    # u = j_x row_x + j_xz row_z, v = j_y row_y + j_yz row_z: first in the rows ...
    seen = load(shown, 0) > 0.5
    zero = broadcast(0.0)
    d_row_x, d_row_y, d_row_z = scaled(j_x, du), scaled(j_y, dv), combine(j_xz, du, j_yz, dv)
    d_rows = masked(seen, d_row_x), masked(seen, d_row_y), masked(seen, d_row_z)
    # ... then in the Jacobian, whose entries and the centre in pixels depend on where the splat is.
    d_jx, d_jxz, d_jy, d_jyz = dot(du, rows[0]), dot(du, rows[2]), dot(dv, rows[1]), dot(dv, rows[2])
    c_x, c_y = qxx * gx + qxy * gy, qxy * gx + qyy * gy
    free_x, free_y = free_slope(camera, 0, x / z, d_jxz), free_slope(camera, 1, y / z, d_jyz)
    dx, dy = c_x * fx / z - free_x * fx / (z * z), c_y * fy / z - free_y * fy / (z * z)
    dz = (c_x * fx * x + c_y * fy * y) / (z * z) + (d_jx * j_x + d_jxz * j_xz + d_jy * j_y + d_jyz * j_yz) / z
    dz = load(sums, 9 * EIGHT) - dz - (free_x * j_xz + free_y * j_yz) / z
    d_p = masked(seen, (dx, dy, dz))

    add_camera(camera_out, d_p, d_rows, load_three(inputs, 0), axes, load_three(inputs, 7))
    d0 = rotate_back(viewmat, column(d_rows, 0))
    d1 = rotate_back(viewmat, column(d_rows, 1))
    d2 = rotate_back(viewmat, column(d_rows, 2))
    d_mean = rotate_back(viewmat, d_p)
    d_quat = quat_gradients(q, norm, d0, d1, d2, load_three(inputs, 7))
    for k in range(3):
        store(out, k * EIGHT, d_mean[k])
    for k in range(4):
        store(out, (3 + k) * EIGHT, d_quat[k])
    store(out, 7 * EIGHT, dot(axes[0], d0))
    store(out, 8 * EIGHT, dot(axes[1], d1))
    store(out, 9 * EIGHT, dot(axes[2], d2))
    store(out, 10 * EIGHT, g / load(inputs, 10 * EIGHT))
    store(out, 11 * EIGHT, select(seen, c_x, zero))
    store(out, 12 * EIGHT, select(seen, c_y, zero))


@njit(**BARE)
def column(rows, k):
    return rows[0][k], rows[1][k], rows[2][k]


@njit(**BARE)
def masked(seen, x):
    zero = broadcast(0.0)
    return select(seen, x[0], zero), select(seen, x[1], zero), select(seen, x[2], zero)


@njit(**BARE)
def free_slope(camera, axis, slope, d):
    """d where the slope is within the limits of the linearisation, else 0."""
    _, intrinsics, width, height = camera
    low, high = slope_limits(intrinsics[axis, axis], intrinsics[axis, 2], height if axis else width)
    zero = broadcast(0.0)
    return select(slope > low, select(slope < high, d, zero), zero)


@njit(**BARE)
def add_camera(camera_out, d_p, d_rows, mean, axes, scales):
    """Add to the sums of dL/d[R | t]: p = R mean + t, and the axes times their scales are turned by R too."""
    c0, c1, c2 = scaled(scales[0], axes[0]), scaled(scales[1], axes[1]), scaled(scales[2], axes[2])
    for row in range(3):
        d, d_row = d_p[row], d_rows[row]
        for k in range(3):
            part = d * mean[k] + d_row[0] * c0[k] + d_row[1] * c1[k] + d_row[2] * c2[k]
            at = (4 * row + k) * EIGHT
            store(camera_out, at, load(camera_out, at) + part)
        at = (4 * row + 3) * EIGHT
        store(camera_out, at, load(camera_out, at) + d)


@njit(**BARE)
def quat_gradients(q, norm, d0, d1, d2, scales):
    """Gradient in the quaternion as given (`norm` times q), from those in the axes times their scales."""
    w, x, y, z = q
    (a00, a10, a20), (a01, a11, a21) = scaled(scales[0], d0), scaled(scales[1], d1)
    a02, a12, a22 = scaled(scales[2], d2)
    dw = 2.0 * (z * (a10 - a01) + y * (a02 - a20) + x * (a21 - a12))
    dx = 2.0 * (y * (a01 + a10) + z * (a02 + a20) + w * (a21 - a12) - 2.0 * x * (a11 + a22))
    dy = 2.0 * (x * (a01 + a10) + z * (a12 + a21) + w * (a02 - a20) - 2.0 * y * (a00 + a22))
    dz = 2.0 * (x * (a02 + a20) + y * (a12 + a21) + w * (a10 - a01) - 2.0 * z * (a00 + a11))
    along = w * dw + x * dx + y * dy + z * dz
    return (dw - along * w) / norm, (dx - along * x) / norm, (dy - along * y) / norm, (dz - along * z) / norm


@njit(**JIT)
def gather_shares(stripe, stripes, grads, view_grads, view, moments, lists, splats, camera, antialiased, absolute):
    """Add view number `view`'s part to the gradients of the shares stripe, stripe + stripes, ... of all splats.

    `grads` = (means [N, 3], quats [N, 4], scales [N, 3], opacities [N]), `view_grads` = (colors [N, 3], means2d
    [N, 2], absolute [N, 2] or [0, 2], camera [shares, 12]). `lists` = (first [N + 1], slots [P]).
    """
    first, slots = lists
    n = len(first) - 1
    d_colors, d_means2d, d_absolute, d_camera = view_grads
    inputs, sums, shown = new_inputs(), np.zeros(SUMS * EIGHT), np.zeros(EIGHT)
    out, camera_out, row = np.zeros(OUTPUTS * EIGHT), np.empty(12 * EIGHT), np.empty(SUMS, np.float32)
    for share in range(stripe, len(d_camera), stripes):
        camera_out[:] = 0.0
        for i in range(share * SHARE, min(n, (share + 1) * SHARE), EIGHT):
            ahead = min(i + AHEAD, n)
            for k in range(first[ahead], first[min(ahead + EIGHT, n)]):
                prefetch(moments, slots[k] * SUMS)
            some = False
            for lane in range(EIGHT):
                j = i + lane
                if j < n and first[j + 1] > first[j]:
                    some = True
                    shown[lane] = 1.0
                    read_splat(inputs, lane, splats, j)
                    gather(sums, lane, row, moments, slots, first[j], first[j + 1])
                else:
                    shown[lane] = 0.0
                    read_nothing(inputs, lane)
                    clear(sums, lane)
            if some:
                splat_gradients(out, camera_out, sums, inputs, shown, camera, antialiased)
            else:
                out[:] = 0.0
            for lane in range(min(EIGHT, n - i)):
                add_out(grads, i + lane, out, lane, view > 0)
                for k in range(3):
                    d_colors[i + lane, k] = sums[(6 + k) * EIGHT + lane]
                for k in range(2):
                    d_means2d[i + lane, k] = out[(11 + k) * EIGHT + lane]
                    if absolute:
                        d_absolute[i + lane, k] = sums[(10 + k) * EIGHT + lane] / HALF_LOG2_E
        for k in range(12):
            total = 0.0
            for lane in range(EIGHT):
                total += camera_out[k * EIGHT + lane]
            d_camera[share, k] = total


@njit(**BARE)
def add_out(grads, i, out, lane, add):
    """Write, or `add`, a lane of `out` to row i of the splats' gradients."""
    means, quats, scales, opacities = grads
    for k in range(3):
        means[i, k] = out[k * EIGHT + lane] + (means[i, k] if add else 0.0)
        scales[i, k] = out[(7 + k) * EIGHT + lane] + (scales[i, k] if add else 0.0)
    for k in range(4):
        quats[i, k] = out[(3 + k) * EIGHT + lane] + (quats[i, k] if add else 0.0)
    opacities[i] = out[10 * EIGHT + lane] + (opacities[i] if add else 0.0)
