"""The GPU backend of opaque scenes: gsplat's `rasterization`. Importing this module does not import gsplat."""

from __future__ import annotations

import weakref
from collections.abc import Callable

import torch
from torch import Tensor

from helios.errors import BackendError
from helios.rendering.gsplat_backend import _import_rasterization
from helios.rendering.opaque.contract import EPS2D, Drawn, check_opaque
from helios.rendering.opaque.torch_opaque import TorchOpaque


class GsplatOpaque:
    """A `helios.rendering.opaque.contract.OpaqueBackend` for float32 tensors on a CUDA device.

    The law is gsplat's own, so this only passes it on. `packed` keeps only what each camera sees in memory, with the
    same result; `rasterization` is gsplat's function, or one of the same signature.
    """

    name = "gsplat"

    def __init__(
        self,
        why: str = "asked for",
        device: str | torch.device = "cuda",
        packed: bool = False,
        rasterization: Callable[..., tuple[Tensor, Tensor, dict]] | None = None,
    ):
        """Raises BackendError where there is no CUDA device or no gsplat."""
        self.why = why
        self.device = torch.device(device)
        self.packed = packed
        self._rasterization = rasterization or _import_rasterization()

    def draw(
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
        *,
        backgrounds: Tensor | None = None,
        near_plane: float = 0.01,
        far_plane: float = 1e10,
        antialiased: bool = True,
        absgrad: bool = False,
        with_depths: bool = True,
    ) -> Drawn:
        """Return what the cameras see: see `OpaqueBackend.draw`.

        Raises BackendError unless every tensor is float32 on this backend's kind of device.
        """
        n, c = check_opaque(means, quats, scales, opacities, colors, viewmats, Ks, backgrounds)
        if means.dtype != torch.float32 or means.device.type != self.device.type:
            raise BackendError(
                f"the gsplat backend was given {means.dtype} on {means.device}; it takes float32 on {self.device.type}"
            )
        if n == 0:  # gsplat 1.5.3 divides by it, which ends the process
            nothing = (means, quats, scales, opacities, colors, viewmats, Ks, width, height)
            return TorchOpaque(device=self.device).draw(*nothing, backgrounds=backgrounds, absgrad=absgrad)
        finite = torch.isfinite(torch.cat([means, quats, scales, *colors], -1)).all(-1) & opacities.isfinite()
        pixels, alphas, meta = self._rasterization(
            means=means,
            quats=quats,
            scales=scales,
            opacities=torch.where(finite, opacities, 0.0),
            colors=colors,
            viewmats=viewmats,
            Ks=Ks,
            width=width,
            height=height,
            near_plane=near_plane,
            far_plane=far_plane,
            eps2d=EPS2D,
            packed=self.packed,
            backgrounds=backgrounds,
            render_mode="RGB+ED" if with_depths else "RGB",
            absgrad=absgrad,
            rasterize_mode="antialiased" if antialiased else "classic",
        )
        means2d, radii = meta["means2d"], meta["radii"]
        if self.packed:
            means2d, radii = _unpack(meta, c, n, absgrad)
        elif means2d.requires_grad:
            means2d.retain_grad()
        depths = pixels[..., 3] if with_depths else torch.zeros_like(alphas[..., 0])
        return Drawn(pixels[..., :3], alphas[..., 0], depths, means2d, radii.int())

    def probe(self) -> None:
        """Draw one splat and its gradient; raises BackendError where that fails or gives no light."""
        try:
            one = torch.ones(1, device=self.device)
            eye = torch.eye(4, device=self.device)
            means = torch.tensor([[0.0, 0.0, 4.0]], device=self.device, requires_grad=True)
            K = torch.tensor([[[16.0, 0.0, 8.0], [0.0, 16.0, 8.0], [0.0, 0.0, 1.0]]], device=self.device)
            rgb = one.expand(1, 3)
            drawn = self.draw(means, eye[:1], 0.2 * rgb, 0.5 * one, rgb[None], eye[None], K, 16, 16)
            (drawn.images[..., :8, :] ** 2).sum().backward()
            grad = means.grad
            works = drawn.images.max() > 0.1 and grad is not None and grad.isfinite().all() and grad.abs().max() > 0
        # gsplat compiles its kernels at the first call; what that raises without a compiler is anything.
        except Exception as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise BackendError(f"gsplat does not work on this machine: {reason} (use --backend numba)") from error
        if not works:
            raise BackendError("gsplat drew a test splat without light or gradient (use --backend numba)")


def _unpack(meta: dict, c: int, n: int, absgrad: bool) -> tuple[Tensor, Tensor]:
    """(means2d [C, N, 2], radii [C, N, 2]) from gsplat's rows of what each camera sees; gradients follow."""
    rows, at = meta["means2d"], (meta["camera_ids"], meta["gaussian_ids"])
    radii = torch.zeros(c, n, 2, dtype=torch.int32, device=rows.device)
    radii[at] = meta["radii"].int()
    means2d = torch.zeros(c, n, 2, device=rows.device)
    means2d[at] = rows.detach()
    if rows.requires_grad:
        means2d.requires_grad_()
        means2d.rows = rows  # type: ignore[attr-defined]
        # A hook that holds its own tensor would keep the whole graph in the GPU's memory until Python looks for cycles.
        whole = weakref.ref(means2d)

        def keep(grad: Tensor) -> None:
            target = whole()
            if target is None:
                return
            target.grad = torch.zeros_like(target).index_put(at, grad)
            if absgrad:
                target.absgrad = torch.zeros_like(target).index_put(at, target.rows.absgrad)  # type: ignore[attr-defined]

        rows.register_hook(keep)
    return means2d, radii
