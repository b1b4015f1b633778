"""One training step of one cell in machine code: parameters to splats, images, losses, and back to parameters.

Nothing here knows of torch or takes the GIL, so that a thread trains a cell by itself. An image is drawn, judged and
differentiated before the next one is looked at: it never leaves the cache of its core, and what is dark is neither
written nor read.
"""

import math

import numpy as np
from numba import njit

from helios.color import LUMINANCE
from helios.rendering.raster import add_image_gradient, bands_touched, clear_band, project_cell, write_row
from helios.rendering.rows import BAND, add_splat, band_workspace, fill_spans
from helios.simd import JIT, LANES, ceil, clamp, floor, select, set_bits
from helios.training.loss.fused_loss import loss_workspace, view_loss
from helios.training.loss.fused_segments import MARGIN, SEGMENT, SPAN, STRIP
from helios.training.optim.model import LEAST_COLOR

RGB_WEIGHTS = tuple(LUMINANCE.tolist())
TWO_PI = 2.0 * math.pi
PER_PIXEL = 3.0 / SEGMENT


@njit(**JIT)
def splats_of(params, anchors, strides, mask, exposure, means, quats, scales, opacities, colors):
    """Fill the five float32 arrays of K splats from `params` [K, 14]: `Model.render_arguments` of one cell."""
    for k in range(len(params)):
        row = params[k]
        shade = 0.0
        for i in range(3):
            means[k, i] = anchors[k, i] + strides[k, 0] * row[i]
            scales[k, i] = math.exp(row[7 + i])
            shade += RGB_WEIGHTS[i] * max(row[11 + i], LEAST_COLOR)
        for i in range(3):
            colors[k, i] = max(row[11 + i], LEAST_COLOR) / shade
        for i in range(4):
            quats[k, i] = row[3 + i]
        size = 2.0 * (row[7] + row[8] + row[9]) / 3.0
        opacities[k] = exposure * math.exp(row[10] - size) / TWO_PI if mask[k] else 0.0


@njit(**JIT)
def params_gradient(grads, params, strides, free, scales, opacities, colors, out):
    """Fill `out` [K, 14], the gradient in `params`, from `grads` [C, K, 14], each image's in the splats."""
    asked = np.empty(14)
    for k in range(len(params)):
        out[k] = 0.0
        if not free[k]:
            continue
        asked[:] = 0.0
        for c in range(len(grads)):
            for i in range(14):
                asked[i] += grads[c, k, i]
        light = asked[10] * opacities[k]
        tint = shade = 0.0
        for i in range(3):
            tint += asked[11 + i] * colors[k, i]
            shade += RGB_WEIGHTS[i] * max(params[k, 11 + i], LEAST_COLOR)
        for i in range(3):
            out[k, i] = strides[k, 0] * asked[i]
            out[k, 7 + i] = scales[k, i] * asked[7 + i] - 2.0 / 3.0 * light
            if params[k, 11 + i] >= LEAST_COLOR:
                out[k, 11 + i] = (asked[11 + i] - RGB_WEIGHTS[i] * tint) / shade
        for i in range(4):
            out[k, 3 + i] = asked[3 + i]
        out[k, 10] = light


@njit(**JIT)
def step_workspace(height, width):
    """What one thread needs to draw and judge images of one size: about 1.6 MB and two images."""
    strips = (3 * width + STRIP - 1) // STRIP
    return (
        np.zeros((height, width, 3), np.float32),
        np.zeros((height, width, 3), np.float32),
        np.zeros((height, 2), np.int64),
        (band_workspace(width), np.zeros((strips, BAND), np.int64)),
        np.zeros((strips, height), np.int64),
        np.zeros((strips, height), np.int64),
        loss_workspace(height),
    )


