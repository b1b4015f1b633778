"""Photographs, seen from another camera, where they agree: what the fixer `consensus` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helios.photos.fixers.contract import Camera, Fixed, View
from helios.photos.fixers.outlines import empty_pixels, sizes_of, stacked
from helios.photos.fixers.surfaces import Scene, Surface, normals_of, points_of, scene_of, surface_in
from helios.photos.fixers.warping import warp


@dataclass(frozen=True)
class Limits:
    """The options of `helios.photos.fixers.consensus.Consensus`, where they are explained."""

    background: str
    smooth: float
    inset: float
    rim: float
    tolerance: float
    agreement: float


def fixed_by_agreement(views: Sequence[View], limits: Limits) -> list[Fixed]:
    """Return the `views`, one or more, as their photographs show them, and how far each pixel is to be trusted."""
    references = views[0].references
    scene = scene_of(references, [empty_pixels(one.photograph, limits.background) for one in references])
    if scene is None:
        return [Fixed(view.render, np.zeros_like(view.alpha)) for view in views]
    depths = []
    for reference in references:
        photograph, drawn = reference.photograph, (reference.depth > 0).astype(np.float32)
        camera = Camera(photograph.viewmat, photograph.K, photograph.width, photograph.height)
        depths.append(np.nan_to_num(_surface(camera, reference.depth, drawn, scene, limits).depth).astype(np.float32))
    images = stacked([reference.image for reference in references])
    return [_fix(view, scene, images, stacked(depths), limits) for view in views]


def _surface(camera: Camera, depth: NDArray, alpha: NDArray, scene: Scene, limits: Limits) -> Surface:
    return surface_in(camera, depth, alpha, scene, limits.smooth * camera.width, limits.inset)


def _fix(view: View, scene: Scene, images: NDArray[np.float32], depths: NDArray[np.float32], limits: Limits) -> Fixed:
    surface = _surface(view.camera, view.depth, view.alpha, scene, limits)
    points = points_of(view.camera, surface.depth)
    colors, facing = warp(
        points, normals_of(points, view.camera.centre), limits.tolerance * scene.radius, images, depths,
        scene.viewmats, scene.Ks, sizes_of(scene.empties),
    )  # fmt: skip
    color, support = agreed(colors, facing, limits.agreement)
    seen = support > 0
    trust = np.minimum(support, 1.0) * support / np.maximum(facing.sum(axis=0), 1e-9)
    # Outlines leave too much room: at its rim there is rather nothing.
    thin = ~surface.empty & (surface.thickness < limits.rim)
    trust *= np.clip((surface.thickness - limits.rim) / (2.0 * limits.rim), 0.0, 1.0)
    trust = np.where(thin, 0.5 * (1.0 - surface.thickness / limits.rim), trust)
    black = surface.empty | thin
    image = np.where(black[..., None], 0.0, np.where(seen[..., None], color, view.render))
    return Fixed(image.astype(np.float32), np.where(surface.empty, 1.0, trust).astype(np.float32))


def agreed(
    colors: NDArray[np.float32], facing: NDArray[np.float32], agreement: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return (color [H, W, 3], support [H, W]): the colour that P photographs support most, and how much they do.

    A photograph supports the colour of another by its `facing` [P, H, W] times exp(-(d / agreement)^2), d the mean
    absolute difference of their `colors` [P, H, W, 3]; the colour is the mean with these weights. It is a step of mean
    shift from the best supported colour, and unlike a median it takes weights and does not need an odd number.
    """
    best, color = np.zeros(facing.shape[1:], np.float32), np.zeros(colors.shape[1:], np.float32)
    for own, mine in zip(colors, facing):
        weights = facing * np.exp(-((np.abs(colors - own).mean(axis=-1) / agreement) ** 2))
        support = np.where(mine > 0, weights.sum(axis=0), 0.0)
        better = support > best
        mean = (weights[..., None] * colors).sum(axis=0) / np.maximum(support, 1e-9)[..., None]
        best, color = np.where(better, support, best), np.where(better[..., None], mean, color)
    return color, best
