"""The readable twin of every backend: dense, plain torch, any float type, any device, gradients by autograd.

Memory K x H x W floats per image: for tests and small scenes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from helios.constants import EPS_PX2
from helios.rendering.backend import FRUSTUM_MARGIN, NEAR, WEIGHT_MIN, check_scene
from helios.splats import rotation_rows


class TorchBackend:
    """A `helios.rendering.backend.Backend` in plain torch; works in the type and on the device of what it is given."""

    name = "torch"

    def __init__(self, why: str = "asked for", weight_min: float = WEIGHT_MIN, device: str | torch.device = "cpu"):
        self.why = why
        self.weight_min = weight_min
        self.device = torch.device(device)

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
        """Return images [B, C, H, W, 3] of the type of `means`: see `Backend.render`."""
        b, _, c = check_scene(means, quats, scales, opacities, colors, viewmats, Ks)
        cells = [
            torch.stack(
                [
                    _draw(means[i], quats[i], scales[i], opacities[i], colors[i], viewmats[i, j], Ks[i, j],
                          width, height, self.weight_min)
                    for j in range(c)
                ]
            )
            for i in range(b)
        ]  # fmt: skip
        return torch.stack(cells)


def rotation_matrices(quats: Tensor) -> Tensor:  # [K, 4] wxyz -> [K, 3, 3]
    """Return the rotation matrices of quaternions of any norm."""
    rows = rotation_rows(*(quats / quats.norm(dim=-1, keepdim=True)).unbind(-1))
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def _draw(means, quats, scales, opacities, colors, viewmat, K, width, height, weight_min):
    turn, shift = viewmat[:3, :3], viewmat[:3, 3]
    depth = (means @ turn.T + shift)[:, 2]
    shown = torch.nonzero((depth >= NEAR) & (opacities > 0))[:, 0]
    means, quats, scales, opacities, colors = (t[shown] for t in (means, quats, scales, opacities, colors))

    x, y, z = (means @ turn.T + shift).unbind(-1)
    fx, fy, cx, cy = K[0, 0], K[1, 1], K[0, 2], K[1, 2]
    mx, my = FRUSTUM_MARGIN * width / 2, FRUSTUM_MARGIN * height / 2
    slope_x = torch.clamp(x / z, -(cx + mx) / fx, (width - cx + mx) / fx)
    slope_y = torch.clamp(y / z, -(cy + my) / fy, (height - cy + my) / fy)
    zero = torch.zeros_like(z)
    J = torch.stack([fx / z, zero, -fx * slope_x / z, zero, fy / z, -fy * slope_y / z], -1).view(-1, 2, 3)

    # S = [[u.u, u.v], [u.v, v.v]], and det S = |u x v|^2, which unlike the difference keeps its digits in float32.
    u, v = (J @ turn @ (rotation_matrices(quats) * scales[:, None, :])).unbind(1)  # [K, 3] px
    det = torch.linalg.cross(u, v).square().sum(-1)
    xx, xy, yy = (u * u).sum(-1) + EPS_PX2, (u * v).sum(-1), (v * v).sum(-1) + EPS_PX2
    blurred_det = det + EPS_PX2 * (xx + yy - EPS_PX2)
    rho = torch.sqrt(det / blurred_det)

    dx = torch.arange(width).to(means) + 0.5 - (fx * x / z + cx)[:, None, None]  # [K, 1, W] px
    dy = torch.arange(height).to(means)[:, None] + 0.5 - (fy * y / z + cy)[:, None, None]  # [K, H, 1] px
    xx, xy, yy = (t[:, None, None] / blurred_det[:, None, None] for t in (xx, xy, yy))
    G = torch.exp(-0.5 * (yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy))  # [K, H, W]
    weight = (opacities * rho)[:, None, None] * G
    weight = torch.where(weight >= weight_min, weight, torch.zeros_like(weight))
    return torch.einsum("khw,kc->hwc", weight, colors)
