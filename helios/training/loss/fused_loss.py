"""`image_terms.image_loss` for the CPU: loss and gradient in one pass, only where there is light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numba import njit
from torch import Tensor

from helios.simd import JIT
from helios.threads import run_striped
from helios.training.loss.fused_kernels import add_gradient_rows, ssim_rows, sweep_buffers
from helios.training.loss.fused_pyramid import (
    LEVELS,
    ROW,
    TILE,
    darken_tile,
    fill_inverses,
    mark_tile,
    pyramid_tile,
    tile_buffers,
)
from helios.training.loss.fused_segments import (
    GROUP,
    LEAD,
    MARGIN,
    SEGMENT,
    STRIP,
    ZERO,
    fill_masks,
    group_count,
    inside_segments,
    mark_lit,
)
from helios.training.loss.image_terms import ABSOLUTE_FROM_PX, BLOCKS_PX, FAINTEST_PX, LEVEL_WEIGHTS

EVERYWHERE = -1
"""The mask of all segments."""


@dataclass(frozen=True)
class TruthCache:
    """Ground truth of a batch of cells, with what the loss needs of it again and again; under 1 % on top of it.

    `images` float32 [B, V, H, W, 3], linear light, contiguous, on the CPU, not to be changed afterwards;
    `lit` int64 [B, V, strips, H], masks of the segments of a row that hold light;
    `weights` float64 [B, V, 2, LEVELS], what the sums over a level's blocks of squared and of absolute differences
    count in the pyramid.
    """

    images: Tensor
    lit: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, images: Tensor) -> TruthCache:
        """The cache of `images` [B, V, H, W, 3], float32 on the CPU. Raises ValueError for anything else."""
        _check("truth", images)
        images = images.detach().contiguous()
        b, v, h, w, _ = images.shape
        lit = np.zeros((b * v, -(-3 * w // STRIP), h), np.int64)
        squares, sums = np.empty((b * v, LEVELS)), np.empty(b * v)
        _survey(images.numpy().reshape(b * v, h, 3 * w), lit, squares, sums)
        sides = np.array(BLOCKS_PX)
        values = 3 * -(-h // sides) * -(-w // sides)
        faintest = FAINTEST_PX / (h * w)
        mean = sums.reshape(b, v, 1) / (3 * h * w)
        weights = np.empty((b, v, 2, LEVELS))
        weights[:, :, 0] = 1.0 / (squares.reshape(b, v, -1) / values + FAINTEST_PX * faintest / sides**2)
        weights[:, :, 1] = 0.5 / (mean + faintest) * (sides >= ABSOLUTE_FROM_PX)
        return cls(images, lit.reshape(b, v, *lit.shape[1:]), weights * np.array(LEVEL_WEIGHTS) / values)


def fused_image_loss(
    pred: Tensor,  # [B, C, H, W, 3]
    truth: Tensor | TruthCache,  # [B, V, H, W, 3]
    views: Tensor | None = None,  # [B, C] which of the V truths
    *,
    lambda_dssim: float,
    lambda_flux: float | Tensor,
) -> Tensor:
    """Loss per cell, float32 [B]: value and gradient of `image_terms.image_loss`, computed where there is light.

    Arguments as there, float32 on the CPU; a `TruthCache` spares looking through the truth again. The result of a
    cell does not depend on its batch or on the number of threads. Cost of an image: reading it three times, and 14
    eleven-tap passes over what lies within 10 pixels of light; memory: its gradient, and 1.5 MB per thread.
    Raises ValueError where shapes, types or devices do not fit.
    """
    _check("pred", pred)
    if not isinstance(truth, TruthCache):
        truth = TruthCache.of(truth)
    b, c = pred.shape[:2]
    if truth.images.shape[0] != b or truth.images.shape[2:] != pred.shape[2:]:
        raise ValueError(f"truth is {tuple(truth.images.shape)}, pred {tuple(pred.shape)}; only V may differ from C")
    pool = truth.images.shape[1]
    if views is None:
        if pool != c:
            raise ValueError(f"{pool} truths for {c} predictions of a cell: say which with `views`")
        chosen = np.broadcast_to(np.arange(c), (b, c))
    else:
        chosen = views.numpy()
        if chosen.shape != (b, c) or (chosen.size and not 0 <= chosen.min() <= chosen.max() < pool):
            raise ValueError(f"views has shape {chosen.shape}, must be {(b, c)} with values from 0 to {pool - 1}")
    flat = (chosen + pool * np.arange(b)[:, None]).reshape(-1)
    by_view = torch.as_tensor(lambda_flux, dtype=torch.float64).expand(b, pool).reshape(-1).numpy()
    return _FusedImageLoss.apply(pred, truth, flat, float(lambda_dssim), by_view)


def _check(name: str, images: Tensor) -> None:
    if images.ndim != 5 or images.shape[-1] != 3 or images.dtype != torch.float32 or images.device.type != "cpu":
        raise ValueError(
            f"{name} is {images.dtype} {tuple(images.shape)} on {images.device}; "
            "must be float32 [B, C, H, W, 3] on the CPU"
        )


class _FusedImageLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, pred, truth, flat, lambda_dssim, lambda_flux):
        b, c, h, w, _ = pred.shape
        want_gradient = ctx.needs_input_grad[0]
        gradient = pred.new_zeros(pred.shape if want_gradient else (1, 1, h, w, 3))
        # Of each view, what every level's sum of squares and of absolute values weighs in the loss of its cell.
        weights = lambda_flux[flat, None, None] / c * truth.weights.reshape(-1, 2, LEVELS)[flat]
        weights[:, 1, 0] += (1.0 - lambda_dssim) / (c * h * w * 3)
        ssim_weight = lambda_dssim / (c * h * w * 3)
        moments, dssim = np.zeros((b * c, 2, LEVELS)), np.zeros(b * c)
        run_striped(
            _losses,
            b * c,
            None,
            pred.detach().contiguous().numpy().reshape(b * c, h, 3 * w),
            truth.images.numpy().reshape(-1, h, 3 * w),
            flat,
            truth.lit.reshape(-1, *truth.lit.shape[2:]),
            weights.astype(np.float32),
            np.float32(ssim_weight),
            LEVELS if lambda_flux.any() else 1,
            want_gradient,
            moments,
            dssim,
            gradient.numpy().reshape(-1, h, 3 * w),
        )
        ctx.gradient = gradient
        per_view = (weights * moments).sum(axis=(1, 2)) + ssim_weight * dssim
        return torch.from_numpy(per_view.reshape(b, c).sum(axis=1).astype(np.float32))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, upstream):
        gradient = ctx.gradient
        if not bool((upstream == 1.0).all()):
            gradient = gradient * upstream[:, None, None, None, None]
        return gradient, None, None, None, None


@njit(**JIT)
def _survey(images, lit, squares, sums):
    """Fill `lit` [N, strips, H], the sums of the squares of the blocks' means [N, LEVELS], and of all values [N]."""
    count, height, width3 = images.shape
    workspace = loss_workspace(height)
    dark = np.zeros((height, width3), np.float32)
    none, weights = np.zeros(lit.shape[1:], np.int64), np.zeros((2, LEVELS), np.float32)
    for n in range(count):
        mark_lit(lit[n], images[n], 0, height)
        _, moments = view_loss(images[n], dark, lit[n], none, weights, ZERO, LEVELS, False, workspace, dark)
        squares[n] = moments[0]
        sums[n] = moments[1, 0]


