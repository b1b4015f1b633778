"""Adam on the rows of a model: one rate per column, and moments that density control can rescale or reset."""

from __future__ import annotations

import importlib.util

import numpy as np
import torch
from torch import Tensor

from helios.training.optim.adam_steps import BETA1, BETA2, numba_step, torch_step
from helios.training.optim.model import COLUMNS, WIDTH, Model

RATES = {"offsets": 30.0, "quats": 10.0, "log_scales": 20.0, "log_luminosities": 10.0, "raw_colors": 5.0}
"""The rate of each parameter as a multiple of the learning rate of the run."""


class Adam:
    """Adam (Kingma & Ba 2015, https://arxiv.org/abs/1412.6980, algorithm 1) on the free slots of a model.

    `exp_avg` and `exp_avg_sq`, float32 [B, K, 14], are the moments, zero for a splat that is new or was changed by
    density control. `steps` counts the steps made.
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
        """Make one step of the model against the gradient `grad` [B, K, 14], at `share` of the rates."""
        self.steps += 1
        rate = share / (1.0 - BETA1**self.steps)
        root = (1.0 - BETA2**self.steps) ** 0.5
        model = self._model
        tensors = (model.params, grad, self.exp_avg, self.exp_avg_sq, model.mask, model.kept, self._rates)
        _stepper(grad.device.type)(*tensors, rate, root)


def _stepper(device_type: str):
    """Return the implementation of a step for a type of device: in Numba, as one Triton kernel, or in torch."""
    if device_type == "cpu":
        return numba_step
    if device_type == "cuda" and importlib.util.find_spec("triton"):
        from helios.training.optim.triton_adam import triton_step

        return triton_step
    return torch_step
