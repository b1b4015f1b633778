"""`helios.photos.sh.torch_colors` and its gradient in machine code."""

from __future__ import annotations

import math

import numpy as np
import torch
from numba import njit

from helios.photos.sh import A1, A2, A3, B2, B3, C0, D2, D3, E3, F3
from helios.simd import JIT
from helios.threads import run_striped


class ColorsOnCpu(torch.autograd.Function):
    """`helios.photos.sh.sh_colors` of float32 tensors on the CPU."""

    @staticmethod
    def forward(ctx, directions, sh0, shN, degree):
        scene = [t.detach().contiguous() for t in (directions, sh0, shN)]
        colors = torch.empty(directions.shape)
        run_striped(_colors, sh0.shape[0], None, *(t.numpy() for t in scene), degree, colors.numpy())
        ctx.save_for_backward(*scene, colors)
        ctx.degree = degree
        return colors

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, upstream):
        *scene, colors = ctx.saved_tensors
        wanted = ctx.needs_input_grad[0]
        grads = (
            [torch.empty(t.shape) for t in scene]
            if wanted
            else [torch.empty(1, 1, 3), *map(torch.empty_like, scene[1:])]
        )
        arrays = (t.numpy() for t in (*scene, colors, upstream.contiguous(), *grads))
        run_striped(_gradients, scene[1].shape[0], None, *arrays, ctx.degree, wanted)
        return (grads[0] if wanted else None), grads[1], grads[2], None


@njit(**JIT)
def _share(stripe, stripes, count):
    return stripe * count // stripes, (stripe + 1) * count // stripes


@njit(**JIT)
def _fill_basis(basis, x, y, z, degree):
    basis[0] = C0
    if degree >= 1:
        basis[1], basis[2], basis[3] = -A1 * y, A1 * z, -A1 * x
    if degree >= 2:
        basis[4], basis[5], basis[6] = A2 * x * y, -A2 * y * z, B2 * (3.0 * z * z - 1.0)
        basis[7], basis[8] = -A2 * x * z, D2 * (x * x - y * y)
    if degree >= 3:
        basis[9], basis[10] = -A3 * y * (3.0 * x * x - y * y), B3 * x * y * z
        basis[11], basis[12] = -D3 * y * (5.0 * z * z - 1.0), E3 * z * (5.0 * z * z - 3.0)
        basis[13], basis[14] = -D3 * x * (5.0 * z * z - 1.0), F3 * z * (x * x - y * y)
        basis[15] = -A3 * x * (x * x - 3.0 * y * y)


@njit(**JIT)
def _unit(directions, c, n):
    x, y, z = float(directions[c, n, 0]), float(directions[c, n, 1]), float(directions[c, n, 2])
    over = 1.0 / max(math.sqrt(x * x + y * y + z * z), 1e-12)
    return x * over, y * over, z * over, over


@njit(**JIT)
def _colors(stripe, stripes, directions, sh0, shN, degree, colors):
    """Fill `colors` [C, N, 3] of this stripe's splats."""
    count = (degree + 1) ** 2
    basis = np.empty(16)
    first, end = _share(stripe, stripes, len(sh0))
    for c in range(len(directions)):
        for n in range(first, end):
            x, y, z, _ = _unit(directions, c, n)
            _fill_basis(basis, x, y, z, degree)
            red = 0.5 + C0 * sh0[n, 0, 0]
            green = 0.5 + C0 * sh0[n, 0, 1]
            blue = 0.5 + C0 * sh0[n, 0, 2]
            for k in range(1, count):
                red += basis[k] * shN[n, k - 1, 0]
                green += basis[k] * shN[n, k - 1, 1]
                blue += basis[k] * shN[n, k - 1, 2]
            colors[c, n, 0], colors[c, n, 1], colors[c, n, 2] = max(red, 0.0), max(green, 0.0), max(blue, 0.0)


@njit(**JIT)
def _gradients(stripe, stripes, directions, sh0, shN, colors, upstream, d_directions, d_sh0, d_shN, degree, wanted):
    """Fill the gradients of this stripe's splats; that in the directions only where `wanted`."""
    count = (degree + 1) ** 2
    basis, asked, dot = np.empty(16), np.empty(3), np.empty(16)
    first, end = _share(stripe, stripes, len(sh0))
    for n in range(first, end):
        for i in range(3):
            d_sh0[n, 0, i] = 0.0
        for k in range(shN.shape[1]):
            for i in range(3):
                d_shN[n, k, i] = 0.0
        for c in range(len(directions)):
            for i in range(3):
                asked[i] = upstream[c, n, i] if colors[c, n, i] > 0.0 else 0.0
            if wanted:
                for i in range(3):
                    d_directions[c, n, i] = 0.0
            if asked[0] == 0.0 and asked[1] == 0.0 and asked[2] == 0.0:
                continue
            x, y, z, over = _unit(directions, c, n)
            _fill_basis(basis, x, y, z, degree)
            for i in range(3):
                d_sh0[n, 0, i] += basis[0] * asked[i]
            for k in range(1, count):
                for i in range(3):
                    d_shN[n, k - 1, i] += basis[k] * asked[i]
            if not wanted or degree == 0:
                continue
            for k in range(1, count):
                dot[k] = asked[0] * shN[n, k - 1, 0] + asked[1] * shN[n, k - 1, 1] + asked[2] * shN[n, k - 1, 2]
            dx, dy, dz = _slope(dot, x, y, z, degree)
            along = dx * x + dy * y + dz * z
            d_directions[c, n, 0] = over * (dx - along * x)
            d_directions[c, n, 1] = over * (dy - along * y)
            d_directions[c, n, 2] = over * (dz - along * z)


@njit(**JIT)
def _slope(dot, x, y, z, degree):
    """The derivatives by x, y, z of the sum of dot[k] basis[k]."""
    dx, dy, dz = -A1 * dot[3], -A1 * dot[1], A1 * dot[2]
    if degree >= 2:
        dx += A2 * (y * dot[4] - z * dot[7]) + 2.0 * D2 * x * dot[8]
        dy += A2 * (x * dot[4] - z * dot[5]) - 2.0 * D2 * y * dot[8]
        dz += -A2 * (y * dot[5] + x * dot[7]) + 6.0 * B2 * z * dot[6]
    if degree >= 3:
        five = 5.0 * z * z - 1.0
        dx += -6.0 * A3 * x * y * dot[9] + B3 * y * z * dot[10] - D3 * five * dot[13] + 2.0 * F3 * x * z * dot[14]
        dx += -3.0 * A3 * (x * x - y * y) * dot[15]
        dy += -3.0 * A3 * (x * x - y * y) * dot[9] + B3 * x * z * dot[10] - D3 * five * dot[11]
        dy += -2.0 * F3 * y * z * dot[14] + 6.0 * A3 * x * y * dot[15]
        dz += B3 * x * y * dot[10] - 10.0 * D3 * z * (y * dot[11] + x * dot[13])
        dz += E3 * (15.0 * z * z - 3.0) * dot[12] + F3 * (x * x - y * y) * dot[14]
    return dx, dy, dz
