"""Which parts of an image the fused loss has to look at: segments of rows, as bits of a mask.

A *strip* is at most 256 pixels wide. Its rows are interleaved floats, R G B R G B ..., cut into *segments* of 16
floats; five pixels, the reach of the SSIM window, are 15 floats, so light in a segment reaches into the next ones and
no further. Bit j of a mask stands for the segment that begins at float (j - MARGIN) * SEGMENT of the strip; the
MARGIN first and last bits are the neighbour strips' share of the window.
"""

import numpy as np
from numba import njit

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
TWO = np.float32(2.0)

# NaN must reach the loss, where the trainer sees it: the flags leave out `nnan` and `ninf`.
FAST = {"nsz", "arcp", "contract", "reassoc"}

REACH = 5  # rows and pixels on each side of the SSIM window's centre
SEGMENT = 16
MARGIN = 2
STRIP = 768  # floats: 256 pixels. A multiple of SEGMENT and of a tile's row
SPAN = STRIP // SEGMENT + 2 * MARGIN
GROUP = 4  # rows that the sweep takes at a time
RING = 16  # rows: the least multiple of GROUP that holds a group's window, GROUP + 2 REACH rows

OWN = ((1 << (SPAN - 2 * MARGIN)) - 1) << MARGIN
INNER = ((1 << (SPAN - 2)) - 1) << 1


@njit(cache=True)
def next_run(mask, j):
    """(first, last + 1) of the next run of set bits of `mask` at or after bit j; (SPAN, SPAN) if there is none."""
    if mask >> j == 0:
        return SPAN, SPAN
    while not (mask >> j) & 1:
        j += 1
    first = j
    while (mask >> j) & 1:
        j += 1
    return first, j


@njit(cache=True, fastmath=FAST)
def lit_segments(row, first):
    """Mask of the segments of the strip beginning at float `first` in which the image row `row` [3 W] is not zero."""
    mask = 0
    begin = max(0, first - MARGIN * SEGMENT)
    j = (begin - first) // SEGMENT + MARGIN
    whole = min(SPAN, (row.size - first) // SEGMENT + MARGIN)
    while j < whole:
        light = ZERO
        part = row[begin : begin + SEGMENT]
        for i in range(SEGMENT):
            light += abs(part[i])
        if light != ZERO:
            mask |= 1 << j
        begin += SEGMENT
        j += 1
    if j < SPAN:
        for i in range(begin, row.size):
            if row[i] != ZERO:
                mask |= 1 << j
    return mask


@njit(cache=True)
def _widen(mask):
    return mask | (mask << 1) | (mask >> 1)


@njit(cache=True)
def fill_masks(lit, valid, masks):
    """Fill `masks` [5, groups]: what a sweep has to do for each group of rows.

    0: segments to read, 1: to blur along x, 2: to blur along y for SSIM's derivatives, 3: to blur along x of these,
    4: to blur along y of these for the gradient. `valid`: segments inside the image.
    """
    height = lit.size
    for j in range(masks.shape[1]):
        read = 0
        for y in range(GROUP * j, min(height, GROUP * (j + 1))):
            read |= lit[y]
        near = 0
        for y in range(max(0, GROUP * j - 2 * REACH), min(height, GROUP * (j + 1))):
            near |= lit[y]
        masks[0, j] = read
        masks[1, j] = _widen(read) & INNER
        masks[2, j] = _widen(near) & INNER & valid
        masks[3, j] = _widen(masks[2, j]) & OWN
        masks[4, j] = 0
        for i in range(max(0, j - RING // GROUP + 1), j + 1):
            masks[4, j] |= masks[3, i] & valid
