"""Points on what photographs show, found by chance: along rays through random pixels, where neighbours agree.

A plane sweep (Collins 1996, https://doi.org/10.1109/CVPR.1996.517097) of a few pixels instead of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Generator

if TYPE_CHECKING:
    from helios.photos.data.dataset import Photograph

SIDE = 256
"""Photographs are reduced until neither side is longer, pixels."""

FEWEST_VIEWS, MOST_VIEWS, NEIGHBOURS, DEPTHS = 3, 64, 4, 96
_SPARE = 4
"""So many times as many rays are tried as points are wanted."""
_PATCH = np.array([[0.0, 0.0], [2.0, 0.0], [-2.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
_PLAIN = 0.012
"""Where brightness differs by less in a patch, 3 of 255 levels, any depth would agree."""


def swept_points(
    photographs: Sequence[Photograph], extent: float, count: int, rng: Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points [M, 3] in the cube of `extent` to either side of the origin, and their colours [M, 3] in [0, 1].

    They are where patches of neighbouring `photographs`, at least FEWEST_VIEWS, are alike: the surest `count` of
    _SPARE times as many rays; fewer where fewer rays have a contrast by which a depth can be told.

    A patch is compared with those of NEIGHBOURS others, of which the two most alike count: in others it may be hidden.
    What masks leave out starts no ray.
    """
    step = -(-len(photographs) // MOST_VIEWS)
    views = photographs[::step]
    images = np.zeros((len(views), SIDE, SIDE, 3), np.float32)
    masks = np.zeros((len(views), SIDE, SIDE), np.bool_)
    sizes, Ks = np.empty((len(views), 2), np.int64), np.empty((len(views), 3, 3))
    for i, view in enumerate(views):
        factor = -(-max(view.width, view.height) // SIDE)
        image, mask = _reduced(view.image(), factor) / np.float32(255.0), view.mask()
        sizes[i] = image.shape[1], image.shape[0]
        images[i, : image.shape[0], : image.shape[1]] = image
        counts = np.float32(255.0) if mask is None else _reduced(mask[..., None], factor)[..., 0]
        masks[i, : image.shape[0], : image.shape[1]] = counts >= 128
        Ks[i] = np.diag([1.0 / factor, 1.0 / factor, 1.0]) @ view.K
    viewmats = np.stack([view.viewmat for view in views])
    numbers = torch.rand((_SPARE * count, 4), generator=rng, device=rng.device, dtype=torch.float64).cpu().numpy()
    points, colors, costs = _sweep(
        images, masks, sizes, Ks, viewmats, _neighbours(viewmats), numbers, extent, _PATCH, DEPTHS, _PLAIN
    )
    kept = np.sort(np.argsort(costs, kind="stable")[: min(count, int(np.isfinite(costs).sum()))])
    return points[kept], colors[kept].astype(np.float64)


def _reduced(image: NDArray, factor: int) -> NDArray[np.float32]:
    """Return the means [H // factor, W // factor, D] of the blocks of `image` [H, W, D]."""
    height, width = image.shape[0] // factor, image.shape[1] // factor
    blocks = image[: height * factor, : width * factor].reshape(height, factor, width, factor, -1)
    return blocks.mean((1, 3), dtype=np.float32)


def _neighbours(viewmats: NDArray) -> NDArray[np.int64]:
    """Return, for each camera of `viewmats` [V, 4, 4], the nearest others that look in a similar direction [V, n]."""
    centres = -np.einsum("vji,vj->vi", viewmats[:, :3, :3], viewmats[:, :3, 3])
    distances = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
    alike = viewmats[:, 2, :3] @ viewmats[:, 2, :3].T > 0.5
    distances = np.where(alike, distances, distances + 2.0 * distances.max() + 1.0)
    np.fill_diagonal(distances, np.inf)
    return np.argsort(distances, axis=1, kind="stable")[:, : min(NEIGHBOURS, len(viewmats) - 1)]


@njit(nogil=True, cache=True)
def _sweep(images, masks, sizes, Ks, viewmats, neighbours, numbers, extent, patch, depths, plain):
    """Return points [R, 3], colours [R, 3] and costs [R] of the rays of `numbers` [R, 4]: view, column, row, depth.

    A cost is the difference of the patches as a share of the contrast; infinite where no depth can be told.
    """
    rays = len(numbers)
    points, colors, costs = np.zeros((rays, 3)), np.zeros((rays, 3), np.float32), np.full(rays, np.inf)
    ways, reference = np.empty((len(patch), 3)), np.empty((len(patch), 3), np.float32)
    for r in range(rays):
        v = min(int(numbers[r, 0] * len(images)), len(images) - 1)
        width, height = sizes[v]
        u, w = 3.0 + numbers[r, 1] * (width - 6), 3.0 + numbers[r, 2] * (height - 6)
        if width <= 6 or height <= 6 or not masks[v, int(w), int(u)]:
            continue
        R, t, K = viewmats[v, :3, :3], viewmats[v, :3, 3], Ks[v]
        least, most = 3.0, 0.0
        for j in range(len(patch)):
            x, y = (u + patch[j, 0] - K[0, 2]) / K[0, 0], (w + patch[j, 1] - K[1, 2]) / K[1, 1]
            for k in range(3):
                ways[j, k] = R[0, k] * x + R[1, k] * y + R[2, k]
                reference[j, k] = images[v, int(w + patch[j, 1]), int(u + patch[j, 0]), k]
            brightness = (reference[j, 0] + reference[j, 1] + reference[j, 2]) / 3.0
            least, most = min(least, brightness), max(most, brightness)
        if most - least < plain:
            continue
        eye = np.empty(3)
        near, far = 0.0, 1e30
        for k in range(3):
            eye[k] = -(R[0, k] * t[0] + R[1, k] * t[1] + R[2, k] * t[2])
            if ways[0, k] != 0.0:
                a, b = (-extent - eye[k]) / ways[0, k], (extent - eye[k]) / ways[0, k]
                near, far = max(near, min(a, b)), min(far, max(a, b))
        if not near < far < 1e30:
            continue
        for d in range(depths):
            depth = near + (far - near) * (d + numbers[r, 3]) / depths
            first, second = np.inf, np.inf
            for n in neighbours[v]:
                Q, s, L = viewmats[n, :3, :3], viewmats[n, :3, 3], Ks[n]
                difference = 0.0
                for j in range(len(patch)):
                    px, py, pz = (eye[0] + depth * ways[j, 0], eye[1] + depth * ways[j, 1], eye[2] + depth * ways[j, 2])
                    z = Q[2, 0] * px + Q[2, 1] * py + Q[2, 2] * pz + s[2]
                    column = (
                        L[0, 0] * (Q[0, 0] * px + Q[0, 1] * py + Q[0, 2] * pz + s[0]) / z + L[0, 2] if z > 0 else -1
                    )
                    row = L[1, 1] * (Q[1, 0] * px + Q[1, 1] * py + Q[1, 2] * pz + s[1]) / z + L[1, 2] if z > 0 else -1
                    if not (0.0 <= column < sizes[n, 0] and 0.0 <= row < sizes[n, 1]):
                        difference = np.inf
                        break
                    for k in range(3):
                        difference += abs(images[n, int(row), int(column), k] - reference[j, k])
                if difference < first:
                    first, second = difference, first
                elif difference < second:
                    second = difference
            cost = (first + second) / (2.0 * 3.0 * len(patch)) / (most - least)
            if cost < costs[r]:
                costs[r] = cost
                for k in range(3):
                    points[r, k] = eye[k] + depth * ways[0, k]
                    colors[r, k] = reference[0, k]
    return points, colors, costs
