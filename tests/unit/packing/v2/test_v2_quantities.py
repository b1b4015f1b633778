"""The integers of pack v2: their prefixes are the grid's cells, and coming back they are as near as the format says.

Errors are against float64 places and magnitudes, of the embedded naked-eye stars and of random places over the whole
range of the grid; an angle is measured with cross and dot products, not with the formulas of the code.
"""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helios.catalogs_path import embedded
from helios.color import color_from_bp_rp
from helios.constants import ICRS_TO_ECLIPTIC, PARSEC_M, R_MIN_M
from helios.errors import InputError
from helios.grid import HLGrid
from helios.packing.v2 import quantities as v2

RADIAN_ARCSEC = 180 * 3600 / np.pi


def spherical(r, longitude, colatitude):
    return np.stack(
        [
            r * np.sin(colatitude) * np.cos(longitude),
            r * np.sin(colatitude) * np.sin(longitude),
            r * np.cos(colatitude),
        ],
        axis=-1,
    )


def random_places(count, seed=1):
    rng = np.random.default_rng(seed)
    r = R_MIN_M * 2.0 ** rng.uniform(0, 64, count)
    return spherical(r, rng.uniform(-np.pi, np.pi, count), np.arccos(rng.uniform(-1, 1, count)))


def boundary_places():
    """Corners of cells of every depth, a last digit to both sides of them, the axes, and the seam of longitude."""
    corners = [np.eye(3) * 1e17, -np.eye(3) * 1e17, np.array([[-1e17, -0.0, 0.0], [-1e17, 0.0, -0.0]])]
    rng = np.random.default_rng(2)
    for depth in range(21):
        grid = HLGrid(depth)
        l, theta, phi = (rng.integers(0, n + 1, 50) for n in (grid.n_l, grid.n_theta, grid.n_phi))
        r = R_MIN_M * np.exp2(l * 2.0 ** (5 - depth))
        corners.append(spherical(r, theta / grid.n_theta * 2 * np.pi - np.pi, phi / grid.n_phi * np.pi))
    corners = np.concatenate(corners)
    return np.concatenate([corners, np.nextafter(corners, np.inf), np.nextafter(corners, -np.inf), corners * 1.0000001])


def naked_eye_stars():
    """(positions [N, 3] metres, G, BP-RP) of the embedded list, by trigonometry in float64."""
    with gzip.open(embedded("bright_stars.csv.gz"), "rt") as lines:
        table = np.genfromtxt(lines, delimiter=",", names=True, dtype=None, encoding="utf-8")
    table = table[np.isfinite(table["parallax"])]
    ra, dec = np.radians(table["ra"]), np.radians(table["dec"])
    icrs = spherical(1000 / table["parallax"] * PARSEC_M, ra, np.pi / 2 - dec)
    return icrs @ ICRS_TO_ECLIPTIC.T, table["phot_g_mean_mag"], table["bp_rp"]


def assert_prefixes_are_cells(position):
    lon, col, rad = v2.quantised(position)
    for depth in range(21):
        l, theta, phi = HLGrid(depth).locate(position)
        found = l >= 0
        assert (lon[found] >> (23 - (depth + 1)) == theta[found]).all()
        assert (col[found] >> (23 - depth) == phi[found]).all()
        assert (rad[found] >> (25 - (depth + 1)) == l[found]).all()


@pytest.mark.parametrize("position", [random_places(20_000), boundary_places()], ids=["random", "boundaries"])
def test_prefixes_are_the_cells_of_the_grid_at_every_depth(position):
    assert_prefixes_are_cells(position)


coordinates = st.floats(-1e26, 1e26)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(coordinates, coordinates, coordinates), min_size=1, max_size=20))
def test_prefixes_are_the_cells_of_the_grid_wherever_hypothesis_looks(position):
    assert_prefixes_are_cells(np.array(position))


