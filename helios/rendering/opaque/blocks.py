"""The innermost loops: one splat over one tile, a block of 4 x 4 pixels a vector (`helios.simd`), float32.

A tile's pixels lie block after block in a buffer that stays in the L1 cache while all its splats are laid over it,
front to back. A block where nothing passes any more is left out, and a tile where no block is left is done. What
passes in a pixel that is done is kept with a minus sign, for the background.

On a splat, log2 alpha = top - fall dy^2 - curve u^2 with u = dx - shear dy. The large parts of u cancel in float64,
once for each block; within a block, and for the moments, float32 is enough.
"""

import numpy as np
from numba import njit

from helios.rendering.opaque.contract import ALPHA_MAX, PASSING_MIN
from helios.rendering.opaque.project import LOG2_ALPHA_MIN
from helios.rendering.rows import exp2
from helios.simd import (
    BARE,
    LANES,
    any_lane,
    bits_of_rows,
    broadcast,
    clamp,
    fabs,
    floor,
    iota,
    load,
    lowest_bit,
    select,
    sqrt,
    store,
    store_hsums,
)

SIDE = 4
"""Pixels of a block's side; SIDE x SIDE is a vector."""

ACROSS = 8
"""Blocks of a tile's side: left and right ends of all its rows of blocks are one float32 vector."""

TILE = SIDE * ACROSS
"""Pixels of a tile's side."""

DRAWN = 6
"""Numbers of a pixel in the forward pass: what passes; sums of w times red, green, blue, depth, 1."""

ASKED = 7
"""Numbers of a pixel in the backward pass: what passes, what is behind, dL/d(red, green, blue, sum of w z), depth."""

SUMS = LANES
"""Numbers of a row of moments: those of `sum_splat`, and 4 that are not used."""

CLIP, T_MIN, LOG2_MIN = np.float32(ALPHA_MAX), np.float32(PASSING_MIN), np.float32(LOG2_ALPHA_MIN)
ZERO, ONE = np.float32(0.0), np.float32(1.0)
PAD = np.float32(1e-3)
"""Pixels by which a splat's ends are set wider, for what float32 rounds away."""

BLOCKS = ACROSS * ACROSS
"""Blocks of a tile: one bit each of a uint64 says whether they are open, or covered."""

# In `constants`, a vector each: a pixel's place in its block; top of a row of blocks; which end; the end of no blocks.
LX, LY, SLAB, END, NONE = (k * LANES for k in range(5))


