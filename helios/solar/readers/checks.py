"""What no orbit can have, refused in words that name the row, the value and the limit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Refuse = Callable[[NDArray[np.bool_], str], None]
"""Raises InputError with the words at the first row that is bad, if one is."""

DWARF_PLANETS = {
    "1": "Ceres",
    "136108": "Haumea",
    "136199": "Eris",
    "136472": "Makemake",
    "50000": "Quaoar",
    "90377": "Sedna",
    "90482": "Orcus",
    "225088": "Gonggong",
}
"""Minor planets that are called dwarf planets here: the four of the IAU beside Pluto, and the four next in size."""

PLUTO = "134340"
"""A planet here, moved by the ephemeris."""


def check_conic(
    refuse: Refuse,
    perihelion_au: NDArray[np.float64],
    eccentricity: NDArray[np.float64],
    inclination_deg: NDArray[np.float64],
) -> None:
    """Refuse perihelia that are not above 0 au, eccentricities below 0, inclinations outside 0 to 180 degrees, [N]."""
    refuse(~(perihelion_au > 0), "perihelion distance q must be above 0 au")
    refuse(~(eccentricity >= 0), "eccentricity e must be 0 or more")
    refuse(~((inclination_deg >= 0) & (inclination_deg <= 180)), "inclination i must be from 0 to 180 degrees")


def check_axis(refuse: Refuse, semi_major_axis_au: NDArray[np.float64], eccentricity: NDArray[np.float64]) -> None:
    """Refuse semi-major axes, [N], that contradict the eccentricity: above 0 of ellipses, below 0 of hyperbolas."""
    axis, e = semi_major_axis_au, eccentricity
    refuse((e >= 1) & (axis > 0), "a above 0 au contradicts e >= 1, an open orbit; give its perihelion distance q")
    refuse((e < 1) & ~(axis > 0), "a must be above 0 au where e is below 1")
