"""The tree over buckets, made by parts of it, is the one made at once."""

import numpy as np
import pytest

from helios.building import plan
from helios.building.sorting import BUCKET_DEPTH
from helios.universe.tree import leaves_of


@pytest.mark.parametrize("capacity", [0, 1, 50, 3000, 10**9])
@pytest.mark.parametrize("part", [1, 700, 10**9])
def test_the_tree_made_by_parts_is_the_whole_one(capacity, part, monkeypatch):
    rng = np.random.default_rng(capacity)
    buckets = np.unique((rng.beta(0.3, 2.0, 4000) * (1 << 24)).astype(np.uint64))
    counts = rng.geometric(0.01, len(buckets))
    monkeypatch.setattr(plan, "_PART_BUCKETS", part)
    made = plan._leaves_of_buckets(buckets, counts, capacity)
    whole = leaves_of(buckets, counts, BUCKET_DEPTH, capacity)
    for own, expected in (
        (made.cells.depth, whole.cells.depth),
        (made.cells.key, whole.cells.key),
        (made.count, whole.count),
    ):
        np.testing.assert_array_equal(own, expected)
        assert own.dtype == expected.dtype
