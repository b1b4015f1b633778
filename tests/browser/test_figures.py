"""What is drawn over the sky lies where the stars are: figures, grids, rings, arrows, their menu, key and link.

The sky is the site of 288 naked-eye stars. Where a star is comes from the light of the picture; which stars a figure
joins is said here. Lines are found as a drawing's opacity across the way between two stars.
"""

import base64
import gzip
import io
import json
import shutil

import numpy as np
import pytest
from astropy import units as u
from look import View, look_at_site
from PIL import Image
from pinhole import Pinhole, direction_of, ecliptic_direction
from v1_site import naked_eye_stars
from v2_site import make_site

pytestmark = pytest.mark.slow

PC = u.pc.to(u.m)
STARS = {star.name: star for star in naked_eye_stars()}
PAIRS = [
    ("Betelgeuse", "Bellatrix"),
    ("Betelgeuse", "Alnitak"),
    ("Alnitak", "Saiph"),
    ("Mirzam", "Sirius"),
    ("Castor", "Pollux"),
    ("Dubhe", "Merak"),
    ("Alioth", "Mizar"),
    ("Mizar", "Alkaid"),
    ("Schedar", "Caph"),
    ("Deneb", "Sadr"),
    ("Alpheratz", "Algenib"),
    ("Acrux", "Gacrux"),
    ("Chertan", "Regulus"),
    ("Procyon", "Gomeisa"),
]
"""Lines of figures whose stars are in this universe, joined by star charts for long."""

SIRIUS = ecliptic_direction(101.287, -16.716) * 2.6 * PC
BACK_30 = ecliptic_direction(60.0, 50.0) * 30.0 * PC
PLACES = {"the Sun": 0.0 * SIRIUS, "Sirius": SIRIUS, "30 pc": BACK_30}
READY = "document.getElementById('show-menu') !== null"
DRAWN = """new Promise((done) => {
  const canvas = document.getElementById("chart");
  const boxes = BOXES;
  const read = () => ({
    drawing: canvas.toDataURL(),
    light: boxes.map(([x, y]) => [...helios.readLight(x, y, 9, 9)]),
  });
  const look = () => (canvas.hidden ? setTimeout(look, 50) : done(read()));
  look();
})"""
SHOWN = """[...document.querySelectorAll('#show-menu input')].filter((box) => box.checked).map((box) => box.name)"""


def drawing(seen):
    """Opacity [H, W] of what was drawn over the sky."""
    data = base64.b64decode(seen.script["drawing"].split(",", 1)[1])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))[..., 3].astype(float)


def corner(near):
    """The first pixel of the box of 9 x 9 pixels about a place."""
    return np.round(near - 0.5).astype(int) - 4


def brightest(light, near):
    """The middle of the light of the star in the box about a place, pixels, from what `readLight` gave of it."""
    box = np.array(light).reshape(9, 9, 3).sum(axis=2)
    box = np.where(box > 0.05 * box.max(), box, 0.0)
    rows, columns = np.mgrid[0:9, 0:9] + 0.5
    return corner(near) + np.array([(columns * box).sum(), (rows * box).sum()]) / box.sum()


def offset_of_line(opacity, start, end, share):
    """How far from the way between two points a line is drawn, pixels, measured across it at a share of the way.

    Lines more than 1.5 px away are others, and give NaN: from 30 pc many run side by side.
    """
    way = (end - start) / np.linalg.norm(end - start)
    across = np.array([-way[1], way[0]])
    steps = np.arange(-1.5, 1.501, 0.125)
    total, moment = 0.0, 0.0
    for along in np.linspace(-3.0, 3.0, 13):
        at = start + share * (end - start) + along * way + steps[:, None] * across - 0.5
        x, y = np.floor(at).astype(int).T
        fx, fy = (at - np.floor(at)).T
        value = (
            opacity[y, x] * (1 - fx) * (1 - fy)
            + opacity[y, x + 1] * fx * (1 - fy)
            + opacity[y + 1, x] * (1 - fx) * fy
            + opacity[y + 1, x + 1] * fx * fy
        )
        total, moment = total + value.sum(), moment + (value * steps).sum()
    return moment / total if total > 0 else np.nan


def places_of(camera, pair):
    return camera.project(np.array([STARS[name].position for name in pair]))


