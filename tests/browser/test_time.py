"""At another date the light of stars is where astropy has them; at the sky's own it is as it was; the clock keeps time.

The site is that of the embedded stars, with Barnard's star as Gaia DR3 has it. Astropy shows stars when their light
arrives, the page where they are: up to 2 v/c of their way apart (test_far_motion.py), on top of a tenth of a pixel.
"""

import gzip

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table
from astropy.time import Time
from look import ROOT, View, look_at_site
from pinhole import Pinhole, ecliptic_direction

import helios

pytestmark = pytest.mark.slow

LIGHT_KM_S = 299_792.458
BARNARD = "4472832130942575872,269.448502525438,4.739420051112,546.975939730948,8.193974,2.8339696"
MOVES = "-801.55097,10362.394,-110.4"
"""Gaia DR3: source_id, ra, dec, parallax, G, BP-RP; pmra, pmdec; radial_velocity of DR3 (km/s)."""

CASES = {
    # star (HR, 0: Barnard's): Julian year, field of view, stops. At +100,000 years the Dipper has come apart.
    "Dubhe then": (4301, 102_000, 20, 0),
    "Alkaid then": (5191, 102_000, 20, 0),
    "Merak once": (4295, -98_000, 20, 0),
    "Arcturus": (5340, 12_000, 20, 0),
    "61 Cygni A": (8085, -8000, 20, 3),
    "Barnard's star": (0, 4000, 20, 6),
}
DIPPER = "pos=0,0,0&look=190,55&fov=40&ev=0&show=constellations,compass"
CLICK = "[...document.querySelectorAll('#time button')].find((b) => (b.ariaLabel || b.textContent) === '{}').click()"
DATE = "document.querySelector('#time input').value"
OPEN = "document.querySelector('#time:not([hidden])') !== null"
ASKED = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('motion-')).length"
FRAMES = """new Promise((done) => {
  let frames = 0;
  helios.addOverlay({ draw: () => frames++ });
  setTimeout(() => { frames = 0; }, 1500);
  setTimeout(() => done([frames, document.querySelector('#time input').value, location.hash]), 3500);
})"""
LABEL = """(() => {
  const found = [...document.querySelectorAll('.label')].find((e) => !e.hidden && e.textContent === 'Dubhe');
  const box = found?.getBoundingClientRect();
  return box && { left: box.left, right: box.right, middle: (box.top + box.bottom) / 2 };
})()"""
TOLD = "document.querySelector('#panel:not([hidden])')?.getAttribute('aria-busy') === 'false'"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("time")
    (folder / "barnard.csv").write_text(
        f"source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp,pmra,pmdec,radial_velocity\n{BARNARD},{MOVES}\n"
    )
    universe = helios.build(
        [folder / "barnard.csv"],
        folder / "universe",
        epoch="J2000",
        merge_bright=True,
        landmarks=helios.load_landmarks(),
        solar_system="none",
    )
    helios.pack(universe)
    return helios.write_site(universe, folder / "site").path


def seen_from_sun(hr, year):
    """(ICRS degrees, pixels per radian of error allowed) by astropy, of catalogued values."""
    if hr:
        with gzip.open(ROOT / "catalogs/bright_stars.csv.gz", "rt") as lines:
            table = Table.read(lines.read(), format="ascii.csv")
        [row] = table[table["source_id"] == hr]
        values = [float(row[name]) for name in ("ra", "dec", "parallax", "pmra", "pmdec", "radial_velocity")]
        epoch = 2000.0
    else:
        numbers = [float(value) for value in f"{BARNARD},{MOVES}".split(",")[1:]]
        values, epoch = [*numbers[:3], *numbers[5:]], 2016.0
    ra, dec, parallax, pmra, pmdec, radial = values
    star = SkyCoord(
        ra=ra * u.deg,
        dec=dec * u.deg,
        distance=1000.0 / parallax * u.pc,
        pm_ra_cosdec=pmra * u.mas / u.yr,
        pm_dec=pmdec * u.mas / u.yr,
        radial_velocity=radial * u.km / u.s,
        obstime=Time(epoch, format="jyear", scale="tdb"),
    )
    then = star.apply_space_motion(new_obstime=Time(year, format="jyear", scale="tdb"))
    speed = np.hypot(radial, 4.740470 * np.hypot(pmra, pmdec) / parallax)
    way_pc = speed * abs(year - epoch) / 977_792.2
    return (float(then.ra.deg), float(then.dec.deg)), 2 * speed / LIGHT_KM_S * way_pc / then.distance.pc


def case(name):
    hr, year, fov, ev = CASES[name]
    (ra, dec), error = seen_from_sun(hr, year)
    camera = Pinhole(np.zeros(3), (ra + 2.0, dec - 1.5), float(fov))
    px = camera.project(ecliptic_direction(ra, dec))[0]
    return camera, px, camera.focal * error, f"{camera.state}&ev={ev}&t={year}"


