"""`helios.photos.sh_basis.torch_colors` and its gradient in machine code, a vector's worth of splats at once.

Tensors are flat float32 arrays here: directions, colors and what is asked of them [C N 3], sh0 [N 3], shN [N width].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from helios.photos import sh_basis as sh
from helios.photos.sh_functions import fill_basis, slope_of, unit
from helios.simd import JIT, LANES, broadcast, load, load_pixels, prefetch, select, store, store_pixels, transpose
from helios.threads import run_striped

C0, HALF, ZERO = np.float32(sh.C0), np.float32(0.5), np.float32(0.0)

BASIS = sh.coefficients(sh.MOST_DEGREE)
ROOM = LANES * 3 * BASIS
"""Numbers of LANES splats' shN, and as many more as vectors at their end may reach beyond it."""

AHEAD = 2 * LANES
"""How many splats before their turn coefficients are fetched: the cache does not foresee rows read side by side."""

WORTH = 8192
"""Splats that are worth a thread's while."""


@dataclass(frozen=True)
class Products:
    """The gradient [N, K - 1, 3] of shN, as what it is made of: the sum over views of basis functions times `asked`.

    directions, colors: [C, N, 3] of the splats; upstream: dL/d(colors), which counts where a colour is above 0.
    """

    directions: Tensor
    colors: Tensor
    upstream: Tensor
    degree: int

    def arrays(self) -> tuple[NDArray[np.float32], ...]:
        """Return directions, colors and upstream, flat."""
        return tuple(t.detach().numpy().reshape(-1) for t in (self.directions, self.colors, self.upstream))


class ColorsOnCpu(torch.autograd.Function):
    """`helios.photos.sh.sh_colors` of float32 tensors on the CPU."""

    @staticmethod
    def forward(ctx, directions, sh0, shN, degree, kept):
        scene = [t.detach().contiguous() for t in (directions, sh0, shN)]
        colors = torch.empty(directions.shape)
        blocks = _blocks(len(sh0)) if ctx.needs_input_grad[0] and degree > 0 else 0
        slopes = torch.empty(len(directions), blocks, 9 * LANES)
        _run(_colors, WORTH, sh0, shN, degree, *scene, colors, slopes)
        ctx.save_for_backward(*scene, colors, slopes)
        ctx.degree, ctx.kept = degree, kept
        return colors

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, upstream):
        directions, sh0, shN, colors, slopes = ctx.saved_tensors
        upstream = upstream.contiguous()
        d_directions = torch.empty(directions.shape) if slopes.numel() else torch.zeros(directions.shape)
        d_sh0, d_shN = torch.empty_like(sh0), None
        _run(_gradients, 8 * WORTH, sh0, shN, ctx.degree, colors, upstream, slopes, d_directions, d_sh0)
        if ctx.kept is not None:
            ctx.kept.append(Products(directions, colors, upstream, ctx.degree))
        elif ctx.needs_input_grad[2]:
            d_shN = torch.empty_like(shN)
            _run(_multiply, WORTH, sh0, shN, ctx.degree, directions, colors, upstream, d_shN)
        return d_directions, d_sh0, d_shN, None, None


