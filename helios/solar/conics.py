"""What elements of a conic about the Sun say of each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from helios.solar.orbits import Orbits

GAUSS_GM = 0.01720209895**2
"""GM of the Sun, au^3 per day^2: Gauss's constant squared, with which published elements relate a, n and M."""


def semi_major_axes_au(orbits: Orbits) -> NDArray[np.float64]:
    """Return the semi-major axes of `orbits`, [N], au: below 0 for hyperbolas, infinite for parabolas."""
    with np.errstate(divide="ignore"):
        return orbits.perihelion_au / (1.0 - orbits.eccentricity)


def mean_motions_deg_per_day(semi_major_axis_au: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean motions, [N], degrees per day, of ellipses and hyperbolas by their semi-major axes, [N]."""
    return np.rad2deg(np.sqrt(GAUSS_GM / np.abs(semi_major_axis_au) ** 3))


def perihelion_days(
    mean_anomaly_deg: NDArray[np.float64], motion_deg_per_day: NDArray[np.float64], closed: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the times of perihelion after the epoch, [N], days; of the closed orbits that nearest to the epoch."""
    wrapped = np.where(closed, np.mod(mean_anomaly_deg + 180.0, 360.0) - 180.0, mean_anomaly_deg)
    return -wrapped / motion_deg_per_day
