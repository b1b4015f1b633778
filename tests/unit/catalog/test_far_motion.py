"""The embedded stars, moved by the velocities that a pack has, are where astropy has them, now and 100,000 years off.

A page moves stars along straight lines, place + velocity x years, without the travel time of light. Astropy
(`apply_space_motion`, ERFA's `pmsafe`) shows each star when its light arrives, and takes catalogued motions as seen by
light too. Both differences are v/c of the way, so that no star may be farther off than 2 v/c of its way, seen from the
Sun at its distance then; the rest is float32 of the radial velocities and velocities, 1e-7 of the way each.
"""

import gzip

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord
from astropy.table import Table
from astropy.time import Time

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.catalogs_path import embedded
from helios.universe import Universe

LIGHT_M_PER_YR = 299_792_458.0 * 365.25 * 86_400.0
HR = {
    **{"alpha Cen": 5459, "Sirius": 2491, "Arcturus": 5340, "61 Cyg A": 8085, "61 Cyg B": 8086, "eps Eri": 1084},
    **{"Procyon": 2943, "eps Ind": 8387, "tau Cet": 509, "40 Eri": 1325, "70 Oph": 6752, "Altair": 7557},
    **{"eta Cas": 219, "mu Cas": 321, "Groombridge 1830": 4550, "82 Eri": 1008, "Vega": 7001, "Fomalhaut": 8728},
    **{"Dubhe": 4301, "Merak": 4295, "Alkaid": 5191, "Aldebaran": 1457, "Betelgeuse": 2061},
}


@pytest.fixture(scope="module")
def rows():
    with gzip.open(embedded("bright_stars.csv.gz"), "rt") as lines:
        table = Table.read(lines.read(), format="ascii.csv")
    table.add_index("source_id")
    return table.loc[list(HR.values())]


@pytest.fixture(scope="module")
def stars(rows, tmp_path_factory):
    """(places at J2000 [N, 3] metres, velocities [N, 3] metres a year) of a universe that is built without options."""
    path = tmp_path_factory.mktemp("far") / "universe"
    build_universe(BuildConfig(), path, [])
    columns = Universe.open(path).columns(("source_id", "x_m", "y_m", "z_m", "velocity"))
    by_id = {int(source): row for row, source in enumerate(columns["source_id"])}
    found = [by_id[source] for source in HR.values()]
    return np.stack([columns[name][found] for name in ("x_m", "y_m", "z_m")], axis=-1), columns["velocity"][found]


def astropy_places(rows, year):
    """Ecliptic metres [N, 3]."""
    then = SkyCoord(
        ra=np.asarray(rows["ra"]) * u.deg,
        dec=np.asarray(rows["dec"]) * u.deg,
        distance=1000.0 / np.asarray(rows["parallax"]) * u.pc,
        pm_ra_cosdec=np.asarray(rows["pmra"]) * u.mas / u.yr,
        pm_dec=np.asarray(rows["pmdec"]) * u.mas / u.yr,
        radial_velocity=np.asarray(rows["radial_velocity"]) * u.km / u.s,
        obstime=Time("J2000", scale="tdb"),
    ).apply_space_motion(new_obstime=Time(year, format="jyear", scale="tdb"))
    placed = SkyCoord(ra=then.ra, dec=then.dec, distance=then.distance)
    return placed.transform_to(BarycentricMeanEcliptic()).cartesian.xyz.to_value(u.m).T


def angles(a, b):
    return np.arctan2(np.linalg.norm(np.cross(a, b), axis=1), np.sum(a * b, axis=1))


@pytest.mark.parametrize("years", [-100_000, -10_000, 0, 10_000, 100_000])
def test_well_known_stars_are_where_astropy_has_them(rows, stars, years):
    place, velocity = stars
    assert (np.linalg.norm(velocity, axis=1) > 0).all()
    expected = astropy_places(rows, 2000.0 + years)
    moved = place + velocity.astype(float) * years
    speed = np.linalg.norm(velocity, axis=1)
    way = speed * abs(years)
    allowed = (2 * speed / LIGHT_M_PER_YR + 2e-7) * way / np.linalg.norm(expected, axis=1) + 1e-11
    off = angles(moved, expected)
    assert (off <= allowed).all(), dict(zip(HR, np.degrees(off) * 3600))
    # What that comes to: the fastest is 1 arcmin off in 100,000 years and 2 arcsec in 10,000.
    assert np.degrees(off.max()) * 3600 < (70 if abs(years) > 10_000 else 3)
    if years:
        # It is no test of stars at rest.
        assert np.degrees(np.median(angles(place, moved))) > abs(years) / 20_000
