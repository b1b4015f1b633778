"""The stars whose distance is known best: near ones that are not too faint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helios.catalog.table import StarTable

_PARALLAX_ERROR_G_MAG = (15.0, 17.0, 20.0, 21.0)
_PARALLAX_ERROR_MAS = (0.025, 0.07, 0.5, 1.3)
"""Gaia DR3's typical uncertainty of a parallax by magnitude, constant above the first: Gaia Collaboration, Brown et
al. 2021, A&A 649, A1, table 3 (doi:10.1051/0004-6361/202039657)."""


@dataclass(frozen=True)
class Quality:
    """Prefers the most certain distance."""

    def score(self, stars: StarTable) -> NDArray[np.float64]:
        """Return the parallax [N] over the uncertainty that Gaia DR3 typically has at the star's magnitude."""
        log_error = np.interp(stars.phot_g_mean_mag, _PARALLAX_ERROR_G_MAG, np.log(_PARALLAX_ERROR_MAS))
        return stars.parallax / np.exp(log_error)
