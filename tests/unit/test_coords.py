"""Positions against astropy, whose BarycentricMeanEcliptic defines the frame, and against JPL's planets.

Random directions with the poles and the meridian added, over nine decades of distance: nothing in the rotation may
depend on where a star is. JPL's vectors are a second authority that shares no code with astropy.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy import units as u
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord

from helios.constants import AU_M, PARSEC_M
from helios.coords import ecliptic_m_to_icrs, icrs_to_ecliptic_m, parallax_to_distance_m

PLANETS = Path(__file__).parents[1] / "data/planets_j2000_heliocentric.csv"


@pytest.fixture(scope="module")
def sky():
    rng = np.random.default_rng(1)
    ra = np.concatenate([rng.uniform(0, 360, 500), [0.0, 0.0, 123.0, 359.999999, 180.0]])
    dec = np.concatenate([np.rad2deg(np.arcsin(rng.uniform(-1, 1, 500))), [90.0, -90.0, 90.0, 0.0, 0.0]])
    return ra, dec, 10.0 ** rng.uniform(-2, 7, len(ra))


def test_positions_are_those_of_astropy(sky):
    ra, dec, distance_pc = sky
    frame = SkyCoord(ra * u.deg, dec * u.deg, distance_pc * u.pc).transform_to(BarycentricMeanEcliptic())
    expected = frame.cartesian.xyz.to_value(u.m).T
    got = icrs_to_ecliptic_m(ra, dec, distance_pc * PARSEC_M)
    error = np.linalg.norm(got - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert got.dtype == np.float64
    assert error.max() < 1e-12


def test_units_are_those_of_astropy():
    # Both parsecs are 648000/pi au, rounded once.
    assert pytest.approx(u.au.to(u.m), rel=1e-15) == AU_M
    assert pytest.approx(u.pc.to(u.m), rel=1e-15) == PARSEC_M


def test_directions_and_distances_come_back(sky):
    ra, dec, distance_pc = sky
    back_ra, back_dec, back_m = ecliptic_m_to_icrs(icrs_to_ecliptic_m(ra, dec, distance_pc * PARSEC_M))
    # Near a pole right ascension is lost, but never the direction: compare on the sphere, in radians.
    along = np.deg2rad((back_ra - ra + 180) % 360 - 180) * np.cos(np.deg2rad(dec))
    assert np.abs(along).max() < 1e-14
    assert np.abs(np.deg2rad(back_dec - dec)).max() < 2e-8  # arctan2 of hypot; 2e-8 only at the poles themselves
    np.testing.assert_allclose(back_m, distance_pc * PARSEC_M, rtol=1e-14)
    assert ((back_ra >= 0) & (back_ra < 360)).all()


def test_planets_of_jpl_land_in_the_ecliptic_frame():
    planets = pd.read_csv(PLANETS)
    icrf = planets[["x_icrf_m", "y_icrf_m", "z_icrf_m"]].to_numpy()
    r = np.linalg.norm(icrf, axis=1)
    got = icrs_to_ecliptic_m(
        np.rad2deg(np.arctan2(icrf[:, 1], icrf[:, 0])) % 360, np.rad2deg(np.arcsin(icrf[:, 2] / r)), r
    )
    expected = planets[["x_ecl_m", "y_ecl_m", "z_ecl_m"]].to_numpy()
    # JPL turns ICRF by the obliquity alone; the mean equinox of J2000 is 0.042 arcsec away (IERS 2010, section 5.4).
    frame_bias = np.deg2rad(0.042 / 3600)
    assert (np.linalg.norm(got - expected, axis=1) / r).max() < frame_bias


def test_a_parallax_of_one_arcsecond_is_a_parsec():
    np.testing.assert_allclose(parallax_to_distance_m([1000.0, 1.0, 0.5]), np.array([1, 1e3, 2e3]) * PARSEC_M)
