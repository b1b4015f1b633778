"""What makes some stars landmarks: each generator ranks stars by a score of its own.

A new one is one file and one line in `GENERATORS`: a frozen dataclass, whose fields are its options, that does what
`Generator` says.
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
    """What every landmark generator does."""

    def score(self, stars: StarTable) -> NDArray[np.float64]:
        """Return the score [N] of `stars`, finite; the highest become landmarks. It depends on each star alone."""
