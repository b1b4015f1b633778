"""Photographs of a ball of noise, which has details wherever it is looked at: enough for structure from motion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.support.tiny_scene import AXES, camera_at

WIDTH, HEIGHT = 160, 120
FOCAL_PX = 208.0
DISTANCE = 3.2
SIDE = 64
"""Voxels along each side of the noise, which reaches a little beyond the ball."""


def noise(seed: int) -> np.ndarray:
    """Return noise [SIDE, SIDE, SIDE] in [0, 1] whose details are some 2 voxels wide."""
    values = np.random.default_rng(seed).normal(size=(SIDE, SIDE, SIDE))
    for axis in range(3):
        for _ in range(2):
            values = (np.roll(values, 1, axis) + 2 * values + np.roll(values, -1, axis)) / 4
    values = (values - values.mean()) / values.std()
    return np.clip(0.5 + 0.25 * values, 0, 1)


def ball_viewmats(count: int, step_deg: float = 12.0) -> np.ndarray:
    """Return viewmats [count, 4, 4] of cameras `step_deg` apart, at the distance of about DISTANCE."""
    longitudes = np.radians(step_deg) * np.arange(count)
    eyes = DISTANCE * np.stack([np.cos(longitudes), np.sin(longitudes), 0.25 * np.sin(3 * longitudes)], -1)
    return np.stack([camera_at(eye) for eye in eyes])


def photograph_ball(viewmat: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the picture uint8 [HEIGHT, WIDTH] of the ball before black, and its silhouette, 255 or 0."""
    u, v = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    rays = np.stack([(u - WIDTH / 2) / FOCAL_PX, (v - HEIGHT / 2) / FOCAL_PX, np.ones_like(u)], -1)
    ways, start = rays @ viewmat[:3, :3] / AXES, -viewmat[:3, :3].T @ viewmat[:3, 3] / AXES
    a, b, c = (ways**2).sum(-1), ways @ start, start @ start - 1
    square = b**2 - a * c
    hit = square > 0
    depth = (-b - np.sqrt(np.maximum(square, 0))) / a
    place = (start + depth[..., None] * ways + 1.05) * (SIDE - 2) / 2.1
    place = np.clip(place, 0, SIDE - 2)
    low = place.astype(int)
    picture = np.zeros(hit.shape)
    for corner in np.ndindex(2, 2, 2):
        weight = np.where(corner, place - low, 1 - (place - low)).prod(-1)
        picture += weight * values[tuple(np.moveaxis(low + corner, -1, 0))]
    return np.rint(255 * np.where(hit, picture, 0)).astype(np.uint8), np.where(hit, 255, 0).astype(np.uint8)


def write_ball(images: Path, count: int, seed: int = 0, prefix: str = "", masks: Path | None = None) -> np.ndarray:
    """Write `count` photographs PREFIXnn.png to the folder `images`, and masks; return their viewmats [count, 4, 4]."""
    viewmats, values = ball_viewmats(count), noise(seed)
    for folder in filter(None, (images, masks)):
        (folder / f"{prefix}00.png").parent.mkdir(parents=True, exist_ok=True)
    for number, viewmat in enumerate(viewmats):
        picture, silhouette = photograph_ball(viewmat, values)
        Image.fromarray(picture).save(images / f"{prefix}{number:02d}.png")
        if masks is not None:
            Image.fromarray(silhouette).save(masks / f"{prefix}{number:02d}.png")
    return viewmats
