"""The terms of the photometric loss in torch: L1, D-SSIM and the light of blocks.

Written to be read: any device, any float type, differentiable twice. `fused_loss` is the fast twin for the CPU and
`triton_loss` for CUDA; the tests hold them to it.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from helios.training.loss import chosen

BLOCKS_PX = (1, 2, 4, 8, 16, 32)
LEVEL_WEIGHTS = (4 / 12, 1 / 12, 1 / 12, 1 / 12, 1 / 12, 4 / 12)
"""What each of BLOCKS_PX counts: single pixels hold the shape, the largest blocks the light."""

ABSOLUTE_FROM_PX = 8
FAINTEST_PX = 0.06
"""Light, summed over an image, of one star of peak 0.02: 0.02 * 2 pi * 0.5 px^2. The pyramid counts a view with less
light than this, a few steps of an 8-bit screen, as if it had as much: nothing can be relative to a black truth."""

WINDOW = 11
WINDOW_SIGMA = 1.5
C1 = 0.01**2
C2 = 0.03**2


def image_loss(
    pred: Tensor,  # [B, C, H, W, 3]
    truth: Tensor,  # [B, V, H, W, 3]
    views: Tensor | None = None,  # [B, C] which of the V truths
    *,
    lambda_dssim: float,
    lambda_flux: float | Tensor,
) -> Tensor:
    """Loss per cell [B]: (1 - lambda_dssim) L1 + lambda_dssim DSSIM + lambda_flux pyramid, the mean over its C views.

    Images are linear light. Without `views`, V = C and they go by pairs. A tensor `lambda_flux` [B, V] gives every
    truth a weight of its own.
    """
    truth = chosen(truth, views)
    lambda_flux = chosen(lambda_flux, views) if isinstance(lambda_flux, Tensor) else lambda_flux
    per_view = (1 - lambda_dssim) * l1(pred, truth)
    per_view = per_view + lambda_dssim * dssim(pred, truth) + lambda_flux * pyramid(pred, truth)
    return per_view.mean(dim=-1)


def l1(pred: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference over pixels and channels, [...] for images [..., H, W, 3]."""
    return (pred - target).abs().mean(dim=(-3, -2, -1))


def dssim(pred: Tensor, target: Tensor) -> Tensor:
    """1 - mean SSIM over pixels and channels, [...] for images [..., H, W, 3]: 0 for equal images, at most 2.

    SSIM: Wang et al. 2004, https://doi.org/10.1109/TIP.2003.819861, eq. 13, dynamic range 1, with the conventions of
    3D Gaussian Splatting (Kerbl et al. 2023, https://doi.org/10.1145/3592433): an 11 x 11 Gaussian window of sigma
    1.5, images continued with zeros, and 1 - SSIM, not half of it.
    """
    x, y = (torch.movedim(image, -1, -3).flatten(0, -4) for image in (pred, target))  # [N, 3, H, W]
    taps = torch.arange(WINDOW, dtype=pred.dtype, device=pred.device) - WINDOW // 2
    taps = torch.exp(-(taps**2) / (2 * WINDOW_SIGMA**2))
    window = torch.outer(taps, taps) / taps.sum() ** 2

    def blur(image: Tensor) -> Tensor:
        return F.conv2d(image, window.expand(3, 1, WINDOW, WINDOW), padding=WINDOW // 2, groups=3)

    mu_x, mu_y = blur(x), blur(y)
    var_x = blur(x * x) - mu_x**2
    var_y = blur(y * y) - mu_y**2
    cov = blur(x * y) - mu_x * mu_y
    ssim = (2 * mu_x * mu_y + C1) * (2 * cov + C2) / ((mu_x**2 + mu_y**2 + C1) * (var_x + var_y + C2))
    return 1 - ssim.mean(dim=(-3, -2, -1)).reshape(pred.shape[:-3])


def pyramid(pred: Tensor, target: Tensor) -> Tensor:
    """How far the light of blocks is off, relative to the truth's, [...] for images [..., H, W, 3].

    The mean over the six `BLOCKS_PX`, weighted by LEVEL_WEIGHTS, of: the mean square of the blocks' differences over
    the truth's mean square and, from `ABSOLUTE_FROM_PX` on, half their mean absolute difference over the truth's mean.
    Blocks and channels count equally; a block at the edge is averaged over the pixels it has.
    """
    height, width = target.shape[-3:-1]
    faintest = FAINTEST_PX / (height * width)
    mean = target.mean(dim=(-3, -2, -1)) + faintest
    total = torch.zeros_like(mean)
    for side, weight in zip(BLOCKS_PX, LEVEL_WEIGHTS):
        off = block_mean(pred, side) - block_mean(target, side)
        mean_square = block_mean(target, side).square().mean(dim=(-3, -2, -1)) + FAINTEST_PX * faintest / side**2
        total = total + weight * off.square().mean(dim=(-3, -2, -1)) / mean_square
        if side >= ABSOLUTE_FROM_PX:
            total = total + 0.5 * weight * off.abs().mean(dim=(-3, -2, -1)) / mean
    return total


def block_mean(images: Tensor, side: int) -> Tensor:
    """Means over blocks of side x side pixels, [..., ceil(H / side), ceil(W / side), 3]; edge blocks as they are."""
    height, width = images.shape[-3:-1]
    flat = torch.movedim(images, -1, -3).reshape(-1, 1, height, width)
    extra_y, extra_x = -height % side, -width % side
    sums = F.avg_pool2d(F.pad(flat, (0, extra_x, 0, extra_y)), side, divisor_override=1)
    ones = F.pad(flat.new_ones(1, 1, height, width), (0, extra_x, 0, extra_y))
    means = sums / F.avg_pool2d(ones, side, divisor_override=1)
    rows, columns = math.ceil(height / side), math.ceil(width / side)
    return torch.movedim(means.reshape(*images.shape[:-3], 3, rows, columns), -3, -1)