@njit(**JIT)
def draw_lit(image, extent, drawn, splats, bands, weight_min, workspace):
    """Draw `image` [H, W, 3] where splats are, mark that in `drawn`, darken what `extent` [H, 2] says was drawn."""
    height, width = image.shape[:2]
    log2_min = math.log2(weight_min)
    begin, listed, reach = bands
    (buffers, spans), masks = workspace
    for j in range(len(reach)):
        lo, hi = reach[j, 0], min(reach[j, 1], width)
        top, bottom = j * BAND, min(height, (j + 1) * BAND)
        clear_band(buffers, lo, reach[j, 1])
        masks[:] = 0
        for k in range(begin[j], begin[j + 1]):
            splat = splats[listed[k]]
            start, vectors = fill_spans(spans, splat, top, width, log2_min)
            mark_spans(masks, start, vectors, width)
            add_splat(buffers, spans, splat, np.float32(log2_min))
        for y in range(top, bottom):
            for strip in range(len(drawn)):
                drawn[strip, y] = masks[strip, y - top]
            darken(image, y, extent[y, 0], min(lo, extent[y, 1]))
            darken(image, y, max(hi, extent[y, 0]), extent[y, 1])
            write_row(image, y, buffers, y - top, lo, hi)
            extent[y, 0], extent[y, 1] = lo, hi


@njit(**JIT)
def darken(image, y, lo, hi):
    for x in range(lo, hi):
        for channel in range(3):
            image[y, x, channel] = 0.0


@njit(**JIT)
def mark_spans(masks, start, vectors, width):
    """Mark in `masks` [strips, BAND] the segments that a splat touches, from what `fill_spans` returned."""
    first = floor(start * PER_PIXEL)
    end = ceil(clamp(start + vectors * float(LANES), 0.0, float(width)) * PER_PIXEL)
    end = select(vectors >= 1.0, end, first)
    for strip in range(len(masks)):
        before = float(strip * (STRIP // SEGMENT) - MARGIN)
        first_bit = clamp(first - before, 0.0, float(SPAN))
        set_bits(masks, BAND * strip, first_bit, clamp(end - before, 0.0, float(SPAN)))


@njit(**JIT)
def view_losses(
    first, stride, chosen, moments, dssims, grads, cell, viewmats, Ks, truth, truth_lit, weights, ssim_weight, levels,
    weight_min, want_gradient, workspace,
):  # fmt: skip
    """Judge and differentiate the views chosen[first], chosen[first + stride], ... of one cell.

    Fills `moments` [C, 2, LEVELS] and `dssims` [C], the sums that a view's loss is made of with `weights` and
    `ssim_weight`, and, where `want_gradient`, `grads` [C, K, 14], that loss's gradient in the splats. `cell`: the five
    arrays of its splats; `viewmats` [V, 4, 4], `Ks` [V, 3, 3], `truth` [V, H, W, 3], `truth_lit` [V, strips, H] and
    `weights` [V, 2, LEVELS]: of all its views.
    """
    image, d_image, extent, marked_band, drawn, lit, judge = workspace
    height, width = image.shape[:2]
    for c in range(first, len(chosen), stride):
        v = chosen[c]
        camera = (viewmats[v], Ks[v], width, height)
        splats = project_cell(cell, camera, weight_min)
        bands = bands_touched(splats, width, height, math.log2(weight_min))
        draw_lit(image, extent, drawn, splats, bands, weight_min, marked_band)
        for strip in range(len(lit)):
            for y in range(height):
                lit[strip, y] = drawn[strip, y] | truth_lit[v, strip, y]
        flat = image.reshape(height, 3 * width), truth[v].reshape(height, 3 * width)
        slope = d_image.reshape(height, 3 * width)
        dssims[c], sums = view_loss(
            flat[0], flat[1], lit, drawn, weights[v], ssim_weight, levels, want_gradient, judge, slope
        )
        moments[c] = sums
        if want_gradient:
            grads[c] = 0.0
            add_image_gradient(grads[c], d_image, splats, bands, cell, camera, weight_min, marked_band[0])
