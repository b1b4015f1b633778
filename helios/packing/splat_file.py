"""Cells as the splats of one file, in a unit that other programs can hold and in their ranges of opacity and colour."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helios.cells import from_cell_units
from helios.color import LUMINANCE
from helios.light import splat_luminosity
from helios.options import option
from helios.packing.bounds import LEAST_DRAWN, bounded
from helios.packing.export import Exported
from helios.packing.shown import Part, Shown
from helios.splats import Splats

REACH = 8000.0
"""Largest coordinate in a file, in its units. Sizes of points have 1e-8 of it: viewers cut them off below e^-12 units
(Spark) and formats below e^-10 (SPZ), and hold coordinates up to 65504 (half floats)."""

LEAST_REACH = 32
"""A file reaches at least so many times as far as its smallest splat does, as that of a single star."""

SH_C0 = 0.28209479177387814
"""The constant spherical harmonic, 1 / (2 sqrt(pi)): color = 0.5 + SH_C0 * f_dc."""


@dataclass(frozen=True)
class FileFrame:
    """The frame of a file: X = origin_m + unit_m * x. `origin_m` float64 [3], ecliptic J2000 metres; `unit_m` metres.

    `low` and `high`, float64 [3] in its units, are the corners of the box around all means.
    """

    origin_m: NDArray[np.float64]
    unit_m: float
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def place(self, position_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return positions [..., 3], metres, in units of the frame. Each coordinate rises with its own, bit by bit."""
        return (position_m - self.origin_m) / self.unit_m


@dataclass(frozen=True)
class FileSplats:
    """K splats as a file has them.

    `means` and `scales`, float64 [K, 3], are in its units; `quats` [K, 4] wxyz, `opacities` [K] and `colors` [K, 3],
    linear RGB, both from 0 to 1, are float32.
    """

    means: NDArray[np.float64]
    scales: NDArray[np.float64]
    quats: NDArray[np.float32]
    opacities: NDArray[np.float32]
    colors: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.means)

    @property
    def sh0(self) -> NDArray[np.float64]:
        """Coefficients of the constant spherical harmonic that give the colours, [K, 3]."""
        return (self.colors.astype(np.float64) - 0.5) / SH_C0

    @property
    def light(self) -> NDArray[np.float64]:
        """What they cover, weighted by the luminance of their colours, float64 [K] steradians x units^2."""
        return splat_luminosity(self.opacities, self.scales) * np.sum(self.colors * LUMINANCE, axis=1)


class Tally:
    """Adds up splats and their light as they are written."""

    def __init__(self) -> None:
        self.splats, self.light, self.faint_light = 0, 0.0, 0.0

    def add(self, splats: FileSplats) -> None:
        light = splats.light
        self.splats += len(splats)
        self.light += float(light.sum())
        self.faint_light += float(light[splats.opacities < LEAST_DRAWN].sum())

    def exported(self, frame: FileFrame, notes: tuple[str, ...] = ()) -> Exported:
        """Say what was written in `frame`."""
        x, y, z = frame.origin_m.tolist()
        faint_share = self.faint_light / self.light if self.light else 0.0
        return Exported(self.splats, faint_share, notes, (x, y, z), frame.unit_m)


class SplatFile(ABC):
    """What the exporters of splats share: all parts of what is shown in one frame."""

    @abstractmethod
    def held(self, splats: Splats) -> Splats:
        """Return splats, in the units of their cell, in the ranges of the format: see `bounded`."""

    def frame(self, shown: Shown) -> FileFrame:
        """Return the frame that fits what is `shown`; cost: reads it all.

        The origin is the Sun where it is inside of the box around them: catalogues are crowded around it, and what
        float32 keeps of a place is relative to its distance from the origin. Elsewhere it is the centre of the box.
        The farthest coordinate is REACH.
        """
        corners, smallest_m = [], np.inf
        for number in range(len(shown)):
            position_m, scales_m, _ = self._splats(shown.part(number))
            corners += [position_m.min(axis=0), position_m.max(axis=0)]
            smallest_m = min(smallest_m, float(scales_m.max(axis=1).min()))
        low_m, high_m = np.min(corners, axis=0), np.max(corners, axis=0)
        inside = bool((low_m <= 0).all() and (high_m >= 0).all())
        origin_m = np.zeros(3) if inside else (low_m + high_m) / 2
        half_side_m = max(float(np.max(np.abs([low_m - origin_m, high_m - origin_m]))), LEAST_REACH * smallest_m)
        unit_m = half_side_m / REACH
        return FileFrame(origin_m, unit_m, (low_m - origin_m) / unit_m, (high_m - origin_m) / unit_m)

    def parts(self, shown: Shown, frame: FileFrame) -> Iterator[FileSplats]:
        """Yield the splats of each part of what is `shown` in `frame`."""
        for number in range(len(shown)):
            position_m, scales_m, splats = self._splats(shown.part(number))
            yield FileSplats(
                frame.place(position_m), scales_m / frame.unit_m, splats.quats, splats.opacities, splats.colors
            )

    def _splats(self, part: Part) -> tuple[NDArray[np.float64], NDArray[np.float64], Splats]:
        """Return means and scales, float64 [K, 3] metres, and `held` splats of a part."""
        splats = self.held(part.splats)
        position_m = from_cell_units(splats.means, part.origin_m, part.half_extent_m)
        return position_m, splats.scales.astype(np.float64) * part.half_extent_m, splats


@dataclass(frozen=True)
class FloatFile(SplatFile):
    """What the exporters share whose opacities are numbers of any size from 0 to 1, so that glows may stay glows."""

    widest_shrunk: float = option(
        0.05,
        "Widest splat, standard deviation in units of its cell, that is written smaller where viewers would drop it.",
        limits=(0.0, float("inf")),
    )

    def held(self, splats: Splats) -> Splats:
        return bounded(splats, self.widest_shrunk)
