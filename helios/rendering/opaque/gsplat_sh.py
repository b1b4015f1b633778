"""Colours of spherical harmonics by gsplat's CUDA kernel. Importing this module does not import gsplat."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import torch
from torch import Tensor


def is_for(*tensors: Tensor) -> bool:
    """Whether gsplat's kernel can take these: all float32 on a CUDA device, and gsplat installed."""
    fit = all(tensor.dtype == torch.float32 and tensor.device.type == "cuda" for tensor in tensors)
    return fit and importlib.util.find_spec("gsplat") is not None


def gsplat_colors(
    directions: Tensor,
    sh0: Tensor,
    shN: Tensor,
    degree: int,
    spherical_harmonics: Callable[[int, Tensor, Tensor], Tensor] | None = None,
) -> Tensor:
    """Return max(0, 0.5 + harmonics), [C, N, 3]: see `helios.photos.sh.sh_colors`; differentiable in the tensors.

    directions [C, N, 3], sh0 [N, 1, 3], shN [N, K - 1, 3]. `spherical_harmonics` is gsplat's, or one of its signature.
    """
    views, count, _ = directions.shape
    if count == 0:  # as gsplat's other kernels, this one is not made for nothing
        return directions + 0.5
    every = torch.cat([sh0, shN[:, : (degree + 1) ** 2 - 1]], dim=1)
    harmonics = spherical_harmonics or _import_harmonics()
    colors = harmonics(degree, directions, every.expand(views, *every.shape))
    return (colors + 0.5).clamp(min=0.0)


def _import_harmonics() -> Callable[[int, Tensor, Tensor], Tensor]:
    from gsplat import spherical_harmonics

    return spherical_harmonics
