"""The brightest stars in the sky."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helios.catalog.table import StarTable


@dataclass(frozen=True)
class Brightness:
    """Prefers the smallest apparent G magnitude."""

    def score(self, stars: StarTable) -> NDArray[np.float64]:
        """Return a score [N] that is higher for a smaller apparent G magnitude."""
        return -stars.phot_g_mean_mag
