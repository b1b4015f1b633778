"""The uniform straight motion of stars: from one epoch to another, and as a velocity in the project's frame."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.constants import AU_M, ICRS_TO_ECLIPTIC, JULIAN_YEAR_S, LIGHT_YEAR_M
from helios.coords import unit_vectors
from helios.errors import InputError
from helios.fixed_order import product

Floats = NDArray[np.float64]

LIGHT_AU_PER_YEAR = LIGHT_YEAR_M / AU_M
"""Speed of light, au per Julian year."""

KM_PER_S = 1000.0 * JULIAN_YEAR_S / AU_M
"""One kilometre per second in au per Julian year."""

MAS = np.deg2rad(1.0 / 3_600_000.0)
"""One milliarcsecond, radians."""

FASTEST = 0.01
"""Highest believable speed across the sky in units of light's: 3000 km/s, five times the escape speed of the Galaxy.

A parallax that makes a star faster is noise. SOFA's `pmsafe` has the same limit (the smallest parallax in arcseconds
that it accepts is 326 times the motion in radians per year).
"""

EPOCH_LIMIT = 30_000.0
"""Largest Julian year: larger ones are Julian dates or mistakes, and stars move straight for no longer than this."""


class Astrometry(NamedTuple):
    """Six parameters of N stars at one epoch, float64 [N], ICRS, in the units of Gaia's columns.

    `ra` in [0, 360) and `dec` degrees, `parallax` mas, `pmra` (with cos dec) and `pmdec` mas per Julian year,
    `radial_velocity` km/s.
    """

    ra: Floats
    dec: Floats
    parallax: Floats
    pmra: Floats
    pmdec: Floats
    radial_velocity: Floats


def propagate(
    ra: ArrayLike,
    dec: ArrayLike,
    parallax: ArrayLike,
    pmra: ArrayLike,
    pmdec: ArrayLike,
    radial_velocity: ArrayLike,
    from_epoch: ArrayLike,
    to_epoch: float,
) -> Astrometry:
    """Return the six parameters of N stars at `to_epoch`, from those at `from_epoch`, [N] or one, Julian years.

    Columns and units are as in `Astrometry`, [N] or one value for all. NaN in `radial_velocity` counts as 0; NaN in
    `pmra` or `pmdec` counts as 0 for both, so that the star stays at its place on the sky. NaN is returned as NaN.

    The stars move in a straight line at constant speed, and are seen when their light arrives (Stumpff 1985, A&A 144,
    232; the scheme of SOFA's `starpm` and of astropy's `apply_space_motion`, with which this agrees to better than 1
    microarcsecond in a century). Where the parallax is NaN or not above 0, or so small that the star would move across
    the sky at more than 1 % of the speed of light, the distance is unusable: only the direction moves, along a great
    circle; the radial velocity has no effect, and `parallax` and `radial_velocity` are returned unchanged.

    Raises InputError for an epoch that is not finite. Some 700,000 stars a second, 0.4 kB of memory for each.
    """
    if not (np.isfinite(from_epoch).all() and np.isfinite(to_epoch)):
        raise InputError(f"epochs {np.asarray(from_epoch)} and {to_epoch}: must be finite Julian years")
    years = float(to_epoch) - np.asarray(from_epoch, np.float64)
    columns = [np.asarray(column, np.float64) for column in (ra, dec, parallax, pmra, pmdec, radial_velocity)]
    ra, dec, parallax, pmra, pmdec, radial_velocity = np.broadcast_arrays(*columns)
    still = np.isnan(pmra) | np.isnan(pmdec)
    at, (east, north) = unit_vectors(ra, dec), _east_and_north(ra, dec)
    angular = MAS * (np.where(still, 0.0, pmra)[..., None] * east + np.where(still, 0.0, pmdec)[..., None] * north)

    # Observed speeds across and along the line of sight, in units of the speed of light.
    placed = np.isfinite(parallax) & (parallax > 0.0)
    distance = np.where(placed, 1.0 / (MAS * np.where(placed, parallax, 1.0)), 1.0)
    across = np.linalg.norm(angular, axis=-1) * distance / LIGHT_AU_PER_YEAR
    placed &= across <= FASTEST
    distance = np.where(placed, distance, 1.0)
    along = np.where(placed & ~np.isnan(radial_velocity), radial_velocity, 0.0) * KM_PER_S / LIGHT_AU_PER_YEAR
    doppler = _observed_to_inertial(np.where(placed, across, 0.0), along)

    # Velocity in au per year. Without a distance the star is put at 1 au, and only its direction is used.
    radial = LIGHT_AU_PER_YEAR * (doppler - 1.0)
    velocity = radial[..., None] * at + (doppler * distance)[..., None] * angular
    moved = distance[..., None] * at + _seen_after(years, distance, radial, velocity, placed)[..., None] * velocity
    new_distance = np.linalg.norm(moved, axis=-1)
    new_at = moved / new_distance[..., None]
    new_radial = np.sum(velocity * new_at, axis=-1)
    tangent = velocity - new_radial[..., None] * new_at
    shift = np.where(placed, 1.0 + new_radial / LIGHT_AU_PER_YEAR, 1.0)
    angular = tangent / (shift * new_distance)[..., None] / MAS

    x, y, z = np.moveaxis(new_at, -1, 0)
    # For a tiny negative angle, % 360 gives 360 itself.
    new_ra = np.rad2deg(np.arctan2(y, x)) % 360.0 % 360.0
    new_dec = np.rad2deg(np.arctan2(z, np.hypot(x, y)))
    east, north = _east_and_north(new_ra, new_dec)
    return Astrometry(
        new_ra,
        new_dec,
        np.where(placed, 1.0 / (MAS * new_distance), parallax),
        np.where(still, pmra, np.sum(angular * east, axis=-1)),
        np.where(still, pmdec, np.sum(angular * north, axis=-1)),
        np.where(
            placed & ~np.isnan(radial_velocity), _inertial_to_observed(velocity, new_radial) / KM_PER_S, radial_velocity
        ),
    )


def velocity_m_per_yr(
    ra: ArrayLike,
    dec: ArrayLike,
    distance_m: ArrayLike,
    pmra: ArrayLike,
    pmdec: ArrayLike,
    radial_velocity: ArrayLike,
) -> Floats:
    """Return float64 [N, 3] velocities, barycentric mean ecliptic J2000, metres per Julian year.

    Units are as in `Astrometry`; `distance_m` is in metres from the barycentre. NaN in a motion or a radial velocity
    counts as 0, as in `propagate`. v = v_r u + d (mu_a* p + mu_d q) (ESA 1997, SP-1200, vol. 1, eq. 1.2.21), without
    the light-time terms of `propagate`: a relative error of v/c, also in positions moved with it for a century.
    """
    columns = [np.asarray(column, np.float64) for column in (ra, dec, distance_m, pmra, pmdec, radial_velocity)]
    ra, dec, distance, pmra, pmdec, radial_velocity = np.broadcast_arrays(*columns)
    at, (east, north) = unit_vectors(ra, dec), _east_and_north(ra, dec)
    still = np.isnan(pmra) | np.isnan(pmdec)
    per_mas = np.where(still, 0.0, distance * MAS)
    radial = np.where(np.isnan(radial_velocity), 0.0, radial_velocity) * (1000.0 * JULIAN_YEAR_S)
    across = np.where(still, 0.0, pmra)[..., None] * east + np.where(still, 0.0, pmdec)[..., None] * north
    return product(radial[..., None] * at + per_mas[..., None] * across, ICRS_TO_ECLIPTIC.T)


def parse_epoch(text: str) -> float:
    """Return the Julian year in `text`, such as "J2000", "J2016.0" or "2026.9".

    Raises InputError for text that is not a number, is outside -30000 to 30000 (a Julian date), or is Besselian.

    >>> parse_epoch("J2016.0")
    2016.0
    """
    named = re.fullmatch(r"\s*([JjBb]?)([+-]?\d+(?:\.\d*)?)\s*", text)
    if not named:
        raise InputError(f"epoch {text!r}: must be a Julian year such as J2016.0 or 2026.9")
    year = float(named[2])
    if named[1] in ("B", "b"):
        # Lieske 1979, A&A 73, 282: B1900.0 is JD 2415020.31352, its year 365.242198781 days.
        julian = 2000.0 + (2_415_020.31352 + (year - 1900.0) * 365.242198781 - 2_451_545.0) / 365.25
        raise InputError(f"epoch {text!r}: Besselian, must be a Julian year (use J{julian:.4f})")
    if abs(year) > EPOCH_LIMIT:
        raise InputError(
            f"epoch {text!r}: must be a year of -{EPOCH_LIMIT:.0f} to {EPOCH_LIMIT:.0f} (of a Julian date JD, use "
            "2000 + (JD - 2451545) / 365.25)"
        )
    return year


def _east_and_north(ra: Floats, dec: Floats) -> tuple[Floats, Floats]:
    """Return unit vectors [N, 3] towards east and north at the stars' places on the sky; at a pole `ra` sets them."""
    a, d = np.deg2rad(ra), np.deg2rad(dec)
    sin_a, cos_a, sin_d, cos_d = np.sin(a), np.cos(a), np.sin(d), np.cos(d)
    return (
        np.stack([-sin_a, cos_a, np.zeros_like(sin_a)], axis=-1),
        np.stack([-sin_d * cos_a, -sin_d * sin_a, cos_d], axis=-1),
    )


