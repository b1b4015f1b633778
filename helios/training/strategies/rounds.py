"""What density strategies share: when a round is due, each cell's random numbers, pruning, and gradient statistics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from helios.constants import EPS_PX2
from helios.fixed_order import norm
from helios.options import option
from helios.training.cameras import REFERENCE_RADII, focal_px
from helios.training.optim.model import COLUMNS, Model
from helios.training.strategies import Batch
from helios.training.strategies.fixed import NoControl
from helios.training.strategies.slots import Slots, open_cells


@dataclass(frozen=True)
class Pruning:
    """The options of strategies that prune."""

    prune_opacity_threshold: float = option(
        0.01, "Splats with less light than a point of this peak opacity at 5 cell radii are pruned.", (0.0, 0.999)
    )


class Rounds(NoControl, ABC):
    """Density control that changes cells one by one, every `densify_interval` steps up to `densify_until`.

    Subclasses implement `change`. After it, the strides are set to the sizes that the splats have by then, so that
    steps stay in proportion to them. A cell's random numbers come from a generator seeded by `scenes[b].rng` and the
    step, so no generator's state has to be stored. Cells that are not `Slots.sound` are left unchanged.
    """

    def __init__(self, batch: Batch):
        self._model, self._adam, self._config = batch.model, batch.adam, batch.config
        self._seeds = [scene.rng.bit_generator.random_raw() for scene in batch.scenes]
        pixels = (focal_px(batch.config.image_size) / REFERENCE_RADII) ** 2
        self.peak_per_light = [scene.exposure * pixels / (2.0 * np.pi * EPS_PX2) for scene in batch.scenes]
        """For each cell, the peak coverage at REFERENCE_RADII of a point with one unit of light."""

    def act(self, step: int) -> None:
        if self._due(step):
            for b, slots in open_cells(self._model, self._adam):
                if slots.sound:
                    self.change(b, slots, step)
                    slots.measure_strides()

    @abstractmethod
    def change(self, b: int, slots: Slots, step: int) -> None:
        """Make one round's changes to cell `b`, whose slots are `slots`, after `step` steps."""

    def prune(self, b: int, slots: Slots, opacity_threshold: float) -> set[int]:
        """Merge every faint splat of a cell into the nearest that is not faint; return the slots merged into.

        A splat is faint if all its light in a point would peak below `opacity_threshold` at REFERENCE_RADII. The peak
        of its actual shape would condemn wide splats, which stand for many faint stars. If all splats are faint, none
        is merged.
        """
        free = slots.free
        faint = slots.light(free) * self.peak_per_light[b] < opacity_threshold
        living, heirs = free[~faint], set()
        for slot in free[faint] if len(living) else ():
            heir = int(living[np.argmin(np.sum((slots.means(living) - slots.means(slot)) ** 2, axis=1))])
            slots.merge(int(slot), heir)
            heirs.add(heir)
        return heirs

    def moves(self, slots: Slots, step: int, share: float) -> int:
        """Return how many splats a round may create: one for each empty slot, and `share` of the existing ones.

        The share falls linearly to 0 at `densify_until`, as splats created late have no time to settle.
        """
        waning = 1.0 - step / self._config.densify_until
        return len(slots.room) + round(share * waning * len(slots.free))

    def _due(self, step: int) -> bool:
        config = self._config
        return config.densify_interval > 0 and step % config.densify_interval == 0 and step <= config.densify_until

    def _rng(self, b: int, step: int) -> np.random.Generator:
        return np.random.default_rng([self._seeds[b], step])


class GradientStats:
    """Sums of the gradient in the splats' positions over the steps since the last `clear`, kept on the device."""

    def __init__(self, model: Model):
        self._model = model
        self._vectors = torch.zeros_like(model.anchors)
        self._norms = torch.zeros_like(model.anchors[..., 0])
        self._steps = 0

    @torch.no_grad()
    def add(self, grad: Tensor) -> None:
        """Add `grad` [B, K, 14], the gradient of the loss in `Model.params`."""
        vectors = grad[..., COLUMNS["offsets"]] / self._model.strides
        self._vectors += vectors
        self._norms += vectors.norm(dim=-1)
        self._steps += 1

    def mean(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean gradient [B, K, 3] in positions and the mean of its norm [B, K], per cell radius."""
        count = max(self._steps, 1)
        return self._vectors.cpu().numpy() / count, self._norms.cpu().numpy() / count

    def clear(self) -> None:
        self._vectors.zero_()
        self._norms.zero_()
        self._steps = 0

    def state(self) -> dict[str, Any]:
        return {"vectors": self._vectors.clone(), "norms": self._norms.clone(), "steps": self._steps}

    def restore(self, state: dict[str, Any]) -> None:
        self._vectors.copy_(state["vectors"])
        self._norms.copy_(state["norms"])
        self._steps = state["steps"]


def direction(rng: np.random.Generator) -> np.ndarray:
    """Return a random unit vector [3], uniform over directions."""
    vector = rng.standard_normal(3)
    return vector / norm(vector)
