"""Cameras look at the cell from where they should, and the held-out ones are nobody's training views.

A cell far from the Sun with an origin off every axis, so that a mixed-up axis or a mirrored image shows.
"""

import numpy as np
import pytest

from helios.grid import CellId
from helios.splats import Cell
from helios.training.cameras import (
    FARTHEST_RADII,
    HELD_OUT_DIRECTIONS,
    HELD_OUT_RADII,
    NEAREST_RADII,
    TRAINING_VIEWS,
    fibonacci_sphere,
    held_out_views,
    training_views,
)


@pytest.fixture
def cell():
    return Cell(CellId(5, 30, 12, 7), np.array([3e18, -2e18, 1e18]), 1e18, 1.5, None)


def positions(views):
    rotation, shift = views.viewmats[:, :3, :3].astype(np.float64), views.viewmats[:, :3, 3].astype(np.float64)
    return -np.einsum("vji,vj->vi", rotation, shift)


def test_cameras_are_rotations_that_look_at_the_origin(cell):
    views = training_views(cell, 256, np.random.default_rng(0))
    rotation = views.viewmats[:, :3, :3].astype(np.float64)
    np.testing.assert_allclose(
        rotation @ rotation.transpose(0, 2, 1), np.tile(np.eye(3), (len(views), 1, 1)), atol=1e-6
    )
    np.testing.assert_allclose(np.linalg.det(rotation), 1.0, atol=1e-6)
    x, y, z = views.viewmats[:, :3, 3].T
    np.testing.assert_allclose([x, y], 0.0, atol=1e-5)
    assert (z > 0).all()


def test_distances_fill_the_range_and_some_views_are_on_the_line_from_the_sun(cell):
    places = positions(training_views(cell, 256, np.random.default_rng(0)))
    radii = np.linalg.norm(places, axis=1) / cell.radius
    assert radii.min() >= NEAREST_RADII * (1 - 1e-6)
    assert radii.max() <= FARTHEST_RADII * (1 + 1e-6)
    assert np.ptp(np.log(radii)) > 0.9 * np.log(FARTHEST_RADII / NEAREST_RADII)
    cosine = places @ cell.origin_m / np.linalg.norm(places, axis=1) / np.linalg.norm(cell.origin_m)
    assert np.sum(np.abs(cosine) > 1 - 1e-6) == TRAINING_VIEWS // 8
    assert cosine.min() < -0.99
    assert cosine.max() > 0.99


def test_held_out_views_are_at_their_distances_and_apart_from_training(cell):
    rng = np.random.default_rng(0)
    seen, unseen = positions(training_views(cell, 256, rng)), positions(held_out_views(cell, 256, rng))
    np.testing.assert_allclose(
        np.linalg.norm(unseen, axis=1) / cell.radius, np.repeat(HELD_OUT_RADII, HELD_OUT_DIRECTIONS), rtol=1e-5
    )
    assert np.linalg.norm(seen[:, None] - unseen[None], axis=2).min() > 0.1


def test_fibonacci_sphere_is_even():
    """The centre of mass of N even directions is near 0, and no two are closer than half the mean spacing."""
    directions = fibonacci_sphere(200)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0, rtol=1e-12)
    assert np.linalg.norm(directions.mean(axis=0)) < 0.01
    gaps = np.linalg.norm(directions[:, None] - directions[None], axis=2) + 9 * np.eye(200)
    assert gaps.min() > 0.5 * np.sqrt(4 * np.pi / 200)


def test_field_of_view(cell):
    """A point at 30 degrees off axis lies on the image's edge."""
    K = training_views(cell, 200, np.random.default_rng(0)).Ks[0]
    assert K[0, 0] * np.tan(np.deg2rad(30)) + K[0, 2] == pytest.approx(200)