def _blocks(count: int) -> int:
    return -(-count // LANES)


def _run(kernel, worth, sh0, shN, degree, *tensors):
    sizes = len(sh0), 3 * shN.shape[1], degree
    run_striped(kernel, -(-len(sh0) // worth), None, *sizes, *(t.numpy().reshape(-1) for t in tensors))


# Kernels neither slice arrays nor return them: counting who holds one takes longer than a vector's worth of splats.


@njit(**JIT)
def _take_threes(rows, at, spare):
    """Three vectors: the numbers from `at` on of rows of three; the last rows, which are fewer, go through `spare`."""
    if at + 3 * LANES <= len(rows):
        return load_pixels(rows, at)
    for i in range(at, len(rows)):
        spare[i - at] = rows[i]
    return load_pixels(spare, 0)


@njit(**JIT)
def _give_threes(rows, at, count, spare, a, b, c):
    """Write the numbers of `count` rows of three, at most LANES, from three vectors."""
    if count >= LANES:
        store_pixels(rows, at, a, b, c)
    else:
        store_pixels(spare, 0, a, b, c)
        for i in range(3 * count):
            rows[at + i] = spare[i]


@njit(**JIT)
def _fill_columns(columns, shN, first, count, width, degree, spare):
    """Write the coefficients of LANES splats to `columns` [ROOM], a vector for each."""
    for k in range((first + AHEAD) * width, min(first + AHEAD + LANES, count) * width, LANES):
        prefetch(shN, k)
    used = 3 * (degree + 1) ** 2 - 3
    if first + LANES < count:
        for k in range(0, used, LANES):
            transpose(shN, first * width + k, width, columns, k * LANES, LANES)
    else:
        for i in range(first * width, count * width):
            spare[i - first * width] = shN[i]
        for k in range(0, used, LANES):
            transpose(spare, k, width, columns, k * LANES, LANES)


@njit(**JIT)
def share_of(stripe, stripes, count):
    """The first of a stripe's share of `count` splats, whole vectors of them, and the first behind it."""
    blocks = (count + LANES - 1) // LANES
    return stripe * blocks // stripes * LANES, min(count, (stripe + 1) * blocks // stripes * LANES)


@njit(**JIT)
def _colors(stripe, stripes, count, width, degree, directions, sh0, shN, colors, slopes):
    """Fill `colors` of this stripe's share of the splats, and where there is room `slopes`, [C blocks 9 LANES]: the
    derivatives of red, of green and of blue in the direction as given."""
    basis, columns, spare = np.empty(BASIS * LANES, np.float32), np.empty(ROOM, np.float32), np.zeros(ROOM, np.float32)
    none = broadcast(ZERO)
    begin, end = share_of(stripe, stripes, count)
    for first in range(begin, end, LANES):
        _fill_columns(columns, shN, first, count, width, degree, spare)
        flat = _take_threes(sh0, 3 * first, spare)
        for view in range(0, len(colors), 3 * count):
            x, y, z, over = unit(_take_threes(directions, view + 3 * first, spare))
            fill_basis(basis, x, y, z, degree)
            red, green, blue = HALF + C0 * flat[0], HALF + C0 * flat[1], HALF + C0 * flat[2]
            for k in range(1, (degree + 1) ** 2):
                factor, at = load(basis, k * LANES), 3 * (k - 1) * LANES
                red = red + factor * load(columns, at)
                green = green + factor * load(columns, at + LANES)
                blue = blue + factor * load(columns, at + 2 * LANES)
            red, green = select(red > none, red, none), select(green > none, green, none)
            blue = select(blue > none, blue, none)
            _give_threes(colors, view + 3 * first, count - first, spare, red, green, blue)
            if len(slopes) > 0:
                blocks = (count + LANES - 1) // LANES
                at = (view // (3 * count) * blocks + first // LANES) * 9 * LANES
                for i in range(3):
                    dx, dy, dz = slope_of(columns, i * LANES, x, y, z, degree)
                    along = dx * x + dy * y + dz * z
                    store(slopes, at + 3 * i * LANES, over * (dx - along * x))
                    store(slopes, at + (3 * i + 1) * LANES, over * (dy - along * y))
                    store(slopes, at + (3 * i + 2) * LANES, over * (dz - along * z))


@njit(**JIT)
def _asked(colors, upstream, at, spare):
    """What is asked of the colours from `at` on, three vectors; nothing where one was cut at 0."""
    none = broadcast(ZERO)
    color, up = _take_threes(colors, at, spare), _take_threes(upstream, at, spare)
    red, green = select(color[0] > none, up[0], none), select(color[1] > none, up[1], none)
    return red, green, select(color[2] > none, up[2], none)


@njit(**JIT)
def _gradients(stripe, stripes, count, width, degree, colors, upstream, slopes, d_directions, d_sh0):
    """Fill the gradients in sh0 and, by `slopes`, in the directions, of this stripe's share of the splats."""
    spare, none = np.zeros(ROOM, np.float32), broadcast(ZERO)
    blocks = (count + LANES - 1) // LANES
    begin, end = share_of(stripe, stripes, count)
    for first in range(begin, end, LANES):
        d_red, d_green, d_blue = none, none, none
        for view in range(0, len(colors), 3 * count):
            red, green, blue = _asked(colors, upstream, view + 3 * first, spare)
            d_red, d_green, d_blue = d_red + C0 * red, d_green + C0 * green, d_blue + C0 * blue
            if len(slopes) > 0:
                at = (view // (3 * count) * blocks + first // LANES) * 9 * LANES
                dx = red * load(slopes, at) + green * load(slopes, at + 3 * LANES) + blue * load(slopes, at + 6 * LANES)
                at += LANES
                dy = red * load(slopes, at) + green * load(slopes, at + 3 * LANES) + blue * load(slopes, at + 6 * LANES)
                at += LANES
                dz = red * load(slopes, at) + green * load(slopes, at + 3 * LANES) + blue * load(slopes, at + 6 * LANES)
                _give_threes(d_directions, view + 3 * first, count - first, spare, dx, dy, dz)
        _give_threes(d_sh0, 3 * first, count - first, spare, d_red, d_green, d_blue)


@njit(**JIT)
def product_buffers():
    """What one thread needs for `fill_products`: the rows that it makes, and three buffers."""
    return (
        np.zeros(ROOM, np.float32),
        np.empty(ROOM, np.float32),
        np.empty(BASIS * LANES, np.float32),
        np.zeros(ROOM, np.float32),
    )


@njit(**JIT)
def fill_products(rows, columns, basis, spare, first, count, width, degree, directions, colors, upstream):
    """Write the gradient in shN of the splats `first` to `first` + LANES of `count` to `rows`, one after the other."""
    columns[3 * (degree + 1) ** 2 * LANES - 3 * LANES :] = ZERO
    for view in range(0, len(colors), 3 * count):
        red, green, blue = _asked(colors, upstream, view + 3 * first, spare)
        x, y, z, _ = unit(_take_threes(directions, view + 3 * first, spare))
        fill_basis(basis, x, y, z, degree)
        for k in range(1, (degree + 1) ** 2):
            factor, at = load(basis, k * LANES), 3 * (k - 1) * LANES
            if view == 0:
                store(columns, at, factor * red)
                store(columns, at + LANES, factor * green)
                store(columns, at + 2 * LANES, factor * blue)
            else:
                store(columns, at, load(columns, at) + factor * red)
                store(columns, at + LANES, load(columns, at + LANES) + factor * green)
                store(columns, at + 2 * LANES, load(columns, at + 2 * LANES) + factor * blue)
    # From the last columns to the first: what a row's last vector writes into the next is written over.
    for k in range((width - 1) // LANES * LANES, -1, -LANES):
        transpose(columns, k * LANES, LANES, rows, k, width)


@njit(**JIT)
def _multiply(stripe, stripes, count, width, degree, directions, colors, upstream, d_shN):
    """Fill the gradient in shN of this stripe's share of the splats."""
    rows, columns, basis, spare = product_buffers()
    begin, end = share_of(stripe, stripes, count)
    for first in range(begin, end, LANES):
        fill_products(rows, columns, basis, spare, first, count, width, degree, directions, colors, upstream)
        for i in range(first * width, min(first + LANES, count) * width):
            d_shN[i] = rows[i - first * width]
