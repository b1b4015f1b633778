"""Checks of the cells of a universe: that they are leaves of one tree, and of the inner cells above them."""

from __future__ import annotations

import numpy as np
import zarr
from numpy.typing import NDArray

from helios.grid import MAX_DEPTH
from helios.universe.cells import Cells
from helios.universe.check_columns import read_columns
from helios.universe.findings import Finding, Findings
from helios.universe.store import INNER_COLUMNS
from helios.universe.tree import InnerCells, Leaves, TreeRule, first_keys, inner_cells


def check_order(cells: Cells, rule: TreeRule, findings: Findings) -> bool:
    """Add to `findings` what is wrong with the order of `cells`; return whether all are cells of the grid."""
    inside = (cells.depth <= MAX_DEPTH) if rule.depth is None else (cells.depth == rule.depth)
    count = np.int64(1) << np.minimum(cells.depth, MAX_DEPTH).astype(np.int64)
    for column, most in zip(cells[1:], (2 * count, 2 * count, count)):
        inside &= (column >= 0) & (column < most)

    def add(wrong, value_of):
        findings.add_each("cells", np.flatnonzero(wrong), lambda i: Finding("cells", value_of(i), cells.name(i)))

    wanted = f"depth {MAX_DEPTH} or less" if rule.depth is None else f"depth {rule.depth}"
    add(~inside, lambda i: f"cell {i:,} is not in the grid of {wanted}")
    if inside.all():
        first, keys = cells.first_keys, cells.keys
        beyond = first_keys(cells.depth, keys + np.uint64(1))
        same = np.r_[False, (first[1:] == first[:-1]) & (cells.depth[1:] == cells.depth[:-1])]
        before = np.r_[False, first[1:] < first[:-1]]
        add(same, lambda i: f"cell {i:,} is the same as the one before")
        add(before, lambda i: f"cell {i:,} is before {cells.name(i - 1)} in order")
        within = np.r_[False, first[1:] < beyond[:-1]] & ~same & ~before
        add(within, lambda i: f"cell {i:,} lies in {cells.name(i - 1)}")
    return bool(inside.all())


def check_tree(root: zarr.Group, cells: Cells, stars: NDArray[np.int64], rule: TreeRule, findings: Findings) -> None:
    """Add to `findings` which `cells`, of `stars` [M] each, should have split or not, and what is wrong above them."""
    expected = inner_cells(Leaves(cells.depth, cells.keys, stars))
    if rule.leaf_capacity is not None:
        most = rule.leaf_capacity
        full = np.flatnonzero((stars > most) & (cells.depth < MAX_DEPTH))
        findings.add_each(
            "tree", full, lambda i: Finding("tree", f"{stars[i]:,} stars, at most {most:,} in a cell", cells.name(i))
        )
        above = Cells.of_keys(expected.depth, expected.key)
        findings.add_each(
            "tree",
            np.flatnonzero(expected.count <= most),
            lambda i: Finding("tree", f"split, though it holds {expected.count[i]:,} stars", above.id(i).full_name),
        )
    columns = read_columns(root, "inner", INNER_COLUMNS, findings)
    if columns is None:
        return
    wanted = (*Cells.of_keys(expected.depth, expected.key), *expected[InnerCells._fields.index("first") :])
    for name, found, column in zip(INNER_COLUMNS, columns, wanted):
        if not np.array_equal(found, column):
            findings.add(Finding("tree", f"inner/{name} is not that of the cells above those of the store"))
