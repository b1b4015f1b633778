"""`fixed`: the splats of the start, no more and no fewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from helios.training.strategies import Batch


@dataclass(frozen=True)
class Fixed:
    """No density control."""

    def begin(self, batch: Batch) -> NoControl:
        return NoControl()


class NoControl:
    """Does nothing; a base for controls that need only a part of `DensityControl`."""

    def observe(self, grad: Tensor) -> None:
        pass

    def act(self, step: int) -> None:
        pass

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        pass
