"""A backend in one file, for the trial of the registry: each image is drawn splat by splat, slowly, in float64."""

import torch

from helios.constants import EPS_PX2
from helios.rendering.backend import FRUSTUM_MARGIN, NEAR, WEIGHT_MIN, check_scene


class ToyBackend:
    name = "toy"
    device = torch.device("cpu")
    weight_min = WEIGHT_MIN

    def __init__(self, why="asked for"):
        self.why = why

    def render(self, means, quats, scales, opacities, colors, viewmats, Ks, width, height):
        b, _, c = check_scene(means, quats, scales, opacities, colors, viewmats, Ks)
        images = [
            self._image(means[i], quats[i], scales[i], opacities[i], colors[i], viewmats[i, j], Ks[i, j], width, height)
            for i in range(b)
            for j in range(c)
        ]
        return torch.stack(images).unflatten(0, (b, c)).to(means.dtype)

    def _image(self, *scene):
        *tensors, width, height = scene
        means, quats, scales, opacities, colors, viewmat, K = (t.double() for t in tensors)
        nothing = 0.0 * sum(t.sum() for t in (means, quats, scales, opacities, colors))
        image = nothing.expand(height, width, 3)  # black, and still a function of the splats
        seen = means @ viewmat[:3, :3].T + viewmat[:3, 3]
        for k in range(len(seen)):
            if seen[k, 2] >= NEAR and opacities[k] > 0:
                weight = self._weight(seen[k], quats[k], scales[k], opacities[k], viewmat, K, width, height)
                image = image + weight[..., None] * colors[k]
        return image

    def _weight(self, seen, quat, scale, opacity, viewmat, K, width, height):
        """[H, W]: what a splat's colour counts in each pixel."""
        w, v = quat[0] / quat.norm(), quat[1:] / quat.norm()
        turned = scale[:, None] * torch.eye(3, dtype=torch.float64)  # its axes, rows, before the rotation
        cross = torch.linalg.cross(v.expand(3, 3), turned)
        axes = turned + 2.0 * (w * cross + torch.linalg.cross(v.expand(3, 3), cross))
        axes = axes @ viewmat[:3, :3].T
        (x, y, z), (fx, fy, cx, cy) = seen, (K[0, 0], K[1, 1], K[0, 2], K[1, 2])
        mx, my = FRUSTUM_MARGIN * width / 2, FRUSTUM_MARGIN * height / 2
        tx = torch.clamp(x / z, -(cx + mx) / fx, (width - cx + mx) / fx)
        ty = torch.clamp(y / z, -(cy + my) / fy, (height - cy + my) / fy)
        u, v = fx / z * (axes[:, 0] - tx * axes[:, 2]), fy / z * (axes[:, 1] - ty * axes[:, 2])
        det = torch.linalg.cross(u, v).square().sum()
        xx, xy, yy = u @ u + EPS_PX2, u @ v, v @ v + EPS_PX2
        blurred = det + EPS_PX2 * (xx + yy - EPS_PX2)
        dx = torch.arange(width) + 0.5 - (fx * x / z + cx)
        dy = (torch.arange(height) + 0.5 - (fy * y / z + cy))[:, None]
        power = (yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy) / blurred
        weight = opacity * torch.sqrt(det / blurred) * torch.exp(-0.5 * power)
        return torch.where(weight >= WEIGHT_MIN, weight, torch.zeros_like(weight))