def boxes_of(camera, pair):
    return [corner(place).tolist() for place in places_of(camera, pair)]


@pytest.fixture(scope="module")
def charted(naked_eye_site, tmp_path_factory):
    """For each place the views, each of one pair in the middle: camera, pair and what was seen."""
    jobs = []
    for position in PLACES.values():
        for pair in PAIRS:
            ways = [STARS[name].position - position for name in pair]
            ways = [way / np.linalg.norm(way) for way in ways]
            apart = np.degrees(np.arccos(np.clip(ways[0] @ ways[1], -1, 1)))
            if not 0.5 < apart < 80:
                continue
            fov = float(np.clip(2.5 * apart, 4.0, 110.0))
            camera = Pinhole(position, direction_of(ways[0] + ways[1]), fov=fov)
            jobs.append((camera, pair))
    views = [
        View(
            state=camera.state + "&ev=3&show=constellations",
            steps=[{"until": READY}, {"evaluate": DRAWN.replace("BOXES", json.dumps(boxes_of(camera, pair)))}],
            picture=False,
        )
        for camera, pair in jobs
    ]
    visit = look_at_site(naked_eye_site, views, tmp_path_factory.mktemp("figures"))
    assert (visit.problems, visit.console) == ([], [])
    assert [path for path, _ in visit.requests if "constellations" in path] == ["/universe/constellations.json.gz"]
    return [(camera, pair, seen) for (camera, pair), seen in zip(jobs, visit.views)]


@pytest.mark.parametrize("place", PLACES)
def test_lines_lie_between_the_stars_as_they_are_drawn(charted, place):
    """Within 1 px, over the middle of the way, wherever one looks from."""
    offsets = []
    for camera, pair, seen in charted:
        if not np.array_equal(camera.position, PLACES[place]):
            continue
        places = places_of(camera, pair)
        stars = [brightest(light, place) for light, place in zip(seen.script["light"], places)]
        assert all(np.linalg.norm(star - place) < 1.5 for star, place in zip(stars, places)), pair
        opacity = drawing(seen)
        found = [offset_of_line(opacity, *stars, share) for share in np.linspace(0.3, 0.7, 9)]
        offsets.append(np.median(np.abs(found)))  # a name, or another line, may lie on some of them
        if offsets[-1] > 0.3:
            print(pair, np.round(found, 2), stars)
    print(f"from {place}: {len(offsets)} lines, worst {max(offsets):.2f} px")
    assert len(offsets) >= 8
    assert np.isfinite(offsets).all()
    assert max(offsets) < 1.0


FOCUS = "document.getElementById('show-button').focus()"
OPEN = "document.getElementById('show-menu').matches(':popover-open')"
NAMED = "new Promise((done) => setTimeout(() => done(location.hash), 700))"
HIDDEN = "document.getElementById('chart').hidden"
UNDRAWN = {"until": HIDDEN}


@pytest.fixture(scope="module")
def used(naked_eye_site, tmp_path_factory):
    """One user: key C, the menu by pointer and by keyboard, and the links that come of it."""
    start = {"state": "pos=0,0,0&look=83.8,-1.2&fov=60&ev=2"}
    views = [
        View(**start, steps=[{"until": READY}, {"evaluate": SHOWN}]),
        View(
            steps=[{"press": "c"}, {"until": "!document.getElementById('chart').hidden"}, {"evaluate": NAMED}],
            clean=False,
        ),
        View(steps=[{"press": "c"}, UNDRAWN, {"evaluate": NAMED}]),
        View(steps=[{"evaluate": FOCUS}, {"press": "Enter"}, {"evaluate": OPEN}]),
        View(
            steps=[
                {"evaluate": "document.querySelector('#show-menu input').focus()"},
                *[{"press": "Tab"}] * 2,
                {"press": "Space"},
                *[{"press": "Tab"}] * 4,
                {"press": "Space"},
                {"evaluate": NAMED},
            ]
        ),
        View(steps=[{"press": "Escape"}, {"evaluate": f"[{OPEN}, document.activeElement.id]"}]),
        View(state="show=none", steps=[UNDRAWN, {"evaluate": SHOWN}]),
        View(state="show=galactic,rings", steps=[{"evaluate": SHOWN}]),
    ]
    for view in views:
        view.picture = False  # what is hidden for a picture loses its focus
    visit = look_at_site(naked_eye_site, views, tmp_path_factory.mktemp("used"))
    assert (visit.problems, visit.console) == ([], [])
    return visit.views


