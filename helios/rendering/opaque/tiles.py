"""Whole pictures from projected splats, forward and backward, tile by tile.

Every tile is by itself: threads take tiles in turn, and its bytes do not depend on which did. In the backward pass,
each pair of splat and tile has a row of moments of its own, and `gradients.py` adds a splat's rows in their order.
"""

import math

import numpy as np
from numba import njit

from helios.rendering.opaque.blocks import ACROSS, ASKED, BLOCKS, DRAWN, SIDE, SUMS, TILE, cover, lay_splat, sum_splat
from helios.simd import BARE, JIT, LANES, prefetch

AHEAD, FAR_AHEAD = 4, 16
"""How many splats before its turn one is fetched: where each is laid, and where each is only copied."""


@njit(**BARE)
def bounds_of(s, width, height):
    """The columns and rows of tiles that a splat touches: first and behind the last of each."""
    left, right = math.ceil(max(0.0, s.x - s.wide - 0.5)), math.floor(min(width - 1.0, s.x + s.wide - 0.5))
    top, bottom = math.ceil(max(0.0, s.y - s.half - 0.5)), math.floor(min(height - 1.0, s.y + s.half - 0.5))
    if right < left or bottom < top:
        return 0, 0, 0, 0
    return left // TILE, right // TILE + 1, top // TILE, bottom // TILE + 1


SORTED = 2048
"""Splats of a share of those in order of depth, which one thread copies and lists at a time."""


@njit(**BARE)
def take_splats(stripe, stripes, splats, bounds, first, tallies, found, indices, order, width, height):
    """Copy the shares stripe, stripe + stripes, ... of what was `found` in its order to `splats` [V], with the `bounds`
    int16 [V, 4] of each.

    How many tiles splat i of the scene touches is written to first[i + 1], and to `tallies` int32 [shares, T] how many
    splats of a share touch a tile.
    """
    total, across = len(order), (width + TILE - 1) // TILE
    for share in range(stripe, len(tallies), stripes):
        tallies[share] = 0
        for rank in range(share * SORTED, min(total, (share + 1) * SORTED)):
            prefetch(found, order[min(rank + FAR_AHEAD, total - 1)])
            splats[rank] = found[order[rank]]
            x0, x1, y0, y1 = bounds_of(splats[rank], width, height)
            bounds[rank, 0], bounds[rank, 1], bounds[rank, 2], bounds[rank, 3] = x0, x1, y0, y1
            first[indices[order[rank]] + 1] = (x1 - x0) * (y1 - y0)
            for y in range(y0, y1):
                for x in range(x0, x1):
                    tallies[share, y * across + x] += 1


@njit(**BARE)
def place_lists(begin, tallies, first):
    """Fill `begin` [T + 1], where the list of each tile begins; make of `tallies` where in it each share's part does,
    and of `first` where the slots of each splat begin.
    """
    slot = 0
    for tile in range(tallies.shape[1]):
        begin[tile] = slot
        for share in range(len(tallies)):
            tallies[share, tile], slot = slot, slot + tallies[share, tile]
    begin[-1] = slot
    for i in range(len(first) - 1):
        first[i + 1] += first[i]


@njit(**BARE)
def list_tiles(stripe, stripes, listed, slots, tallies, bounds, first, indices, order, width):
    """Fill, for the shares stripe, stripe + stripes, ..., who touches whom, `listed` and `slots` int32 [P].

    Tile j is touched by splats listed[begin[j]:begin[j + 1]], front to back; splat i of the scene stands in the lists
    at slots[first[i]:first[i + 1]].
    """
    total, across = len(order), (width + TILE - 1) // TILE
    for share in range(stripe, len(tallies), stripes):
        for rank in range(share * SORTED, min(total, (share + 1) * SORTED)):
            pair = first[indices[order[rank]]]
            for y in range(bounds[rank, 2], bounds[rank, 3]):
                for x in range(bounds[rank, 0], bounds[rank, 1]):
                    slot = tallies[share, y * across + x]
                    tallies[share, y * across + x] = slot + 1
                    listed[slot], slots[pair] = rank, slot
                    pair += 1


