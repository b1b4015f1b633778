"""Two worlds that share cameras are brought together by these, whatever the similarity, and in spite of wrong ones.

Cameras stand around an ellipsoid whose covisible points are known by its normals: it is convex, so a point is seen from
wherever its outward normal points.
"""

import numpy as np
import pytest

from helios.photos.align import Sim3, align_cameras, centres, refine
from helios.photos.covisible import nearest_first, seen_by, surface
from tests.support.tiny_scene import AXES, camera_at, draw, ring_of_cameras, surface_points

K = np.array([[100.0, 0, 48], [0, 100, 40], [0, 0, 1]])
WIDTH, HEIGHT = 96, 80


def rotation(rng):
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q * np.sign(np.linalg.det(q))


def similarity(rng):
    return Sim3(float(np.exp(rng.normal())), rotation(rng), rng.normal(size=3) * 30)


def angle_between(one, other):
    return np.degrees(np.arccos(np.clip((np.trace(one.T @ other) - 1) / 2, -1, 1)))


@pytest.mark.parametrize("seed", range(3))
def test_the_similarity_of_exact_cameras_comes_back(seed):
    rng = np.random.default_rng(seed)
    true, target = similarity(rng), ring_of_cameras(7)
    # Written out apart from Sim3: a point's coordinates in the camera differ by the scale alone.
    point = rng.normal(size=3)
    inverse = Sim3(1 / true.scale, true.rotation.T, -true.rotation.T @ true.translation / true.scale)
    source = inverse.viewmats(target)
    there = inverse.points(point)
    near, far = (v[:, :3, :3] @ p + v[:, :3, 3] for v, p in ((source, there), (target, point)))
    np.testing.assert_allclose(far, near * true.scale, atol=1e-9)
    found = align_cameras(source, target, size=4.0)
    assert found.agreeing.all()
    assert found.sim3.scale == pytest.approx(true.scale, rel=1e-10)
    np.testing.assert_allclose(found.sim3.rotation, true.rotation, atol=1e-9)
    np.testing.assert_allclose(found.sim3.translation, true.translation, atol=1e-8)
    assert found.distance < 1e-8
    assert found.degrees < 1e-7


def test_wrong_cameras_do_not_count():
    """Of 15 shared names 6 mean another photograph; others are off by what COLMAP leaves, 0.3 % and 0.15 degrees."""
    rng = np.random.default_rng(4)
    true, target = similarity(rng), ring_of_cameras(15)
    inverse = Sim3(1 / true.scale, true.rotation.T, -true.rotation.T @ true.translation / true.scale)
    noisy = target.copy()
    for viewmat in noisy:
        axis = rng.normal(size=3) * np.radians(0.15) / np.sqrt(3)
        turn = np.array([[1, -axis[2], axis[1]], [axis[2], 1, -axis[0]], [-axis[1], axis[0], 1]])
        eye = centres(viewmat) + rng.normal(size=3) * 0.003 * 4 / np.sqrt(3)
        viewmat[:3, :3] = np.linalg.qr(turn)[0] * np.sign(np.diag(np.linalg.qr(turn)[1])) @ viewmat[:3, :3]
        viewmat[:3, 3] = -viewmat[:3, :3] @ eye
    wrong = rng.permutation(15)[:6]
    noisy[wrong] = noisy[np.roll(wrong, 1)]
    found = align_cameras(inverse.viewmats(noisy), target, size=4.0)
    assert sorted(np.flatnonzero(~found.agreeing)) == sorted(wrong)
    assert found.sim3.scale == pytest.approx(true.scale, rel=2e-3)
    assert angle_between(found.sim3.rotation, true.rotation) < 0.15
    assert 0 < found.distance < 0.02
    assert 0.02 < found.degrees < 0.3


def test_cameras_on_a_line_leave_no_turn_open():
    target = np.stack([camera_at(np.array([4.0, y, 1.0])) for y in (-1.0, 0.0, 0.5, 2.0)])
    target[:, :3, 3] = -(target[:, :3, :3] @ np.array([[4.0, y, 1.0] for y in (-1.0, 0.0, 0.5, 2.0)])[..., None])[
        ..., 0
    ]
    true = similarity(np.random.default_rng(8))
    inverse = Sim3(1 / true.scale, true.rotation.T, -true.rotation.T @ true.translation / true.scale)
    found = align_cameras(inverse.viewmats(target), target, size=2.0)
    np.testing.assert_allclose(found.sim3.rotation, true.rotation, atol=1e-9)


