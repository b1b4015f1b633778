"""The ground truth: a cell's emitters as points of light through the pixel filter, added up.

By the law of light (docs/design.md) a pixel gets E lum fx fy d / z^3 / (2 pi eps) exp(-r^2 / 2 eps) times the colour,
with lum = d_0^2 Omega and d and z the emitter's distance and depth: fx fy d / z^3 is f^2 / d^2 on the camera's axis,
and off it the pixels per steradian that a small splat of the same light has too. The viewer, in which magnitudes are
not to change as a camera turns, draws what is points as bright everywhere as on the axis: `even`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from helios.constants import EPS_PX2
from helios.errors import InputError
from helios.rendering.backend import NEAR
from helios.rendering.projection import to_camera
from helios.simd import JIT
from helios.threads import run_striped

LOST = 1e-8
"""The filter is cut where this share of an emitter's light lies outside."""

REACH_PX = math.sqrt(2.0 * EPS_PX2 * math.log(1.0 / LOST))
"""Where that is, pixels from an emitter: 3.3."""

POINT = np.dtype(
    [
        ("x", np.float64),  # pixels
        ("y", np.float64),
        ("peak", np.float64),  # weight of the colour at the centre
        ("index", np.int64),
    ],
    align=True,
)


def render_truth(
    means: ArrayLike,  # [N, 3] cell units
    luminosities: ArrayLike,  # [N] steradians * cell units^2
    colors: ArrayLike,  # [N, 3] linear RGB
    viewmats: ArrayLike,  # [C, 4, 4] world to camera, OpenCV axes
    Ks: ArrayLike,  # [C, 3, 3] pixels, without skew
    width: int,
    height: int,
    exposure: float = 1.0,
    threads: int | None = None,
    even: bool = False,
) -> NDArray[np.float32]:  # [C, height, width, 3]
    """Return what each camera sees of the emitters, linear RGB on black, float32, unbounded.

    No threshold, and no cut beyond `LOST`. Light is summed in float64, so that ten thousand faint emitters in one pixel
    lose nothing; pixels that no emitter reaches are exactly 0. With `even` an emitter gives the light of f^2 / d^2
    pixels per steradian wherever in the picture it is. Emitters nearer than `NEAR` are not drawn. The same bytes on any
    number of `threads` (None: every core).
    Cost: 0.25 to 0.5 us per emitter and image; memory, 32 bytes per pixel and 48 per emitter for each thread.
    Raises InputError where shapes do not fit or a value is not finite.
    """
    arrays = [np.ascontiguousarray(a, np.float32) for a in (means, luminosities, colors)]
    cameras = [np.ascontiguousarray(a, np.float64) for a in (viewmats, Ks)]
    n, c = len(arrays[0]), len(cameras[0])
    names = ("means", "luminosities", "colors", "viewmats", "Ks")
    given: list[NDArray] = [*arrays, *cameras]
    for name, array, shape in zip(names, given, [(n, 3), (n,), (n, 3), (c, 4, 4), (c, 3, 3)]):
        if array.shape != shape:
            raise InputError(f"{name} has shape {array.shape}, must be {shape}")
        if not np.isfinite(array).all():
            raise InputError(f"{name} holds {np.count_nonzero(~np.isfinite(array))} values that are not finite")
    images = np.empty((c, height, width, 3), np.float32)
    run_striped(_draw_images, c, threads, images, *arrays, *cameras, float(exposure), even)
    return images


@njit(**JIT)
def _project_points(points, means, luminosities, viewmat, intrinsics, width, height, exposure, even):
    """Fill `points` (POINT) with the emitters that may show; return their number."""
    n = 0
    fx, fy = intrinsics[0, 0], intrinsics[1, 1]
    for i in range(len(means)):
        x, y, z = to_camera(viewmat, means[i])
        if z < NEAR:
            continue
        point = points[n]
        point.index = i
        point.x = fx * x / z + intrinsics[0, 2]
        point.y = fy * y / z + intrinsics[1, 2]
        distance = math.sqrt(x * x + y * y + z * z)
        pixels_per_sr = fx * fy * (1.0 / distance**2 if even else distance / (z * z * z))
        point.peak = exposure * luminosities[i] * pixels_per_sr / (2.0 * math.pi * EPS_PX2)
        n += point.peak > 0.0 and -REACH_PX < point.x < width + REACH_PX and -REACH_PX < point.y < height + REACH_PX
    return n


@njit(**JIT)
def _window(centre, size):
    """The pixels [start, stop) of `size` whose centres lie within REACH_PX of `centre`."""
    return (
        math.ceil(max(0.0, centre - REACH_PX - 0.5)),
        math.floor(min(size - 1.0, centre + REACH_PX - 0.5)) + 1,
    )


@njit(**JIT)
def _filter_weights(weights, centre, start, stop):
    for i in range(start, stop):
        d = i + 0.5 - centre
        weights[i] = math.exp(-d * d / (2.0 * EPS_PX2))


@njit(**JIT)
def _draw_image(image, light, points, means, luminosities, colors, viewmat, intrinsics, exposure, even):
    """Write every pixel of `image`; `light` [H, W, 3] is room for its sums."""
    height, width = image.shape[:2]
    n = _project_points(points, means, luminosities, viewmat, intrinsics, width, height, exposure, even)
    left, right = np.full(height, width), np.zeros(height, np.int64)
    for k in range(n):
        x0, x1 = _window(points[k].x, width)
        y0, y1 = _window(points[k].y, height)
        for y in range(y0, y1):
            left[y], right[y] = min(left[y], x0), max(right[y], x1)
    for y in range(height):
        for x in range(left[y], right[y]):
            light[y, x, 0] = light[y, x, 1] = light[y, x, 2] = 0.0
    across, down = np.empty(width), np.empty(height)
    for k in range(n):
        point = points[k]
        red, green, blue = colors[point.index]
        x0, x1 = _window(point.x, width)
        y0, y1 = _window(point.y, height)
        _filter_weights(across, point.x, x0, x1)
        _filter_weights(down, point.y, y0, y1)
        for y in range(y0, y1):
            peak = point.peak * down[y]
            for x in range(x0, x1):
                pixel = light[y, x]
                weight = peak * across[x]
                pixel[0] += weight * red
                pixel[1] += weight * green
                pixel[2] += weight * blue
    for y in range(height):
        lo, hi = min(left[y], right[y]), right[y]
        image[y, :lo] = 0.0
        for x in range(lo, hi):
            for channel in range(3):
                image[y, x, channel] = light[y, x, channel]
        image[y, hi:] = 0.0


@njit(**JIT)
def _draw_images(stripe, stripes, images, means, luminosities, colors, viewmats, intrinsics, exposure, even):
    """Draw images stripe, stripe + stripes, ..."""
    light = np.empty(images.shape[1:])
    points = np.empty(len(means) + 1, POINT)
    for c in range(stripe, len(images), stripes):
        _draw_image(images[c], light, points, means, luminosities, colors, viewmats[c], intrinsics[c], exposure, even)