@pytest.fixture(scope="module")
def visit(site, tmp_path_factory):
    views = [View(DIPPER, steps=[{"evaluate": ASKED}])]
    for name in CASES:
        _, px, _, state = case(name)
        corner = np.round(px - 0.5).astype(int) - 3
        views.append(View(state, light=(int(corner[0]), int(corner[1]), 7, 7), picture=False))
    _, px, _, state = case("Dubhe then")
    told = [
        {"click": [round(v, 1) for v in px]},
        {"until": TOLD},
        {"evaluate": "document.getElementById('panel').innerText"},
    ]
    views += [
        View(f"{state}&show=constellations", clean=False, steps=[{"evaluate": LABEL}]),
        View(steps=[*told], picture=False),
        View(DIPPER, steps=[{"press": "Escape"}, {"evaluate": ASKED}]),
        # By the clock, which the links have opened: plays, stands still, and costs nothing then.
        View(
            DIPPER,
            steps=[{"press": "t"}, {"press": "t"}, {"until": OPEN}, {"press": "p"}, {"wait": 1500}],
        ),
        View(steps=[{"press": "p"}, {"evaluate": FRAMES}]),
        View(DIPPER, steps=[{"evaluate": DATE}]),
        View(DIPPER, steps=[{"evaluate": CLICK.format("Now")}, {"wait": 900}, {"evaluate": "location.hash"}]),
        View(f"{DIPPER}&t=soon", steps=[{"evaluate": "helios.problems"}], picture=False),
    ]
    return look_at_site(site, views, tmp_path_factory.mktemp("pictures"))


def middle_of(light):
    box = light.sum(axis=2)
    box = np.where(box > 0.05 * box.max(), box, 0.0)
    rows, columns = np.mgrid[0 : box.shape[0], 0 : box.shape[1]] + 0.5
    return np.array([(columns * box).sum(), (rows * box).sum()]) / box.sum()


@pytest.mark.parametrize("name", CASES)
def test_the_light_is_where_astropy_has_the_star(visit, name):
    _, px, error, _ = case(name)
    seen = visit.views[1 + list(CASES).index(name)]
    corner = np.round(px - 0.5).astype(int) - 3
    assert seen.light.max() > 0
    assert np.linalg.norm(corner + middle_of(seen.light) - px) < 0.1 + error
    assert error < 2


def test_its_name_goes_with_it_and_it_is_told_where_it_is(visit):
    _, px, _, _ = case("Dubhe then")
    label, told = (visit.views[len(CASES) + i].script for i in (1, 2))
    assert abs(label["middle"] - px[1]) < 3
    assert min(abs(label["left"] - px[0]), abs(label["right"] - px[0])) < 12
    assert told.startswith("Dubhe")


def test_at_the_skys_own_date_nothing_is_read_and_back_there_the_picture_is_the_same(visit):
    before, after = visit.views[0], visit.views[len(CASES) + 3]
    assert before.script == 0
    assert after.script > 0
    assert before.png.read_bytes() == after.png.read_bytes()
    assert np.ptp(before.pixels()) > 100


def test_play_goes_on_and_pause_stands_still(visit):
    start = len(CASES) + 4
    playing, paused, own = visit.views[start : start + 3]
    frames, date, link = paused.script
    assert frames == 0
    assert link.endswith(f"&t={date}")
    assert own.script == "2000-01-01"
    assert date != own.script
    assert playing.png.read_bytes() != visit.views[0].png.read_bytes()


def test_now_is_today_and_what_is_no_date_is_told(visit):
    now, wrong = visit.views[-2:]
    assert now.script.rpartition("&t=")[2] in {Time.now().tdb.iso[:10], (Time.now() - 1 * u.day).iso[:10]}
    assert visit.problems == ["“soon” is no date: type one as 2026-11-29, or a year from −98000 to 102000."]
    assert wrong.script == visit.problems
    assert visit.console == []


def test_a_sky_without_motions_says_so_and_offers_nothing(tmp_path):
    universe = helios.build(
        [ROOT / "catalogs/bright_stars.csv.gz"], tmp_path / "universe", limit=300, solar_system="none"
    )
    helios.pack(universe)
    site = helios.write_site(universe, tmp_path / "site").path
    buttons = "[...document.querySelectorAll('#time button, #time input')].map((e) => e.ariaLabel)"
    steps = [{"press": "t"}, {"until": OPEN}, {"until": "!location.hash.includes('t=')"}, {"evaluate": buttons}]
    views = [View(DIPPER, steps=steps)]
    visit = look_at_site(site, views, tmp_path / "pictures", start="#pos=0,0,0&t=12000")
    none = "The stars of this sky stand still: it was made without their motions."
    assert visit.problems == [none]
    assert none in visit.page
    assert visit.views[0].script == ["Close"]
