"""Paths are smooth and true to the cameras they are made of, for rings, grids, hand-held and wholly random cameras.

What a step is, in place and in angle, is computed here from the matrices; where a path should look and pass is known
from how the cameras were made.
"""

import numpy as np
import pytest

from helios.errors import InputError
from helios.photos.paths import PATHS


def look_at(eyes, target, up):
    ahead = (target - eyes) / np.linalg.norm(target - eyes, axis=1, keepdims=True)
    right = np.cross(ahead, up)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    axes = np.stack([right, np.cross(ahead, right), ahead], axis=1)
    viewmats = np.tile(np.eye(4), (len(eyes), 1, 1))
    viewmats[:, :3, :3] = axes
    viewmats[:, :3, 3] = -np.einsum("vij,vj->vi", axes, eyes)
    return viewmats


def eyes_of(viewmats):
    return np.linalg.inv(viewmats)[:, :3, 3]


def steps(viewmats):
    rotations, eyes = viewmats[:, :3, :3], eyes_of(viewmats)
    cosine = (np.einsum("vij,vij->v", rotations[1:], rotations[:-1]) - 1) / 2
    return np.linalg.norm(np.diff(eyes, axis=0), axis=1), np.arccos(cosine.clip(-1, 1))


TARGET, UP = np.array([1.0, -2.0, 0.5]), np.array([0.0, 0.6, 0.8])


def ring(elevations_deg, each, radius=3.0, seed=0):
    """Cameras on rings about TARGET, upright against UP, in an order that is random within a ring."""
    rng, side = np.random.default_rng(seed), np.cross(UP, [1.0, 0, 0])
    side /= np.linalg.norm(side)
    other, eyes = np.cross(UP, side), []
    for elevation in np.radians(elevations_deg):
        turn = rng.permutation(np.arange(each) * 2 * np.pi / each)[:, None]
        flat = np.cos(turn) * side + np.sin(turn) * other
        eyes.append(TARGET + radius * (np.cos(elevation) * flat + np.sin(elevation) * UP))
    return look_at(np.concatenate(eyes), TARGET, UP)


def grid(seed=1):
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-0.6, 0.6, 4))
    eyes = np.stack([x.ravel(), y.ravel(), rng.normal(0, 0.05, x.size)], axis=1)
    return look_at(eyes, np.array([0, 0, 6.0]) + rng.normal(0, 0.2, eyes.shape), np.array([0.0, -1, 0]))


def any_rotation(rng, count):
    q = rng.normal(size=(count, 4))
    w, x, y, z = (q / np.linalg.norm(q, axis=1, keepdims=True)).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0)


def wild(seed=2, count=30):
    """Nothing in common, a camera twice, one turned on the spot, and one far away."""
    rng = np.random.default_rng(seed)
    viewmats = np.tile(np.eye(4), (count, 1, 1))
    viewmats[:, :3, :3], viewmats[:, :3, 3] = any_rotation(rng, count), rng.normal(size=(count, 3))
    viewmats[5] = viewmats[4]
    viewmats[7, :3, 3] = -viewmats[7, :3, :3] @ eyes_of(viewmats)[6]
    viewmats[9, :3, 3] *= 20
    return viewmats


CAMERAS = {"ring": ring([20], 24), "rings": ring([-10, 15, 40], 16), "grid": grid(), "wild": wild()}
SPECS = ("interp", "interp:in_order=true", "spiral", "spiral:turns=3.5,radius=2", "ellipse", "ellipse:height=0.4")


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("name", CAMERAS)
def test_no_step_is_above_twice_the_median(name, spec):
    path, viewmats = PATHS.make(spec), CAMERAS[name]
    for count in (24, 120, 301):
        made = path(viewmats, count)
        assert made.shape == (count, 4, 4)
        np.testing.assert_allclose(
            made[:, :3, :3] @ made[:, :3, :3].transpose(0, 2, 1), np.tile(np.eye(3), (count, 1, 1)), atol=1e-12
        )
        assert (np.linalg.det(made[:, :3, :3]) > 0).all()
        for step in steps(made):
            assert step.max() <= 2 * np.median(step) * (1 + 1e-6)
            assert step.max() > 0
        np.testing.assert_array_equal(made, path(viewmats.copy(), count))


@pytest.mark.parametrize("seed", range(12))
def test_no_cameras_make_interp_jump(seed):
    for count in (2, 3, 5, 17, 90):
        for step in steps(PATHS.make("interp")(wild(seed, 12 + seed), count)):
            assert step.max() <= 2 * np.median(step) * (1 + 1e-6)


