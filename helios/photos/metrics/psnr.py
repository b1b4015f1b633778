"""Peak signal-to-noise ratio."""

from __future__ import annotations

import math
from typing import Any

import torch

from helios.photos.metrics.pictures import pair
from helios.photos.metrics.score import EMPTY, Score


def psnr(image: Any, truth: Any, mask: Any = None) -> Score:
    """Return the peak signal-to-noise ratio in dB: -10 log10 of the mean squared difference, for a peak of 1.

    Arguments as `METRICS` says. Infinite where the pictures are equal.
    """
    first, second, counts = pair(image, truth, mask, torch.float64)
    squares = (first - second).square()
    if counts is not None:
        squares = squares[:, counts]
    if not squares.numel():
        return Score(None, EMPTY)
    error = squares.mean().item()
    return Score(-10 * math.log10(error) if error else math.inf)
