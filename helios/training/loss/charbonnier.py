"""`charbonnier`: the absolute difference, smooth at 0."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from helios.options import option
from helios.training.loss import ImageLoss, chosen


@dataclass(frozen=True)
class Charbonnier(ImageLoss):
    """The mean of sqrt((pred - truth)^2 + eps^2) over pixels and channels; eps for equal images.

    Charbonnier et al. 1994, https://doi.org/10.1109/ICIP.1994.413553, equation 7 up to its scale. Of a mostly dark
    image it eats faint light, as L1 does: for comparisons.
    """

    eps: float = option(1e-3, "Difference below which it is a square rather than an absolute value.", (1e-6, 1.0))

    def __call__(
        self, pred: Tensor, truth: Tensor, views: Tensor | None = None, view_weights: Tensor | None = None
    ) -> Tensor:
        off = pred - chosen(truth, views)
        # Summed in float64: torch adds in another order in a batch of another size.
        values = torch.sqrt(off.square() + self.eps**2)
        return values.mean(dim=(1, 2, 3, 4), dtype=torch.float64).to(values.dtype)
