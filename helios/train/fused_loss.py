"""The image loss of `losses.image_loss` for the CPU: loss and gradient in one pass, only where there is light."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import torch
from numba import njit, prange
from torch import Tensor

from helios.train.fused_kernels import sweep_buffers, sweep_ssim
from helios.train.fused_pyramid import LEVELS, ROW, TILE, fill_inverses, tile_buffers, tile_slopes, tile_sums
from helios.train.fused_segments import MARGIN, SEGMENT, STRIP, ZERO, lit_segments
from helios.train.losses import ABSOLUTE_FROM_PX, BLOCKS_PX, FAINTEST_PX


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
        lit = np.empty((b * v, -(-3 * w // STRIP), h), np.int64)
        squares = np.empty((b * v, LEVELS))
        _survey(images.numpy().reshape(b * v, h, 3 * w), numba.get_num_threads(), lit, squares)
        sides = np.array(BLOCKS_PX)
        values = 3 * -(-h // sides) * -(-w // sides)
        faintest = FAINTEST_PX / (h * w)
        mean = images.mean(dim=(2, 3, 4), dtype=torch.float64).numpy()[..., None]
        weights = np.empty((b, v, 2, LEVELS))
        weights[:, :, 0] = 1.0 / (squares.reshape(b, v, -1) / values + FAINTEST_PX * faintest / sides**2)
        weights[:, :, 1] = 0.5 / (mean + faintest) * (sides >= ABSOLUTE_FROM_PX)
        return cls(images, lit.reshape(b, v, *lit.shape[1:]), weights / (LEVELS * values))


def fused_image_loss(
    pred: Tensor,  # [B, C, H, W, 3]
    truth: Tensor | TruthCache,  # [B, V, H, W, 3]
    views: Tensor | None = None,  # [B, C] which of the V truths
    *,
    lambda_dssim: float,
    lambda_flux: float,
) -> Tensor:
    """Loss per cell, float32 [B]: the value and the gradient of `losses.image_loss`, computed where there is light.

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
    return _FusedImageLoss.apply(pred, truth, flat, float(lambda_dssim), float(lambda_flux))


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
        gradient = pred.new_empty(pred.shape if want_gradient else (1, 1, 1, 1, 3))
        # Of each view, what every level's sum of squares and of absolute values weighs in the loss of its cell.
        weights = lambda_flux / c * truth.weights.reshape(-1, 2, LEVELS)[flat]
        weights[:, 1, 0] += (1.0 - lambda_dssim) / (c * h * w * 3)
        ssim_weight = lambda_dssim / (c * h * w * 3)
        moments = np.zeros((b * c, 2, LEVELS))
        dssim = np.zeros(b * c)
        _losses(
            pred.detach().contiguous().numpy().reshape(b * c, h, 3 * w),
            truth.images.numpy().reshape(-1, h, 3 * w),
            flat,
            truth.lit.reshape(-1, *truth.lit.shape[2:]),
            weights.astype(np.float32),
            np.float32(ssim_weight),
            LEVELS if lambda_flux else 1,
            want_gradient,
            numba.get_num_threads(),
            moments,
            dssim,
            gradient.numpy().reshape(-1, gradient.shape[2], 3 * gradient.shape[3]),
        )
        ctx.gradient = gradient
        per_view = (weights * moments).sum(axis=(1, 2)) + ssim_weight * dssim
        return torch.from_numpy(per_view.reshape(b, c).sum(axis=1).astype(np.float32))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, upstream):
        gradient = ctx.gradient
        if not bool((upstream == 1).all()):
            gradient = gradient * upstream[:, None, None, None, None]
        return gradient, None, None, None, None


@njit(cache=True, parallel=True)
def _survey(images, threads, lit, squares):
    """Fill `lit` [N, strips, H] and `squares` [N, LEVELS], the sums of the squares of the blocks' means."""
    count, height, width3 = images.shape
    for thread in prange(threads):
        buffers = tile_buffers()
        dark = np.zeros((height, width3), np.float32)
        for n in range(thread, count, threads):
            for strip in range(lit.shape[1]):
                for y in range(height):
                    lit[n, strip, y] = lit_segments(images[n, y], strip * STRIP)
            buffers[3][:] = ZERO
            for top in range(0, height, TILE):
                for left in range(0, width3, ROW):
                    tile = (top, left, min(TILE, height - top), min(ROW, width3 - left))
                    fill_inverses(tile[3] // 3, buffers[2])
                    tile_sums(images[n], dark, tile, LEVELS, buffers)
            for k in range(LEVELS):
                squares[n, k] = buffers[3][0, k].sum()


@njit(cache=True)
def _add_tiles(pred, truth, lit, first, levels, weights, buffers, want_gradient, grad):
    """L1 and pyramid of a strip: adds to the moments in `buffers`, writes the strip's gradient."""
    height, width3 = pred.shape
    filled = 0
    for top in range(0, height, TILE):
        rows = min(TILE, height - top)
        band = 0
        for y in range(top, top + rows):
            band |= lit[y]
        for left in range(first, min(width3, first + STRIP), ROW):
            tile = (top, left, rows, min(ROW, width3 - left))
            if (band >> (MARGIN + (left - first) // SEGMENT)) & ((1 << (ROW // SEGMENT)) - 1):
                if tile[3] != filled:
                    filled = tile[3]
                    fill_inverses(filled // 3, buffers[2])
                tile_sums(pred, truth, tile, levels, buffers)
                if want_gradient:
                    tile_slopes(tile, levels, weights, buffers, grad)
            elif want_gradient:
                grad[top : top + rows, left : left + ROW] = ZERO


@njit(cache=True, parallel=True)
def _losses(pred, images, flat, truth_lit, weights, ssim_weight, levels, want_gradient, threads, moments, dssim, grad):
    """Fill, for each prediction [N, H, 3 W], `moments` [N, 2, LEVELS] and `dssim` [N], and write its gradient."""
    count, height = pred.shape[:2]
    for thread in prange(threads):
        sweep = sweep_buffers(height)
        tiles = tile_buffers()
        lit = np.zeros(height, np.int64)
        for n in range(thread, count, threads):
            truth = images[flat[n]]
            out = grad[n] if want_gradient else grad[0]
            tiles[3][:] = ZERO
            for strip in range(truth_lit.shape[1]):
                first = strip * STRIP
                for y in range(height):
                    lit[y] = lit_segments(pred[n, y], first) | truth_lit[flat[n], strip, y]
                _add_tiles(pred[n], truth, lit, first, levels, weights[n], tiles, want_gradient, out)
                if ssim_weight != ZERO:
                    weight = ssim_weight if want_gradient else ZERO
                    dssim[n] += sweep_ssim(pred[n], truth, lit, first, sweep, weight, out)
            for k in range(levels):
                moments[n, 0, k] = tiles[3][0, k].sum()
                moments[n, 1, k] = tiles[3][1, k].sum()