def block_constants():
    """Return the vectors that `cover` and the loops over blocks load, float32 [5 LANES]."""
    lane = np.arange(LANES)
    right = lane < ACROSS
    rows = [lane % SIDE, lane // SIDE, SIDE * (lane % ACROSS), np.where(right, 1, -1), np.full(LANES, ACROSS)]
    return np.concatenate(rows).astype(np.float32)


@njit(**BARE)
def cover(rows, constants, splat, left, top):
    """Return the blocks of the tile at (left, top) that a splat covers, a bit each.

    Also fill `rows` [2 ACROSS]: for each row of blocks u of the tile's first pixel in it, and dy.
    """
    y8 = iota(0.0) * float(SIDE) + (top + 0.5 - splat.y)
    store(rows, 0, left + 0.5 - splat.x - splat.shear * y8)
    store(rows, ACROSS, y8)
    end = load(constants, END)
    half = broadcast(splat.half + PAD)
    y = load(constants, SLAB) + np.float32(top + 0.5 - splat.y)
    last = y + np.float32(SIDE - 1.0)
    low, high = select(y > ZERO - half, y, ZERO - half), select(last < half, last, half)
    dy = end * splat.lean
    dy = select(dy > low, dy, low)
    dy = select(dy < high, dy, high)
    room = splat.top - LOG2_MIN - splat.fall * dy * dy
    reach = sqrt(select(room > ZERO, room, ZERO) * (ONE / splat.curve)) + PAD
    edge = end * (np.float32(splat.shear) * dy + np.float32(splat.x - left - 0.5)) + reach
    block = floor(end * floor(edge) * np.float32(1.0 / SIDE)) + select(end > ZERO, ONE, broadcast(ZERO))
    block = select(high >= low, clamp(block, ZERO, np.float32(ACROSS)), load(constants, NONE))
    return bits_of_rows(block)


@njit(**BARE)
def lay_splat(state, covered, rows, constants, splat):
    """Lay a splat over the blocks `covered` of a tile, `rows` from `cover`; return the blocks that this ended."""
    lx, ly = load(constants, LX), load(constants, LY)
    slant = lx - np.float32(splat.shear) * ly
    curve, fall, log2_top, r, g, b, z = (
        splat.curve, splat.fall, splat.top, splat.red, splat.green, splat.blue, splat.depth,
    )  # fmt: skip
    ended = np.uint64(0)
    while covered:
        block = lowest_bit(covered)
        row, column = block // ACROSS, block % ACROSS
        at = block * DRAWN * LANES
        dy = ly + rows[ACROSS + row]
        peak = log2_top - fall * dy * dy
        u = slant + (rows[row] + np.float32(SIDE * column))
        t = peak - curve * u * u
        alpha = exp2(t)
        alpha = select(t >= LOG2_MIN, select(alpha < CLIP, alpha, CLIP), ZERO)
        passing = load(state, at)
        weight = passing * alpha
        after = passing - weight
        goes_on = after > T_MIN
        weight = select(goes_on, weight, ZERO)
        store(state, at, select(goes_on, after, ZERO - fabs(passing)))
        store(state, at + LANES, load(state, at + LANES) + weight * r)
        store(state, at + 2 * LANES, load(state, at + 2 * LANES) + weight * g)
        store(state, at + 3 * LANES, load(state, at + 3 * LANES) + weight * b)
        store(state, at + 4 * LANES, load(state, at + 4 * LANES) + weight * z)
        store(state, at + 5 * LANES, load(state, at + 5 * LANES) + weight)
        if not any_lane(goes_on):
            ended |= covered & (~covered + np.uint64(1))
        covered &= covered - np.uint64(1)
    return ended


@njit(**BARE)
def sum_splat(moments, at, state, covered, rows, constants, splat, absolute):
    """Lay a splat over the blocks `covered` of a tile and write to `moments` float32 [at:at + SUMS] what its gradient
    is made of; return the blocks that this ended.

    These are the sums over pixels of q, q u, q u^2, q dy, q u dy, q dy^2, with q = alpha dL/dalpha; of weight times
    dL/d(red, green, blue, depth); and, if `absolute`, of |dL/dx| and |dL/dy| of the centre.

    Behind a pixel's splats so far is, per pixel, dL/d(pixel) . (light of all further ones and of the background): with
    it, dL/dalpha = T dL/d(pixel).colour - behind / (1 - alpha), without walking back.
    """
    lx, ly = load(constants, LX), load(constants, LY)
    slant = lx - np.float32(splat.shear) * ly
    curve, fall, log2_top, r, g, b, z = (
        splat.curve, splat.fall, splat.top, splat.red, splat.green, splat.blue, splat.depth,
    )  # fmt: skip
    shear_curve = np.float32(splat.shear) * curve
    none = broadcast(ZERO)
    q0, q1, q2, y0, y1, y2 = none, none, none, none, none, none
    s_red, s_green, s_blue, s_depth, a_x, a_y = none, none, none, none, none, none
    ended = np.uint64(0)
    while covered:
        block = lowest_bit(covered)
        row, column = block // ACROSS, block % ACROSS
        at_block = block * ASKED * LANES
        dy = ly + rows[ACROSS + row]
        peak = log2_top - fall * dy * dy
        u = slant + (rows[row] + np.float32(SIDE * column))
        t = peak - curve * u * u
        full = exp2(t)
        alpha = select(t >= LOG2_MIN, select(full < CLIP, full, CLIP), ZERO)
        passing = load(state, at_block)
        weight = passing * alpha
        after = passing - weight
        goes_on = after > T_MIN
        weight = select(goes_on, weight, ZERO)
        store(state, at_block, select(goes_on, after, ZERO - fabs(passing)))
        d_red, d_green = load(state, at_block + 2 * LANES), load(state, at_block + 3 * LANES)
        d_blue, d_depth = load(state, at_block + 4 * LANES), load(state, at_block + 5 * LANES)
        asked = weight * (d_red * r + d_green * g + d_blue * b + d_depth * (z - load(state, at_block + 6 * LANES)))
        behind = load(state, at_block + LANES) - asked
        store(state, at_block + LANES, behind)
        q = asked - behind * (alpha / (ONE - alpha))
        q = select(goes_on, select(full > CLIP, ZERO, q), ZERO)
        qu, qy = q * u, q * dy
        q0 = q0 + q
        q1 = q1 + qu
        q2 = q2 + qu * u
        y0 = y0 + qy
        y1 = y1 + qu * dy
        y2 = y2 + qy * dy
        s_red = s_red + weight * d_red
        s_green = s_green + weight * d_green
        s_blue = s_blue + weight * d_blue
        s_depth = s_depth + weight * d_depth
        if absolute:
            a_x = a_x + fabs(qu)
            a_y = a_y + fabs(fall * qy - shear_curve * qu)
        if not any_lane(goes_on):
            ended |= covered & (~covered + np.uint64(1))
        covered &= covered - np.uint64(1)
    store_hsums(
        moments, at,
        (q0, q1, q2, y0, y1, y2, s_red, s_green, s_blue, s_depth, a_x * curve, a_y, none, none, none, none),
    )  # fmt: skip
    return ended
