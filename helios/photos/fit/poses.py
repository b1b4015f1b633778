"""Cameras that are trained with the splats: each has a small motion of its own, which begins at rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from helios.photos.fit.adam import AdamSteps

_AT_REST = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


class CameraMotions:
    """A motion for each of V cameras: a shift [3] and the change [6] of the first two rows of its rotation.

    The rotation is what Gram and Schmidt make of these rows (Zhou et al. 2019, https://arxiv.org/abs/1812.07035,
    eq. 15), and a camera is moved in its own frame, as by gsplat's CameraOptModule: camera to world times motion. Adam
    keeps moments and the number of steps of each camera by itself, as each is seen once in many steps.
    """

    def __init__(self, count: int, device: torch.device, noise: float = 0.0, rng: torch.Generator | None = None):
        """Let `count` cameras rest, or shake them by motions whose nine numbers have the deviation `noise`."""
        start = torch.zeros(count, 9)
        if noise:
            start = noise * torch.randn(count, 9, generator=rng)
        self.motions = start.to(device).requires_grad_()
        self._moments = [torch.zeros_like(start, device=device) for _ in range(2)]
        self._steps = [0] * count

    def moved(self, viewmats: Tensor, cameras: Sequence[int]) -> Tensor:
        """Return `viewmats` [C, 4, 4], world to camera, of these of the V cameras, as their motions leave them."""
        return inverse_motion(self.motions[list(cameras)]) @ viewmats

    def step(self, cameras: Sequence[int], rate: float, decay: float) -> None:
        """Make a step of Adam of these cameras against the gradient, to which `decay` times the motion is added."""
        if self.motions.grad is None:
            return
        for camera in sorted(set(cameras)):
            self._steps[camera] += 1
            row = slice(camera, camera + 1)
            values = self.motions.detach()[row]
            gradient = self.motions.grad[row] + decay * values
            first, second = (moment[row] for moment in self._moments)
            AdamSteps().step_rows(values, gradient, first, second, rate, self._steps[camera], None)
        self.motions.grad = None

    def state(self) -> dict[str, Any]:
        """Return all of it, as tensors and numbers."""
        return {
            "motions": self.motions.detach().clone(),
            "moments": [m.clone() for m in self._moments],
            "steps": list(self._steps),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what `state` returned."""
        device = self.motions.device
        self.motions = state["motions"].to(device, copy=True).requires_grad_()
        self._moments = [m.to(device, copy=True) for m in state["moments"]]
        self._steps = list(state["steps"])


def inverse_motion(motions: Tensor) -> Tensor:
    """Return the inverses [C, 4, 4] of the motions [C, 9], by which viewmats are multiplied from the left."""
    rows = motions[:, 3:] + motions.new_tensor(_AT_REST)
    first = F.normalize(rows[:, :3], dim=-1)
    second = rows[:, 3:]
    second = F.normalize(second - (first * second).sum(-1, keepdim=True) * first, dim=-1)
    rotation = torch.stack([first, second, torch.linalg.cross(first, second)], dim=-2)
    back = rotation.transpose(1, 2)
    shift = -(back @ motions[:, :3, None])
    last = motions.new_tensor([0.0, 0.0, 0.0, 1.0]).expand(len(motions), 1, 4)
    return torch.cat([torch.cat([back, shift], dim=-1), last], dim=1)
