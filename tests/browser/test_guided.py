"""A tour plays: it flies, stays, goes on, gives way to whoever takes the camera, and comes back when asked to.

The sky is that of the 288 naked-eye stars, with a tour of a star, of a view and of a star that is not there.
"""

import json
import shutil

import numpy as np
import pytest
from look import View, look_at_site
from v1_site import naked_eye_stars

import helios

pytestmark = pytest.mark.slow

BETELGEUSE = next(star for star in naked_eye_stars() if star.name == "Betelgeuse").position
HOME = {"pos": [1e15, -2e15, 3e15], "look": [40.0, 60.0], "fov": 30}
STOPS = [
    {"title": "One", "text": "A red star.", "seconds": 3, "goto": "Betelgeuse"},
    {"title": "Two", "text": "Near home.", "seconds": 3600, "show": "constellations", **HOME},
    {"title": "Three", "text": "Nowhere.", "seconds": 5, "goto": "Xyzzyqua"},
]
AT = "document.querySelector('#tour h2')?.textContent === '{}' && !helios.flying()"
AT_HOME = f"{AT.format('Two')} && helios.view().pos[0] === 1e15 && Math.abs(helios.view().look.dec - 60) < 1e-6"
AT_STAR = f"{AT.format('One')} && Math.hypot(...helios.view().pos) > {0.9 * np.linalg.norm(BETELGEUSE)}"
FLYING = "helios.flying() && document.querySelector('#tour') !== null"
BUTTONS = "[...document.querySelectorAll('#tour button')].map((button) => button.textContent)"
PRESS = "[...document.querySelectorAll('#tour button')].find((button) => button.textContent === '{}').click()"
PLAYS = f"{BUTTONS}.includes('Pause')"
LEFT = "document.getElementById('tour') === null && !document.body.classList.contains('touring')"
READY = "document.getElementById('tours-button') !== null"
STARTED = "document.querySelector('#tour h2')?.textContent === 'One'"
DRAG = {"drag": [600, 300, 660, 320]}


def tour_file(folder, stops=STOPS, name="two.json"):
    path = folder / name
    path.write_text(json.dumps({"version": 1, "title": "Two places", "stops": stops}))
    return path


@pytest.fixture(scope="module")
def site(naked_eye_site, tmp_path_factory):
    """The site of `naked_eye_site` with a tour."""
    folder = tmp_path_factory.mktemp("toured")
    universe = naked_eye_site.parent / "universe"
    return helios.write_site(universe, folder / "site", tours=[tour_file(folder)]).path


@pytest.fixture(scope="module")
def visit(site, tmp_path_factory):
    """One visitor: starts by a link, sees two stops, drags, plays on, presses a key, goes to the third, leaves."""
    views = [
        View(steps=[{"until": AT_STAR}, {"evaluate": BUTTONS}]),
        View(steps=[{"until": AT_HOME}, {"evaluate": PLAYS}]),
        View(steps=[DRAG, {"wait": 300}, {"evaluate": BUTTONS}]),
        View(steps=[{"evaluate": PRESS.format("Play")}, {"until": AT_HOME}, {"evaluate": PLAYS}]),
        View(steps=[{"press": "ArrowLeft"}, {"wait": 300}, {"evaluate": PLAYS}]),
        View(steps=[{"evaluate": PRESS.format("Previous")}, {"until": FLYING}, DRAG, {"evaluate": "helios.flying()"}]),
        View(steps=[{"evaluate": PRESS.format("Next")}, {"evaluate": PRESS.format("Play")}, {"until": AT_HOME}]),
        View(
            steps=[
                {"evaluate": PRESS.format("Next")},
                {"until": "helios.problems.length > 0"},
                {"wait": 300},
                {"evaluate": f"[document.querySelector('#tour h2').textContent, {PLAYS}]"},
            ]
        ),
        View(steps=[{"press": "Escape"}, {"wait": 300}, {"evaluate": f"[{LEFT}, location.hash.includes('show')]"}]),
    ]
    for view in views:
        view.picture = False
    return look_at_site(site, views, tmp_path_factory.mktemp("visit"), start="#tour=tours/two.json")


def test_a_link_starts_a_tour_that_flies_to_a_star_and_on_to_a_view(visit):
    star, home = visit.views[:2]
    place = np.array(star.view["pos"])
    assert place @ BETELGEUSE / np.linalg.norm(place) / np.linalg.norm(BETELGEUSE) > 1 - 1e-6
    assert star.script == ["Previous", "Pause", "Next", "Leave"]
    assert home.view["pos"] == HOME["pos"]
    assert [home.view["look"]["ra"], home.view["look"]["dec"]] == pytest.approx(HOME["look"], abs=1e-6)
    assert home.view["fov"] == pytest.approx(HOME["fov"], rel=1e-9)
    assert home.script is True


def test_a_drag_pauses_and_play_comes_back(visit):
    dragged, back = visit.views[2:4]
    assert "Play" in dragged.script
    assert abs(dragged.view["look"]["dec"] - HOME["look"][1]) > 0.1
    assert back.view["pos"] == HOME["pos"]
    assert back.script is True


def test_a_key_pauses_and_a_drag_ends_a_flight_of_the_tour(visit):
    assert visit.views[4].script is False
    assert visit.views[5].script is False


def test_a_place_that_is_not_there_is_told_and_pauses(visit):
    assert visit.views[7].script == ["Three", False]
    assert [problem for problem in visit.problems if "Xyzzyqua" in problem] == visit.problems
    assert visit.console == []


