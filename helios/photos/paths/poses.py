"""What paths share: the contract, cameras as places and rotations, and what they all look at."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Path(Protocol):
    """One kind of path: an entry of `PATHS` and a frozen dataclass of options."""

    def __call__(self, viewmats: Floats, count: int) -> Floats:
        """Return `count`, at least 2, cameras [count, 4, 4] along a path made of the photographs' `viewmats` [V, 4, 4].

        Both are world to camera, float64, OpenCV (x right, y down, z ahead). No step from one to the next is above
        twice the median step, neither in place nor in angle. The same cameras give the same path. Raises InputError
        where the photographs allow none.
        """


def centres_of(viewmats: Floats) -> Floats:
    """Return where cameras [V, 4, 4] are, [V, 3]."""
    return -np.einsum("vji,vj->vi", viewmats[:, :3, :3], viewmats[:, :3, 3])


def axes_of(viewmats: Floats) -> Floats:
    """Return the directions right, down and ahead of cameras [V, 4, 4] in the world, as the rows of [V, 3, 3]."""
    return viewmats[:, :3, :3]


def viewmats_of(centres: Floats, axes: Floats) -> Floats:
    """Return the cameras [V, 4, 4] at `centres` [V, 3] with `axes` [V, 3, 3], as `axes_of` gives them."""
    viewmats = np.tile(np.eye(4), (len(centres), 1, 1))
    viewmats[:, :3, :3] = axes
    viewmats[:, :3, 3] = -np.einsum("vij,vj->vi", axes, centres)
    return viewmats


def unit(vectors: Floats) -> Floats:
    """Return `vectors` [..., 3] with length 1."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def looking(centres: Floats, target: Floats, up: Floats) -> Floats:
    """Return the axes [V, 3, 3] of cameras at `centres` [V, 3] that look at `target` [3] with `up` [3] upwards."""
    ahead = unit(target - centres)
    right = unit(np.cross(np.broadcast_to(-up, ahead.shape), ahead))
    return np.stack([right, np.cross(ahead, right), ahead], axis=1)


def extent_of(centres: Floats) -> float:
    """Return the largest distance of `centres` [V, 3] from their mean."""
    return float(np.linalg.norm(centres - centres.mean(axis=0), axis=1).max())


def focus_of(viewmats: Floats) -> Floats:
    """Return the place [3] that cameras [V, 4, 4] look at: with the least squares of distances from their axes ahead.

    Where the axes are parallel it is as far ahead of their mean as the cameras are spread.
    """
    centres, ahead = centres_of(viewmats), axes_of(viewmats)[:, 2]
    across = np.eye(3) - ahead[:, :, None] * ahead[:, None, :]
    mean = centres.mean(axis=0)
    guess = mean + ahead.mean(axis=0) * (extent_of(centres) or 1.0)
    weight = 1e-6 * len(viewmats)
    normal = across.sum(axis=0) + weight * np.eye(3)
    return np.linalg.solve(normal, np.einsum("vij,vj->i", across, centres) + weight * guess)


def up_of(viewmats: Floats) -> Floats:
    """Return the direction [3] that is upwards for most of the cameras [V, 4, 4].

    Where they have no upwards in common it is across the plane that lies best in their places.
    """
    ups = -axes_of(viewmats)[:, 1]
    mean = ups.mean(axis=0)
    if np.linalg.norm(mean) > 0.3:
        return unit(mean)
    centres = centres_of(viewmats)
    normal = np.linalg.svd(centres - centres.mean(axis=0), full_matrices=True)[2][2]
    return normal if normal @ mean >= 0 else -normal


def surround(viewmats: Floats) -> bool:
    """Return whether the cameras [V, 4, 4] look from several sides, rather than all the same way."""
    return bool(np.linalg.norm(axes_of(viewmats)[:, 2].mean(axis=0)) < 0.7)
