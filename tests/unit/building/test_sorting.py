"""The sorts of a build are numpy's own, and buckets rise with a star's place in the store."""

import numpy as np
import pytest

from helios.building.sorting import Sorting, by_bucket, by_key, by_rank_and_light
from helios.grid import HLGrid, deepest_keys
from helios.light import luminosity
from helios.spherical import morton_keys
from helios.universe.tree import TreeRule

RULES = [TreeRule(leaf_capacity=3), *(TreeRule(depth=depth) for depth in (0, 4, 6, 7, 9, 20))]


def stars(count: int, seed: int = 0):
    """Positions in metres, some of them equal, magnitudes of few values, and identifiers."""
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=(count, 3))
    position = direction / np.linalg.norm(direction, axis=1)[:, None] * 10.0 ** rng.uniform(11, 19, count)[:, None]
    position[1::3] = position[0::3][: len(position[1::3])]
    return position, np.round(rng.uniform(0, 20, count), 1), rng.permutation(count)


@pytest.mark.parametrize("bits", [3, 16, 17, 23, 34, 62])
def test_buckets_are_sorted_as_by_numpy(bits):
    buckets = np.random.default_rng(bits).integers(0, 1 << bits, 5000, np.uint64)
    np.testing.assert_array_equal(by_bucket(buckets), np.argsort(buckets, kind="stable"))


def test_no_bucket_at_all_is_sorted():
    assert not len(by_bucket(np.zeros(0, np.uint64)))


@pytest.mark.parametrize("most", [1, 50, 1 << 63])
def test_keys_are_sorted_stably_however_many_are_equal(most):
    keys = np.random.default_rng(3).integers(0, most, 20_000, dtype=np.uint64)
    np.testing.assert_array_equal(by_key(keys), np.argsort(keys, kind="stable"))
    assert not len(by_key(keys[:0]))


@pytest.mark.parametrize("ranks", [1, 7, 100_000])
def test_rank_light_and_identifier_decide_in_this_order(ranks):
    rng = np.random.default_rng(ranks)
    rank, light = rng.integers(0, ranks, 4000), rng.choice(10.0 ** rng.uniform(-30, 60, 50), 4000)
    light[::7] *= 1.0 + 2.0**-52  # differs in the last bit only
    ids = rng.permutation(4000)
    np.testing.assert_array_equal(by_rank_and_light(rank, light, ids), np.lexsort((ids, -light, rank)))


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_buckets_rise_with_the_place_in_the_store(rule):
    position, magnitude, ids = stars(3000)
    sorting, light = Sorting(rule), luminosity(magnitude, np.linalg.norm(position, axis=1))
    buckets = sorting.buckets(deepest_keys(position), light)
    keys = morton_keys(*HLGrid(rule.deepest).locate(position)) << np.uint64(3 * (20 - rule.deepest))
    np.testing.assert_array_equal(sorting.held(deepest_keys(position)), keys)
    # The finest cells that a star can be told apart by stand for the leaves, which hold one or more of them.
    order = np.lexsort((ids, -light, keys if rule.depth is not None else buckets))
    assert (np.diff(buckets[order].astype(np.int64)) >= 0).all()
    first = sorting.first_keys_of(buckets)
    cell = np.uint64(3 * (20 - sorting.bucket_depth))
    np.testing.assert_array_equal(first >> cell, keys >> cell)


def test_a_large_cell_has_many_buckets():
    position, magnitude, _ = stars(3000)
    light = luminosity(magnitude, np.linalg.norm(position, axis=1))
    sorting = Sorting(TreeRule(depth=0))
    buckets = sorting.buckets(deepest_keys(position), light)
    assert len(np.unique(buckets)) > 500
    assert np.bincount(np.unique(buckets, return_inverse=True)[1]).max() < 60
