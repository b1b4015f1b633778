"""The readable twin of every opaque backend: dense, plain torch, any float type, any device, gradients by autograd.

Memory N x H x W floats a few times over: for tests and small scenes.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from helios.rendering.opaque.contract import (
    ALPHA_MAX,
    ALPHA_MIN,
    EPS2D,
    FRUSTUM_MARGIN,
    PASSING_MIN,
    Drawn,
    check_opaque,
)
from helios.rendering.torch_reference import rotation_matrices


class TorchOpaque:
    """A `helios.rendering.opaque.contract.OpaqueBackend`; works in the type and on the device of what it is given."""

    name = "torch"

    def __init__(self, why: str = "asked for", device: str | torch.device = "cpu"):
        self.why = why
        self.device = torch.device(device)

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
        """Return what the cameras see: see `OpaqueBackend.draw`."""
        n, c = check_opaque(means, quats, scales, opacities, colors, viewmats, Ks, backgrounds)
        backgrounds = means.new_zeros(c, 3) if backgrounds is None else backgrounds
        finite = torch.isfinite(torch.cat([means, quats, scales, opacities[:, None]], -1)).all(-1)
        seen = torch.where(finite[:, None], means, 0.0) @ viewmats[:, :3, :3].mT + viewmats[:, None, :3, 3]  # [C, N, 3]
        ahead = seen[..., 2] >= near_plane
        z = torch.where(ahead, seen[..., 2], 1.0)[..., None]
        means2d = seen[..., :2] / z * Ks[:, None, (0, 1), (0, 1)] + Ks[:, None, :2, 2]
        if means2d.requires_grad:
            means2d.retain_grad()
            means2d.absgrad = torch.zeros_like(means2d) if absgrad else None  # type: ignore[attr-defined]  # as gsplat
        views, radii = [], torch.zeros(c, n, 2, dtype=torch.int32, device=means.device)
        for j in range(c):
            with torch.no_grad():
                peaks, variances, _ = _project(
                    seen[j], quats, scales, opacities, viewmats[j], Ks[j], width, height, antialiased
                )
                drawn = finite & torch.isfinite(colors[j]).all(-1) & ahead[j] & (seen[j, :, 2] <= far_plane)
                shown, radii[j] = _cull(drawn, seen[j, :, 2], means2d[j], peaks, variances, width, height)
            peaks, _, conics = _project(
                seen[j][shown], quats[shown], scales[shown], opacities[shown],
                viewmats[j], Ks[j], width, height, antialiased,
            )  # fmt: skip
            splats = (seen[j, :, 2][shown], peaks, conics, colors[j][shown])
            views.append(_composite(means2d, j, shown, splats, backgrounds[j], width, height, absgrad))
        images, alphas, depths = (torch.stack(parts) for parts in zip(*views))
        return Drawn(images, alphas, depths, means2d, radii)


def _project(seen, quats, scales, opacities, viewmat, K, width, height, antialiased):
    """(peak [N], variances [N, 2] px^2, inverse covariance (xx, xy, yy) [N, 3]) of splats at `seen` by the camera."""
    x, y, z = seen.unbind(-1)
    fx, fy, cx, cy = K[0, 0], K[1, 1], K[0, 2], K[1, 2]
    mx, my = FRUSTUM_MARGIN * width / 2, FRUSTUM_MARGIN * height / 2
    slope_x = torch.clamp(x / z, -(cx + mx) / fx, (width - cx + mx) / fx)
    slope_y = torch.clamp(y / z, -(cy + my) / fy, (height - cy + my) / fy)
    zero = torch.zeros_like(z)
    J = torch.stack([fx / z, zero, -fx * slope_x / z, zero, fy / z, -fy * slope_y / z], -1).view(-1, 2, 3)

    # S = [[u.u, u.v], [u.v, v.v]], and det S = |u x v|^2, which unlike the difference keeps its digits in float32.
    u, v = (J @ viewmat[:3, :3] @ (rotation_matrices(quats) * scales[:, None, :])).unbind(1)  # [N, 3] px
    det = torch.linalg.cross(u, v).square().sum(-1)
    xx, xy, yy = (u * u).sum(-1) + EPS2D, (u * v).sum(-1), (v * v).sum(-1) + EPS2D
    blurred_det = det + EPS2D * (xx + yy - EPS2D)
    peak = opacities * torch.sqrt(det / blurred_det) if antialiased else opacities
    return peak, torch.stack([xx, yy], -1), torch.stack([yy, -xy, xx], -1) / blurred_det[:, None]


def _cull(drawn, depth, centre, peak, variances, width, height):
    """The indices of what is drawn, front to back, and the radii [N, 2] of all."""
    reach = torch.sqrt(2.0 * torch.log((peak / ALPHA_MIN).clamp(min=1.0)))
    radii = torch.ceil(reach[:, None] * variances.sqrt())
    inside = ((centre + radii > 0) & (centre - radii < torch.tensor([width, height]).to(radii))).all(-1)
    drawn = drawn & inside & (peak >= ALPHA_MIN)
    order = torch.argsort(depth, stable=True)
    return order[drawn[order]], torch.where(drawn[:, None], radii, 0.0).int()


def _composite(means2d, j, shown, splats, background, width, height, absgrad):
    """(image [H, W, 3], alpha [H, W], depth [H, W]) of the splats `shown`, front to back, K of them."""
    depths, peaks, conics, colors = splats
    x, y = (t.expand(-1, height, width) for t in means2d[j, shown][:, :, None, None].unbind(1))  # [K, H, W]
    if absgrad and x.requires_grad:
        for k, centre in enumerate((x, y)):
            centre.register_hook(partial(_keep_absolute, means2d.absgrad[j, :, k], shown))
    dx = torch.arange(width).to(x) + 0.5 - x
    dy = torch.arange(height).to(x)[:, None] + 0.5 - y
    a, b, c = conics[:, :, None, None].unbind(1)
    alpha = peaks[:, None, None] * torch.exp(-0.5 * (a * dx * dx + 2 * b * dx * dy + c * dy * dy))
    alpha = torch.where(alpha >= ALPHA_MIN, alpha.clamp(max=ALPHA_MAX), 0.0)
    with torch.no_grad():
        alive = torch.cumprod(1.0 - alpha, 0) > PASSING_MIN
    alpha = torch.where(alive, alpha, 0.0)
    after = torch.cumprod(1.0 - alpha, 0)
    after = torch.cat([after.new_ones(1, height, width), after])
    weights = after[:-1] * alpha
    covered = weights.sum(0)
    image = torch.einsum("khw,kc->hwc", weights, colors) + after[-1, ..., None] * background
    depth = torch.einsum("khw,k->hw", weights, depths)
    some = covered > 0
    return image, covered, torch.where(some, depth / torch.where(some, covered, 1.0), 0.0)


def _keep_absolute(absgrad, shown, grad):
    absgrad[shown] = grad.abs().sum((-1, -2))
