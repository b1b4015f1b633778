"""The error of a cut in a view, known before it is drawn: from the tables of the cells that are closed."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helios.levels.cut import BLOCK_PX, LevelTree
from helios.simd import EXACT

LUMPS = 8.0
"""So many proxies over one block misplace light each by itself; of more, what one has too much another lacks."""

_COVERED = 0.35
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
    its rows; the picture has `size_px` a side. Each cell's light is spread evenly over the square that it covers. In a
    block with n proxies the light in the wrong place adds up where n < LUMPS, and as the root of n beyond.
    """
    shown = ~is_open & is_open[np.maximum(tree.parent, 0)] & (misplaced > 0)
    to = tree.center_m[shown] - camera_m
    x = np.stack([(to * axis).sum(axis=1) for axis in rotation], axis=1)
    blocks = size_px // BLOCK_PX
    return _add_up(x, tree.extent_m[shown], tree.standing[shown], misplaced[shown], focal_px / BLOCK_PX, blocks)


@njit(**EXACT)
def _add_up(x, extent, count, misplaced, focal, blocks):
    room = 3 * blocks  # a picture to each side, for cells that reach in from there
    wrong, lumps = np.zeros((room, room)), np.zeros((room, room))
    whole = 0.0
    for i in range(len(x)):
        distance = np.sqrt(x[i, 0] ** 2 + x[i, 1] ** 2 + x[i, 2] ** 2)
        half = max(focal * extent[i] / max(x[i, 2], 1e-300) * _COVERED, 0.5)
        if x[i, 2] < 0.3 * distance or half > _WIDEST:
            whole += misplaced[i]
            continue
        u, v = focal * x[i, 0] / x[i, 2] + 0.5 * room, focal * x[i, 1] / x[i, 2] + 0.5 * room
        for row in range(max(0, int(v - half)), min(room, int(v + half) + 1)):
            high = min(row + 1.0, v + half) - max(float(row), v - half)
            for column in range(max(0, int(u - half)), min(room, int(u + half) + 1)):
                wide = min(column + 1.0, u + half) - max(float(column), u - half)
                share = max(high, 0.0) * max(wide, 0.0) / (4.0 * half * half)
                wrong[row, column] += misplaced[i] * share
                lumps[row, column] += count[i] * share
    total = whole
    for row in range(blocks, 2 * blocks):
        for column in range(blocks, 2 * blocks):
            total += wrong[row, column] / np.sqrt(max(1.0, lumps[row, column] / LUMPS))
    return total
