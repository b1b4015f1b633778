"""The view turns as a phone is turned, and a headset shows each eye the stars where its matrices put them.

The phone is one of dispatched events, with the angles of the W3C. The headset is `fake_xr.js`; where its eyes see a
star is multiplied out here, by the matrices that it gives and astropy's directions.
"""

import json

import numpy as np
import pytest
from look import HERE, View, look_at_site
from pinhole import POLE, ecliptic_direction
from v1_site import naked_eye_stars

pytestmark = pytest.mark.slow

WIDTH, HEIGHT = 420, 400
HALF = 5
LOOK = (84.0, -1.0)
PLACE = np.array([1e15, -2e15, 3e15])
APART_PX = 14
TURNED = "pos=0,0,0&look=80,10&fov=60&ev=0&up=equatorial"
PRESSED = "document.getElementById('{}-button')?.getAttribute('aria-pressed') === 'true'"


def turn(axis: int, degrees: float) -> np.ndarray:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    one, other = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[one, one] = matrix[other, other] = cos
    matrix[one, other], matrix[other, one] = -sin, sin
    return matrix


def pose(rotation: np.ndarray, place: tuple[float, float, float]) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation, place
    return matrix


def frustum(
    left: float, right: float, below: float, above: float, near: float = 0.1, far: float = 1000.0
) -> np.ndarray:
    """glFrustum's matrix, of tangents."""
    return np.array(
        [
            [2 / (right - left), 0, (right + left) / (right - left), 0],
            [0, 2 / (above - below), (above + below) / (above - below), 0],
            [0, 0, -(far + near) / (far - near), -2 * far * near / (far - near)],
            [0, 0, -1, 0],
        ]
    )


HEAD = turn(1, 12) @ turn(0, -8) @ turn(2, 6)
"""Turned to the left, then down, then rolled."""
EYES = [
    (frustum(-1.1, 0.8, -0.95, 0.85), pose(HEAD @ turn(1, 3), (-0.03, 1.6, 0))),
    (frustum(-0.8, 1.1, -0.95, 0.85), pose(HEAD @ turn(1, -3), (0.03, 1.6, 0))),
]


def room() -> np.ndarray:
    """[3, 3]: rows are right, up and back of the headset's space in the sky."""
    forward = ecliptic_direction(*LOOK)
    forward = forward - POLE * (forward @ POLE)
    forward /= np.linalg.norm(forward)
    return np.stack([np.cross(forward, POLE), POLE, -forward])


def seen_by(eye: int) -> np.ndarray:
    """Where the eye sees stars brighter than 2.6 that stand alone: pixels [N, 2] of the layer from below."""
    projection, matrix = EYES[eye]
    stars = naked_eye_stars()
    ways = np.array([star.position - PLACE for star in stars])
    ways = ways / np.linalg.norm(ways, axis=1, keepdims=True) @ room().T
    clip = np.column_stack([ways @ matrix[:3, :3], np.zeros(len(ways))]) @ projection.T
    spots = (clip[:, :2] / clip[:, 3:] + 1) / 2 * [WIDTH, HEIGHT]
    spots[clip[:, 3] <= 0] = -1e9
    inside = np.all((spots > 20) & (spots < [WIDTH - 20, HEIGHT - 20]), axis=1)
    bright = np.array([star.mag < 2.6 for star in stars])
    away = np.linalg.norm(spots[:, None] - spots[None], axis=2) + 1e9 * np.eye(len(spots))
    return spots[inside & bright & (away.min(axis=1) > APART_PX)] + [eye * WIDTH, 0]


def held(alpha: float, beta: float, gamma: float) -> dict[str, str]:
    angles = json.dumps({"alpha": alpha, "beta": beta, "gamma": gamma})
    return {"evaluate": f"window.dispatchEvent(new DeviceOrientationEvent('deviceorientation', {angles}))"}


def click(name: str) -> dict[str, str]:
    return {"evaluate": f"document.getElementById('{name}-button').click()"}


LANDSCAPE = """
Object.defineProperty(screen.orientation, "angle", { value: 90, configurable: true });
screen.orientation.dispatchEvent(new Event("change"));
"""
FRAME = "new Promise((done) => requestAnimationFrame(done))"


@pytest.fixture(scope="module")
def spots():
    return [seen_by(eye) for eye in (0, 1)]