def _observed_to_inertial(across: Floats, along: Floats) -> Floats:
    """Return d = 1 + v_r/c [N] of stars with the observed speeds `across` and `along`, in units of c.

    The light of a receding star takes ever longer, so that its true speed across is d * across; the redshift from which
    `along` is derived is relativistic: d (1 - along) = sqrt(1 - (v/c)^2) (Stumpff 1985, as in SOFA's `starpv`, which
    iterates; squared, the equation is linear in d).
    """
    return 2.0 / (1.0 + across**2 + (1.0 - along) ** 2)


def _inertial_to_observed(velocity: Floats, radial: Floats) -> Floats:
    """Return the radial velocity [N] seen in the spectrum, au per year: the inverse of `_observed_to_inertial`."""
    beta2 = np.sum(velocity**2, axis=-1) / LIGHT_AU_PER_YEAR**2
    beta_r = radial / LIGHT_AU_PER_YEAR
    return LIGHT_AU_PER_YEAR * (beta_r + beta2 / (np.sqrt(1.0 - beta2) + 1.0)) / (1.0 + beta_r)


def _seen_after(years: Floats, distance: Floats, radial: Floats, velocity: Floats, placed: NDArray[np.bool_]) -> Floats:
    """Return the time [N], in years, for which stars have moved between two observations `years` apart.

    With p(t) = `distance` u + t `velocity`, the light of the second observation left at the t for which t + |p(t)|/c =
    years + distance/c: a quadratic equation, whose smaller root is computed in the form without cancellation.
    """
    c = LIGHT_AU_PER_YEAR
    speed2 = np.sum(velocity**2, axis=-1)
    # |p(t)|^2 = (c (T - t))^2 with T = years + distance/c, as (c^2 - v^2) t^2 - 2 linear t + constant = 0.
    linear = c * (c * years + distance) + distance * radial
    constant = years * (c * c * years + 2.0 * c * distance)
    root = np.sqrt(linear**2 - (c * c - speed2) * constant)
    away = linear > 0.0
    seen = np.where(away, constant / np.where(away, linear + root, 1.0), (linear - root) / (c * c - speed2))
    return np.where(placed, seen, years)
