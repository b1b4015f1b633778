"""Which stars each cell keeps as its own: the brightest from the Sun, and the most luminous."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helios.grid import MAX_DEPTH
from helios.simd import EXACT

OWN_STARS = 192
"""How many stars a cell keeps that passes others on."""

BRIGHT = OWN_STARS // 4
"""How many of them are the brightest from the Sun; the others are the most luminous that are left."""

KEPT_WHOLE = 3 * OWN_STARS // 2
"""A cell with no more stars than these keeps all: children for the few more would take more bytes than they spare."""

ROOM_STARS = 16
"""There is room at first for a cell for every so many stars: some ten times what is needed."""

ROOT_DEPTH, UNOWNED = -1, -2
"""The depth of the root, above all cells; and, in a column of owners' depths, that no owner is known yet."""


@dataclass(frozen=True)
class Grown:
    """C cells of a tree, each before those below it and in the order of the Morton curve.

    `depth` int8 [C]; `key` uint64 [C], the Morton key at that depth; `parent` int64 [C], an index among them or -1;
    `first` and `stop` int64 [C]: its stars and those of all cells below it are among the rows `first` to `stop` - 1.
    `rows` int64 [K] are the rows of the stars that they keep, those of cell i, ascending, in the places starts[i] to
    starts[i + 1] - 1, `starts` int64 [C + 1].
    """

    depth: NDArray[np.int8]
    key: NDArray[np.uint64]
    parent: NDArray[np.int64]
    first: NDArray[np.int64]
    stop: NDArray[np.int64]
    rows: NDArray[np.int64]
    starts: NDArray[np.int64]


def grow(
    keys: NDArray[np.uint64],
    flux: NDArray[np.float64],
    luminosity: NDArray[np.float64],
    owner: NDArray[np.int8],
    depth: int,
) -> Grown:
    """Return the cells of `depth` and below that N stars fill; write into `owner` [N] the depth of who keeps each.

    `keys` [N], ascending, are the stars' Morton keys at MAX_DEPTH; `flux` [N] is their light from the Sun and
    `luminosity` [N] that from everywhere. Stars whose `owner` is not UNOWNED at the start are left out. A cell with
    more than KEPT_WHOLE stars left, above MAX_DEPTH, takes OWN_STARS: the BRIGHT of greatest flux, then those of the
    greatest luminosity among the others (the first rows among equals), and passes the rest on; otherwise it keeps all.
    A cell without a star left is none. Takes O(N) time for each depth.
    """
    signed = keys.view(np.int64)  # 63 bits
    room = 1 + len(keys) // ROOM_STARS
    while True:
        out, owned, keeper = np.empty((room, 5), np.int64), owner.copy(), np.full(len(keys), -1, np.int32)
        count = _grow(signed, flux, luminosity, owned, depth, (OWN_STARS, BRIGHT, KEPT_WHOLE), out, keeper)
        if count >= 0:
            break
        room *= 4
    owner[:] = owned
    depths, key, parent, first, stop = out[:count].T
    rows, starts = _by_keeper(keeper, count)
    return Grown(depths.astype(np.int8), key.astype(np.uint64), parent.copy(), first.copy(), stop.copy(), rows, starts)


@njit(**EXACT)
def _greatest(values, count):
    """Return the least of the `count` greatest of `values`, whose order changes (Hoare 1961, algorithm 65)."""
    low, high, wanted = 0, len(values) - 1, len(values) - count
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if wanted <= j:
            high = j
        elif wanted >= i:
            low = i
        else:
            break
    return values[wanted]


@njit(**EXACT)
def _take_greatest(values, rows, start, stop, count, owner, depth, keeper, cell, spare):
    """Mark the `count` rows of greatest value among rows[start:stop] as owned; return where those left in front end."""
    for i in range(start, stop):
        spare[i] = values[rows[i]]
    least = _greatest(spare[start:stop], count)
    equal = count
    for i in range(start, stop):
        equal -= values[rows[i]] > least
    left = start
    for i in range(start, stop):
        row = rows[i]
        take = values[row] > least
        if values[row] == least and equal > 0:
            equal -= 1
            take = True
        if take:
            owner[row], keeper[row] = depth, cell
        else:
            rows[left] = row
            left += 1
    return left


@njit(**EXACT)
def _grow(keys, flux, luminosity, owner, top, rule, out, keeper):
    """Fill rows of `out` int64 [C, 5], (depth, key, parent, first, stop); return C, or -1 where it is too short.

    `keeper` [N] gets the number of the cell that keeps each star. `rule` is (OWN_STARS, BRIGHT, KEPT_WHOLE).
    """
    kept, bright, whole = rule
    rows, spare = np.empty(len(keys), np.int64), np.empty(len(keys))
    left = 0
    for row in range(len(keys)):
        if owner[row] == UNOWNED:
            rows[left] = row
            left += 1
    # What is waiting: start and stop in `rows`, depth and parent; at most 8 cells of each depth, the last is the next.
    waiting = np.empty((8 * (MAX_DEPTH + 2), 4), np.int64)
    height = _push_cells(keys, rows, 0, left, top, -1, waiting, 0)
    count = 0
    while height > 0:
        height -= 1
        start, stop = waiting[height, 0], waiting[height, 1]
        depth, parent = waiting[height, 2], waiting[height, 3]
        if count == len(out):
            return -1
        out[count, 0], out[count, 1], out[count, 2] = depth, keys[rows[start]] >> (3 * (MAX_DEPTH - depth)), parent
        out[count, 3], out[count, 4] = rows[start], rows[stop - 1] + 1
        if stop - start <= whole or depth >= MAX_DEPTH:
            for i in range(start, stop):
                owner[rows[i]], keeper[rows[i]] = depth, count
        else:
            end = _take_greatest(flux, rows, start, stop, bright, owner, depth, keeper, count, spare)
            end = _take_greatest(luminosity, rows, start, end, kept - bright, owner, depth, keeper, count, spare)
            height = _push_cells(keys, rows, start, end, depth + 1, count, waiting, height)
        count += 1
    return count


@njit(**EXACT)
def _push_cells(keys, rows, start, stop, depth, parent, waiting, height):
    """Put the cells of `depth` that rows[start:stop] fill on the stack, the first on top; return its height."""
    shift = 3 * (MAX_DEPTH - depth)
    end = stop
    while end > start:
        key = keys[rows[end - 1]] >> shift
        begin = end - 1
        while begin > start and keys[rows[begin - 1]] >> shift == key:
            begin -= 1
        waiting[height, 0], waiting[height, 1], waiting[height, 2], waiting[height, 3] = begin, end, depth, parent
        height += 1
        end = begin
    return height


@njit(**EXACT)
def _by_keeper(keeper, count):
    """Return (rows, starts) of `Grown` by the cell, of `count`, that keeps each star; -1 for none."""
    starts = np.zeros(count + 1, np.int64)
    for cell in keeper:
        if cell >= 0:
            starts[cell + 1] += 1
    for cell in range(count):
        starts[cell + 1] += starts[cell]
    rows, place = np.empty(starts[count], np.int64), starts.copy()
    for row in range(len(keeper)):
        cell = keeper[row]
        if cell >= 0:
            rows[place[cell]] = row
            place[cell] += 1
    return rows, starts
