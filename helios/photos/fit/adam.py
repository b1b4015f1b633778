"""One step of Adam on the columns of a table of splats, of all its rows or only of those that were drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numba import njit
from torch import Tensor

from helios.photos.fit.adam_fused import fused_step
from helios.photos.sh_kernels import Products, fill_products, product_buffers, share_of
from helios.photos.table import SplatTable
from helios.simd import JIT, LANES, load, sqrt, store
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
        self,
        table: SplatTable,
        rates: dict[str, float],
        drawn: Tensor | None = None,
        products: Sequence[Products] = (),
    ) -> None:
        """Step the columns of `table` against their gradients, and clear these; `table.steps` counts it.

        rates: learning rate of each column for one view a step. drawn: bool [N], needed for `drawn_only`. products:
        of shN, in place of its gradient, all of one degree.
        """
        table.steps += 1
        if products:
            trained = (table.params["shN"].detach(), table.exp_avg["shN"], table.exp_avg_sq["shN"])
            self._step_products(products, *trained, rates["shN"], table.steps, drawn if self.drawn_only else None)
        for name, param in table.params.items():
            if param.grad is not None:
                columns = (param.detach(), param.grad, table.exp_avg[name], table.exp_avg_sq[name])
                self.step_rows(*columns, rates[name], table.steps, drawn if self.drawn_only else None)
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
            marked = np.empty(0, bool) if rows is None else rows.numpy()
            worth = -(-param.numel() // THREADED)
            run_striped(_rows, worth, None, *arrays, param[0].numel(), marked, *map(np.float32, numbers))

    def _step_products(
        self,
        products: Sequence[Products],
        param: Tensor,
        exp_avg: Tensor,
        exp_avg_sq: Tensor,
        rate: float,
        t: int,
        rows: Tensor | None,
    ) -> None:
        """The same step of shN [N, K - 1, 3], whose gradient is what `products` give."""
        degree = products[0].degree
        if degree == 0 or not param.numel():
            return  # what has never had a gradient stays
        parts = zip(*(made.arrays() for made in products))
        views = [np.concatenate(some) if len(some) > 1 else some[0] for some in parts]
        arrays = [x.numpy().reshape(-1) for x in (param, exp_avg, exp_avg_sq)]
        marked = np.empty(0, bool) if rows is None else rows.numpy()
        count, width, numbers = len(param), 3 * param.shape[1], map(np.float32, self._numbers(rate, t))
        worth = -(-param.numel() // THREADED)
        run_striped(_product_rows, worth, None, *arrays, count, width, marked, degree, *views, *numbers)

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


@njit(**JIT)
def _rows(stripe, stripes, param, grad, exp_avg, exp_avg_sq, width, marked, *numbers):
    """Step this stripe's rows of flat float32 arrays [N width]; all where `marked` is empty."""
    if len(marked) == 0:
        # Stripes end where vectors end, so that it does not depend on their number what goes into one.
        vectors, count = len(param) // LANES, len(param)
        first, end = stripe * vectors // stripes, (stripe + 1) * vectors // stripes
        end = count if stripe == stripes - 1 else end * LANES
        _range(param, grad, 0, exp_avg, exp_avg_sq, first * LANES, end, numbers)
        return
    rows = len(param) // width
    for n in range(stripe * rows // stripes, (stripe + 1) * rows // stripes):
        if marked[n]:
            _range(param, grad, 0, exp_avg, exp_avg_sq, n * width, (n + 1) * width, numbers)


@njit(**JIT)
def _product_rows(
    stripe, stripes, param, exp_avg, exp_avg_sq, count, width, marked, degree, directions, colors, upstream, *numbers
):
    """The same with a gradient that is made, a vector's worth of rows at a time, where it is needed."""
    rows, columns, basis, spare = product_buffers()
    begin, end = share_of(stripe, stripes, count)
    for first in range(begin, end, LANES):
        fill_products(rows, columns, basis, spare, first, count, width, degree, directions, colors, upstream)
        shift, last = first * width, min(end, first + LANES)
        if len(marked) == 0:
            _range(param, rows, shift, exp_avg, exp_avg_sq, shift, last * width, numbers)
            continue
        for n in range(first, last):
            if marked[n]:
                _range(param, rows, shift, exp_avg, exp_avg_sq, n * width, (n + 1) * width, numbers)


@njit(**JIT)
def _range(param, grad, shift, exp_avg, exp_avg_sq, first, end, numbers):
    """Step the numbers `first` to `end`, whole vectors of them at a time; their gradients stand `shift` before them."""
    i = first
    while i + LANES <= end:
        g = load(grad, i - shift)
        stepped, m, v = _stepped(load(param, i), g, load(exp_avg, i), load(exp_avg_sq, i), numbers)
        store(exp_avg, i, m)
        store(exp_avg_sq, i, v)
        store(param, i, stepped)
        i += LANES
    while i < end:
        param[i], exp_avg[i], exp_avg_sq[i] = _stepped(param[i], grad[i - shift], exp_avg[i], exp_avg_sq[i], numbers)
        i += 1


@njit(**JIT)
def _stepped(param, grad, exp_avg, exp_avg_sq, numbers):
    """(parameter, first moment, second moment) after the step, of numbers or vectors.

    Epsilon, which only keeps 0 / 0 away, is added below the root: one over a root costs less than a root and a
    division.
    """
    rate, root, beta1, rest1, beta2, rest2, epsilon = numbers
    one = np.float32(1.0)
    m = beta1 * exp_avg + rest1 * grad
    v = beta2 * exp_avg_sq + rest2 * grad * grad
    return param - rate * m * (one / sqrt(v * (one / (root * root)) + epsilon * epsilon)), m, v
