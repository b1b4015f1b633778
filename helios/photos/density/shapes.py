"""Gaussians as shapes: their axes, the entropy of the spectrum of their covariance, and one as two halves."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_NEARER = 0.75
"""Halves this much nearer to the middle than those that together have the variance of the whole differ from it by half
as much, in the mean square over an image: found numerically, for opacities of 0.1 to 0.95 and factors of 1.4 to 2."""


def rotated(quats: Tensor, vectors: Tensor) -> Tensor:
    """Return `vectors` [..., N, 3] turned by the rotations of `quats` [N, 4], wxyz of any norm > 0.

    v + 2 w (u x v) + 2 u x (u x v) for a unit quaternion (w, u).
    """
    unit = quats / quats.square().sum(-1, keepdim=True).sqrt()
    w, u = unit[..., :1], unit[..., 1:].expand(vectors.shape)
    across = 2.0 * torch.linalg.cross(u, vectors)
    return vectors + w * across + torch.linalg.cross(u, across)


def spectral_entropy(log_scales: Tensor) -> Tensor:
    """Return the entropy [N], nats, of the eigenvalues of covariances as shares of their sum: log 3 for a ball, 0 for a
    line. `log_scales` [N, 3] are the logarithms of their square roots (equation 5 of https://arxiv.org/abs/2409.12771).
    """
    shares = torch.softmax(2.0 * log_scales, dim=-1)
    return -torch.special.xlogy(shares, shares).sum(dim=-1)


def halved(rows: dict[str, Tensor], factor: float) -> dict[str, Tensor]:
    """Return, for each of `rows` [M, ...] of a SplatTable, two [2 M, ...] side by side along its longest axis.

    Each is `factor`, above 1 and at most 2, times shorter along that axis, and alike in all else. They stand _NEARER
    sigma sqrt(1 - factor^-2) off the middle. Their opacity p keeps the light that the whole takes away, seen from
    aside: the integral of p G1 + p G2 - p^2 G1 G2 over the image is that of o G where 2 p - c p^2 = factor o, with
    c = exp(-d^2) / 2 at an offset of d of their own standard deviations, as G1 G2 is a Gaussian of half their variance.
    """
    scales, offset = rows["scales"], _NEARER * (1.0 - factor**-2) ** 0.5
    longest = torch.nn.functional.one_hot(scales.argmax(dim=-1), 3).to(scales.dtype)
    away = rotated(rows["quats"], longest * scales.amax(dim=-1, keepdim=True).exp() * offset)
    c = 0.5 * math.exp(-((offset * factor) ** 2))
    opacity = (1.0 - (1.0 - c * factor * torch.sigmoid(rows["opacities"])).sqrt()) / c
    both = {name: torch.cat([column, column]) for name, column in rows.items()}
    both["means"] = torch.cat([rows["means"] + away, rows["means"] - away])
    both["scales"] = (scales - longest * math.log(factor)).repeat(2, 1)
    both["opacities"] = torch.logit(opacity, eps=1e-6).repeat(2)
    return both
