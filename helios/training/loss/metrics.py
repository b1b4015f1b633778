"""How well a picture stands for the truth: PSNR, and the light of blocks, which PSNR alone does not see."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from helios.color import LUMINANCE

PSNR_CAP_DB = 100.0
"""PSNR of equal images, and the most that is reported: an error of 1e-5 of full scale, float32's own at a few."""


def psnr(pred: Tensor, target: Tensor) -> Tensor:
    """Peak signal-to-noise ratio per view, dB, float64 [...], for linear images [..., H, W, 3], white at 1.

    -10 log10 of the mean square difference over pixels and channels, at most `PSNR_CAP_DB`; what is brighter than white
    counts as white, as on a screen. Raises ValueError where the shapes differ.
    """
    _check(pred, target)
    off = (pred.clamp(max=1.0) - target.clamp(max=1.0)).flatten(-3)
    error = torch.linalg.vector_norm(off, dim=-1).double() ** 2 / off.shape[-1]
    return -10.0 * torch.log10(error.clamp(min=10.0 ** (-PSNR_CAP_DB / 10.0)))


def flux_error(pred: Tensor, target: Tensor, block: int = 32) -> Tensor:
    """Misplaced, missing or added light per view, percent of the truth's, float64 [...], for [..., H, W, 3].

    100 * sum over blocks of block x block pixels of |p_b - t_b| / sum of t, of luminance (ITU-R BT.709 weights);
    blocks at the right and lower edge are as large as the image leaves them. Where the truth is black: 0 if the
    prediction is black too, else infinite. Raises ValueError where the shapes differ or `block` < 1.
    """
    if block < 1:
        raise ValueError(f"block {block} px, must be at least 1")
    _check(pred, target)
    wrong = _light_of_blocks(pred - target, block).abs().sum(dim=(-2, -1))
    light = _light_of_blocks(target, block).sum(dim=(-2, -1))
    unlike = torch.where(wrong > 0, torch.inf, 0.0).to(wrong)
    return 100.0 * torch.where(light > 0, wrong / light, unlike)


def _light_of_blocks(images: Tensor, block: int) -> Tensor:
    """The luminance in each block, float64 [..., rows, columns], rows first: a row of pixels is one run of floats."""
    height, width = images.shape[-3:-1]
    if height % block or width % block:
        images = F.pad(images, (0, 0, 0, -width % block, 0, -height % block))
    by_rows = images.flatten(-2).unflatten(-2, (-1, block)).sum(dim=-2)
    weights = torch.tensor(LUMINANCE, dtype=torch.float64, device=images.device)
    return (by_rows.unflatten(-1, (-1, block, 3)).sum(dim=-2).double() * weights).sum(dim=-1)


def _check(pred: Tensor, target: Tensor) -> None:
    if pred.shape != target.shape or pred.ndim < 3 or pred.shape[-1] != 3:
        raise ValueError(
            f"images have shapes {tuple(pred.shape)} and {tuple(target.shape)}; must be the same [..., H, W, 3]"
        )
