"""Structural similarity, as torchmetrics' defaults define it and papers report it."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from helios.photos.metrics.pictures import pair
from helios.photos.metrics.score import EMPTY, Score

RADIUS, SIGMA = 5, 1.5
"""Of the window, in px: 11 x 11, as in Wang et al. 2004."""
C1, C2 = 0.01**2, 0.03**2
"""The constants of Wang et al. 2004, for values in [0, 1]."""


def ssim(image: Any, truth: Any, mask: Any = None) -> Score:
    """Return the structural similarity of Wang et al. 2004 (doi:10.1109/TIP.2003.819861, equation 13), at most 1.

    Arguments as `METRICS` says. Mean, over all pixels and channels, of windows that see the picture reflected at its
    border. With a mask: mean over its pixels; a window counts only the pixels of the mask under it, their weights
    scaled to a sum of 1, so windows at the mask's edge see the part of them that is inside. float64: variances are
    small differences of large numbers. Memory: about 120 bytes a pixel.
    """
    first, second, counts = pair(image, truth, mask, torch.float64)
    height, width = first.shape[1:]
    if min(height, width) <= RADIUS:
        return Score(None, f"{width} x {height} px: ssim reflects {RADIUS} px at the border and needs more than that")
    if counts is None:
        values = [_similarities(x, y).mean() for x, y in zip(first, second)]
    elif counts.any():
        weights = _blur(counts.to(torch.float64))[counts]
        values = [_similarities(x, y, counts, weights).mean() for x, y in zip(first, second)]
    else:
        return Score(None, EMPTY)
    return Score(torch.stack(values).mean().item())


def _similarities(x: Tensor, y: Tensor, counts: Tensor | None = None, weights: Tensor | None = None) -> Tensor:
    """Return the similarity of one channel, x and y [H, W], at each pixel; with counts [H, W], at those, [P].

    With counts, x and y are 0 elsewhere, and weights [P] are what of each window counts.
    """
    means = [_blur(each) for each in (x, y, x * x, y * y, x * y)]
    if counts is not None and weights is not None:
        means = [mean[counts] / weights for mean in means]
    mean_x, mean_y, square_x, square_y, product = means
    light = mean_x * mean_y
    power = mean_x.square() + mean_y.square()
    variances = (square_x - mean_x.square()).clamp(min=0) + (square_y - mean_y.square()).clamp(min=0)
    return (2 * light + C1) * (2 * (product - light) + C2) / ((power + C1) * (variances + C2))


def _blur(values: Tensor) -> Tensor:
    """Return the Gaussian mean around each pixel of a map that is reflected at its border, float64 [H, W].

    By sums of shifted maps: of 800 x 800 px that takes a quarter of the time of `conv2d` in float64.
    """
    weights = [math.exp(-0.5 * (offset / SIGMA) ** 2) for offset in range(RADIUS + 1)]
    weights = [weight / (2 * sum(weights) - 1) for weight in weights]
    padded = F.pad(values[None, None], (RADIUS,) * 4, mode="reflect")[0, 0]
    for axis in (1, 0):
        length = padded.shape[axis] - 2 * RADIUS
        summed = padded.narrow(axis, RADIUS, length) * weights[0]
        for offset in range(1, RADIUS + 1):
            before, after = (padded.narrow(axis, RADIUS + side * offset, length) for side in (-1, 1))
            summed.add_(before + after, alpha=weights[offset])
        padded = summed
    return padded