def test_escape_leaves_and_what_was_shown_is_as_before(visit):
    assert visit.views[8].script == [True, False]


def test_with_reduced_motion_a_tour_jumps(site, tmp_path):
    count = "window.flights = 0; helios.addOverlay({ draw: () => { if (helios.flying()) window.flights++; } })"
    steps = [{"until": READY}, {"evaluate": f"{{ {count} }}"}, {"evaluate": "location.hash = '#tour=two'"}]
    steps += [{"until": AT_STAR}, {"until": AT_HOME}, {"evaluate": "window.flights"}]
    [seen] = look_at_site(site, [View(steps=steps)], tmp_path, reducedMotion=True).views
    assert seen.view["pos"] == HOME["pos"]
    assert seen.script == 0


def test_a_site_of_layers_has_tours_too(naked_eye_site_v1, tmp_path):
    site = shutil.copytree(naked_eye_site_v1, tmp_path / "site")
    manifest = json.loads((site / "site.json").read_text())
    tour_file(site)
    manifest["tours"] = [{"file": "two.json", "title": "Two places"}]
    (site / "site.json").write_text(json.dumps(manifest))
    steps = [{"until": AT_STAR}, {"until": AT_HOME}, {"evaluate": PLAYS}]
    visit = look_at_site(site, [View(steps=steps)], tmp_path / "pictures", start="#tour=two.json")
    assert visit.views[0].script is True
    assert (visit.problems, visit.console) == ([], [])


FRAMES = """(async () => {
  const rest = () => new Promise((done) => setTimeout(done, 1500));
  let frames = 0;
  helios.addOverlay({ draw: () => frames++ });
  await rest();
  await rest();
  const before = frames;
  await rest();
  return [before, frames - before];
})()"""


def test_while_a_text_is_read_nothing_is_drawn(site, tmp_path):
    steps = [{"until": AT_HOME}, {"wait": 6000}, {"evaluate": FRAMES}]
    view = View(steps=steps, picture=False)
    [drawn, idle] = look_at_site(site, [view], tmp_path, start="#tour=two", reducedMotion=True).views[0].script
    assert drawn >= 1
    assert idle == 0


def test_a_tour_is_chosen_and_led_by_keyboard_alone(site, tmp_path):
    focus = "document.getElementById('tours-button').focus()"
    focused = "document.activeElement.textContent"
    steps = [{"until": READY}, {"evaluate": focus}, {"press": "Enter"}, {"press": "Tab"}, {"press": "Enter"}]
    steps += [{"until": STARTED}, {"until": AT_STAR}, {"press": "Tab"}, {"press": "Enter"}, {"until": AT_HOME}]
    steps += [
        {"evaluate": f"[{focused}, {PLAYS}, document.querySelector('#tour [aria-live]').getAttribute('aria-live')]"}
    ]
    [seen] = look_at_site(site, [View(steps=steps, picture=False)], tmp_path).views
    assert seen.script == ["Next", True, "polite"]


def test_a_site_without_tours_has_no_button_and_is_asked_for_none(naked_eye_site, tmp_path):
    steps = [{"until": "document.getElementById('show-menu') !== null"}, {"evaluate": READY}]
    visit = look_at_site(naked_eye_site, [View(steps=steps)], tmp_path, start="#tour=tours/two.json")
    assert visit.views[0].script is False
    assert not [path for path, _ in visit.requests if "tour" in path]
    assert (visit.problems, visit.console) == ([], [])


def test_a_tour_that_is_damaged_or_not_there_is_told(naked_eye_site, tmp_path):
    universe = naked_eye_site.parent / "universe"
    site = helios.write_site(universe, tmp_path / "site", tours=[tour_file(tmp_path)]).path
    tour_file(site / "tours", [STOPS[0] | {"seconds": "long"}])
    steps = [{"until": "helios.problems.length > 0"}, {"evaluate": "location.hash = '#tour=three'"}]
    steps += [{"until": "helios.problems.length > 1"}, {"evaluate": LEFT}]
    visit = look_at_site(site, [View(steps=steps)], tmp_path / "pictures", start="#tour=tours/two.json")
    damaged, unknown = visit.problems
    assert 'tours/two.json: stop 1: "seconds" is "long"' in damaged
    assert "three" in unknown
    assert visit.views[0].script is True


@pytest.mark.parametrize("size", [(390, 844), (844, 390)])
def test_the_bar_can_be_touched(site, tmp_path, size):
    """Every button of the bar is 44 px or more each way; they, the text and the buttons below are inside the screen."""
    boxes = """[...document.querySelectorAll("#tour button, #tour .told, #tools button")].map((each) => {
      const { left, right, top, bottom } = each.getBoundingClientRect();
      return [left, right, top, bottom];
    })"""
    steps = [{"until": STARTED}, {"evaluate": boxes}]
    view = View(steps=steps, clean=False)
    found = look_at_site(site, [view], tmp_path, size=size, touch=True, start="#tour=two").views[0].script
    left, right, top, bottom = np.array(found).T
    bar = slice(-4, None)
    assert len(found) >= 10
    assert min(left.min(), top.min()) >= 0
    assert right.max() <= size[0]
    assert bottom.max() <= size[1]
    assert (bottom - top)[bar].min() >= 44
    assert (right - left)[bar].min() >= 44
