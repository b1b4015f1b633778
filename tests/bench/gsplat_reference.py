"""gsplat's own torch reference (projection and accumulation) as a rasteriser that runs without CUDA.

gsplat lists the pairs of splat and pixel with a CUDA kernel, and takes two scans along a pixel's splats from nerfacc,
which has them for CUDA only. Here the pairs come from numpy and the scans from torch; the rest is gsplat's.
"""

from __future__ import annotations

import sys
import types

import numpy as np
import torch
from torch import Tensor


def _weights(alphas: Tensor, ray_indices: Tensor, n_rays: int) -> tuple[Tensor, Tensor]:
    """nerfacc's `render_weight_from_alpha`: weights and transmittances of samples sorted by ray, front to back."""
    logs = torch.log1p(-alphas)
    before = torch.cumsum(logs, 0) - logs
    first = torch.ones_like(ray_indices, dtype=torch.bool)
    first[1:] = ray_indices[1:] != ray_indices[:-1]
    start = torch.nonzero(first)[:, 0][torch.cumsum(first, 0) - 1]
    passing = torch.exp(before - before[start])
    return alphas * passing, passing


def _accumulate(weights: Tensor, values: Tensor | None, ray_indices: Tensor, n_rays: int) -> Tensor:
    """nerfacc's `accumulate_along_rays`."""
    source = weights[:, None] if values is None else weights[:, None] * values
    return source.new_zeros(n_rays, source.shape[1]).index_add(0, ray_indices, source)


def _scans() -> types.ModuleType:
    module = types.ModuleType("nerfacc")
    module.render_weight_from_alpha, module.accumulate_along_rays = _weights, _accumulate
    return module


def _pairs(means2d: Tensor, radii: Tensor, depths: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Splat and pixel ids of all pixels within a splat's radii, by pixel and then front to back."""
    splats, pixels, order = [], [], np.argsort(depths.numpy(), kind="stable")
    for rank, i in enumerate(order):
        (x, y), (rx, ry) = means2d[i].tolist(), radii[i].tolist()
        if rx <= 0 or ry <= 0:
            continue
        xs = np.arange(max(0, int(x - rx)), min(size, int(x + rx) + 1))
        ys = np.arange(max(0, int(y - ry)), min(size, int(y + ry) + 1))
        cells = (ys[:, None] * size + xs).ravel()
        pixels.append(cells)
        splats.append(np.full(len(cells), rank))
    pixels, splats = np.concatenate(pixels), np.concatenate(splats)
    sort = np.lexsort((splats, pixels))
    return torch.from_numpy(order[splats[sort]]), torch.from_numpy(pixels[sort])


def render(means, quats, scales, opacities, colors, viewmat, K, size: int) -> Tensor:
    """Return the image [H, W, 3] of K splats, antialiased, from one camera."""
    sys.modules.setdefault("nerfacc", _scans())
    from gsplat.cuda._torch_impl import _fully_fused_projection, _quat_scale_to_covar_preci, accumulate

    covars, _ = _quat_scale_to_covar_preci(quats, scales, compute_preci=False)
    radii, means2d, depths, conics, rho = _fully_fused_projection(
        means, covars, viewmat[None], K[None], size, size, calc_compensations=True
    )
    with torch.no_grad():
        splats, pixels = _pairs(means2d[0], radii[0], depths[0], size)
    images = torch.zeros_like(pixels)
    image, _ = accumulate(means2d, conics, opacities[None] * rho, colors[None], splats, pixels, images, size, size)
    return image[0]
