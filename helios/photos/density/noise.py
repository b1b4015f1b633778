"""Noise that lets splats explore, each in its own shape and the more the more transparent it is: equation 5 of
https://arxiv.org/abs/2404.09591."""

from __future__ import annotations

import math

import numpy as np
import torch
from numba import njit
from torch import Generator, Tensor

from helios.photos.density.rounds import normal
from helios.photos.density.shapes import rotated
from helios.photos.table import SplatTable
from helios.rendering.rows import exp
from helios.simd import JIT, sqrt
from helios.threads import run_striped

SHARPNESS, OPAQUE = 100.0, 0.005
"""Noise fades around an opacity of OPAQUE, by the sigmoid of SHARPNESS."""

SHAPING = ("means", "quats", "scales", "opacities")

_STILL = OPAQUE + math.log(2.0**24 - 1.0) / SHARPNESS
_STILL_LOGIT = math.log(_STILL / (1.0 - _STILL))
"""Above this opacity, 0.17, noise is less than the rounding of float32 of what a transparent splat would have."""


def restless(logit_opacities: Tensor) -> Tensor:
    """Return the rows, int64 [M] ascending, of `logit_opacities` [N] that noise moves."""
    return torch.nonzero(logit_opacities < _STILL_LOGIT)[:, 0]


@torch.no_grad()
def shake(table: SplatTable, amount: float, rng: Generator) -> None:
    """Move the positions of the restless rows of `table` by `amount` times their covariance times normal numbers.

    Of each, times sigmoid(SHARPNESS (OPAQUE - opacity)) and, as the normal numbers are in the splat's own axes,
    R S^2 n: R S^2 R^T n has the same distribution. On the CPU in machine code, the same bytes on any number of threads.
    """
    means, quats, scales, opacities = columns = [table.params[name] for name in SHAPING]
    rows = restless(opacities)
    noise = normal((len(rows), 3), means, rng)
    if table.device.type != "cpu":
        _torch_shake(means, quats, scales, opacities, rows, noise, amount)
    elif len(rows):
        arrays = (t.detach().numpy() for t in (*columns, rows, noise))
        run_striped(_shake_rows, len(rows), None, *arrays, np.float32(amount))


def _torch_shake(means, quats, scales, opacities, rows, noise, amount):
    transparent = torch.sigmoid(SHARPNESS * (OPAQUE - torch.sigmoid(opacities[rows])))
    along = (2.0 * scales[rows]).exp() * noise
    means.index_add_(0, rows, rotated(quats[rows], along) * (amount * transparent)[:, None])


_ONE, _TWO = np.float32(1.0), np.float32(2.0)
_SHARPNESS, _OPAQUE = np.float32(SHARPNESS), np.float32(OPAQUE)


@njit(**JIT)
def _shake_rows(stripe, stripes, means, quats, scales, opacities, rows, noise, amount):
    for k in range(stripe * len(rows) // stripes, (stripe + 1) * len(rows) // stripes):
        n = rows[k]
        opacity = _ONE / (_ONE + exp(-opacities[n]))
        share = amount / (_ONE + exp(_SHARPNESS * (opacity - _OPAQUE)))
        ax = share * noise[k, 0] * exp(_TWO * scales[n, 0])
        ay = share * noise[k, 1] * exp(_TWO * scales[n, 1])
        az = share * noise[k, 2] * exp(_TWO * scales[n, 2])
        w, x, y, z = quats[n, 0], quats[n, 1], quats[n, 2], quats[n, 3]
        over = _ONE / sqrt(w * w + x * x + y * y + z * z)
        w, x, y, z = w * over, x * over, y * over, z * over
        tx, ty, tz = _TWO * (y * az - z * ay), _TWO * (z * ax - x * az), _TWO * (x * ay - y * ax)
        means[n, 0] += ax + w * tx + y * tz - z * ty
        means[n, 1] += ay + w * ty + z * tx - x * tz
        means[n, 2] += az + w * tz + x * ty - y * tx