def test_interp_passes_through_the_photographs_on_a_short_way():
    viewmats = CAMERAS["ring"]
    path = PATHS.make("interp")(viewmats, 2000)
    near = np.linalg.norm(eyes_of(path)[:, None] - eyes_of(viewmats)[None], axis=2)
    at = near.argmin(axis=0)
    assert near.min(axis=0).max() < 0.01
    turned = np.einsum("vij,vij->v", path[at][:, :3, :3], viewmats[:, :3, :3])
    assert np.degrees(np.arccos(((turned - 1) / 2).clip(-1, 1))).max() < 0.2
    np.testing.assert_allclose(path[0], viewmats[0], atol=1e-9)
    # once around from the first to its neighbour, though they come in random order: 23 of 24 parts of the ring
    length = steps(path)[0].sum()
    assert length == pytest.approx(3 * np.cos(np.radians(20)) * 2 * np.pi * 23 / 24, rel=0.01)
    assert steps(PATHS.make("interp:in_order=true")(viewmats, 2000))[0].sum() > 3 * length


def test_interp_goes_around_what_few_photographs_surround():
    """Four photographs, 90 degrees apart, each with the thing in another corner: it stays where they have it."""
    viewmats = ring([20], 4)
    turn = np.radians(6)
    for i, sign in enumerate((1, -1, 1, -1)):
        yaw = np.array([[np.cos(turn), 0, sign * np.sin(turn)], [0, 1, 0], [-sign * np.sin(turn), 0, np.cos(turn)]])
        viewmats[i, :3] = yaw @ viewmats[i, :3]
    path = PATHS.make("interp")(viewmats, 100)
    offset = eyes_of(path) - TARGET
    np.testing.assert_allclose(np.linalg.norm(offset, axis=1), 3, atol=0.07)
    seen = np.einsum("vij,vj->vi", path[:, :3, :3], -offset)
    assert np.degrees(np.arccos(seen[:, 2] / np.linalg.norm(seen, axis=1))).max() < 8.5


def test_interp_takes_so_many_photographs_at_most():
    path = PATHS.make("interp:photographs=4")(CAMERAS["rings"], 400)
    near = np.linalg.norm(eyes_of(path)[:, None] - eyes_of(CAMERAS["rings"])[None], axis=2).min(axis=0)
    assert 4 <= (near < 0.02).sum() < 12


def test_one_camera_is_no_path():
    with pytest.raises(InputError, match=r"^path interp: the photographs were all taken from one camera"):
        PATHS.make("interp")(np.repeat(CAMERAS["ring"][:1], 3, axis=0), 10)


def elevations(viewmats):
    off = eyes_of(viewmats) - TARGET
    return np.degrees(np.arcsin(off @ UP / np.linalg.norm(off, axis=1)))


@pytest.mark.parametrize("spec", ["spiral", "ellipse"])
def test_paths_around_a_thing_look_at_it_upright(spec):
    made = PATHS.make(spec)(CAMERAS["rings"], 240)
    eyes = eyes_of(made)
    ahead = (TARGET - eyes) / np.linalg.norm(TARGET - eyes, axis=1, keepdims=True)
    np.testing.assert_allclose(made[:, 2, :3], ahead, atol=1e-4)  # between samples a degree apart
    assert (-made[:, 1, :3] @ UP > 0.5).all()  # down in the picture is down


def test_an_ellipse_is_closed_and_as_large_as_the_cameras_way():
    viewmats = CAMERAS["ring"]
    made = PATHS.make("ellipse")(viewmats, 90)
    eyes = eyes_of(made)
    # 90 % of 24 cameras on a circle are at most 0.966 of its radius away along one axis
    np.testing.assert_allclose(elevations(made), np.degrees(np.arctan(np.tan(np.radians(20)) / 0.966)), atol=0.1)
    np.testing.assert_allclose(np.linalg.norm(eyes - TARGET, axis=1), 3, rtol=0.04)
    assert np.linalg.norm(eyes[0] - eyes[-1]) == pytest.approx(np.linalg.norm(eyes[1] - eyes[0]), rel=0.01)
    np.testing.assert_allclose(eyes[0], eyes_of(viewmats)[0], atol=0.1)


def test_a_spiral_around_rises_from_the_lower_to_the_upper_photographs():
    heights = elevations(PATHS.make("spiral")(CAMERAS["rings"], 200))
    assert (np.diff(heights) > 0).all()
    assert heights[[0, -1]] == pytest.approx([-10, 40], abs=0.5)


def test_a_spiral_before_a_thing_stays_among_the_photographs():
    viewmats = CAMERAS["grid"]
    eyes, old = eyes_of(PATHS.make("spiral")(viewmats, 300)), eyes_of(viewmats)
    assert (np.ptp(eyes[:, :2], axis=0) < np.ptp(old[:, :2], axis=0) * 1.05).all()
    assert (np.ptp(eyes[:, :2], axis=0) > np.ptp(old[:, :2], axis=0) * 0.7).all()
    wide = eyes_of(PATHS.make("spiral:radius=2")(viewmats, 300))
    np.testing.assert_allclose(np.ptp(wide, axis=0), 2 * np.ptp(eyes, axis=0), rtol=0.02)