def test_a_fresh_page_shows_no_lines(used):
    assert used[0].script == ["names", "compass"]


def test_c_shows_the_constellations_and_hides_them(used):
    assert "show=constellations,compass" in used[1].script
    assert "show" not in used[2].script


def test_the_menu_opens_and_is_used_by_keyboard_alone(used):
    assert used[3].script is True
    assert "show=equatorial,scale,compass" in used[4].script
    assert used[5].script == [False, "show-button"]


def test_a_link_says_what_is_shown(used):
    assert used[6].script == ["names"]
    assert used[7].script == ["names", "galactic", "rings"]


IDLE = """(async () => {
  const draws = [];
  const clear = CanvasRenderingContext2D.prototype.stroke;
  CanvasRenderingContext2D.prototype.stroke = function (...rest) {
    draws.push(1);
    return clear.apply(this, rest);
  };
  await helios.go("look=80,0");
  const drawn = draws.length;
  await new Promise((done) => setTimeout(done, 500));
  return [drawn, draws.length - drawn];
})()"""


def test_who_rests_draws_nothing(naked_eye_site, tmp_path):
    start = "#pos=0,0,0&look=83.8,-1.2&show=constellations,equatorial,scale"
    steps = [{"until": READY}, {"wait": 1500}, {"evaluate": IDLE}]
    [drawn, idle] = look_at_site(naked_eye_site, [View(steps=steps)], tmp_path, start=start).views[0].script
    assert drawn >= 3
    assert idle == 0


MENU = """(() => {
  document.getElementById("show-button").click();
  const boxes = [...document.querySelectorAll("#show-menu label")].map((row) => row.getBoundingClientRect());
  return boxes.map(({ left, right, top, bottom, height }) => [left, right, top, bottom, height]);
})()"""


@pytest.mark.parametrize("size", [(390, 844), (844, 390)])
def test_the_menu_can_be_touched(naked_eye_site, tmp_path, size):
    """Every row is 44 px high or more, inside the screen, or may be scrolled to where that is low."""
    view = View(steps=[{"until": READY}, {"evaluate": MENU}], clean=False)
    rows = np.array(look_at_site(naked_eye_site, [view], tmp_path, size=size, touch=True).views[0].script)
    assert len(rows) == 10
    assert rows[:, 4].min() >= 44
    assert rows[:, 0].min() >= 0
    assert rows[:, 1].max() <= size[0]
    assert rows[0, 2] >= 0
    if size[1] > size[0]:
        assert rows[:, 3].max() <= size[1]


def without(site, copy, change):
    shutil.copytree(site, copy)
    manifest = json.loads((copy / "site.json").read_text())
    change(manifest, copy)
    (copy / "site.json").write_text(json.dumps(manifest))
    return copy


def test_a_site_without_constellations_is_not_asked_for_them(naked_eye_site, tmp_path):
    site = without(naked_eye_site, tmp_path / "site", lambda manifest, _: manifest.pop("constellations"))
    steps = [{"until": READY}, {"press": "c"}, {"wait": 300}]
    steps.append({"evaluate": "document.querySelector('#show-menu [name=constellations]').disabled"})
    visit = look_at_site(site, [View(steps=steps)], tmp_path / "pictures", start="#show=constellations")
    assert visit.views[0].script is True
    assert (visit.problems, visit.console) == ([], [])
    assert not [path for path, _ in visit.requests if "constellations" in path]


def test_lost_constellations_are_told_and_asked_for_again(naked_eye_site, tmp_path):
    lost = "universe/constellations.json.gz"
    site = without(naked_eye_site, tmp_path / "site", lambda _, copy: (copy / lost).unlink())
    told = {"until": "helios.problems.length > 0"}
    again = {"until": "helios.problems.length > 1"}
    views = [View(steps=[{"until": READY}, {"press": "c"}, told, {"wait": 300}, {"press": "c"}, again])]
    visit = look_at_site(site, views, tmp_path / "pictures")
    assert all("constellations.json.gz" in problem and "404" in problem for problem in visit.problems)
    assert len(visit.problems) == 2
    assert {"Betelgeuse", "Rigel"} <= set(visit.views[0].labels)


