"""Density control: how splats are added, moved and taken away while a batch trains, never above a cell's budget.

A new strategy is one file and one line in `helios.train.registries.STRATEGIES`: a frozen dataclass whose fields are its
options, as in `--strategy mcmc:noise_lr=0.5`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from helios.render.backend import Backend
from helios.train.config import TrainConfig
from helios.train.optim.adam import Adam
from helios.train.optim.model import Model
from helios.train.scene import Scene


@dataclass(frozen=True)
class Batch:
    """B cells in training: what density control changes (`model`, and `adam`'s moments with it) and may look at.

    `scenes` are the cells' own, `backend` draws them.
    """

    model: Model
    adam: Adam
    scenes: Sequence[Scene]
    config: TrainConfig
    backend: Backend


class Strategy(Protocol):
    """A frozen dataclass of options."""

    def begin(self, batch: Batch) -> DensityControl:
        """Return what controls `batch`, at step 0."""
        ...


class DensityControl(Protocol):
    """Changes a batch's model in place, and its optimiser's moments with it.

    A cell's splats may lie in any slots of its row, never more than `model.caps` of them. What happens to a cell does
    not depend on the cells beside it: chance comes from generators seeded by `scenes[b].rng`, one per cell.
    """

    def observe(self, grad: Tensor) -> None:
        """Note `grad` [B, K, 14], the loss's gradient in `model.params`, before the optimiser's step."""
        ...

    def act(self, step: int) -> None:
        """Do what is due after `step` steps."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what `observe` and chance have left, as tensors and numbers."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from such a state."""
        ...
