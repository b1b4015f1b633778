"""How far pictures are from photographs, as 3D Gaussian splatting has it: (1 - lambda) L1 + lambda (1 - SSIM)."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from helios.training.loss.image_terms import image_loss

if TYPE_CHECKING:
    from helios.photos.shown import Shown


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


def regularise(params: dict[str, Tensor], opacity_reg: float, scale_reg: float, shown: Sequence[Shown] = ()) -> float:
    """Return the value of `regularisers`, and add its gradient to those of the columns, or to what is asked of `shown`.

    The same bytes on any number of threads.
    """
    if not shown:
        extra = regularisers(params, opacity_reg, scale_reg)
        if extra.requires_grad:
            extra.backward()
        return extra.item()
    total, one = 0.0, shown[0]
    for values, asked, weight in (
        (one.opacities, one.d_opacities, opacity_reg),
        (one.scales, one.d_scales, scale_reg),
    ):
        if weight and values.numel():
            asked += weight / values.numel()
            total += weight * float(values.numpy().mean())  # numpy adds up in pairs
    return total


def regularisers(params: dict[str, Tensor], opacity_reg: float, scale_reg: float) -> Tensor:
    """Return opacity_reg times the mean opacity plus scale_reg times the mean size (Kheradmand et al. 2024, eq. 11)."""
    total = torch.zeros((), device=params["means"].device)
    if opacity_reg:
        total = total + opacity_reg * params["opacities"].sigmoid().mean()
    if scale_reg:
        total = total + scale_reg * params["scales"].exp().mean()
    return total
