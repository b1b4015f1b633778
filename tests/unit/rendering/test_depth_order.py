"""The sort of depths by their bits is NumPy's stable sort: the same order, equal depths by index."""

import numpy as np
import pytest

from helios.rendering.depth_order import SMALL, order_by_depth


@pytest.mark.parametrize("count", [0, 1, 2, SMALL, SMALL + 1, 1000, 4097])
@pytest.mark.parametrize(
    "depths_of",
    [
        lambda rng, n: rng.uniform(0.5, 2.0, n),
        lambda rng, n: 10.0 ** rng.uniform(-300, 300, n),
        lambda rng, n: rng.integers(0, 7, n) / 4.0,
        lambda rng, n: np.full(n, 3.0),
        lambda rng, n: np.sort(rng.normal(5.0, 0.1, n))[::-1],
    ],
    ids=["like a cell", "any magnitude", "many equal", "all equal", "back to front"],
)
def test_the_order_is_numpys_stable_one(count, depths_of):
    depths = depths_of(np.random.default_rng(count), count)
    np.testing.assert_array_equal(order_by_depth(depths), np.argsort(depths, kind="stable"))


def test_the_ends_of_the_range_are_sorted_too():
    depths = np.tile([np.inf, 0.0, 5e-324, 1.0, np.finfo(float).max, 2.0], SMALL)
    np.testing.assert_array_equal(order_by_depth(depths), np.argsort(depths, kind="stable"))


def test_depths_may_be_a_field_of_a_table():
    table = np.zeros(1000, [("index", np.int32), ("depth", np.float64)])
    table["depth"] = np.random.default_rng(3).uniform(1, 9, 1000)
    np.testing.assert_array_equal(order_by_depth(table["depth"]), np.argsort(table["depth"], kind="stable"))
