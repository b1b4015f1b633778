"""Positions: from ICRS angles and distances to barycentric mean ecliptic J2000 metres, and back."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.constants import ICRS_TO_ECLIPTIC, PARSEC_M
from helios.fixed_order import product


def unit_vectors(ra_deg: ArrayLike, dec_deg: ArrayLike, axis: int = -1) -> NDArray[np.float64]:
    """Return float64 unit vectors in ICRS axes towards `ra_deg` and `dec_deg` [N], ICRS degrees.

    Their coordinates lie along `axis`: [N, 3] by default, [3, N] for 0.
    """
    ra, dec = np.deg2rad(np.asarray(ra_deg, np.float64)), np.deg2rad(np.asarray(dec_deg, np.float64))
    cos_dec = np.cos(dec)
    return np.stack([cos_dec * np.cos(ra), cos_dec * np.sin(ra), np.sin(dec)], axis=axis)


def stacked_positions_m(columns: Mapping[str, NDArray[np.float64]], axis: int = -1) -> NDArray[np.float64]:
    """Return the positions, metres, that are the columns `x_m`, `y_m` and `z_m` [N]: [N, 3], or [3, N] for axis 0."""
    return np.stack([columns["x_m"], columns["y_m"], columns["z_m"]], axis=axis)


def icrs_to_ecliptic_m(ra_deg: ArrayLike, dec_deg: ArrayLike, distance_m: ArrayLike) -> NDArray[np.float64]:
    """Return float64 [N, 3] positions in metres, barycentric mean ecliptic J2000.

    `ra_deg` and `dec_deg` [N] are ICRS degrees, `distance_m` [N] metres from the barycentre. Proper motion is not
    applied. Agrees with `astropy.coordinates.BarycentricMeanEcliptic` to better than 1e-12 of the distance.
    """
    distance = np.asarray(distance_m, np.float64)
    # Each coordinate is contiguous in memory, which makes everything that works on positions faster.
    icrs = unit_vectors(ra_deg, dec_deg, axis=0)
    return np.moveaxis(np.einsum("ij,j...->i...", ICRS_TO_ECLIPTIC, icrs) * distance, 0, -1)


def ecliptic_m_to_icrs(
    position_m: ArrayLike,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return (ra_deg in [0, 360), dec_deg, distance_m), each float64 [N], of ecliptic positions [N, 3] in metres."""
    position = np.asarray(position_m, np.float64)
    distance = np.linalg.norm(position, axis=-1)
    x, y, z = np.moveaxis(product(position, ICRS_TO_ECLIPTIC), -1, 0)
    ra = np.rad2deg(np.arctan2(y, x)) % 360.0
    return ra, np.rad2deg(np.arctan2(z, np.hypot(x, y))), distance


def parallax_to_distance_m(parallax_mas: ArrayLike) -> NDArray[np.float64]:
    """Return 1000/parallax parsecs in metres, [N], for parallaxes [N] in milliarcseconds, which must be above 0."""
    return PARSEC_M * 1000.0 / np.asarray(parallax_mas, np.float64)
