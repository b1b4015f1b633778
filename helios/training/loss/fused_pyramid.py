"""L1 and the block pyramid of one 32 x 32 pixel tile, and their gradient, for the numba image loss.

The pyramid's widest block is 32 pixels, so each tile is a problem of its own: add p - t over 2 x 2 neighbours five
times, then hand the derivative of every level back down. From the second level on a row of a tile is three vectors,
one block after the other, and what is past its end is 0 and stays 0. All of it fits in the first-level cache.
"""

import numpy as np
from numba import njit

from helios.simd import JIT, broadcast, fabs, load_rows, repeat_pixels, sign, store_rows, sum_pixel_pairs, take_rows
from helios.training.loss.fused_segments import SEGMENT, ZERO

TILE = 32
LEVELS = 6  # blocks of 1, 2, 4, 8, 16 and 32 pixels
ROW = 3 * TILE
SEGMENTS = ROW // SEGMENT
ALL = (1 << SEGMENTS) - 1
COARSE_ROWS = TILE // 2
COARSE_ROW = ROW // 2

ONE = np.float32(1.0)
TWO = np.float32(2.0)


@njit(**JIT)
def tile_buffers():
    """Buffers of one thread, float32: the levels' sums, their slopes, inverses, moments; a row; images at the edge.

    Moments [2, LEVELS, SEGMENT] gather squares and absolute values per lane.
    """
    return (
        np.zeros((LEVELS, COARSE_ROWS, COARSE_ROW), np.float32),
        np.zeros((LEVELS + 1, COARSE_ROWS, COARSE_ROW), np.float32),
        np.zeros((LEVELS, COARSE_ROW), np.float32),
        np.zeros((2, LEVELS, SEGMENT), np.float32),
        np.zeros(ROW, np.float32),
        np.zeros((3, TILE, ROW), np.float32),
    )


