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
from helios.simd import BARE, JIT, broadcast, ceil, frexp, load, select, sqrt, store

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

X, Y, DEPTH, SHEAR, TOP, FALL, CURVE, WIDE, HALF, LEAN, RADIUS_X, RADIUS_Y, SHOWN = range(13)
FOUND = 13
"""Numbers of a splat that `project_eight` finds."""

# log2 m = 2 / ln 2 artanh(s) with s = (m - 1) / (m + 1): of these terms, below 4e-10 for m from 2^-1/2 to 2^1/2.
L1, L3, L5, L7, L9 = (2.0 / math.log(2.0) / k for k in (1, 3, 5, 7, 9))


@njit(**BARE)
def log2(x):
    """The binary logarithm of positive normal float64, a number or a vector, to 4e-10."""
    m, exponent = frexp(x * math.sqrt(2.0))
    m = m * math.sqrt(0.5)
    s = (m - 1.0) / (m + 1.0)
    ss = s * s
    return exponent + s * (L1 + ss * (L3 + ss * (L5 + ss * (L7 + ss * L9))))


@njit(**BARE)
def project_eight(outputs, inputs, camera, limits, antialiased):
    """Fill `outputs` [FOUND x EIGHT] float64, X to SHOWN, from the splats in `inputs`; SHOWN is 1 where one may be."""
    viewmat, intrinsics, width, height = camera
    near, far = limits
    p = to_cameras(inputs, viewmat)
    q, _ = unit_quats(inputs)
    u, v, _, _ = shadows(inputs, p, axes_of(q), camera)
    xx, xy, yy, det, blurred_det, _ = covariances(u, v)
    x = intrinsics[0, 0] * p[0] / p[2] + intrinsics[0, 2]
    y = intrinsics[1, 1] * p[1] / p[2] + intrinsics[1, 2]
    peak = load(inputs, 10 * EIGHT)
    peak = peak * sqrt(det / blurred_det) if antialiased else peak
    no, shown = broadcast(0.0), broadcast(1.0)
    shown = select(p[2] >= near, select(p[2] <= far, shown, no), no)
    shown = select(peak >= ALPHA_MIN, select(peak < np.inf, select(blurred_det < np.inf, shown, no), no), no)
    top = log2(select(shown > 0.5, peak, broadcast(1.0)))
    room = (top - LOG2_ALPHA_MIN) / HALF_LOG2_E
    wide, half = sqrt(room * xx), sqrt(room * yy)
    rx, ry = ceil(wide), ceil(half)
    shown = select(x + rx > 0.0, select(x - rx < width, shown, no), no)
    shown = select(y + ry > 0.0, select(y - ry < height, shown, no), no)
    store(outputs, X * EIGHT, x)
    store(outputs, Y * EIGHT, y)
    store(outputs, DEPTH * EIGHT, p[2])
    store(outputs, SHEAR * EIGHT, xy / yy)
    store(outputs, TOP * EIGHT, top)
    store(outputs, FALL * EIGHT, HALF_LOG2_E / yy)
    store(outputs, CURVE * EIGHT, HALF_LOG2_E * yy / blurred_det)
    store(outputs, WIDE * EIGHT, wide)
    store(outputs, HALF * EIGHT, half)
    store(outputs, LEAN * EIGHT, xy * wide / xx)
    store(outputs, RADIUS_X * EIGHT, rx)
    store(outputs, RADIUS_Y * EIGHT, ry)
    store(outputs, SHOWN * EIGHT, shown)


@njit(**BARE)
def fill_record(out, radius, outputs, lane, color):
    """Fill `out`, a PROJECTED record, and its radius in pixels [2]; return whether the splat may show."""
    if not outputs[SHOWN * EIGHT + lane] > 0.5:
        return False
    if not (abs(color[0]) < np.inf and abs(color[1]) < np.inf and abs(color[2]) < np.inf):
        return False
    radius[0], radius[1] = outputs[RADIUS_X * EIGHT + lane], outputs[RADIUS_Y * EIGHT + lane]
    out.x, out.y, out.depth = outputs[X * EIGHT + lane], outputs[Y * EIGHT + lane], outputs[DEPTH * EIGHT + lane]
    out.shear, out.top = outputs[SHEAR * EIGHT + lane], outputs[TOP * EIGHT + lane]
    out.fall, out.curve = outputs[FALL * EIGHT + lane], outputs[CURVE * EIGHT + lane]
    out.red, out.green, out.blue = color[0], color[1], color[2]
    out.wide, out.half, out.lean = (
        outputs[WIDE * EIGHT + lane],
        outputs[HALF * EIGHT + lane],
        outputs[LEAN * EIGHT + lane],
    )
    return True


@njit(**JIT)
def project_shares(
    stripe, stripes, found, indices, depths, counts, means2d, radii, splats, colors, camera, limits, antialiased
):
    """Project the shares stripe, stripe + stripes, ... of the splats.

    Those of a share that may show go to `found` (PROJECTED), `indices` and `depths` from the share's beginning on,
    `counts` of them; `means2d` [N, 2] and `radii` [N, 2] are written for all, 0 for what does not show.
    """
    n = len(means2d)
    inputs, outputs = new_inputs(), np.zeros(FOUND * EIGHT)
    for share in range(stripe, len(counts), stripes):
        kept = share * SHARE
        for i in range(share * SHARE, min(n, (share + 1) * SHARE), EIGHT):
            lanes = min(EIGHT, n - i)
            for lane in range(lanes):
                read_splat(inputs, lane, splats, i + lane)
            project_eight(outputs, inputs, camera, limits, antialiased)
            for lane in range(lanes):
                j = i + lane
                if fill_record(found[kept], radii[j], outputs, lane, colors[j]):
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
