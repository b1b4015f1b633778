"""A visitor types what a place is called, or where it is, and is there; so do links by name, and Back returns.

The site is that of the embedded stars. Expected places are those of the shipped table and of the galactic system,
turned by astropy, not what the viewer says of itself.
"""

import csv
import gzip
import json
import os
import subprocess

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from look import CHOSEN, CLIENT, ROOT, View, look_at_site
from pinhole import ecliptic_direction

LIST = "[...document.querySelectorAll('#search-list li')].map((item) => item.textContent)"
FOUND = "document.querySelector('#search-list [role=option]') !== null"
PLEIADES = f"{LIST}[0]?.startsWith('Ple')"
GOAL = "document.getElementById('goal').textContent"
THERE = "!helios.flying() && location.hash.startsWith('#pos=')"


def star(number):
    """Ecliptic direction, distance in parsecs and magnitude G of a star of the shipped table."""
    with gzip.open(ROOT / "catalogs/bright_stars.csv.gz", "rt", encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["source_id"] == number)
    return (
        ecliptic_direction(float(row["ra"]), float(row["dec"])),
        1000 / float(row["parallax"]),
        float(row["phot_g_mean_mag"]),
    )


def search(typed):
    """Type and choose the first; nothing moves by itself."""
    return [
        {"press": "/"},
        {"type": typed},
        {"wait": 50},
        {"until": FOUND},
        {"press": "Enter"},
        {"until": CHOSEN},
        {"until": THERE},
    ]


@pytest.fixture(scope="module")
def visit(site, tmp_path_factory):
    """Types three names and two pairs of coordinates, goes back twice, and asks for what is not there."""
    views = [
        View(steps=[*search("α² Cen"), {"until": GOAL}, {"evaluate": GOAL}]),
        View(steps=[*search("hd 38804"), {"until": GOAL}, {"evaluate": GOAL}]),
        View(steps=search("l=184.5575 b=-5.7843")),
        View(steps=[{"evaluate": "history.back()"}, {"wait": 800}, {"until": THERE}]),
        View(steps=[{"evaluate": "history.back()"}, {"wait": 800}, {"until": THERE}]),
        View(
            steps=[{"press": "/"}, {"type": "plieades"}, {"until": PLEIADES}, {"evaluate": LIST}],
            clean=False,
        ),
        View(steps=[{"type": "qwertz"}, {"until": f"{LIST}[0].startsWith('Nothing')"}, {"evaluate": LIST}]),
    ]
    return look_at_site(site, views, tmp_path_factory.mktemp("pictures"), reducedMotion=True)


def test_a_star_is_found_by_the_number_that_its_universe_has_for_it(site, tmp_path):
    # HR 5460 is also what this universe calls it; no name or designation is "id 5460".
    steps = [*search("id 5460"), {"until": GOAL}, {"evaluate": GOAL}]
    visit = look_at_site(site, [View(steps=steps)], tmp_path, reducedMotion=True)
    assert_at(visit.views[0].view, "5460")
    assert visit.views[0].script.startswith("Toliman")
    lookup = [(path.rsplit("/", 1)[1], ranged) for path, ranged in visit.requests if "lookup" in path]
    assert [name for name, _ in lookup].count("lookup.bin") == 1
    assert lookup[-1] == ("lookup-00000.bin", f"bytes={2 * 2048 * 24}-{3 * 2048 * 24 - 1}")


def assert_at(view, number):
    """The view is where the star is of magnitude -8, to what 5 mmag change and the rounded place of the star."""
    direction, parsecs, mag = star(number)
    there = direction * parsecs
    from_there = np.linalg.norm(np.array(view["pos"]) / u.pc.to(u.m) - there)
    assert from_there == pytest.approx(parsecs * 10 ** ((-8 - mag) / 5), rel=0.005, abs=1e-5 * parsecs)


def test_a_component_of_a_double_is_told_from_the_other(visit):
    # They lie 20 au apart: by place alone, rounded to catalogues of two epochs, one would be the other.
    assert_at(visit.views[0].view, "5460")
    assert visit.views[0].script.startswith("Toliman")


def test_a_star_that_is_no_landmark_is_flown_to_and_named(visit):
    assert_at(visit.views[1].view, "2005")
    assert visit.views[1].script.startswith("HR 2005")
    assert "HR 2005" in visit.views[1].labels


def test_coordinates_turn_the_view_and_move_nothing(visit):
    before, after = visit.views[1].view, visit.views[2].view
    assert after["pos"] == before["pos"]
    crab = SkyCoord(l=184.5575 * u.deg, b=-5.7843 * u.deg, frame="galactic").icrs
    looked = SkyCoord(after["look"]["ra"] * u.deg, after["look"]["dec"] * u.deg)
    assert looked.separation(crab).arcsec < 1


def test_back_returns_to_where_one_was(visit):
    for view, former in ((visit.views[3], visit.views[1]), (visit.views[4], visit.views[0])):
        assert view.view["pos"] == former.view["pos"]
        assert view.view["look"]["ra"] == pytest.approx(former.view["look"]["ra"], abs=1e-6)


def test_mistakes_find_and_nonsense_does_not(visit):
    assert visit.views[5].script[0].startswith("Pleiades (M45)")
    assert visit.views[6].script == ["Nothing of that name here"]
    assert visit.problems == []
    assert visit.console == []


@pytest.mark.parametrize(
    ("link", "number"), [("#goto=HIP%2091262", "7001"), ("?goto=vega", "7001"), ("#goto=β Ori", "1713")]
)
def test_a_link_by_name_leads_there(site, tmp_path, link, number):
    visit = look_at_site(site, [View(steps=[{"until": "Math.hypot(...helios.view().pos) > 0"}])], tmp_path, start=link)
    assert_at(visit.views[0].view, number)
    assert visit.problems == []


def test_a_link_to_what_is_not_there_says_so_once(site, tmp_path):
    steps = [{"until": "helios.problems.length > 0"}, {"wait": 300}]
    visit = look_at_site(site, [View(steps=steps)], tmp_path, start="#goto=Vulcan")
    assert visit.problems == ["Nothing here is called “Vulcan”."]
    assert visit.views[0].view["pos"] == [0, 0, 0]


def test_names_are_not_read_before_they_are_asked_for(site, tmp_path):
    still, asked = (look_at_site(site, [View(steps=steps)], tmp_path) for steps in ([], search("vega")))
    read = [[path for path, _ in visit.requests if "names" in path] for visit in (still, asked)]
    assert read[0] == []
    assert any(path.endswith("names.json.gz") for path in read[1])


def test_the_list_of_queries_finds_what_it_should_among_the_names_of_a_site(site):
    command = ["node", "--import", "tsx", "--test", "test/names.test.ts"]
    names = site / "universe" / "names.json.gz"
    assert len(json.loads(gzip.decompress(names.read_bytes()))["stars"]) > 8000
    done = subprocess.run(
        command, cwd=CLIENT, env=os.environ | {"HELIOS_NAMES": str(names)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:]
