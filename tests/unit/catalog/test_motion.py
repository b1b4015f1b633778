"""Moving stars against astropy, whose apply_space_motion is SOFA's, and whose frames give the velocities.

The stars that move most, the poles, the meridian and a seeded sky; years, decades and centuries. One microarcsecond is
5e-12 radians: in a century Barnard's star moves 1000 arcseconds, and light's travel alone bends that by 800
microarcseconds, so the scheme of light time is tested and not only the geometry.
"""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord
from astropy.time import Time

from helios.catalog.motion import Astrometry, parse_epoch, propagate, velocity_m_per_yr
from helios.constants import PARSEC_M
from helios.coords import icrs_to_ecliptic_m
from helios.errors import InputError

MICROARCSEC = np.deg2rad(1e-6 / 3600.0)
NAN = np.nan

# ra, dec, parallax, pmra, pmdec, radial_velocity: Gaia DR3 and SIMBAD, rounded; the last ones made up.
STARS = {
    "Barnard's star": (269.44850252543836, 4.739420051112412, 546.975939730948, -801.551, 10362.394, -110.47),
    "61 Cyg A": (316.7484792940004, 38.76386244649797, 285.9949, 4164.209, 3249.614, -65.97),
    "61 Cyg B": (316.7530282512283, 38.75560794649797, 286.0054, 4105.976, 3155.942, -64.43),
    "alpha Cen A": (219.90205833, -60.83399269, 750.81, -3679.25, 473.67, -22.39),
    "Kapteyn's star": (77.95993706, -45.04381382, 254.1986, 6491.223, -5708.614, 244.99),
    "Arcturus": (213.9153003, 19.18240916, 88.83, -1093.39, -2000.06, -5.19),
    "north pole": (37.95, 89.99995, 7.5, 120.0, -80.0, -16.4),
    "over the north pole": (10.0, 89.99999, 300.0, 20.0, 4000.0, 60.0),
    "south pole": (200.0, -89.9999, 12.0, -900.0, -700.0, 20.0),
    "over the meridian": (359.99999, -12.0, 55.0, 900.0, 30.0, -40.0),
    "back over the meridian": (0.00001, 33.0, 55.0, -900.0, 30.0, 40.0),
    "far": (120.0, -30.0, 0.12, -3.0, 2.0, 190.0),
    "at rest": (120.0, -30.0, 5.0, 0.0, 0.0, 0.0),
}
EPOCHS = [2000.0, 2015.0, 2016.0, 2017.0, 2026.9, 1916.0, 2116.0, 2416.0]


def seeded(count):
    rng = np.random.default_rng(5)
    ra, dec = rng.uniform(0, 360, count), np.rad2deg(np.arcsin(rng.uniform(-1, 1, count)))
    parallax = 10.0 ** rng.uniform(-1, 2.9, count)
    speed = rng.normal(0, 80, (3, count))
    # 4.74 km/s make one mas a year at a parallax of one mas.
    return np.array([ra, dec, parallax, speed[0] * parallax / 4.74, speed[1] * parallax / 4.74, speed[2]])


SKY = np.concatenate([np.array(list(STARS.values())).T, seeded(300)], axis=1)


def with_astropy(stars, from_epoch, to_epoch):
    ra, dec, parallax, pmra, pmdec, radial_velocity = stars
    where = {} if np.isnan(parallax).all() else {"distance": (1000.0 / parallax) * u.pc}
    if where:
        where["radial_velocity"] = radial_velocity * u.km / u.s
    mas = u.mas / u.yr
    time = Time(from_epoch, format="jyear", scale="tdb")
    stars = SkyCoord(ra * u.deg, dec * u.deg, pm_ra_cosdec=pmra * mas, pm_dec=pmdec * mas, obstime=time, **where)
    return stars.apply_space_motion(new_obstime=Time(to_epoch, format="jyear", scale="tdb"))


def unit_vectors(ra, dec):
    a, d = np.deg2rad(ra), np.deg2rad(dec)
    return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=-1)


def apart(stars, others):
    return np.linalg.norm(unit_vectors(stars.ra, stars.dec) - unit_vectors(others.ra.deg, others.dec.deg), axis=-1)


@pytest.mark.parametrize("epoch", EPOCHS)
def test_places_and_motions_are_those_of_astropy(epoch):
    expected = with_astropy(SKY, 2016.0, epoch)
    got = propagate(*SKY, 2016.0, epoch)
    assert apart(got, expected).max() < MICROARCSEC
    assert ((got.ra >= 0.0) & (got.ra < 360.0)).all()
    np.testing.assert_allclose(got.parallax, 1000.0 / expected.distance.pc, rtol=1e-12)
    np.testing.assert_allclose(got.radial_velocity, expected.radial_velocity.to_value(u.km / u.s), atol=1e-8)
    # Near a pole east turns with the place, 2e5 radians per radian at 5e-6 from it: compare how fast, everywhere.
    fast = np.hypot(expected.pm_ra_cosdec.to_value(u.mas / u.yr), expected.pm_dec.to_value(u.mas / u.yr))
    np.testing.assert_allclose(np.hypot(got.pmra, got.pmdec), fast, atol=1e-6)
    away = np.abs(SKY[1]) < 89.0
    np.testing.assert_allclose(got.pmra[away], expected.pm_ra_cosdec.to_value(u.mas / u.yr)[away], atol=1e-6)
    np.testing.assert_allclose(got.pmdec[away], expected.pm_dec.to_value(u.mas / u.yr)[away], atol=1e-6)


