"""Writes cells as SPZ, Niantic's compressed file of Gaussian splats: 20 bytes a splat before gzip.

Source of the layout: https://github.com/nianticlabs/spz, version 3 (`load-spz.cc`, PackedGaussians).
"""

from __future__ import annotations

import gzip
import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from helios.color import LUMINANCE
from helios.constants import PARSEC_M
from helios.errors import InputError
from helios.packing.bounds import bounded
from helios.packing.export import Exported
from helios.packing.shown import Shown
from helios.packing.splat_file import SH_C0, FileFrame, FileSplats, SplatFile, Tally
from helios.splats import Splats

MAGIC, VERSION, ANTIALIASED = b"NGSP", 3, 1

FRACTIONAL_BITS = 10
"""Coordinates are multiples of 2^-10: 24 bits with a sign then reach 8192 units, just beyond `splat_file.REACH`."""

MOST_SPLATS = 10_000_000
"""What Niantic's own reader takes of version 3."""

LOG_SCALES = np.arange(256) / 16 - 10
"""Natural logarithms of the sizes that a byte stands for: from 4.5e-5 to 380 units."""

COLOR_STEP = SH_C0 / (0.15 * 255)
"""Of linear RGB; byte b stands for 0.5 + (b - 127.5) COLOR_STEP."""

LEAST_ALPHA, MOST_ALPHA = 8, 217
"""Bytes of the faintest splats and of points: half a step is 6 % of the light of the former, 0.2 % of the latter's."""

FINE_ALPHA = 24
"""Byte of an opacity from which on its steps, 2 %, are as fine as those of three sizes together."""

NOTICED = 0.05
"""Relative error of the light of a splat from which on it is told."""


@dataclass(frozen=True)
class Spz(SplatFile):
    """SPZ version 3, read by most viewers: positions of 24 bits, all else of 8 bits, rotations of 10 bits a component.

    The axes are those of ecliptic J2000, the frame is that of `SplatFile.frame`. A step of a position is 1.2e-7 of the
    farthest coordinate, one of a size 6 %, one of a colour 0.007. Sizes and opacities are rounded together so that
    the light of a splat is right to 2 %, that of a star to 0.4 %. No opacity below 1/255 can be written, so splats of
    any width are made smaller. The notes say how many stars lose their places of their own, and how much of the light
    is in splats whose size is beyond what the format can hold.
    """

    def held(self, splats: Splats) -> Splats:
        """All with opacities from LEAST_ALPHA to MOST_ALPHA, in 255ths."""
        return bounded(splats, np.inf, LEAST_ALPHA / 255, MOST_ALPHA / 255)

    def write(self, shown: Shown, file: BinaryIO) -> Exported:
        """Write what is `shown` and say what of it. Memory: some 100 bytes a splat.

        Raises InputError where they have more than MOST_SPLATS splats.
        """
        count = shown.count
        if count > MOST_SPLATS:
            raise InputError(f"spz: {count:,} splats, must be at most {MOST_SPLATS:,} (choose cells with --cells)")
        frame, tally, losses = self.frame(shown), Tally(), Losses()
        columns: list[tuple[NDArray[np.uint8], ...]] = []
        for splats in self.parts(shown, frame):
            tally.add(splats)
            columns.append(packed(splats, losses))
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as out:
            out.write(header(count, 0, FRACTIONAL_BITS, antialiased=True))
            for column in zip(*columns):
                out.write(np.concatenate(column).tobytes())
        return tally.exported(frame, losses.notes(frame))


def header(count: int, degree: int, fractional_bits: int, antialiased: bool) -> bytes:
    """Return the 16 bytes before the columns of `count` splats with spherical harmonics of a `degree`."""
    flags = ANTIALIASED if antialiased else 0
    return struct.pack("<4sIIBBBB", MAGIC, VERSION, count, degree, fractional_bits, flags, 0)


