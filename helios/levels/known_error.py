"""The error of a cut in a view, known before it is drawn: from the tables of the cells that are closed."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helios.levels.cut import BLOCK_PX, LevelTree
from helios.simd import EXACT

STANDING_OUT = 0.06
"""The share of a cell's stars that give most of its light. Where a block has several of these, what one of them has too
much another lacks, and light in the wrong place grows slower than their number."""

_MADE_UP = 0.4
"""Of the light that N of them put in the wrong place one by one, N to this power is taken off: a half if they were all
independent, less as cells of a crowd are wrong in the same way. Measured, with STANDING_OUT and _COVERED, on views of
100,000 real and a million made stars: what is told is 1.06 to 2.50 times the error, from the Sun 1.07 to 1.55."""

_COVERED = 0.3
"""Half the width of the square that a cell covers, in extents."""

_WIDEST = 24.0
"""Cells that cover more than twice so many blocks a side count as a whole."""


def known_error(
    tree: LevelTree,
    is_open: NDArray[np.bool_],
    misplaced: NDArray[np.float64],
    camera_m: NDArray[np.float64],
    rotation: NDArray[np.float64],
    focal_px: float,
    size_px: int,
) -> float:
    """Return how much light, in the unit of `misplaced` [C], stands in the wrong block of BLOCK_PX of a square picture.

    `misplaced` is the light of what stands for each cell in the picture times its share (`LevelTree.shares`); the cells
    that are not open, but whose parents are, are shown. `rotation` [3, 3] has the camera's right, down and forward in
    its rows; the picture has `size_px` a side. Each cell's light is spread evenly over the square that it covers. The
    tables know what the stars of one cell make up for each other; where those of several cover a block, it is more.
    """
    shown = ~is_open & is_open[np.maximum(tree.parent, 0)] & (misplaced > 0)
    to = tree.center_m[shown] - camera_m
    x = np.stack([(to * axis).sum(axis=1) for axis in rotation], axis=1)
    blocks = size_px // BLOCK_PX
    stars = STANDING_OUT * tree.below[shown]
    return _add_up(x, tree.extent_m[shown], stars, misplaced[shown], focal_px / BLOCK_PX, blocks)


@njit(**EXACT)
def _add_up(x, extent, stars, misplaced, focal, blocks):
    room = 3 * blocks  # a picture to each side, for cells that reach in from there
    wrong, standing_out = np.zeros((room, room)), np.zeros((room, room))
    whole = 0.0
    for i in range(len(x)):
        distance = np.sqrt(x[i, 0] ** 2 + x[i, 1] ** 2 + x[i, 2] ** 2)
        half = max(focal * extent[i] / max(x[i, 2], 1e-300) * _COVERED, 0.5)
        if x[i, 2] < 0.3 * distance or half > _WIDEST:
            whole += misplaced[i]
            continue
        area = 4.0 * half * half
        u, v = focal * x[i, 0] / x[i, 2] + 0.5 * room, focal * x[i, 1] / x[i, 2] + 0.5 * room
        for row in range(max(0, int(v - half)), min(room, int(v + half) + 1)):
            high = min(row + 1.0, v + half) - max(float(row), v - half)
            for column in range(max(0, int(u - half)), min(room, int(u + half) + 1)):
                wide = min(column + 1.0, u + half) - max(float(column), u - half)
                share = max(high, 0.0) * max(wide, 0.0) / area
                here = stars[i] * share
                # As much as if its stars added up: what they make up for each other is taken off with all others.
                wrong[row, column] += misplaced[i] * share * max(1.0, here) ** _MADE_UP
                standing_out[row, column] += here
    total = whole
    for row in range(blocks, 2 * blocks):
        for column in range(blocks, 2 * blocks):
            total += wrong[row, column] / max(1.0, standing_out[row, column]) ** _MADE_UP
    return total
