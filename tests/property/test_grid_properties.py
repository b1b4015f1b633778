"""What must hold for every cell and every place of the grid, whatever the depth.

Cells and places are drawn over the whole range of the 64-bit keys; places are drawn by spherical coordinates, so that
shells, poles and the seam of longitude are hit as often as the rest.
"""

import itertools

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from helios.cells import Cells, frames_of, from_cell_units, to_cell_units
from helios.constants import R_MIN_M
from helios.grid import MAX_DEPTH, CellId, HLGrid, cell_keys, cells_of_keys, keys_at

fast = settings(max_examples=150, deadline=None, derandomize=True)


@st.composite
def cells(draw, min_depth=0, max_depth=MAX_DEPTH):
    grid = HLGrid(draw(st.integers(min_depth, max_depth)))
    return CellId(
        grid.depth,
        draw(st.integers(0, grid.n_l - 1)),
        draw(st.integers(0, grid.n_theta - 1)),
        draw(st.integers(0, grid.n_phi - 1)),
    )


@st.composite
def places(draw):
    r = R_MIN_M * 2.0 ** draw(st.floats(0.0, 63.999))
    longitude = draw(st.floats(-np.pi, np.pi))
    colatitude = draw(st.floats(0.0, np.pi))
    return r * np.array(
        [np.sin(colatitude) * np.cos(longitude), np.sin(colatitude) * np.sin(longitude), np.cos(colatitude)]
    )


depths = st.integers(0, MAX_DEPTH)


def bounds(cell):
    low, high = Cells.of_ids([cell]).bounds_m()
    return low[0], high[0]


def children(cell):
    indices = itertools.product(*((2 * index, 2 * index + 1) for index in (cell.l, cell.theta, cell.phi)))
    return [CellId(cell.depth + 1, *index) for index in indices]


@fast
@given(places(), depths)
@example(np.array([0.0, 0.0, 1e17]), 7)
@example(np.array([-1e17, -0.0, 0.0]), 7)
def test_a_cell_holds_its_places_inside_its_box_and_the_frame_of_that(place, depth):
    cell = HLGrid(depth).locate_one(place)
    assume(cell is not None)
    low, high = bounds(cell)
    assert (low <= place).all()
    assert (place <= high).all()
    units = to_cell_units(place, *frames_of(low, high))
    assert np.abs(units).max() <= 1.0
    assert np.abs(from_cell_units(units, *frames_of(low, high)) - place).max() <= 1e-15 * np.abs([low, high]).max()


@fast
@given(places(), st.integers(1, MAX_DEPTH))
def test_the_cell_of_a_place_is_a_child_of_the_one_above(place, depth):
    child, parent = HLGrid(depth).locate_one(place), HLGrid(depth - 1).locate_one(place)
    assume(child is not None)
    assert child.parent == parent
    assert child in children(parent)


@fast
@given(cells(max_depth=MAX_DEPTH - 1))
def test_children_are_eight_cells_inside_their_parent(cell):
    assert len(set(children(cell))) == 8
    low, high = bounds(cell)
    for child in children(cell):
        assert child.parent == cell
        assert child.key >> 3 == cell.key
        child_low, child_high = bounds(child)
        slack = 2e-12 * HLGrid(cell.depth).shell_edges_m(cell.l)[1]
        assert (child_low >= low - slack).all()
        assert (child_high <= high + slack).all()


@fast
@given(cells(max_depth=12))
def test_the_middle_of_a_cell_is_in_it(cell):
    """Down to depth 12: deeper shells are so thin that the middle is not far enough from their edges for float64."""
    grid = HLGrid(cell.depth)
    inner, outer = grid.shell_edges_m(cell.l)
    longitude = -np.pi + (cell.theta + 0.5) * 2 * np.pi / grid.n_theta
    colatitude = (cell.phi + 0.5) * np.pi / grid.n_phi
    r = np.sqrt(inner) * np.sqrt(outer)
    rho = r * np.sin(colatitude)
    place = np.array([rho * np.cos(longitude), rho * np.sin(longitude), r * np.cos(colatitude)])
    assert grid.locate_one(place) == cell


@fast
@given(cells())
def test_keys_invert(cell):
    l, theta, phi = cells_of_keys(cell_keys([cell.l], [cell.theta], [cell.phi]))
    assert CellId(cell.depth, int(l[0]), int(theta[0]), int(phi[0])) == cell
    assert CellId.parse(str(cell)) == CellId.parse(cell.index_name, cell.depth) == cell


@fast
@given(st.lists(cells(), min_size=1, max_size=9), depths)
def test_many_cells_are_the_single_ones(ids, depth):
    many = Cells.of_ids(ids)
    assert list(many) == ids == [many[i] for i in range(len(many))]
    assert list(many[::-1]) == ids[::-1]
    assert list(zip(many.l, many.theta, many.phi)) == [(cell.l, cell.theta, cell.phi) for cell in ids]
    for cell, key in zip(ids, keys_at(many.depth, many.key, depth).tolist()):
        assert key == (
            cell.key >> 3 * (cell.depth - depth) if cell.depth > depth else cell.key << 3 * (depth - cell.depth)
        )
    assert (many.first_keys < many.end_keys).all()
    for edges, cell in zip(zip(*many.shell_edges_m()), ids):
        assert edges == HLGrid(cell.depth).shell_edges_m(cell.l)


@fast
@given(cells(max_depth=8), st.integers(0, 3))
def test_neighbours_are_mutual_and_hold_the_cell_itself(cell, reach):
    grid = HLGrid(cell.depth)
    around = cell.neighbours(reach)
    assert cell in around
    assert list(around) == sorted(set(around))
    for other in around:
        assert 0 <= other.l < grid.n_l
        assert 0 <= other.theta < grid.n_theta
        assert 0 <= other.phi < grid.n_phi
        assert cell in other.neighbours(reach)


@fast
@given(cells(min_depth=2, max_depth=10))
def test_neighbours_of_the_seam_are_those_of_a_turned_cell(cell):
    """Turning the grid by one longitude turns the neighbours, across the seam too."""
    n_theta = HLGrid(cell.depth).n_theta

    def turned(c):
        return CellId(c.depth, c.l, (c.theta + 1) % n_theta, c.phi)

    assert set(map(turned, cell.neighbours(1))) == set(turned(cell).neighbours(1))


@fast
@given(st.integers(0, MAX_DEPTH))
def test_shells_follow_each_other_without_a_gap(depth):
    grid = HLGrid(depth)
    l = np.unique(np.linspace(0, grid.n_l - 2, 50).astype(int))
    assert (grid.shell_edges_m(l)[1] == grid.shell_edges_m(l + 1)[0]).all()
    assert grid.shell_edges_m(0)[0] == R_MIN_M
    assert grid.shell_edges_m(grid.n_l - 1)[1] == pytest.approx(R_MIN_M * 2.0**64, rel=1e-12)
