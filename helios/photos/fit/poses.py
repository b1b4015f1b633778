"""Cameras that are not where they were said to be: each has a small motion of its own, which begins at rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

_AT_REST = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
STEADY = 0.57
"""Errors of positions, in shares of the distance, over those of directions, rad, that cameras are expected to have."""


class CameraMotions:
    """A motion for each of V cameras: a shift [3] and the change [6] of the first two rows of its rotation.

    The rotation is what Gram and Schmidt make of these rows (Zhou et al. 2019, https://arxiv.org/abs/1812.07035,
    eq. 15), and a camera is moved in its own frame, as by gsplat's CameraOptModule: camera to world times motion. How
    they are found is another way than gsplat's, whose steps along the gradient leave a camera that should be turned
    half turned and half shifted: see `helios.photos.fit.bundle`.
    """

    def __init__(self, count: int, device: torch.device, noise: float = 0.0, rng: torch.Generator | None = None):
        """Let `count` cameras rest, or shake them by motions whose nine numbers have the deviation `noise`."""
        start = torch.zeros(count, 9)
        if noise:
            start = noise * torch.randn(count, 9, generator=rng)
        self.motions = start.to(device)

    def moved(self, viewmats: Tensor, cameras: Sequence[int]) -> Tensor:
        """Return `viewmats` [C, 4, 4], world to camera, of these of the V cameras, as their motions leave them."""
        return inverse_motion(self.motions[list(cameras)].to(viewmats.dtype)) @ viewmats

    def move(self, viewmats: Tensor, found: Tensor) -> None:
        """Let all V cameras, whose viewmats are float64 [V, 4, 4], be where those of `found` are."""
        motion = viewmats @ torch.linalg.inv(found)
        rest = torch.tensor(_AT_REST, dtype=torch.float64)
        self.motions = torch.cat([motion[:, :3, 3], motion[:, :2, :3].flatten(1) - rest], 1).to(self.motions)

    def state(self) -> dict[str, Any]:
        """Return all of it, as tensors."""
        return {"motions": self.motions.clone()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what `state` returned."""
        self.motions = state["motions"].to(self.motions.device, copy=True)


def exponential(steps: Tensor, distances: Tensor) -> Tensor:
    """Return motions [V, 4, 4] of shifts, in shares of `distances` [V], and turns, rad: steps [V, 6], their log."""
    made = steps.new_zeros(len(steps), 4, 4)
    x, y, z = steps[:, 3:].T
    made[:, :3, :3] = torch.stack([0 * x, -z, y, z, 0 * x, -x, -y, x, 0 * x], 1).reshape(-1, 3, 3)
    made[:, :3, 3] = distances[:, None] * steps[:, :3]
    return torch.linalg.matrix_exp(made)


def between(given: Tensor, viewmats: Tensor, distances: Tensor) -> tuple[Tensor, Tensor]:
    """Return how unlikely a camera's motions are [6], a turn's 1, and how far cameras have moved [V, 6].

    given, viewmats: float64 [V, 4, 4], before and now; a motion is a shift, in shares of `distances` [V], and a turn,
    rad, both in the camera's own frame. A camera is as likely off by `STEADY` shares as by one radian.
    """
    since = given @ torch.linalg.inv(viewmats)
    turns, shifts = since[:, :3, :3], since[:, :3, 3]
    # The sine's part of a rotation: its vector, up to the third order.
    twice = turns - turns.transpose(1, 2)
    axes = torch.stack([twice[:, 2, 1], twice[:, 0, 2], twice[:, 1, 0]], 1) / 2
    back = (turns.transpose(1, 2) @ shifts[..., None])[..., 0] / distances[:, None]
    return torch.tensor([STEADY**-2] * 3 + [1.0] * 3, dtype=torch.float64), torch.cat([back, axes], 1)


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
