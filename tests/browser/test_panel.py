"""A click on a star tells what it is, twice flies there, Back returns; the same by keys, and of a site of layers.

The site is that of the embedded stars with motions. What the panel must say is what star charts say of the star.
"""

import numpy as np
import pytest
from look import View, look_at_site
from pinhole import ecliptic_direction

BELT = "pos=0,0,0&look=84.05339,-1.20192&fov=20&ev=0"
"""Alnilam in the middle: SIMBAD's place."""

MIDDLE = (640, 400)
TOLD = "document.querySelector('#panel:not([hidden])')?.getAttribute('aria-busy') === 'false'"
TEXT = "document.getElementById('panel').innerText"
CLOSED = "document.getElementById('panel').hidden"
FOCUS = "document.activeElement.textContent || document.activeElement.id"
RESTED = "!helios.flying() && location.hash.startsWith('#pos=')"


@pytest.fixture(scope="module")
def visit(site, tmp_path_factory):
    views = [
        View(BELT, steps=[{"click": MIDDLE}, {"until": TOLD}, {"evaluate": TEXT}], clean=False),
        View(steps=[{"press": "Escape"}, {"until": CLOSED}, {"evaluate": FOCUS}]),
        View(BELT, steps=[{"press": "Enter"}, {"until": TOLD}, {"evaluate": FOCUS}]),
        View(steps=[{"press": "Escape"}, {"until": CLOSED}, {"evaluate": FOCUS}]),
        View(BELT, steps=[{"click": MIDDLE, "count": 2}, {"until": "Math.hypot(...helios.view().pos) > 1e18"}]),
        View(
            steps=[{"wait": 600}, {"until": RESTED}, {"evaluate": "history.back()"}, {"wait": 800}, {"until": RESTED}]
        ),
        View(BELT, steps=[{"drag": [640, 400, 700, 400]}, {"wait": 200}, {"evaluate": CLOSED}]),
    ]
    return look_at_site(site, views, tmp_path_factory.mktemp("pictures"), reducedMotion=True)


def test_a_click_tells_what_the_star_is(visit):
    text = visit.views[0].script
    assert text.startswith("Alnilam")
    for known in ("ε Ori", "HR 1903", "HD 37128", "HIP 26311", "Orion", "BP−RP", "km/s past the Sun", "pc"):
        assert known in text
    assert "from here" not in text  # at the Sun it would say the same twice


def test_keys_reach_it_and_escape_leaves_it(visit):
    assert [view.script for view in visit.views[1:4]] == ["sky", "Fly there", "sky"]


def test_twice_flies_there_and_back_returns(visit):
    there, back = visit.views[4].view, visit.views[5].view
    to = np.array(there["pos"]) / np.linalg.norm(there["pos"])
    assert np.degrees(np.arccos(min(1, to @ ecliptic_direction(84.05339, -1.20192)))) < 0.01
    assert back["pos"] == [0, 0, 0]
    assert back["look"]["ra"] == pytest.approx(84.05339, abs=1e-5)


def test_a_drag_tells_nothing_and_all_went_well(visit):
    assert visit.views[6].script is True
    assert visit.problems == []
    assert visit.console == []


def test_side_files_are_read_when_asked_for_and_only_in_part(site, visit):
    read = [(path, ranged) for path, ranged in visit.requests if path.endswith("ids-sky.bin")]
    assert read
    assert all(ranged and ranged.startswith("bytes=0-") for _, ranged in read)


def test_a_site_of_layers_tells_what_it_knows(site_v1, tmp_path):
    views = [View(BELT, steps=[{"click": MIDDLE}, {"until": TOLD}, {"evaluate": TEXT}])]
    visit = look_at_site(site_v1, views, tmp_path)
    assert visit.views[0].script.startswith("Alnilam")
    assert "HIP 26311" in visit.views[0].script
    assert visit.problems == []