# astropy puts a star without a parallax where it would move at 1 % of the speed of light: its light time then bends
# the path by 1/2 * 0.01 * (motion * years)^2, which these limits hold below a microarcsecond.
@pytest.mark.filterwarnings('ignore:ERFA function "pmsafe" yielded')
@pytest.mark.parametrize(("epoch", "limit_mas"), [(2017.0, 4000.0), (2026.9, 400.0), (1916.0, 40.0)])
@pytest.mark.parametrize("parallax", [NAN, 0.0, -0.7, np.inf, 1e-9])
def test_without_a_parallax_only_the_direction_moves(epoch, limit_mas, parallax):
    ra, dec, _, pmra, pmdec, radial_velocity = seeded(200)
    pmra, pmdec = np.clip(pmra, -limit_mas, limit_mas), np.clip(pmdec, -limit_mas, limit_mas)
    expected = with_astropy((ra, dec, np.full(200, NAN), pmra, pmdec, radial_velocity), 2016.0, epoch)
    got = propagate(ra, dec, parallax, pmra, pmdec, radial_velocity, 2016.0, epoch)
    assert apart(got, expected).max() < MICROARCSEC
    np.testing.assert_array_equal(got.parallax, np.full(200, parallax))
    np.testing.assert_array_equal(got.radial_velocity, radial_velocity)
    # Along a tangent the angle is arctan(motion * years), and the motion falls by its cosine squared: here 1e-8.
    moved = np.linalg.norm(unit_vectors(got.ra, got.dec) - unit_vectors(ra, dec), axis=-1)
    way = np.hypot(pmra, pmdec) * abs(epoch - 2016.0) * 1e3 * MICROARCSEC
    np.testing.assert_allclose(moved, way, rtol=1e-7, atol=1e-15)
    np.testing.assert_allclose(np.hypot(got.pmra, got.pmdec), np.hypot(pmra, pmdec), rtol=1e-7)


def test_unknown_motions_count_as_none_and_stay_unknown():
    got = propagate(10.0, 20.0, 100.0, [500.0, NAN, 500.0], [300.0, 300.0, NAN], [NAN, 50.0, NAN], 2016.0, 2050.0)
    none = propagate(10.0, 20.0, 100.0, [500.0, 0.0, 0.0], [300.0, 0.0, 0.0], [0.0, 50.0, 0.0], 2016.0, 2050.0)
    np.testing.assert_array_equal(got[:3], none[:3])
    np.testing.assert_array_equal(got.pmra, [none.pmra[0], NAN, 500.0])
    np.testing.assert_array_equal(got.pmdec, [none.pmdec[0], 300.0, NAN])
    np.testing.assert_array_equal(got.radial_velocity, [NAN, none.radial_velocity[1], NAN])
    np.testing.assert_allclose([got.ra[2], got.dec[2]], [10.0, 20.0], rtol=1e-15)
    np.testing.assert_array_equal(
        velocity_m_per_yr(10.0, 20.0, PARSEC_M, [500.0, NAN], [300.0, 300.0], NAN),
        velocity_m_per_yr(10.0, 20.0, PARSEC_M, [500.0, 0.0], [300.0, 0.0], 0.0),
    )


def test_a_motion_there_and_back_changes_nothing():
    there = propagate(*SKY, 2016.0, 1234.5)
    back = propagate(*there, 1234.5, 2016.0)
    assert np.linalg.norm(unit_vectors(back.ra, back.dec) - unit_vectors(*SKY[:2]), axis=-1).max() < MICROARCSEC / 100
    np.testing.assert_allclose(back.parallax, SKY[2], rtol=1e-12)
    np.testing.assert_allclose(np.hypot(back.pmra, back.pmdec), np.hypot(SKY[3], SKY[4]), atol=1e-7)
    np.testing.assert_allclose(back.radial_velocity, SKY[5], atol=1e-8)


@pytest.mark.parametrize("years", [-5_000.0, -9.0, 5_000.0])
def test_two_steps_are_as_good_as_one(years):
    # Back beyond the age of the light that is seen, six years for Barnard's star, the equation of light time turns.
    end = 2016.0 + years
    once = propagate(*SKY, 2016.0, end)
    twice = propagate(*propagate(*SKY, 2016.0, 2016.0 + years / 3), 2016.0 + years / 3, end)
    distance = np.linalg.norm(unit_vectors(once.ra, once.dec) - unit_vectors(twice.ra, twice.dec), axis=-1)
    assert distance.max() < MICROARCSEC
    np.testing.assert_allclose(once.parallax, twice.parallax, rtol=1e-10)


