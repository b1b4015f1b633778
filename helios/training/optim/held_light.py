"""A cell's total light, held through training: what its free splats have together is set after every step."""

from __future__ import annotations

import math

import numpy as np
import torch
from numba import njit
from torch import Tensor

from helios.rendering.mean_light import mean_section
from helios.simd import JIT

_THOMSEN = 1.6075
"""Exponent p of Knud Thomsen's surface of an ellipsoid, exact to 1.1 %."""


def hold_light(params: Tensor, mask: Tensor, kept: Tensor, lights: Tensor) -> None:
    """Scale the free splats of each cell so that the mean light of all its splats adds up to `lights` float64 [B].

    Changes `params` [B, K, 14] (see `helios.training.optim.model.Model`). On the CPU this is exact to rounding; on any
    other device to 1.1 %, with Thomsen's formula: `hold_light` on the CPU ends the training there too.
    """
    if params.device.type == "cpu":
        _hold(*(t.numpy() for t in (params, mask, kept, lights)))
        return
    sizes = params[..., 7:10]
    a, b, c = (_THOMSEN * (sizes - sizes.mean(dim=-1, keepdim=True))).exp().unbind(-1)
    light = params[..., 10].exp() * ((a * b + a * c + b * c) / 3.0) ** (1.0 / _THOMSEN)
    free = mask & ~kept
    wanted = lights - torch.where(mask & kept, light, 0.0).double().sum(dim=-1)
    shift = torch.log(wanted / torch.where(free, light, 0.0).double().sum(dim=-1)).float()
    params[..., 10] += torch.where(free & torch.isfinite(shift)[:, None], shift[:, None], 0.0)


@njit(**JIT)
def _hold(params, mask, kept, lights):
    for b in range(len(params)):
        wanted, free = lights[b], 0.0
        for k in range(params.shape[1]):
            if mask[b, k]:
                row = params[b, k]
                middle = (row[7] + row[8] + row[9]) / 3.0
                section = mean_section(math.exp(row[7] - middle), math.exp(row[8] - middle), math.exp(row[9] - middle))
                light = math.exp(row[10]) * section
                if kept[b, k]:
                    wanted -= light
                else:
                    free += light
        if wanted > 0.0 and 0.0 < free < np.inf:
            shift = math.log(wanted / free)
            for k in range(params.shape[1]):
                if mask[b, k] and not kept[b, k]:
                    params[b, k, 10] += shift
