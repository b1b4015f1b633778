"""Photographs as an ideal pinhole sees them: which pinhole, as COLMAP chooses it, and their pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helios.photos.data.lenses import Floats, Lens
from helios.simd.jit import EXACT

SCALES = (0.2, 2.0)
"""How much smaller or larger than the photograph the ideal picture may be."""


@dataclass(frozen=True)
class Pinhole:
    """An ideal lens, and the size of its picture, px."""

    lens: Lens
    width: int
    height: int


def ideal_camera(lens: Lens, width: int, height: int) -> Pinhole:
    """Return the pinhole of a photograph of `width` x `height` px taken through `lens`; the same where that is ideal.

    It has the lens' focal lengths, and is as large as it can be without a pixel that the photograph does not show: the
    choice of `colmap image_undistorter` (src/colmap/image/undistortion.cc, UndistortCamera, with blank_pixels 0).
    """
    if lens.is_ideal:
        return Pinhole(lens, width, height)
    rows, columns = np.arange(0.5, height), np.arange(0.5, width)
    left = _reach(lens, np.full(height, 0.5), rows)[0]
    right = _reach(lens, np.full(height, width - 0.5), rows)[0]
    top = _reach(lens, columns, np.full(width, 0.5))[1]
    bottom = _reach(lens, columns, np.full(width, height - 0.5))[1]
    new_width = _length(width, lens.cx, left, right)
    new_height = _length(height, lens.cy, top, bottom)
    ideal = Lens(lens.fx, lens.fy, lens.cx * new_width / width, lens.cy * new_height / height)
    return Pinhole(ideal, new_width, new_height)


def _reach(lens: Lens, px: Floats, py: Floats) -> tuple[Floats, Floats]:
    """The pixels of the pinhole with the lens' K that see what the photograph has at (px, py)."""
    x, y = lens.unproject(px, py)
    return lens.fx * x + lens.cx, lens.fy * y + lens.cy


def _length(length: int, center: float, low: Floats, high: Floats) -> int:
    """How many pixels long the ideal picture is, where one of `length` would have its borders at `low` and `high`."""
    least, most = SCALES
    shrink = []
    if np.isfinite(low).any():
        shrink.append(center / (center - np.nanmax(low)))
    if np.isfinite(high).any():
        shrink.append((length - 0.5 - center) / (np.nanmin(high) - center))
    scale = 1 / max(shrink) if shrink else most
    return max(1, int(min(max(scale, least), most) * length))


def sources(lens: Lens, pinhole: Pinhole) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return where in the photograph the centres of the pinhole's pixels are, px, two float32 [H, W]."""
    x = (np.arange(pinhole.width) + 0.5 - pinhole.lens.cx) / pinhole.lens.fx
    y = (np.arange(pinhole.height) + 0.5 - pinhole.lens.cy) / pinhole.lens.fy
    u, v = lens.project(*np.broadcast_arrays(x, y[:, None]))
    return u.astype(np.float32), v.astype(np.float32)


def resample(picture: NDArray[np.uint8], u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return `picture` [h, w, C] at the places (u, v), px, [H, W], between pixels as bilinear: uint8 [H, W, C].

    Beyond the centres of the outermost pixels these go on for half a pixel; farther out it is 0.
    """
    out = np.zeros((*u.shape, picture.shape[2]), np.uint8)
    _resample(picture, u, v, out)
    return out


def inside(u: NDArray[np.float32], v: NDArray[np.float32], width: int, height: int) -> NDArray[np.bool_]:
    """Return which of the places (u, v), px, lie in a photograph of `width` x `height` px."""
    return (u >= 0) & (u <= width) & (v >= 0) & (v <= height)


@njit(**EXACT)
def _resample(picture, u, v, out):
    height, width, channels = picture.shape
    for row in range(u.shape[0]):
        for column in range(u.shape[1]):
            x, y = u[row, column], v[row, column]
            if not (0 <= x <= width and 0 <= y <= height):
                continue
            x = min(max(x - np.float32(0.5), np.float32(0)), np.float32(width - 1))
            y = min(max(y - np.float32(0.5), np.float32(0)), np.float32(height - 1))
            left, top = int(x), int(y)
            right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
            a, b = x - np.float32(left), y - np.float32(top)
            for channel in range(channels):
                upper = picture[top, left, channel] * (1 - a) + picture[top, right, channel] * a
                lower = picture[bottom, left, channel] * (1 - a) + picture[bottom, right, channel] * a
                out[row, column, channel] = np.uint8(upper * (1 - b) + lower * b + np.float32(0.5))
