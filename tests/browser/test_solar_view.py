"""The solar system in the viewer is where the ephemeris has it, lit as the Sun stands, as bright as its magnitude says.

The site is that of 288 stars with the ephemeris that ships and 10,000 seeded asteroids. Places and phases by Python's
ephemeris and a pinhole; light is read before the tone curve.
"""

import gzip
import json
import shutil

import numpy as np
import pytest
from look import CHOSEN, ROOT, View, look_at_site
from pinhole import Pinhole, direction_of

from helios.constants import AU_M
from helios.solar.dates import parse_date
from helios.solar.ephemerides import load_ephemeris
from helios.solar.ephemeris import BODIES
from helios.solar.moons import load_moons, moon_barycentric_au

SIZE = (640, 480)
WIDE = (1280, 800)
BOX = 144
MIDDLE = ((SIZE[0] - BOX) // 2, (SIZE[1] - BOX) // 2, BOX, BOX)
RADII_M = {"Venus": 6.0518e6, "Moon": 1.7374e6, "Mars": 3.39619e6, "Jupiter": 7.1492e7}
NIGHTS = {"Venus": "2026-08-20", "Moon": "2026-11-20", "Mars": "2026-06-15"}
"""From Earth: half of Venus, a gibbous Moon, and Mars in the outer part of its year."""
ASTEROIDS = 10_000
RESTS = """new Promise((done) => {
  let frames = 0;
  helios.addOverlay({ draw: () => frames++ });
  setTimeout(() => { frames = 0; }, 1500);
  setTimeout(() => done(frames), 3000);
})"""
SETTLED = """new Promise((done) => {
  let last = -1;
  const look = () => {
    const { exposure } = helios.view();
    if (Math.abs(exposure / last - 1) < 1e-3 && !helios.flying()) done(exposure);
    else { last = exposure; setTimeout(look, 400); }
  };
  look();
})"""
DATED = "location.hash.includes('2027-05-01')"
AWAY = "Math.hypot(...helios.view().pos) > 1e11"
TOLD = "document.querySelector('#panel:not([hidden])')?.getAttribute('aria-busy') === 'false'"
PANEL = "document.getElementById('panel').innerText"
NOTE = "document.querySelector('#time p').textContent"
TYPE_DATE = """(() => {
  const input = document.querySelector('#time input');
  input.value = '2027-05-01';
  input.dispatchEvent(new Event('change'));
})()"""


def place_m(body, date):
    return AU_M * load_ephemeris().barycentric_au(body, parse_date(f"{date}T12:00"))


def asteroids():
    """The text of a file of bodies: a main belt, and Ceres, of the elements that JPL has for it in 2025."""
    rng = np.random.default_rng(13)
    a, e = rng.uniform(2.1, 3.3, ASTEROIDS), rng.uniform(0.0, 0.2, ASTEROIDS)
    numbers = {
        "perihelion_au": a * (1 - e),
        "eccentricity": e,
        "inclination_deg": rng.uniform(0, 15, ASTEROIDS),
        "node_deg": rng.uniform(0, 360, ASTEROIDS),
        "argument_deg": rng.uniform(0, 360, ASTEROIDS),
        "perihelion_days": rng.uniform(-800, 800, ASTEROIDS),
        "h_mag": rng.uniform(11, 16, ASTEROIDS),
        "slope": np.full(ASTEROIDS, 0.15),
    }
    ceres = dict(zip(numbers, (2.546, 0.0796, 10.588, 80.25, 73.30, 700.0, 3.34, 0.12)))
    orbits = {
        "designation": ["1", *(str(10_000 + i) for i in range(ASTEROIDS - 1))],
        "name": ["Ceres", *[""] * (ASTEROIDS - 1)],
        "kind": ["dwarf planet", *["asteroid"] * (ASTEROIDS - 1)],
    } | {key: [ceres[key], *map(float, column[1:])] for key, column in numbers.items()}
    return json.dumps({"format": "helios-bodies", "version": 1, "epoch_jd_tdb": 2_461_000.5, "orbits": orbits})


@pytest.fixture(scope="module")
def site(naked_eye_site, tmp_path_factory):
    folder = shutil.copytree(naked_eye_site, tmp_path_factory.mktemp("solar") / "site")
    shutil.copy(ROOT / "catalogs/ephemeris.bin.gz", folder)
    (folder / "bodies.json.gz").write_bytes(gzip.compress(asteroids().encode(), mtime=0))
    (folder / "moons.json.gz").write_bytes(gzip.compress((ROOT / "catalogs/moons.json").read_bytes(), mtime=0))
    manifest = json.loads((folder / "site.json").read_text())
    manifest |= {"ephemeris": "ephemeris.bin.gz", "moons": "moons.json.gz", "bodies": "bodies.json.gz"}
    (folder / "site.json").write_text(json.dumps(manifest))
    return folder


def beside(name, date, px, fov=30.0):
    """A camera that sees the body from Earth's side, in the middle, with a radius of so many pixels."""
    body, earth = place_m(name, date), place_m("Earth", date)
    out = (earth - body) / np.linalg.norm(earth - body)
    focal = SIZE[1] / 2 / np.tan(np.radians(fov) / 2)
    camera = body + out * RADII_M[name] * np.hypot(focal / px, 1.0)
    return Pinhole(camera, direction_of(-out), fov, SIZE)


def phase_of(camera, name, date):
    """(The angle between Sun and camera at the body, radians; the unit vector towards the Sun, in the picture)."""
    body = place_m(name, date)
    sun, eye = place_m("Sun", date) - body, camera.position - body
    cosine = sun @ eye / np.linalg.norm(sun) / np.linalg.norm(eye)
    right, down, _ = camera.in_camera(camera.position + sun)[0]
    return np.arccos(cosine), np.array([right, down]) / np.hypot(right, down)


def luminance(seen):
    return seen.light @ np.array([0.2126, 0.7152, 0.0722])


RADII_PX = (0.3, 0.6, 0.8, 1.0, 1.25, 1.6, 2.2, 4.0, 8.0, 30.0)


def from_above():
    return Pinhole(np.array([1e10, 0, 7 * AU_M]), direction_of(np.array([0, 1e-3, -1.0])), 60.0, SIZE)


def sky_from_mars(date):
    """A camera over Mars that sees Earth aside of its axis."""
    mars, earth = place_m("Mars", date), place_m("Earth", date)
    towards = (earth - mars) / np.linalg.norm(earth - mars)
    ra, dec = direction_of(towards)
    return Pinhole(mars + 1.001 * RADII_M["Mars"] * towards, (ra + 1.5, dec - 2.0), 20.0, SIZE)


MARS_NIGHT = "2027-02-14"


def earth_box():
    [px] = sky_from_mars(MARS_NIGHT).project(place_m("Earth", MARS_NIGHT))
    return (int(px[0]) - 6, int(px[1]) - 6, 13, 13)


GALILEAN, GALILEAN_NIGHT = ("Io", "Europa", "Ganymede", "Callisto"), "2026-11-29"


def beside_jupiter():
    """A camera that sees Jupiter, a disc of 6 px, and its four large moons, points, from half above their lit side."""
    jupiter, sun = place_m("Jupiter", GALILEAN_NIGHT), place_m("Sun", GALILEAN_NIGHT)
    out = (sun - jupiter) / np.linalg.norm(sun - jupiter) + [0, 0, 1]
    out /= np.linalg.norm(out)
    return Pinhole(jupiter + 3e10 * out, direction_of(-out), 10.0, SIZE)


@pytest.fixture(scope="module")
def visit(site, tmp_path_factory):
    views = []
    for name, date in NIGHTS.items():
        views.append(View(f"{beside(name, date, 60).state}&ev=-18&t={date}&show=none", light=MIDDLE, picture=False))
    for px in RADII_PX:
        camera = beside("Jupiter", "2026-01-10", px)
        views.append(View(f"{camera.state}&ev=-14&t=2026-01-10&show=none", light=MIDDLE, picture=False))
    views.append(View(f"{sky_from_mars(MARS_NIGHT).state}&ev=-3&t={MARS_NIGHT}", light=earth_box(), picture=False))
    views.append(
        View(f"{beside_jupiter().state}&ev=-10&t={GALILEAN_NIGHT}&show=none", light=(0, 0, *SIZE), picture=False)
    )
    above = f"{from_above().state}&ev=-14&t=2026-01-10"
    views.append(View(f"{above}&show=asteroids", steps=[{"evaluate": RESTS}]))
    views.append(View(f"{above}&show=orbits"))
    views.append(View(f"{above}&t=2027-06-01&show=orbits"))
    views.append(View(f"{above}&show=orbits"))
    views.append(View(f"{above}&t=2250&show=none", steps=[{"evaluate": NOTE}], picture=False))
    seen = look_at_site(site, views, tmp_path_factory.mktemp("seen"), size=SIZE)
    assert (seen.problems, seen.console) == ([], [])
    return seen.views


@pytest.mark.parametrize("number", range(len(NIGHTS)), ids=NIGHTS)
def test_the_lit_part_is_that_of_the_ephemeris(visit, number):
    """Half of one plus the cosine of the phase of the disc, within 2 % of it, on the side of the Sun."""
    name, date = list(NIGHTS.items())[number]
    camera = beside(name, date, 60)
    phase, sunward = phase_of(camera, name, date)
    light = luminance(visit[number])
    y, x = np.mgrid[:BOX, :BOX] + 0.5 - BOX / 2
    disc = np.hypot(x, y) < 60
    lit = disc & (light > 0.004 * light[disc].max())
    assert lit.sum() / disc.sum() == pytest.approx((1 + np.cos(phase)) / 2, abs=0.02)
    middle = np.array([(light * x)[disc].sum(), (light * y)[disc].sum()])
    assert middle @ sunward / np.linalg.norm(middle) > np.cos(np.radians(3))


def test_light_has_no_jump_from_point_to_globe(visit):
    """Its sum times the distance squared stays, within what the phase changes on the way."""
    seen = visit[len(NIGHTS) : len(NIGHTS) + len(RADII_PX)]
    sums = np.array([luminance(each).sum() for each in seen]) / np.square(RADII_PX)
    assert np.abs(sums / sums[0] - 1).max() < 0.03
    assert np.abs(np.diff(sums[:7]) / sums[0]).max() < 0.015


def test_earth_in_the_sky_of_mars_is_where_python_has_it(visit):
    left, top, width, height = earth_box()
    [want] = sky_from_mars(MARS_NIGHT).project(place_m("Earth", MARS_NIGHT))
    light = luminance(visit[len(NIGHTS) + len(RADII_PX)])
    y, x = np.mgrid[top : top + height, left : left + width] + 0.5
    near = np.hypot(x - want[0], y - want[1]) < 4
    found = [(light * axis)[near].sum() / light[near].sum() for axis in (x, y)]
    assert light[near].max() > 0.1
    assert np.hypot(*(found - want)) < 0.05


def test_the_moons_of_jupiter_are_where_python_has_them(visit):
    """Within 0.1 px, and named."""
    seen, camera, jd = visit[-6], beside_jupiter(), parse_date(f"{GALILEAN_NIGHT}T12:00")
    light = luminance(seen)
    y, x = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    for name in GALILEAN:
        [want] = camera.project(AU_M * moon_barycentric_au(name, jd, load_ephemeris()))
        near = np.hypot(x - want[0], y - want[1]) < 4
        found = [(light * axis)[near].sum() / light[near].sum() for axis in (x, y)]
        assert light[near].max() > 0.05, name
        assert np.hypot(*(found - want)) < 0.1, name
    assert {*GALILEAN, "Jupiter"} <= set(seen.labels)


def test_ten_thousand_asteroids_are_drawn_and_cost_nothing_at_rest(visit):
    seen = visit[-5]
    more = seen.pixels().max(axis=2).astype(int) - visit[-4].pixels().max(axis=2)
    y, x = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    focal = SIZE[1] / 2 / np.tan(np.radians(30))
    au = np.hypot(x - SIZE[0] / 2, y - SIZE[1] / 2) * 7 / focal
    belt, inside = more[(au > 2.2) & (au < 3.2)], more[(au > 0.8) & (au < 1.4)]
    assert (belt > 10).mean() > 0.3
    assert (inside > 10).mean() < 0.02
    assert seen.script == 0


def test_a_link_with_a_date_shows_the_same_picture(visit):
    first, other, again = (each.pixels() for each in visit[-4:-1])
    assert np.array_equal(first, again)
    assert visit[-4].labels == visit[-2].labels
    assert (first != other).any()


def test_outside_of_the_ephemeris_planets_are_gone_and_it_says_why(visit):
    assert "1900 to 2100" in visit[-1].script
    assert not {"Earth", "Jupiter"} & set(visit[-1].labels)


@pytest.fixture(scope="module")
def flown(site, tmp_path_factory):
    def search(name):
        return [{"press": "/"}, {"type": name}, {"wait": 600}, {"press": "Enter"}, {"until": CHOSEN}]

    middle = {"click": [WIDE[0] / 2, WIDE[1] / 2]}
    views = [
        View(steps=[{"until": AWAY}, {"evaluate": SETTLED}]),
        View(steps=[middle, {"until": TOLD}, {"evaluate": PANEL}], picture=False),
        View(steps=[{"press": "Escape"}, {"evaluate": TYPE_DATE}, {"until": DATED}, {"evaluate": SETTLED}]),
        View(steps=[*search("ceres"), {"evaluate": SETTLED}], picture=False),
    ]
    options = {"size": WIDE, "reducedMotion": True, "start": "#goto=Jupiter&t=2026-01-10"}
    seen = look_at_site(site, views, tmp_path_factory.mktemp("flown"), **options)
    assert (seen.problems, seen.console) == ([], [])
    return seen.views


def share_of_view(seen, name, date):
    """The part of the view's height that the disc fills, and how far its middle is off the axis, radians."""
    to = place_m(name, date) - np.array(seen.view["pos"])
    distance = np.linalg.norm(to)
    look = Pinhole(np.zeros(3), (seen.view["look"]["ra"], seen.view["look"]["dec"])).in_camera(to)[0]
    off = np.arctan2(np.hypot(*look[:2]), look[2])
    return np.tan(np.arcsin(RADII_M[name] / distance)) / np.tan(np.radians(30)), off


def test_a_link_goes_to_a_planet_that_is_lit_and_fills_a_third_of_the_view(flown):
    share, off = share_of_view(flown[0], "Jupiter", "2026-01-10")
    assert share == pytest.approx(1 / 3, rel=1e-3)
    assert off < 1e-3
    bright = flown[0].pixels()[360:440, 600:680].mean(axis=2)
    assert 90 < np.median(bright) < 245
    # Beside what the Sun lights no star is seen, and none is named.
    assert {"Jupiter"} <= set(flown[0].labels) <= {*BODIES, *load_moons()}


def test_the_panel_tells_of_it(flown):
    told = flown[1].script
    assert "Jupiter" in told
    for line in ("planet", "au from the Sun", "from here", "% lit"):
        assert line in told


def test_who_is_near_goes_with_it_as_the_date_changes(flown):
    share, _ = share_of_view(flown[2], "Jupiter", "2027-05-01")
    assert share == pytest.approx(1 / 3, rel=1e-3)
    moved = np.linalg.norm(np.array(flown[2].view["pos"]) - np.array(flown[0].view["pos"]))
    assert moved > AU_M


def test_a_small_body_is_found_and_flown_to(flown):
    assert "1 Ceres" in flown[3].labels
    assert 2.4 * AU_M < np.linalg.norm(flown[3].view["pos"]) < 3.1 * AU_M
