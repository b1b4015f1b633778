"""Density control: how splats are added, moved and removed while a batch trains, never above a cell's budget.

A new strategy is one file and one line in `helios.training.registries.STRATEGIES`: a frozen dataclass whose fields are
its options, as in `--strategy mcmc:noise_lr=0.5`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from helios.rendering.backend import Backend
from helios.training.config import TrainConfig
from helios.training.optim.adam import Adam
from helios.training.optim.model import Model
from helios.training.scene import Scene


@dataclass(frozen=True)
class Batch:
    """B cells in training: what density control changes (`model` and the moments of `adam`), and what it may read.

    `scenes` has one scene per cell; `backend` renders them.
    """

    model: Model
    adam: Adam
    scenes: Sequence[Scene]
    config: TrainConfig
    backend: Backend


class Strategy(Protocol):
    """A frozen dataclass of options."""

    def begin(self, batch: Batch) -> DensityControl:
        """Return the density control of `batch`, at step 0."""
        ...


class DensityControl(Protocol):
    """Changes a batch's model and the moments of its optimiser in place.

    A cell's splats may lie in any slots of its row, never in more than `model.caps` of them. What happens to a cell
    does not depend on the other cells of the batch: each has its own random generator, seeded by `scenes[b].rng`.
    """

    def observe(self, grad: Tensor) -> None:
        """Record `grad` [B, K, 14], the gradient of the loss in `model.params`, before the optimiser's step."""
        ...

    def act(self, step: int) -> None:
        """Change the model as is due after `step` steps."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what later calls depend on besides the model and its optimiser, as tensors and numbers."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a result of `state`."""
        ...
