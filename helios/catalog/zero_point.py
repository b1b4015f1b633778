"""The zero point of Gaia's parallaxes: their systematic error by magnitude, colour and place on the sky."""

from __future__ import annotations

from functools import cache
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.catalog.counts import Counts
from helios.catalog.table import ZERO_POINT_COLUMNS, StarTable, single
from helios.constants import ICRS_TO_ECLIPTIC
from helios.coords import unit_vectors
from helios.errors import InputError
from helios.fixed_order import product

FIVE_PARAMETERS, SIX_PARAMETERS = 31, 95
"""Gaia's `astrometric_params_solved`: position, parallax and proper motion; these and a pseudocolour."""


EPOCH = 2016.0
"""The epoch of the releases for which the zero points were determined, EDR3 and DR3."""


def subtract_zero_point(table: StarTable, epochs: ArrayLike = EPOCH) -> tuple[StarTable, Counts]:
    """Return `table` with the zero point subtracted from its parallaxes, without ZERO_POINT_COLUMNS, and the Counts.

    A row without a zero point, such as a star brighter than G = 6 or one of another release than EDR3 and DR3 by its
    epoch, of which `epochs` are Julian years, [N] or one, keeps its parallax; the Counts say how many rows
    with a parallax were corrected and how many were not. Raises InputError where the package with the zero points is
    not installed.
    """
    # Unusable ra and dec give no valid latitude; a later cut rejects such rows.
    with np.errstate(invalid="ignore"):
        height = product(unit_vectors(table.ra, table.dec), ICRS_TO_ECLIPTIC[2])
        latitude = np.rad2deg(np.arcsin(np.clip(height, -1.0, 1.0)))
    zero_point = parallax_zero_point_mas(
        single(table.phot_g_mean_mag),
        table.nu_eff_used_in_astrometry,
        table.pseudocolour,
        latitude,
        table.astrometric_params_solved,
    )
    known, measured = np.isfinite(zero_point) & (np.asarray(epochs) == EPOCH), np.isfinite(table.parallax)
    parallax = np.where(known, table.parallax - zero_point, table.parallax)
    counts = Counts(
        corrected=int(np.count_nonzero(known & measured)), uncorrected=int(np.count_nonzero(~known & measured))
    )
    return table.with_columns(parallax=parallax, **dict.fromkeys(ZERO_POINT_COLUMNS)), counts


def require_zero_point() -> None:
    """Raise InputError where the package with the zero points is not installed."""
    _package()


def parallax_zero_point_mas(
    phot_g_mean_mag: ArrayLike,
    nu_eff_used_in_astrometry: ArrayLike,
    pseudocolour: ArrayLike,
    ecl_lat: ArrayLike,
    astrometric_params_solved: ArrayLike,
) -> NDArray[np.float64]:
    """Return the parallax zero point, float64 mas [N], to be *subtracted* from the catalogue's parallax.

    Arguments are columns of Gaia EDR3 and DR3, [N] or one value for all: magnitude G, `nu_eff_used_in_astrometry` and
    `pseudocolour` in 1/micrometre, ecliptic latitude in degrees, and `astrometric_params_solved`, which says which
    of the two colours is used; the other may be NaN.

    The zero point is NaN where there is none: for a two-parameter solution, a missing value, or a value outside the
    range in which it was determined, G in (6, 21), nu_eff in (1.1, 1.9), pseudocolour in (1.24, 1.72). It is rounded to
    0.001 microarcsecond.

    Lindegren et al. 2021, A&A 649, A4 (doi:10.1051/0004-6361/202039653), appendix A, tables 9 and 10, as
    published by its authors in the package `gaiadr3-zeropoint`, which must be installed. Raises InputError where it
    is not.
    """
    columns = (phot_g_mean_mag, nu_eff_used_in_astrometry, pseudocolour, ecl_lat, astrometric_params_solved)
    arrays = np.broadcast_arrays(*(np.asarray(column, np.float64) for column in columns))
    magnitude, nu_eff, pseudo, latitude, solved = (array.ravel() for array in arrays)
    colour = np.select([solved == FIVE_PARAMETERS, solved == SIX_PARAMETERS], [nu_eff, pseudo], np.nan)
    rows = np.flatnonzero(np.isfinite(magnitude) & np.isfinite(colour) & np.isfinite(latitude))
    zero_point = np.full(magnitude.shape, np.nan)
    package = _package()
    if len(rows):
        # The colour that applies is passed as both. Without warnings, values out of range give NaN.
        arguments = (magnitude[rows], colour[rows], colour[rows], latitude[rows], solved[rows])
        zero_point[rows] = package.get_zpt(*arguments, _warnings=False)
    return zero_point.reshape(arrays[0].shape)


@cache
def _package() -> ModuleType:
    """Return the module with the coefficients loaded. Raises InputError where it is not installed."""
    try:
        from zero_point import zpt
    except ImportError as error:
        raise InputError(
            "the parallax zero point needs the package gaiadr3-zeropoint (pip install gaiadr3-zeropoint)"
        ) from error
    zpt.load_tables()
    return zpt
