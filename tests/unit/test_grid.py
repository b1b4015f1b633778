"""The grid against JPL's planets with their published cells, and against its definition written out by hand.

The planets lie in the innermost shells, where an error of frame, sign or axis moves them to another cell; the rest
are small cases whose answer can be counted.
"""

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helios.cells import Cells
from helios.constants import R_MIN_M
from helios.errors import InputError
from helios.grid import BEYOND_GRID, INSIDE_R_MIN, CellId, HLGrid, cell_keys, cells_of_keys

PLANETS = Path(__file__).parents[1] / "data/planets_j2000_heliocentric.csv"


def test_planets_fall_in_their_published_cells():
    planets = pd.read_csv(PLANETS)
    got = np.stack(HLGrid(5).locate(planets[["x_ecl_m", "y_ecl_m", "z_ecl_m"]].to_numpy()), axis=-1)
    np.testing.assert_array_equal(got, planets[["cell_l", "cell_theta", "cell_phi"]].to_numpy())


def test_depth_five_is_the_published_grid():
    grid = HLGrid(5)
    assert (grid.n_theta, grid.n_phi, grid.log_base) == (64, 32, 2.0)


@pytest.mark.parametrize("depth", [0, 1, 3, 5, 7])
def test_locate_is_the_definition_written_out(depth):
    grid, rng = HLGrid(depth), np.random.default_rng(3)
    position = rng.normal(size=(300, 3)) * 10.0 ** rng.uniform(11, 25, (300, 1))
    for (x, y, z), *got in zip(position.tolist(), *(index.tolist() for index in grid.locate(position))):
        r = math.sqrt(x * x + y * y + z * z)
        l = math.floor(math.log(r / 4.6e10) / math.log(2.0 ** (2.0 ** (5 - depth))))
        theta = math.floor((math.atan2(y, x) + math.pi) / (2 * math.pi) * 2 ** (depth + 1))
        phi = math.floor(math.acos(z / r) / math.pi * 2**depth)
        assert got == [l, theta, phi]


def test_places_without_a_cell_are_told_apart():
    position = np.array([[0, 0, 0], [R_MIN_M * 0.999, 0, 0], [1e30, 0, 0], [np.nan, 1e12, 0], [np.inf, 0, 0]])
    l, theta, phi = HLGrid(5).locate(position)
    assert l.tolist() == [INSIDE_R_MIN, INSIDE_R_MIN, BEYOND_GRID, BEYOND_GRID, BEYOND_GRID]
    assert not theta.any()
    assert not phi.any()
    assert HLGrid(5).locate_one([0, 0, 0]) is None


def test_the_ends_of_the_ranges_belong_to_the_grid():
    grid = HLGrid(3)
    r = 1e17
    corners = np.array([[0, 0, r], [0, 0, -r], [-r, 0.0, 0], [-r, -0.0, 0]])
    l, theta, phi = grid.locate(corners)
    assert (l >= 0).all()
    assert phi.tolist()[:2] == [0, grid.n_phi - 1]
    # atan2(+0, -x) is +pi, the last longitude; atan2(-0, -x) is -pi, the first.
    assert theta.tolist()[2:] == [grid.n_theta - 1, 0]


def test_neighbours_wrap_in_longitude_and_stop_at_the_poles():
    inner = CellId(5, 10, 0, 0).neighbours(1)
    assert {cell.theta for cell in inner} == {63, 0, 1}
    assert {cell.phi for cell in inner} == {0, 1}
    assert {cell.l for cell in inner} == {9, 10, 11}
    assert len(inner) == 18
    assert {cell.l for cell in CellId(5, 0, 7, 7).neighbours(2)} == {0, 1, 2}
    assert {cell.l for cell in CellId(5, 63, 7, 7).neighbours(2)} == {61, 62, 63}


def test_a_reach_beyond_the_whole_circle_names_each_cell_once():
    cells = CellId(1, 1, 2, 1).neighbours(9)
    assert len(cells) == len(set(cells)) == 4 * 4 * 2


