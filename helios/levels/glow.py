"""The glow map: on a cube around the Sun, the light of all stars but those that the root keeps."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

GLOW_N = 64
"""Texels along the side of a face."""

_ACROSS = np.array([[1, 2], [2, 0], [0, 1]])


def texels_of(direction: ArrayLike, n: int = GLOW_N) -> NDArray[np.int64]:
    """Return the texel, 0 to 6 n^2 - 1, in which each direction from the Sun lies, [N, 3] of any length but 0.

    Faces are +-x, +-y, +-z; the axes of a face are warped by the tangent, so that texels are of nearly equal width.
    """
    direction = np.asarray(direction, np.float64)
    rows = np.arange(len(direction))
    axis = np.abs(direction).argmax(axis=1)
    largest = direction[rows, axis]
    across = np.take_along_axis(direction, _ACROSS[axis], axis=1) / np.abs(largest)[:, None]
    place = np.floor((np.arctan(across) * (4.0 / np.pi) + 1.0) * (n / 2.0))
    i, j = np.clip(place, 0, n - 1).astype(np.int64).T
    return ((axis * 2 + (largest > 0)) * n + i) * n + j


def texel_directions(n: int = GLOW_N) -> NDArray[np.float64]:
    """Return unit vectors [6 n^2, 3] to the middles of the texels."""
    face, i, j = (index.ravel() for index in np.indices((6, n, n)))
    across = np.tan((2.0 * (np.stack([i, j], axis=1) + 0.5) / n - 1.0) * (np.pi / 4.0))
    direction = np.zeros((6 * n * n, 3))
    np.put_along_axis(direction, _ACROSS[face // 2], across, axis=1)
    np.put_along_axis(direction, (face // 2)[:, None], np.where(face % 2, 1.0, -1.0)[:, None], axis=1)
    return direction / np.sqrt((direction**2).sum(axis=1, keepdims=True))
