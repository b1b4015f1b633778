"""Density control: how splats are added, moved and taken away while a batch trains, never above a cell's budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor

from helios.train.config import TrainConfig
from helios.train.optim.adam import Adam
from helios.train.optim.model import Model
from helios.train.scene import Scene


class Strategy(Protocol):
    """Made as (model, adam, scenes, config); changes `model` in place and `adam`'s moments with it.

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
        """What `observe` and chance have left, as tensors and numbers."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from such a state."""
        ...


class Fixed:
    """The splats of the start, no more and no fewer."""

    def __init__(self, model: Model, adam: Adam, scenes: Sequence[Scene], config: TrainConfig):
        pass

    def observe(self, grad: Tensor) -> None:
        pass

    def act(self, step: int) -> None:
        pass

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        pass
