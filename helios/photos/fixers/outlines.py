"""Which pixels of a photograph show nothing of the scene, and how deep along a ray that leaves room for it.

The room is the visual hull (Laurentini 1994, doi:10.1109/34.273735): a point that any photograph shows as empty is
empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import ndimage

from helios.photos.data.photograph import Photograph
from helios.photos.fixers.contract import Camera
from helios.simd import EXACT
from helios.threads import run_striped

BLACK = 12
"""Of 255: the brightest channel of what may be a black background, with the noise of a camera and of JPEG."""

SLIVER = 0.02
"""Share of a photograph's width: dark clefts that are narrower, and open to the background, are not taken for it."""

WHOLE = 0.5
"""A photograph shows the thing as a whole where more than this share of its edge is empty."""

BEYOND = 0.06
"""Of its width: so far outside such a photograph the thing may reach, where it reaches the edge."""

SAMPLES = 160
"""Points along a ray, between the ends of the scene."""


class Room(NamedTuple):
    """What photographs leave room for along the rays of a view, depths along the camera's axis."""

    first: NDArray[np.float32]  # [H, W] where the first stretch of room begins, 0 where empty
    last: NDArray[np.float32]  # [H, W] where that ends
    empty: NDArray[np.bool_]  # [H, W] no room
    least: float  # the first depth that was tried


def empty_pixels(photograph: Photograph, background: str) -> NDArray[np.bool_]:
    """Return where the photograph shows nothing, bool [H, W], but for pixels beside something.

    `background` "mask": what its mask leaves out, nothing where it has none; "black": what is black and connected with
    the photograph's edge; "auto": as "mask" where there is one, else as "black"; "none": nothing.
    """
    mask = photograph.mask() if background in ("auto", "mask") else None
    if mask is not None:
        return ndimage.binary_erosion(mask == 0, border_value=1)
    if background not in ("auto", "black"):
        return np.zeros((photograph.height, photograph.width), bool)
    parts, _ = ndimage.label(photograph.image().max(axis=-1) <= BLACK)
    edge = np.unique(_edge(parts))
    radius = max(1, round(SLIVER * photograph.width))
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    # Padded with what is at the edge, so that the opening does not eat the corners of the background.
    padded = np.pad(np.isin(parts, edge[edge > 0]), 2 * radius, mode="edge")
    opened = ndimage.binary_opening(padded, x**2 + y**2 <= (radius + 0.5) ** 2)
    return ndimage.binary_erosion(opened[2 * radius : -2 * radius, 2 * radius : -2 * radius], border_value=1)


def _edge(values: NDArray) -> NDArray:
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])


def room_along_rays(
    camera: Camera,
    ends: tuple[float, float],
    empties: Sequence[NDArray[np.bool_]],
    viewmats: NDArray[np.float64],
    Ks: NDArray[np.float64],
) -> Room:
    """Return the room along the rays through the centres of the camera's pixels, between the depths `ends`.

    empties: of each of P photographs, bool [H', W'], as `empty_pixels` has them; viewmats [P, 4, 4]; Ks [P, 3, 3].
    Outside a photograph counts what is at its edge; far outside of one that shows the thing as a whole, nothing is.
    Depths are right to half of 1/160 of the distance between the ends. Cost: 160 P look-ups a pixel.
    """
    first, last = np.zeros((2, camera.height, camera.width), np.float32)
    to_world = np.linalg.inv(camera.viewmat)
    rays = np.ascontiguousarray(to_world[:3, :3] @ np.linalg.inv(camera.K))
    projections = np.ascontiguousarray(Ks @ viewmats[:, :3])
    padded, margins = zip(*map(_with_margin, empties))
    step = (ends[1] - ends[0]) / SAMPLES
    run_striped(
        _search_rays, camera.height, None, first, last, rays, camera.centre, ends[0], step, stacked(padded),
        projections, np.array(margins), sizes_of(padded),
    )  # fmt: skip
    return Room(first, last, first == 0, float(np.float32(ends[0] + 0.5 * step)))


def _with_margin(empty: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], int]:
    """Return `empty` with a margin, and its width; the margin's last pixel stands for all that is farther out."""
    margin = round(BEYOND * empty.shape[1])
    whole = bool(_edge(empty).mean() > WHOLE)
    return np.pad(np.pad(empty, margin, mode="edge"), 1, constant_values=whole), margin + 1


def sizes_of(arrays: Sequence[NDArray]) -> NDArray[np.int64]:
    """Return height and width of each of the P arrays, [P, 2]."""
    return np.array([array.shape[:2] for array in arrays])


def stacked(arrays: Sequence[NDArray]) -> NDArray:
    """Return P arrays [H, W, ...] of different sizes as one, [P, H, W, ...], zero where they have nothing."""
    height, width = sizes_of(arrays).max(axis=0)
    room = [(0, 0)] * (arrays[0].ndim - 2)
    return np.stack([np.pad(a, [(0, height - a.shape[0]), (0, width - a.shape[1]), *room]) for a in arrays])


@njit(**EXACT)
def _search_rays(
    stripe, stripes, first, last, rays, eye, near, step, empties, projections, margins, sizes
):  # fmt: skip
    height, width = first.shape
    for y in range(stripe, height, stripes):
        for x in range(width):
            u, v = x + 0.5, y + 0.5
            dx = rays[0, 0] * u + rays[0, 1] * v + rays[0, 2]
            dy = rays[1, 0] * u + rays[1, 1] * v + rays[1, 2]
            dz = rays[2, 0] * u + rays[2, 1] * v + rays[2, 2]
            for k in range(SAMPLES):
                depth = near + (k + 0.5) * step
                px, py, pz = eye[0] + depth * dx, eye[1] + depth * dy, eye[2] + depth * dz
                free = False
                for i in range(len(empties)):
                    m = projections[i]
                    w = m[2, 0] * px + m[2, 1] * py + m[2, 2] * pz + m[2, 3]
                    if w <= 0.0:
                        continue
                    a = (m[0, 0] * px + m[0, 1] * py + m[0, 2] * pz + m[0, 3]) / w + margins[i]
                    b = (m[1, 0] * px + m[1, 1] * py + m[1, 2] * pz + m[1, 3]) / w + margins[i]
                    a, b = min(max(a, 0.0), sizes[i, 1] - 1.0), min(max(b, 0.0), sizes[i, 0] - 1.0)
                    if empties[i, int(b), int(a)]:
                        free = True
                        break
                if not free:
                    if first[y, x] == 0.0:
                        first[y, x] = depth
                    last[y, x] = depth
                elif first[y, x] > 0.0:
                    break
