"""One step of Adam on the columns of a table of splats, of all its rows or only of those that were drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numba import njit
from torch import Tensor

from helios.photos.table import SplatTable
from helios.simd import JIT
from helios.threads import run_striped

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-15


@dataclass(frozen=True)
class AdamSteps:
    """Adam (Kingma & Ba 2015, https://arxiv.org/abs/1412.6980) as gsplat's trainer sets it up for B views a step.

    The rates times sqrt(B), 1 - beta times B, epsilon over sqrt(B). With `drawn_only`, rows that no view shows keep
    parameters and moments (torch's SparseAdam); with `corrected` False the moments are taken as they are, without the
    division by 1 - beta^t, as gsplat's SelectiveAdam does.
    """

    batch_size: int = 1
    drawn_only: bool = False
    corrected: bool = True

    def step(self, table: SplatTable, rates: dict[str, float], drawn: Tensor | None = None) -> None:
        """Step the columns of `table` against their gradients, and clear these; `table.steps` counts it.

        rates: learning rate of each column for one view a step. drawn: bool [N], needed for `drawn_only`.
        """
        table.steps += 1
        for name, param in table.params.items():
            if param.grad is not None:
                columns = (param.detach(), param.grad, table.exp_avg[name], table.exp_avg_sq[name])
                self.step_rows(*columns, rates[name], table.steps, drawn if self.drawn_only else None)
                param.grad = None

    def step_rows(
        self, param: Tensor, grad: Tensor, exp_avg: Tensor, exp_avg_sq: Tensor, rate: float, t: int, rows: Tensor | None
    ) -> None:
        """Make step number `t` of one column [N, ...], in place; of the rows that bool `rows` [N] marks, or of all."""
        beta1, beta2 = 1.0 - self.batch_size * (1.0 - BETA1), 1.0 - self.batch_size * (1.0 - BETA2)
        rate, epsilon = rate * math.sqrt(self.batch_size), EPSILON / math.sqrt(self.batch_size)
        bias1, bias2 = (1.0 - beta1**t, 1.0 - beta2**t) if self.corrected else (1.0, 1.0)
        # What is left of 1 is told too: float32's 1 - 0.999 is off by a hundred-thousandth.
        numbers = (rate / bias1, math.sqrt(bias2), beta1, 1.0 - beta1, beta2, 1.0 - beta2, epsilon)
        if param.device.type != "cpu":
            _torch_step(param, grad, exp_avg, exp_avg_sq, rows, *numbers)
        elif param.numel():
            arrays = [x.contiguous().numpy().reshape(-1) for x in (param, grad, exp_avg, exp_avg_sq)]
            marked = np.empty(0, bool) if rows is None else rows.numpy()
            run_striped(_rows, len(param), None, *arrays, param[0].numel(), marked, *map(np.float32, numbers))


def _torch_step(param, grad, exp_avg, exp_avg_sq, rows, rate, root, beta1, rest1, beta2, rest2, epsilon):
    first, second = beta1 * exp_avg + rest1 * grad, beta2 * exp_avg_sq + rest2 * grad * grad
    stepped = param - rate * first / (second.sqrt() / root + epsilon)
    if rows is not None:
        shape = (-1, *[1] * (param.ndim - 1))
        kept = ~rows.reshape(shape)
        first, second = torch.where(kept, exp_avg, first), torch.where(kept, exp_avg_sq, second)
        stepped = torch.where(kept, param, stepped)
    exp_avg.copy_(first)
    exp_avg_sq.copy_(second)
    param.copy_(stepped)


@njit(**JIT)
def _rows(stripe, stripes, param, grad, exp_avg, exp_avg_sq, width, marked, rate, root, *rest):
    """Step this stripe's rows of flat float32 arrays [N width]; all where `marked` is empty."""
    numbers = rate, np.float32(1.0) / root, *rest
    rows = len(param) // width
    first, end = stripe * rows // stripes, (stripe + 1) * rows // stripes
    if len(marked) == 0:
        _range(param, grad, exp_avg, exp_avg_sq, first * width, end * width, numbers)
        return
    for n in range(first, end):
        if marked[n]:
            _range(param, grad, exp_avg, exp_avg_sq, n * width, (n + 1) * width, numbers)


@njit(**JIT)
def _range(param, grad, exp_avg, exp_avg_sq, first, end, numbers):
    rate, over, beta1, rest1, beta2, rest2, epsilon = numbers
    for i in range(first, end):
        g = grad[i]
        m = beta1 * exp_avg[i] + rest1 * g
        v = beta2 * exp_avg_sq[i] + rest2 * g * g
        exp_avg[i] = m
        exp_avg_sq[i] = v
        param[i] -= rate * m / (np.sqrt(v) * over + epsilon)
