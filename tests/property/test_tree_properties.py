"""The adaptive tree against a recursive one: leaves, inner cells, parts made by themselves, and who holds a place.

Keys are drawn in clumps that share high bits, so that trees have leaves of very different depths, full cells at the
deepest level, and empty space between.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helios.cells import Cells
from helios.errors import InputError
from helios.grid import MAX_DEPTH, CellId, HLGrid, cells_of_keys
from helios.universe.tree import Tree, TreeRule, inner_cells, leaves_of


@st.composite
def histograms(draw):
    """A depth, occupied keys there with their counts, and a capacity."""
    depth = draw(st.integers(0, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(1, 6))
    # The cells of depth 0 have the keys 0, 2, 4 and 6: one colatitude, two longitudes, two shells.
    clumps = (2 * rng.integers(0, 4, count) << 3 * depth) + rng.integers(0, 1 << 3 * depth, count)
    spread = rng.integers(0, depth + 1, len(clumps))
    keys = np.concatenate([c ^ rng.integers(0, 1 << 3 * int(s), rng.integers(1, 40)) for c, s in zip(clumps, spread)])
    keys, counts = np.unique(keys.astype(np.uint64), return_counts=True)
    return depth, keys, counts * draw(st.sampled_from([1, 5])), draw(st.sampled_from([0, 1, 3, 20, 1000]))


def recursive(stars: dict[int, int], depth: int, capacity: int):
    """Leaves {(depth, key): count} in curve order, and inner cells {(depth, key): count}, a cell at a time."""
    leaves, inner = {}, {}

    def visit(level, key, below):
        total = sum(below.values())
        if not below:
            return
        if total <= capacity or level == depth:
            leaves[level, key] = total
            return
        inner[level, key] = total
        for child in range(8 * key, 8 * key + 8):
            visit(level + 1, child, {k: n for k, n in below.items() if k >> 3 * (depth - level - 1) == child})

    for root in (0, 2, 4, 6):
        visit(0, root, {k: n for k, n in stars.items() if k >> 3 * depth == root})
    return leaves, inner


@settings(max_examples=60, deadline=None)
@given(histograms())
def test_the_tree_is_the_recursive_one(histogram):
    depth, keys, counts, capacity = histogram
    leaves = leaves_of(keys, counts, depth, capacity)
    wanted, above = recursive(dict(zip(keys.tolist(), counts.tolist())), depth, capacity)
    assert list(zip(leaves.cells.depth.tolist(), leaves.cells.key.tolist(), leaves.count.tolist())) == [
        (*cell, n) for cell, n in wanted.items()
    ]
    assert (leaves.cells.depth.dtype, leaves.cells.key.dtype, leaves.count.dtype) == (np.uint8, np.uint64, np.int64)
    inner = inner_cells(leaves)
    depths, keys = inner.cells.depth.tolist(), inner.cells.key.tolist()
    assert list(zip(depths, keys, inner.count.tolist())) == sorted((*cell, n) for cell, n in above.items())
    for level, key, first, stop in zip(depths, keys, inner.first.tolist(), inner.stop.tolist()):
        nested = [d > level and k >> 3 * (d - level) == key for d, k in wanted]
        assert nested == [first <= i < stop for i in range(len(wanted))]


@settings(max_examples=40, deadline=None)
@given(histograms(), st.integers(0, 7))
def test_parts_below_a_coarse_grid_make_the_whole(histogram, coarse):
    depth, keys, counts, capacity = histogram
    coarse = min(coarse, depth)
    starts, above = np.unique(keys >> np.uint64(3 * (depth - coarse)), return_index=True)[::-1]
    parts = []
    top = leaves_of(above, np.add.reduceat(counts, starts), coarse, capacity)
    for i, (level, key, total) in enumerate(zip(top.cells.depth, top.cells.key, top.count)):
        if level < coarse or total <= capacity:
            parts.append(top.take(slice(i, i + 1)))
        else:
            own = keys >> np.uint64(3 * (depth - coarse)) == key
            parts.append(leaves_of(keys[own], counts[own], depth, capacity, from_depth=coarse))
    columns = [(part.cells.depth, part.cells.key, part.count) for part in parts]
    whole = leaves_of(keys, counts, depth, capacity)
    for part, column in zip(zip(*columns), (whole.cells.depth, whole.cells.key, whole.count)):
        np.testing.assert_array_equal(np.concatenate(part), column)


def tree_of(histogram) -> tuple[Tree, np.ndarray]:
    depth, keys, counts, capacity = histogram
    leaves = leaves_of(keys, counts, depth, capacity)
    return Tree(leaves.cells, None), keys


@settings(max_examples=40, deadline=None)
@given(histograms(), st.integers(0, 2**32))
def test_a_place_is_in_the_leaf_that_the_uniform_grids_say(histogram, seed):
    tree, keys = tree_of(histogram)
    ids = list(tree.leaves)
    # Half the places in cells that hold stars, half anywhere.
    grid, rng = HLGrid(histogram[0]), np.random.default_rng(seed)
    l, theta, phi = (column[rng.integers(0, len(keys), 10)] for column in cells_of_keys(keys))
    shells = np.exp2((np.r_[l, rng.integers(0, grid.n_l, 10)] + rng.random(20)) * 2.0 ** (5 - grid.depth)) * 4.6e10
    longitude = (np.r_[theta, rng.integers(0, grid.n_theta, 10)] + rng.random(20)) / grid.n_theta * 2 * np.pi - np.pi
    colatitude = (np.r_[phi, rng.integers(0, grid.n_phi, 10)] + rng.random(20)) / grid.n_phi * np.pi
    sine = np.sin(colatitude)
    place = (shells * np.stack([sine * np.cos(longitude), sine * np.sin(longitude), np.cos(colatitude)])).T
    found, cells = tree.locate(place), tree.cells_at(place)
    ancestors = {(cell.depth, *up) for cell in ids for up in lineage(cell)}
    for i, position in enumerate(place):
        holders = [j for j, cell in enumerate(ids) if HLGrid(cell.depth).locate_one(position) == cell]
        assert found[i] == (holders[0] if holders else -1)
        at = cells[i]
        assert HLGrid(at.depth).locate_one(position) == at
        if holders:
            assert at == ids[holders[0]]
        else:
            occupied = {up for *_, up in ancestors}
            assert at not in occupied
            assert at.parent is None or at.parent in occupied


def lineage(cell: CellId):
    """The cell and all above it, one tuple each."""
    while cell is not None:
        yield (cell,)
        cell = cell.parent


@settings(max_examples=40, deadline=None)
@given(histograms(), st.integers(0, 9), st.integers(0, 2**32))
@example((0, np.array([6], np.uint64), np.array([25]), 0), 1, 0)  # the first cell in a leaf begins where it begins
def test_leaves_below_and_around_a_cell(histogram, depth, seed):
    tree, keys = tree_of(histogram)
    rng = np.random.default_rng(seed)
    near = int(rng.choice(keys)) << 6 >> 3 * max(histogram[0] + 2 - depth, 0)
    wanted = Cells(np.array([min(depth, histogram[0] + 2)], np.uint8), np.array([near], np.uint64))
    cell = wanted[0]
    ids = list(tree.leaves)
    inside = [(cell,) in lineage(leaf) for leaf in ids]
    assert list(tree.below(cell)) == np.flatnonzero(inside).tolist()
    around = [below or (leaf,) in lineage(cell) for below, leaf in zip(inside, ids)]
    assert tree.meeting(wanted).tolist() == around
    assert tree.index_of(cell) == (ids.index(cell) if cell in ids else -1)


def test_names_say_the_depth_where_it_is_needed():
    cells = [CellId(1, 0, 0, 0), CellId(2, 2, 3, 1), CellId(3, 4, 3, 1)]
    tree = Tree(Cells.of_ids(cells), None)
    assert [str(cell) for cell in tree.leaves] == ["1_0_0_0", "2_2_3_1", "3_4_3_1"]
    assert [tree.parse(name) for name in ("0_0_0", "2_2_3_1", "4_3_1", "5_1_1_1")] == [*cells, CellId(5, 1, 1, 1)]
    with pytest.raises(InputError, match="cell '1_1_1': its depth is needed, as in 7_30_12_7"):
        tree.parse("1_1_1")
    twins = Tree(Cells.of_ids([CellId(2, 1, 1, 0), CellId(3, 1, 1, 0)]), None)
    with pytest.raises(InputError, match=r"\(2_1_1_0 or 3_1_1_0\)"):
        twins.parse("1_1_0")
    with pytest.raises(InputError, match="of depth 4, all cells have depth 5"):
        Tree(twins.leaves, 5).parse("4_1_1_0")


@pytest.mark.parametrize(
    "wrong", [{}, {"depth": 3, "leaf_capacity": 5}, {"depth": MAX_DEPTH + 1}, {"leaf_capacity": 0}]
)
def test_a_rule_that_is_none_is_refused(wrong):
    with pytest.raises(InputError):
        TreeRule(**wrong)


def test_boxes_of_mixed_depths_are_those_of_the_uniform_grids():
    cells = [CellId(0, 1, 1, 0), CellId(5, 30, 12, 7), CellId(20, 2**20, 5, 2**19), CellId(5, 31, 12, 7)]
    low, high = Cells.of_ids(cells).bounds_m()
    for i, cell in enumerate(cells):
        uniform = Cells.at(cell.depth, [cell.l], [cell.theta], [cell.phi])
        np.testing.assert_array_equal(np.concatenate(uniform.bounds_m()), (low[i], high[i]))
