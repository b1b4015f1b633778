"""`size`: small splats."""

from dataclasses import dataclass

import torch

from helios.train.regularisers import Regulariser, mean_over_splats


@dataclass(frozen=True)
class Size(Regulariser):
    """The mean of a splat's three scales, cell radii: what 3DGS-MCMC (Kheradmand et al. 2024) asks of scales."""

    def __call__(self, log_scales, mask):
        return mean_over_splats(torch.exp(log_scales).mean(dim=-1), mask)
