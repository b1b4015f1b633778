"""Orbits as columns: what readers of small bodies return and what is propagated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

OBLIQUITY_ARCSEC = 84_381.448
"""Obliquity of the ecliptic to which published elements refer, arcseconds: IAU 1976, as JPL Horizons and the Minor
Planet Center use it. It is turned from ICRS about the x axis alone, without a frame bias."""


@dataclass(frozen=True)
class Orbits:
    """Osculating heliocentric orbits, N of them, each of its own epoch.

    Conics of any kind: `perihelion_au` and the time of perihelion are finite for all of them, as the semi-major axis
    and the mean anomaly are not. Angles are degrees, of the mean ecliptic and equinox of J2000 (`OBLIQUITY_ARCSEC`).
    """

    designation: NDArray[np.str_]
    """[N], unpacked and without brackets: `1`, `2014 WT625`, `1I`, `1P`, `C/1995 O1`; unique."""
    name: NDArray[np.str_]
    """[N], `Ceres`, `Halley`, or empty."""
    kind: NDArray[np.str_]
    """[N], `asteroid`, `comet`, `dwarf planet`, `interstellar` or `spacecraft`."""
    epoch_jd_tdb: NDArray[np.float64]
    """[N], Julian date, TDB, at which the elements osculate."""
    perihelion_au: NDArray[np.float64]
    """[N], above 0."""
    eccentricity: NDArray[np.float64]
    """[N], 0 and above."""
    inclination_deg: NDArray[np.float64]
    """[N], from 0 to 180."""
    node_deg: NDArray[np.float64]
    """[N], longitude of the ascending node."""
    argument_deg: NDArray[np.float64]
    """[N], argument of perihelion."""
    perihelion_days: NDArray[np.float64]
    """[N], time of perihelion after the epoch, days of TDB: kept as a difference, as a Julian date in float64 has 40
    microseconds."""
    h_mag: NDArray[np.float64]
    """[N], absolute magnitude: H of the H, G system, or a comet's total magnitude M1; NaN where unknown."""
    slope: NDArray[np.float64]
    """[N], G of the H, G system, or a comet's slope in units of 2.5 log10 of the heliocentric distance; NaN where
    unknown."""

    def __len__(self) -> int:
        return len(self.designation)

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.integer] | slice) -> Orbits:
        """Return these rows."""
        return Orbits(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @classmethod
    def joined(cls, parts: Sequence[Orbits]) -> Orbits:
        """Return the rows of all `parts`, of which there is one at least, in order."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})
