"""Proves that landmarks are put into the cells that the design's formula gives, and that none vanishes in silence.

The embedded list spans ten orders of magnitude in distance and the whole sky, and holds the Sun, which has no cell.
"""

import math

import pytest

from helios.constants import R_MIN_M
from helios.grid import CellId, HLGrid
from helios.landmarks import Landmark, landmark_cells, load_landmarks


def at(x, y, z):
    return Landmark("a", "A", "star", (x, y, z), 1.0, "", "")


@pytest.mark.parametrize("depth", [3, 5, 8])
def test_every_embedded_landmark_but_the_sun_has_the_cell_of_the_formula(depth):
    landmarks = load_landmarks()
    placed = landmark_cells(landmarks, HLGrid(depth))
    assert [place.landmark for place in placed] == landmarks
    n_theta, n_phi, log_base = 2 ** (depth + 1), 2**depth, 2 ** (2 ** (5 - depth))
    for place in placed:
        x, y, z = place.landmark.pos_m
        if place.landmark.id == "sun":
            assert place.cell is None
            assert "inside the grid's inner radius of 4.6e+10 m" in place.reason
            continue
        r = math.hypot(x, y, z)
        shell = math.floor(math.log(r / R_MIN_M) / math.log(log_base))
        theta = math.floor((math.atan2(y, x) + math.pi) / (2 * math.pi) * n_theta)
        phi = math.floor(math.acos(z / r) / math.pi * n_phi)
        assert place.cell == CellId(depth, shell, theta, phi)
        assert place.reason == ""


def test_what_has_no_cell_says_why():
    inside, beyond, edge = landmark_cells([at(4.5e10, 0, 0), at(0, 1e40, 0), at(R_MIN_M, 0, 0)], HLGrid(5))
    assert inside.cell is None
    assert "4.5e+10 m from the Sun, inside" in inside.reason
    assert beyond.cell is None
    assert "1e+40 m from the Sun, beyond the grid's outer radius of" in beyond.reason
    assert edge.cell is not None
    assert edge.cell.l == 0


def test_no_landmarks_no_cells():
    assert landmark_cells([], HLGrid(5)) == []
