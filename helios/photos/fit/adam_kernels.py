"""Steps of Adam on columns of splats, in machine code: from a gradient that is there, or from what a picture asks."""

from __future__ import annotations

import numpy as np
from numba import njit

from helios.photos.sh_functions import fill_basis
from helios.photos.sh_kernels import (
    AHEAD,
    C0,
    ONE,
    SLOPES,
    ZERO,
    add_products,
    add_slopes,
    asked,
    buffers,
    columns_to_rows,
    direction,
    share_of,
    take_threes,
)
from helios.simd import BARE, JIT, LANES, broadcast, load, prefetch, sqrt, store, store_pixels


@njit(**BARE)
def step_rows(stripe, stripes, param, grad, exp_avg, exp_avg_sq, width, marked, rate, numbers):
    """Step this stripe's rows of flat float32 arrays [N width]; all where `marked` is empty."""
    begin, end = share_of(stripe, stripes, len(param) // width)
    _step(param, exp_avg, exp_avg_sq, grad, 0, width, begin, end, marked, rate, numbers)


@njit(**JIT)
def step_shown(stripe, stripes, count, width, degree, columns, grads, shown, marked, rates, numbers):
    """Step this stripe's share of `count` splats, whose gradient is made, LANES rows at a time, where it is needed.

    columns: parameter and both moments of means, scales, quats, opacities, sh0 and shN, which has `width` numbers a
    splat, 18 flat arrays; rates: of the six. grads: the gradients in means and quats by the rasteriser, and in scales
    and opacities as shown. shown: (centres, scales, opacities, colors, d_colors, slopes) of a `Shown`. marked: as in
    `step_rows`.
    """
    basis, products, spare = buffers()
    own = basis, products, spare, np.zeros(len(products), np.float32), np.zeros(3 * LANES, np.float32)
    products[3 * ((degree + 1) ** 2 - 1) * LANES :] = ZERO
    _step_share(stripe, stripes, count, width, degree, columns, grads, shown, marked, rates, numbers, own)


@njit(**BARE)
def _step_share(stripe, stripes, count, width, degree, columns, grads, shown, marked, rates, numbers, own):
    means, means_1, means_2, scales, scales_1, scales_2, quats, quats_1, quats_2 = columns[:9]
    opacities, opacities_1, opacities_2, sh0, sh0_1, sh0_2, shN, shN_1, shN_2 = columns[9:]
    d_means, d_quats, d_sizes, d_opacities = grads
    centres, sizes, shares, colors, d_colors, slopes = shown
    basis, products, spare, rows, row = own
    blocks = (count + LANES - 1) // LANES
    begin, end = share_of(stripe, stripes, count)
    for first in range(begin, end, LANES):
        last = min(end, first + LANES)
        for k in range((first + AHEAD) * width, min(first + AHEAD + LANES, count) * width, LANES):
            prefetch(shN, k)
            prefetch(shN_1, k)
            prefetch(shN_2, k)
        place, d_place = take_threes(means, 3 * first, spare), take_threes(d_means, 3 * first, spare)
        d_red, d_green, d_blue = broadcast(ZERO), broadcast(ZERO), broadcast(ZERO)
        for view in range(len(centres) // 3):
            red, green, blue = asked(colors, d_colors, 3 * (view * count + first), spare)
            d_red, d_green, d_blue = d_red + C0 * red, d_green + C0 * green, d_blue + C0 * blue
            if degree > 0:
                d_place = add_slopes(d_place, slopes, (view * blocks + first // LANES) * SLOPES, red, green, blue)
                x, y, z, _ = direction(place, centres, view)
                fill_basis(basis, x, y, z, degree)
                add_products(products, basis, degree, view, red, green, blue)
        store_pixels(row, 0, d_place[0], d_place[1], d_place[2])
        _step(means, means_1, means_2, row, 3 * first, 3, first, last, marked, rates[0], numbers)
        _fill_slopes(row, d_sizes, sizes, 3 * first, 3 * last, False)
        _step(scales, scales_1, scales_2, row, 3 * first, 3, first, last, marked, rates[1], numbers)
        _step(quats, quats_1, quats_2, d_quats, 0, 4, first, last, marked, rates[2], numbers)
        _fill_slopes(row, d_opacities, shares, first, last, True)
        _step(opacities, opacities_1, opacities_2, row, first, 1, first, last, marked, rates[3], numbers)
        store_pixels(row, 0, d_red, d_green, d_blue)
        _step(sh0, sh0_1, sh0_2, row, 3 * first, 3, first, last, marked, rates[4], numbers)
        # Of a degree that has not begun, gradient and moments are 0: a step would change nothing.
        if degree > 0:
            columns_to_rows(rows, products, width)
            _step(shN, shN_1, shN_2, rows, first * width, width, first, last, marked, rates[5], numbers)


@njit(**BARE)
def _fill_slopes(row, asked, values, first, end, sigmoid):
    """Fill `row` by the gradients in the numbers `first` to `end`, whose exponentials or sigmoids are `values`."""
    i = first
    while i + LANES <= end:
        y = load(values, i)
        store(row, i - first, load(asked, i) * y * (ONE - y) if sigmoid else load(asked, i) * y)
        i += LANES
    while i < end:
        y = values[i]
        row[i - first] = asked[i] * y * (ONE - y) if sigmoid else asked[i] * y
        i += 1


@njit(**BARE)
def _step(param, exp_avg, exp_avg_sq, grad, shift, width, first, last, marked, rate, numbers):
    """Step the rows `first` to `last` - 1, or those `marked` of them; their gradients stand `shift` before them."""
    for n in range(first, first + 1 if len(marked) == 0 else last):
        if len(marked) == 0 or marked[n]:
            end = (last if len(marked) == 0 else n + 1) * width
            _range(param, exp_avg, exp_avg_sq, grad, shift, n * width, end, rate, numbers)


@njit(**BARE)
def _range(param, exp_avg, exp_avg_sq, grad, shift, first, end, rate, numbers):
    """Step the numbers `first` to `end`, whole vectors of them at a time; their gradients stand `shift` before them."""
    i = first
    while i + LANES <= end:
        g = load(grad, i - shift)
        stepped, m, v = _stepped(load(param, i), g, load(exp_avg, i), load(exp_avg_sq, i), rate, numbers)
        store(exp_avg, i, m)
        store(exp_avg_sq, i, v)
        store(param, i, stepped)
        i += LANES
    while i < end:
        g = grad[i - shift]
        param[i], exp_avg[i], exp_avg_sq[i] = _stepped(param[i], g, exp_avg[i], exp_avg_sq[i], rate, numbers)
        i += 1


@njit(**BARE)
def _stepped(param, grad, exp_avg, exp_avg_sq, rate, numbers):
    """(parameter, first moment, second moment) after the step, of numbers or vectors.

    Epsilon, which only keeps 0 / 0 away, is added below the root: one over a root costs less than a root and a
    division.
    """
    root, beta1, rest1, beta2, rest2, epsilon = numbers
    m = beta1 * exp_avg + rest1 * grad
    v = beta2 * exp_avg_sq + rest2 * grad * grad
    return param - rate * m * (ONE / sqrt(v * (ONE / (root * root)) + epsilon * epsilon)), m, v
