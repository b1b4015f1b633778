"""What the rounds of strategies share: chance that does not depend on the device or on threads."""

from __future__ import annotations

import torch
from torch import Generator, Tensor


def normal(shape: tuple[int, ...], like: Tensor, rng: Generator) -> Tensor:
    """Return standard normal numbers of `shape` from `rng`, of the type and on the device of `like`."""
    return torch.randn(shape, generator=rng, device=rng.device, dtype=like.dtype).to(like.device)


def draw_rows(weights: Tensor, count: int, rng: Generator) -> Tensor:
    """Return `count` int64 indices drawn with replacement, with probabilities proportional to `weights` [N] >= 0.

    One of them must be > 0. O(N + count log N).
    """
    sums = weights.double().cumsum(0)
    at = torch.rand(count, generator=rng, device=rng.device, dtype=torch.float64).to(sums.device) * sums[-1]
    return torch.searchsorted(sums, at, right=True).clamp(max=len(sums) - 1)
