"""Tables of error against pictures drawn another way, and cuts by what they must keep: light, budgets, stars."""

import math

import numpy as np
import pytest

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.cells import Cells
from helios.constants import PARSEC_M
from helios.grid import deepest_keys
from helios.levels.branch import LIGHT_COLUMNS, draw_stars, flux_of, stars_as_lights, table_from
from helios.levels.cut import LevelTree
from helios.levels.error_table import EXTENTS, WIDTHS
from helios.levels.known_error import known_error
from helios.levels.proxies import Lights
from helios.universe import Universe

VIEW_PX, FOCAL = 1024, 886.8


def cloud(seed, count, center, size):
    rng = np.random.default_rng(seed)
    place = np.asarray(center) + rng.standard_normal((count, 3)) * size
    return Lights(place, np.zeros(count), rng.exponential(1.0, count), np.ones((count, 3), np.float32))


def one_proxy(stars, sigma):
    """All light of `stars` at its centre."""
    total = stars.luminosity.sum()
    center = (stars.luminosity[:, None] * stars.position_m).sum(axis=0) / total
    return Lights(center[None], np.array([sigma]), np.array([total]), np.ones((1, 3), np.float32))


def drawn_across(lights, center, axes, width):
    """Light in 64 x 64 blocks of `width`, seen along axes[2], by sums over each light's own Gaussian."""
    image = np.zeros((64, 64))
    edges = (np.arange(65) - 32) * width
    for x, sigma, light in zip(lights.position_m, lights.sigma_m, lights.luminosity):
        share = []
        for axis in axes[:2]:
            place = float((x - center) @ axis)
            s = max(sigma, 1e-9 * width)
            z = [0.5 * (1 + math.erf((edge - place) / (s * math.sqrt(2)))) for edge in edges]
            share.append(np.diff(z))
        image += light * np.outer(share[1], share[0])
    return image


def test_an_error_is_the_share_of_light_in_the_wrong_block():
    """A round cloud far away, and one Gaussian as wide: seen across, any pair of axes gives about the same error."""
    stars = cloud(1, 4000, [1e4, 0, 0], 10.0)
    proxy = one_proxy(stars, 10.0)
    extent, table = table_from(proxy, *draw_stars(proxy, stars))
    assert extent == pytest.approx(EXTENTS * math.sqrt(3) * 10.0)
    center = proxy.position_m[0]
    for width in (2, 3, 4):
        side = extent / 2**width
        errors = []
        for seed in range(8):  # where the edges of blocks lie is chance
            shift = np.random.default_rng(seed).uniform(0, side, 3)
            right, found = (drawn_across(x, center + shift, np.eye(3), side) for x in (stars, proxy))
            errors.append(np.abs(right - found).sum() / stars.luminosity.sum())
        assert table[1, width] == pytest.approx(np.mean(errors), rel=0.25)
    assert (np.diff(table[1]) > 0).all()


def test_proxies_that_are_the_stars_have_no_error():
    stars = cloud(2, 50, [500, 20, 9], 3.0)
    assert table_from(stars, *draw_stars(stars, stars)) == (0.0, pytest.approx(np.zeros((2, WIDTHS))))


def test_light_outside_all_blocks_is_misplaced_too():
    stars = cloud(3, 100, [500, 0, 0], 1.0)
    far = Lights(stars.position_m + np.array([0, 400, 0]), stars.sigma_m, stars.luminosity, stars.color)
    _, table = table_from(one_proxy(stars, 1.0), *draw_stars(one_proxy(stars, 1.0), far))
    assert (table[1, 4:] >= 0.99).all()  # in narrow pictures, which the stars are not in, all of the proxy is wrong


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    path = tmp_path_factory.mktemp("levels") / "universe"
    build_universe(BuildConfig(synthetic=6000), path)
    return Universe.open(path)


def shown_by(universe, is_open):
    """(own stars, proxies) of a cut, from the universe's own columns."""
    stars = stars_as_lights(universe.columns(LIGHT_COLUMNS))
    cell = universe.levels.cells_of(deepest_keys(stars.position_m), universe.levels.owner())
    tree = universe.levels.tree()
    return stars, stars.take(is_open[cell]), tree.proxies.take(tree.shown_proxies(is_open))


