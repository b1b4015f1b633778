"""Which cells of a tree have their children in which page of the index of pack v2: in the head, or in a shard."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from helios.packing.v2.head import MOST_BYTES, head_bytes
from helios.packing.v2.index import TABLE_BYTES

PAGE_CELLS = 300
"""Most cells of a page, some 5 kB."""

POINTER_BYTES, PAGE_HEADER_BYTES = 14, 8
"""Bytes that the pointer to a page takes in an entry, and those of a page before its entries."""


def varint_bytes(value: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many bytes `value` takes as unsigned LEB128, of the same shape."""
    return np.searchsorted([1 << bits for bits in range(7, 35, 7)], value, "right") + 1


def tail_bytes(tile_length: NDArray[np.int64], tile_stars: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the bytes of entries that say where a tile lies, without the pointer to a page."""
    return varint_bytes(2 * tile_length + 1) + varint_bytes(tile_stars) + 4


def entry_bytes(
    extent: NDArray[np.uint8],
    child_mask: NDArray[np.uint8],
    tile_length: NDArray[np.int64],
    tile_stars: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the bytes of entries [C] without the pointer to a page."""
    return 2 + TABLE_BYTES * (extent > 0) + (child_mask > 0) * tail_bytes(tile_length, tile_stars)


def plan_pages(
    depth: NDArray[np.int8],
    parent: NDArray[np.int64],
    child_mask: NDArray[np.uint8],
    entry: NDArray[np.int64],
    light: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Return int64 [C]: the cell whose page has the children of each cell, 0 for the head; -1 of cells without.

    The cells [C], the root first, are each before those below it; `parent` are indices, -1 for the root. `entry` is the
    most bytes that each takes in the index but for the pointer to a page (of the root: those of its tile), `light` that
    of what is below each, seen from the Sun. The head takes families while they fit, those with the most light first.
    What is below has as few pages as can be, of at most PAGE_CELLS cells (Kundu and Misra 1977, SIAM J. Comput. 6,
    151): from below, the largest subtrees are cut off where a page would be too large.
    """
    inner = child_mask > 0
    in_head = _head(parent, inner, entry, light)
    page_root = inner & ~in_head & (np.append([False], in_head[parent[1:]]))
    size = np.zeros(len(depth), np.int64)
    order = np.argsort(parent, kind="stable")
    first = np.searchsorted(parent[order], np.arange(len(depth) + 1))
    for level in range(int(depth.max()), -1, -1):
        of_level = np.flatnonzero((depth == level) & inner & ~in_head)
        for cell in of_level[size[of_level] > PAGE_CELLS].tolist():
            below = order[first[cell] : first[cell + 1]]
            below = below[np.argsort(-size[below], kind="stable")]
            cut = 0
            while size[cell] > PAGE_CELLS:
                page_root[below[cut]] = True
                size[cell] -= size[below[cut]]
                cut += 1
        cells = np.flatnonzero(depth == level)
        more = 1 + np.where(page_root[cells] | ~inner[cells], 0, size[cells])
        size += np.bincount(parent[cells], more, len(size)).astype(np.int64)
    page = np.where(inner, 0, -1)
    for level in range(0, int(depth.max(initial=0)) + 1):
        cells = np.flatnonzero((depth == level) & inner)
        page[cells] = np.where(page_root[cells], cells, page[parent[cells]])
    return page


def _head(parent, inner, entry, light) -> NDArray[np.bool_]:
    """Return which cells have their children in the head, bool [C]."""
    taken = np.zeros(len(parent), bool)
    if not inner[0]:
        return taken
    order = np.argsort(parent, kind="stable")
    first = np.searchsorted(parent[order], np.arange(len(parent) + 1))
    room = MOST_BYTES - head_bytes() - int(entry[0])
    waiting = [(0.0, 0)]
    while waiting:
        _, cell = heapq.heappop(waiting)
        children = order[first[cell] : first[cell + 1]]
        more = int(entry[children].sum() + POINTER_BYTES * inner[children].sum()) - POINTER_BYTES * (cell > 0)
        if more > room:
            continue
        room -= more
        taken[cell] = True
        for child in children[inner[children]].tolist():
            heapq.heappush(waiting, (-float(light[child]), child))
    return taken