def test_a_motion_through_a_pole_and_from_a_pole():
    # 10 mas a year from 0.5 mas below the pole: after a year 9.5 mas below it on the other side.
    got = propagate(40.0, 90.0 - 0.5 / 3.6e6, NAN, 0.0, 10.0, NAN, 2016.0, 2017.0)
    np.testing.assert_allclose([got.ra, 90.0 - got.dec], [220.0, 9.5 / 3.6e6], rtol=1e-5)
    np.testing.assert_allclose([got.pmra, got.pmdec], [0.0, -10.0], atol=1e-4)
    # At the pole itself north points away from the meridian of `ra`, towards ra + 180.
    got = propagate(40.0, 90.0, NAN, 0.0, 10.0, NAN, 2016.0, 2017.0)
    np.testing.assert_allclose([got.ra, 90.0 - got.dec], [220.0, 10.0 / 3.6e6], rtol=1e-5)


def test_shapes_follow_the_arguments():
    assert isinstance(propagate(*SKY, 2016.0, 2020.0), Astrometry)
    assert {column.shape for column in propagate(*SKY[:, 0], 2016.0, 2020.0)} == {()}
    assert {column.shape for column in propagate(*SKY[:, :0], 2016.0, 2020.0)} == {(0,)}
    assert {column.dtype for column in propagate(*SKY.astype(np.float32), 2016.0, 2020.0)} == {np.dtype(np.float64)}
    with pytest.raises(InputError, match=r"epochs 2016\.0 and nan: must be finite Julian years"):
        propagate(*SKY, 2016.0, NAN)


def test_velocities_are_those_of_astropy():
    ra, dec, parallax, pmra, pmdec, radial_velocity = SKY
    mas = u.mas / u.yr
    stars = SkyCoord(
        ra * u.deg,
        dec * u.deg,
        (1000.0 / parallax) * u.pc,
        pm_ra_cosdec=pmra * mas,
        pm_dec=pmdec * mas,
        radial_velocity=radial_velocity * u.km / u.s,
    )
    expected = stars.transform_to(BarycentricMeanEcliptic()).velocity.d_xyz.to_value(u.m / u.yr).T
    got = velocity_m_per_yr(ra, dec, PARSEC_M * 1000.0 / parallax, pmra, pmdec, radial_velocity)
    error = np.linalg.norm(got - expected, axis=1)
    # astropy divides by the cosine of the declination and multiplies again; nothing else is lost.
    assert (error <= 1e-12 * np.linalg.norm(expected, axis=1)).all()


def test_velocities_lead_where_propagation_leads():
    ra, dec, parallax, pmra, pmdec, radial_velocity = SKY
    moved = propagate(*SKY, 2016.0, 2116.0)
    start = icrs_to_ecliptic_m(ra, dec, PARSEC_M * 1000.0 / parallax)
    end = icrs_to_ecliptic_m(moved.ra, moved.dec, PARSEC_M * 1000.0 / moved.parallax)
    path = 100.0 * velocity_m_per_yr(ra, dec, PARSEC_M * 1000.0 / parallax, pmra, pmdec, radial_velocity)
    # They differ by the light-time terms, a few v/c of the path, and by rounding of the far end.
    speed = np.linalg.norm(path, axis=1) / (100.0 * 9.4607e15)
    slack = 3.0 * speed * np.linalg.norm(path, axis=1) + 1e-14 * np.linalg.norm(end, axis=1)
    assert (np.linalg.norm(end - start - path, axis=1) <= slack).all()


@pytest.mark.parametrize(
    ("text", "year"),
    [("J2000", 2000.0), ("j2016.0", 2016.0), ("2026.9", 2026.9), (" 1991.25 ", 1991.25), ("-500", -500)],
)
def test_epochs_are_julian_years(text, year):
    assert parse_epoch(text) == year


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "epoch '': must be a Julian year such as J2016.0 or 2026.9"),
        ("today", "epoch 'today': must be a Julian year"),
        ("2016-01-01", "epoch '2016-01-01': must be a Julian year"),
        ("nan", "epoch 'nan': must be a Julian year"),
        ("1e3", "epoch '1e3': must be a Julian year"),
        ("2457389.0", "epoch '2457389.0': must be a year of -30000 to 30000 (of a Julian date JD, use"),
        ("B1950", "epoch 'B1950': Besselian, must be a Julian year (use J1949.9998)"),
    ],
)
def test_what_is_no_epoch_is_refused_in_one_line(text, message):
    with pytest.raises(InputError) as caught:
        parse_epoch(text)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_the_remedy_for_besselian_epochs_is_that_of_astropy():
    for year in (1875.0, 1950.0, 2016.0):
        with pytest.raises(InputError, match=f"use J{Time(year, format='byear').jyear:.4f}"):
            parse_epoch(f"B{year}")
