"""The fixer `consensus`: photographs, seen from another camera, where they agree. No weights, nothing learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.options import check_limits, option
from helios.photos.fixers.contract import Camera, Fixed, Fixer, Reference, View
from helios.photos.fixers.outlines import empty_pixels, sizes_of, stacked
from helios.photos.fixers.surfaces import Scene, Surface, normals_of, points_of, scene_of, surface_in
from helios.photos.fixers.warping import warp

BACKGROUNDS = ("auto", "mask", "black", "none")


@dataclass(frozen=True)
class Consensus(Fixer):
    """Warps photographs through depth into the novel view, tests for occlusion, and weighs by agreement and by angle.

    Depth is that of the room which the outlines in all photographs leave, or the rendered one where they leave it open
    (`surface_in`). A photograph has a say where the surface, smooth, faces it, and where neither the novel view nor the
    photograph has something before it. Each pixel takes the colour that the photographs support most, and is trusted as
    far as they face it and agree. What photographs show as empty is black, and trusted; where they say nothing the
    render stays, and counts for nothing.
    """

    background: str = option("auto", "What of a photograph is empty: auto, mask, black, none; auto: mask, else black.")
    smooth: float = option(0.03, "Smooth depth over this share of the width.", (1e-3, 0.5))
    inset: float = option(0.03, "The surface is so far inside the outlines' room, x scene's radius.", (0.0, 1.0))
    rim: float = option(0.2, "Room that is thinner, x scene's radius, is rather empty.", (1e-3, 2.0))
    tolerance: float = option(0.06, "A photograph sees what is hidden no deeper, x scene's radius.", (0.0, 1.0))
    agreement: float = option(0.1, "Colours that differ by this, of 1, support one another by 1/e.", (1e-3, 10.0))

    def __post_init__(self):
        check_limits(self, "fixer consensus: ")
        if self.background not in BACKGROUNDS:
            raise InputError(f"fixer consensus: background={self.background}: must be one of {', '.join(BACKGROUNDS)}")

    def fix(self, render, alpha, depth, camera: Camera, references: tuple[Reference, ...]) -> Fixed:
        """See `Fixer.fix`. What it finds out of the references it finds out again for each view: use `fix_all`."""
        return self.fix_all([View(render, alpha, depth, camera, references)])[0]

    def fix_all(self, views: Sequence[View]) -> list[Fixed]:
        """See `Fixer.fix_all`. Cost: some seconds of a processor for a million pixels and six photographs."""
        if not views:
            return []
        references = views[0].references
        scene = scene_of(references, [empty_pixels(one.photograph, self.background) for one in references])
        if scene is None:
            return [Fixed(view.render, np.zeros_like(view.alpha)) for view in views]
        depths = []
        for reference in references:
            photograph, drawn = reference.photograph, (reference.depth > 0).astype(np.float32)
            camera = Camera(photograph.viewmat, photograph.K, photograph.width, photograph.height)
            depths.append(np.nan_to_num(self._surface(camera, reference.depth, drawn, scene).depth).astype(np.float32))
        images = stacked([reference.image for reference in references])
        return [self._fix(view, scene, images, stacked(depths)) for view in views]

    def _surface(self, camera: Camera, depth: NDArray, alpha: NDArray, scene: Scene) -> Surface:
        return surface_in(camera, depth, alpha, scene, self.smooth * camera.width, self.inset)

    def _fix(self, view: View, scene: Scene, images: NDArray[np.float32], depths: NDArray[np.float32]) -> Fixed:
        surface = self._surface(view.camera, view.depth, view.alpha, scene)
        points = points_of(view.camera, surface.depth)
        colors, facing = warp(
            points, normals_of(points, view.camera.centre), self.tolerance * scene.radius, images, depths,
            scene.viewmats, scene.Ks, sizes_of(scene.empties),
        )  # fmt: skip
        color, support = agreed(colors, facing, self.agreement)
        seen = support > 0
        trust = np.minimum(support, 1.0) * support / np.maximum(facing.sum(axis=0), 1e-9)
        # Outlines leave too much room: at its rim there is rather nothing.
        thin = ~surface.empty & (surface.thickness < self.rim)
        trust *= np.clip((surface.thickness - self.rim) / (2.0 * self.rim), 0.0, 1.0)
        trust = np.where(thin, 0.5 * (1.0 - surface.thickness / self.rim), trust)
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
