"""Whole images from projected splats, forward and backward: what one thread does with one image.

By bands of 8 rows, not tiles: the splats that touch a band are listed and added to the band's buffers, which are then
written out once. Nothing is kept for the backward pass. Cost with AVX-512: per
splat 0.1 us forward and backward; per splat and row of up to 16 pixels 10 ns forward and 15 ns backward. Memory: a few
tens of kB per thread, and 4 bytes per splat and band.

Two tuples go through the kernels: `cell` = (means [K, 3], quats [K, 4], scales [K, 3], opacities [K], colors [K, 3])
and `camera` = (viewmat [4, 4], intrinsics [3, 3], width, height).
"""

import math

import numpy as np
from numba import njit

from helios.rendering.projection import HALF_LOG2_E, PROJECTED, project, project_gradient
from helios.rendering.rows import (
    BAND,
    BUFFERS,
    ZERO,
    add_splat,
    add_splat_gradient,
    band_workspace,
    fill_spans,
    recentre_moments,
)
from helios.simd import JIT, LANES, broadcast, load, load_pixels, store, store_pixels


@njit(**JIT)
def project_cell(cell, camera, weight_min):
    """The splats of one cell that may show, PROJECTED [V], in their order."""
    count = len(cell[0])
    found = np.empty(count, PROJECTED)
    n = 0
    for i in range(count):
        n += project(found[n], i, cell, camera, weight_min)
    return found[:n]


@njit(**JIT)
def bands_touched(splats, width, height, log2_weight_min):
    """(begin, listed, reach): band j is touched by splats listed[begin[j]:begin[j + 1]], in their order.

    What they cover of it, in whole vectors, lies within the pixels reach[j, 0] to reach[j, 1] - 1 of its rows.
    """
    count = (height + BAND - 1) // BAND
    begin = np.zeros(count + 2, np.int64)
    reach = np.empty((count, 2), np.int64)
    reach[:, 0], reach[:, 1] = width, 0
    lo, hi = np.empty(len(splats), np.int32), np.empty(len(splats), np.int32)
    for i in range(len(splats)):
        s = splats[i]
        room = (s.top - log2_weight_min) * (1.0 / HALF_LOG2_E)
        wide, half = math.sqrt(room * s.xx), math.sqrt(room * s.yy)
        left = int(max(0.0, s.x - wide - 0.5))
        right = int(min(width - 1.0, s.x + wide + 0.5)) + LANES
        first, last = math.ceil(max(0.0, s.y - half - 0.5)), math.floor(min(height - 1.0, s.y + half - 0.5))
        lo[i], hi[i] = first // BAND, last // BAND + 1 if last >= first else 0
        for j in range(lo[i], hi[i]):
            begin[j + 2] += 1
            reach[j, 0], reach[j, 1] = min(reach[j, 0], left), max(reach[j, 1], right)
    for j in range(count):
        if begin[j + 2] == 0:
            reach[j] = 0
        begin[j + 2] += begin[j + 1]
    listed = np.empty(begin[count + 1], np.int32)
    for i in range(len(splats)):
        for j in range(lo[i], hi[i]):
            listed[begin[j + 1]] = i
            begin[j + 1] += 1
    return begin, listed, reach


@njit(**JIT)
def clear_band(buffers, lo, hi):
    """Make ready for drawing: nothing is lit in the pixels lo to hi - 1 of each row."""
    stride = buffers.shape[2]
    dark = broadcast(ZERO)
    for row in range(BAND):
        for x in range(row * stride + lo, row * stride + hi, LANES):
            for k in range(BUFFERS):
                store(buffers, k * BAND * stride + x, dark)


@njit(**JIT)
def write_row(image, y, buffers, row, lo, hi):
    """Copy what is drawn in the pixels lo to hi - 1 of a row of the band to the row y of `image` [H, W, 3]."""
    stride = buffers.shape[2]
    plane, at = BAND * stride, row * stride
    whole = lo + (hi - lo) // LANES * LANES
    for x in range(lo, whole, LANES):
        red, green = load(buffers, at + x), load(buffers, plane + at + x)
        store_pixels(image, 3 * (y * image.shape[1] + x), red, green, load(buffers, 2 * plane + at + x))
    for x in range(whole, hi):
        for k in range(3):
            image[y, x, k] = buffers[k, row, x]


@njit(**JIT)
def read_band(buffers, d_image, y, lo, hi):
    """Make ready for the backward pass: dL/d(image) in the pixels lo to hi - 1 of the rows y, y + 1, ... [H, W, 3].

    Outside the image nothing is asked of the buffers.
    """
    height, width = d_image.shape[:2]
    stride = buffers.shape[2]
    dark = broadcast(ZERO)
    for row in range(BAND):
        end = min(hi, width) if y + row < height else lo
        for x in range(row * stride + end, row * stride + hi, LANES):
            for k in range(BUFFERS):
                store(buffers, k * BAND * stride + x, dark)
        read_row(buffers, row, d_image, y + row, lo, end)


