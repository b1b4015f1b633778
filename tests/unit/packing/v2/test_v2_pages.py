"""Which cells a page of the index has, on random trees: each family is in one page, none too large, the head fits."""

import numpy as np
import pytest

from helios.packing.v2.head import MOST_BYTES, head_bytes
from helios.packing.v2.pages import PAGE_CELLS, POINTER_BYTES, entry_bytes, plan_pages, tail_bytes, varint_bytes


def random_tree(seed: int, cells: int, deepest: int = 12):
    """(depth, parent, child_mask) of a tree with the root first and each cell before those below it."""
    rng = np.random.default_rng(seed)
    children: dict[int, list[int]] = {0: []}
    depth = [-1]
    leaning = rng.random(cells)
    while len(depth) < cells:
        parent = int(rng.integers(len(depth)) if leaning[len(depth)] < 0.5 else len(depth) - 1)
        if len(children[parent]) < (4 if parent == 0 else 8) and depth[parent] < deepest:
            children[parent].append(len(depth))
            children[len(depth)] = []
            depth.append(depth[parent] + 1)
        else:
            leaning[len(depth)] = 0.0
    order, stack = [], [0]
    while stack:
        cell = stack.pop()
        order.append(cell)
        stack += reversed(children[cell])
    number = {cell: i for i, cell in enumerate(order)}
    parents = np.full(cells, -1)
    mask = np.zeros(cells, np.uint8)
    for cell, below in children.items():
        for k, child in enumerate(below):
            parents[number[child]] = number[cell]
            mask[number[cell]] |= 1 << (2 * k if cell == 0 else k)
    return np.array(depth, np.int8)[order], parents, mask


@pytest.mark.parametrize(("seed", "cells"), [(1, 1), (2, 2), (3, 50), (4, 400), (5, 5000), (6, 20000)])
def test_every_family_is_in_one_page_that_is_not_too_large(seed, cells):
    depth, parent, mask = random_tree(seed, cells)
    rng = np.random.default_rng(seed)
    stars = rng.integers(0, 4000, cells)
    entry = entry_bytes((depth >= 0).astype(np.uint8), mask, 9 * stars, stars)
    entry[0] = tail_bytes(9 * stars[:1], stars[:1])[0] if mask[0] else 0
    page = plan_pages(depth, parent, mask, entry, rng.random(cells))
    inner = mask > 0
    assert ((page >= 0) == inner).all()
    roots = set(page[inner].tolist())
    for cell in np.flatnonzero(inner).tolist():
        # A page is that of the cell itself, or goes on from its parent.
        assert page[cell] in (cell, page[parent[cell]] if cell else 0)
    own = np.array([cell in roots for cell in range(cells)])
    sizes = np.bincount(page[parent[1:]], minlength=cells) if cells > 1 else np.zeros(1, int)
    assert (sizes[1:] <= PAGE_CELLS).all()
    in_head = np.r_[False, page[parent[1:]] == 0]
    head = head_bytes() + entry[0] + entry[in_head].sum() + POINTER_BYTES * (own & in_head).sum()
    assert head <= MOST_BYTES
    if cells >= 5000:
        assert head > 0.95 * MOST_BYTES
        # Pages below the first ones are cut off only where they are at least an eighth of what is too much.
        deeper = [root for root in roots if root and page[parent[root]] != 0]
        assert deeper == [] or sizes[deeper].min() > (PAGE_CELLS - 8) / 8


def test_the_head_takes_what_has_the_most_light():
    depth, parent, mask = random_tree(7, 5000)
    entry = np.full(5000, 25)
    light = np.zeros(5000)
    bright = np.flatnonzero((depth == 6) & (mask > 0))[-1]
    cell, path = bright, []
    while cell > 0:
        light[cell] = 1.0
        path.append(cell)
        cell = parent[cell]
    page = plan_pages(depth, parent, mask, entry, light)
    assert (page[path] == 0).all()


def test_a_varint_is_as_long_as_it_is_written():
    values = np.array([0, 1, 127, 128, 16383, 16384, 2**21 - 1, 2**21, 2**28 - 1, 2**28, 2**34])
    np.testing.assert_array_equal(varint_bytes(values), [1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
