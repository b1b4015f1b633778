"""`collapse`: penalises splats that are flatter than a limit."""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numba import njit

from helios.options import option
from helios.simd import JIT
from helios.training.regularisers import Regulariser, mean_over_splats


@dataclass(frozen=True)
class Collapse(Regulariser):
    """The mean of relu(min_scale_ratio - shortest / longest axis)."""

    min_scale_ratio: float = option(
        0.1, "Ratio of the shortest axis to the longest below which a splat is penalised, 0 to 1.", (0.0, 1.0)
    )
    has_twin = True

    def __call__(self, log_scales, mask):
        ratio = torch.exp(log_scales.amin(dim=-1) - log_scales.amax(dim=-1))
        return mean_over_splats(F.relu(self.min_scale_ratio - ratio), mask)

    def add_gradient(self, log_scales, mask, weight, grad):
        return _add_gradient(log_scales, mask, weight, self.min_scale_ratio, grad)


@njit(**JIT)
def _add_gradient(log_scales, mask, weight, min_scale_ratio, grad):
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
