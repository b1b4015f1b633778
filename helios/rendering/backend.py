"""The contract of a rasteriser backend, and the numbers that all of them share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from helios.errors import BackendError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

NEAR = 1e-3
"""Splats and emitters at a smaller depth along the camera's axis are not drawn. Cell units."""

WEIGHT_MIN = 1e-6
"""Coverage of a pixel below this is dropped, so that a splat of peak tau loses WEIGHT_MIN / tau of its light.

gsplat's limit is 1/255 and cannot be changed.
"""

FRUSTUM_MARGIN = 0.3
"""The projection of a covariance is linearised no further off axis than the image's edge plus this times half the width
(or height) of the image. That is gsplat's clamp of x/z and y/z, without which splats beside the camera smear across
it."""


@runtime_checkable
class Backend(Protocol):
    """Draws batches of cells, each with splats and cameras of its own; differentiable with respect to the splats."""

    name: str
    device: torch.device
    why: str
    """Why this backend was chosen, for people to read: "asked for", "no CUDA device is visible", ..."""

    weight_min: float
    """Coverage of a pixel below this is dropped."""

    def render(
        self,
        means: Tensor,  # [B, K, 3] cell units
        quats: Tensor,  # [B, K, 4] wxyz, of any norm > 0
        scales: Tensor,  # [B, K, 3] standard deviations > 0, cell units
        opacities: Tensor,  # [B, K] exposure * tau >= 0, may exceed 1
        colors: Tensor,  # [B, K, 3] linear RGB
        viewmats: Tensor,  # [B, C, 4, 4] world to camera, OpenCV axes
        Ks: Tensor,  # [B, C, 3, 3] pixels, without skew
        width: int,
        height: int,
    ) -> Tensor:  # [B, C, height, width, 3]
        """Return float32 images, linear RGB on black, of every cell from each of its cameras.

        A splat adds opacity * rho * G of its colour to a pixel, rho = sqrt(det S / det(S + eps I)): the law of light of
        docs/design.md. What a backend leaves out of that sum, it says. A slot of opacity 0 is padding: it draws
        nothing, and its gradients are zero. Splats nearer than `NEAR` or behind the camera draw nothing. Raises
        BackendError if shapes, dtypes or devices do not fit.
        """
        ...


def check_scene(
    means: Tensor, quats: Tensor, scales: Tensor, opacities: Tensor, colors: Tensor, viewmats: Tensor, Ks: Tensor
) -> tuple[int, int, int]:
    """Return (B, K, C) for the arguments of `Backend.render`. Raises BackendError if they do not fit together."""
    if means.ndim != 3 or viewmats.ndim != 4:
        raise BackendError(
            f"means has shape {tuple(means.shape)}, viewmats {tuple(viewmats.shape)}; "
            "must be [B, K, 3] and [B, C, 4, 4]"
        )
    (b, k), c = means.shape[:2], viewmats.shape[1]
    given = {"means": means, "quats": quats, "scales": scales, "opacities": opacities, "colors": colors}
    given |= {"viewmats": viewmats, "Ks": Ks}
    wanted = {"means": (b, k, 3), "quats": (b, k, 4), "scales": (b, k, 3), "opacities": (b, k), "colors": (b, k, 3)}
    wanted |= {"viewmats": (b, c, 4, 4), "Ks": (b, c, 3, 3)}
    for name, tensor in given.items():
        if tuple(tensor.shape) != wanted[name]:
            raise BackendError(f"{name} has shape {tuple(tensor.shape)}, must be {wanted[name]}")
        if tensor.device != means.device:
            raise BackendError(f"{name} is on {tensor.device}, means on {means.device}; one device for all")
    return b, k, c
