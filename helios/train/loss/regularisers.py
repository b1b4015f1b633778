"""What is asked of the splats themselves, whatever the image: terms of the loss, by name and weight.

Each is a function (model, config) -> loss per cell [B], the mean over the cell's splats, in torch. `FAST` has twins of
the defaults for the CPU; a regulariser without one is differentiated by torch there as on a GPU.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from numba import njit
from torch import Tensor

from helios.simd import JIT
from helios.train.config import TrainConfig
from helios.train.optim.model import Model
from helios.train.registries import REGULARISERS

SCALE = 50.0
"""The weights of the regularisers are stated against an L1 loss; the pyramid pulls about so many times harder."""


def isotropy(model: Model, config: TrainConfig) -> Tensor:
    """The variance (over 3, not 2) of a splat's three log-scales."""
    return _mean_over_splats(model.log_scales.var(dim=-1, correction=0), model.mask)


def collapse(model: Model, config: TrainConfig) -> Tensor:
    """relu(min_scale_ratio - shortest / longest axis)."""
    ratio = torch.exp(model.log_scales.amin(dim=-1) - model.log_scales.amax(dim=-1))
    return _mean_over_splats(F.relu(config.min_scale_ratio - ratio), model.mask)


def size(model: Model, config: TrainConfig) -> Tensor:
    """The mean of a splat's three scales, cell radii: what 3DGS-MCMC (Kheradmand et al. 2024) asks of scales."""
    return _mean_over_splats(torch.exp(model.log_scales).mean(dim=-1), model.mask)


def needle(model: Model, config: TrainConfig) -> Tensor:
    """log 3 minus the entropy of the covariance's spectrum: 0 for a ball, log 3 for a line."""
    return _mean_over_splats(math.log(3.0) - spectral_entropy(model.log_scales), model.mask)


def spectral_entropy(log_scales: Tensor) -> Tensor:
    """Entropy [...] of the eigenvalues of a covariance as shares of their sum, nats, from `log_scales` [..., 3]."""
    shares = torch.softmax(2.0 * log_scales, dim=-1)
    return -(shares * torch.log(shares.clamp(min=1e-30))).sum(dim=-1)


def _mean_over_splats(values: Tensor, mask: Tensor) -> Tensor:
    # `where`, not a product: an empty slot may hold anything, and 0 * inf is no 0.
    return torch.where(mask, values, 0.0).sum(dim=-1) / mask.sum(dim=-1).clamp(min=1)


def regularisation(model: Model, config: TrainConfig) -> Tensor:
    """The weighted sum of the run's regularisers, [B]."""
    total = model.params.new_zeros(len(model.params))
    for name, weight in config.regularisers().items():
        total = total + SCALE * weight * REGULARISERS.get(name)(model, config)
    return total


@njit(**JIT)
def fast_isotropy(log_scales, mask, weight, min_scale_ratio, grad):
    """Add weight times the gradient of `isotropy` to `grad` [K, 3] and return weight times its value."""
    count = max(1, mask.sum())
    total = 0.0
    for k in range(len(mask)):
        if mask[k]:
            a, b, c = float(log_scales[k, 0]), float(log_scales[k, 1]), float(log_scales[k, 2])
            mean = (a + b + c) / 3.0
            total += ((a - mean) ** 2 + (b - mean) ** 2 + (c - mean) ** 2) / 3.0
            for i in range(3):
                grad[k, i] += weight / count * 2.0 / 3.0 * (log_scales[k, i] - mean)
    return weight * total / count


@njit(**JIT)
def fast_collapse(log_scales, mask, weight, min_scale_ratio, grad):
    """Add weight times the gradient of `collapse` to `grad` [K, 3] and return weight times its value."""
    count = max(1, mask.sum())
    total = 0.0
    for k in range(len(mask)):
        if mask[k]:
            low, high = np.argmin(log_scales[k]), np.argmax(log_scales[k])
            ratio = math.exp(log_scales[k, low] - log_scales[k, high])
            if ratio < min_scale_ratio:
                total += min_scale_ratio - ratio
                grad[k, low] -= weight / count * ratio
                grad[k, high] += weight / count * ratio
    return weight * total / count


FAST = {"isotropy": fast_isotropy, "collapse": fast_collapse}
