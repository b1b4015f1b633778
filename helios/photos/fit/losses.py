"""How far pictures are from photographs, as 3D Gaussian splatting has it: (1 - lambda) L1 + lambda (1 - SSIM)."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from helios.photos.fit.loss_kernels import judge_bands, mark_rows
from helios.threads import run_striped
from helios.training.loss.fused_segments import STRIP, group_count
from helios.training.loss.image_terms import image_loss

if TYPE_CHECKING:
    from helios.photos.fit.views import Demand
    from helios.photos.shown import Shown

WORTH = 1 << 20
"""Numbers that are worth a thread's while."""


def differentiate(images: Tensor, demands: Sequence[Demand], count: int, ssim_lambda: float) -> float:
    """Return the loss of `images` [C, H, W, 3] against the `demands`, one of each, and go `backward()` from it.

    It is the sum over `count` pictures, of which these are some, divided by `count`. The terms are those of
    `helios.training.loss.image_terms`, by their twin for the device. On the CPU, where value and slopes are found at
    once, autograd has no part in them; the same bytes on any number of threads.
    """
    if images.device.type == "cpu":
        slopes = np.empty(tuple(images.shape), np.float32)
        loss = sum(_judge(*of, count, ssim_lambda) for of in zip(images.detach().numpy(), slopes, demands))
        images.backward(torch.from_numpy(slopes))
        return loss
    total = torch.zeros((), device=images.device)
    # One picture is taken as it is: what takes it apart would be differentiated too.
    for demand, image in zip(demands, images.split(1) if len(demands) > 1 else [images]):
        truth = demand.truth[None]
        if demand.counts is not None:
            image, truth = image * demand.counts[..., None], truth * demand.counts[..., None]
        total = total + demand.weight / count * photo_loss(image, truth, ssim_lambda)
    total.backward()
    return total.item()


def photo_loss(images: Tensor, truth: Tensor, ssim_lambda: float) -> Tensor:
    """Return the loss [] of `images` against `truth`, both [C, H, W, 3]: the mean over C, by kernels on CUDA."""
    weights = {"lambda_dssim": ssim_lambda, "lambda_flux": 0.0}
    pred, target = images[None], truth[None]
    if images.device.type == "cuda" and importlib.util.find_spec("triton"):
        from helios.training.loss.triton_loss import TritonTruth, triton_image_loss

        return triton_image_loss(pred, TritonTruth.of(target), None, **weights)[0]
    return image_loss(pred, target, None, **weights)[0]


def _judge(
    image: NDArray[np.float32], slope: NDArray[np.float32], demand: Demand, count: int, ssim_lambda: float
) -> float:
    """Return the share of one image [H, W, 3] in the loss, float, and fill `slope`, its derivatives."""
    truth, counts = demand.truth.contiguous().numpy(), None
    if demand.counts is not None:
        counts = demand.counts.numpy()[..., None]
        image, truth = image * counts, truth * counts
    height, width3 = len(image), image[0].size
    share = demand.weight / count / image.size
    absolute, structural = share * (1.0 - ssim_lambda), share * ssim_lambda
    strips, worth = -(-width3 // STRIP), -(-image.size // WORTH)
    lit, sums = np.zeros((strips, height), np.int64), np.empty((2, strips, group_count(height)))
    pair = image.reshape(height, width3), truth.reshape(height, width3)
    if structural:
        run_striped(mark_rows, worth, None, *pair, lit)
    weights = np.float32(absolute), np.float32(structural)
    run_striped(judge_bands, worth, None, *pair, *weights, slope.reshape(height, width3), lit, sums)
    if counts is not None:
        slope *= counts
    return absolute * float(sums[0].sum()) + structural * float(sums[1].sum())


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
