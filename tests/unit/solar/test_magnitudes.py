"""Bodies are as bright, as large and of the colour that the viewer makes them, and Venus as published."""

import json
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from helios.pictures import globes, sights
from helios.pictures.globes import globe_sum
from helios.pictures.moment import Body
from helios.pictures.sights import Sight, limit_of_sights
from helios.pictures.views import pinhole
from helios.solar import magnitudes
from helios.solar.magnitudes import (
    WORLDS,
    lambert,
    moon_world,
    ring_light,
    small_magnitudes,
    small_radius_m,
    world_magnitude,
)
from helios.solar.moons import load_moons

CLIENT = Path(__file__).parents[3] / "client_export"
PHASES = [0.0, 0.02, 0.1, 0.5, 1.0, 1.7, 2.4, 2.9, 3.1]
SMALLS = [
    [False, 3.3, 0.12, 2.7, 1.9, 0.2],
    [False, 17.0, None, 1.1, 0.02, 1.9],
    [True, 5.5, 3.2, 0.8, 0.9, 1.0],
    [True, 9.0, None, 4.0, 3.5, 0.1],
    [False, None, None, 1.0, 1.0, 0.5],
]
TILTS = [[0.4, 0.38, True], [0.05, 0.3, True], [0.4, 0.38, False], [0.1, 0.0, True], [0.2, 0.2, False]]
GLOBES = [[0.6, 0.3], [3.0, 1.5], [40.0, 2.7], [900.0, 0.0]]
SIGHTS = [
    {"to": [1, 0, 0], "distance": 4e8, "radius": 1.7e6, "flat": 0.9, "phase": 1.1, "globe": 1e-1},
    {"to": [0.999, 0.0447, 0], "distance": 4e8, "radius": 3e5, "flat": 1.0, "phase": 2.6, "globe": 1e-3},
    {"to": [-1, 0, 0], "distance": 4e8, "radius": 1.7e6, "flat": 1.0, "phase": 0.4, "globe": 1e-1},
]
POLE, FOV = [0.0, 0.6, 0.8], 4.0


@pytest.fixture(scope="module")
def viewer():
    node = shutil.which("node")
    if node is None or not (CLIENT / "node_modules").is_dir():
        pytest.skip("needs node and the viewer's node_modules (npm ci in client_export)")
    script = str(Path(__file__).with_name("viewer_magnitudes.ts"))
    job = {"phases": PHASES, "smalls": SMALLS, "tilts": TILTS, "globes": GLOBES, "fov": FOV}
    job["sights"] = [one | {"pole": POLE} for one in SIGHTS]
    command = [node, "--import", "tsx", "--import", "./test/english.ts", script]
    done = subprocess.run(command, cwd=CLIENT, input=json.dumps(job), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_worlds_are_the_viewers(viewer):
    for ours, theirs in zip(WORLDS, viewer["worlds"], strict=True):
        assert (ours.name, ours.kind, list(ours.pole_deg)) == (theirs["name"], theirs["kind"], theirs["pole"])
        numbers = [ours.radius_m, ours.flat, *ours.color, ours.known_deg]
        assert numbers == pytest.approx(
            [theirs["radiusM"], theirs["flat"], *theirs["color"], theirs["knownDeg"]], 1e-14
        )
        found = [world_magnitude(ours, 1.3, 0.7, phase) for phase in PHASES]
        assert found == pytest.approx(theirs["magnitudes"], abs=1e-9), ours.name


def test_small_bodies_and_rings_are_the_viewers(viewer):
    comet, h, slope, sun, eye, phase = (np.array(column, float) for column in zip(*SMALLS, strict=True))
    found = small_magnitudes(comet > 0, h, slope, sun, eye, phase)
    theirs = np.array(viewer["smalls"], float)
    np.testing.assert_allclose(found, theirs, atol=1e-9)
    assert np.isnan(theirs).sum() == 1
    np.testing.assert_allclose(small_radius_m(h), viewer["radii"], rtol=1e-12)
    assert [ring_light(*tilt) for tilt in TILTS] == pytest.approx(viewer["rings"], rel=1e-9)
    assert [list(band) for band in magnitudes.RING_BANDS] == viewer["bands"]
    assert (magnitudes.RINGS_OUT, list(magnitudes.GREY)) == (viewer["out"], viewer["grey"])


def test_globes_and_the_exposure_that_they_allow_are_the_viewers(viewer):
    assert [globe_sum(*globe) for globe in GLOBES] == pytest.approx(viewer["globes"], rel=1e-9)
    assert list(sights.FROM_PX) == viewer["from"]
    assert pytest.approx([viewer["soft"], viewer["reach"]]) == [globes.SOFT_PX, globes.REACH_PX]
    view = pinhole([0, 0, 0], [1, 0, 0], FOV, (400, 300))
    for one, peak, limit in zip(SIGHTS, viewer["peaks"], viewer["limits"], strict=True):
        body = Body("", np.zeros(3), one["radius"], one["flat"], np.array(POLE), (1, 1, 1), lambda *place: 0.0)
        to = np.array(one["to"], float)
        sight = Sight(body, to, one["distance"], to, one["phase"], one["globe"], 0.0, 0.0)
        assert sight.peak(view.focal_px) == pytest.approx(peak, rel=1e-9)
        assert limit_of_sights([sight], view) == pytest.approx(math.inf if limit is None else limit, rel=1e-9)
    text = (CLIENT / "src/solar/solar.ts").read_text()
    assert "const SUN_SHOWN_M = [10 * SUN_RADIUS_M, 20 * SUN_RADIUS_M] as const;" in text
    assert viewer["sheet"] == pytest.approx(sights.SUN_LUMINOSITY / 1.5e11**2 / math.pi, rel=1e-12)


def test_moons_are_as_bright_as_observed():
    """V at mean opposition of the Explanatory Supplement to the Astronomical Almanac (1992); of albedos and mean radii
    magnitudes come within 0.4."""
    observed = {"Io": 5.02, "Europa": 5.29, "Ganymede": 4.61, "Callisto": 5.65, "Titan": 8.28, "Rhea": 9.7}
    assert load_moons().keys() == magnitudes.MOON_ALBEDOS.keys()
    for name, v in observed.items():
        moon = load_moons()[name]
        sun_au = {"Jupiter": 5.203, "Saturn": 9.539}[moon.planet]
        found = world_magnitude(moon_world(name, moon.radius_km), sun_au, sun_au - 1.0, 0.0)
        assert found == pytest.approx(v, abs=0.4), name


def test_a_lambert_sphere_at_a_quarter():
    assert lambert([0.0, math.pi / 2, math.pi]) == pytest.approx([1.0, 1 / math.pi, 0.0], abs=1e-15)
