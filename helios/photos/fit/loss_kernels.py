"""L1 and SSIM of a picture against its photograph, and their gradient, in machine code.

`mark_rows` finds where there is light; `judge_bands` looks at the windows of SSIM there, by the sweep of
`helios.training.loss.fused_kernels`, and at each pixel while the cache has it. Images are float32 [H, 3 W]; segments,
strips and groups of rows are those of `helios.training.loss.fused_segments`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from helios.simd import BARE, JIT, LANES, broadcast, fabs, hsum, load, sign, store
from helios.training.loss.fused_kernels import add_gradient_rows, ssim_rows, sweep_buffers
from helios.training.loss.fused_segments import (
    GROUP,
    LEAD,
    REACH,
    STRIP,
    ZERO,
    fill_masks,
    group_count,
    inside_segments,
    mark_lit,
)


@njit(**BARE)
def mark_rows(stripe, stripes, pred, truth, lit):
    """Mark, in this stripe's rows of `lit` int64 [strips, H], of zeros, the segments where an image is not zero."""
    begin, end = stripe * len(pred) // stripes, (stripe + 1) * len(pred) // stripes
    mark_lit(lit, pred, begin, end)
    mark_lit(lit, truth, begin, end)


@njit(**JIT)
def judge_bands(stripe, stripes, pred, truth, absolute, structural, grad, lit, sums):
    """Write to `grad` [H, 3 W], of this stripe's band of rows, the gradient of `absolute` times the sum of |pred -
    truth| plus `structural` times that of 1 - SSIM.

    What each group of rows has of the two sums goes to `sums` float64 [2, strips, groups]. A band looks at the windows
    of the LEAD groups before it once more, and so finds what it would as a part of one.
    """
    height, width3 = pred.shape
    groups = group_count(height)
    masks, buffers = np.zeros((4, groups), np.int64), sweep_buffers()
    everywhere = np.full(height, -1, np.int64)
    begin, end = stripe * groups // stripes, (stripe + 1) * groups // stripes
    for strip in range(len(lit)):
        inside = inside_segments(width3, strip * STRIP)
        if structural != ZERO:
            fill_masks(lit[strip], everywhere, inside, masks)
        _judge_strip(pred, truth, absolute, structural, grad, sums, strip, begin, end, inside, masks, buffers)


@njit(**BARE)
def _judge_strip(pred, truth, absolute, structural, grad, sums, strip, begin, end, inside, masks, buffers):
    first = strip * STRIP
    for j in range(max(0, begin - LEAD), end):
        near, judged, asked, blank = masks[0, j], masks[1, j], masks[2, j], masks[3, j]
        far = 0.0
        if judged | blank:
            far = ssim_rows(pred, truth, first, j - LEAD, near, judged, blank, True, buffers)
        if j >= begin:
            sums[0, strip, j] = _absolute_rows(pred, truth, first, j - LEAD, absolute, grad)
            sums[1, strip, j] = far
            if asked:
                add_gradient_rows(pred, truth, first, j - LEAD, asked, inside, structural, buffers, grad)


@njit(**BARE)
def _absolute_rows(pred, truth, first, j, weight, grad):
    """Write the slopes of `weight` times |pred - truth| of the strip, REACH rows above group j; return the sum."""
    height, width3 = pred.shape
    end = min(width3, first + STRIP)
    sums, rest = broadcast(ZERO), 0.0
    for y in range(max(0, GROUP * j - REACH), min(height, GROUP * (j + 1) - REACH)):
        x = first
        while x + LANES <= end:
            d = load(pred, y * width3 + x) - load(truth, y * width3 + x)
            store(grad, y * width3 + x, weight * sign(d))
            sums = sums + fabs(d)
            x += LANES
        while x < end:
            d = pred[y, x] - truth[y, x]
            grad[y, x] = weight if d > ZERO else -weight if d < ZERO else ZERO
            rest += abs(d)
            x += 1
    return rest + hsum(sums)
