"""One step of Adam on rows of parameters, in machine code and in torch; `triton_adam` has it for CUDA.

All take the same arguments: float32 `params`, `grad`, `exp_avg`, `exp_avg_sq` [B, K, 14]; bool `mask`, `kept` [B, K];
`rates` [14]; `rate`, what the step takes of these over 1 - BETA1^t; `root`, the square root of 1 - BETA2^t. They change
the slots that are in use and not kept.
"""

import numpy as np
import torch
from numba import njit

from helios.simd import JIT
from helios.training.optim.model import WIDTH

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-15


def torch_step(params, grad, exp_avg, exp_avg_sq, mask, kept, rates, rate: float, root: float) -> None:
    """The step in torch, on any device."""
    grad = torch.where((mask & ~kept)[..., None], grad, 0.0)
    exp_avg.lerp_(grad, 1.0 - BETA1)
    exp_avg_sq.mul_(BETA2).addcmul_(grad, grad, value=1.0 - BETA2)
    params -= rate * rates * exp_avg / (exp_avg_sq.sqrt() / root + EPSILON)


def numba_step(*arguments) -> None:
    """The step on the CPU, by one thread."""
    *tensors, rate, root = arguments
    _step(*(t.numpy() for t in tensors), np.float32(rate), np.float32(root))


@njit(**JIT)
def _step(params, grad, exp_avg, exp_avg_sq, mask, kept, rates, rate, root):
    beta1, beta2, epsilon, one = np.float32(BETA1), np.float32(BETA2), np.float32(EPSILON), np.float32(1.0)
    for b in range(params.shape[0]):
        for k in range(params.shape[1]):
            if kept[b, k] or not mask[b, k]:
                continue
            for i in range(WIDTH):
                g = grad[b, k, i]
                m = beta1 * exp_avg[b, k, i] + (one - beta1) * g
                v = beta2 * exp_avg_sq[b, k, i] + (one - beta2) * g * g
                exp_avg[b, k, i] = m
                exp_avg_sq[b, k, i] = v
                params[b, k, i] -= rate * rates[i] * m / (np.sqrt(v) / root + epsilon)
