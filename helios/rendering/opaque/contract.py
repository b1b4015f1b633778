"""The contract of a rasteriser of opaque scenes, and the numbers that all of them share: those of gsplat 1.5.

The law: Kerbl et al. 2023, https://arxiv.org/abs/2308.04079; its antialiasing: Yu et al. 2024,
https://arxiv.org/abs/2311.16493.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from helios.errors import BackendError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

ALPHA_MIN = 1.0 / 255.0
"""What covers less of a pixel is not drawn there."""

ALPHA_MAX = 0.999
"""No splat covers more of a pixel."""

PASSING_MIN = 1e-4
"""A splat that would let no more than this pass is not drawn, nor is anything behind it in this pixel."""

EPS2D = 0.3
"""Variance added to a splat's image for the pixel's extent, px^2."""

FRUSTUM_MARGIN = 0.3
"""The projection is linearised no further off axis than the image's edge plus this times half its width or height."""


@dataclass(frozen=True)
class Drawn:
    """What C cameras see of N splats; of the type and on the device of the splats."""

    images: Tensor  # [C, H, W, 3] over the backgrounds
    alphas: Tensor  # [C, H, W] in [0, 1]
    depths: Tensor  # [C, H, W] expected depth, sum(w z) / alpha; 0 where alpha is 0
    means2d: Tensor  # [C, N, 2] px; after backward() its .grad is dL/d(projected centre), as is .absgrad, of |dL/d|
    radii: Tensor  # [C, N, 2] int32 px, 0 where a splat was not drawn


@runtime_checkable
class OpaqueBackend(Protocol):
    """Draws N splats from C cameras; differentiable in all that is float."""

    name: str
    device: torch.device
    why: str
    """Why this backend was chosen, for people to read: "asked for", "no CUDA device is visible", ..."""

    def draw(
        self,
        means: Tensor,  # [N, 3] world
        quats: Tensor,  # [N, 4] wxyz, of any norm > 0
        scales: Tensor,  # [N, 3] standard deviations > 0
        opacities: Tensor,  # [N] in [0, 1]
        colors: Tensor,  # [C, N, 3] of each camera
        viewmats: Tensor,  # [C, 4, 4] world to camera, OpenCV axes
        Ks: Tensor,  # [C, 3, 3] pixels, without skew; pixel centres at + 0.5
        width: int,
        height: int,
        *,
        backgrounds: Tensor | None = None,  # [C, 3]; None is black
        near_plane: float = 0.01,
        far_plane: float = 1e10,
        antialiased: bool = True,
        absgrad: bool = False,
        with_depths: bool = True,
    ) -> Drawn:
        """Return the images, what of them is covered, how far it is, and where each splat came to lie.

        A splat of depth z in [near_plane, far_plane] covers alpha = min(ALPHA_MAX, opacity rho G) of a pixel, where G
        is its image, a Gaussian of covariance S + EPS2D I that is 1 at its centre, and rho = sqrt(det S / det(S +
        EPS2D I)) where `antialiased`, else 1; less than ALPHA_MIN is none. Front to back by z, at equal depth by
        index, each takes w = alpha times what those before let pass, until that would fall to PASSING_MIN.

        Gradients reach means, quats, scales, opacities, colors, viewmats and backgrounds from images, alphas and
        depths; the choice of pixels and order has none. After `backward()`, `means2d.grad` holds dL/d(centre in the
        image), [C, N, 2], where any of the inputs asks for gradients; with `absgrad` also `means2d.absgrad`, the sum
        over pixels of the absolute values of what each pixel contributes to it. A splat with what is not finite in it
        draws nothing and its gradients are 0. Without `with_depths` nobody will look at depths, and a backend that is
        faster so may leave them 0. Raises BackendError if shapes, dtypes or devices do not fit.
        """
        ...


def check_opaque(
    means: Tensor,
    quats: Tensor,
    scales: Tensor,
    opacities: Tensor,
    colors: Tensor,
    viewmats: Tensor,
    Ks: Tensor,
    backgrounds: Tensor | None,
) -> tuple[int, int]:
    """Return (N, C) for the arguments of `OpaqueBackend.draw`. Raises BackendError if they do not fit together."""
    if means.ndim != 2 or viewmats.ndim != 3:
        raise BackendError(
            f"means has shape {tuple(means.shape)}, viewmats {tuple(viewmats.shape)}; must be [N, 3] and [C, 4, 4]"
        )
    n, c = len(means), len(viewmats)
    given = {"means": means, "quats": quats, "scales": scales, "opacities": opacities, "colors": colors}
    given |= {"viewmats": viewmats, "Ks": Ks}
    wanted: dict[str, tuple[int, ...]] = {"means": (n, 3), "quats": (n, 4), "scales": (n, 3), "opacities": (n,)}
    wanted |= {"colors": (c, n, 3), "viewmats": (c, 4, 4), "Ks": (c, 3, 3)}
    if backgrounds is not None:
        given["backgrounds"], wanted["backgrounds"] = backgrounds, (c, 3)
    for name, tensor in given.items():
        if tuple(tensor.shape) != wanted[name]:
            raise BackendError(f"{name} has shape {tuple(tensor.shape)}, must be {wanted[name]}")
        if tensor.device != means.device or tensor.dtype != means.dtype:
            raise BackendError(
                f"{name} is {tensor.dtype} on {tensor.device}, means {means.dtype} on {means.device}; one for all"
            )
    return n, c