@pytest.mark.parametrize("budget", [1, 700, 2000, 4000, 100_000])
def test_every_cut_has_all_light_from_the_sun_and_from_afar(universe, budget):
    tree = universe.levels.tree()
    camera = np.array([0.0, 0.0, 20.0]) * PARSEC_M
    is_open = tree.cut(tree.errors(camera, FOCAL), budget)
    stars, own, proxies = shown_by(universe, is_open)
    assert len(own) + len(proxies) <= max(budget, tree.own[0] + tree.holding[0])
    for light in (flux_of, lambda lights: lights.luminosity):
        assert light(own).sum() + light(proxies).sum() == pytest.approx(light(stars).sum(), rel=1e-12)


def test_a_cut_without_a_limit_shows_every_star_once(universe):
    tree = universe.levels.tree()
    camera = np.array([1.0, 2.0, 3.0]) * PARSEC_M
    is_open = tree.cut(tree.errors(camera, FOCAL), 1 << 40)
    stars, own, proxies = shown_by(universe, is_open)
    assert len(own) + len(proxies) == len(stars)
    assert (proxies.sigma_m == 0).all()  # what is not opened is shown by its stars


def test_cells_are_opened_from_the_root_down_and_more_with_more_splats(universe):
    tree = universe.levels.tree()
    camera = np.array([30.0, 0.0, 0.0]) * PARSEC_M
    errors = tree.errors(camera, FOCAL)
    left = []
    for budget in (500, 1000, 2000, 4000):
        is_open = tree.cut(errors, budget)
        inner = np.flatnonzero(is_open)[1:]
        assert is_open[tree.parent[inner]].all()
        closed = ~is_open & is_open[np.maximum(tree.parent, 0)]
        left.append(errors[closed].sum())
    assert (np.diff(left) <= 0).all()
    assert left[-1] < 0.2 * left[0]


def test_the_known_error_is_that_of_the_cells_in_view(universe):
    tree = universe.levels.tree()
    camera = np.array([0.0, -900.0, 0.0]) * PARSEC_M
    is_open = tree.cut(tree.errors(camera, FOCAL), 700)
    misplaced = tree.shares(camera, FOCAL) * tree.light_of(camera)
    forward, right = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])
    toward = known_error(tree, is_open, misplaced, camera, np.stack([right, [0, 0, -1.0], forward]), FOCAL, VIEW_PX)
    shown = ~is_open & is_open[np.maximum(tree.parent, 0)]
    assert 0 < toward <= misplaced[shown].sum() * (1 + 1e-9)
    everything = np.ones(len(tree.parent), bool)
    assert known_error(tree, everything, misplaced, camera, np.eye(3), FOCAL, VIEW_PX) == 0


@pytest.mark.parametrize(
    ("count", "stars", "from_pc", "as_one"),
    [
        (3, 3, 0.0, 3.0),  # few: each error has its own place
        (30, 3, 0.0, math.hypot(math.sqrt(4.5 * 30), 0.28 * 30)),
        (30, 3_000_000, 0.0, math.hypot(math.sqrt(30), 0.28 * 30)),  # in a crowd they cancel, as independent ones would
        (30, 3_000_000, 1000.0, math.hypot(math.sqrt(30), 0.14 * 30)),  # from behind, where the Sun's borders are not
    ],
)
def test_the_errors_of_cells_that_overlap_add_up_where_they_are_few_and_cancel_in_a_crowd(
    count, stars, from_pc, as_one
):
    place = np.array([0.0, 0.0, 500.0]) * PARSEC_M
    proxies = Lights(np.tile(place, (count, 1)), np.zeros(count), np.ones(count), np.ones((count, 3)))
    tree = LevelTree(
        parent=np.array([-1, *[0] * count]),
        cells=Cells.at(1, *[np.zeros(count, int)] * 3),
        own=np.array([0, *[stars] * count]),
        extent_m=np.full(count + 1, 100 * PARSEC_M),
        table=np.full((count + 1, 2, 6), 0.5, np.float32),
        proxies=proxies,
        cell=np.arange(1, count + 1),
    )
    is_open = np.arange(count + 1) == 0
    one = np.where(np.arange(count + 1) == 1, 1.0, 0.0)
    camera, facing = np.array([0.0, 0.0, from_pc]) * PARSEC_M, 1.0 if from_pc < 500.0 else -1.0
    known = [
        known_error(tree, is_open, misplaced, camera, np.diag([1.0, facing, facing]), FOCAL, VIEW_PX)
        for misplaced in (one, np.where(is_open, 0.0, 1.0))
    ]
    assert known[0] == pytest.approx(1.0)
    assert known[1] == pytest.approx(as_one, rel=0.01)
    assert tree.below.tolist() == [count * stars, *[stars] * count]
