"""A page's own stars are where astropy has them, pointed at, found, dropped in and hidden, and faulty files are told.

Where a mark is drawn is read from the canvas of the marks: the middle of its alpha, of marks without names.
"""

import json
import shutil

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord
from look import CHOSEN, View, look_at_site
from pinhole import Pinhole
from servers import WholeFiles, serving

TOLERANCE_PX = 0.1
HALF = 9
"""Pixels around a mark, which is 13 wide with its dark edge."""

MIDDLES = """(spots) => {
  const canvas = document.getElementById("points");
  return spots.map(([x, y]) => {
    const [left, top, size] = [Math.round(x) - HALF, Math.round(y) - HALF, 2 * HALF];
    const { data } = canvas.getContext("2d").getImageData(left, top, size, size);
    let [sum, atX, atY] = [0, 0, 0];
    for (let at = 0; at < size * size; at++) {
      const alpha = data[4 * at + 3];
      sum += alpha;
      atX += alpha * (left + (at % size) + 0.5);
      atY += alpha * (top + Math.floor(at / size) + 0.5);
    }
    return sum ? [atX / sum, atY / sum] : null;
  });
}""".replace("HALF", str(HALF))

PANEL = "document.getElementById('panel').innerText"
TOLD = "document.querySelector('#panel:not([hidden])')?.getAttribute('aria-busy') === 'false'"
HIDDEN = "document.getElementById('points').hidden"
SAID = "document.getElementById('points-said').textContent"
LISTED = "[...document.querySelectorAll('#points-menu label')].map((label) => label.textContent)"
HINT = "document.getElementById('drop-hint').hidden"
DRAG = """(() => {
  const data = new DataTransfer();
  for (const [name, text] of FILES) data.items.add(new File([text], name));
  const fire = (type) => document.getElementById("sky").dispatchEvent(
    new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data }),
  );
  const taken = !fire("dragenter");
  const shown = !HINT;
  fire("drop");
  return [taken, shown, HINT];
})()""".replace("HINT", HINT)


def ecliptic(places: SkyCoord) -> np.ndarray:
    """Metres [N, 3] of the viewer's frame, by astropy."""
    return places.icrs.transform_to(BarycentricMeanEcliptic()).cartesian.xyz.to_value(u.m).T


@pytest.fixture(scope="module")
def scene():
    """By each table's name a camera, 12 places [12, 3] before it, and the text: from the Sun, from 1e10 and 1e21 m."""
    rng = np.random.default_rng(5)
    grid = np.array([[x, y] for x in (-24, -8, 8, 24) for y in (-14, 0, 14)]) + rng.uniform(-2, 2, (12, 2))
    ra, dec, parsecs = 83.8 + grid[:, 0], -1.2 + grid[:, 1], 10 ** rng.uniform(0, 4, 12)
    sky = SkyCoord(ra * u.deg, dec * u.deg, parsecs * u.pc)
    cameras = {"sky": (Pinhole(np.zeros(3), (83.8, -1.2)), ecliptic(sky), table("ra,dec,distance", ra, dec, parsecs))}
    toward = ecliptic(SkyCoord(40 * u.deg, 25 * u.deg, distance=1 * u.m))
    for name, centre, size in (("near", (1.7, -2.1, 1.3), 1e10), ("far", (2e4, 1.5e4, -1e4), 1e21)):
        spots = np.array(centre) + rng.uniform(-0.3, 0.3, (12, 3)) * (size * u.m).to_value(u.pc)
        camera = Pinhole(ecliptic(along_axes(np.array(centre))) - size * toward, (40.0, 25.0))
        cameras[name] = camera, ecliptic(along_axes(spots)), table("x,y,z", *spots.T)
    return cameras


def along_axes(parsecs: np.ndarray) -> SkyCoord:
    x, y, z = parsecs.T
    return SkyCoord(x=x, y=y, z=z, unit="pc", representation_type="cartesian", frame="icrs")


def table(header: str, *columns: np.ndarray) -> str:
    return "\n".join([header, *(",".join(map(repr, row)) for row in np.stack(columns, axis=1).tolist())]) + "\n"


@pytest.fixture(scope="module")
def site(naked_eye_site, scene, tmp_path_factory):
    """The naked-eye site with tables beside its page."""
    site = tmp_path_factory.mktemp("points") / "site"
    shutil.copytree(naked_eye_site, site)
    for name, (_, _, text) in scene.items():
        (site / f"{name}.csv").write_text(text)
    named = 'Name;RA;Dec;Parallax;Colour of it\r\n"Zorblax ""7""";83,8;-1,2;100;"deep; red"\r\nNone;83,8;-1,2;-5;\r\n'
    (site / "named.csv").write_bytes(b"\xef\xbb\xbf" + named.encode())
    (site / "text.csv").write_text("a,b\n1,2\n")
    return site


