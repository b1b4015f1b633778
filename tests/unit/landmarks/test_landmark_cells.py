"""Proves that landmarks are put into the cells that the design's formula gives, and that none vanishes in silence.

The embedded list spans ten orders of magnitude in distance and the whole sky, and holds the Sun, which has no cell.
"""

import math

import pytest

from helios.cells import Cells
from helios.constants import R_MIN_M
from helios.grid import CellId, HLGrid
from helios.landmarks import Landmark, landmark_cells, load_landmarks, outside_grid
from helios.universe.tree import Tree


def uniform(depth):
    """The tree of a universe whose cells have all one depth, and of which this is one."""
    return Tree(Cells.of_ids([CellId(depth, 0, 0, 0)]), depth)


def first(cell):
    """What leaves are sorted by."""
    return cell.key << 3 * (20 - cell.depth)


def at(x, y, z):
    return Landmark("a", "A", "star", (x, y, z), 1.0, "", "")


@pytest.mark.parametrize("depth", [3, 5, 8])
def test_every_embedded_landmark_but_the_sun_has_the_cell_of_the_formula(depth):
    landmarks = load_landmarks()
    placed = landmark_cells(landmarks, uniform(depth))
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
    inside, beyond, edge = landmark_cells([at(4.5e10, 0, 0), at(0, 1e40, 0), at(R_MIN_M, 0, 0)], uniform(5))
    assert inside.cell is None
    assert "4.5e+10 m from the Sun, inside" in inside.reason
    assert beyond.cell is None
    assert "1e+40 m from the Sun, beyond the grid's outer radius of" in beyond.reason
    assert edge.cell is not None
    assert edge.cell.l == 0


def test_no_landmarks_no_cells():
    assert landmark_cells([], uniform(5)) == []


def test_what_no_universe_has_a_cell_for_is_known_without_one():
    landmarks = load_landmarks()
    assert [(mark.id, reason) for mark, reason in outside_grid(landmarks)] == [
        (place.landmark.id, place.reason) for place in landmark_cells(landmarks, uniform(3)) if place.reason
    ]


def test_in_an_adaptive_universe_a_landmark_has_the_leaf_it_lies_in_or_the_empty_cell():
    here, below, empty = at(3e17, 1e17, 2e17), at(-3e17, -1e17, 2e17), at(-3e17, 1e17, -2e17)
    leaf, deep = (HLGrid(depth).locate_one(mark.pos_m) for depth, mark in ((4, here), (6, below)))
    placed = landmark_cells([here, below, empty], Tree(Cells.of_ids(sorted([leaf, deep], key=first)), None))
    assert [place.cell for place in placed[:2]] == [leaf, deep]
    alone = placed[2].cell
    assert HLGrid(alone.depth).locate_one(empty.pos_m) == alone
    above = alone.parent
    assert any(HLGrid(above.depth).locate_one(mark.pos_m) == above for mark in (here, below))
