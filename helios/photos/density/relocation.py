"""What n splats in one place must be, to look from everywhere like the one that was there."""

from __future__ import annotations

import torch
from torch import Tensor

_NEGLIGIBLE = 1e-12
"""Share of the sum below which the terms of `relocation` end."""


def relocation(opacities: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Return (opacities [M], factors of the scales [M]), float64, of each of `counts` [M] >= 1 equal splats that stand
    in for one of `opacities` [M], from 0 below 1.

    Equation 9 of 3DGS as Markov Chain Monte Carlo (Kheradmand et al. 2024, https://arxiv.org/abs/2404.09591): with
    p = 1 - (1 - o)^(1/n), n splats in one place have the middle's opacity o; they are made smaller by the factor
    o / D, D = integral of 1 - (1 - p exp(-x^2 / 2))^n over x / sqrt(2 pi), so that along a line through the middle
    they take away as much light as the one. Multiplied out, and with the sums over both indices of the paper's
    equation made one, D = sum over k = 1 ... n of (n over k) (-1)^(k + 1) p^k / sqrt(k); in float64 its terms, at most
    (1 + p)^n < 1 / (1 - o), cancel to 9 digits or better for every opacity that float32 tells from 1.
    """
    o, n = opacities.double(), counts.double()
    p = -torch.expm1(torch.log1p(-o) / n)
    term, total = torch.ones_like(o), torch.zeros_like(o)
    for k in range(1, int(counts.max()) + 1 if len(counts) else 0):
        term = -term * p * (n - k + 1.0).clamp(min=0.0) / k
        total = total - term / k**0.5
        if bool((term.abs() <= _NEGLIGIBLE * total.abs()).all()):
            break
    return p, torch.where(o > 0.0, o / total, 1.0)
