"""Stars beside the camera: cells by their shapes, and cuts by what they show of a cluster from in it and before it."""

import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.cells import Cells
from helios.constants import AU_M, EPS_PX2, PARSEC_M
from helios.coords import ecliptic_m_to_icrs
from helios.grid import HLGrid, deepest_keys
from helios.levels.beside import nearest_points
from helios.levels.branch import LIGHT_COLUMNS, stars_as_lights
from helios.universe import Universe

SIZE_PX = 1024
FOCAL = 0.5 * SIZE_PX / math.tan(math.radians(30.0))
CLUSTER_PC = np.array([200.0, 220.0, -40.0])


def place_in(cells, share):
    """The places [M, 3] whose coordinates are `share` [M, 3], 0 to 1, of the way through `cells`."""
    low, high = cells.shell_edges_m()
    r = low * (high / low) ** share[:, 0]
    longitude, colatitude = (a[:, 0] + (a[:, 1] - a[:, 0]) * s for a, s in zip(cells.angles(), share.T[1:]))
    flat = r * np.sin(colatitude)
    return np.stack([flat * np.cos(longitude), flat * np.sin(longitude), r * np.cos(colatitude)], axis=1)


def test_the_nearest_point_is_the_place_within_a_cell_and_beside_it_as_near_as_any_to_a_sixth_of_its_size():
    rng = np.random.default_rng(5)
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 9)] * 3), axis=-1).reshape(-1, 3)
    for depth in (0, 1, 3, 7, 12):
        sides = HLGrid(depth)
        cells = Cells.at(depth, *(rng.integers(1, n + 1, 12) - 1 for n in (sides.n_l, sides.n_theta, sides.n_phi)))
        for number, cell in enumerate(place_in(cells, rng.random((12, 3)))):
            one = cells[number : number + 1]
            assert nearest_points(one, cell)[0] == pytest.approx(cell, rel=1e-9, abs=1e-9 * np.linalg.norm(cell))
            if depth < 7:
                continue
            points = place_in(cells[np.full(len(grid), number)], grid)
            size = np.linalg.norm(points.max(axis=0) - points.min(axis=0))
            camera = points.mean(axis=0) + 3 * size * (rng.random(3) - 0.5)
            nearest = np.linalg.norm(points - camera, axis=1).min()
            assert abs(np.linalg.norm(nearest_points(one, camera)[0] - camera) - nearest) < size / 6


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A field of 20,000 stars and a cluster of 1,000, 5 pc wide: (stars, the cell that keeps each, tree)."""
    rng = np.random.default_rng(3)
    field = rng.standard_normal((20_000, 3)) * 250.0
    cluster = CLUSTER_PC + 5.0 * rng.standard_normal((1_000, 3)) * rng.random((1_000, 1)) ** 0.5
    place = np.concatenate([field, cluster])
    ra, dec, metres = ecliptic_m_to_icrs(place * PARSEC_M)
    parallax = 1000.0 * PARSEC_M / metres
    absolute = 9.0 - 4.0 * rng.exponential(0.6, len(place))
    mag = (absolute + 5 * np.log10(100.0 / parallax)).astype(np.float32)
    folder = tmp_path_factory.mktemp("beside")
    columns = {"source_id": np.arange(1, len(place) + 1), "ra": ra, "dec": dec, "parallax": parallax}
    pq.write_table(pa.table({**columns, "phot_g_mean_mag": mag}), folder / "stars.parquet")
    build_universe(BuildConfig(stars=(folder / "stars.parquet",)), folder / "universe")
    universe = Universe.open(folder / "universe")
    stars = stars_as_lights(universe.columns(LIGHT_COLUMNS))
    levels = universe.levels
    return stars, levels.cells_of(deepest_keys(stars.position_m), levels.owner()), levels.tree()


def seen(lights, camera, rotation):
    """(x, y, sigma, light) [N, 4] of lights in a picture, pixels, and which are in it."""
    x = (lights.position_m - camera) @ rotation.T
    distance, depth = np.linalg.norm(x, axis=1), np.maximum(x[:, 2], 1.0)
    px = FOCAL * x[:, :2] / depth[:, None] + SIZE_PX / 2
    sigma = np.sqrt((FOCAL * lights.sigma_m / depth) ** 2 + EPS_PX2)
    inside = (x[:, 2] > 0.2 * distance) & (np.abs(px - SIZE_PX / 2) < SIZE_PX / 2 + 3 * sigma[:, None]).all(axis=1)
    return np.column_stack([px, sigma, lights.luminosity * distance / depth**3]), inside


def aperture(lights, place):
    """The light within 3.5 px of `place`, of (x, y, sigma, light) [N, 4]."""
    near = lights[(np.abs(lights[:, :2] - place) < 3.5 + 5 * lights[:, 2:3]).all(axis=1)]
    return sum(
        light
        * math.prod(
            (math.erf((3.5 - d) / (s * math.sqrt(2))) + math.erf((3.5 + d) / (s * math.sqrt(2)))) / 2 for d in (dx, dy)
        )
        for dx, dy, s, light in np.column_stack([near[:, :2] - place, near[:, 2:]])
    )


def test_a_star_is_shown_to_who_comes_to_it(scene):
    stars, cell, tree = scene
    budget = 4_000  # all around; the 21,000 stars are in some 300 cells
    asked = np.flatnonzero(~tree.cut(tree.errors(np.zeros(3), FOCAL), budget)[cell])[::500]
    assert len(asked) > 20
    for star in asked:
        camera = stars.position_m[star] * (1.0 - 100.0 * AU_M / np.linalg.norm(stars.position_m[star]))
        told = tree.errors(camera, FOCAL)
        assert (told >= tree.shares(camera, FOCAL) * tree.light_of(camera)).all()
        is_open = tree.cut(told, budget)
        assert is_open[cell[star]]
        assert tree.own[is_open].sum() + tree.shown_proxies(is_open).sum() <= budget


def test_what_is_hidden_counts_as_far_as_the_cell_is_in_view(scene):
    stars, _, tree = scene
    camera = stars.position_m[-1] * (1.0 + 1e-9)
    light = tree.light_of(camera)
    hidden = tree.errors(camera, FOCAL) > tree.shares(camera, FOCAL) * light
    assert 2 <= hidden.sum() < 0.2 * len(light)
    in_view = np.where(np.arange(len(light)) % 2 == 0, light / 4, 0.0)
    errors = tree.errors(camera, FOCAL, in_view)
    np.testing.assert_allclose(errors, tree.errors(camera, FOCAL) * in_view / np.maximum(light, 1e-300), rtol=1e-12)


@pytest.mark.parametrize("away_pc", [0.0, 4.0, 300.0])
def test_the_brightest_stars_of_a_cluster_and_the_light_beside_them_are_shown(scene, away_pc):
    stars, cell, tree = scene
    for direction in np.vstack([np.eye(3), -np.eye(3)])[1:4]:
        camera = (CLUSTER_PC - away_pc * direction) * PARSEC_M
        rotation = np.stack([np.roll(direction, 1), np.roll(direction, 2), direction])
        rotation[1] *= np.linalg.det(rotation)
        px, inside = seen(stars, camera, rotation)
        proxies, proxies_seen = seen(tree.proxies, camera, rotation)
        own, standing = (
            np.bincount(*of, len(tree.parent)).astype(int) for of in ((cell, inside), (tree.cell, proxies_seen))
        )
        is_open = tree.cut(tree.errors(camera, FOCAL), 1_000, own, standing)
        well_in = inside & (np.abs(px[:, :2] - SIZE_PX / 2) < SIZE_PX / 2 - 4).all(axis=1)
        top = np.flatnonzero(well_in)[np.argsort(-px[well_in, 3])[:50]]
        drawn = np.concatenate([px[is_open[cell] & inside], proxies[tree.shown_proxies(is_open) & proxies_seen]])
        assert len(drawn) <= 1_000
        assert is_open[cell[top]].all()
        for place in px[top, :2]:
            assert abs(2.5 * math.log10(aperture(drawn, place) / aperture(px[inside], place))) < 0.05
