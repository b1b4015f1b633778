"""Exported files in the hands of others: two stars of G 4 and G 9, five magnitudes apart, come out 100 : 1.

Spark (PLY, SPZ) and three.js (glTF) read and draw them in Chromium, Niantic's own library reads SPZ. The catalogue is
of the plainest: both stars 100 pc away, one degree apart, of one colour. What is drawn is a sum over float pixels.
"""

import json
import subprocess

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord
from look import HERE, ROOT, require_tools
from servers import WholeFiles, serving

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.packing.export import export
from helios.universe import Universe

pytestmark = pytest.mark.slow

CATALOGUE = """source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp
1,80.0,0.0,10,4,0.8
2,81.0,0.0,10,9,0.8
"""


PLACE = 0.6 * 2**-10
"""Units of a file, which these stars are 16000 of apart: half a step of SPZ, and as much as float32 has there."""


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    (folder / "two.csv").write_text(CATALOGUE)
    build_universe(BuildConfig(stars=(str(folder / "two.csv"),)), folder / "universe", [])
    return Universe.open(folder / "universe")


def places(exported) -> np.ndarray:
    """Where the stars must be in a file, brighter first, by astropy, float64 [2, 3]."""
    sky = SkyCoord([80, 81] * u.deg, [0, 0] * u.deg, 100 * u.pc, frame="icrs")
    position_m = sky.transform_to(BarycentricMeanEcliptic()).cartesian.xyz.to_value(u.m).T
    return (position_m - exported.origin_m) / exported.unit_m


def measured(viewer: str, file) -> dict:
    """What `measure` of other_viewers_page.mjs says of a file."""
    with serving(ROOT, WholeFiles) as server:
        url = f"http://127.0.0.1:{server.server_address[1]}/tests/browser/other_viewers.html"
        job = {"url": url, "chromium": require_tools(), "viewer": viewer, "file": str(file)}
        command = ["node", str(HERE / "other_viewers.mjs")]
        done = subprocess.run(command, input=json.dumps(job), text=True, capture_output=True, timeout=240)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


def area(splat: dict) -> float:
    return splat["opacity"] * np.prod(splat["scales"]) ** (2 / 3)


@pytest.mark.parametrize(("name", "viewer"), [("ply", "spark"), ("spz", "spark"), ("glb", "three"), ("gltf", "three")])
def test_five_magnitudes_are_a_hundredfold(universe, tmp_path, name, viewer):
    exported = export(universe, tmp_path / f"two.{name}", name)
    found = measured(viewer, exported.path)
    bright, faint = sorted(found["splats"], key=area, reverse=True)
    light = np.sort(np.array(found["light"]), axis=0)
    assert area(bright) / area(faint) == pytest.approx(100, rel=0.05)
    np.testing.assert_allclose(light[1] / light[0], 100, rtol=0.05)
    centers = np.array([splat["center"] for splat in (bright, faint)])
    if viewer == "three":  # glTF has y up: ecliptic north
        centers = centers @ [[1, 0, 0], [0, 0, 1], [0, -1, 0]]
    np.testing.assert_allclose(centers, places(exported), rtol=0, atol=PLACE)
    assert 0.99 < max(bright["color"]) <= 1


def test_niantics_own_library_reads_spz(universe, tmp_path):
    exported = export(universe, tmp_path / "two.spz", "spz")
    command = ["node", str(HERE / "read_spz.mjs"), str(exported.path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    found = json.loads(said.splitlines()[-1])  # the library itself reports on lines before
    assert (found["count"], found["antialiased"]) == (2, True)
    column = {
        name: np.reshape(found[name], (2, -1)) for name in ("positions", "scales", "rotations", "alphas", "colors")
    }
    np.testing.assert_allclose(column["positions"], places(exported), rtol=0, atol=PLACE)
    np.testing.assert_allclose(np.abs(column["rotations"]), [[0, 0, 0, 1]] * 2, atol=1e-6)
    light = np.exp(column["scales"].mean(axis=1) * 2) / (1 + np.exp(-column["alphas"][:, 0]))
    assert light[0] / light[1] == pytest.approx(100, rel=0.01)
    colors = 0.5 + 0.28209479177387814 * column["colors"]
    np.testing.assert_allclose(colors.max(axis=1), 1, atol=0.004)
