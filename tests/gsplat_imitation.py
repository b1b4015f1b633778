"""What gsplat 1.5.3's kernels draw, dense and in float64 torch: composited front to back, with their limits.

`rasterize_to_pixels_3dgs_fwd.cu`: alpha = min(0.999, opacity * exp(-sigma)), a splat is skipped where alpha < 1/255 and
nothing more is drawn once less than 1e-4 passes. `projection_ewa_3dgs_fused.cu`: it reaches min(3.33, sqrt(2 ln(255
opacity))) standard deviations, each axis rounded up to pixels, and is dropped if its opacity is below 1/255.
"""

import torch

from helios.rendering.backend import FRUSTUM_MARGIN
from helios.rendering.torch_reference import rotation_matrices

ALPHA_MIN, REACH, PASSING_MIN = 1 / 255, 3.33, 1e-4


def rasterization(
    means, quats, scales, opacities, colors, viewmats, Ks, width, height, near_plane=0.01, far_plane=1e10,
    radius_clip=0.0, eps2d=0.3, sh_degree=None, packed=True, rasterize_mode="classic", backgrounds=None,
):  # fmt: skip
    """Take arguments as gsplat does, with its checks of their shapes, and return (images, coverage, {})."""
    b, n, _ = means.shape
    c = viewmats.shape[-3]
    assert quats.shape == (b, n, 4)
    assert scales.shape == (b, n, 3)
    assert opacities.shape == (b, n)
    assert colors.shape in ((b, n, 3), (b, c, n, 3))
    assert viewmats.shape == (b, c, 4, 4)
    assert Ks.shape == (b, c, 3, 3)
    colors = colors[:, None].expand(b, c, n, 3) if colors.ndim == 3 else colors
    images = [
        [
            _draw(means[i], quats[i], scales[i], opacities[i], colors[i, j], viewmats[i, j], Ks[i, j], width, height,
                  near_plane, eps2d, rasterize_mode)
            for j in range(c)
        ]
        for i in range(b)
    ]  # fmt: skip
    images = torch.stack([torch.stack(row) for row in images])
    return images.to(means.dtype), images.sum(-1, keepdim=True).to(means.dtype), {}


def _draw(means, quats, scales, opacities, colors, viewmat, K, width, height, near, eps, mode):
    tensors = (means, quats, scales, opacities, colors, viewmat, K)
    means, quats, scales, opacities, colors, viewmat, K = (t.double() for t in tensors)
    turn, shift = viewmat[:3, :3], viewmat[:3, 3]
    seen = means @ turn.T + shift
    order = torch.argsort(seen[:, 2], stable=True)
    order = order[(seen[order, 2] >= near) & (opacities[order] > 0)]
    seen, quats, scales, opacities, colors = (t[order] for t in (seen, quats, scales, opacities, colors))
    x, y, z = seen.unbind(-1)
    fx, fy, cx, cy = K[0, 0], K[1, 1], K[0, 2], K[1, 2]
    mx, my = FRUSTUM_MARGIN * width / 2, FRUSTUM_MARGIN * height / 2
    tx = torch.clamp(x / z, -(cx + mx) / fx, (width - cx + mx) / fx)
    ty = torch.clamp(y / z, -(cy + my) / fy, (height - cy + my) / fy)
    zero = torch.zeros_like(z)
    J = torch.stack([fx / z, zero, -fx * tx / z, zero, fy / z, -fy * ty / z], -1).view(-1, 2, 3)
    M = J @ turn @ (rotation_matrices(quats) * scales[:, None, :])
    S = M @ M.mT
    blurred = S + eps * torch.eye(2, dtype=S.dtype)
    if mode == "antialiased":
        opacities = opacities * torch.sqrt(torch.linalg.det(S).clamp(min=0.0) / torch.linalg.det(blurred))
    reach = torch.sqrt(2.0 * torch.log((opacities / ALPHA_MIN).clamp(min=1.0))).clamp(max=REACH).detach()
    shown = opacities >= ALPHA_MIN
    dx = torch.arange(width) + 0.5 - (fx * x / z + cx)[:, None, None]
    dy = torch.arange(height)[:, None] + 0.5 - (fy * y / z + cy)[:, None, None]
    inside = (dx.abs() <= torch.ceil(reach * blurred[:, 0, 0].sqrt()).detach()[:, None, None] + 0.5) & (
        dy.abs() <= torch.ceil(reach * blurred[:, 1, 1].sqrt()).detach()[:, None, None] + 0.5
    )
    Q = torch.linalg.inv(blurred)[..., None, None]
    sigma = 0.5 * (Q[:, 0, 0] * dx * dx + 2 * Q[:, 0, 1] * dx * dy + Q[:, 1, 1] * dy * dy)
    alpha = torch.clamp(opacities[:, None, None] * torch.exp(-sigma), max=0.999)
    alpha = torch.where((alpha >= ALPHA_MIN) & inside & shown[:, None, None], alpha, 0.0)
    after = torch.cumprod(1.0 - alpha, 0)
    before = torch.cat([torch.ones_like(after[:1]), after[:-1]]) if len(after) else after
    return torch.einsum("khw,kc->hwc", torch.where(after > PASSING_MIN, before * alpha, 0.0), colors)
