"""Bodies stand in pictures where JPL's DE440 has them, give the light that is published, and hide what is behind them;
stars are where astropy moves them to.

Places are measured in pictures, as centres of light within a window; DE440 is in `tests/data/ephemeris/de440.f64`.
"""

import math
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time

import helios
from helios.color import LUMINANCE
from helios.constants import AU_M, OMEGA_0_SR
from helios.coords import icrs_to_ecliptic_m
from helios.errors import InputError
from helios.pictures.at_date import take_at
from helios.pictures.moment import LOST_YR, Body, Moment, moment_of
from helios.pictures.picture import take
from helios.pictures.places import named, parse_ahead, parse_eye
from helios.pictures.render import take_still
from helios.pictures.sights import sight_of
from helios.pictures.views import all_sky, pinhole
from helios.solar.dates import parse_date
from helios.solar.ephemeris import BODIES
from helios.solar.magnitudes import GREY
from tests.data.ephemeris.vectors import DATES, jd_tdb

DE440 = Path(__file__).parents[2] / "data" / "ephemeris" / "de440.f64"
LAW = 10.0


def window(picture, x, y, half):
    """Light in that of magnitude 0, and the centre of it, within `half` pixels of a place."""
    rows, columns = (np.arange(math.floor(at) - half, math.floor(at) + half + 1) for at in (y, x))
    flux = picture.flux[np.ix_(rows, columns)]
    total = flux.sum()
    centre = (flux.sum(0) @ (columns + 0.5) / total, flux.sum(1) @ (rows + 0.5) / total)
    return total, np.array(centre)


def middle(view):
    return view.width / 2, view.height / 2


@pytest.mark.parametrize("number", [7, 131, 190])
def test_from_mars_earth_is_where_jpl_says(stars, number):
    states = np.fromfile(DE440, "<f8")[DATES:].reshape(len(BODIES), 2, DATES, 3)
    mars, earth, moon = (states[BODIES.index(name), 0, number] * AU_M for name in ("Mars", "Earth", "Moon"))
    # A picture of 2 degrees is of 24 arcsec a pixel: the Moon stands aside, the globes are far below a pixel.
    moment = moment_of(stars, float(jd_tdb()[number]))
    eye, _ = parse_eye("mars", stars, moment)
    view = pinhole(eye, parse_ahead("Earth", stars, eye, moment), 2.0, (400, 300))
    picture = take_still(stars, view, moment=moment).picture
    truth = pinhole(mars, earth - mars, 2.0, (400, 300))
    for name, place in (("Earth", earth), ("Moon", moon)):
        (there,) = truth.project([place - mars])
        flux, centre = window(picture, *there, 5)
        assert np.abs(centre - there).max() < 0.05, name
        body = next(body for body in moment.bodies if body.name == name)
        assert -2.5 * math.log10(flux) == pytest.approx(sight_of(body, eye, moment.sun_m).magnitude, abs=0.02)


@pytest.mark.parametrize(("date", "v"), [("2006-10-28", -3.917), ("2005-12-14", -4.916)])
def test_venus_is_as_bright_as_published(stars, date, v):
    """Mallama & Hilton 2018 (A&C 25, 10), the examples that come with their program; with light time, which is 0.001
    mag. The first is a globe of 0.8 px, the second of 3.7."""
    moment = moment_of(stars, parse_date(date))
    eye, place = parse_eye("earth", stars, moment)
    assert place.is_body
    view = pinhole(eye, parse_ahead("venus", stars, eye, moment), 0.5, (200, 300))
    picture = take_still(stars, view, moment=moment).picture
    flux, _ = window(picture, *middle(view), 15)
    assert -2.5 * math.log10(flux) == pytest.approx(v, abs=0.002)


def alone(*bodies, sun=(0.0, 0.0, 0.0)):
    return Moment(2451545.0, 0.0, np.array(sun), bodies, None, np.empty((0, 3)), 0.0, False)


def ball(name, place, radius, light=LAW, flat=1.0):
    pole = np.array([0.0, 0.0, 1.0])
    return Body(name, np.array(place, float), radius, flat, pole, GREY, lambda sun, eye, phase: light)


@pytest.mark.parametrize("sun", [(-3e11, 0, 0), (1e11, 2e11, 1e11), (4e11, 1e11, 0)], ids=["full", "half", "new"])
@pytest.mark.parametrize("fov", [2.0, 60.0])
def test_a_globe_of_any_size_has_the_light_of_its_magnitude(sun, fov):
    view = pinhole([0, 0, 0], [1, 0, 0], fov, (400, 300))
    wide = math.tan(math.radians(fov) / 2)
    for toward in ((1, 0, 0), (1, -0.7 * wide, 0.5 * wide)):
        for radius_px in (0.3, 0.6, 1.1, 4.0, 5.9, *((40.0,) if fov < 10 else ())):
            place = 2e11 * np.array(toward) / np.linalg.norm(toward)
            body = ball("b", place, 2e11 * radius_px / view.focal_px, flat=0.9)
            picture, bodies, globes = take_at(view, [], alone(body, sun=sun))
            assert (bodies, globes) == (1, int(radius_px > 0.5))
            # Of large globes it is the surface that is the viewer's: see EVEN_PX.
            exact = 0.002 if radius_px < 6 else 0.1
            assert -2.5 * math.log10(picture.flux.sum()) == pytest.approx(LAW, abs=exact), radius_px


