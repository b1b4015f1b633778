"""The page does what a user asks, by keyboard, pointer and link, and says plainly what is wrong with a site.

The scene is the naked-eye sky; damage is done to the files of a copy, one file at a time.
"""

import gzip
import json
import shutil

import numpy as np
import pytest
from look import View, look_at_site
from pinhole import ecliptic_direction
from servers import Ranges, Unpacking, WholeFiles
from v1_site import naked_eye_stars

AT_REST = """new Promise((done) => {
  let before = "";
  const compare = () => {
    const now = String(helios.view().pos);
    if (now === before) return done(true);
    before = now;
    setTimeout(compare, 500);
  };
  compare();
})"""
"""Resolves once the camera has not moved for half a second."""

STARS = {star.name: star for star in naked_eye_stars()}
LANDMARKS = "universe/landmarks.json.gz"
NONE, DARK, LIT = "none", "dark", "lit"


@pytest.fixture(scope="module")
def visit(naked_eye_site, tmp_path_factory):
    """One user: searches, turns, flies, exposes, hides the names, reads the help, goes home."""
    views = [
        View(
            steps=[
                {"press": "/"},
                {"type": "betel"},
                {"press": "Enter"},
                {"until": "Math.hypot(...helios.view().pos) > 0"},
                {"evaluate": "helios.go('ev=0')"},
            ]
        ),
        View(state="pos=0,0,0&look=83.8,-1.2", steps=[{"drag": [640, 400, 740, 400]}]),
        View(
            state="look=83.8,-1.2",
            steps=[
                {"press": "h"},
                {"hold": "w"},
                {"until": "Math.hypot(...helios.view().pos) > 1e15"},
                {"release": "w"},
                {"evaluate": AT_REST},
            ],
        ),
        View(state="pos=0,0,0&look=83.8,-1.2&ev=0", steps=[{"press": "+"}, {"press": "+"}]),
        View(steps=[{"press": "n"}, {"until": "helios.labels().length === 0"}]),
        View(steps=[{"press": "?"}, {"evaluate": "document.getElementById('help').open"}]),
        View(
            state="pos=1,2,3",
            steps=[{"press": "Escape"}, {"press": "h"}, {"until": "location.hash.startsWith('#pos=0,0,0&look=')"}],
        ),
    ]
    return look_at_site(naked_eye_site, views, tmp_path_factory.mktemp("page"), reducedMotion=True)


def test_search_goes_to_the_star(visit):
    seen = visit.views[0]
    to_star = STARS["Betelgeuse"].position - np.array(seen.view["pos"])
    assert np.linalg.norm(to_star) < 0.05 * np.linalg.norm(STARS["Betelgeuse"].position)
    middle = seen.pixels()[390:410, 630:650]
    assert middle.min(axis=2).max() > 200


def test_sky_follows_the_hand(visit):
    # A drag of 100 px to the right turns the view left about the pole of the ecliptic.
    focal = 400 / np.tan(np.radians(30))
    turned = np.array([visit.views[k].view["look"]["ra"] for k in (1, 2)])
    assert turned[0] - turned[1] == pytest.approx(np.degrees(100 / focal), rel=0.15)


def test_keys_fly_forward_and_stop(visit):
    flown = np.array(visit.views[2].view["pos"])
    assert visit.views[2].script is True
    assert np.linalg.norm(flown) > 1e15
    assert flown @ ecliptic_direction(83.8, -1.2) == pytest.approx(np.linalg.norm(flown), rel=1e-6)


def test_exposure_keys(visit):
    assert visit.views[3].view["exposure"] == pytest.approx(16 * 2**0.5)


def test_names_can_be_hidden(visit):
    assert visit.views[3].labels != []
    assert visit.views[4].labels == []


def test_help_opens(visit):
    assert visit.views[5].script is True


def test_address_holds_the_view(visit):
    assert visit.views[6].view["pos"] == [0, 0, 0]  # and the address said so, or the visit would have timed out
    assert visit.console == []


def test_a_link_restores_the_view(naked_eye_site, tmp_path):
    start = "#pos=1e17,-2.5e16,3&look=10.5,-20.25&fov=30&ev=-1"
    view = look_at_site(naked_eye_site, [View()], tmp_path, start=start).views[0].view
    assert view["pos"] == [1e17, -2.5e16, 3]
    assert (view["fov"], view["exposure"]) == (30, 8)
    assert view["look"]["ra"] == pytest.approx(10.5, abs=1e-9)
    assert view["look"]["dec"] == pytest.approx(-20.25, abs=1e-9)


