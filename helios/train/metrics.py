"""How well a picture stands for the truth: PSNR, and the light of blocks, which PSNR alone does not see."""

from __future__ import annotations

import numpy as np

from helios.color import LUMINANCE

PSNR_CAP_DB = 100.0
"""PSNR of equal images, and the most that is reported: an error of 1e-5 of full scale, float32's own at a few."""


def psnr(pred: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio per view, dB, float64 [...], for linear images [..., H, W, 3] of peak 1.

    -10 log10 of the mean square difference over pixels and channels, at most `PSNR_CAP_DB`. Raises ValueError where
    the shapes differ.
    """
    pred, target = _pair(pred, target)
    error = np.square(pred - target).mean(axis=(-3, -2, -1))
    return -10.0 * np.log10(np.maximum(error, 10.0 ** (-PSNR_CAP_DB / 10.0)))


def flux_error(pred: np.ndarray, target: np.ndarray, block: int = 32) -> np.ndarray:
    """Misplaced, missing or added light per view, percent of the truth's, float64 [...], for [..., H, W, 3].

    100 * sum over blocks of block x block pixels of |p_b - t_b| / sum of t, of luminance (ITU-R BT.709 weights);
    blocks at the right and lower edge are as large as the image leaves them. Where the truth is black: 0 if the
    prediction is black too, else infinite. Raises ValueError where the shapes differ or `block` < 1.
    """
    if block < 1:
        raise ValueError(f"block {block} px, must be at least 1")
    pred, target = _pair(pred, target)
    height, width = target.shape[-3:-1]
    rows, columns = np.arange(0, height, block), np.arange(0, width, block)
    off = np.add.reduceat(np.add.reduceat((pred - target) @ LUMINANCE, rows, axis=-2), columns, axis=-1)
    wrong = np.abs(off).sum(axis=(-2, -1))
    light = (target @ LUMINANCE).sum(axis=(-2, -1))
    unlike = np.where(wrong > 0, np.inf, 0.0)
    return 100.0 * np.divide(wrong, light, out=unlike, where=light > 0)


def _pair(pred: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pred, target = np.asarray(pred, np.float64), np.asarray(target, np.float64)
    if pred.shape != target.shape or pred.ndim < 3 or pred.shape[-1] != 3:
        raise ValueError(f"images have shapes {pred.shape} and {target.shape}; must be the same [..., H, W, 3]")
    return pred, target
