"""gsplat's own torch reference, projection and compositing, without CUDA and without importing gsplat.

`gsplat/cuda/_torch_impl.py` is loaded as a file. It wants two things that are not there: the pairs of splat and pixel,
which a CUDA kernel lists, and two scans along a pixel's splats, which nerfacc has for CUDA only. The pairs come from a
loop here, the scans from torch; all else is gsplat's.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import numpy as np
import torch
from numba import njit
from torch import Tensor

ALPHA_MIN, ALPHA_MAX, PASSING_MIN, EPS2D = 1 / 255, 0.999, 1e-4, 0.3


def load() -> types.ModuleType | None:
    """Return gsplat's `_torch_impl`, or None where gsplat is not installed."""
    found = importlib.util.find_spec("gsplat")
    if found is None or not found.submodule_search_locations:
        return None
    path = Path(found.submodule_search_locations[0]) / "cuda" / "_torch_impl.py"
    spec = importlib.util.spec_from_file_location("gsplat_torch_impl", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _weights(alphas: Tensor, ray_indices: Tensor, n_rays: int) -> tuple[Tensor, Tensor]:
    """nerfacc's `render_weight_from_alpha`: weights and transmittances of samples sorted by ray, front to back."""
    logs = torch.log1p(-alphas.double())
    before = torch.cumsum(logs, 0) - logs
    first = torch.ones_like(ray_indices, dtype=torch.bool)
    first[1:] = ray_indices[1:] != ray_indices[:-1]
    start = torch.nonzero(first)[:, 0][torch.cumsum(first, 0) - 1]
    passing = torch.exp(before - before[start]).to(alphas.dtype)
    return alphas * passing, passing


def _accumulate(weights: Tensor, values: Tensor | None, ray_indices: Tensor, n_rays: int) -> Tensor:
    """nerfacc's `accumulate_along_rays`."""
    source = weights[:, None] if values is None else weights[:, None] * values
    return source.new_zeros(n_rays, source.shape[1]).index_add(0, ray_indices, source)


@njit(cache=True, error_model="numpy")
def _fill_pairs(order, centres, radii, conics, peaks, passing, splats, pixels, fill):
    """Count the pairs of splat and pixel that are drawn, front to back; write them where `fill`."""
    height, width = passing.shape
    count = 0
    for i in order:
        (x, y), (rx, ry) = centres[i], radii[i]
        if rx <= 0 or ry <= 0:
            continue
        for py in range(max(0, int(y - ry)), min(height, int(y + ry) + 1)):
            for px in range(max(0, int(x - rx)), min(width, int(x + rx) + 1)):
                dx, dy = px + 0.5 - x, py + 0.5 - y
                power = 0.5 * (conics[i, 0] * dx * dx + conics[i, 2] * dy * dy) + conics[i, 1] * dx * dy
                alpha = min(ALPHA_MAX, peaks[i] * np.exp(-power))
                if alpha < ALPHA_MIN or passing[py, px] < 0:
                    continue
                after = passing[py, px] * (1 - alpha)
                if after <= PASSING_MIN:
                    passing[py, px] = -1.0
                    continue
                passing[py, px] = after
                if fill:
                    splats[count], pixels[count] = i, py * width + px
                count += 1
    return count


def pairs(means2d, radii, depths, conics, peaks, width: int, height: int) -> tuple[Tensor, Tensor]:
    """Splat and pixel ids of all that is drawn, by pixel and then front to back."""
    arrays = [t.detach().double().numpy() for t in (means2d, radii, conics, peaks)]
    order = np.argsort(depths.detach().numpy(), kind="stable")
    nothing = np.empty(0, np.int64)
    count = _fill_pairs(order, *arrays, np.ones((height, width)), nothing, nothing, False)
    splats, pixels = np.empty(count, np.int64), np.empty(count, np.int64)
    _fill_pairs(order, *arrays, np.ones((height, width)), splats, pixels, True)
    by_pixel = np.argsort(pixels, kind="stable")
    return torch.from_numpy(splats[by_pixel]), torch.from_numpy(pixels[by_pixel])


class GsplatTorch:
    """One camera's picture by gsplat's torch code; the pairs are listed at the first call and kept, for free."""

    def __init__(self, module: types.ModuleType, width: int, height: int):
        self.module, self.width, self.height = module, width, height
        self._pairs: tuple[Tensor, Tensor] | None = None

    def draw(self, means, quats, scales, opacities, colors, viewmats, Ks) -> tuple[Tensor, Tensor]:
        """Return (image [H, W, 3] on black, alpha [H, W]) of the first camera, antialiased."""
        sys.modules.setdefault("nerfacc", _scans())
        width, height = self.width, self.height
        covars, _ = self.module._quat_scale_to_covar_preci(quats, scales, True, False)
        radii, means2d, depths, conics, rho = self.module._fully_fused_projection(
            means, covars, viewmats[:1], Ks[:1], width, height, eps2d=EPS2D, calc_compensations=True
        )
        peaks = opacities * rho
        if self._pairs is None:
            self._pairs = pairs(means2d[0], radii[0], depths[0], conics[0], peaks[0], width, height)
        splats, pixels = self._pairs
        image, alpha = self.module.accumulate(
            means2d, conics, peaks, colors[:1], splats, pixels, torch.zeros_like(pixels), width, height
        )
        return image[0], alpha[0, ..., 0]


def _scans() -> types.ModuleType:
    module = types.ModuleType("nerfacc")
    module.render_weight_from_alpha, module.accumulate_along_rays = _weights, _accumulate
    return module
