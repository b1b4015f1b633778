"""Adam on a model's rows: one rate per column, moments that density control can carry over or forget."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from torch import Tensor

from helios.render.jit import JIT
from helios.train.model import COLUMNS, WIDTH, Model

RATES = {"offsets": 30.0, "quats": 10.0, "log_scales": 20.0, "log_luminosities": 10.0, "raw_colors": 5.0}
"""The rate of each parameter as a multiple of the run's learning rate."""

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-15


class Adam:
    """Adam (Kingma & Ba 2015, https://arxiv.org/abs/1412.6980, algorithm 1) on the free slots of a model.

    `exp_avg`, `exp_avg_sq` float32 [B, K, 14] are the moments, zero for a slot that is new or made over.
    """

    def __init__(self, model: Model, learning_rate: float):
        self._model = model
        self.exp_avg = torch.zeros_like(model.params, requires_grad=False)
        self.exp_avg_sq = torch.zeros_like(model.params, requires_grad=False)
        self.steps = 0
        rates = np.ones(WIDTH, np.float32)
        for name, columns in COLUMNS.items():
            rates[columns] = learning_rate * RATES[name]
        self._rates = torch.tensor(rates, device=model.params.device)

    @torch.no_grad()
    def step(self, grad: Tensor, share: float) -> None:
        """Move the model against `grad` [B, K, 14] at `share` of its rates."""
        self.steps += 1
        rate = share / (1.0 - BETA1**self.steps)
        root = (1.0 - BETA2**self.steps) ** 0.5
        model = self._model
        if _on_cpu(grad):
            tensors = (model.params, grad, self.exp_avg, self.exp_avg_sq, model.mask, model.kept, self._rates)
            _step(*(t.numpy() for t in tensors), np.float32(rate), np.float32(root))
            return
        params, grad = model.params, torch.where(model.free[..., None], grad, 0.0)
        self.exp_avg.lerp_(grad, 1.0 - BETA1)
        self.exp_avg_sq.mul_(BETA2).addcmul_(grad, grad, value=1.0 - BETA2)
        params -= rate * self._rates * self.exp_avg / (self.exp_avg_sq.sqrt() / root + EPSILON)

    @torch.no_grad()
    def forget(self, b: int, slots: list[int]) -> None:
        """Start anew for these slots of cell `b`."""
        self.exp_avg[b, slots] = 0.0
        self.exp_avg_sq[b, slots] = 0.0


def _on_cpu(tensor: Tensor) -> bool:
    return tensor.device.type == "cpu"


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