@njit(**JIT)
def read_row(buffers, row, d_image, y, lo, hi):
    """Copy dL/d(image) in the pixels lo to hi - 1 of row y to a row of the band."""
    stride = buffers.shape[2]
    plane, at = BAND * stride, row * stride
    whole = lo + (hi - lo) // LANES * LANES
    for x in range(lo, whole, LANES):
        d_red, d_green, d_blue = load_pixels(d_image, 3 * (y * d_image.shape[1] + x))
        store(buffers, at + x, d_red)
        store(buffers, plane + at + x, d_green)
        store(buffers, 2 * plane + at + x, d_blue)
    for x in range(whole, hi):
        for k in range(3):
            buffers[k, row, x] = d_image[y, x, k]


@njit(**JIT)
def draw_image(image, cell, camera, weight_min):
    """Write every pixel of `image` [H, W, 3]; exactly 0 where no splat reaches."""
    height, width = image.shape[:2]
    log2_min = math.log2(weight_min)
    splats = project_cell(cell, camera, weight_min)
    begin, listed, reach = bands_touched(splats, width, height, log2_min)
    buffers, spans = band_workspace(width)
    for j in range(len(reach)):
        lo, hi = reach[j, 0], reach[j, 1]
        clear_band(buffers, lo, hi)
        for k in range(begin[j], begin[j + 1]):
            splat = splats[listed[k]]
            fill_spans(spans, splat, j * BAND, width, log2_min)
            add_splat(buffers, spans, splat, np.float32(log2_min))
        end = min(hi, width)
        for y in range(j * BAND, min(height, (j + 1) * BAND)):
            image[y, :lo] = 0.0
            write_row(image, y, buffers, y - j * BAND, lo, end)
            image[y, max(lo, end) :] = 0.0


@njit(**JIT)
def image_gradient(grad, d_image, cell, camera, weight_min):
    """Write `grad` [K, 14] from dL/d(image) [H, W, 3]."""
    height, width = d_image.shape[:2]
    splats = project_cell(cell, camera, weight_min)
    bands = bands_touched(splats, width, height, math.log2(weight_min))
    grad[:] = 0.0
    add_image_gradient(grad, d_image, splats, bands, cell, camera, weight_min, band_workspace(width))


@njit(**JIT)
def add_image_gradient(grad, d_image, splats, bands, cell, camera, weight_min, workspace):
    """Add to `grad` [K, 14] of one image, given its projected splats and their `bands` (see `bands_touched`).

    Of `d_image` [H, W, 3] only what splats cover needs to hold anything.
    """
    width = d_image.shape[1]
    log2_min = math.log2(weight_min)
    begin, listed, reach = bands
    buffers, spans = workspace
    moments = np.zeros((len(splats), 9))
    for j in range(len(reach)):
        if begin[j] == begin[j + 1]:
            continue
        read_band(buffers, d_image, j * BAND, reach[j, 0], reach[j, 1])
        for k in range(begin[j], begin[j + 1]):
            splat = splats[listed[k]]
            fill_spans(spans, splat, j * BAND, width, log2_min)
            add_splat_gradient(moments, listed[k], buffers, spans, splat, np.float32(log2_min))
    for k in range(len(splats)):
        recentre_moments(moments[k], splats[k].shear)
        project_gradient(grad[splats[k].index], moments[k], splats[k], cell, camera)


@njit(**JIT)
def draw_images(stripe, stripes, images, means, quats, scales, opacities, colors, viewmats, intrinsics, weight_min):
    """Draw images stripe, stripe + stripes, ... of `images` [B, C, H, W, 3]."""
    views, height, width = images.shape[1:4]
    for i in range(stripe, len(means) * views, stripes):
        b, c = i // views, i % views
        cell = (means[b], quats[b], scales[b], opacities[b], colors[b])
        camera = (viewmats[b, c], intrinsics[b, c], width, height)
        draw_image(images[b, c], cell, camera, weight_min)


@njit(**JIT)
def image_gradients(
    stripe, stripes, grads, d_images, means, quats, scales, opacities, colors, viewmats, intrinsics, weight_min
):
    """Write `grads` [B, C, K, 14] of images stripe, stripe + stripes, ..."""
    views, height, width = d_images.shape[1:4]
    for i in range(stripe, len(means) * views, stripes):
        b, c = i // views, i % views
        cell = (means[b], quats[b], scales[b], opacities[b], colors[b])
        camera = (viewmats[b, c], intrinsics[b, c], width, height)
        image_gradient(grads[b, c], d_images[b, c], cell, camera, weight_min)
