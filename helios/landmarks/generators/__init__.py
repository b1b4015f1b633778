"""Generators of landmarks: each ranks stars by its own score, and the best become landmarks.

A new one is one file and one line in `GENERATORS`: a frozen dataclass that implements `Generator`, and whose fields are
its options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from helios.registry import Registry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from helios.catalog.table import StarTable

GENERATORS = Registry(
    "landmark generator",
    "helios.landmarks",
    {
        "brightness": "helios.landmarks.generators.brightness:Brightness",
        "quality": "helios.landmarks.generators.quality:Quality",
    },
)


class Generator(Protocol):
    """The contract of a landmark generator."""

    def score(self, stars: StarTable) -> NDArray[np.float64]:
        """Return the finite score [N] of each of `stars`, which depends on that star alone; the highest win."""
