"""One moves by wheel, keys and buttons as one means to, comes back, and nothing goes on that was let go.

The scene is the naked-eye sky: where a star stands in a view, and how near the wheel comes to it, is worked out here.
"""

import numpy as np
import pytest
from look import CHOSEN, View, look_at_site
from pinhole import Pinhole, ecliptic_direction
from v1_site import naked_eye_stars

pytestmark = pytest.mark.slow

STARS = {star.name: star for star in naked_eye_stars()}
BETELGEUSE = STARS["Betelgeuse"].position
LOOK = (80.0, 3.0)
FRESH = (83.8, -1.2)
WHEEL_PER_E = 260
"""CSS pixels of the wheel that come nearer by a factor of e."""
MAG = -8.0
"""Of a star that was flown to."""

STILL = """new Promise((done) => {
  let [before, same] = ["", 0];
  const compare = () => {
    const now = location.hash + JSON.stringify(helios.view());
    same = now === before && !helios.flying() ? same + 1 : 0;
    before = now;
    if (same === 2) done(helios.view());
    else setTimeout(() => requestAnimationFrame(compare), 500);
  };
  compare();
})"""
"""Gives the view once nothing has moved, nor the address, for a while in which frames could be drawn."""

LET_GO = {
    "blur": "window.dispatchEvent(new Event('blur'))",
    "menu": "document.getElementById('sky').dispatchEvent(new PointerEvent('contextmenu', { pointerType: 'mouse' }))",
    "capture": "document.getElementById('sky').releasePointerCapture(1)",
    "hidden": "document.dispatchEvent(new Event('visibilitychange'))",
}
"""Ways in which the page ceases to hear of a pointer that is pressed."""


def start(look=LOOK, position=(0, 0, 0)):
    return f"pos={','.join(map(str, position))}&look={look[0]},{look[1]}&fov=60&ev=0"


def search(name):
    return [{"press": "/"}, {"type": name}, {"press": "Enter"}, {"until": CHOSEN}]


def pixel_of(position, look=LOOK):
    return Pinhole(np.zeros(3), look).project(position)[0]


@pytest.fixture(scope="module")
def visit(naked_eye_site, tmp_path_factory):
    """One user: comes nearer by the wheel, drags, loses the pointer, looks and flies by keys, flies, returns."""
    at = np.add(pixel_of(BETELGEUSE), [4, -3]).tolist()
    click = {"drag": [*at, *at]}
    views = [
        View(start(), points=[BETELGEUSE.tolist()], steps=[click]),
        View(points=[BETELGEUSE.tolist()], steps=[{"wheel": -520}, {"evaluate": STILL}]),
    ]
    for code in LET_GO.values():
        before = [{"down": [640, 400]}, {"move": [700, 400]}, {"evaluate": STILL}]
        views.append(View(start(), steps=before))
        views.append(View(steps=[{"evaluate": code}, {"move": [900, 300]}, {"evaluate": STILL}]))
        views.append(View(steps=[{"up": True}]))
    hold = [{"hold": "ArrowRight"}, {"wait": 300}, {"release": "ArrowRight"}, {"evaluate": STILL}]
    views += [View(start(), steps=hold)]
    flown = [{"hold": "w"}, {"until": "Math.hypot(...helios.view().pos) > 1e15"}]
    views += [View(start(), steps=[*flown, {"evaluate": LET_GO["blur"]}, {"evaluate": STILL}])]
    views += [View(steps=[{"wait": 1200}]), View(steps=[{"release": "w"}])]
    return look_at_site(naked_eye_site, [replaced(view) for view in views], tmp_path_factory.mktemp("motion"))


def replaced(view):
    """`view` without a picture, of which there are many here."""
    view.picture = False
    return view


def test_the_wheel_comes_nearer_to_the_star_under_the_pointer(visit):
    before, after = visit.views[:2]
    assert np.linalg.norm(after.projected - before.projected) < 0.5
    left = np.linalg.norm(BETELGEUSE - np.array(after.view["pos"])) / np.linalg.norm(BETELGEUSE)
    assert left == pytest.approx(np.exp(-520 / WHEEL_PER_E), rel=0.01)
    assert after.view["fov"] == 60


@pytest.mark.parametrize("number", range(len(LET_GO)), ids=list(LET_GO))
def test_a_drag_that_loses_its_pointer_ends(visit, number):
    held, lost = visit.views[2 + 3 * number], visit.views[3 + 3 * number]
    assert held.view["look"] != pytest.approx({"ra": LOOK[0], "dec": LOOK[1]}), "the drag turns"
    assert lost.view["look"] == held.view["look"]


