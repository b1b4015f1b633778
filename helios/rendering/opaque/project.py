"""Splats as one camera's picture has them: projected, culled and put in order of depth.

What the rasteriser knows of a splat is a PROJECTED record, one cache line long.
"""

import math

import numpy as np
from numba import njit

from helios.rendering.opaque.contract import ALPHA_MIN
from helios.rendering.opaque.depth_order import order_by_depth
from helios.rendering.opaque.geometry import (
    EIGHT,
    axes_of,
    covariances,
    new_inputs,
    read_splat,
    shadows,
    to_cameras,
    unit_quats,
)
from helios.simd import JIT, load, sqrt, store

HALF_LOG2_E = 0.5 / math.log(2.0)
LOG2_ALPHA_MIN = math.log2(ALPHA_MIN)

PROJECTED = np.dtype(
    [
        ("x", np.float64),  # centre, pixels
        ("y", np.float64),
        ("shear", np.float64),  # log2 of alpha = top - fall dy^2 - curve (dx - shear dy)^2
        ("top", np.float32),  # log2(opacity rho)
        ("fall", np.float32),
        ("curve", np.float32),
        ("depth", np.float32),
        ("red", np.float32),
        ("green", np.float32),
        ("blue", np.float32),
        ("wide", np.float32),  # half the width and height of where alpha >= ALPHA_MIN, pixels
        ("half", np.float32),
        ("lean", np.float32),  # dy where it is widest, on the right
    ],
    align=True,
)

SHARE = 256
"""Splats that one thread projects at a time, a multiple of EIGHT."""

X, Y, DEPTH, XX, XY, YY, DET, PEAK = range(8)


@njit(**JIT)
def project_eight(outputs, inputs, camera, antialiased):
    """Fill `outputs` [8 x EIGHT] float64, by X to PEAK, from the splats in `inputs`."""
    viewmat, intrinsics, _, _ = camera
    p = to_cameras(inputs, viewmat)
    q, _ = unit_quats(inputs)
    u, v, _, _ = shadows(inputs, p, axes_of(q), camera)
    xx, xy, yy, det, blurred_det, _ = covariances(u, v)
    store(outputs, X * EIGHT, intrinsics[0, 0] * p[0] / p[2] + intrinsics[0, 2])
    store(outputs, Y * EIGHT, intrinsics[1, 1] * p[1] / p[2] + intrinsics[1, 2])
    store(outputs, DEPTH * EIGHT, p[2])
    store(outputs, XX * EIGHT, xx)
    store(outputs, XY * EIGHT, xy)
    store(outputs, YY * EIGHT, yy)
    store(outputs, DET * EIGHT, blurred_det)
    peak = load(inputs, 10 * EIGHT)
    store(outputs, PEAK * EIGHT, peak * sqrt(det / blurred_det) if antialiased else peak)


@njit(**JIT)
def fill_record(out, radius, outputs, lane, color, width, height, near, far):
    """Fill `out`, a PROJECTED record, and its radius in pixels [2]; return whether the splat may show."""
    depth, peak, det = outputs[DEPTH * EIGHT + lane], outputs[PEAK * EIGHT + lane], outputs[DET * EIGHT + lane]
    if not (near <= depth <= far and ALPHA_MIN <= peak < np.inf and det < np.inf):
        return False
    if not (abs(color[0]) < np.inf and abs(color[1]) < np.inf and abs(color[2]) < np.inf):
        return False
    x, y = outputs[X * EIGHT + lane], outputs[Y * EIGHT + lane]
    xx, xy, yy = outputs[XX * EIGHT + lane], outputs[XY * EIGHT + lane], outputs[YY * EIGHT + lane]
    top = math.log2(peak)
    room = (top - LOG2_ALPHA_MIN) / HALF_LOG2_E
    wide, half = math.sqrt(room * xx), math.sqrt(room * yy)
    rx, ry = math.ceil(wide), math.ceil(half)
    if not (x + rx > 0.0 and x - rx < width and y + ry > 0.0 and y - ry < height):
        return False
    radius[0], radius[1] = rx, ry
    out.x, out.y, out.depth = x, y, depth
    out.shear = xy / yy
    out.top, out.fall, out.curve = top, HALF_LOG2_E / yy, HALF_LOG2_E * yy / det
    out.red, out.green, out.blue = color[0], color[1], color[2]
    out.wide, out.half, out.lean = wide, half, xy * wide / xx
    return True


@njit(**JIT)
def project_shares(
    stripe, stripes, found, indices, depths, counts, means2d, radii, splats, colors, camera, limits, antialiased
):
    """Project the shares stripe, stripe + stripes, ... of the splats.

    Those of a share that may show go to `found` (PROJECTED), `indices` and `depths` from the share's beginning on,
    `counts` of them; `means2d` [N, 2] and `radii` [N, 2] are written for all, 0 for what does not show.
    """
    near, far = limits
    _, _, width, height = camera
    n = len(means2d)
    inputs, outputs = new_inputs(), np.zeros(8 * EIGHT)
    for share in range(stripe, len(counts), stripes):
        kept = share * SHARE
        for i in range(share * SHARE, min(n, (share + 1) * SHARE), EIGHT):
            lanes = min(EIGHT, n - i)
            for lane in range(lanes):
                read_splat(inputs, lane, splats, i + lane)
            project_eight(outputs, inputs, camera, antialiased)
            for lane in range(lanes):
                j = i + lane
                if fill_record(found[kept], radii[j], outputs, lane, colors[j], width, height, near, far):
                    means2d[j, 0], means2d[j, 1] = outputs[X * EIGHT + lane], outputs[Y * EIGHT + lane]
                    indices[kept], depths[kept] = j, found[kept].depth
                    kept += 1
                else:
                    means2d[j, 0], means2d[j, 1] = 0.0, 0.0
                    radii[j, 0], radii[j, 1] = 0, 0
        counts[share] = kept - share * SHARE


@njit(**JIT)
def put_in_order(depths, counts):
    """Where in `found` and its fellows what was found stands, int32 [V], front to back; equal depths by index."""
    total = 0
    for share in range(len(counts)):
        total += counts[share]
    places, keys = np.empty(total, np.int32), np.empty(total, np.float32)
    n = 0
    for share in range(len(counts)):
        for i in range(share * SHARE, share * SHARE + counts[share]):
            places[n], keys[n] = i, depths[i]
            n += 1
    order = order_by_depth(keys)
    for rank in range(total):
        order[rank] = places[order[rank]]
    return order
