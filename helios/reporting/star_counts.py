"""The stars of a universe counted by colour, luminosity and distance, read a block at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from helios.constants import PARSEC_M
from helios.coords import stacked_positions_m
from helios.progress import Advance, OnEvent, Stage, ignore
from helios.universe.store import Universe

BLOCK_ROWS = 1 << 18
"""Stars that are read together: 32 bytes each, and a few times that while they are counted."""

BP_RP_EDGES = np.linspace(-0.6, 5.0, 281)
ABSOLUTE_EDGES = np.linspace(-10.0, 18.0, 281)
"""Edges of the bins of BP-RP and of absolute magnitude G: 0.02 and 0.1 magnitudes."""

PER_DECADE = 200
"""Bins of distance for each factor of ten: a median from them is within 1.2 %."""

DISTANCE_EDGES_PC = 10.0 ** np.linspace(-6.0, 10.0, 16 * PER_DECADE + 1)
"""Edges of the bins of distance, parsecs: from 0.2 au to the edge of what can be seen."""


@dataclass
class StarCounts:
    """What `count_stars` counts."""

    stars: int = 0
    without_color: int = 0
    outside: int = 0
    """Stars with a colour that lie beyond BP_RP_EDGES or ABSOLUTE_EDGES."""
    diagram: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((len(BP_RP_EDGES) - 1, len(ABSOLUTE_EDGES) - 1), np.int64)
    )
    """Stars by BP-RP and absolute magnitude."""
    distances: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(DISTANCE_EDGES_PC) - 1, np.int64))
    nearest_pc: float = np.inf
    farthest_pc: float = 0.0
    brightest_mag: float = np.inf
    faintest_mag: float = -np.inf

    def add(self, position_m: NDArray[np.float64], mag: NDArray[np.float32], bp_rp: NDArray[np.float32]) -> None:
        """Add stars at `position_m` [N, 3] with apparent magnitudes G and colours [N], NaN where not measured."""
        if not len(mag):
            return
        distance_pc = np.linalg.norm(position_m, axis=-1) / PARSEC_M
        absolute = absolute_magnitude(mag.astype(np.float64), distance_pc)
        colored = np.isfinite(bp_rp)
        found, _, _ = np.histogram2d(bp_rp[colored], absolute[colored], (BP_RP_EDGES, ABSOLUTE_EDGES))
        self.diagram += found.astype(np.int64)
        self.distances += np.histogram(distance_pc, DISTANCE_EDGES_PC)[0]
        self.stars += len(mag)
        self.without_color += int(np.count_nonzero(~colored))
        self.outside += int(np.count_nonzero(colored)) - int(found.sum())
        self.nearest_pc = min(self.nearest_pc, float(distance_pc.min()))
        self.farthest_pc = max(self.farthest_pc, float(distance_pc.max()))
        self.brightest_mag = min(self.brightest_mag, float(mag.min()))
        self.faintest_mag = max(self.faintest_mag, float(mag.max()))

    @property
    def median_pc(self) -> float:
        """The distance up to which half of the stars are, parsecs, to the width of a bin."""
        passed = np.cumsum(self.distances)
        at = int(np.searchsorted(passed, 0.5 * passed[-1]))
        return float(np.sqrt(DISTANCE_EDGES_PC[at] * DISTANCE_EDGES_PC[at + 1]))


def absolute_magnitude(phot_g_mean_mag: NDArray[np.float64], distance_pc: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return M = G - 5 log10(d / 10 pc) [N]: as catalogued, extinction by dust is not removed."""
    return phot_g_mean_mag - 5.0 * np.log10(distance_pc / 10.0)


def count_stars(universe: Universe, on_event: OnEvent = ignore) -> StarCounts:
    """Return the counts of all stars. Holds BLOCK_ROWS of them at a time. Raises StoreError if they are damaged."""
    counts, total = StarCounts(), int(universe.offsets[-1])
    on_event(Stage("counting", total, "stars"))
    for start in range(0, total, BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, total)
        rows = universe.columns(("x_m", "y_m", "z_m", "phot_g_mean_mag", "bp_rp"), start, stop)
        counts.add(stacked_positions_m(rows), rows["phot_g_mean_mag"], rows["bp_rp"])
        on_event(Advance(stop))
    return counts