def test_maps_hold_the_same_light():
    body = ball("b", (1e11, 1e11, 0.5e11), 1.5e11 * 0.02)
    for projection in ("mollweide", "equirectangular"):
        picture, _, globes = take_at(all_sky([0, 0, 0], projection, (800, 400)), [], alone(body, sun=(-1e11, 0, 0)))
        assert globes == 1
        assert -2.5 * math.log10(picture.flux.sum()) == pytest.approx(LAW, abs=0.03)


def test_a_lit_moon_has_the_phase_of_the_ephemeris(stars):
    for date in ("2026-11-29T20:00", "2026-12-05", "2026-12-14"):
        moment = moment_of(stars, parse_date(date))
        eye, _ = parse_eye("earth", stars, moment)
        view = pinhole(eye, parse_ahead("moon", stars, eye, moment), 0.7, (300, 300), "equatorial")
        light = take_still(stars, view, moment=moment).picture.light @ LUMINANCE
        moon = next(body for body in moment.bodies if body.name == "Moon")
        to = moon.position_m - eye
        radius = view.focal_px * moon.radius_m / np.linalg.norm(to)
        sun = moment.sun_m - moon.position_m
        cosine = -(to @ sun) / np.linalg.norm(to) / np.linalg.norm(sun)
        lit = (light > 1e-3 * light.max()).sum() / (math.pi * radius**2)
        assert lit == pytest.approx((1 + cosine) / 2, abs=0.03), date
        # And it is lit on the side of the Sun.
        (towards,) = view.project([moon.position_m - eye + 0.05 * np.linalg.norm(to) * sun / np.linalg.norm(sun)])
        rows, columns = np.nonzero(light > 1e-3 * light.max())
        aside = np.array([columns.mean() + 0.5 - 150, rows.mean() + 0.5 - 150])
        assert aside @ (towards - 150) > 0.95 * np.linalg.norm(aside) * np.linalg.norm(towards - 150)


def test_nearer_bodies_hide_farther_ones():
    sun = (-1e12, 0, 1e11)
    giant = ball("giant", (1e10, 0, 0), 2e8, -5.0)
    view = pinhole([0, 0, 0], [1, 0, 0], 10.0, (200, 200))
    spot = (1.0, 0.004, 0.003)
    alone_light = take_at(view, [], alone(giant, sun=sun))[0].light
    behind = take_at(view, [], alone(ball("far", np.array(spot) * 1.2e10, 1.0, -1.0), giant, sun=sun))[0].light
    before = take_at(view, [], alone(ball("near", np.array(spot) * 0.8e10, 1.0, -1.0), giant, sun=sun))[0].light
    assert np.abs(behind - alone_light).max() < 1e-9 * alone_light.max()
    extra = (before - alone_light) @ LUMINANCE / (OMEGA_0_SR * view.focal_px**2)
    assert -2.5 * math.log10(extra.sum()) == pytest.approx(-1.0, abs=1e-3)
    # A large one before a larger one, too.
    disc = ball("disc", np.array((1.0, -0.004, 0.0)) * 0.8e10, 3e7, -4.0)
    both = take_at(view, [], alone(giant, disc, sun=sun))[0].light
    x, y = view.project([disc.position_m])[0].astype(int)
    own = take_at(view, [], alone(disc, sun=sun))[0].light
    np.testing.assert_allclose(both[y, x], own[y, x], rtol=1e-4)


def test_who_stands_in_a_body_does_not_see_it_and_the_sun_is_where_it_is(stars):
    moment = moment_of(stars, parse_date("2026-11-29"))
    eye, _ = parse_eye("Jupiter", stars, moment)
    view = all_sky(eye, "equirectangular", (200, 100))
    assert sight_of(next(b for b in moment.bodies if b.name == "Jupiter"), eye, moment.sun_m) is None
    still = take_still(stars, view, moment=moment)
    assert still.bodies > 150
    (there,) = view.project([moment.sun_m - eye])
    flux, centre = window(still.picture, *there, 5)
    assert np.abs(centre - there).max() < 0.05
    # -26.76 at 1 au.
    assert -2.5 * math.log10(flux) == pytest.approx(
        -26.76 + 5 * math.log10(np.linalg.norm(moment.sun_m - eye) / AU_M), abs=1e-3
    )


@pytest.fixture(scope="module")
def barnard(tmp_path_factory):
    """Barnard's star as Gaia DR3 has it, alone but for what makes a universe of it."""
    folder = tmp_path_factory.mktemp("barnard")
    header = "source_id,ra,dec,parallax,pmra,pmdec,radial_velocity,phot_g_mean_mag,bp_rp,ref_epoch"
    row = "4472832130942575872,269.44850252543836,4.739420051112412,546.975939730948,-801.551,10362.394,-110.1,8.194"
    (folder / "stars.csv").write_text(f"{header}\n{row},2.834,2016.0\n1,10,80,5,0,0,0,9,1.0,2016.0\n")
    helios.build([folder / "stars.csv"], folder / "universe", epoch="J2016")
    return helios.open(folder / "universe")


