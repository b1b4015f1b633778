"""`default`: splats are cloned, split and pruned as in 3D Gaussian Splatting, with their total light conserved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from helios.fixed_order import norm
from helios.options import option
from helios.training.cameras import FIELD_OF_VIEW_DEG, REFERENCE_RADII
from helios.training.strategies import Batch
from helios.training.strategies.merge_costs import MergeCosts
from helios.training.strategies.rounds import GradientStats, Pruning, Rounds, direction
from helios.training.strategies.slots import Slots

SCREEN = REFERENCE_RADII * np.tan(np.deg2rad(FIELD_OF_VIEW_DEG) / 2.0)
"""Half the width of an image at REFERENCE_RADII, cell radii. It converts gradients per cell radius to gradients per
unit of a screen from -1 to 1 seen from there, the measure of 3DGS."""

_SHARE = 0.1
"""Share of a cell's splats that the first rounds may replace once the budget is spent (`Rounds.moves`)."""

_NOTHING = 1e-30


@dataclass(frozen=True)
class Default(Pruning):
    """Adaptive density control as in Kerbl et al. 2023 (https://doi.org/10.1145/3592433, section 5.2), flux conserved.

    Every round prunes faint splats (`Rounds.prune`). Then it duplicates those whose mean positional gradient on the
    screen is above `grow_grad2d`: splats up to `grow_scale3d` cell radii large are cloned, the copy one size down the
    gradient, and larger ones are split. The two share the light of the original, where 3DGS doubles it.

    A spent budget would end all growth. At the cap, each duplication is therefore preceded by the merger that changes
    the images least (`MergeCosts`), and splats are duplicated in the order of gradient times size, the change of loss
    for a step of their own size. Without the size, points would come first, where duplication gains nothing.

    Every `reset_interval` steps the light is shared equally among the splats, where 3DGS dims them all; training then
    redistributes it.
    """

    grow_grad2d: float = option(
        0.1, "Gradient of the loss, per unit of a screen from -1 to 1, above which splats are added.", (0.0, 1e6)
    )
    grow_scale3d: float = option(
        0.01, "Size, in cell radii, up to which splats are cloned and above which they are split.", (0.0, 1e6)
    )
    reset_interval: int = option(
        0, "Steps between two rounds that share the light equally among splats; 0 for none.", (0, 1_000_000)
    )

    def begin(self, batch: Batch) -> _Control:
        return _Control(self, batch)


class _Control(Rounds):
    def __init__(self, options: Default, batch: Batch):
        super().__init__(batch)
        self._options, self._gradients = options, GradientStats(batch.model)

    def observe(self, grad: Tensor) -> None:
        self._gradients.add(grad)

    def act(self, step: int) -> None:
        if self._due(step):
            self._vectors, self._norms = self._gradients.mean()
            self._gradients.clear()
        super().act(step)

    def change(self, b: int, slots: Slots, step: int) -> None:
        options, rng = self._options, self._rng(b, step)
        heirs = self.prune(b, slots, options.prune_opacity_threshold)
        costs, moves = MergeCosts(slots), self.moves(slots, step, _SHARE)
        gradient, sizes = SCREEN * self._norms[b], slots.sizes(slice(None))
        grown = [k for k in slots.free.tolist() if gradient[k] > options.grow_grad2d and k not in heirs]
        for slot in sorted(grown, key=lambda k: -gradient[k] * sizes[k]):
            if moves and costs.is_open(slot):
                into = costs.make_room(slot)
                if into is None:
                    break
                if sizes[slot] > options.grow_scale3d:
                    slots.split(slot, into, direction(rng))
                else:
                    down = -self._vectors[b, slot].astype(np.float64)
                    slots.clone(slot, into, sizes[slot] * down / max(norm(down), _NOTHING))
                costs.close(slot)
                moves -= 1
        if options.reset_interval and step % options.reset_interval == 0:
            slots.share_equally(slots.free)

    def state(self) -> dict[str, Any]:
        return self._gradients.state()

    def restore(self, state: dict[str, Any]) -> None:
        self._gradients.restore(state)
