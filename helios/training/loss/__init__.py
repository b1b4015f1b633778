"""What a view is judged by: image losses, their fast twins for CPU and GPU, and metrics.

A new image loss is one file and one line in `helios.training.registries.IMAGE_LOSSES`: a frozen dataclass whose fields
are its options, as in `--loss charbonnier:eps=0.01`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor


class ImageLoss(Protocol):
    """A frozen dataclass of options, called with images; in linear light, of any float type, on any device."""

    def __call__(
        self,
        pred: Tensor,  # [B, C, H, W, 3]
        truth: Tensor,  # [B, V, H, W, 3]
        views: Tensor | None = None,  # [B, C] which of the V truths; without it, V = C and they go by pairs
        view_weights: Tensor | None = None,  # [B, V] what a view counts where the loss is relative to its light
    ) -> Tensor:  # [B]
        """Return the loss of each cell, the mean over its C views, differentiable in `pred`.

        A cell's loss does not depend on the other cells, and is NaN where its `pred` holds NaN.
        """
        ...

    def against(self, truth: Tensor, view_weights: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """Return (pred, views) -> loss for one truth, float32, that many steps are judged by.

        A loss with a fast twin for the truth's device returns it here, with all that can be prepared once.
        """
        return lambda pred, views: self(pred, truth, views, view_weights)


def chosen(truth: Tensor, views: Tensor | None) -> Tensor:
    """Return the entries [B, C, ...] of `truth` [B, V, ...] that `views` [B, C] names; all of them without it."""
    if views is None:
        return truth
    return truth[torch.arange(len(truth), device=truth.device)[:, None], views]