@pytest.mark.parametrize("date", ["1950-06-01", "2090-01-01T12:00"])
def test_a_fast_star_is_where_astropy_moves_it(barnard, date):
    moment = moment_of(barnard, parse_date(date))
    then = SkyCoord(
        ra=269.44850252543836 * u.deg,
        dec=4.739420051112412 * u.deg,
        distance=1000 / 546.975939730948 * u.pc,
        pm_ra_cosdec=-801.551 * u.mas / u.yr,
        pm_dec=10362.394 * u.mas / u.yr,
        radial_velocity=-110.1 * u.km / u.s,
        obstime=Time(2016.0, format="jyear", scale="tdb"),
    ).apply_space_motion(new_obstime=Time(moment.jd_tdb, format="jd", scale="tdb"))
    # 3 arcsec a pixel: 250 and 260 pixels from where it was.
    view = pinhole([0, 0, 0], icrs_to_ecliptic_m(then.ra.deg, then.dec.deg, 1.0), 0.25, (300, 300))
    flux, centre = window(take_still(barnard, view, moment=moment).picture, 150, 150, 8)
    assert np.abs(centre - 150).max() < 0.1
    assert -2.5 * math.log10(flux) == pytest.approx(8.194, abs=0.06)  # it comes nearer
    with pytest.raises(InputError, match=r"--date with --budget, .* what stands for stars stands still"):
        take_still(barnard, view, budget=1000, moment=moment)
    assert take_still(barnard, view).picture.flux.sum() < 1e-12
    place = named("Barnard's Star", barnard, moment)
    assert np.abs(view.project([place.position_m])[0] - 150).max() < 0.1


def test_names_are_those_of_bodies_in_any_spelling(stars):
    moment = moment_of(stars, parse_date("2026-11-29"))
    ceres = named("1 ceres", stars, moment)
    for spelling in ("Ceres", "1", "CERES"):
        assert np.array_equal(named(spelling, stars, moment).position_m, ceres.position_m)
    assert 2.5 < np.linalg.norm(ceres.position_m - moment.sun_m) / AU_M < 3.0
    halley = named("1P/Halley", stars, moment)
    assert 34.8 < np.linalg.norm(halley.position_m) / AU_M < 35.3  # its aphelion was in December 2023
    voyager = np.linalg.norm(named("Voyager 1", stars, moment).position_m) / AU_M
    assert 170 < voyager < 174  # 3.57 au a year, 121.6 in 2012.65
    earth, webb = (named(name, stars, moment).position_m for name in ("earth", "James Webb Space Telescope"))
    assert np.linalg.norm(earth - webb) == pytest.approx(1.5e9, rel=0.03)
    with pytest.raises(InputError, match=r"'Jupitr': no body, no landmark and no star .*did you mean 'Jupiter'"):
        named("Jupitr", stars, moment)
    for name in ("mars", "Ganymede", "Halley"):
        with pytest.raises(InputError, match="a body of the solar system, which moves: give --date"):
            named(name, stars)


def test_asteroids_are_nowhere_centuries_away(stars):
    near = moment_of(stars, parse_date("2099-01-01"))
    assert 70 < near.age_yr < LOST_YR
    assert len(near.orbits) > 100
    with pytest.raises(InputError, match=r"outside the ephemeris .*which has 1899-12-31 to 2101-01-02; .*--ephemeris"):
        moment_of(stars, parse_date("2150-01-01"))


def test_without_a_solar_system_only_stars_move(tmp_path):
    helios.build((), tmp_path / "universe", synthetic=50, depth=2, solar_system=("none",))
    universe = helios.open(tmp_path / "universe")
    moment = moment_of(universe, parse_date("2026-11-29"))
    view = pinhole([0, 0, 0], [1, 0, 0], 60.0, (100, 100))
    assert moment.is_empty
    bare = take_still(universe, view).picture.light
    assert np.array_equal(take_still(universe, view, moment=moment).picture.light, bare)
    with pytest.raises(InputError, match="'mars': no body"):
        named("mars", universe, moment)


def test_bodies_do_not_change_the_exposure_of_stars_but_by_globes(stars):
    moment = moment_of(stars, parse_date("2026-11-29T20:00"))
    eye, _ = parse_eye("earth", stars, moment)
    ahead = parse_ahead("moon", stars, eye, moment)
    wide, near = (pinhole(eye, ahead, fov, (300, 300)) for fov in (100.0, 1.0))
    assert take_still(stars, wide, moment=moment).ev == take_still(stars, wide).ev
    moonlit = take_still(stars, near, moment=moment)
    shown = moonlit.picture.exposed(moonlit.ev) @ LUMINANCE
    assert 0.9 < shown.max() < 1.4  # its brightest pixel is not burnt out
    assert take(near, []).auto_ev == 0.0