@pytest.fixture(scope="module")
def visit(naked_eye_site, spots, tmp_path_factory):
    views = [
        View(TURNED, steps=[{"evaluate": "document.getElementById('gyro-button') === null"}]),
        View(
            steps=[
                held(10, 95, 0),
                click("gyro"),
                {"until": PRESSED.format("gyro")},
                held(10, 95, 0),
                held(340, 115, 0),
            ]
        ),
        View(steps=[{"evaluate": FRAME}, {"drag": [640, 400, 700, 400]}]),
        View(steps=[held(10, 95, 0)]),
        View(TURNED, steps=[{"evaluate": LANDSCAPE}, held(90, 0, -80), held(50, 0, -60)]),
        View(
            steps=[click("gyro"), held(90, 0, -80), {"evaluate": "document.getElementById('gyro-button').ariaPressed"}]
        ),
        View(
            f"pos=1e15,-2e15,3e15&look={LOOK[0]},{LOOK[1]}&fov=50&ev=0&up=ecliptic",
            steps=[
                {"until": "document.getElementById('xr-button') !== null"},
                click("xr"),
                {"until": f"{PRESSED.format('xr')} && fakeXr.frames > 2"},
                {"evaluate": f"fakeXr.layer.read({json.dumps(np.concatenate(spots).tolist())}, {HALF})"},
            ],
            picture=False,
        ),
        View(
            steps=[
                {"evaluate": "fakeXr.session.dispatchEvent(new Event('selectstart'))"},
                {"wait": 1000},
                {"evaluate": "fakeXr.session.dispatchEvent(new Event('selectend'))"},
            ],
            picture=False,
        ),
        View(
            steps=[
                click("xr"),
                {"until": f"!({PRESSED.format('xr')})"},
                {"evaluate": "helios.go('pos=0,0,0&look=84,-1&ev=0')"},
                {"evaluate": "[fakeXr.modes.length, fakeXr.frames, document.getElementById('sky').width]"},
            ],
            points=[(1e17 * ecliptic_direction(*LOOK)).tolist()],
            light=(630, 390, 20, 20),
        ),
        View(steps=[{"wait": 300}, {"evaluate": "fakeXr.frames"}]),
    ]
    fake = {
        "width": WIDTH,
        "height": HEIGHT,
        "head": pose(HEAD, (0, 1.6, 0)).T.ravel().tolist(),
        "views": [{"projection": p.T.ravel().tolist(), "matrix": m.T.ravel().tolist()} for p, m in EYES],
    }
    before = f"const FAKE = {json.dumps(fake)};\n{(HERE / 'fake_xr.js').read_text()}"
    return look_at_site(naked_eye_site, views, tmp_path_factory.mktemp("pictures"), before=before)


def look_of(view) -> list[float]:
    return [view.view["look"]["ra"], view.view["look"]["dec"]]


def test_the_view_turns_as_the_phone_and_back_and_a_drag_adds_to_it(visit):
    unknown, turned, dragged, back, landscape, off = visit.views[:6]
    assert unknown.script is True  # nothing told how it is held
    assert look_of(turned) == pytest.approx([50, 30], abs=1e-3)  # right by 30: right ascensions grow to the left
    by_drag = np.array(look_of(dragged)) - look_of(turned)
    assert by_drag[0] > 3
    assert look_of(back) == pytest.approx([80 + by_drag[0], 10 + by_drag[1]], abs=1e-3)
    assert look_of(landscape) == pytest.approx([40, -10], abs=1e-3)
    assert look_of(off) == look_of(landscape)
    assert off.script == "false"


ASKED = """
window.asked = [];
DeviceOrientationEvent.requestPermission = async () => {
  asked.push(navigator.userActivation.isActive);
  return asked.length > 1 ? "granted" : "denied";
};
"""


def test_where_it_must_be_asked_for_a_tap_asks_and_no_is_told(naked_eye_site, tmp_path):
    tap = {"click": [352, 82]}  # the last of the buttons under the search box
    away = {"evaluate": "document.querySelector('#notices button').click()"}  # it lies over the buttons
    views = [
        View(TURNED, steps=[tap, {"until": "helios.problems.length === 1"}, {"evaluate": "asked"}], clean=False),
        View(
            steps=[away, tap, {"until": PRESSED.format("gyro")}, held(0, 90, 0), held(0, 100, 0), {"evaluate": "asked"}]
        ),
    ]
    visit = look_at_site(naked_eye_site, views, tmp_path, size=(390, 844), touch=True, before=ASKED)
    assert visit.views[0].script == [True]
    assert visit.views[1].script == [True, True]
    assert look_of(visit.views[1]) == pytest.approx([80, 20], abs=1e-3)
    assert visit.problems == ["This browser was not allowed to tell how the phone is moved."]


def test_each_eye_sees_the_stars_where_its_matrices_put_them(visit, spots):
    expected = np.concatenate(spots)
    assert all(len(each) > 8 for each in spots)
    found = np.array(visit.views[6].script)
    assert found[:, 2].min() > 100
    off = np.linalg.norm(found[:, :2] - expected, axis=1)
    print(f"{len(off)} stars, {off.max():.2f} px off at most")
    # A picture's part begins at a whole pixel, half of one off at most each way.
    assert off.max() < 0.75


def test_the_trigger_flies_to_where_the_head_looks(visit):
    start, end = (np.array(view.view["pos"]) for view in visit.views[6:8])
    way = (end - start) / np.linalg.norm(end - start)
    assert np.linalg.norm(end - start) > 1e14
    assert way @ (-HEAD[:, 2] @ room()) > 1 - 1e-9


def test_the_end_of_it_returns_to_the_page(visit):
    ended, rested = visit.views[8:]
    assert ended.script[0] == 1
    assert ended.script[2] == 1280
    assert rested.script == ended.script[1]  # it draws no more
    assert ended.view["fov"] == pytest.approx(50)
    assert ended.view["pos"] == [0, 0, 0]
    assert ended.projected[0] == pytest.approx([640, 400], abs=0.01)
    assert ended.labels
    assert ended.light.sum() > 0
    assert visit.problems == []
    assert visit.console == []
