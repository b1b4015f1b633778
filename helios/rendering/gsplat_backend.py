"""The GPU backend: gsplat's batched `rasterization`. Importing this module imports neither gsplat nor its kernels."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from helios.constants import EPS_PX2
from helios.errors import BackendError
from helios.rendering.backend import NEAR, check_scene

ALPHA_MIN = 1.0 / 255.0
"""gsplat's own limit, compiled into its kernels."""


class GsplatBackend:
    """A `helios.rendering.backend.Backend` for float32 tensors on a CUDA device.

    It departs from the law in what gsplat's kernels fix: coverage below 1/255 is dropped, a splat ends at 3.33 standard
    deviations, and nothing is added behind a splat that would leave less than 1e-4 of a pixel's light passing.
    `rasterization` is gsplat's function, or one of the same signature.
    """

    name = "gsplat"
    alpha_min = ALPHA_MIN

    def __init__(
        self,
        why: str = "asked for",
        device: str | torch.device = "cuda",
        rasterization: Callable[..., tuple[Tensor, Tensor, dict]] | None = None,
    ):
        """Raises BackendError where there is no CUDA device or no gsplat."""
        self.why = why
        self.device = torch.device(device)
        self._rasterization = rasterization or _import_rasterization()

    def render(
        self,
        means: Tensor,
        quats: Tensor,
        scales: Tensor,
        opacities: Tensor,
        colors: Tensor,
        viewmats: Tensor,
        Ks: Tensor,
        width: int,
        height: int,
    ) -> Tensor:
        """Return images float32 [B, C, H, W, 3]: see `Backend.render`.

        Raises BackendError unless every tensor is float32 on this backend's kind of device.
        """
        check_scene(means, quats, scales, opacities, colors, viewmats, Ks)
        for tensor in (means, quats, scales, opacities, colors, viewmats, Ks):
            if tensor.dtype != torch.float32 or tensor.device.type != self.device.type:
                raise BackendError(
                    f"the gsplat backend was given {tensor.dtype} on {tensor.device}; "
                    f"it takes float32 on {self.device.type}"
                )
        images, _, _ = self._rasterization(
            means=means,
            quats=quats,
            scales=scales,
            opacities=opacities,
            colors=colors,  # no spherical harmonics: colours go to every camera as they are
            viewmats=viewmats,
            Ks=Ks,
            width=width,
            height=height,
            near_plane=NEAR,
            eps2d=EPS_PX2,
            packed=False,  # the packed path takes no batch dimension with gradients of every splat
            rasterize_mode="antialiased",
        )
        return images

    def probe(self) -> None:
        """Draw one splat and its gradient; raises BackendError where that fails or gives no light."""
        try:
            one = torch.ones(1, 1, device=self.device)
            eye = torch.eye(4, device=self.device)
            means = torch.tensor([[[0.0, 0.0, 4.0]]], device=self.device, requires_grad=True)
            K = torch.tensor([[16.0, 0.0, 8.0], [0.0, 16.0, 8.0], [0.0, 0.0, 1.0]], device=self.device)
            rgb = one.expand(1, 1, 3)
            scene = (means, eye[None, :1], 0.2 * rgb, 0.5 * one, rgb, eye[None, None], K[None, None])
            images = self.render(*scene, 16, 16)
            (images[..., :8, :] ** 2).sum().backward()
            grad = means.grad
            works = images.max() > 0.1 and grad is not None and torch.isfinite(grad).all() and grad.abs().max() > 0
        # gsplat compiles its kernels at the first call; what that raises without a compiler is anything.
        except Exception as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise BackendError(f"gsplat does not work on this machine: {reason} (use --backend numba)") from error
        if not works:
            raise BackendError("gsplat drew a test splat without light or gradient (use --backend numba)")


def _import_rasterization() -> Callable[..., tuple[Tensor, Tensor, dict]]:
    if not torch.cuda.is_available():  # first: gsplat's import would look for a compiler
        raise BackendError(
            f"the gsplat backend needs a CUDA device and torch {torch.__version__} sees none (use --backend numba)"
        )
    try:
        from gsplat import rasterization
    except ImportError as error:
        raise BackendError(f"the gsplat backend cannot be imported: {error} (use --backend numba)") from error
    return rasterization
