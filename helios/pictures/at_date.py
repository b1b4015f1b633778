"""Pictures with the bodies of a date over their stars, in the order in which they hide each other."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from helios.pictures.globes import REACH_PX, draw_globe
from helios.pictures.lights import Block
from helios.pictures.moment import Moment
from helios.pictures.picture import Picture, take
from helios.pictures.projection import ray_map
from helios.pictures.sights import limit_of_sights, points_of, sights_of
from helios.pictures.views import View


def take_at(view: View, blocks: Iterable[Block], moment: Moment | None) -> tuple[Picture, int, int]:
    """Return the picture of `blocks` and of the bodies of `moment`, how many bodies are in it, and how many as globes.

    As in the viewer exposure is found from the stars, and globes in view only limit it. Of several bodies nearer ones
    hide those behind them. Memory: as `take`, and where there are globes 32 bytes a pixel.
    """
    if moment is None or moment.is_empty:
        return take(view, blocks), 0, 0
    sights, small = sights_of(view, moment)
    picture = take(view, blocks, most=limit_of_sights(sights, view))
    focal = view.focal_px
    globes = [one for one in sights if one.share(focal) > 0.0 and _in_view(view, one.to, one.as_globe(focal).reach)]
    # A point is drawn after the last of the globes that it is before.
    layers: list[list[Block]] = [[] for _ in range(len(globes) + 1)]
    whole = points_of(sights, focal)
    for block in (whole, small):
        off = block.position_m - view.eye_m
        distance = np.linalg.norm(off, axis=1)
        after = np.zeros(len(block), np.int64)
        for number, globe in enumerate(globes, 1):
            near = off @ globe.to > distance * math.cos(min(globe.as_globe(focal).reach + REACH_PX / focal, math.pi))
            after[near & (distance <= globe.distance_m)] = number
        for layer in np.unique(after):
            rows = after == layer
            layers[layer].append(Block(block.position_m[rows], block.color[rows], block.luminosity[rows]))
    light, count = picture.light, 0
    rays = ray_map(view) if globes else None
    for number, points in enumerate(layers):
        if number and rays:
            draw_globe(light, globes[number - 1].as_globe(focal), *rays, focal)
        if points:
            drawn = take(view, points)
            light += drawn.light
            count += drawn.lights
    # Those that are globes alone are points without light.
    whole_globes = sum(one.share(focal) == 1.0 for one in globes)
    seen = count + whole_globes
    return replace(picture, light=light, lights=picture.lights + seen), seen, len(globes)


def _in_view(view: View, to: np.ndarray, reach: float) -> bool:
    if view.projection != "pinhole":
        return True
    aside = math.atan2(float(np.linalg.norm(np.cross(to, view.axes[2]))), float(to @ view.axes[2]))
    return aside <= view.reach + reach