ZORBLAX = ecliptic(SkyCoord(83.8 * u.deg, -1.2 * u.deg, distance=10 * u.pc))
BELT = "pos=0,0,0&look=83.8,-1.2&fov=60&ev=0"
SEARCH = [{"press": "/"}, {"type": "zorblax"}, {"wait": 500}, {"press": "Enter"}, {"until": CHOSEN}]


@pytest.fixture(scope="module")
def visit(site, scene, tmp_path_factory):
    """Looks from each camera, points at a star, searches, drops two files, hides and removes."""
    many = np.random.default_rng(6)
    crowd = table("ra,dec,distance", *many.uniform([0, -90, 1], [360, 90, 1000], (10_000, 3)).T)
    dropped = [["many.csv", crowd], ["worse.csv", "ra,dec,parallax\n1,2,x\n"]]
    box = "document.querySelectorAll('#points-menu input[type=checkbox]')"
    views = [
        View(
            camera.state,
            steps=[{"evaluate": f"({MIDDLES})({json.dumps(camera.project(here).tolist())})"}],
        )
        for camera, here, _ in scene.values()
    ]
    views += [
        View(
            BELT,
            steps=[{"move": [640, 400]}, {"wait": 200}, {"evaluate": "document.getElementById('sky').style.cursor"}],
        ),
        View(steps=[{"click": [640, 400]}, {"until": TOLD}, {"evaluate": PANEL}], clean=False),
        View(
            steps=[
                {"press": "Escape"},
                {"click": [640, 400], "count": 2},
                {"until": "Math.hypot(...helios.view().pos) > 1e17"},
            ]
        ),
        View(BELT, steps=[*SEARCH, {"until": "Math.hypot(...helios.view().pos) > 1e17"}]),
        View(BELT, steps=[{"evaluate": DRAG.replace("FILES", json.dumps(dropped))}]),
        View(
            steps=[{"until": f"{SAID}.startsWith('many.csv') && helios.problems.length === 5"}, {"evaluate": LISTED}],
            clean=False,
        ),
        View(steps=[{"evaluate": f"{box}.forEach((each) => each.click())"}, {"wait": 300}, {"evaluate": HIDDEN}]),
        View(steps=[{"evaluate": f"{box}.forEach((each) => each.click())"}, {"wait": 300}, {"evaluate": HIDDEN}]),
        View(
            steps=[
                {"evaluate": "document.querySelectorAll('#points-menu div button').forEach((each) => each.click())"},
                {"wait": 300},
                {"evaluate": f"[{HIDDEN}, {LISTED}.length]"},
            ],
            clean=False,
        ),
    ]
    with serving(site, WholeFiles) as other:
        foreign = f"http://localhost:{other.server_address[1]}/sky.csv"
        asked = ["sky.csv", "near.csv", "far.csv", "named.csv", "missing.csv", "text.csv", foreign]
        start = "?" + "&".join(f"points={name}" for name in asked)
        ready = {"until": "helios.problems.length >= 4"}
        views[0].steps.insert(0, ready)
        return look_at_site(site, views, tmp_path_factory.mktemp("pictures"), start=start, reducedMotion=True)


def test_marks_are_where_astropy_has_the_stars_from_any_distance(scene, visit):
    for (camera, here, _), view in zip(scene.values(), visit.views):
        expected = camera.project(here)
        off = np.abs(np.array(view.script, float) - expected).max()
        print(f"at {np.linalg.norm(camera.position):.1e} m: {off:.3f} px")
        assert off < TOLERANCE_PX


def test_a_mark_is_told_of_flown_to_and_found(visit):
    cursor, told, there, found = visit.views[3:7]
    assert cursor.script == "pointer"
    assert told.script.startswith('Zorblax "7"')
    for text in ("Parallax\n100", "Colour of it\ndeep; red", "10 pc", "named.csv"):
        assert text in told.script
    for view in (there, found):
        assert np.linalg.norm(np.array(view.view["pos"]) - ZORBLAX) < 1e-3 * np.linalg.norm(ZORBLAX)


def test_files_are_dropped_in_listed_hidden_and_removed(visit):
    drag, listed, hidden, shown, removed = visit.views[7:]
    assert drag.script == [True, True, True]
    assert [text.split(":")[0] for text in listed.script] == [
        "many.csv", "named.csv", "far.csv", "near.csv", "sky.csv",
    ]  # fmt: skip
    assert "many.csv: 10,000 stars" in listed.script
    assert (hidden.script, shown.script) == (True, False)
    assert removed.script == [True, 0]


def test_what_cannot_be_used_is_told_and_the_sky_goes_on(visit):
    told = sorted(visit.problems)
    expected = [
        "http://127.0.0.1",
        "http://localhost",
        "named.csv: 1 of 2 rows cannot be shown. The first, line 3: parallax -5 is not above 0",
        "text.csv does not say where its stars are",
        "worse.csv: 1 of 1 rows cannot be shown. The first, line 2: parallax “x” is no number",
    ]
    assert len(told) == len(expected), told
    assert all(text.startswith(start) for text, start in zip(told, expected)), told
    assert "HTTP 404" in told[0]
    assert "CORS" in told[1]
