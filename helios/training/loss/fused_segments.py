"""Which parts of an image the fused loss has to look at: segments of rows, as bits of a mask.

A *strip* is at most 256 pixels wide. Its rows are interleaved floats, R G B R G B ..., cut into *segments* of 16
floats; five pixels, the reach of the SSIM window, are 15 floats, so light in a segment reaches into the next ones and
no further. Bit j of a mask stands for the segment that begins at float (j - MARGIN) * SEGMENT of the strip; the
MARGIN first and last bits are the neighbour strips' share of the window.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from helios.simd import BARE, JIT, LANES, fabs, hsum, load

ZERO = np.float32(0.0)

REACH = 5  # rows and pixels on each side of the SSIM window's centre
SEGMENT = LANES
MARGIN = 2
STRIP = 768  # floats: 256 pixels. A multiple of SEGMENT and of a tile's row
WHOLE = STRIP // SEGMENT  # segments of a strip without its margins
SPAN = WHOLE + 2 * MARGIN
GROUP = 4  # rows that a sweep takes at a time
LEAD = 3  # groups before a group that its gradient, which lags REACH rows behind, has in its window

OWN = ((1 << WHOLE) - 1) << MARGIN
INNER = ((1 << (SPAN - 2)) - 1) << 1


@intrinsic
def _trailing_zeros(typingctx, mask):
    """How many of the lowest bits of an int64 are 0; 64 for 0."""

    def codegen(context, builder, signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.int64), codegen


@njit(**JIT)
def next_run(mask, j):
    """(first, last + 1) of the next run of set bits of `mask` at or after bit j; (SPAN, SPAN) if there is none."""
    rest = (mask >> j) << j
    if rest == 0:
        return SPAN, SPAN
    first = _trailing_zeros(rest)
    return first, first + _trailing_zeros(~(mask >> first))


@njit(**BARE)
def mark_lit(masks, image, begin, end):
    """Mark what is not zero in the rows from `begin` to `end` of `image` [H, 3 W], in its `masks` [strips, H]."""
    width3 = image.shape[1]
    for y in range(begin, end):
        for k in range(width3 // SEGMENT):
            if hsum(fabs(load(image, y * width3 + k * SEGMENT))) != ZERO:
                _mark(masks, y, k)
        for x in range(width3 // SEGMENT * SEGMENT, width3):
            if image[y, x] != ZERO:
                _mark(masks, y, x // SEGMENT)


@njit(**BARE)
def _mark(masks, y, k):
    """Mark segment `k` of row `y`, in its strip and in the margins of those beside it."""
    strip, place = k // WHOLE, k % WHOLE + MARGIN
    masks[strip, y] |= 1 << place
    if place < 2 * MARGIN and strip > 0:
        masks[strip - 1, y] |= 1 << (place + WHOLE)
    if place >= WHOLE and strip + 1 < len(masks):
        masks[strip + 1, y] |= 1 << (place - WHOLE)


@njit(**JIT)
def inside_segments(width3, first):
    """Mask of the segments of the strip beginning at float `first` that an image of rows of `width3` floats has."""
    mask = (1 << min(SPAN, (width3 - first + SEGMENT - 1) // SEGMENT + MARGIN)) - 1
    return mask if first else mask & ~((1 << MARGIN) - 1)


@njit(**JIT)
def any_row(masks, begin, end):
    """The segments that any row from `begin` to `end` has in `masks` [H]."""
    found = 0
    for y in range(max(0, begin), min(masks.size, end)):
        found |= masks[y]
    return found


@njit(**JIT)
def _widen(mask):
    return mask | (mask << 1) | (mask >> 1)


@njit(**JIT)
def group_count(height):
    """Groups of a sweep: LEAD above the image, those of its rows, and until the last row's gradient is done."""
    return LEAD + (height + REACH + GROUP - 1) // GROUP


@njit(**JIT)
def fill_masks(lit, wanted, inside, masks):
    """Fill `masks` [4, groups]: what a sweep has to do for each group of rows.

    0: segments whose window has light above or below, to blur along y; 1: for which SSIM is worked out; 2: for whose
    rows, REACH further up, the gradient is; 3: where that finds no SSIM worked out, so that zeros must be put.
    `lit`, `wanted` [H]: where light is and where the gradient is asked for; `inside`: segments of the image.
    """
    height, groups = lit.size, masks.shape[1]
    masks[:] = 0
    rows = masks[3]
    for y in range(height):
        rows[y // GROUP + LEAD] |= lit[y]
    for j in range(LEAD, (height + GROUP - 1) // GROUP + LEAD):
        # All of the group itself and of its neighbours, and one row more above and below.
        near = rows[j - 1] | rows[j] | (rows[j + 1] if j + 1 < groups else 0)
        above, below = GROUP * (j - LEAD) - REACH, GROUP * (j - LEAD) + GROUP - 1 + REACH
        near |= (lit[above] if above >= 0 else 0) | (lit[below] if below < height else 0)
        masks[0, j] = near & inside
        masks[1, j] = _widen(near) & INNER & inside
    rows[:] = 0
    for j in range(LEAD, groups):
        asked = any_row(wanted, GROUP * (j - LEAD) - REACH, GROUP * (j - LEAD) - REACH + GROUP)
        if asked:
            near = any_row(masks[1], j - LEAD, j + 1)
            masks[2, j] = asked & _widen(near) & OWN & inside
            for i in range(j - LEAD, j + 1):
                rows[i] |= _widen(masks[2, j]) & inside & ~masks[1, i]
