"""Exposure by itself: from wherever one looks something is seen and little is burnt out, and a user may switch it off.

A visit to a universe of 20,000 stars none of which the naked eye sees, which at the exposure of a dark place is black.
What is seen is counted in the screenshot; the limiting magnitude that the page tells is held against the light itself.
"""

import re

import numpy as np
import pytest
from look import View, look_at_site
from pinhole import direction_of
from test_gpu import FRAMES_AT_REST
from v2_site import make_random_site

pytestmark = pytest.mark.slow

SIZE = (800, 600)
KPC_M = 3.0857e19
AU_M = 1.495978707e11
UP = np.array([0.36, 0.48, 0.8])
PLACES = {"1 au": AU_M, "1 kpc": KPC_M, "10 kpc": 10 * KPC_M, "100 kpc": 100 * KPC_M, "1 Mpc": 1000 * KPC_M}
LEAST = (150, 0, 150, 15, 0, 0)
"""So many stars are seen at least, from the Sun and these places. At 1 au there may be none beside it,
and from 100 kpc all are one spot."""
VALUE = "document.getElementById('exposure-value').title"
PRESSED = "document.getElementById('auto-button').getAttribute('aria-pressed')"
CLICK = "document.getElementById('auto-button').click()"
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))"
SLIDE = """(() => {
  const slider = document.getElementById("exposure-input");
  slider.value = "3.5";
  slider.dispatchEvent(new Event("input"));
})()"""
ADAPTED = """(async () => {
  // The address may still be that of the view before, which would be no change.
  while (window.location.hash.startsWith("#pos=0,0,0&")) await new Promise((done) => setTimeout(done, 50));
  // By a link's way, without settling: the eye follows on its own.
  window.location.hash = "#pos=0,0,0&look=83.8,-1.2&fov=60&ev=auto";
  const seen = [];
  helios.addOverlay({ draw: () => seen.push(helios.view().exposure) });
  for (let last = -1; seen.length !== last || seen.length === 0; ) {
    last = seen.length;
    await new Promise((done) => setTimeout(done, 1500));
  }
  return seen;
})()"""


def state(distance_m, away=False):
    """The Sun from this far, or what lies beyond."""
    position = distance_m * UP
    look = direction_of(position if away else -position) if distance_m else (83.8, -1.2)
    return f"pos={','.join(map(repr, position.tolist()))}&look={look[0]!r},{look[1]!r}&fov=60"


def peaks(image):
    """How many pixels [H, W] are lit, not burnt out and not darker than any of the eight around them."""
    rows, columns = image.shape
    middle = image[1:-1, 1:-1]
    lit = (middle > 40) & (middle < 250)
    for dy in range(3):
        for dx in range(3):
            lit &= middle >= image[dy : rows - 2 + dy, dx : columns - 2 + dx]
    return int(lit.sum())


@pytest.fixture(scope="module")
def dim(tmp_path_factory):
    """The directory of a site of stars of magnitude 8 to 15."""
    return make_random_site(tmp_path_factory.mktemp("dim"))


@pytest.fixture(scope="module")
def visit(dim, tmp_path_factory):
    value = [{"evaluate": DRAWN}, {"evaluate": f"[{VALUE}, {PRESSED}, helios.view()]"}]
    views = [View(steps=value), *(View(state=state(distance), steps=value) for distance in PLACES.values())]
    views += [
        View(state=state(0) + "&ev=0"),
        View(state=state(0) + "&ev=1.5", steps=value),
        View(state=state(0) + "&ev=auto", steps=[{"press": "+"}, *value]),
        View(state=state(0), steps=[{"evaluate": SLIDE}, *value]),
        View(state=state(0), steps=[{"evaluate": CLICK}, *value]),
        View(state=state(10 * KPC_M), steps=[{"evaluate": ADAPTED}]),
        View(steps=[{"evaluate": FRAMES_AT_REST}]),
        View(state=state(0), steps=value),
    ]
    return look_at_site(dim, views, tmp_path_factory.mktemp("exposure"), size=SIZE)


@pytest.mark.parametrize("number", range(1 + len(PLACES)), ids=["Sun", *PLACES])
def test_something_is_seen_and_little_is_burnt_out(visit, number):
    image = visit.views[number].pixels().max(axis=2)
    stars = peaks(image)
    # One star for 1,400 px^2 makes 343; in the glare of the Sun, or in a small crowd, fewer.
    assert LEAST[number] <= stars < 2000
    assert np.mean(image > 40) > 2e-4
    assert np.mean(image > 250) < 0.02


def test_at_the_exposure_of_a_dark_place_it_is_black(visit):
    assert np.mean(visit.views[6].pixels().max(axis=2) > 40) < 1e-4


def test_the_limit_is_that_of_the_light(visit):
    for seen in visit.views[:6]:
        value, pressed, view = seen.script
        assert pressed == "true"
        assert view["auto"] is True
        limit = float(re.search(r"magnitude (−?[\d.]+)$", value)[1].replace("−", "-"))
        focal = SIZE[1] / 2 / np.tan(np.radians(30))
        middle = view["exposure"] * 7e-6 * 10 ** (-0.4 * limit) * focal**2 / np.pi
        assert middle == pytest.approx(0.03, rel=0.06)  # the limit is rounded to a tenth


def test_links_keys_slider_and_button_hold_it(visit):
    link, key, slider, button = (seen.script for seen in visit.views[7:11])
    assert [pressed for _, pressed, _ in (link, key, slider, button)] == ["false"] * 4
    assert link[2]["exposure"] == pytest.approx(16 * 2**1.5)
    assert slider[2]["exposure"] == pytest.approx(16 * 2**3.5)
    home = visit.views[13].script[2]["exposure"]
    assert button[2]["exposure"] == pytest.approx(home, rel=1e-9)
    assert key[2]["exposure"] == pytest.approx(home * 2**0.25, rel=1e-9)


def test_it_is_the_same_each_time_and_whence_it_comes(visit):
    first, again = visit.views[0], visit.views[13]
    assert again.script[2]["exposure"] == first.script[2]["exposure"]
    np.testing.assert_array_equal(again.pixels(), first.pixels())


def test_it_is_come_to_slowly_and_then_all_is_still(visit):
    seen = np.log2(visit.views[11].script)
    goal = np.log2(visit.views[0].script[2]["exposure"])
    assert seen[0] > goal + 1, "the view before was no darker"
    assert np.all(np.diff(seen) <= 0.05)  # what is loaded on the way may change the goal a little
    assert len(np.unique(seen)) >= 3
    assert seen[-1] == pytest.approx(goal, abs=0.1)
    assert visit.views[12].script == 0
    assert (visit.problems, visit.console) == ([], [])


def test_who_wants_no_motion_has_it_at_once(dim, tmp_path):
    views = [View(state=state(10 * KPC_M), steps=[{"evaluate": ADAPTED}], picture=False)]
    seen = look_at_site(dim, views, tmp_path, size=SIZE, reducedMotion=True).views[0].script
    assert len(np.unique(np.round(np.log2(seen), 1))) <= 2