class Losses:
    """Adds up what SPZ does not hold of the splats that are given to it."""

    def __init__(self) -> None:
        self.light = self.wrong = 0.0
        self.places: list[NDArray] = []
        self.steps: list[NDArray] = []

    def add(self, means: NDArray, steps: NDArray, light: NDArray, stored: NDArray) -> None:
        """Add splats at `means`, written at `steps`, of which `light` is `stored`, relative to the light they have."""
        self.places.append(means)
        self.steps.append(steps)
        self.light += float(light.sum())
        self.wrong += float(light[np.abs(stored - light) > NOTICED * light].sum())

    def notes(self, frame: FileFrame) -> tuple[str, ...]:
        places, steps = (len(np.unique(np.concatenate(rows), axis=0)) for rows in (self.places, self.steps))
        notes = []
        if steps < places:
            step_pc = frame.unit_m / 2**FRACTIONAL_BITS / PARSEC_M
            notes.append(
                f"splats that share the place of another: {places - steps:,} (SPZ has steps of {step_pc:.2g} pc here)"
            )
        if self.wrong:
            notes.append(
                f"{100 * self.wrong / self.light:.2g} % of the light is in splats that are off by more than "
                f"{NOTICED:.0%}: SPZ holds sizes over a range of 8 million only"
            )
        return tuple(notes)


def packed(splats: FileSplats, losses: Losses) -> tuple[NDArray[np.uint8], ...]:
    """Return the bytes of positions [K, 9], alphas [K], colours and scales [K, 3], and rotations [K, 4] of K splats."""
    steps = np.rint(splats.means * 2**FRACTIONAL_BITS).astype("<i4")
    colors = np.rint((splats.colors - 0.5) / COLOR_STEP + 127.5).clip(0, 255)
    luminance = np.sum((0.5 + (colors - 127.5) * COLOR_STEP) * LUMINANCE, axis=1)
    light, alphas = splats.light, np.rint(splats.opacities.astype(np.float64) * 255)
    scales = _sizes(splats.scales, light / (2 * np.pi * luminance * alphas / 255), alphas >= FINE_ALPHA)
    covered = 2 * np.pi * luminance * np.exp(np.mean(LOG_SCALES[scales], axis=1) * 2) / 255
    alphas = np.rint(light / covered).clip(1, 255)
    losses.add(splats.means, steps, light, covered * alphas)
    return (
        positions(steps),
        alphas.astype(np.uint8),
        colors.astype(np.uint8),
        scales,
        rotations(splats.quats),
    )


def _sizes(scales: NDArray[np.float64], sigma2: NDArray[np.float64], each: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the bytes [K, 3] of sizes in the proportions of `scales` [K, 3], of geometric means sigma; `sigma2` [K].

    Where `each` [K], the three are rounded, and spheres stay so; elsewhere their sum, so that sigma^2 is right to 2 %.
    """
    steps = 16 * (np.log(scales) + 10)
    total = 24 * (np.log(sigma2) + 20)
    steps += (total - steps.sum(axis=1))[:, None] / 3
    low = np.floor(steps)
    missing = np.rint(total) - low.sum(axis=1)
    rank = np.argsort(np.argsort(low - steps, axis=1, kind="stable"), axis=1, kind="stable")
    rounded = np.where(each[:, None], np.rint(steps), low + (rank < missing[:, None]))
    return rounded.clip(0, 255).astype(np.uint8)


def positions(steps: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Return the bytes [K, 9] of whole numbers [K, 3], of 24 bits with a sign."""
    return steps.view(np.uint8).reshape(-1, 3, 4)[:, :, :3].reshape(-1, 9)


def rotations(quats: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the bytes [K, 4] of quaternions wxyz [K, 4]: all components but the largest, which is made positive.

    Of 32 bits the highest two say which of x, y, z, w that is; a sign and 9 bits of magnitude follow for each other.
    """
    xyzw = np.roll(quats.astype(np.float64), -1, axis=1)
    largest = np.argmax(np.abs(xyzw), axis=1)
    xyzw *= np.where(np.take_along_axis(xyzw, largest[:, None], axis=1) < 0, -1, 1)
    words = largest.astype("<u4")
    for axis in range(4):
        magnitude = np.rint(np.abs(xyzw[:, axis]) * np.sqrt(2) * 511).clip(0, 511).astype("<u4")
        word = words << 10 | (xyzw[:, axis] < 0).astype("<u4") << 9 | magnitude
        words = np.where(axis == largest, words, word)
    return words.astype("<u4").view(np.uint8).reshape(-1, 4)
