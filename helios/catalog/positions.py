"""Gives usable rows their positions in space: EDSD distances, motion to another epoch, metres, and velocities."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.catalog.distances import edsd_distances_pc
from helios.catalog.motion import propagate, velocity_m_per_yr
from helios.catalog.table import StarTable, single
from helios.constants import PARSEC_M
from helios.coords import icrs_to_ecliptic_m, parallax_to_distance_m
from helios.spherical import PIECE_ROWS

LENGTH_SCALE_PC = 1350.0
"""Default length scale of the density of stars, parsecs.

The single value for the whole sky of Astraatmadja & Bailer-Jones 2016, ApJ 833, 119 (doi:10.3847/1538-4357/833/1/119);
the values by direction of Bailer-Jones et al. 2018, AJ 156, 58 (doi:10.3847/1538-3881/aacb21) are of the same order.
"""


def with_edsd_distances(stars: StarTable, length_scale_pc: float) -> StarTable:
    """Return `stars` with distance_pc, the mode of the EDSD posterior, and its 16 % and 84 % quantiles.

    `parallax` must be finite, of either sign, and `parallax_error` above 0, as the cuts for `edsd` leave them;
    `length_scale_pc` is in parsecs, above 0. Raises InputError for other values.
    """
    mode, lower, upper = edsd_distances_pc(stars.parallax, stars.parallax_error, length_scale_pc)
    return stars.with_columns(distance_pc=mode, distance_lower_pc=lower, distance_upper_pc=upper)


def at_epoch(stars: StarTable, from_epoch: ArrayLike, to_epoch: float) -> StarTable:
    """Return `stars`, given at `from_epoch`, one of all or [N], as seen at `to_epoch`, Julian years.

    Their distances change too: `distance_pc` if they have it, else `parallax`; quantiles remain those of `from_epoch`.
    A star without a proper motion stays at its place on the sky; a missing radial velocity counts as 0. A star given at
    `to_epoch` keeps its values to the bit. Raises InputError for an epoch that is not finite.
    """
    measured = "distance_pc" in stars.absent
    # A parallax near 0 gives an infinite distance, which propagate does not use and which is beyond the grid.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        moved = propagate(
            stars.ra,
            stars.dec,
            stars.parallax if measured else 1000.0 / stars.distance_pc,
            stars.pmra,
            stars.pmdec,
            stars.radial_velocity,
            from_epoch,
            to_epoch,
        )._asdict()
        parallax = moved.pop("parallax")
        moved |= {"parallax": parallax} if measured else {"distance_pc": 1000.0 / parallax}
    there = np.asarray(from_epoch) == to_epoch
    return stars.with_columns(**{name: np.where(there, getattr(stars, name), new) for name, new in moved.items()})


def positions_m(stars: StarTable) -> NDArray[np.float64]:
    """Return positions, float64 [N, 3], barycentric mean ecliptic J2000 metres, at distance_pc or else 1/parallax."""
    position = np.empty((3, len(stars))).T
    # A parallax near 0 gives an infinite distance, which is beyond the grid.
    with np.errstate(over="ignore", invalid="ignore"):
        distance_m = _distances_m(stars)
        for start in range(0, len(stars), PIECE_ROWS):
            rows = slice(start, start + PIECE_ROWS)
            position[rows] = icrs_to_ecliptic_m(stars.ra[rows], stars.dec[rows], distance_m[rows])
    return position


def velocities_m_per_yr(stars: StarTable) -> NDArray[np.float64]:
    """Return velocities, float64 [N, 3], metres per Julian year in the axes of `positions_m`; unknown parts are 0."""
    # Rounded as in a catalogue, even after it was moved to another epoch.
    speed = single(stars.radial_velocity)
    return velocity_m_per_yr(stars.ra, stars.dec, _distances_m(stars), stars.pmra, stars.pmdec, speed)


def _distances_m(stars: StarTable) -> NDArray[np.float64]:
    if "distance_pc" in stars.absent:
        return parallax_to_distance_m(stars.parallax)
    return stars.distance_pc * PARSEC_M