@njit(**JIT)
def loss_workspace(height):
    """What one thread needs for `view_loss` of images `height` rows high; about 0.5 MB."""
    return (
        sweep_buffers(),
        tile_buffers(),
        np.zeros((4, group_count(height)), np.int64),
        np.zeros((2, TILE), np.int64),
        np.zeros((2, LEVELS)),
    )


@njit(**JIT)
def view_loss(pred, truth, lit, wanted, weights, ssim_weight, levels, want_gradient, workspace, grad):
    """Judge one image: return the sum of its 1 - SSIM, and the pyramid's moments, float64 [2, LEVELS].

    `pred`, `truth` float32 [H, 3 W]; `lit`, `wanted` int64 [strips, H]: masks of the segments (`fused_segments`) where
    either may not be zero, and where the gradient of weights . moments + ssim_weight (1 - SSIM), `weights` float32 [2,
    LEVELS], is written to `grad` [H, 3 W]; elsewhere it is left as it is. Only the first `levels` of the pyramid.
    The moments belong to the workspace.
    """
    sweep, tiles, masks, marks, moments = workspace
    height, width3 = pred.shape
    tiles[3][:] = ZERO
    dssim, filled = 0.0, 0
    for strip in range(len(lit)):
        first = strip * STRIP
        inside = inside_segments(width3, first)
        asked = wanted[strip] if want_gradient else masks[0][:0]
        if ssim_weight != ZERO:
            fill_masks(lit[strip], asked, inside, masks)
        for j in range(masks.shape[1]):
            row = GROUP * (j - LEAD)
            if row >= 0 and row % TILE == 0 and row < height:
                for left in range(first, min(width3, first + STRIP), ROW):
                    shift = MARGIN + (left - first) // SEGMENT
                    marked = mark_tile(lit[strip], row, shift, marks[0])
                    called = mark_tile(asked, row, shift, marks[1])
                    if marked:
                        width = min(ROW, width3 - left)
                        if width != filled:
                            filled = width
                            fill_inverses(width // 3, tiles[2])
                        pyramid_tile(
                            pred, truth, row, left, marks[0], marks[1], levels, weights, want_gradient, tiles, grad
                        )
                    elif called:
                        darken_tile(row, left, marks[1], grad)
            if ssim_weight != ZERO:
                if masks[1, j] | masks[3, j]:
                    dssim += ssim_rows(
                        pred, truth, first, j - LEAD, masks[0, j], masks[1, j], masks[3, j], want_gradient, sweep
                    )
                if masks[2, j]:
                    add_gradient_rows(pred, truth, first, j - LEAD, masks[2, j], inside, ssim_weight, sweep, grad)
    for k in range(levels):
        moments[0, k] = tiles[3][0, k].sum()
        moments[1, k] = tiles[3][1, k].sum()
    return dssim, moments


@njit(**JIT)
def _losses(
    stripe, stripes, pred, images, flat, truth_lit, weights, ssim_weight, levels, want_gradient, moments, dssim, grad
):
    """Fill, for predictions stripe, stripe + stripes, ... of [N, H, 3 W], `moments`, `dssim` [N] and the gradient."""
    height = pred.shape[1]
    workspace = loss_workspace(height)
    lit = np.zeros(truth_lit.shape[1:], np.int64)
    everywhere = np.full(lit.shape, EVERYWHERE, np.int64)
    for n in range(stripe, len(pred), stripes):
        lit[:] = truth_lit[flat[n]]
        mark_lit(lit, pred[n], 0, height)
        out = grad[n] if want_gradient else grad[0]
        dssim[n], sums = view_loss(
            pred[n], images[flat[n]], lit, everywhere, weights[n], ssim_weight, levels, want_gradient, workspace, out
        )
        moments[n] = sums