def test_arrows_look_and_lost_keys_fly_no_more(visit):
    looked, blurred, later = visit.views[-4:-1]
    assert looked.view["pos"] == [0, 0, 0]
    assert abs(looked.view["look"]["ra"] - LOOK[0]) > 0.5
    assert np.linalg.norm(blurred.view["pos"]) > 1e15
    assert later.view["pos"] == blurred.view["pos"]
    assert visit.console == []


@pytest.mark.parametrize("reduced", [False, True], ids=["flying", "reduced motion"])
def test_back_and_home(naked_eye_site, tmp_path, reduced):
    """To a star, back by the browser, again and back by the button, then home, and back by the key."""
    still = {"evaluate": STILL}
    views = [
        View(start(), steps=[still]),
        View(steps=[*search("betelg"), still]),
        View(steps=[{"evaluate": "history.back()"}, still]),
        View(steps=[*search("rigel"), still]),
        View(steps=[{"evaluate": "document.getElementById('back-button').click()"}, still]),
        View(start(position=(1e18, 2e18, 3e17)), steps=[still]),
        View(steps=[{"press": "h"}, {"evaluate": "[helios.flying(), helios.view().pos[0]]"}]),
        View(steps=[still]),
        View(steps=[{"press": "Backspace"}, still]),
        View(steps=[{"press": "Backspace"}, still, {"evaluate": "document.getElementById('back-button').disabled"}]),
    ]
    views = [replaced(view) for view in views]
    seen = look_at_site(naked_eye_site, views, tmp_path, size=(640, 400), reducedMotion=reduced)
    first, star, back, rigel, again, away, leaving, home, left, last = (each.view for each in seen.views)
    for name, view in (("Betelgeuse", star), ("Rigel", rigel)):
        to_star = STARS[name].position - np.array(view["pos"])
        share = np.linalg.norm(to_star) / np.linalg.norm(STARS[name].position)
        assert STARS[name].mag + 5 * np.log10(share) == pytest.approx(MAG, abs=0.1)
        aim = ecliptic_direction(view["look"]["ra"], view["look"]["dec"])
        assert aim @ to_star == pytest.approx(np.linalg.norm(to_star), rel=1e-6)
    assert back == first
    assert again == first
    assert seen.views[6].script[0] is not reduced
    assert (leaving["pos"] == [0, 0, 0]) is reduced
    assert home["pos"] == [0, 0, 0]
    assert [home["look"]["ra"], home["look"]["dec"]] == pytest.approx(FRESH, abs=1e-6)
    assert left == away
    assert last == left
    assert seen.views[9].script is True
    assert (seen.problems, seen.console) == ([], [])


def test_who_flies_off_after_a_rest_comes_back(naked_eye_site, tmp_path):
    """To where the rest was, not to the stops on the way."""
    fly = [{"hold": "w"}, {"wait": 400}, {"release": "w"}, {"wait": 200}]
    views = [
        View(start(), steps=[{"evaluate": STILL}, {"wait": 5500}, *fly, *fly, {"evaluate": STILL}]),
        View(steps=[{"press": "Backspace"}, {"evaluate": STILL}]),
    ]
    away, back = (each.view for each in look_at_site(naked_eye_site, [replaced(v) for v in views], tmp_path).views)
    assert np.linalg.norm(away["pos"]) > 1e15
    assert back["pos"] == [0, 0, 0]
    assert [back["look"]["ra"], back["look"]["dec"]] == pytest.approx(LOOK)


def test_night_is_red_and_the_screen_is_filled(naked_eye_site, tmp_path):
    """By night nothing has green or blue light, neither the sky nor the page; by day, or again by day, both have."""
    full = "document.fullscreenElement !== null"
    views = [
        View(start(FRESH), clean=False),
        View(steps=[{"press": "r"}], clean=False),
        View(steps=[{"press": "?"}], clean=False),
        View(
            steps=[{"press": "Escape"}, {"until": "!document.getElementById('help').open"}, {"press": "r"}], clean=False
        ),
        View(steps=[{"press": "f"}, {"until": full}], picture=False),
        View(steps=[{"press": "f"}, {"until": f"!({full})"}], picture=False),
    ]
    visit = look_at_site(naked_eye_site, views, tmp_path)
    for seen, red in zip(visit.views, (False, True, True, False)):
        pixels = seen.pixels()
        assert np.sum(pixels[..., 0] > 40) > 1000
        assert (pixels[..., 1:].max() <= 2) == red
    assert (visit.problems, visit.console) == ([], [])
