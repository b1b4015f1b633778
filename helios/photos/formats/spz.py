"""Scenes as SPZ, Niantic's compressed file of Gaussian splats: 20 to 65 bytes a splat before gzip."""

from __future__ import annotations

import gzip
import math
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.packing.spz import MOST_SPLATS, header, positions, rotations
from helios.photos.formats.splats import SceneSplats

MOST_FRACTIONAL_BITS = 20
COLOR_SCALE = 0.15
"""Of f_dc in a byte's range: colours reach from -0.44 to 1.44."""

SH_BITS = (5, 4, 4, 4)
"""Bits that are kept of coefficients of degree 1 and on, as Niantic's own writer keeps."""

HALF_TURN = (-1, -1, 1, -1, 1, 1, -1, 1, -1, 1, -1, -1, 1, -1, 1, -1, 1, -1, 1, 1, -1, 1, -1, 1)
"""Signs of spherical harmonics when y and z change theirs."""


def write_spz(scene: SceneSplats, file: BinaryIO) -> tuple[str, ...]:
    """Write `scene` to `file` as SPZ version 3 and return what the format could not hold.

    Its axes are x right, y up, z back, where those of photographs are x right, y down, z ahead: half a turn about x,
    which readers undo. Positions have 24 bits with as fine a step as the farthest of them allows, sizes steps of 6 %,
    opacities and colours 8 bits, coefficients of spherical harmonics SH_BITS of -1 to 1. The same scene gives the same
    bytes. Layout: https://github.com/nianticlabs/spz, `load-spz.cc`. Raises InputError for more than MOST_SPLATS
    splats, for places beyond 8 million units, and as `SceneSplats.check` does.
    """
    if len(scene) > MOST_SPLATS:
        raise InputError(f"spz: {len(scene):,} splats, must be at most {MOST_SPLATS:,}; export as .ply")
    columns = scene.columns()
    reach = float(np.abs(columns["means"]).max())
    bits = min(MOST_FRACTIONAL_BITS, math.floor(math.log2((2**23 - 1) / max(reach, 1e-6))))
    if bits < 0:
        raise InputError(f"spz: a splat is {reach:g} units away, must be less than {2**23:,}; export as .ply")
    lost = Clipped(len(scene))
    turned = np.array([1, -1, -1])
    quats = columns["quats"] / np.linalg.norm(columns["quats"], axis=1, keepdims=True) * np.array([1, 1, -1, -1])
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as out:
        out.write(header(len(scene), scene.degree, bits, scene.antialiased))
        out.write(positions(np.rint(columns["means"].astype(np.float64) * turned * 2**bits).astype("<i4")).tobytes())
        out.write(np.rint(255 / (1 + np.exp(-columns["opacities"].astype(np.float64)))).astype(np.uint8).tobytes())
        out.write(lost.bytes("colours", columns["sh0"] * (COLOR_SCALE * 255) + 127.5).tobytes())
        out.write(lost.bytes("sizes", (columns["scales"] + 10) * 16).tobytes())
        out.write(rotations(quats.astype(np.float32)).tobytes())
        out.write(_harmonics(columns["shN"], lost).tobytes())
    return lost.notes


class Clipped:
    """Counts the splats whose values are beyond what a byte can say."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.notes: tuple[str, ...] = ()

    def bytes(self, what: str, values: NDArray) -> NDArray[np.uint8]:
        """Return `values` [N, W] rounded to bytes, and note how many splats have any beyond their range."""
        steps = np.rint(values)
        beyond = int(((steps < 0) | (steps > 255)).any(axis=1).sum())
        if beyond:
            self.notes += (f"{beyond:,} of {self.count:,} splats have {what} beyond the range of SPZ, cut off there",)
        return steps.clip(0, 255).astype(np.uint8)


def _harmonics(coefficients: NDArray[np.float32], lost: Clipped) -> NDArray[np.uint8]:
    """Return the bytes [N, 3 (K - 1)] of coefficients [N, K - 1, 3], rounded to multiples of what SH_BITS keep."""
    rest = coefficients.shape[1]
    degrees = np.floor(np.sqrt(np.arange(1, rest + 1))).astype(int)
    step = np.array([2 ** (8 - SH_BITS[degree - 1]) for degree in degrees], int)[:, None]
    turned = coefficients * np.array(HALF_TURN[:rest])[:, None]
    whole = lost.bytes("spherical harmonics", (turned * 128 + 128).reshape(len(turned), -1))
    kept = (whole.reshape(turned.shape).astype(int) + step // 2) // step * step
    return np.minimum(kept, 255).astype(np.uint8)