TEXTS = """(async () => {
  const texts = [];
  const fill = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    texts.push([text, x, y]);
    return fill.call(this, text, x, y);
  };
  await helios.go(STATE);
  CanvasRenderingContext2D.prototype.fillText = fill;
  return texts;
})()"""


def test_the_arrow_to_the_sun_is_on_its_side_and_a_grid_says_where_it_is(naked_eye_site, tmp_path):
    """From 30 pc, looking 60 degrees to the right of the Sun; then straight at it, where no arrow is."""
    at_sun = Pinhole(BACK_30, direction_of(-BACK_30))
    level = np.cross(-BACK_30, [0.0, 0.0, 1.0])
    right = -BACK_30 / np.linalg.norm(BACK_30) * np.cos(np.pi / 3) + level / np.linalg.norm(level) * np.sin(np.pi / 3)
    beside = Pinhole(BACK_30, direction_of(right))
    states = [beside.state + "&show=compass,scale", at_sun.state, "pos=0,0,0&look=90,0.5&fov=60&show=equatorial"]
    views = [View(steps=[{"until": READY}, {"evaluate": TEXTS.replace("STATE", json.dumps(s))}]) for s in states]
    seen = [view.script for view in look_at_site(naked_eye_site, views, tmp_path).views]
    [arrow] = [text for text in seen[0] if text[0].startswith("Sun")]
    assert arrow[0] == "Sun   30 pc · 97.8 ly"
    assert arrow[1] < 200
    assert [text[0] for text in seen[0] if text[0].endswith("at the Sun")] == ["5 pc at the Sun"]
    assert not [text for text in seen[1] if text[0].startswith("Sun")]
    grid = {text: (x, y) for text, x, y in seen[2]}
    # Ecliptic north is up; near RA 6h celestial north is too, and so hours grow to the left.
    assert grid["7h"][0] < grid["6h"][0] < grid["5h"][0]
    assert grid["+10°"][1] < grid["0°"][1] < grid["−10°"][1]
    equator = Pinhole(np.zeros(3), (90.0, 0.5)).project(
        np.array([ecliptic_direction(ra, 0.0) for ra in range(120, 132)])
    )
    at_edge = np.interp(10.0, equator[::-1, 0], equator[::-1, 1])
    assert grid["0°"][1] == pytest.approx(at_edge, abs=1.0)


def test_places_without_light_say_so(tmp_path):
    """A place without stars has a dashed ring, comes after those with light, and the search says it in words."""
    stars = naked_eye_stars()
    site = make_site(tmp_path / "made", stars)
    path = site / "universe" / "landmarks.json.gz"
    places = json.loads(gzip.decompress(path.read_bytes()))
    assert all(place["stars"] >= 1 for place in places)
    far = STARS["Betelgeuse"].position * 1.4
    for name, count in (("Quill Cloud", 0), ("Quill Cluster", 5)):
        position = dict(zip("xyz", (far + np.array([0, 0, -4e17 if count else 4e17])).tolist()))
        places.insert(0, {"id": name, "name": name, "kind": "nebula", "pos_meters": position, "radius_hint": 2e17})
        places[0] |= {"stars": count, "source": "test", "description": ""}
    path.write_bytes(gzip.compress(json.dumps(places).encode()))
    found = """(() => {
      const rings = [...document.querySelectorAll("#labels .ring")].filter((ring) => !ring.hidden);
      const options = [...document.querySelectorAll("#search-list li")].map((item) => item.innerText);
      return { rings: rings.map((ring) => getComputedStyle(ring).borderTopStyle).sort(), options };
    })()"""
    listed = "document.querySelectorAll('#search-list [role=option]').length === 2"
    steps = [{"until": READY}, {"press": "/"}, {"type": "quill"}, {"until": listed}, {"evaluate": found}]
    state = "pos=0,0,0&look=88.8,7.4&fov=20"
    seen = look_at_site(site, [View(state=state, steps=steps, clean=False)], tmp_path / "pictures").views[0]
    assert {"Quill Cloud", "Quill Cluster"} <= set(seen.labels)
    assert seen.script["rings"] == ["dashed", "solid"]
    [lit, unlit] = seen.script["options"]
    assert lit.startswith("Quill Cluster")
    assert "no light" not in lit
    assert unlit.startswith("Quill Cloud")
    assert "no light in this universe" in unlit
