"""The glow map: on a cube around the Sun, the light of all stars but those that the root keeps."""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from helios.simd import EXACT

GLOW_N = 64
"""Texels along the side of a face."""

_ACROSS = np.array([[1, 2], [2, 0], [0, 1]])


def texels_of(direction: ArrayLike, n: int = GLOW_N) -> NDArray[np.int64]:
    """Return the texel, 0 to 6 n^2 - 1, in which each direction from the Sun lies, [N, 3] of any length but 0.

    Faces are +-x, +-y, +-z; the axes of a face are warped by the tangent, so that texels are of nearly equal width.
    """
    direction = np.asarray(direction, np.float64)
    texels = np.empty(len(direction), np.int64)
    _find(direction, _edges(n), texels)
    return texels


@cache
def _edges(n: int) -> NDArray[np.float64]:
    """Return where texels meet, float64 [n - 1]: coordinates across a face over that along it, ascending."""
    return np.tan((2.0 * np.arange(1, n) / n - 1.0) * (np.pi / 4.0))


@njit(**EXACT)
def _find(direction, edges, texels):
    n = len(edges) + 1
    for row in range(len(direction)):
        axis = 0
        for k in range(1, 3):
            if abs(direction[row, k]) > abs(direction[row, axis]):
                axis = k
        largest = direction[row, axis]
        texel = axis * 2 + np.int64(largest > 0)
        for k in range(1, 3):
            across = direction[row, (axis + k) % 3] / abs(largest)
            first, last = 0, n - 1
            while first < last:
                middle = (first + last) // 2
                if across < edges[middle]:
                    last = middle
                else:
                    first = middle + 1
            texel = texel * n + first
        texels[row] = texel


def texel_directions(n: int = GLOW_N) -> NDArray[np.float64]:
    """Return unit vectors [6 n^2, 3] to the middles of the texels."""
    face, i, j = (index.ravel() for index in np.indices((6, n, n)))
    across = np.tan((2.0 * (np.stack([i, j], axis=1) + 0.5) / n - 1.0) * (np.pi / 4.0))
    direction = np.zeros((6 * n * n, 3))
    np.put_along_axis(direction, _ACROSS[face // 2], across, axis=1)
    np.put_along_axis(direction, (face // 2)[:, None], np.where(face % 2, 1.0, -1.0)[:, None], axis=1)
    return direction / np.sqrt((direction**2).sum(axis=1, keepdims=True))