@njit(**JIT)
def fill_inverses(width, inverses):
    """For a tile `width` pixels wide: one over a block's columns where its sum stands, zero elsewhere."""
    inverses[:] = ZERO
    for k in range(1, LEVELS):
        side = 1 << k
        for block in range((width + side - 1) // side):
            inverses[k, 3 * block : 3 * block + 3] = 1.0 / min(side, width - block * side)


@njit(**JIT)
def _inverses(k, y, height, inverses):
    """One over the pixels of the blocks of level k in their row y, in a tile with `height` rows."""
    rows = min(1 << k, height - (y << k))
    by_rows = ONE / np.float32(rows) if rows > 0 else ZERO
    return load_rows(inverses, k * COARSE_ROW, SEGMENT, 3) * by_rows


@njit(**JIT)
def _level(levels, k, y):
    return load_rows(levels, (k * COARSE_ROWS + y) * COARSE_ROW, SEGMENT, 3)


@njit(**JIT)
def _set_level(levels, k, y, line):
    store_rows(levels, (k * COARSE_ROWS + y) * COARSE_ROW, line, SEGMENT)


@njit(**JIT)
def _add_moments(k, squares, absolutes, moments):
    i, j = k * SEGMENT, (LEVELS + k) * SEGMENT
    store_rows(moments, i, load_rows(moments, i) + squares)
    store_rows(moments, j, load_rows(moments, j) + absolutes)


@njit(**JIT)
def _pixels(pred, truth, at, pitch, lit, fold, buffers):
    """Moments of single pixels and, if `fold`, the sums of 2 x 2 of them."""
    sums, _, _, moments, pair, _ = buffers
    nothing = broadcast(ZERO, 1)
    squares = absolutes = nothing
    for y in range(COARSE_ROWS):
        marked = lit[2 * y] | lit[2 * y + 1]
        for s in range(SEGMENTS):
            both = nothing
            if (marked >> s) & 1:
                i = at + 2 * y * pitch + s * SEGMENT
                d = load_rows(pred, i, pitch, 2) - load_rows(truth, i, pitch, 2)
                upper, lower = take_rows(d, 0, 1), take_rows(d, 1, 1)
                squares = squares + (upper * upper + lower * lower)
                absolutes = absolutes + (fabs(upper) + fabs(lower))
                both = upper + lower
            store_rows(pair, s * SEGMENT, both)
        if fold:
            _set_level(sums, 1, y, sum_pixel_pairs(load_rows(pair, 0, SEGMENT, 6)))
    _add_moments(0, squares, absolutes, moments)


@njit(**JIT)
def _blocks(k, height, buffers):
    """Moments of the means of the blocks of level k, whose sums are there or made of the level before."""
    sums, _, inverses, moments, _, _ = buffers
    squares = absolutes = broadcast(ZERO, 1)
    for y in range(TILE >> k):
        if k > 1:
            _set_level(sums, k, y, sum_pixel_pairs(_level(sums, k - 1, 2 * y) + _level(sums, k - 1, 2 * y + 1)))
        mean = _level(sums, k, y) * _inverses(k, y, height, inverses)
        squared, absolute = mean * mean, fabs(mean)
        squares = squares + (take_rows(squared, 0, 1) + take_rows(squared, 1, 1) + take_rows(squared, 2, 1))
        absolutes = absolutes + (take_rows(absolute, 0, 1) + take_rows(absolute, 1, 1) + take_rows(absolute, 2, 1))
    _add_moments(k, squares, absolutes, moments)


@njit(**JIT)
def _slopes(k, height, by_square, by_absolute, buffers):
    """Derivative by the block sums of level k, those by the larger blocks around them included."""
    sums, slopes, inverses, _, _, _ = buffers
    for y in range(TILE >> k):
        inverse = _inverses(k, y, height, inverses)
        mean = _level(sums, k, y) * inverse
        own = (TWO * by_square * mean + by_absolute * sign(mean)) * inverse
        _set_level(slopes, k, y, own + repeat_pixels(_level(slopes, k + 1, y // 2), 3))


@njit(**JIT)
def _pixel_slopes(pred, truth, at, pitch, wanted, by_square, by_absolute, buffers, grad):
    """The gradient of a tile where it is wanted: as `_slopes`, for blocks of one pixel."""
    _, slopes, _, _, line, _ = buffers
    for y in range(COARSE_ROWS):
        if not wanted[2 * y] | wanted[2 * y + 1]:
            continue
        store_rows(line, 0, repeat_pixels(_level(slopes, 1, y), 6), SEGMENT)
        for r in range(2):
            marked = wanted[2 * y + r]
            for s in range(SEGMENTS):
                if (marked >> s) & 1:
                    i = at + (2 * y + r) * pitch + s * SEGMENT
                    d = load_rows(pred, i) - load_rows(truth, i)
                    own = TWO * by_square * d + by_absolute * sign(d)
                    store_rows(grad, i, own + load_rows(line, s * SEGMENT))


@njit(**JIT)
def mark_tile(masks, top, shift, marks):
    """Fill `marks` [TILE] with a tile's own bits, from `shift` on, of rows `top` to `top` + TILE of `masks` [H].

    Returns those of all rows together. Rows past the last have none.
    """
    found = 0
    for y in range(TILE):
        marks[y] = (masks[top + y] >> shift) & ALL if top + y < len(masks) else 0
        found |= marks[y]
    return found


@njit(**JIT)
def darken_tile(top, left, wanted, grad):
    """Write zeros to the segments of a tile marked in `wanted` [TILE]."""
    for y in range(TILE):
        for s in range(SEGMENTS):
            if (wanted[y] >> s) & 1:
                begin = left + s * SEGMENT
                grad[top + y, begin : begin + SEGMENT] = ZERO


@njit(**JIT)
def _copy(source, y, x, target, to_y, to_x, rows, floats):
    for r in range(rows):
        for i in range(floats):
            target[to_y + r, to_x + i] = source[y + r, x + i]


@njit(**JIT)
def pyramid_tile(pred, truth, top, left, lit, wanted, levels, weights, want_gradient, buffers, grad):
    """Add a tile's squared and absolute mean differences of blocks to the moments in `buffers`, and write its gradient.

    `pred`, `truth`, `grad` [H, 3 W]; `top`, `left` the tile's first row and float; `lit`, `wanted` int64 [TILE]: the
    tile's own segments, as bits from 0, where an image may not be zero and where the gradient of weights[0] . squares
    + weights[1] . absolutes, `weights` float32 [2, LEVELS], is written; `buffers` with inverses for its width. Only the
    first `levels` levels. A block at the image's edge is averaged over the pixels it has.
    """
    height, width3 = pred.shape
    rows, floats = min(TILE, height - top), min(ROW, width3 - left)
    if rows == TILE and floats == ROW:
        at = top * width3 + left
        _pyramid(pred, truth, at, width3, rows, lit, wanted, levels, weights, want_gradient, buffers, grad)
        return
    own_pred, own_truth, own_grad = buffers[5][0], buffers[5][1], buffers[5][2]
    own_pred[:] = ZERO
    own_truth[:] = ZERO
    _copy(pred, top, left, own_pred, 0, 0, rows, floats)
    _copy(truth, top, left, own_truth, 0, 0, rows, floats)
    _pyramid(own_pred, own_truth, 0, ROW, rows, lit, wanted, levels, weights, want_gradient, buffers, own_grad)
    if want_gradient:
        for y in range(rows):
            for s in range((floats + SEGMENT - 1) // SEGMENT):
                if (wanted[y] >> s) & 1:
                    x = s * SEGMENT
                    _copy(own_grad, y, x, grad, top + y, left + x, 1, min(SEGMENT, floats - x))


@njit(**JIT)
def _pyramid(pred, truth, at, pitch, rows, lit, wanted, levels, weights, want_gradient, buffers, grad):
    _pixels(pred, truth, at, pitch, lit, levels > 1, buffers)
    for k in range(1, levels):
        _blocks(k, rows, buffers)
    if want_gradient:
        buffers[1][levels] = ZERO
        for k in range(levels - 1, 0, -1):
            _slopes(k, rows, weights[0, k], weights[1, k], buffers)
        _pixel_slopes(pred, truth, at, pitch, wanted, weights[0, 0], weights[1, 0], buffers, grad)