@pytest.mark.parametrize("position", [random_places(100_000), naked_eye_stars()[0]], ids=["random", "naked eye"])
def test_places_come_back(position):
    back = v2.positions_m(*v2.quantised(position))
    r, back_r = (np.linalg.norm(p, axis=1) for p in (position, back))
    off = np.arctan2(np.linalg.norm(np.cross(position, back), axis=1), (position * back).sum(axis=1))
    assert off.max() * RADIAN_ARCSEC <= 0.1
    assert np.abs(back_r / r - 1).max() <= 1e-6
    assert np.allclose(v2.distances_m(v2.quantised(position)[2]), back_r, rtol=1e-12)


def test_what_no_cell_holds_is_put_into_the_first_or_last_shell():
    position = np.array([[1.0, 0, 0], [0, 0, 0], [1e200, 0, 0]])
    assert v2.quantised(position)[2].tolist() == [0, 0, 2**25 - 1]
    with pytest.raises(InputError, match=r"position 1 is .*nan.* must be finite"):
        v2.quantised([[1e17, 0, 0], [np.nan, 0, 0]])


def test_magnitudes_come_back():
    _, g, _ = naked_eye_stars()
    g = np.concatenate([g, np.random.default_rng(3).uniform(-27, 50, 10_000)])
    assert np.abs(v2.magnitudes(v2.magnitude_steps(g)) - g).max() <= 0.005 + 1e-12
    proxies = v2.proxy_magnitude_steps(g)
    assert not (proxies & 1).any()
    assert np.abs(v2.magnitudes(proxies) - g).max() <= 0.01 + 1e-12
    assert v2.magnitude_steps([-1000, 1000]).tolist() == [0, 65535]
    assert v2.proxy_magnitude_steps([-1000, 1000]).tolist() == [0, 65534]


def test_colours_come_back():
    _, _, bp_rp = naked_eye_stars()
    bp_rp = np.concatenate([bp_rp, np.linspace(-0.5, 5.1, 1000)])
    index = v2.color_indices(bp_rp)
    step = 5.6 / 126
    known = ~np.isnan(bp_rp)
    assert np.abs(-0.5 + step * index[known] - np.clip(bp_rp[known], -0.5, 5.1)).max() <= step / 2 + 1e-12
    assert (index[~known] == v2.UNKNOWN_COLOR).all()
    assert v2.color_indices([np.nan, -9, 9]).tolist() == [127, 0, 126]
    error = v2.palette()[index] - color_from_bp_rp(bp_rp)
    assert np.abs(error).max() <= 0.05
    assert np.sqrt((error**2).mean()) <= 0.01


def test_the_nearest_colour_is_the_one_with_the_least_difference():
    rgb = np.random.default_rng(4).uniform(0, 3, (500, 3))
    distance = ((rgb[:, None] - v2.palette()) ** 2).sum(axis=2)
    assert (distance[np.arange(500), v2.nearest_colors(rgb)] == distance.min(axis=1)).all()
    assert (v2.nearest_colors(v2.palette()) == np.arange(128)).all()


def test_sizes_errors_and_extents_are_the_nearest_in_the_logarithm():
    share = 2.0 ** np.random.default_rng(5).uniform(-17, 4, 1000)
    assert np.abs(np.log2(v2.sizes(v2.size_steps(share)) / share)).max() <= 1 / 12 + 1e-9
    assert v2.size_steps([0, 1e-30, 1e30]).tolist() == [0, 1, 127]
    assert v2.sizes([0, 1, 127]).tolist() == [0, 2.0**-17, 16]
    error = 2.0 ** np.random.default_rng(6).uniform(-14.8, 1, 1000)
    assert np.abs(np.log2(v2.errors_of(v2.error_steps(error)) / error)).max() <= 1 / 32 + 1e-9
    assert v2.error_steps([[0, 2, 5, 1e-9]]).tolist() == [[255, 0, 0, 254]]
    assert v2.errors_of([255, 0, 16]).tolist() == [0, 2, 1]
    extent = R_MIN_M * 2.0 ** np.random.default_rng(7).uniform(0, 63, 1000)
    assert np.abs(np.log2(v2.extents_m(v2.extent_steps(extent)) / extent)).max() <= 1 / 8 + 1e-9
    assert v2.extent_steps([0, 1, 1e40]).tolist() == [0, 1, 255]
    assert v2.extents_m([0, 1, 5]).tolist() == [0, R_MIN_M, 2 * R_MIN_M]
