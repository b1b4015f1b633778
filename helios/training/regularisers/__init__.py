"""Regularisers: weighted terms of the loss that depend on the splats alone, not on the images.

A new regulariser is one file and one line in `helios.training.registries.REGULARISERS`: a frozen dataclass whose fields
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
"""Factor on the weights of regularisers: they are given relative to an L1 loss, and the gradients of the pyramid are
about this many times larger."""


class Regulariser(ABC):
    """A frozen dataclass of options."""

    has_twin = False
    """Whether `add_gradient` is implemented; if not, the CPU differentiates `__call__` with torch, as a GPU does."""

    @abstractmethod
    def __call__(self, log_scales: Tensor, mask: Tensor) -> Tensor:
        """Return the term [B] of each cell, a mean over its splats.

        `log_scales` [B, K, 3] are natural logarithms of scales in cell radii; `mask` [B, K] says which are splats.
        """

    def add_gradient(
        self, log_scales: NDArray[np.float32], mask: NDArray[np.bool_], weight: float, grad: NDArray[np.float32]
    ) -> float:
        """Add `weight` times the gradient in `log_scales` [K, 3] to `grad` [K, 3]; return `weight` times the term.

        This is the form for one cell on the CPU, in compiled code. Raises TypeError if there is none.
        """
        raise TypeError(f"{type(self).__name__} has no twin for the CPU")


def mean_over_splats(values: Tensor, mask: Tensor) -> Tensor:
    """Return the mean [B] of `values` [B, K] where `mask` [B, K] is set."""
    # `where`, not a product: an empty slot may hold anything, and 0 * inf is not 0.
    return torch.where(mask, values, 0.0).sum(dim=-1) / mask.sum(dim=-1).clamp(min=1)


def weighted_sum(weights: Mapping[Regulariser, float], log_scales: Tensor, mask: Tensor) -> Tensor:
    """Return SCALE times the weighted sum [B] of the terms: their part of the loss."""
    total = log_scales.new_zeros(len(log_scales))
    for regulariser, weight in weights.items():
        total = total + SCALE * weight * regulariser(log_scales, mask)
    return total
