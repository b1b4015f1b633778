"""The GPU backend: gsplat's batched `rasterization`. Importing this module imports neither gsplat nor its kernels."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from helios.constants import EPS_PX2
from helios.errors import BackendError
from helios.rendering.backend import FRUSTUM_MARGIN, NEAR, check_scene
from helios.splats import rotation_rows

ALPHA_MIN = 1.0 / 255.0
"""Coverage of a pixel that gsplat drops, compiled into its kernels."""

ALPHA = 0.05
"""Coverage at the centre of every splat as gsplat is told; its light is in its colour.

A larger one hides more of what is behind, a smaller one cuts more off the edge of every splat.
"""


class GsplatBackend:
    """A `helios.rendering.backend.Backend` for float32 tensors on a CUDA device.

    gsplat composites, and drops coverage below ALPHA_MIN. So every splat is given the same coverage ALPHA, and its
    light as its colour, which has no limit. What departs from the law: a splat ends where it is ALPHA_MIN / ALPHA of
    its peak, with the light of what is cut added to the rest, and each splat in front of another takes up to ALPHA of
    it. `rasterization` is gsplat's function, or one of the same signature.
    """

    name = "gsplat"
    weight_min = ALPHA_MIN / ALPHA

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
        shares = peak_shares(means, quats, scales, viewmats, Ks, width, height)  # [B, C, K]
        weights = opacities[:, None] * shares / (ALPHA - ALPHA_MIN)
        images, _, _ = self._rasterization(
            means=means,
            quats=quats,
            scales=scales,
            opacities=torch.where(opacities > 0, ALPHA, 0.0),
            colors=weights[..., None] * colors[:, None],  # no spherical harmonics: each camera has its own colours
            viewmats=viewmats,
            Ks=Ks,
            width=width,
            height=height,
            near_plane=NEAR,
            eps2d=EPS_PX2,
            packed=False,  # the packed path takes no batch dimension with gradients of every splat
            rasterize_mode="classic",
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


def peak_shares(
    means: Tensor, quats: Tensor, scales: Tensor, viewmats: Tensor, Ks: Tensor, width: int, height: int
) -> Tensor:
    """Return rho = sqrt(det S / det(S + eps I)) of each splat in each view, [B, C, K], as the law of light has it.

    Arguments as in `Backend.render`. Differentiable; 0 for what is nearer than NEAR.
    """
    turn, shift = viewmats[..., :3, :3], viewmats[..., :3, 3]
    seen = torch.einsum("bcij,bkj->bcki", turn, means) + shift[..., None, :]
    z = seen[..., 2].clamp(min=NEAR)
    focal, middle = Ks[..., (0, 1), (0, 1)][..., None, :], Ks[..., :2, 2][..., None, :]  # [B, C, 1, 2]
    size = means.new_tensor([width, height])
    margin = 0.5 * FRUSTUM_MARGIN * size
    slope = (seen[..., :2] / z[..., None]).maximum(-(middle + margin) / focal).minimum((size - middle + margin) / focal)
    rows = rotation_rows(*torch.nn.functional.normalize(quats, dim=-1).unbind(-1))
    axes = torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2) * scales[..., None, :]  # [B, K, 3, 3]
    axes = torch.einsum("bcij,bkjl->bckil", turn, axes)
    across = (focal / z[..., None])[..., None] * (axes[..., :2, :] - slope[..., None] * axes[..., 2:, :])
    u, v = across.unbind(-2)
    det = torch.linalg.cross(u, v).square().sum(dim=-1)
    blurred = det + EPS_PX2 * ((u * u).sum(dim=-1) + (v * v).sum(dim=-1) + EPS_PX2)
    return torch.where(seen[..., 2] >= NEAR, torch.sqrt(det / blurred), 0.0)


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
