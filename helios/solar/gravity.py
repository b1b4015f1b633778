"""What pulls in the solar system: masses, and the axes that orbits are turned to."""

from __future__ import annotations

import numpy as np

from helios.constants import AU_M, ICRS_TO_ECLIPTIC, LIGHT_M_PER_S
from helios.solar.dates import DAY_S
from helios.solar.orbits import OBLIQUITY_ARCSEC

LIGHT_AU_PER_DAY = LIGHT_M_PER_S * DAY_S / AU_M

_GM_KM3_PER_S2 = {
    "Sun": 132_712_440_041.279419,
    "Mercury": 22_031.868551,
    "Venus": 324_858.592,
    "Earth": 398_600.435507,
    "Moon": 4_902.800118,
    "Mars": 42_828.375816,
    "Jupiter": 126_712_764.1,
    "Saturn": 37_940_584.8418,
    "Uranus": 5_794_556.4,
    "Neptune": 6_836_527.10058,
    "Pluto": 975.5,
}
"""G times mass, km^3 / s^2, from Mars outward of the planet with its moons: DE440, Park et al. 2021, AJ 161, 105,
table 2."""

GM = {body: gm * 1e9 * DAY_S**2 / AU_M**3 for body, gm in _GM_KM3_PER_S2.items()}
"""G times mass, au^3 / day^2."""

_TILT = np.deg2rad(OBLIQUITY_ARCSEC / 3600.0)

ORBIT_TO_UNIVERSE = np.einsum(
    "ij,jk->ik",
    ICRS_TO_ECLIPTIC,
    np.array([[1.0, 0.0, 0.0], [0.0, np.cos(_TILT), -np.sin(_TILT)], [0.0, np.sin(_TILT), np.cos(_TILT)]]),
)
"""Rotation from the ecliptic of `Orbits`, which has no frame bias, to the axes of the universe: 0.04 arcseconds."""
