"""Pictures are the viewer's: the same numbers stand in its sources, and its own code finds the same exposures and ways.

Skies are of a few thousand stars, of which the viewer knows all: seen from the Sun, from among them, too few to fill
the view, and crowded.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from helios.constants import EPS_PX2
from helios.pictures import eye, flights, lights, places, tone
from helios.pictures.eye import exposure_at, follow, limit_of, stops_of
from helios.pictures.flights import Flight, State, ViewWay, WayHome, frames_of, unit
from helios.pictures.lights import Block, sun
from helios.pictures.picture import take
from helios.pictures.states import link_of, parse_link
from helios.pictures.views import pinhole

ROOT = Path(__file__).parents[3]
CLIENT = ROOT / "client_export"
PARSEC = 3.0856775814913673e16

SAME = {
    "exposure.ts": {"EXPOSURE_AT_EV_0": eye.EXPOSURE_AT_EV_0, "EV_RANGE": list(eye.EV_RANGE)},
    "eye.ts": {
        name: getattr(eye, name)
        for name in (
            *("PX2_PER_STAR", "SHARE_OF_FEW", "FAINTEST", "BRIGHTEST", "BLOCK_PX", "FULL", "FEW_BLOCKS", "GLARE_POWER"),
            *("STAR_PX", "BRIGHTER_MS", "DARKER_MS", "THERE", "LONGEST_STEP_MS"),
        )
    }
    | {"BINS": list(eye.BINS)},
    "post_process.ts": {
        "HALO": list(tone.HALO),
        "VEIL": list(tone.VEIL),
        "AUREOLE": list(tone.AUREOLE),
        "KNEE": tone.KNEE,
        "SHRINK": tone.SHRINK,
    },
    "flight.ts": {
        "STAR_MAG": places.STAR_MAG,
        "FILLED": places.FILLED,
        "CLOSEST_SHARE": places.CLOSEST_SHARE,
        "DEFAULT_SHARE": places.DEFAULT_SHARE,
        "CLOSEST_M": places.CLOSEST_M,
        "TURN_SHARE": flights.TURN_SHARE,
        "SECONDS": list(flights.SECONDS),
        "HOME_M": flights.HOME_M,
    },
    "tour/way.ts": {"SECONDS": list(flights.WAY_SECONDS.values())},
    "camera.ts": {"FRESH_FOV_DEG": places.FRESH_FOV_DEG},
    "star_pass.ts": {"EPSILON": EPS_PX2},
    "sun.ts": {
        "SUN_G": lights.SUN_G,
        "SUN_RADIUS_M": lights.SUN_RADIUS_M,
        "SUN_COLOR": list(lights.SUN_COLOR),
        "SAME_LOG": lights.SAME_LOG,
    },
}


@pytest.mark.parametrize("file", SAME)
def test_the_viewers_sources_have_the_same_numbers(file):
    text = (CLIENT / "src" / file).read_text()
    for name, value in SAME[file].items():
        found = re.search(rf"const {name}\b[^=]*= ([^;]+);", text)
        assert found, f"{name} in {file}"
        numbers = [float(n.replace("_", "")) for n in re.findall(r"-?\d[\d_]*\.?\d*(?:e-?\d+)?", found[1])]
        assert numbers == (value if isinstance(value, list) else [value]), name


def test_the_tone_curve_is_the_shaders():
    text = (CLIENT / "src/post_process.ts").read_text()
    for line in (
        "float shown = 1.0 - exp(-y);",
        "(top - 1.0) / (top - shown)",
        "min(knee * pow(top / knee, 0.2), 65000.0)",
    ):
        assert line in text
    for y in (1e-4, 0.03, 0.5, 3.0, 40.0):
        level = 1 - np.exp(-y)
        srgb = 12.92 * level if level <= 0.0031308 else 1.055 * level ** (1 / 2.4) - 0.055
        grey = tone.shown(np.full((4, 4, 3), y), glare=False)
        assert abs(grey.astype(float) - 255 * srgb).max() <= 0.5 + 1e-9
    red = tone.shown(np.full((1, 1, 3), [3.0, 0.1, 0.1]), glare=False)[0, 0]
    assert red[0] == 255
    assert red[1] > 80  # what the screen cannot show of it moves towards white


def test_glare_moves_light_and_adds_none():
    light = np.zeros((128, 160, 3))
    light[60, 70] = [100.0, 50.0, 20.0]
    spread = tone._glare(light)
    share = tone.HALO[0] + tone.VEIL[0] + tone.AUREOLE[0]
    # Rings that reach the edge are held there: 3 % of this picture's outermost ring.
    np.testing.assert_allclose(tone.HALO[0] * spread.sum((0, 1)), share * light.sum((0, 1)), rtol=0.01)
    rows = np.arange(128) + 0.5 - 60.5
    inner = spread[:, :, 0].sum(1)[50:71]
    assert np.sqrt((inner * rows[50:71] ** 2).sum() / inner.sum()) == pytest.approx(tone.HALO[1], rel=0.5)


def skies():
    rng = np.random.default_rng(4)
    direction = rng.normal(size=(3000, 3))
    place = direction / np.linalg.norm(direction, axis=1, keepdims=True) * rng.uniform(5, 200, (3000, 1)) * PARSEC
    luminosity = (10 * PARSEC) ** 2 * 7e-6 * 10 ** (-0.4 * rng.normal(5, 2.5, 3000))
    crowd = place.copy()
    crowd[:1500] = crowd[0] + 0.02 * PARSEC * rng.normal(size=(1500, 3))
    for stars, eye_m, look, fov in (
        (place, [0, 0, 0], [1, 0.3, 0.2], 60.0),
        (place, [30 * PARSEC, 2 * PARSEC, -9 * PARSEC], [-1, 0.1, 0.3], 60.0),
        (place[:40], [0, 0, 0], [1, 0, 0], 110.0),
        (crowd, [0, 0, 0], crowd[0].tolist(), 5.0),
    ):
        # As float32 in units of a cell, which the viewer has them in.
        rounded = np.float32(stars / (200 * PARSEC)).astype(float) * (200 * PARSEC)
        yield rounded, luminosity[: len(stars)], eye_m, look, fov


FLIGHTS = [
    {"kind": "flight", "pos": [0, 0, 0], "place": [3e17, -1e17, 5e16], "radius": 3e13, "luminosity": 0},
    {"kind": "flight", "pos": [1e16, 2e16, 0], "place": [3e17, -1e17, 5e16], "radius": 0, "luminosity": 4e28},
    {"kind": "home", "pos": [3e17, -1e17, 5e16], "place": [0.3, 0.9, 0.1], "radius": 0, "luminosity": 0},
    {"kind": "view", "pos": [3e17, -1e17, 5e16], "place": [1e17, 1e16, 0], "radius": 0, "luminosity": 0},
]
TIMES = [0.0, 0.7, 1.9, 2.6, 3.3, 5.1, 60.0]
LINK = "pos=1e+17,-2.5e16,3&look=210.25,-45.5&fov=33&ev=-2.5&up=equatorial"


@pytest.fixture(scope="module")
def viewer():
    node = shutil.which("node")
    if node is None or not (CLIENT / "node_modules").is_dir():
        pytest.skip("needs node and the viewer's node_modules (npm ci in client_export)")
    job = {"skies": [], "flights": [], "links": [f"#{LINK}"]}
    for stars, luminosity, eye_m, look, fov in skies():
        rows = np.concatenate([stars, luminosity[:, None]], axis=1).tolist()
        job["skies"].append(
            {"stars": rows, "eye": eye_m, "look": look, "fov": fov, "width": 900, "height": 600, "unit": 200 * PARSEC}
        )
    for flight in FLIGHTS:
        end = {"pos": flight["place"], "look": [12.0, 34.0], "fov": 20.0}
        look = unit(np.array([0.2, -0.9, 0.4])).tolist()
        job["flights"].append(flight | {"look": look, "fov": 50.0, "aspect": 0.5, "end": end, "times": TIMES})
    command = [
        node,
        "--import",
        "tsx",
        "--import",
        "./test/english.ts",
        str(Path(__file__).with_name("viewer_laws.ts")),
    ]
    done = subprocess.run(command, cwd=CLIENT, input=json.dumps(job), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_exposures_are_those_that_the_viewers_eye_finds(viewer):
    for (stars, luminosity, eye_m, look, fov), found in zip(skies(), viewer["exposures"]):
        view = pinhole(eye_m, look, fov, (900, 600))
        color = np.ones((len(stars), 3), np.float32)
        picture = take(view, [Block(stars, color, luminosity), sun(view.eye_m)])
        # A twentieth of a magnitude where rounding puts a star into the next bin.
        assert picture.auto_ev == pytest.approx(found, abs=0.07), found


def test_flights_are_the_viewers(viewer):
    for flight, found in zip(FLIGHTS, viewer["flown"]):
        start = State(np.array(flight["pos"], float), unit(np.array([0.2, -0.9, 0.4])), 50.0)
        goal = places.Place("", np.array(flight["place"], float), flight["radius"], flight["luminosity"])
        short = float(np.degrees(2 * np.arctan(0.5 * np.tan(np.radians(25.0)))))
        end, _ = parse_link(f"pos={','.join(map(repr, flight['place']))}&look=12,34&fov=20")
        home = WayHome(start, unit(goal.position_m))
        way = {"flight": Flight(start, goal, short), "home": home, "view": ViewWay(start, end)}[flight["kind"]]
        for time, state in zip(TIMES, found):
            ours = way.at(min(time / way.seconds, 1.0))
            scale = max(np.linalg.norm(state["pos"]), 1.0)
            np.testing.assert_allclose(ours.position_m, state["pos"], atol=1e-9 * scale, rtol=0)
            np.testing.assert_allclose(ours.ahead, state["look"], atol=1e-9)
            assert ours.fov_deg == pytest.approx(state["fov"], rel=1e-12)
            assert state["done"] == (time >= way.seconds)


def test_links_are_read_as_the_viewer_does(viewer):
    (found,) = viewer["links"]
    state, up = parse_link(f"http://localhost:8000/#{LINK}")
    assert state.position_m.tolist() == found["pos"]
    assert (state.fov_deg, state.ev, up) == (found["fov"], found["ev"], found["up"])
    view = pinhole(state.position_m, state.ahead, state.fov_deg, (90, 60), up)
    again, up_again = parse_link(link_of(view, state.ev))
    assert again.position_m.tolist() == found["pos"]
    np.testing.assert_allclose(again.ahead, state.ahead, atol=2e-11)
    assert up_again == up
    np.testing.assert_allclose(view.look_deg(), found["look"], atol=1e-9)


def test_frames_are_as_many_as_asked_for_and_go_from_end_to_end_without_a_jump():
    first = State(np.zeros(3), np.array([1.0, 0, 0]))
    way = Flight(first, places.Place("", np.array([3e17, 1e17, 0]), 1e13))
    for count in (2, 3, 200):
        states = frames_of([way], count)
        assert len(states) == count
        assert np.linalg.norm(states[0].position_m) < 1e-15 * 3e17
        assert np.array_equal(states[-1].position_m, way.at(1.0).position_m)
    left = np.log([np.linalg.norm(state.position_m - [3e17, 1e17, 0]) for state in states])
    steps = np.diff(left)
    assert (steps <= 0).all()
    assert np.abs(np.diff(steps)).max() < 0.1 * np.abs(steps).max()
    second = [ViewWay(first, states[50]), ViewWay(states[50], states[90])]
    assert frames_of(second, 5)[2].position_m.tolist() == states[50].position_m.tolist()


def test_an_eye_comes_to_what_it_should_and_then_stays():
    ev = 3.0
    for _ in range(400):
        ev = follow(ev, -2.0, 33.3)
    assert ev == -2.0
    assert follow(0.0, 1.0, 50) - 0.0 < 0.0 - follow(0.0, -1.0, 50)  # light dazzles at once, dark takes its time
    assert stops_of(exposure_at(1.25)) == pytest.approx(1.25)
    assert limit_of(2.512, 100.0) - limit_of(1.0, 100.0) == pytest.approx(1.0, abs=1e-3)