@pytest.mark.parametrize("handler", [Ranges, WholeFiles, Unpacking])
def test_gzipped_names_are_read_whoever_unpacks_them(naked_eye_site, tmp_path, handler):
    visit = look_at_site(naked_eye_site, [View()], tmp_path, handler=handler)
    assert (visit.problems, visit.console) == ([], [])
    assert {"Betelgeuse", "Rigel"} <= set(visit.views[0].labels)
    assert [path for path, _ in visit.requests if "landmarks" in path] == [f"/{LANDMARKS}"]


OVERLAY = """(async () => {
  const frames = [];
  helios.addOverlay({
    draw: ({ camera, size, atRest }) => frames.push([camera.project([1e17, 0, 0], size.width, size.height), atRest]),
  });
  await helios.go("pos=0,0,0&look=83.8,-1.2&fov=100");
  const [at, atRest] = frames.at(-1);
  const drawn = frames.length;
  await new Promise((done) => setTimeout(done, 300));
  const idle = frames.length - drawn;
  await helios.go("fov=50");
  return { at, known: helios.project(1e17, 0, 0), atRest, drawn, idle, after: frames.length - drawn };
})()"""


def test_an_overlay_is_drawn_with_every_frame_and_with_none_besides(naked_eye_site, tmp_path):
    """It is told the camera of the frame: a point is where a narrower view puts it, but nearer to the middle."""
    found = look_at_site(naked_eye_site, [View(steps=[{"evaluate": OVERLAY}])], tmp_path).views[0].script
    assert found["drawn"] >= 1
    assert found["atRest"] is True
    assert found["idle"] == 0
    assert found["after"] >= 1
    scale = np.tan(np.radians(50)) / np.tan(np.radians(25))
    for axis, middle in (("x", 640), ("y", 400)):
        assert found["known"][axis] - middle == pytest.approx(scale * (found["at"][axis] - middle), rel=1e-9)


def cut(path):
    path.write_bytes(path.read_bytes()[:-10])


def gone(path):
    path.unlink()


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def flip_in_cells(path):
    """Break the LZ4 block of the first cell: its last literals become a length that the block does not have."""
    data = bytearray(path.read_bytes())
    header = int.from_bytes(data[:4], "little")
    data[8 + header : 12 + header] = b"\xff\xff\xff\xff"
    path.write_bytes(data)


def newer(path):
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 2}))


@pytest.mark.parametrize(
    ("of", "file", "damage", "message", "sky"),
    [
        ("v2", "site.json", gone, "site.json cannot be read: the server answered", NONE),
        ("v2", "site.json", lambda path: path.write_text('{"version": 1}'), 'site.json: "layers" is not a list', NONE),
        ("v2", "universe/head.bin", gone, "universe/head.bin cannot be read: the server answered", NONE),
        ("v2", "universe/head.bin", flip, "universe/head.bin is damaged: its CRC-32", NONE),
        ("v2", "universe/sky.bin", flip, "universe/sky.bin is damaged: its CRC-32", DARK),
        ("v2", LANDMARKS, gone, f"{LANDMARKS} cannot be read: the server answered", LIT),
        ("v2", LANDMARKS, cut, f"{LANDMARKS} is damaged: it does not unpack", LIT),
        ("v2", LANDMARKS, lambda path: path.write_bytes(gzip.compress(b"{}")), f"{LANDMARKS} is not a list", LIT),
        ("v1", "universe/index.json", gone, "universe/index.json cannot be read: the server answered", NONE),
        ("v1", "universe/index.json", cut, "universe/index.json is not JSON", NONE),
        ("v1", "universe/index.json", newer, "has version 2, this viewer reads 1", NONE),
        ("v1", "universe/landmarks.json", lambda path: path.write_text("{}"), "landmarks.json is not a list", LIT),
        ("v1", "stars/cells.pack.json", cut, "stars/cells.pack.json is not JSON", LIT),
        ("v1", "stars/cells.pack.bin", cut, "stars/cells.pack.bin is truncated", LIT),
        ("v1", "stars/cells.pack.bin", flip_in_cells, "the LZ4 block is damaged", LIT),
    ],
)
def test_damage_is_said_on_the_page(naked_eye_site, naked_eye_site_v1, tmp_path, of, file, damage, message, sky):
    """Without names, or where only exact stars of v1 are damaged, there is a sky; a lost sky tile leaves it dark."""
    site = tmp_path / "site"
    shutil.copytree({"v2": naked_eye_site, "v1": naked_eye_site_v1}[of], site)
    damage(site / file)
    visit = look_at_site(site, [View()], tmp_path)
    assert message in visit.page
    assert len(visit.problems) == 1
    assert len(visit.views) == (sky != NONE)
    for view in visit.views:
        assert (np.sum(view.pixels().max(axis=2) > 40) > 100) == (sky == LIT)
