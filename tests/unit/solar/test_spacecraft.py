"""Proves where spacecraft are by published distances and by later elements of JPL, and the L2 point by its forces."""

import json
from pathlib import Path

import numpy as np
import pytest

from catalogs.make_spacecraft import make
from helios.catalogs_path import embedded
from helios.errors import InputError
from helios.solar.dates import parse_date
from helios.solar.ephemerides import load_ephemeris
from helios.solar.gravity import GM
from helios.solar.perturbed import move
from helios.solar.spacecraft import L2_RATIO, l2_heliocentric_au, l2_heliocentric_au_per_day, load_craft, spacecraft
from helios.solar.twobody import heliocentric_au, heliocentric_states

SETS = Path(__file__).parents[4] / "shared" / "data" / "solar_system" / "spacecraft_elements.json"
WEBB = "James Webb Space Telescope"


@pytest.fixture(scope="module")
def ephemeris():
    return load_ephemeris()


@pytest.mark.parametrize(
    ("name", "date", "distance_au"),
    [
        ("Voyager 1", "2012-08-25", 121.6),  # the heliopause: Stone et al. 2013, Science 341, 150
        ("Voyager 2", "2018-11-05", 119.0),  # and again: Stone et al. 2019, Nature Astronomy 3, 1013
    ],
)
def test_voyagers_are_as_far_as_published(ephemeris, name, date, distance_au):
    date = parse_date(date)
    orbits = spacecraft(date, ephemeris)
    one = orbits[orbits.name == name]
    assert np.linalg.norm(heliocentric_au(one, date)) == pytest.approx(distance_au, abs=0.1)


@pytest.mark.parametrize("craft", [craft for craft in load_craft() if len(craft.sets)], ids=lambda craft: craft.name)
def test_each_set_leads_to_the_next(ephemeris, craft):
    """Through the flybys of Jupiter, Saturn, Uranus and Neptune too, within the error that is stated."""
    off, near = [], []
    for row, date in enumerate(craft.sets.epoch_jd_tdb[1:]):
        moved = move(craft.sets[row : row + 1], date, ephemeris)
        next_place = heliocentric_au(craft.sets[row + 1 : row + 2], date)
        off.append(np.linalg.norm(heliocentric_au(moved.orbits, date) - next_place))
        near.append(moved.nearest_hill[0])
    assert max(off) < craft.error_between_au
    assert np.median(off) < 2e-3
    assert min(near) < 0.05


def test_dates_say_who_flies(ephemeris):
    def names(text):
        return list(spacecraft(parse_date(text), ephemeris).name)

    assert names("1970-01-01") == []
    assert names("1978-01-01") == ["Voyager 1", "Pioneer 10", "Pioneer 11"]
    assert names("2020-01-01") == ["Voyager 1", "Voyager 2", "Pioneer 10", "Pioneer 11", "New Horizons"]
    assert names("2026-11-28") == [*names("2020-01-01"), WEBB]
    with pytest.raises(InputError, match="outside the ephemeris"):
        spacecraft(parse_date("2150-01-01"), ephemeris)


def test_they_are_orbits_of_the_date(ephemeris):
    date = parse_date("2026-11-28")
    orbits = spacecraft(date, ephemeris)
    assert len(set(orbits.designation)) == len(orbits) == 6
    assert set(orbits.kind) == {"spacecraft"}
    assert (orbits.epoch_jd_tdb == date).all()
    assert (orbits.eccentricity[:5] > 1).all()
    place, motion = heliocentric_states(orbits, date)
    speeds_km_s = np.linalg.norm(motion, axis=1) * 149_597_870.7 / 86_400
    np.testing.assert_allclose(speeds_km_s[:2], [17.0, 15.4], atol=0.2)  # of both Voyagers: NASA, Mission Status
    np.testing.assert_allclose(place[5], l2_heliocentric_au(date, ephemeris), atol=1e-14)


def test_l2_keeps_up_with_earth(ephemeris):
    """There the Sun and Earth with the Moon, on one line, pull as much as going round once a year needs."""
    sun, earth = GM["Sun"], GM["Earth"] + GM["Moon"]
    share = earth / (sun + earth)
    pull = sun / L2_RATIO**2 + earth / (L2_RATIO - 1) ** 2
    assert pull == pytest.approx((sun + earth) * (L2_RATIO - share), rel=1e-14)
    dates = parse_date("2026-01-01") + np.linspace(0, 365, 50)
    earth_at = ephemeris.heliocentric_au("Earth", dates)
    away_km = np.linalg.norm(l2_heliocentric_au(dates, ephemeris) - earth_at, axis=1) * 149_597_870.7
    assert ((away_km > 1.46e6) & (away_km < 1.54e6)).all()
    step = 0.01
    ahead, behind = (l2_heliocentric_au(dates + sign * step, ephemeris) for sign in (1, -1))
    np.testing.assert_allclose((ahead - behind) / (2 * step), l2_heliocentric_au_per_day(dates, ephemeris), atol=1e-7)


@pytest.mark.skipif(not SETS.is_file(), reason="no ../shared/data to make the file from")
def test_the_script_makes_the_file():
    assert make(json.loads(SETS.read_text("utf-8"))) == json.loads(embedded("spacecraft.json").read_bytes())