def test_what_does_not_agree_is_no_alignment():
    rng = np.random.default_rng(1)
    target = ring_of_cameras(12)
    assert align_cameras(target[:2], target[:2], 4.0) is None
    assert align_cameras(target[rng.permutation(12)], target, 4.0) is None
    assert align_cameras(np.stack([target[0]] * 5), np.stack([target[0]] * 5), 4.0) is None


def test_matches_of_all_cameras_refine_the_similarity():
    """1,200 matches, 0.3 px of noise, a tenth of them wrong; the start off by 1 %, a degree and 0.05.

    Half the points, 0.3 px each at 30 px a unit of the object, leave 0.01 / sqrt(600) of the scale: 4e-4.
    """
    rng = np.random.default_rng(6)
    true, views, points = similarity(rng), ring_of_cameras(12), surface_points(1200, seed=2)
    inverse = Sim3(1 / true.scale, true.rotation.T, -true.rotation.T @ true.translation / true.scale)
    which = np.arange(1200) % 12
    seen = (views[which, :3, :3] @ points[..., None])[..., 0] + views[which, :3, 3]
    spots = seen[:, :2] / seen[:, 2:] * 100 + [48, 40] + rng.normal(size=(1200, 2)) * 0.3
    spots[::10] += rng.uniform(-40, 40, (120, 2))
    turn = np.array([[np.cos(0.0175), -np.sin(0.0175), 0], [np.sin(0.0175), np.cos(0.0175), 0], [0, 0, 1]])
    start = Sim3(true.scale * 1.01, turn @ true.rotation, true.translation + 0.05)
    found, pixels = refine(start, inverse.viewmats(views)[which], np.tile(K, (1200, 1, 1)), spots, points)
    assert found.scale == pytest.approx(true.scale, rel=1e-3)
    assert angle_between(found.rotation, true.rotation) < 0.1
    moved = found.points(inverse.points(points))
    assert np.linalg.norm(moved - points, axis=1).max() < 4e-3
    assert 0.2 < pixels < 0.6


def test_a_point_is_covisible_where_its_normal_faces_another_camera():
    eyes = [np.array(eye) for eye in ([4.0, 0.5, 1.0], [1.0, 4.0, -0.5])]
    views = [camera_at(eye) for eye in eyes]
    drawn = [draw(viewmat, K, WIDTH, HEIGHT) for viewmat in views]
    surfaces = [surface(view, K, depth, alpha) for view, (_, alpha, depth) in zip(views, drawn)]
    seen = seen_by(surfaces[0], surfaces[1:])
    solid = surfaces[0].depth > 0
    v, u = np.nonzero(solid)
    depth = surfaces[0].depth[v, u]
    local = np.stack([(u + 0.5 - 48) / 100 * depth, (v + 0.5 - 40) / 100 * depth, depth], 1)
    points = (local - views[0][:3, 3]) @ views[0][:3, :3]
    normals = points / AXES**2
    ways = eyes[1] - points
    facing = (ways * normals).sum(1) / np.linalg.norm(ways, axis=1) / np.linalg.norm(normals, axis=1)
    assert 0.3 < (facing > 0).mean() < 0.7
    assert (facing[seen[v, u]] > 0).all()
    # Where the surface is seen nearly edge on, depth changes within a pixel by more than what is called hidden.
    assert seen[v, u][facing > 0.35].all()
    assert not seen[~solid].any()
    # From behind nothing of it is seen, and behind a mask nothing.
    behind = camera_at(-eyes[0])
    _, alpha, far = draw(behind, K, WIDTH, HEIGHT)
    assert seen_by(surfaces[0], [surface(behind, K, far, alpha)])[solid].mean() < 0.2
    none = surface(views[1], K, drawn[1][2], drawn[1][1], np.zeros((HEIGHT, WIDTH), bool))
    assert not seen_by(surfaces[0], [none]).any()


def test_what_stands_before_a_point_hides_it():
    """A plane 10 away, and before its left half, for the other camera only, a wall 5 away."""
    eye = np.eye(4)
    plane = np.full((HEIGHT, WIDTH), 10.0, np.float32)
    walled = plane.copy()
    walled[:, :48] = 5
    one = np.ones_like(plane)
    seen = seen_by(surface(eye, K, plane, one), [surface(eye, K, walled, one)])
    assert seen[:, 49:].all()
    assert not seen[:, :47].any()


def test_the_nearest_camera_comes_first():
    views = ring_of_cameras(9)
    order = nearest_first(views[4], views)
    assert order[0] == 4
    away = np.linalg.norm(centres(views) - centres(views[4]), axis=1)
    assert (np.diff(away[order]) >= 0).all()