def test_a_cell_parses_from_its_name():
    assert CellId.parse("30_12_7", 5) == CellId(5, 30, 12, 7)
    assert CellId.parse("30_12_7.bin", 5) == CellId(5, 30, 12, 7)
    assert CellId.parse("5_30_12_7") == CellId(5, 30, 12, 7)
    assert str(CellId(5, 30, 12, 7)) == "5_30_12_7"
    assert CellId(5, 30, 12, 7).index_name == "30_12_7"


@pytest.mark.parametrize("text", ["", "1_2", "1_2_3_4", "a_b_c", "-1_2_3", "64_0_0", "0_64_0", "0_0_32"])
def test_what_names_no_cell_is_refused(text):
    with pytest.raises(InputError, match="cell"):
        CellId.parse(text, 5)


@pytest.mark.parametrize("depth", [-1, 21, 99])
def test_a_depth_outside_the_grid_is_refused(depth):
    with pytest.raises(InputError, match=f"grid depth {depth}: must be from 0 to 20"):
        HLGrid(depth)


def test_keys_interleave_the_bits_of_the_indices():
    for l, theta, phi in itertools.product((0, 1, 5, 0b101101), (0, 3, 0b11001), (0, 2, 0b1110)):
        bits = "".join(a + b + c for a, b, c in zip(f"{l:021b}", f"{theta:021b}", f"{phi:021b}"))
        assert int(cell_keys(l, theta, phi)) == int(bits, 2)
        assert CellId.of_key(5, int(bits, 2)) == CellId(5, l, theta, phi)


def test_keys_of_the_deepest_grid_invert():
    top = 2**21 - 1
    l, theta, phi = cells_of_keys(cell_keys([top, 0, top], [top, top, 0], [2**20 - 1, 1, 0]))
    assert (l.tolist(), theta.tolist(), phi.tolist()) == ([top, 0, top], [top, top, 0], [2**20 - 1, 1, 0])


@pytest.mark.parametrize("depth", [0, 1, 2, 4])
def test_bounds_are_the_smallest_boxes(depth):
    """A dense sample of a cell, its edges and middle planes included, touches all six sides of its box."""
    grid = HLGrid(depth)
    steps = np.linspace(0, 1, 33)
    for theta, phi in itertools.product(range(min(grid.n_theta, 8)), range(min(grid.n_phi, 8))):
        r = R_MIN_M * np.array([1.0, grid.log_base])
        longitude = -np.pi + (theta + steps) * 2 * np.pi / grid.n_theta
        colatitude = (phi + steps) * np.pi / grid.n_phi
        r, longitude, colatitude = (a.ravel() for a in np.meshgrid(r, longitude, colatitude))
        rho = r * np.sin(colatitude)
        sample = np.stack([rho * np.cos(longitude), rho * np.sin(longitude), r * np.cos(colatitude)], axis=-1)
        low, high = (edge[0] for edge in Cells.at(depth, [0], [theta], [phi]).bounds_m())
        reach = R_MIN_M * grid.log_base
        np.testing.assert_allclose(sample.min(axis=0), low, rtol=0, atol=2e-12 * reach)
        np.testing.assert_allclose(sample.max(axis=0), high, rtol=0, atol=2e-12 * reach)


@pytest.mark.parametrize("depth", [5, 12, 20])
def test_stars_at_the_edges_near_the_pole_are_inside_their_cells(depth):
    """Colatitudes within 1e-9 of the first edges from the pole, where acos(z / r) has no digits left."""
    grid, rng = HLGrid(depth), np.random.default_rng(4)
    n = 20_000
    edge = rng.integers(0, 5, n) * np.pi / grid.n_phi
    colatitude = edge + rng.choice([-1, 1], n) * 10.0 ** rng.uniform(-13, -9, n)
    longitude, r = rng.uniform(-np.pi, np.pi, n), R_MIN_M * 10.0 ** rng.uniform(0.1, 15, n)
    rho = r * np.sin(colatitude)
    position = np.stack([rho * np.cos(longitude), rho * np.sin(longitude), r * np.cos(colatitude)], axis=-1)
    low, high = Cells.at(depth, *grid.locate(position)).bounds_m()
    assert ((low <= position) & (position <= high)).all()
