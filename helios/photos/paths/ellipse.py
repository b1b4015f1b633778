"""An ellipse around what was photographed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helios.options import option
from helios.photos.paths.even import even
from helios.photos.paths.poses import Floats, centres_of, focus_of, looking, up_of

SAMPLES = 720


@dataclass(frozen=True)
class Ellipse:
    """Once around what the cameras look at, always looking at it; the last frame leads on to the first.

    The ellipse lies across what is upwards, at the mean height of the cameras, and is as long and as wide as 90 % of
    them are far from what they look at (Barron et al. 2022, doi:10.1109/CVPR52688.2022.00539).
    """

    radius: float = option(1.0, "Size, in that of the cameras' own.", limits=(0.05, 20.0))
    height: float = option(0.0, "Above the cameras' mean height, in the ellipse's half length.", limits=(-5.0, 5.0))

    def __call__(self, viewmats: Floats, count: int) -> Floats:
        target, up = focus_of(viewmats), up_of(viewmats)
        off = centres_of(viewmats) - target
        flat = off - (off @ up)[:, None] * up
        axes = np.linalg.svd(flat, full_matrices=True)[2]
        long = axes[0] - (axes[0] @ up) * up
        long /= np.linalg.norm(long)
        wide = np.cross(up, long)
        half = self.radius * np.maximum(np.quantile(np.abs(flat @ np.stack([long, wide]).T), 0.9, axis=0), 1e-6)
        half = np.maximum(half, half.max() / 4)
        begin = np.arctan2(flat[0] @ wide / half[1], flat[0] @ long / half[0])
        turned = begin + np.linspace(0, 2 * np.pi, SAMPLES + 1)
        above = float(np.mean(off @ up)) + self.height * half.max()
        centres = (
            target + above * up + half[0] * np.cos(turned)[:, None] * long + half[1] * np.sin(turned)[:, None] * wide
        )
        return even(centres, looking(centres, target, up), count, closed=True)[0]
