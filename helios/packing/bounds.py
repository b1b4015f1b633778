"""The same light in formats that hold no opacity and no colour above 1, and that most viewers cut off below 1/255."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from helios.packing.pack_cells import OPACITY_LIMIT
from helios.splats import Splats

LEAST_DRAWN = 1 / 255
"""Below this opacity most viewers draw nothing: gsplat skips such splats, formats of 8 bits round them to nothing."""

LEAST_OPACITY = 2 / 255
"""Opacity of a splat that is written smaller so as to be drawn: rounding to 8 bits, or to the 7 of Spark, keeps it."""


def bounded(splats: Splats, widest: float, least: float = LEAST_OPACITY, most: float = OPACITY_LIMIT) -> Splats:
    """Return splats of the same light and hue, opacities of at most `most`, colours of at most 1 and scales in float64.

    The light of a splat is 2 pi tau sigma^2 times its colour (`helios.light.splat_luminosity`). What a colour has above
    1 moves into tau; what tau has above `most` moves into the scales, which all grow by sqrt(tau / most). Splats of tau
    below `least` whose sigma, the geometric mean of their scales, is at most `widest` become smaller in the same way;
    wider ones are glows, which smaller would be something else, and stay as faint as they are.
    """
    peak = np.maximum(splats.colors.max(axis=1).astype(np.float64), 1.0)
    tau = splats.opacities * peak
    sigma = np.exp(np.mean(np.log(splats.scales.astype(np.float64)), axis=1))
    held = np.clip(tau, np.where(sigma <= widest, least, 0.0), most).astype(np.float32)
    return replace(
        splats,
        scales=splats.scales * np.sqrt(tau / held)[:, None],
        opacities=held,
        colors=(splats.colors / peak[:, None]).astype(np.float32),
    )
