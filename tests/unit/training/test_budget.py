"""Budgets follow what can be merged: a crowd gives up its splats to stars that stand apart.

Two kinds of cells of equal radius and light: pairs of stars that no image tells apart, and stars evenly spread.
"""

import numpy as np
import pytest

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.training import budget
from helios.training.budget import budgets_of, least_cost, weighted_costs
from helios.training.config import TrainConfig
from helios.training.starts.merging import merger_costs
from helios.training.starts.mixture import merge_blurs
from helios.universe import Universe
from tests.unit.training.scenes import cell_of


def pairs(count):
    """Pairs a thousandth of a pixel apart, far from each other."""
    rng = np.random.default_rng(0)
    places = rng.uniform(-0.7, 0.7, (count // 2, 3))
    return np.concatenate([places, places + 1e-5])


def spread(count):
    return np.random.default_rng(1).uniform(-0.7, 0.7, (count, 3))


def test_a_merger_costs_the_light_that_it_misplaces():
    """Closer than the blur: nothing; far apart: up to all the light of both, for the brighter one is smeared too."""
    blurs = merge_blurs(1.0)
    costs = [
        merger_costs(np.array([[0.0, 0, 0], [x, 0, 0]]), np.array([3.0, 0.01]), blurs)[0]
        for x in (1e-3 * blurs[0], blurs[0], 10 * blurs[0], 1.0)
    ]
    assert costs[0] < 1e-5
    assert costs == sorted(costs)
    assert 1.0 < costs[-1] < 3.01


def test_a_crowd_gives_its_splats_to_stars_that_stand_apart():
    crowd, alone = cell_of(pairs(40), np.full(40, 1e-12)), cell_of(spread(40), np.full(40, 1e-12))
    costs = [weighted_costs(crowd), weighted_costs(alone)]
    assert [len(c) for c in costs] == [39, 39]
    least = least_cost(costs, 0.75)
    budgets = [1 + np.count_nonzero(c > least) for c in costs]
    assert budgets == [20, 40]


def test_the_ratio_holds_for_the_cells_together():
    rng = np.random.default_rng(2)
    costs = [rng.exponential(size=n) for n in (0, 3, 50, 200)]
    for ratio in (0.02, 0.1, 0.25, 0.9, 1.0):
        least = least_cost(costs, ratio)
        budgets = [1 + np.count_nonzero(c > least) for c in costs]
        assert sum(budgets) == max(4, round(ratio * 257))


def test_pieces_of_a_large_cell_are_never_merged_with_each_other():
    rng = np.random.default_rng(3)
    costs = merger_costs(rng.uniform(-0.7, 0.7, (2500, 3)), rng.uniform(1, 2, 2500), merge_blurs(1.0))
    assert len(costs) == 2499
    assert np.isinf(costs).sum() == 1
    assert (costs >= 0).all()


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    path = tmp_path_factory.mktemp("budgets") / "universe"
    build_universe(BuildConfig(synthetic=600, depth=1), path, [])
    return Universe.open(path)


def test_a_cells_budget_does_not_depend_on_which_others_are_asked_for(universe, monkeypatch):
    stars, config = np.diff(universe.offsets), TrainConfig()
    together = budgets_of(universe, range(len(universe)), config)
    assert sum(together) == round(0.25 * 600)
    assert all(1 <= k <= n for k, n in zip(together, stars))
    assert [budgets_of(universe, [i], config)[0] for i in range(len(universe))] == together
    assert budgets_of(universe, [3, 1], config) == [together[3], together[1]]
    assert budgets_of(universe, [0, 2], TrainConfig(ratio=1.0)) == [stars[0], stars[2]]
    assert budgets_of(universe, [], config) == []
    # From a sample of cells the ratio is an estimate, and every cell's budget still does not depend on the others.
    monkeypatch.setattr(budget, "SAMPLED_CELLS", 8)
    sampled = budgets_of(universe, range(len(universe)), config)
    assert sum(sampled) == pytest.approx(150, rel=0.3)
    assert budgets_of(universe, [5], config) == [sampled[5]]
