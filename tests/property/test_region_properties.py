"""Regions against cells: a cell that holds a place of a region is never left out, and few others are taken."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helios.cells import Cells
from helios.constants import PARSEC_M
from helios.coords import icrs_to_ecliptic_m
from helios.errors import InputError
from helios.grid import HLGrid
from helios.regions import Box, Cone

fast = settings(max_examples=60, deadline=None, derandomize=True)


@fast
@given(
    ra=st.floats(0, 360),
    dec=st.floats(-90, 90),
    radius=st.sampled_from([0.0, 0.01, 1.0, 30.0, 95.0, 180.0]),
    depth=st.integers(0, 9),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_cone_touches_every_cell_that_has_a_place_in_it(ra, dec, radius, depth, seed):
    """Places on the rim of the cone too, where only rounding keeps a cell."""
    rng = np.random.default_rng(seed)
    axis = icrs_to_ecliptic_m(ra, dec, 1.0)
    side = np.cross(axis, rng.normal(size=(40, 3)))
    side /= np.linalg.norm(side, axis=-1, keepdims=True)
    angle = np.deg2rad(radius) * np.where(np.arange(40) < 20, 1.0, rng.random(40))[:, None]
    distance_pc = 10.0 ** rng.uniform(0, 5, (40, 1))
    place = (np.cos(angle) * axis + np.sin(angle) * side) * distance_pc * PARSEC_M
    cells = Cells.at(depth, *HLGrid(depth).locate(place))
    assert Cone(ra, dec, radius).touches(cells).all()
    for cell, at in zip(distance_pc[:, 0], range(40)):
        near = Cone(ra, dec, radius, cell * 0.999, cell * 1.001)
        assert near.touches(cells[at : at + 1]).all()
        assert radius > 90 or near.holds(place[at : at + 1] * 0.9).tolist() == [False]


@fast
@given(ra=st.floats(0, 360), dec=st.floats(-90, 90), radius=st.floats(0.1, 20.0), depth=st.integers(3, 7))
def test_a_cone_touches_no_cell_whose_places_are_all_far_from_it(ra, dec, radius, depth):
    """Against a grid of places, eleven to a side, in each cell of one shell."""
    grid = HLGrid(depth)
    theta, phi = (v.ravel() for v in np.meshgrid(np.arange(grid.n_theta), np.arange(grid.n_phi)))
    cells = Cells.at(depth, np.full(len(theta), grid.n_l // 3), theta, phi)
    touched = Cone(ra, dec, radius).touches(cells)
    steps = np.linspace(0, 1, 11)
    longitude, colatitude = cells.angles()
    step = longitude[0, 1] - longitude[0, 0]
    lon = longitude[:, :1, None] + step * steps[None, :, None]
    colat = colatitude[:, :1, None] + step * steps[None, None, :]
    lon, colat = np.broadcast_arrays(lon, colat)
    place = np.stack([np.sin(colat) * np.cos(lon), np.sin(colat) * np.sin(lon), np.cos(colat)], axis=-1)
    angle = np.arccos(np.clip(place @ icrs_to_ecliptic_m(ra, dec, 1.0), -1, 1)).reshape(len(cells), -1).min(axis=-1)
    # No place of a cell is farther than 0.08 of its side from one of the grid's.
    assert (angle[touched] <= np.deg2rad(radius) + 0.08 * step).all()
    assert touched[angle < np.deg2rad(radius)].all()


@fast
@given(depth=st.integers(0, 9), seed=st.integers(0, 2**32 - 1))
def test_a_box_touches_every_cell_that_has_a_place_in_it(depth, seed):
    rng = np.random.default_rng(seed)
    low = rng.normal(size=3) * 10.0 ** rng.uniform(0, 4)
    high = low + rng.random(3) * 10.0 ** rng.uniform(-2, 4)
    place = (low + (high - low) * np.r_[rng.random((20, 3)), rng.integers(0, 2, (20, 3))]) * PARSEC_M
    box = Box(tuple(low), tuple(high))
    assert box.touches(Cells.at(depth, *HLGrid(depth).locate(place))).all()
    assert box.holds(place[:20]).all()
    assert not box.holds((high + 1) * PARSEC_M * np.ones((1, 3))).any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Cone(0, 91, 1), "dec from -90 to 90"),
        (lambda: Cone(np.nan, 0, 1), "dec from -90 to 90"),
        (lambda: Cone(0, 0, -1), "from 0 to 180 degrees"),
        (lambda: Cone(0, 0, 1, 5, 4), "the second not below the first"),
        (lambda: Box((0, 0, 0), (1, 1)), "two \\(x, y, z\\)"),
        (lambda: Box((0, 0, 0), (1, -1, 1)), "the second not below the first"),
    ],
)
def test_a_region_that_is_none_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
