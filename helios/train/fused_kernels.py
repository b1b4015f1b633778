"""SSIM of a strip of an image, and its gradient, in one sweep down the rows, for the numba image loss.

Segments, strips and masks are those of `fused_segments`. Where truth and prediction are zero in the whole window,
SSIM is 1 and its gradient 0, and nothing is computed.

The window is separable. The sweep takes `GROUP` rows at a time: it blurs them along x into a ring, takes the window's
last rows from there to blur along y, which yields SSIM's derivatives for the rows five above, and does the same with
those for the gradient another five above. The ring holds every row twice, `RING` rows apart, so that the rows of a
window always lie one after the other: constant offsets from one base let the compiler vectorise, and blurring four
rows at once reads 14 rows instead of 44.
"""

import math

import numpy as np
from numba import njit

from helios.train.fused_segments import (
    FAST,
    GROUP,
    MARGIN,
    ONE,
    OWN,
    REACH,
    RING,
    SEGMENT,
    SPAN,
    TWO,
    ZERO,
    fill_masks,
    next_run,
)
from helios.train.losses import C1, C2, WINDOW_SIGMA

STRIDE = SPAN * SEGMENT
PLANES = 4
PITCH = PLANES * STRIDE
SKIP = RING - GROUP - 2 * REACH

_TAPS = [math.exp(-((k - REACH) ** 2) / (2 * WINDOW_SIGMA**2)) for k in range(2 * REACH + 1)]
W0, W1, W2, W3, W4, W5 = (np.float32(tap / sum(_TAPS)) for tap in _TAPS[: REACH + 1])
K1 = np.float32(C1)
K2 = np.float32(C2)


@njit(cache=True)
def _aligned(n):
    """n zeros on a 64-byte boundary: a vector that straddles two cache lines costs two loads."""
    raw = np.zeros(n + SEGMENT, np.float32)
    skip = -raw.ctypes.data % (4 * SEGMENT) // 4
    return raw[skip : skip + n]


@njit(cache=True)
def _darken(rows, planes, mask):
    """Set the segments of `mask` to zero in `planes` planes of GROUP rows."""
    a, b = next_run(mask, 0)
    while a < SPAN:
        for r in range(GROUP):
            for q in range(planes):
                begin = r * PITCH + q * STRIDE
                rows[begin + a * SEGMENT : begin + b * SEGMENT] = ZERO
        a, b = next_run(mask, b)


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _along_x(rows, n, planes, near, far):
    """Blur n floats of GROUP rows along x, to both places of the ring; `rows` begins 15 floats before these."""
    for r in range(GROUP):
        for q in range(planes):
            for i in range(n):
                o = r * PITCH + q * STRIDE + i
                v = (
                    W0 * (rows[o] + rows[o + 30])
                    + W1 * (rows[o + 3] + rows[o + 27])
                    + W2 * (rows[o + 6] + rows[o + 24])
                    + W3 * (rows[o + 9] + rows[o + 21])
                    + W4 * (rows[o + 12] + rows[o + 18])
                    + W5 * rows[o + 15]
                )
                near[o] = v
                far[o] = v


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _column(ring, i):
    return (
        W0 * (ring[i] + ring[i + 10 * PITCH])
        + W1 * (ring[i + PITCH] + ring[i + 9 * PITCH])
        + W2 * (ring[i + 2 * PITCH] + ring[i + 8 * PITCH])
        + W3 * (ring[i + 3 * PITCH] + ring[i + 7 * PITCH])
        + W4 * (ring[i + 4 * PITCH] + ring[i + 6 * PITCH])
        + W5 * ring[i + 5 * PITCH]
    )


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _along_y(ring, n, out):
    for i in range(n):
        v0 = _column(ring, i)
        v1 = _column(ring, i + PITCH)
        v2 = _column(ring, i + 2 * PITCH)
        v3 = _column(ring, i + 3 * PITCH)
        out[i] = v0
        out[i + PITCH] = v1
        out[i + 2 * PITCH] = v2
        out[i + 3 * PITCH] = v3


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _stage(pred, truth, n, out):
    """Write the four planes of a row that are blurred: t, p - t, (p - t)^2 and p t."""
    for i in range(n):
        t = truth[i]
        p = pred[i]
        d = p - t
        out[i] = t
        out[STRIDE + i] = d
        out[2 * STRIDE + i] = d * d
        out[3 * STRIDE + i] = p * t


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _ssim(blurred, n, out):
    """From the four blurred planes, write SSIM's derivatives by the blurred p, p t and (p - t)^2, and 1 - SSIM.

    SSIM = (An / Ad) (Bn / Bd). Of blurred p - t and (p - t)^2, the differences Ad - An and Bd - Bn keep their digits
    in float32 where prediction and truth are close; of blurred p and p^2 they would not.
    """
    for i in range(n):
        mu_t = blurred[i]
        mu_d = blurred[STRIDE + i]
        mu_p = mu_t + mu_d
        gap_a = mu_d * mu_d
        a_n = TWO * mu_p * mu_t + K1
        inv_a = ONE / (a_n + gap_a)
        gap_b = blurred[2 * STRIDE + i] - gap_a
        b_n = TWO * (blurred[3 * STRIDE + i] - mu_p * mu_t) + K2
        inv_b = ONE / (b_n + gap_b)
        s_a = a_n * inv_a
        s_b = b_n * inv_b
        rest_a = gap_a * inv_a
        rest_b = gap_b * inv_b
        out[i] = TWO * (s_b * inv_a * (mu_p * rest_a - mu_d) + s_a * inv_b * (mu_d - mu_p * rest_b))
        out[STRIDE + i] = TWO * s_a * rest_b * inv_b
        out[2 * STRIDE + i] = -s_a * s_b * inv_b
        out[3 * STRIDE + i] = rest_a + rest_b - rest_a * rest_b


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _sum(values, n):
    total = ZERO
    for i in range(n):
        total += values[i]
    return total


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _add_gradient(blurred, pred, truth, n, weight, grad):
    for i in range(n):
        t = truth[i]
        slope = blurred[i] + t * blurred[STRIDE + i] + TWO * (pred[i] - t) * blurred[2 * STRIDE + i]
        grad[i] += weight * slope


