"""LPIPS, the distance of two pictures in the features of a network that was trained to name things."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from helios.photos.metrics.lpips_weights import Weights, read_weights
from helios.photos.metrics.pictures import pair
from helios.photos.metrics.score import EMPTY, Score

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""Mean and deviation of ImageNet's colours for values in [-1, 1], as the authors of LPIPS state them."""
LEAST = 32
"""px, below which AlexNet has no pixel left."""
NO_WEIGHTS = "no weights were named (--lpips-weights)"


@dataclass(frozen=True)
class Lpips:
    """The learned perceptual distance of Zhang et al. 2018 (arXiv:1801.03924, equation 1), 0 for equal pictures.

    Arguments of the call as `METRICS` says. With a mask: the others are black in both pictures, and each stage's mean
    is over the share of the mask in each of its pixels. No value unless `weights` names a file or folder that
    `read_weights` reads; raises InputError as that does.
    """

    weights: Path | None

    @property
    def net(self) -> str | None:
        """The network of the weights, alex, vgg or squeeze; None without weights."""
        return read_weights(self.weights).trunk.name if self.weights else None

    def __call__(self, image: Any, truth: Any, mask: Any = None) -> Score:
        if self.weights is None:
            return Score(None, NO_WEIGHTS)
        first, second, counts = pair(image, truth, mask, torch.float32)
        if min(first.shape[1:]) < LEAST:
            return Score(None, f"{first.shape[2]} x {first.shape[1]} px: lpips needs at least {LEAST} px")
        if counts is not None and not counts.any():
            return Score(None, EMPTY)
        return Score(distance(first, second, read_weights(self.weights), counts))


def distance(first: Tensor, second: Tensor, weights: Weights, counts: Tensor | None = None) -> float:
    """Return the distance of two pictures, float32 [3, H, W] in [0, 1], where counts [H, W] is True."""
    shift, scale = (torch.tensor(values).view(1, 3, 1, 1) for values in (SHIFT, SCALE))
    both = (2 * torch.stack([first, second]) - 1 - shift) / scale
    total = 0.0
    with torch.no_grad():
        for features, linear in zip(weights.trunk.features(both, weights.layers), weights.linear):
            units = features / torch.sqrt(features.square().sum(1, keepdim=True) + 1e-8)
            differences = torch.einsum("c,chw->hw", linear, (units[0] - units[1]).square()).double()
            if counts is None:
                total += differences.mean().item()
                continue
            shares = F.adaptive_avg_pool2d(counts.double()[None, None], (differences.shape[0], differences.shape[1]))[
                0, 0
            ]
            total += ((differences * shares).sum() / shares.sum()).item()
    return total
