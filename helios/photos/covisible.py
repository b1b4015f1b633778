"""Which pixels of a picture show what other cameras have seen, too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from helios.photos.align import centres

SOLID = 0.5
"""Alpha from which a pixel shows a surface."""
BEHIND = 0.01
"""A point is hidden where it lies this much farther than the surface that is seen there, share of its distance."""


@dataclass(frozen=True, eq=False)
class Surface:
    """What one camera sees of a scene: how far it is from the camera's plane, 0 where there is nothing."""

    viewmat: NDArray[np.float64]  # [4, 4] world to camera
    K: NDArray[np.float64]  # [3, 3] px
    depth: NDArray[np.float32]  # [H, W] units of the scene

    @cached_property
    def farthest(self) -> NDArray[np.float32]:
        """The largest depth within a pixel of each, [H, W]."""
        return np.lib.stride_tricks.sliding_window_view(np.pad(self.depth, 1), (3, 3)).max((2, 3))


def surface(
    viewmat: NDArray, K: NDArray, depth: NDArray, alpha: NDArray, mask: NDArray[np.bool_] | None = None
) -> Surface:
    """Return the surface that a camera sees where alpha [H, W] is at least `SOLID` and the mask [H, W] is True."""
    solid = alpha >= SOLID if mask is None else (alpha >= SOLID) & mask
    return Surface(np.asarray(viewmat, np.float64), np.asarray(K, np.float64), np.where(solid, depth, 0))


def seen_by(view: Surface, others: Iterable[Surface]) -> NDArray[np.bool_]:
    """Return which pixels of `view`, [H, W], show a point that at least one of `others` sees.

    A camera sees a point that lies ahead of it and inside its picture, where this shows a surface, and not more than
    `BEHIND` behind the farthest surface within a pixel of it: so a slope within a pixel hides nothing, and an edge
    hides what is a pixel away from it. Pixels without a surface are seen by nobody.
    """
    rows, columns = np.nonzero(view.depth)
    seen = np.zeros(view.depth.shape, bool)
    points = _unprojected(view, rows, columns)
    for other in others:
        if not len(points):
            break
        found = _sees(other, points)
        seen[rows[found], columns[found]] = True
        rows, columns, points = rows[~found], columns[~found], points[~found]
    return seen


def nearest_first(viewmat: NDArray, others: NDArray) -> NDArray[np.intp]:
    """Return the order of cameras [V, 4, 4] by what they have in common with `viewmat`: place, then direction."""
    away = np.linalg.norm(centres(others) - centres(viewmat), axis=1)
    return np.lexsort((-(others[:, 2, :3] @ viewmat[2, :3]), away))


def _unprojected(view: Surface, rows: NDArray, columns: NDArray) -> NDArray[np.float64]:
    """Return the points of the world, [P, 3], that the centres of pixels show."""
    depth = view.depth[rows, columns].astype(np.float64)
    x = (columns + 0.5 - view.K[0, 2]) / view.K[0, 0] * depth
    y = (rows + 0.5 - view.K[1, 2]) / view.K[1, 1] * depth
    return (np.stack([x, y, depth], 1) - view.viewmat[:3, 3]) @ view.viewmat[:3, :3]


def _sees(other: Surface, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    x, y, z = (points @ other.viewmat[:3, :3].T + other.viewmat[:3, 3]).T
    height, width = other.depth.shape
    ahead = z > 0
    far = np.where(ahead, z, 1)
    column = np.floor(other.K[0, 0] * x / far + other.K[0, 2])
    row = np.floor(other.K[1, 1] * y / far + other.K[1, 2])
    inside = ahead & (column >= 0) & (column < width) & (row >= 0) & (row < height)
    found = np.zeros(len(points), bool)
    at_row, at_column = row[inside].astype(np.intp), column[inside].astype(np.intp)
    solid = other.depth[at_row, at_column] > 0
    found[inside] = solid & (z[inside] <= other.farthest[at_row, at_column] * (1 + BEHIND))
    return found
