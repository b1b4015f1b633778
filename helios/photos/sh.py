"""Colours of splats that depend on where they are seen from: see `helios.photos.sh_basis`."""

from __future__ import annotations

from torch import Tensor

from helios.photos.sh_basis import MOST_DEGREE, coefficients, torch_colors
from helios.rendering.opaque import gsplat_sh


def sh_colors(directions: Tensor, sh0: Tensor, shN: Tensor, degree: int) -> Tensor:
    """Return the colours of N splats in C views, [C, N, 3]: max(0, 0.5 + sum of coefficients times basis).

    directions: [C, N, 3] from the cameras' centres to the splats, of any length but 0, in the frame of the scene.
    sh0: [N, 1, 3], shN: [N, K - 1, 3] coefficients; of these the first (degree + 1)^2 count, degree from 0 to 3.
    Differentiable in all three; the gradient of a colour that was cut at 0 is 0. On CUDA by gsplat's kernel, of others
    in torch; what is trained on the CPU is coloured by `helios.photos.shown`.
    Raises ValueError where `shN` has fewer coefficients than `degree` needs.
    """
    check_degree(shN, degree)
    if gsplat_sh.is_for(directions, sh0, shN):
        return gsplat_sh.gsplat_colors(directions, sh0, shN, degree)
    return torch_colors(directions, sh0, shN, degree)


def check_degree(shN: Tensor, degree: int) -> None:
    """Raise ValueError where `shN` [N, K - 1, 3] has fewer coefficients than `degree` needs."""
    if not 0 <= degree <= MOST_DEGREE or shN.shape[1] < coefficients(degree) - 1:
        raise ValueError(f"degree {degree} with {1 + shN.shape[1]} coefficients per splat; at most {MOST_DEGREE}")
