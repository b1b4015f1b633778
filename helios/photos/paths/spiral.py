"""A spiral before what was photographed, or around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helios.options import option
from helios.photos.paths.even import even
from helios.photos.paths.poses import Floats, axes_of, centres_of, extent_of, focus_of, looking, surround, unit, up_of

SAMPLES_A_TURN = 360
STEEPEST_DEG = 75.0


@dataclass(frozen=True)
class Spiral:
    """Turns about what the cameras look at, always looking at it.

    Of photographs that were all taken from one side: about the mean of the cameras, as wide as 90 % of them are spread,
    and once to and fro for two turns (Mildenhall et al. 2019, doi:10.1145/3306346.3322980). Of others: around the
    thing at their median distance, rising from the height of the lower cameras to that of the upper ones.
    """

    turns: float = option(2.0, "Turns.", limits=(0.1, 50.0))
    radius: float = option(1.0, "Radius, in that of the cameras.", limits=(0.05, 20.0))

    def __call__(self, viewmats: Floats, count: int) -> Floats:
        samples = max(2, round(SAMPLES_A_TURN * self.turns))
        turned = np.linspace(0, 2 * np.pi * self.turns, samples + 1)
        centres, target, up = (self._around if surround(viewmats) else self._before)(viewmats, turned)
        return even(centres, looking(centres, target, up), count)[0]

    def _before(self, viewmats: Floats, turned: Floats) -> tuple[Floats, Floats, Floats]:
        centres, up = centres_of(viewmats), up_of(viewmats)
        mean = centres.mean(axis=0)
        ahead = unit(axes_of(viewmats)[:, 2].mean(axis=0))
        right = unit(np.cross(-up, ahead))
        axes = np.stack([right, np.cross(right, ahead), ahead])
        distance = max(float((focus_of(viewmats) - mean) @ ahead), extent_of(centres), 1e-6)
        radii = np.quantile(np.abs((centres - mean) @ axes.T), 0.9, axis=0)
        radii = self.radius * np.maximum(radii, [0.02 * distance, 0.02 * distance, 0])
        swing = np.stack([np.cos(turned), np.sin(turned), np.sin(turned / 2)], axis=1)
        return mean + (swing * radii) @ axes, mean + distance * ahead, up

    def _around(self, viewmats: Floats, turned: Floats) -> tuple[Floats, Floats, Floats]:
        target, up = focus_of(viewmats), up_of(viewmats)
        off = centres_of(viewmats) - target
        radius = self.radius * float(np.median(np.linalg.norm(off, axis=1)))
        steep = np.arcsin(np.clip(unit(off) @ up, -1, 1)).clip(-np.radians(STEEPEST_DEG), np.radians(STEEPEST_DEG))
        low, high = np.quantile(steep, [0.1, 0.9])
        height = np.linspace(low, high, len(turned))
        first = unit(off[0] - (off[0] @ up) * up)
        round_it = np.cos(turned)[:, None] * first + np.sin(turned)[:, None] * np.cross(up, first)
        return target + radius * (np.cos(height)[:, None] * round_it + np.sin(height)[:, None] * up), target, up
