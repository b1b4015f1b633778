"""Starts: the splats from which the training of a cell begins.

A new start is one file and one line in `helios.training.registries.STARTS`: a frozen dataclass whose fields are its
options, as in `--start knn:neighbors=5`.
"""

from __future__ import annotations

from typing import Protocol

from helios.splats import Splats
from helios.training.scene import Scene


class Start(Protocol):
    """A frozen dataclass of options, called with a cell."""

    def __call__(self, scene: Scene, count: int) -> tuple[Splats, int]:
        """Return at most `count` splats in the frame of `scene`, and how many of the first of them stay untrained.

        `count` is less than the number of the cell's stars, except for `mixture`; random numbers are from `scene.rng`.
        """
        ...
