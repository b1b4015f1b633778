"""Frames are turned to ICRS as astropy turns them; motions in FK4, which turns against the stars, as SOFA does.

Astropy takes a motion in FK4 at one time, without the turning of the frame, some 5 mas a year; SOFA's `fk425` (Standish
1982, A&A 115, 20) has it.
"""

import astropy.units as u
import erfa
import numpy as np
import pytest
from astropy.coordinates import FK4, FK5, Galactic, SkyCoord, Supergalactic
from astropy.time import Time

from helios.catalog.declared import Coordinates
from helios.catalog.frames import Frame, frame_of, julian_year
from helios.catalog.motion import propagate
from helios.errors import InputError

RNG = np.random.default_rng(4)
LONGITUDE, LATITUDE = RNG.uniform(0.0, 360.0, 200), np.degrees(np.arcsin(RNG.uniform(-1.0, 1.0, 200)))
EAST, NORTH = RNG.normal(0.0, 300.0, (2, 200))
STILL = np.full(200, np.nan)

FRAMES = {
    "FK5 J2000": (FK5(), Coordinates("eq_FK5", "")),
    "FK5 1975": (FK5(equinox="J1975"), Coordinates("FK5", "1975.0")),
    "FK4 B1950": (FK4(), Coordinates("eq_FK4", "")),
    "FK4 1900 at J1980": (FK4(equinox="B1900", obstime="J1980"), Coordinates("FK4", "1900", "J1980")),
    "galactic": (Galactic(), Coordinates("GALACTIC")),
    "supergalactic": (Supergalactic(), Coordinates("supergalactic")),
}


@pytest.mark.parametrize("name", FRAMES)
def test_directions_are_astropys(name):
    theirs, told = FRAMES[name]
    ra, dec, pmra, pmdec = frame_of(told, "a.vot").to_icrs(LONGITUDE, LATITUDE, STILL, STILL)
    expected = SkyCoord(LONGITUDE * u.deg, LATITUDE * u.deg, frame=theirs).icrs
    assert SkyCoord(ra * u.deg, dec * u.deg).separation(expected).uas.max() < 1.0
    assert np.isnan(pmra).all()
    assert np.isnan(pmdec).all()


@pytest.mark.parametrize("name", [name for name in FRAMES if "FK4" not in name])
def test_motions_are_astropys(name):
    theirs, told = FRAMES[name]
    axes = {"FK5": ("pm_ra_cosdec", "pm_dec"), "gal": ("pm_l_cosb", "pm_b"), "sup": ("pm_sgl_cossgb", "pm_sgb")}[
        name[:3]
    ]
    rates = dict(zip(axes, (EAST * u.mas / u.yr, NORTH * u.mas / u.yr)))
    parts = {"FK5": ("ra", "dec"), "gal": ("l", "b"), "sup": ("sgl", "sgb")}[name[:3]]
    angles = dict(zip(parts, (LONGITUDE * u.deg, LATITUDE * u.deg)))
    expected = SkyCoord(**angles, **rates, distance=1 * u.kpc, frame=theirs).icrs
    _, _, pmra, pmdec = frame_of(told, "a.vot").to_icrs(LONGITUDE, LATITUDE, EAST, NORTH)
    np.testing.assert_allclose(pmra, expected.pm_ra_cosdec.to_value(u.mas / u.yr), atol=1e-5)
    np.testing.assert_allclose(pmdec, expected.pm_dec.to_value(u.mas / u.yr), atol=1e-5)


def test_motions_in_fk4_are_sofas():
    mas = np.deg2rad(1.0 / 3_600_000.0)
    cosine = np.cos(np.deg2rad(LATITUDE))
    fk5 = erfa.fk425(np.deg2rad(LONGITUDE), np.deg2rad(LATITUDE), EAST * mas / cosine, NORTH * mas, 1e-3, 0.0)
    frame = Frame("FK4", "B1950", "B1950")
    ra, dec, pmra, pmdec = frame.to_icrs(LONGITUDE, LATITUDE, EAST, NORTH)
    ours = propagate(ra, dec, 1.0, pmra, pmdec, 0.0, Time("B1950").jyear, 2000.0)
    theirs = SkyCoord(np.asarray(fk5[0]) * u.rad, np.asarray(fk5[1]) * u.rad, frame="fk5").icrs
    # FK5 and ICRS differ by 0.02 arcsec, and by a spin of under 1 mas a year; SOFA's years are tropical.
    assert SkyCoord(ours.ra * u.deg, ours.dec * u.deg).separation(theirs).mas.max() < 60.0
    away = np.abs(LATITUDE) < 85.0
    np.testing.assert_allclose(ours.pmra[away], (fk5[2] * np.cos(fk5[1]) / mas)[away], atol=1.0)
    np.testing.assert_allclose(ours.pmdec[away], (fk5[3] / mas)[away], atol=1.0)


def test_what_is_no_direction_is_left_as_it_is():
    ra, dec = np.array([np.nan, 10.0, 10.0]), np.array([10.0, 91.0, np.inf])
    turned = Frame("Galactic").to_icrs(ra, dec, np.ones(3), np.ones(3))
    for ours, given in zip(turned, (ra, dec, np.ones(3), np.ones(3))):
        np.testing.assert_array_equal(ours, given)


def test_icrs_and_silence_are_no_frame():
    assert frame_of(Coordinates("ICRS", "J2000", "J2015.5"), "") is None
    assert frame_of(Coordinates(), "") is None


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (Coordinates("ecl_FK5", source="COOSYS"), "a.vot: its positions are in 'ecl_FK5' by its COOSYS; ICRS, FK5,"),
        (Coordinates("FK5", "soon", source="RADESYS"), "a.vot: 'soon' in its RADESYS is no equinox or epoch;"),
        (Coordinates("FK4", "B1950", "nan", source="COOSYS"), "a.vot: 'nan' in its COOSYS is no equinox or epoch;"),
    ],
)
def test_what_is_not_understood_is_refused(told, expected):
    with pytest.raises(InputError) as raised:
        frame_of(told, "a.vot")
    assert str(raised.value).startswith(expected)
    assert "--schema" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("J2016.0", 2016.0),
        ("2015.5", 2015.5),
        ("B1950.0", 1949.9997904),
        ("JD2451545.0", 2000.0),
        ("2000-01-01T12:00:00", 2000.0),
    ],
)
def test_epochs(text, year):
    assert julian_year(text) == pytest.approx(year, abs=1e-6)


@pytest.mark.parametrize("text", ["", "soon", "Jx", "nan", "J", "inf"])
def test_what_is_no_epoch(text):
    assert julian_year(text) is None
