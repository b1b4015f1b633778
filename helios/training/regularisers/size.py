"""`size`: penalises large splats."""

from dataclasses import dataclass

import torch

from helios.training.regularisers import Regulariser, mean_over_splats


@dataclass(frozen=True)
class Size(Regulariser):
    """The mean of all scales, cell radii: the term for scales of 3DGS-MCMC (Kheradmand et al. 2024)."""

    def __call__(self, log_scales, mask):
        return mean_over_splats(torch.exp(log_scales).mean(dim=-1), mask)