@njit(**JIT)
def lay_tiles(stripe, stripes, image, alphas, depths, passing, ends, splats, lists, background, constants):
    """Draw the tiles stripe, stripe + stripes, ...: `image` [H, W, 3], and `alphas`, `depths`, `passing` [H, W].

    `ends` [T] is written: where in its list a tile was done.
    """
    begin, listed = lists
    height, width = alphas.shape
    across = (width + TILE - 1) // TILE
    state, rows = np.empty(BLOCKS * DRAWN * LANES, np.float32), np.empty(2 * ACROSS, np.float32)
    for tile in range(stripe, len(ends), stripes):
        left, top = tile % across * TILE, tile // across * TILE
        state[:] = 0.0
        alive = open_tile(state, DRAWN, min(width - left, TILE), min(height - top, TILE))
        k = begin[tile]
        while k < begin[tile + 1] and alive:
            prefetch(splats, listed[min(k + AHEAD, begin[tile + 1] - 1)])
            splat = splats[listed[k]]
            covered = alive & cover(rows, constants, splat, left, top)
            alive ^= lay_splat(state, covered, rows, constants, splat)
            k += 1
        ends[tile] = k
        for y in range(top, min(top + TILE, height)):
            for x in range(left, min(left + TILE, width)):
                at = place_of(x - left, y - top, DRAWN)
                left_through = abs(state[at])
                covered = state[at + 5 * LANES]  # not 1 - passing, whose digits are lost where little is covered
                alphas[y, x] = covered
                passing[y, x] = left_through
                depths[y, x] = state[at + 4 * LANES] / covered if covered > 0.0 else np.float32(0.0)
                for c in range(3):
                    image[y, x, c] = state[at + (1 + c) * LANES] + left_through * background[c]


@njit(**BARE)
def place_of(x, y, count):
    """Where the first of `count` numbers of a tile's pixel stands in the tile's buffer."""
    block = y // SIDE * ACROSS + x // SIDE
    return block * count * LANES + y % SIDE * SIDE + x % SIDE


@njit(**BARE)
def open_tile(state, count, wide, high):
    """Let everything pass in the `wide` x `high` pixels of a tile, nothing beyond; return the blocks that are open."""
    alive = np.uint64(0)
    for block in range(BLOCKS):
        x0, y0 = block % ACROSS * SIDE, block // ACROSS * SIDE
        if x0 < wide and y0 < high:
            alive |= np.uint64(1) << np.uint64(block)
        for lane in range(LANES):
            inside = x0 + lane % SIDE < wide and y0 + lane // SIDE < high
            state[block * count * LANES + lane] = 1.0 if inside else -1.0
    return alive


@njit(**JIT)
def sum_tiles(stripe, stripes, moments, drawn, asked, ends, splats, lists, constants, absolute):
    """Write `moments` [P SUMS] of the pairs of the tiles stripe, stripe + stripes, ...

    `drawn` = (image, alphas, depths, passing) as drawn, `asked` = dL/d(image, alphas, depths).
    """
    begin, listed = lists
    height, width = drawn[1].shape
    across = (width + TILE - 1) // TILE
    state, rows = np.empty(BLOCKS * ASKED * LANES, np.float32), np.empty(2 * ACROSS, np.float32)
    for tile in range(stripe, len(ends), stripes):
        left, top = tile % across * TILE, tile // across * TILE
        state[:] = 0.0
        alive = open_tile(state, ASKED, min(width - left, TILE), min(height - top, TILE))
        read_tile(state, drawn, asked, left, top)
        for k in range(begin[tile], ends[tile]):
            prefetch(splats, listed[min(k + AHEAD, ends[tile] - 1)])
            splat = splats[listed[k]]
            covered = alive & cover(rows, constants, splat, left, top)
            alive ^= sum_splat(moments, k * SUMS, state, covered, rows, constants, splat, absolute)
        moments[ends[tile] * SUMS : begin[tile + 1] * SUMS] = 0.0


@njit(**BARE)
def read_tile(state, drawn, asked, left, top):
    """Make a tile ready for the backward pass.

    depth = sum(w z) / sum(w), so a change of w asks (z - depth) / alpha of it: in all that is nothing, so of what is
    behind, only the light and alpha count.
    """
    image, alphas, depths, passing = drawn
    d_image, d_alphas, d_depths = asked
    height, width = alphas.shape
    for y in range(top, min(top + TILE, height)):
        for x in range(left, min(left + TILE, width)):
            at = place_of(x - left, y - top, ASKED)
            alpha, depth = alphas[y, x], depths[y, x]
            d_sum = d_depths[y, x] / alpha if alpha > 0.0 else np.float32(0.0)
            behind = -passing[y, x] * d_alphas[y, x]
            for c in range(3):
                d = d_image[y, x, c]
                behind += d * image[y, x, c]
                state[at + (2 + c) * LANES] = d
            state[at + LANES] = behind
            state[at + 5 * LANES] = d_sum
            state[at + 6 * LANES] = depth
