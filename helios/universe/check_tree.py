"""Checks of the tree of a universe: that its cells are the leaves of one tree, and that its inner cells fit them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import zarr
from numpy.typing import NDArray

from helios.cells import Cells
from helios.grid import MAX_DEPTH, CellId
from helios.universe.check_columns import read_columns
from helios.universe.findings import Finding, Findings
from helios.universe.groups import INNER_COLUMNS
from helios.universe.tree import Leaves, TreeRule, inner_cells


def check_in_grid(indices: Sequence[NDArray], rule: TreeRule, findings: Findings) -> bool:
    """Return whether all cells are in the grid, and add to `findings` those that are not.

    `indices` are the columns `depth`, `l`, `theta` and `phi` of the cells, [M] each.
    """
    depth, *rest = indices
    inside = (depth <= MAX_DEPTH) if rule.depth is None else (depth == rule.depth)
    count = np.int64(1) << np.minimum(depth, MAX_DEPTH).astype(np.int64)
    for column, most in zip(rest, (2 * count, 2 * count, count)):
        inside &= (column >= 0) & (column < most)
    wanted = f"depth {MAX_DEPTH} or less" if rule.depth is None else f"depth {rule.depth}"

    def finding(i: int) -> Finding:
        name = str(CellId(*(int(column[i]) for column in indices)))
        return Finding("cells", f"cell {i:,} is not in the grid of {wanted}", name)

    findings.add_each("cells", np.flatnonzero(~inside), finding)
    return bool(inside.all())


def check_order(cells: Cells, findings: Findings) -> None:
    """Add to `findings` what is wrong with the order of `cells`, all of which must be in the grid."""

    def add(wrong, value_of):
        findings.add_each("cells", np.flatnonzero(wrong), lambda i: Finding("cells", value_of(i), str(cells[i])))

    first, end = cells.first_keys, cells.end_keys
    same = np.r_[False, (first[1:] == first[:-1]) & (cells.depth[1:] == cells.depth[:-1])]
    before = np.r_[False, first[1:] < first[:-1]]
    add(same, lambda i: f"cell {i:,} is the same as the one before")
    add(before, lambda i: f"cell {i:,} is before {cells[i - 1]} in order")
    within = np.r_[False, first[1:] < end[:-1]] & ~same & ~before
    add(within, lambda i: f"cell {i:,} lies in {cells[i - 1]}")


def check_tree(root: zarr.Group, cells: Cells, stars: NDArray[np.int64], rule: TreeRule, findings: Findings) -> None:
    """Add to `findings` which `cells`, with `stars` [M], were split wrongly, and errors in the inner cells.

    Cells of an adaptive tree must be split if, and only if, they hold more than its leaf capacity.
    """
    expected = inner_cells(Leaves(cells, stars))
    if rule.leaf_capacity is not None:
        most = rule.leaf_capacity
        full = np.flatnonzero((stars > most) & (cells.depth < MAX_DEPTH))
        findings.add_each(
            "tree", full, lambda i: Finding("tree", f"{stars[i]:,} stars, at most {most:,} in a cell", str(cells[i]))
        )
        findings.add_each(
            "tree",
            np.flatnonzero(expected.count <= most),
            lambda i: Finding("tree", f"split, though it holds {expected.count[i]:,} stars", str(expected.cells[i])),
        )
    columns = read_columns(root, "inner", INNER_COLUMNS, findings)
    if columns is None:
        return
    above = expected.cells
    wanted: list[NDArray] = [above.depth, above.l, above.theta, above.phi]
    wanted += [expected.first, expected.stop, expected.count]
    for name, found, column in zip(INNER_COLUMNS, columns, wanted):
        if not np.array_equal(found, column):
            findings.add(Finding("tree", f"inner/{name} is not that of the cells above those of the store"))
