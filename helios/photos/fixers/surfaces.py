"""How deep a scene is in a view, from the outlines in its photographs and from what training has made of it so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from helios.photos.fixers.contract import Camera, Reference
from helios.photos.fixers.outlines import room_along_rays

BALL = 1.25
"""The scene lies within this times the distance from its middle that 98 % of what photographs show lies within."""

OPAQUE = 0.5
"""Rendered depth counts where the render is at least so opaque."""


class Scene(NamedTuple):
    """Where the thing is, and what photographs leave room for."""

    middle: NDArray[np.float64]  # [3] world
    radius: float  # of a ball around it that holds the thing, units of the scene
    empties: tuple[NDArray[np.bool_], ...]  # of each photograph, [H, W]
    viewmats: NDArray[np.float64]  # [P, 4, 4]
    Ks: NDArray[np.float64]  # [P, 3, 3]


class Surface(NamedTuple):
    """What a view shows."""

    depth: NDArray[np.float64]  # [H, W] along the camera's axis, NaN where empty or not known
    empty: NDArray[np.bool_]  # [H, W] photographs show that nothing is there
    thickness: NDArray[np.float64]  # [H, W] of the room along the ray, radii of the scene; infinite where not bounded


def scene_of(references: Sequence[Reference], empties: Sequence[NDArray[np.bool_]]) -> Scene | None:
    """Return the scene that the references show, None where nothing is drawn in any of them yet."""
    photographs = [reference.photograph for reference in references]
    shown = []
    for photograph, reference, empty in zip(photographs, references, empties):
        camera = Camera(photograph.viewmat, photograph.K, photograph.width, photograph.height)
        shown.append(points_of(camera, reference.depth)[(reference.depth > 0) & ~empty])
    points = np.concatenate(shown)
    if not len(points):
        return None
    middle = np.median(points, axis=0)
    radius = BALL * float(np.percentile(np.linalg.norm(points - middle, axis=1), 98))
    viewmats, Ks = (np.stack([getattr(photograph, name) for photograph in photographs]) for name in ("viewmat", "K"))
    return Scene(middle, radius, tuple(empties), viewmats, Ks)


def surface_in(
    camera: Camera,
    depth: NDArray[np.float32],
    alpha: NDArray[np.float32],
    scene: Scene,
    smooth: float,
    inset: float,
) -> Surface:
    """Return the surface in a view: where the room begins that photographs leave, smooth, and `inset` radii behind.

    Where they do not bound the room, the rendered `depth` [H, W] takes its place, where `alpha` [H, W] is opaque
    enough. `smooth` is the deviation of the Gaussian, px. Outlines leave corners between the directions of photographs,
    so the thing lies a little behind them.
    """
    middle = float(camera.viewmat[2, :3] @ scene.middle + camera.viewmat[2, 3])
    near = max(1e-3 * scene.radius, middle - scene.radius)
    far = max(2.0 * near, middle + scene.radius)
    room = room_along_rays(camera, (near, far), scene.empties, scene.viewmats, scene.Ks)
    bounded = ~room.empty & (room.first > room.least)
    drawn = ~room.empty & ~bounded & (alpha >= OPAQUE)
    known = np.where(bounded, room.first + inset * scene.radius, depth)
    found = blurred(known, bounded | drawn, smooth)
    thickness = np.where(bounded, (room.last - room.first) / scene.radius, np.inf)
    return Surface(np.where(bounded | drawn, found, np.nan), room.empty, thickness)


def blurred(values: NDArray, known: NDArray[np.bool_], sigma: float) -> NDArray[np.float64]:
    """Return `values` [H, W] through a Gaussian of `sigma` px over those that are `known` alone."""
    weights = known.astype(np.float64)
    total = ndimage.gaussian_filter(weights, sigma)
    return ndimage.gaussian_filter(np.where(known, values, 0.0), sigma) / np.maximum(total, 1e-9)


def points_of(camera: Camera, depth: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the points [H, W, 3], world, at `depth` [H, W] behind the centres of the camera's pixels."""
    v, u = np.mgrid[: camera.height, : camera.width] + 0.5
    rays = np.stack([u, v, np.ones_like(u)], axis=-1) @ np.linalg.inv(camera.K).T
    return (rays * depth[..., None] - camera.viewmat[:3, 3]) @ camera.viewmat[:3, :3]


def normals_of(points: NDArray[np.float64], eye: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the unit normals [H, W, 3] of a surface of `points` [H, W, 3], on the side of `eye` [3]."""
    normals = np.cross(np.gradient(points, axis=1), np.gradient(points, axis=0))
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-30)
    facing = np.einsum("hwk,hwk->hw", normals, eye - points)
    return np.where(facing[..., None] < 0, -normals, normals)
