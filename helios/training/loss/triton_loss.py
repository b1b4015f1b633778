"""The image loss of `image_terms.image_loss` for CUDA: loss and gradient in three Triton kernels, no word to the host.

`march_ssim` (`triton_ssim`) goes down strips of the images and leaves SSIM's derivatives, blurred along y; `add_tiles`
(`triton_tiles`) blurs them along x, adds L1 and pyramid of its tile and writes the gradient; `sum_parts` adds up each
cell's parts. Backward scales the gradient where it lies, and where the upstream gradient is 1 touches nothing.

Why this shape: the window is separable, and lanes cannot cheaply read each other, so a blur along x must come through
memory; one along y need not. In this order of blurs the images are read straight, only three planes, each a float for
a float of the image, are written and read again, and the gradient is written once, by who knows all of it. Bytes of a
bright image of 256 x 256, truth in float16: 0.79 + 0.39 MB read and 2.36 MB written by the march, 0.79 + 0.39 + 2.36 MB
read and 0.79 MB written by the tiles: 7.9 MB, 1.6 microseconds at 4.8 TB/s; without SSIM 2.0 MB (`moved_bytes`).
Arithmetic costs more: compiled for sm_90, about 320 instructions a float and row of the march, which does 84 rows for
64, and 250 a float of the tiles make 130 million lane instructions an image, 3.9 microseconds of an H200 that issues
one each cycle. Where a part of the image is dark, the march and what the tiles read of it fall away.

Every sum is taken in a fixed order: a cell has the same bytes in any run and in any batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
from torch import Tensor

from helios.training.loss.image_terms import ABSOLUTE_FROM_PX, BLOCKS_PX, FAINTEST_PX, LEVEL_WEIGHTS, block_mean
from helios.training.loss.triton_ssim import find_light, march_parts, march_ssim
from helios.training.loss.triton_tiles import LEVELS, TILE, add_tiles, scale_cells, sum_parts

UNITS = {torch.float16: 2.0**-10, torch.float32: 1.0}
"""The step of the stored truth by its type; see `TritonTruth`."""

_DEVICE = "cuda" if isinstance(march_ssim, triton.JITFunction) else "cpu"
_OPTIONS = {"num_warps": 4, "enable_fp_fusion": True}
_SUM_BLOCK = 1024
_SCALE_BLOCK = 4096


@dataclass(frozen=True)
class TritonTruth:
    """Ground truth of a batch of cells on the device, with what the loss needs of it again and again.

    `images` float16 or float32 [B, V, H, W, 3], linear light over `unit`, contiguous, not to be changed afterwards;
    `weights` float32 [B, V, 2, LEVELS], what the sums over a level's blocks of squared and of absolute differences
    count in the pyramid;
    `light` int32 [B, V, parts], where `march_ssim` has something to do on the truth's account.

    float16 in steps of 2^-10 holds light from 64 down to 6e-8 to 2^-11 of itself, below to 3e-11. On truths of 200 and
    2000 stars over 7 magnitudes, from 1.5 to 10 radii: light of blocks of 8 pixels off by 1e-4 (rms) and 5e-4 at most,
    of 32 pixels by 9e-5 and 4e-4, of all views together by 1e-5. The gradient for a prediction 2 % off changes by 0.4 %
    (rms) where it is smooth, in D-SSIM; of the pixels' signs in L1 1 % flip, of blocks of 32 pixels none. bfloat16 is
    off eight times as far, plain float16 by up to 3 % in faint pixels. float32 has none of this at 10 % more traffic.
    """

    images: Tensor
    weights: Tensor
    light: Tensor
    unit: float

    @classmethod
    def of(cls, images: Tensor, dtype: torch.dtype = torch.float16) -> TritonTruth:
        """The truth of `images` [B, V, H, W, 3], float32 on the device. Waits for the device.

        Raises ValueError for anything else, and for light that float16 cannot hold: below 0 is fine, 64 is not.
        """
        _check("truth", images)
        if dtype not in UNITS:
            raise ValueError(f"truth cannot be stored as {dtype}; choose from {', '.join(map(str, UNITS))}")
        images = images.detach()
        unit = UNITS[dtype]
        stored = (images / unit).to(dtype).contiguous() if unit != 1.0 else images.contiguous()
        if dtype == torch.float16 and not bool(torch.isfinite(stored).all()):
            limit = unit * torch.finfo(dtype).max
            raise ValueError(f"truth has light of {images.abs().max().item()}; float16 holds less than {limit:.0f}")
        b, v, h, w, _ = stored.shape
        light = torch.empty(b, v, march_parts(h, w), dtype=torch.int32, device=stored.device)
        with torch.cuda.device_of(stored):
            find_light[(light.numel(),)](stored, light, HEIGHT=h, WIDTH=w, **_OPTIONS)
        weights = torch.stack([_pyramid_weights(cell.float() * unit) for cell in stored])
        return cls(stored, weights, light, unit)

    def restored(self) -> Tensor:
        """The light that is stored, float32 [B, V, H, W, 3]."""
        return self.images.float() * self.unit


def triton_image_loss(
    pred: Tensor,  # [B, C, H, W, 3]
    truth: Tensor | TritonTruth,  # [B, V, H, W, 3]
    views: Tensor | None = None,  # [B, C] which of the V truths
    *,
    lambda_dssim: float,
    lambda_flux: float | Tensor,
) -> Tensor:
    """Loss per cell, float32 [B]: the value and the gradient of `image_terms.image_loss`; the gradient once only.

    Arguments as there, `pred` float32, `views` int64 and a `lambda_flux` float32 [B, V] on a CUDA device; a plain
    `truth`, float32, is taken as it is, but prepared anew in every call. With a `TritonTruth` nothing waits for the
    device and all can be captured in a CUDA graph; so a view out of range is not refused but makes its cell's loss
    NaN. Memory: the gradient, and 36 bytes a pixel of `pred` while it runs. Each image size, number of views and
    choice of terms is compiled once, in half a minute, and kept on disk by Triton.
    Raises ValueError where shapes, types or devices do not fit.
    """
    _check("pred", pred)
    if not isinstance(truth, TritonTruth):
        truth = TritonTruth.of(truth, torch.float32)
    b, c = pred.shape[:2]
    if truth.images.shape[0] != b or truth.images.shape[2:] != pred.shape[2:]:
        raise ValueError(f"truth is {tuple(truth.images.shape)}, pred {tuple(pred.shape)}; only V may differ from C")
    if truth.images.device != pred.device:
        raise ValueError(f"truth is on {truth.images.device}, pred on {pred.device}; they must be on one device")
    pool = truth.images.shape[1]
    if views is None:
        if pool != c:
            raise ValueError(f"{pool} truths for {c} predictions of a cell: say which with `views`")
        views = torch.arange(c, device=pred.device).expand(b, c)
    elif views.shape != (b, c) or views.dtype != torch.int64 or views.device != pred.device:
        raise ValueError(
            f"views is {views.dtype} {tuple(views.shape)} on {views.device}; must be int64 {(b, c)} on {pred.device}"
        )
    weights = truth.weights
    if isinstance(lambda_flux, Tensor):
        if lambda_flux.shape != (b, pool) or lambda_flux.device != pred.device:
            raise ValueError(
                f"lambda_flux is {tuple(lambda_flux.shape)} on {lambda_flux.device}; "
                f"must be a number or {(b, pool)} on {pred.device}"
            )
        weights, lambda_flux = weights * lambda_flux.detach().float()[..., None, None], 1.0
    with_gradient = pred.requires_grad and torch.is_grad_enabled()
    return _TritonImageLoss.apply(
        pred, truth, weights, views.contiguous(), float(lambda_dssim), float(lambda_flux), with_gradient
    )


def moved_bytes(height: int, width: int, truth: torch.dtype, lambda_dssim: float) -> int:
    """Bytes of device memory that loss and gradient of one image read and write, if each cache line comes once."""
    floats = 3 * height * width
    images = 4 * floats + torch.finfo(truth).bits // 8 * floats
    return images + 4 * floats + (images + 2 * 12 * floats if lambda_dssim else 0)


def _check(name: str, images: Tensor) -> None:
    if images.ndim != 5 or images.shape[-1] != 3 or images.dtype != torch.float32 or images.device.type != _DEVICE:
        raise ValueError(
            f"{name} is {images.dtype} {tuple(images.shape)} on {images.device}; "
            f"must be float32 [B, C, H, W, 3] on a device of type {_DEVICE}"
        )


def _pyramid_weights(images: Tensor) -> Tensor:
    """The weights [V, 2, LEVELS] of images [V, H, W, 3], as `image_terms.pyramid` has them."""
    height, width = images.shape[1:3]
    faintest = FAINTEST_PX / (height * width)
    mean = images.mean(dim=(1, 2, 3), dtype=torch.float64) + faintest
    weights = mean.new_zeros(len(images), 2, LEVELS)
    for k, side in enumerate(BLOCKS_PX):
        squares = block_mean(images, side).double().square()
        count = squares[0].numel() / LEVEL_WEIGHTS[k]
        weights[:, 0, k] = 1.0 / (squares.mean(dim=(1, 2, 3)) + FAINTEST_PX * faintest / side**2) / count
        if side >= ABSOLUTE_FROM_PX:
            weights[:, 1, k] = 0.5 / mean / count
    return weights.float()


class _TritonImageLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, pred, truth, weights, views, lambda_dssim, lambda_flux, with_gradient):
        b, c, h, w, _ = pred.shape
        pool = truth.images.shape[1]
        parts = march_parts(h, w) if lambda_dssim else 0
        tiles = -(-h // TILE) * -(-w // TILE)
        by_pixel = 1.0 / (c * h * w * 3)
        pred = pred.detach().contiguous()
        gradient = torch.empty_like(pred) if with_gradient else pred
        slopes = pred.new_empty(b * c * h * w * 9 if with_gradient and lambda_dssim else 1)
        light = torch.empty(b * c * parts, dtype=torch.int32, device=pred.device)
        partials = pred.new_empty(b * c, parts + tiles)
        loss = pred.new_empty(b)
        shape = {"HEIGHT": h, "WIDTH": w, "UNIT": truth.unit, "GRADIENT": with_gradient} | _OPTIONS
        with torch.cuda.device_of(pred):
            if lambda_dssim:
                march_ssim[(b * c * parts,)](
                    *(pred, truth.images, views, truth.light, light, slopes, partials),
                    *(lambda_dssim * by_pixel, c, pool, parts + tiles),
                    **shape,
                )
            add_tiles[(b * c * tiles,)](
                *(pred, truth.images, views, weights, light, slopes, gradient, partials),
                *(lambda_dssim * by_pixel, lambda_flux / c, (1.0 - lambda_dssim) * by_pixel),
                *(c, pool, parts + tiles, parts),
                LEVELS=LEVELS if lambda_flux else 1,
                SSIM=bool(lambda_dssim),
                **shape,
            )
            sum_parts[(b,)](partials, loss, COUNT=c * (parts + tiles), BLOCK=_SUM_BLOCK, **_OPTIONS)
        ctx.gradient = gradient if with_gradient else None
        return loss

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, upstream):
        gradient, ctx.gradient = ctx.gradient, None
        if gradient is None:
            raise RuntimeError("the gradient of an image loss is scaled where it lies and can be taken only once")
        count = gradient[0].numel()
        grid = (len(gradient) * -(-count // _SCALE_BLOCK),)
        with torch.cuda.device_of(gradient):
            scale_cells[grid](gradient, upstream, upstream.stride(0), COUNT=count, BLOCK=_SCALE_BLOCK, **_OPTIONS)
        return gradient, None, None, None, None, None, None
