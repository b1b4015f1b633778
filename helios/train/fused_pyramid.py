"""L1 and the block pyramid of one 32 x 32 pixel tile, and their gradient, for the numba image loss.

The pyramid's widest block is 32 pixels, so each tile is a problem of its own: add p - t over 2 x 2 neighbours five
times, then hand the derivative of every level back down. A level has half the rows of the one before but keeps its
row length: the sum of block x stands at float 3 * side * x + channel, and what stands between is worth nothing and is
multiplied by zero. So every loop runs over contiguous floats, and all of it fits in the first-level cache.
"""

import numpy as np
from numba import njit

from helios.train.fused_segments import FAST, ONE, TWO, ZERO

TILE = 32
LEVELS = 6  # blocks of 1, 2, 4, 8, 16 and 32 pixels
ROW = 3 * TILE
PAD = ROW // 2  # how far the widest neighbour is away
PITCH = ROW + PAD


@njit(cache=True)
def tile_buffers():
    """Buffers of one thread, float32: sums and slopes [LEVELS + 1, 32, PITCH], inverses [LEVELS, ROW], moments.

    Sums have their padding after the row, slopes before it. The padding stays zero, and so does the last level of
    slopes. Moments [2, LEVELS, ROW] gather squares and absolute values per column of a tile.
    """
    return (
        np.zeros((LEVELS + 1, TILE, PITCH), np.float32),
        np.zeros((LEVELS + 1, TILE, PITCH), np.float32),
        np.zeros((LEVELS, ROW), np.float32),
        np.zeros((2, LEVELS, ROW), np.float32),
    )


@njit(cache=True)
def fill_inverses(width, inverses):
    """For a tile `width` pixels wide: one over a block's columns where its sum stands, zero elsewhere."""
    inverses[:] = ZERO
    for k in range(LEVELS):
        side = 1 << k
        for x in range(0, width, side):
            inverses[k, 3 * x : 3 * x + 3] = 1.0 / min(side, width - x)


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _differences(pred, truth, tile, sums, squares, absolutes):
    """Write p - t of a tile, the sums of level 0, and add its moments."""
    top, left, height, width3 = tile
    for y in range(height):
        p, t, out = pred[top + y, left:], truth[top + y, left:], sums[y]
        for i in range(width3):
            d = p[i] - t[i]
            out[i] = d
            squares[i] += d * d
            absolutes[i] += abs(d)


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _fold(fine, k, height, inverses, coarse, squares, absolutes):
    """Sum 2 x 2 neighbours of level k - 1 into level k, and add the moments of the blocks' means."""
    side = 1 << k
    shift = 3 * side // 2
    for y in range(TILE >> k):
        rows = max(0, min(side, height - y * side))
        by_rows = ONE / np.float32(rows) if rows else ZERO
        upper, lower, out = fine[2 * y], fine[2 * y + 1], coarse[y]
        for i in range(ROW):
            total = (upper[i] + lower[i]) + (upper[i + shift] + lower[i + shift])
            mean = total * (inverses[i] * by_rows)
            out[i] = total
            squares[i] += mean * mean
            absolutes[i] += abs(mean)


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _slopes(sums, k, height, inverses, by_square, by_absolute, parents, out):
    """Derivative by the block sums of level k, those by the larger blocks around them (`parents`) included."""
    side = 1 << k
    shift = min(3 * side, PAD)
    for y in range((height + side - 1) // side):
        by_rows = ONE / np.float32(min(side, height - y * side))
        total, parent, slope = sums[y], parents[y // 2], out[y]
        for i in range(ROW):
            inverse = inverses[i] * by_rows
            mean = total[i] * inverse
            sign = ONE if mean > ZERO else (-ONE if mean < ZERO else ZERO)
            own = (TWO * by_square * mean + by_absolute * sign) * inverse
            slope[i + PAD] = own + (parent[i + PAD] + parent[i + PAD - shift])


@njit(cache=True, fastmath=FAST, error_model="numpy")
def _pixel_slopes(sums, tile, by_square, by_absolute, parents, grad):
    """The gradient of a tile: as `_slopes`, for blocks of one pixel."""
    top, left, height, width3 = tile
    for y in range(height):
        d, parent, out = sums[y], parents[y // 2], grad[top + y, left:]
        for i in range(width3):
            v = d[i]
            sign = ONE if v > ZERO else (-ONE if v < ZERO else ZERO)
            out[i] = (TWO * by_square * v + by_absolute * sign) + (parent[i + PAD] + parent[i + PAD - 3])


@njit(cache=True)
def tile_sums(pred, truth, tile, levels, buffers):
    """Add a tile's squared and absolute mean differences of blocks to the moments in `buffers`.

    `pred`, `truth` [H, 3 W]; `tile` its first row and float, its rows and floats, at most 32 and 96; `buffers` with
    inverses for its width; only the first `levels` levels. A block at the image's edge is averaged over the pixels
    it has. `buffers` then hold what `tile_slopes` needs.
    """
    sums, _, inverses, moments = buffers
    _, _, height, width3 = tile
    if height < TILE or width3 < ROW:
        sums[0, :, :ROW] = ZERO
    _differences(pred, truth, tile, sums[0], moments[0, 0], moments[1, 0])
    for k in range(1, levels):
        _fold(sums[k - 1], k, height, inverses[k], sums[k], moments[0, k], moments[1, k])


@njit(cache=True)
def tile_slopes(tile, levels, weights, buffers, grad):
    """Write a tile's gradient of weights[0] . squares + weights[1] . absolutes, `weights` float32 [2, LEVELS]."""
    sums, slopes, inverses, _ = buffers
    above = LEVELS
    for k in range(levels - 1, 0, -1):
        _slopes(sums[k], k, tile[2], inverses[k], weights[0, k], weights[1, k], slopes[above], slopes[k])
        above = k
    _pixel_slopes(sums[0], tile, weights[0, 0], weights[1, 0], slopes[above], grad)
