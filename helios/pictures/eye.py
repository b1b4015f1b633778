"""Exposure by itself: how bright a picture should be for what is in it, as the viewer finds it.

The same numbers and the same steps as client_export/src/eye.ts and exposure.ts, which say why; a test compares them.
The viewer knows the brightest stars and a sample of the others, this knows all of them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from helios.constants import EPS_PX2, OMEGA_0_SR

EXPOSURE_AT_EV_0 = 16.0
EV_RANGE = (-22.0, 30.0)

PX2_PER_STAR = 1400
SHARE_OF_FEW = 0.9
FAINTEST = 0.03
BRIGHTEST = 1
BLOCK_PX = 32
FULL = 0.5
FEW_BLOCKS = 3
GLARE_POWER = 0.15
STAR_PX = 3
BINS = (-60, 20, 2600)
"""The first magnitude, bins per magnitude, and how many there are."""
BRIGHTER_MS = 400
DARKER_MS = 1500
THERE = 0.02
LONGEST_STEP_MS = 100


def exposure_at(ev: float) -> float:
    """Return the exposure E at `ev` stops."""
    return EXPOSURE_AT_EV_0 * 2.0**ev


def stops_of(exposure: float) -> float:
    """Return the stops at which the exposure is `exposure`."""
    return math.log2(exposure / EXPOSURE_AT_EV_0)


def limit_of(exposure: float, focal_px: float) -> float:
    """Return the magnitude of the faintest star that is seen at `exposure` with a focal length of `focal_px`."""
    return -2.5 * math.log10(FAINTEST * 2.0 * math.pi * EPS_PX2 / (exposure * focal_px**2 * OMEGA_0_SR))


class Eye:
    """What is in a picture of `width` x `height` pixels and focal length `focal_px`: `note` all of it, then `look`."""

    def __init__(self, width: int, height: int, focal_px: float):
        self._width, self._height, self._focal = width, height, focal_px
        self._across, self._down = -(-width // BLOCK_PX), -(-height // BLOCK_PX)
        self._blocks = np.zeros(self._across * self._down)
        self._stars = np.zeros(BINS[2], np.int64)

    @property
    def count(self) -> int:
        """How many stars were noted."""
        return int(self._stars.sum())

    def note(self, x: NDArray, y: NDArray, light: NDArray, sigma_px: NDArray) -> None:
        """Note lights at pixels `x`, `y` [N] of `light` steradians and standard deviation `sigma_px`."""
        half = np.where(sigma_px > STAR_PX, 1.5 * sigma_px, 0.0)
        seen = (x + half >= 0) & (x - half < self._width) & (y + half >= 0) & (y - half < self._height) & (light > 0)
        x, y, light, half = x[seen], y[seen], light[seen], half[seen]
        stars = half == 0
        magnitude = -2.5 * np.log10(light[stars] / OMEGA_0_SR)
        place = np.clip(np.floor((magnitude - BINS[0]) * BINS[1]), 0, BINS[2] - 1).astype(np.int64)
        self._stars += np.bincount(place, minlength=BINS[2])
        column, row = (np.floor(at[stars] / BLOCK_PX).astype(np.int64) for at in (x, y))
        mean = light[stars] * self._focal**2 / BLOCK_PX**2
        self._blocks += np.bincount(row * self._across + column, mean, len(self._blocks))
        blocks = self._blocks.reshape(self._down, self._across)
        for i in np.flatnonzero(~stars):
            (x0, x1), (y0, y1) = self._span(x[i], half[i], self._across), self._span(y[i], half[i], self._down)
            blocks[y0 : y1 + 1, x0 : x1 + 1] += light[i] * self._focal**2 / max(BLOCK_PX, 2.0 * half[i]) ** 2

    @staticmethod
    def _span(at: float, half: float, count: int) -> tuple[int, int]:
        first, last = (min(max(math.floor(edge / BLOCK_PX), 0), count - 1) for edge in (at - half, at + half))
        return first, last

    def look(self, limit: float = math.inf) -> float | None:
        """Return the stops that the picture asks for, of an exposure up to `limit`; None where nothing is in it."""
        peak, count = self._focal**2 / (2.0 * math.pi * EPS_PX2), self.count
        exposure = math.inf
        if count > 0:
            wanted, few = self._width * self._height / PX2_PER_STAR, SHARE_OF_FEW * count
            exposure = FAINTEST / (peak * self._light_of(min(wanted, few)))
            if few < wanted:
                exposure = max(exposure, BRIGHTEST / (peak * self._light_of(0)))
        ranked = np.sort(self._blocks)[::-1]
        most, few_most = (float(ranked[rank]) if rank < len(ranked) else 0.0 for rank in (0, FEW_BLOCKS))
        if count == 0 and few_most == 0:
            exposure = FULL / most if most > 0 else math.inf
        if few_most > 0:
            exposure = min(exposure, FULL / few_most)
        exposure = min(exposure, limit)
        if exposure == math.inf:
            return None
        glare = max(1.0, exposure * most / FULL) ** -GLARE_POWER
        return min(max(stops_of(exposure * glare), EV_RANGE[0]), EV_RANGE[1])

    def _light_of(self, rank: float) -> float:
        """Light, steradians, of the star of this rank, 0 being the brightest."""
        above = np.cumsum(self._stars) > rank
        number = int(np.argmax(above)) if above.any() else BINS[2]
        return OMEGA_0_SR * 10.0 ** (-0.4 * (BINS[0] + number / BINS[1]))


def follow(ev: float, goal: float, elapsed_ms: float) -> float:
    """Return the stops `elapsed_ms` after those of a film were `ev`, on the way to `goal`."""
    left = goal - ev
    if abs(left) < THERE:
        return goal
    step = min(elapsed_ms, LONGEST_STEP_MS)
    return goal - left * math.exp(-step / (DARKER_MS if left > 0 else BRIGHTER_MS))
