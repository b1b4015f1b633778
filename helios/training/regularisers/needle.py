"""`needle`: penalises splats that are thin in two directions."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from helios.training.regularisers import Regulariser, mean_over_splats


@dataclass(frozen=True)
class Needle(Regulariser):
    """The mean of log 3 minus the entropy of the covariance's spectrum: 0 for a ball, log 3 for a line."""

    def __call__(self, log_scales, mask):
        return mean_over_splats(math.log(3.0) - spectral_entropy(log_scales), mask)


def spectral_entropy(log_scales: Tensor) -> Tensor:
    """Return the entropy [...], nats, of the eigenvalues of a covariance as shares of their sum.

    `log_scales` [..., 3] are the logarithms of their square roots.
    """
    shares = torch.softmax(2.0 * log_scales, dim=-1)
    return -(shares * torch.log(shares.clamp(min=1e-30))).sum(dim=-1)
