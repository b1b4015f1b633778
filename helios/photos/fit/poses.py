"""Cameras that are trained with the splats: each has a small motion of its own, which begins at rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from helios.photos.fit.sightings import Sighting

_AT_REST = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
WAIT = 0.2
"""Share of the training in which cameras stay: splats that have no form yet would lead them astray."""
SETTLED = 0.6
"""Share of the training, from which on photographs are trusted as far as they ever are."""
CAUTION = 10.0
"""By how much more cameras are held to where they were when they begin to move, as pictures are blurred then."""
STEADY = 0.57
"""Errors of positions, in shares of the distance, over those of directions, rad, that cameras are expected to have."""
MOST = 0.005
"""rad, or share of the distance: a camera's motion in one step at most."""


class CameraMotions:
    """A motion for each of V cameras: a shift [3] and the change [6] of the first two rows of its rotation.

    The rotation is what Gram and Schmidt make of these rows (Zhou et al. 2019, https://arxiv.org/abs/1812.07035,
    eq. 15), and a camera is moved in its own frame, as by gsplat's CameraOptModule: camera to world times motion. How
    they are found is another way than gsplat's, whose steps along the gradient leave a camera that should be turned
    half turned and half shifted.
    """

    def __init__(self, count: int, device: torch.device, noise: float = 0.0, rng: torch.Generator | None = None):
        """Let `count` cameras rest, or shake them by motions whose nine numbers have the deviation `noise`."""
        start = torch.zeros(count, 9)
        if noise:
            start = noise * torch.randn(count, 9, generator=rng)
        self.motions = start.to(device)
        self._given = inverse_motion(start.double())

    def moved(self, viewmats: Tensor, cameras: Sequence[int]) -> Tensor:
        """Return `viewmats` [C, 4, 4], world to camera, of these of the V cameras, as their motions leave them."""
        return inverse_motion(self.motions[list(cameras)]) @ viewmats

    def step(self, camera: int, seen: Sighting, share: float, hold: float, done: float) -> None:
        """Move a camera by `share` of what brings it to where it is most likely, `done` (0 to 1) into the training.

        That is where the photograph's differences and what holds it to its place before all training are least
        together: `hold`, in shares of the mean of the curvature's diagonal, per turn squared (Levenberg 1944,
        doi:10.1090/qam/10666). What the photograph cannot tell, a turn from a shift, is divided as errors are expected.
        """
        if done < WAIT:
            return
        caution = CAUTION ** max(0.0, (SETTLED - done) / (SETTLED - WAIT))
        pull = torch.tensor([STEADY**-2] * 3 + [1.0] * 3, dtype=torch.float64)
        pull *= hold * caution * seen.curvature.diagonal().mean()
        motion = torch.linalg.inv(inverse_motion(self.motions[camera : camera + 1].double().cpu()))[0]
        since = self._given[camera] @ motion
        turn, shift = since[:3, :3], since[:3, 3]
        # The sine's part of a rotation: its vector, up to the third order.
        axis = torch.stack([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]]) / 2
        far = torch.cat([turn.T @ shift / seen.distance, axis])
        step = share * torch.linalg.solve(seen.curvature + torch.diag(pull), seen.slope - pull * far)
        step *= min(1.0, MOST / max(step.norm().item(), 1e-30))
        motion = motion @ _motion(step, seen.distance)
        numbers = torch.cat([motion[:3, 3], motion[:2, :3].reshape(6) - motion.new_tensor(_AT_REST)])
        self.motions[camera] = numbers.to(self.motions)

    def state(self) -> dict[str, Any]:
        """Return all of it, as tensors."""
        return {"motions": self.motions.clone()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what `state` returned."""
        self.motions = state["motions"].to(self.motions.device, copy=True)


def _motion(step: Tensor, distance: float) -> Tensor:
    """Return the motion [4, 4] of a shift [3] in shares of `distance` and a turn [3], rad: the exponential map."""
    made = step.new_zeros(4, 4)
    x, y, z = step[3:]
    made[:3, :3] = torch.stack([0 * x, -z, y, z, 0 * x, -x, -y, x, 0 * x]).reshape(3, 3)
    made[:3, 3] = distance * step[:3]
    return torch.linalg.matrix_exp(made)


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
