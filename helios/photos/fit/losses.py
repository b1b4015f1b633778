"""How far pictures are from photographs, as 3D Gaussian splatting has it: (1 - lambda) L1 + lambda (1 - SSIM)."""

from __future__ import annotations

import importlib.util

import numpy as np
import torch
from numba import njit
from torch import Tensor

from helios.rendering.rows import exp
from helios.simd import JIT, LANES, broadcast, hsum, load, store
from helios.threads import run_striped
from helios.training.loss.image_terms import image_loss

SHARE = 4096
"""Numbers whose sum is found by itself."""

THREADED = 128
"""Shares that are worth a thread's while."""

ZERO, HALF, ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)


def photo_loss(images: Tensor, truth: Tensor, ssim_lambda: float) -> Tensor:
    """Return the loss [] of `images` against `truth`, both float32 [C, H, W, 3]: the mean over C.

    The terms are those of `helios.training.loss.image_terms`, by its twin for the device.
    """
    weights = {"lambda_dssim": ssim_lambda, "lambda_flux": 0.0}
    pred, target = images[None], truth[None]
    if images.device.type == "cpu":
        return _on_cpu(pred, target, weights)
    if images.device.type == "cuda" and importlib.util.find_spec("triton"):
        from helios.training.loss.triton_loss import TritonTruth, triton_image_loss

        return triton_image_loss(pred, TritonTruth.of(target), None, **weights)[0]
    return image_loss(pred, target, None, **weights)[0]


def _on_cpu(pred: Tensor, target: Tensor, weights: dict[str, float]) -> Tensor:
    from helios.training.loss.fused_loss import LEVELS, STRIP, TruthCache, fused_image_loss
    from helios.training.loss.fused_segments import mark_lit

    target = target.contiguous()
    _, count, height, width, _ = target.shape
    lit = np.zeros((1, count, -(-3 * width // STRIP), height), np.int64)
    for masks, image in zip(lit[0], target[0]):
        mark_lit(masks, image.numpy().reshape(height, 3 * width))
    # The pyramid's weights are of no account without its term; looking for them would read the truth five times more.
    return fused_image_loss(pred, TruthCache(target, lit, np.zeros((1, count, 2, LEVELS))), None, **weights)[0]


def regularise(params: dict[str, Tensor], opacity_reg: float, scale_reg: float) -> float:
    """Return the value of `regularisers`, and add its gradient to those of the columns.

    Of float32 on the CPU in machine code, the same bytes on any number of threads.
    """
    if params["means"].device.type != "cpu":
        extra = regularisers(params, opacity_reg, scale_reg)
        if extra.requires_grad:
            extra.backward()
        return extra.item()
    total = 0.0
    for name, weight in (("opacities", opacity_reg), ("scales", scale_reg)):
        param = params[name]
        if weight and param.numel():
            if param.grad is None:
                param.grad = torch.zeros_like(param)
            flat = [t.detach().numpy().reshape(-1) for t in (param, param.grad)]
            sums = np.empty(-(-param.numel() // SHARE))
            worth, weighed = -(-len(sums) // THREADED), np.float32(weight / param.numel())
            run_striped(_add_slopes, worth, None, *flat, sums, weighed, name == "opacities")
            total += weight * float(sums.sum()) / param.numel()
    return total


def regularisers(params: dict[str, Tensor], opacity_reg: float, scale_reg: float) -> Tensor:
    """Return opacity_reg times the mean opacity plus scale_reg times the mean size (Kheradmand et al. 2024, eq. 11)."""
    total = torch.zeros((), device=params["means"].device)
    if opacity_reg:
        total = total + opacity_reg * params["opacities"].sigmoid().mean()
    if scale_reg:
        total = total + scale_reg * params["scales"].exp().mean()
    return total


@njit(**JIT)
def _value_and_slope(x, sigmoid):
    """Of e^x or of the sigmoid at x, a number or a vector; what is not finite must reach the loss."""
    if sigmoid:
        y = ONE / (ONE + exp(ZERO - x)) + ZERO * x
        return y, y * (ONE - y)
    root = exp(HALF * x)
    y = root * root + ZERO * x
    return y, y


@njit(**JIT)
def _add_slopes(stripe, stripes, values, grad, sums, weight, sigmoid):
    """Fill the `sums` of shares stripe, stripe + stripes, ... of `values`; add `weight` times the slope to `grad`."""
    for share in range(stripe, len(sums), stripes):
        i, end, some = share * SHARE, min(len(values), (share + 1) * SHARE), broadcast(ZERO)
        while i + LANES <= end:
            value, slope = _value_and_slope(load(values, i), sigmoid)
            store(grad, i, load(grad, i) + weight * slope)
            some = some + value
            i += LANES
        total = np.float64(hsum(some))
        while i < end:
            value, slope = _value_and_slope(values[i], sigmoid)
            grad[i] += weight * slope
            total += value
            i += 1
        sums[share] = total
