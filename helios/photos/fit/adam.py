"""One step of Adam on the columns of a table of splats, of all its rows or only of those that were drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from helios.photos.fit.adam_fused import fused_step
from helios.photos.fit.adam_kernels import step_rows, step_shown
from helios.photos.shown import Shown, flat, joined
from helios.photos.table import NAMES, SplatTable
from helios.threads import run_striped

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-15

THREADED = 1 << 19
"""Numbers that are worth a thread's while."""


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

    def step(
        self, table: SplatTable, rates: dict[str, float], drawn: Tensor | None = None, shown: Sequence[Shown] = ()
    ) -> None:
        """Step the columns of `table` against their gradients, and clear these; `table.steps` counts it.

        rates: learning rate of each column for one view a step. drawn: bool [N], needed for `drawn_only`. shown: what
        the step's pictures ask; the gradients are then only of what the rasteriser looks at itself.
        """
        table.steps += 1
        rows = drawn if self.drawn_only else None
        if shown:
            self._step_shown(table, rates, rows, joined(shown))
        for name, param in table.params.items():
            if param.grad is not None and not shown:
                columns = (param.detach(), param.grad, table.exp_avg[name], table.exp_avg_sq[name])
                self.step_rows(*columns, rates[name], table.steps, rows)
            param.grad = None

    def step_rows(
        self, param: Tensor, grad: Tensor, exp_avg: Tensor, exp_avg_sq: Tensor, rate: float, t: int, rows: Tensor | None
    ) -> None:
        """Make step number `t` of one column [N, ...], in place; of the rows that bool `rows` [N] marks, or of all."""
        numbers = self._numbers(rate, t)
        if param.device.type != "cpu" and rows is None and self.corrected:
            fused_step(param, grad, exp_avg, exp_avg_sq, t, numbers)
        elif param.device.type != "cpu":
            _torch_step(param, grad, exp_avg, exp_avg_sq, rows, *numbers)
        elif param.numel():
            arrays = [x.contiguous().numpy().reshape(-1) for x in (param, grad, exp_avg, exp_avg_sq)]
            worth = -(-param.numel() // THREADED)
            run_striped(step_rows, worth, None, *arrays, param[0].numel(), _marks(rows), *_split(numbers))

    def _step_shown(self, table: SplatTable, rates: dict[str, float], rows: Tensor | None, shown: Shown) -> None:
        """The same step of all columns, in one pass over their rows."""
        columns = [flat(of[name]) for name in NAMES for of in (table.params, table.exp_avg, table.exp_avg_sq)]
        means, quats = (table.params[name] for name in ("means", "quats"))
        asked = [torch.zeros_like(param) if param.grad is None else param.grad for param in (means, quats)]
        grads = tuple(flat(t) for t in (*asked, shown.d_scales, shown.d_opacities))
        views = (shown.centres, shown.scales, shown.opacities, shown.colors, shown.d_colors, shown.slopes)
        count, width = len(table), 3 * table.params["shN"].shape[1]
        stepped, others = zip(*(_split(self._numbers(rates[name], table.steps)) for name in NAMES))
        run_striped(
            step_shown, -(-sum(map(len, columns[::3])) // THREADED), None, count, width, shown.degree, tuple(columns),
            grads, tuple(flat(t) for t in views), _marks(rows), stepped, others[0],
        )  # fmt: skip

    def _numbers(self, rate: float, t: int) -> tuple[float, ...]:
        """The rate and the root of the second moment's correction, the betas and what is left of 1, epsilon."""
        beta1, beta2 = 1.0 - self.batch_size * (1.0 - BETA1), 1.0 - self.batch_size * (1.0 - BETA2)
        rate, epsilon = rate * math.sqrt(self.batch_size), EPSILON / math.sqrt(self.batch_size)
        bias1, bias2 = (1.0 - beta1**t, 1.0 - beta2**t) if self.corrected else (1.0, 1.0)
        # What is left of 1 is told too: float32's 1 - 0.999 is off by a hundred-thousandth.
        return rate / bias1, math.sqrt(bias2), beta1, 1.0 - beta1, beta2, 1.0 - beta2, epsilon


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


def _split(numbers: tuple[float, ...]) -> tuple[np.float32, tuple[np.float32, ...]]:
    """Return the rate, and the numbers that do not depend on it."""
    rate, *others = map(np.float32, numbers)
    return rate, tuple(others)


def _marks(rows: Tensor | None) -> NDArray[np.bool_]:
    return np.empty(0, bool) if rows is None else rows.numpy()