@njit(cache=True)
def sweep_buffers(height):
    """Buffers of one thread for `sweep_ssim` of images `height` rows high; about 1 MB."""
    groups = (height + 2 * REACH + GROUP - 1) // GROUP
    return (
        _aligned(GROUP * PITCH),
        _aligned(GROUP * PITCH),
        _aligned(GROUP * PITCH),
        _aligned(2 * RING * PITCH),
        _aligned(2 * RING * PITCH),
        np.zeros((5, groups), np.int64),
        np.zeros((2, RING // GROUP), np.int64),
    )


@njit(cache=True)
def _store(rows, planes, mask, slot, ring, held):
    """Blur GROUP rows along x into slot `slot` of the ring; what the slot held elsewhere becomes zero."""
    place = ring[slot * GROUP * PITCH :]
    stale = held[slot] & ~mask
    if stale:
        _darken(place, planes, stale)
        _darken(place[RING * PITCH :], planes, stale)
    held[slot] = mask
    a, b = next_run(mask, 0)
    while a < SPAN:
        o = a * SEGMENT
        _along_x(rows[o - 3 * REACH :], (b - a) * SEGMENT, planes, place[o:], place[RING * PITCH + o :])
        a, b = next_run(mask, b)


@njit(cache=True)
def sweep_ssim(pred, truth, lit, first, buffers, weight, grad):
    """Sum of 1 - SSIM over the strip of images [H, 3 W] that begins at float `first`.

    `lit` [H]: masks of the segments where prediction or truth is not zero. `weight` times the derivative of that sum
    by the prediction is added to `grad` [H, 3 W]; weight 0 leaves it out.
    """
    height, width3 = pred.shape
    stage, slopes, blurred, ring, slope_ring, masks, held = buffers
    edge = width3 - first + MARGIN * SEGMENT  # the float of a plane at which the image ends
    valid = (1 << min(SPAN, (edge + SEGMENT - 1) // SEGMENT)) - 1
    if first == 0:
        valid &= ~((1 << MARGIN) - 1)
    fill_masks(lit, valid, masks)
    staged = sloped = 0
    stage[:] = ZERO
    slopes[:] = ZERO
    for slot in range(RING // GROUP):  # what the last strip left
        _store(stage, PLANES, 0, slot, ring, held[0])
        _store(slopes, PLANES - 1, 0, slot, slope_ring, held[1])
    total = 0.0
    for j in range(masks.shape[1]):
        slot = j % (RING // GROUP)
        window = ((j + 1) % (RING // GROUP) * GROUP + SKIP) * PITCH
        read, mask = masks[0, j], masks[1, j]
        if mask:
            _darken(stage, PLANES, staged & ~read)
            staged = read
            a, b = next_run(read, 0)
            while a < SPAN:
                begin = first + (a - MARGIN) * SEGMENT
                n = min((b - a) * SEGMENT, width3 - begin)
                for r in range(GROUP):
                    y = GROUP * j + r
                    out = stage[r * PITCH + a * SEGMENT :]
                    if y < height:
                        _stage(pred[y, begin:], truth[y, begin:], n, out)
                    else:
                        for q in range(PLANES):
                            out[q * STRIDE : q * STRIDE + n] = ZERO
                a, b = next_run(read, b)
        _store(stage, PLANES, mask, slot, ring, held[0])

        mask = masks[2, j]
        if mask:
            _darken(slopes, PLANES - 1, sloped & ~mask)
            sloped = mask
            a, b = next_run(mask, 0)
            while a < SPAN:
                o, n = a * SEGMENT, (b - a) * SEGMENT
                for q in range(PLANES):
                    _along_y(ring[window + q * STRIDE + o :], n, blurred[q * STRIDE :])
                for r in range(GROUP):
                    y = GROUP * j - REACH + r
                    out = slopes[r * PITCH + o :]
                    if 0 <= y < height:
                        _ssim(blurred[r * PITCH :], n, out)
                        for q in range(PLANES):
                            out[q * STRIDE + max(0, edge - o) : q * STRIDE + n] = ZERO
                    else:
                        for q in range(PLANES):
                            out[q * STRIDE : q * STRIDE + n] = ZERO
                a, b = next_run(mask, b)
            a, b = next_run(mask & OWN, 0)
            while a < SPAN:
                for r in range(GROUP):
                    total += _sum(slopes[r * PITCH + 3 * STRIDE + a * SEGMENT :], (b - a) * SEGMENT)
                a, b = next_run(mask & OWN, b)
        if weight == ZERO:
            continue
        _store(slopes, PLANES - 1, masks[3, j], slot, slope_ring, held[1])

        a, b = next_run(masks[4, j], 0)
        while a < SPAN:
            begin = first + (a - MARGIN) * SEGMENT
            n = min((b - a) * SEGMENT, width3 - begin)
            for q in range(PLANES - 1):
                _along_y(slope_ring[window + q * STRIDE + a * SEGMENT :], n, blurred[q * STRIDE :])
            for r in range(GROUP):
                y = GROUP * j - 2 * REACH + r
                if 0 <= y < height:
                    _add_gradient(blurred[r * PITCH :], pred[y, begin:], truth[y, begin:], n, -weight, grad[y, begin:])
            a, b = next_run(masks[4, j], b)
    return total
