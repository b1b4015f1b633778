"""Which photograph is near a camera, and in what order novel views are ventured upon."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from helios.photos.data.photograph import Photograph
from helios.photos.fixers.contract import Camera, View


def distances(viewmats: NDArray[np.float64], photographs: Sequence[Photograph]) -> NDArray[np.float64]:
    """Return how far cameras `viewmats` [T, 4, 4] are from each photograph, [T, P], without a unit.

    The sum of the angle between the axes, in radians, and of the distance, in units of the photographs' mean distance
    from their middle, or of 1 where all are in one place.
    """
    theirs = np.stack([photograph.viewmat for photograph in photographs])
    places, centres = _centres(viewmats), _centres(theirs)
    spread = float(np.linalg.norm(centres - centres.mean(0), axis=1).mean()) or 1.0
    apart = np.linalg.norm(places[:, None] - centres[None], axis=-1) / spread
    return apart + np.arccos(np.clip(viewmats[:, 2, :3] @ theirs[:, 2, :3].T, -1.0, 1.0))


def _centres(viewmats: NDArray[np.float64]) -> NDArray[np.float64]:
    return -np.einsum("tji,tj->ti", viewmats[:, :3, :3], viewmats[:, :3, 3])


def outwards(
    viewmats: NDArray[np.float64], photographs: Sequence[Photograph]
) -> tuple[tuple[Camera, ...], tuple[int, ...]]:
    """Return (cameras, nearest): cameras at `viewmats`, those near a photograph first, and whose is the nearest.

    A camera has the lens and the size of its nearest photograph.
    """
    apart = distances(viewmats, photographs)
    nearest = apart.argmin(1)
    order = np.argsort(apart.min(1), kind="stable")
    cameras = []
    for place in order:
        photograph = photographs[nearest[place]]
        cameras.append(Camera(viewmats[place], photograph.K, photograph.width, photograph.height))
    return tuple(cameras), tuple(int(nearest[place]) for place in order)


def nearest_reference(view: View) -> int:
    """Return which of the references of `view` was taken nearest to it."""
    return int(distances(view.camera.viewmat[None], [one.photograph for one in view.references])[0].argmin())
