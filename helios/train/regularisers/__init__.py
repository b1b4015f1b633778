"""What is asked of the splats themselves, whatever the image: weighted terms of the loss.

A new regulariser is one file and one line in `helios.train.registries.REGULARISERS`: a frozen dataclass whose fields
are its options, as in `--reg collapse:min_scale_ratio=0.2=0.1`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SCALE = 50.0
"""The weights of the regularisers are stated against an L1 loss; the pyramid pulls about so many times harder."""


class Regulariser(ABC):
    """A frozen dataclass of options."""

    has_twin = False
    """Whether `add_gradient` is there; without it a CPU differentiates the torch form, as a GPU does."""

    @abstractmethod
    def __call__(self, log_scales: Tensor, mask: Tensor) -> Tensor:
        """Return the term [B] of each cell, a mean over its splats: those of `mask` [B, K], of `log_scales` [B, K, 3].

        `log_scales` are natural logarithms of cell radii.
        """

    def add_gradient(
        self, log_scales: NDArray[np.float32], mask: NDArray[np.bool_], weight: float, grad: NDArray[np.float32]
    ) -> float:
        """Add `weight` times the gradient in `log_scales` [K, 3] to `grad` [K, 3]; return `weight` times the term.

        A twin of one cell for the CPU, in machine code.
        """
        raise TypeError(f"{type(self).__name__} has no twin for the CPU")


def mean_over_splats(values: Tensor, mask: Tensor) -> Tensor:
    """Return the mean [B] of `values` [B, K] where `mask` [B, K] is set."""
    # `where`, not a product: an empty slot may hold anything, and 0 * inf is no 0.
    return torch.where(mask, values, 0.0).sum(dim=-1) / mask.sum(dim=-1).clamp(min=1)


def weighted_sum(weights: Mapping[Regulariser, float], log_scales: Tensor, mask: Tensor) -> Tensor:
    """Return SCALE times the sum [B] of the weighted terms: what a run's loss has of them."""
    total = log_scales.new_zeros(len(log_scales))
    for regulariser, weight in weights.items():
        total = total + SCALE * weight * regulariser(log_scales, mask)
    return total
