"""From the records of cells to the blocks and tiles of pack v2."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from helios.errors import InputError
from helios.grid import MAX_DEPTH, cells_of_keys
from helios.packing.v2.bits import KERNEL, folded, put_bits, put_rice, put_varint, rice_parameter
from helios.packing.v2.layout import (
    CHILD_BITS,
    COLOR_BITS,
    PROXY_BITS,
    SHAPED_BITS,
    SHAPED_FIELDS,
    SIZE_BITS,
    bits_below,
)
from helios.packing.v2.records import CHILD, LON, MAG, ProxyRecords, ShapedRecords, StarRecords

_MOST_BYTES = np.array([12, 10, 20])
"""Most bytes that one star, proxy or shaped splat takes: the sums of the widths, 9 bits for the Rice code of a colour,
as with parameter 8 all take, and 16 for that of a step, as with parameter 15 all but one of a block take."""

_HEADER_BYTES = 24
_STRAY = 1


def block_bytes(stars: NDArray[np.int64], proxies: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the most bytes, int64 [M], of blocks with so many `stars` and `proxies` [M], and no splat with shape."""
    return stars * _MOST_BYTES[0] + proxies * _MOST_BYTES[1] + _HEADER_BYTES


@dataclass(frozen=True, eq=False)
class Blocks:
    """Encoded cells: `data` holds the block of cell i in the `lengths`[i] bytes after those before it, int64 [M].

    `star_order` int64 [N] are indices into the given stars in the order in which they were written, by which side files
    are written too.
    """

    data: NDArray[np.uint8]
    lengths: NDArray[np.int64]
    star_order: NDArray[np.int64]

    def tiles(self, first_cells: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        """Return (lengths int64 [T], CRC-32 uint32 [T]) of the tiles.

        Tile t is made of the cells `first_cells`[t] to `first_cells`[t + 1] - 1; `first_cells` is int [T + 1].
        """
        data = self.data.data
        ends = np.concatenate([[0], np.cumsum(self.lengths)])[np.asarray(first_cells, np.int64)]
        crcs = [zlib.crc32(data[start:end]) for start, end in zip(ends[:-1].tolist(), ends[1:].tolist())]
        return np.diff(ends), np.array(crcs, np.uint32)


def encode_blocks(
    depth: ArrayLike,
    key: ArrayLike,
    stars: StarRecords,
    star_offsets: ArrayLike,
    proxies: ProxyRecords | None = None,
    proxy_offsets: ArrayLike | None = None,
    shaped: ShapedRecords | None = None,
    shaped_offsets: ArrayLike | None = None,
) -> Blocks:
    """Return the blocks of M cells, in their order.

    `depth` int [M], -1 for the root, and `key` uint64 [M], the Morton key at that depth (0 of the root), name the
    cells. Records are those of all cells, one after the other, in any order inside a cell: those of cell i are
    `offsets`[i] to `offsets`[i + 1] - 1, offsets int [M + 1]. They are sorted by magnitude, stably. Places of proxies
    are held to their child, for a mean of places may lie outside; stars and shaped splats may be a single step outside
    their cell. Raises InputError where one is farther, an integer is out of its range, or a proxy's child or odd
    magnitude cannot be. One core encodes some millions of stars a second.
    """
    depths = np.asarray(depth, np.int64).reshape(-1)
    index = np.stack(cells_of_keys(np.asarray(key, np.uint64).reshape(-1)), axis=1).astype(np.int64)
    proxies = ProxyRecords.none() if proxies is None else proxies
    shaped = ShapedRecords.none() if shaped is None else shaped
    kinds = (stars, star_offsets), (proxies, proxy_offsets), (shaped, shaped_offsets)
    offsets = np.zeros((3, len(depths) + 1), np.int64)
    for kind, (records, given) in enumerate(kinds):
        if given is not None:
            offsets[kind] = np.asarray(given, np.int64)
        ends = offsets[kind, 0], offsets[kind, -1]
        if ends != (0, len(records)) or (np.diff(offsets[kind]) < 0).any():
            raise InputError(f"offsets of {len(records)} records go from {ends[0]} to {ends[1]}, must not fall")
    _check(depths, index, proxies, offsets[1])
    counts = np.diff(offsets, axis=1)
    out = np.zeros(int((counts.T @ _MOST_BYTES).sum()) + _HEADER_BYTES * len(depths), np.uint8)
    lengths, order = np.zeros(len(depths), np.int64), np.empty(len(stars), np.int64)
    rows = tuple(records.rows() for records, _ in kinds)
    _check_ranges(*rows)
    stray = _encode(depths, index, offsets, *rows, int(counts.max(initial=0)), out, lengths, order)
    if stray >= 0:
        cell = f"{depths[stray]}_" + "_".join(map(str, index[stray]))
        raise InputError(f"cell {cell}: a star or splat lies outside it, by more than a step of the pack's places")
    return Blocks(out[: int(lengths.sum())], lengths, order)


def _check(depths, index, proxies: ProxyRecords, offsets) -> None:
    if not ((depths >= -1) & (depths <= MAX_DEPTH)).all():
        raise InputError(f"cell of depth {depths.min()} or {depths.max()}: must be from -1 to {MAX_DEPTH}")
    most = np.left_shift(1, np.stack([depths + 1, depths + 1, np.maximum(depths, 0)], axis=1))
    if (index >= most).any():
        cell = int(np.argmax((index >= most).any(axis=1)))
        raise InputError(f"key of l, theta, phi {index[cell].tolist()} is that of no cell of depth {depths[cell]}")
    counts = np.diff(offsets)
    if (counts[depths == MAX_DEPTH] > 0).any():
        raise InputError(f"cell of depth {MAX_DEPTH}: has no children, so no proxies")
    of_root = np.repeat(depths < 0, counts)
    if (proxies.child > 7).any() or (proxies.child[of_root] & 1).any() or (proxies.mag & 1).any():
        raise InputError("proxies: child must be 0 to 7, even in the root, and mag even")


def _check_ranges(stars, proxies, shaped) -> None:
    for rows, fields in ((stars, (COLOR_BITS,)), (proxies, (SIZE_BITS, COLOR_BITS)), (shaped, SHAPED_FIELDS)):
        for row, bits in zip(rows[1:], (23, 23, 25, 16, *fields)):
            if len(row) and row.max() >> np.uint64(bits):
                raise InputError(f"record holds {row.max()}, more than {bits} bits")


@njit(**KERNEL)
def _encode(depths, index, offsets, stars, proxies, shaped, most, out, lengths, star_order):
    """Write all blocks; return -1, or the first cell with a star or splat outside it."""
    order, spare = np.empty(most, np.int64), np.empty(most, np.int64)
    steps, folds = np.empty(most, np.int64), np.empty(most, np.int64)
    at = 0
    for cell in range(len(depths)):
        begin, depth = at, depths[cell]
        first = (offsets[0, cell], offsets[1, cell], offsets[2, cell])
        ends = (offsets[0, cell + 1], offsets[1, cell + 1], offsets[2, cell + 1])
        counts = (ends[0] - first[0], ends[1] - first[1], ends[2] - first[2])
        for kind in range(3):
            at = put_varint(out, at, counts[kind])

        _sort(stars[MAG], first[0], counts[0], order, spare)
        for i in range(counts[0]):
            star_order[first[0] + i] = order[i]
        left = bits_below(depth)
        at, k, color_k = _put_lead(out, at, stars[MAG], stars[5], order, counts[0], 1, steps, folds)
        at, strayed = _put_places(out, at, stars, order, counts[0], index[cell], 0, left, left)
        if strayed > _STRAY:
            return cell
        at = _put_codes(out, at, folds, counts[0], color_k)
        at = _put_codes(out, at, steps, counts[0] - 1, k)

        _sort(proxies[MAG], first[1], counts[1], order, spare)
        at, k, color_k = _put_lead(out, at, proxies[MAG], proxies[6], order, counts[1], 2, steps, folds)
        for i in range(counts[1]):
            at = put_bits(out, at, np.int64(proxies[CHILD, order[i]]), CHILD_BITS)
        left = bits_below(depth + 1)
        kept = (min(left[0], PROXY_BITS), min(left[1], PROXY_BITS), min(left[2], PROXY_BITS))
        at, strayed = _put_places(out, at, proxies, order, counts[1], index[cell], 1, left, kept)
        for i in range(counts[1]):
            at = put_bits(out, at, np.int64(proxies[5, order[i]]), SIZE_BITS)
        at = _put_codes(out, at, folds, counts[1], color_k)
        at = _put_codes(out, at, steps, counts[1] - 1, k)

        _sort(shaped[MAG], first[2], counts[2], order, spare)
        left = bits_below(depth)
        kept = (min(left[0], SHAPED_BITS), min(left[1], SHAPED_BITS), min(left[2], SHAPED_BITS))
        at, strayed = _put_places(out, at, shaped, order, counts[2], index[cell], 0, left, kept)
        if strayed > _STRAY:
            return cell
        for i in range(counts[2]):
            at = put_bits(out, at, np.int64(shaped[MAG, order[i]]), 16)
        for field in range(len(SHAPED_FIELDS)):
            for i in range(counts[2]):
                at = put_bits(out, at, np.int64(shaped[5 + field, order[i]]), SHAPED_FIELDS[field])

        at = (at + 7) & ~7
        lengths[cell] = (at - begin) >> 3
    return -1


@njit(**KERNEL)
def _put_places(out, at, rows, order, count, index, levels, left, kept):
    """Write lon, col and rad of `count` records; return the position, and the most steps that one was outside.

    `index` is (l, theta, phi) of the cell. With `levels` 1 the places are in the child that a record has. Below its
    prefix an integer has `left` bits, of which the upper `kept` are written.
    """
    strayed = 0
    for axis in range(3):
        of_cell = index[1] if axis == 0 else index[2] if axis == 1 else index[0]
        of_child = 1 if axis == 0 else 0 if axis == 1 else 2
        below, cut = left[axis], left[axis] - kept[axis]
        last, around = (np.int64(1) << below) - 1, np.int64(1) << (23 if axis == 0 else 40)
        for i in range(count):
            record = order[i]
            prefix = of_cell << levels | (np.int64(rows[CHILD, record]) >> of_child) & levels
            value = np.int64(rows[LON + axis, record]) - (prefix << below)
            if value < 0 or value > last:  # the nearer end; longitudes go on around the circle
                above, before = (value - last) % around, -value % around
                strayed = max(strayed, min(above, before))
                value = last if above <= before else 0
            at = put_bits(out, at, value >> cut, kept[axis])
    return at, strayed


@njit(**KERNEL)
def _put_lead(out, at, mags, colors, order, count, unit, steps, folds):
    """Write what leads `count` records, nothing if there are none; return (position, parameters of steps and of folds).

    `steps` is filled with the steps between sorted `mags`, in units of `unit`, `folds` with the differences of `colors`
    from their lower median.
    """
    if count == 0:
        return at, 0, 0
    for i in range(count - 1):
        steps[i] = (np.int64(mags[order[i + 1]]) - np.int64(mags[order[i]])) // unit
    numbers = np.zeros(1 << COLOR_BITS, np.int64)
    for i in range(count):
        numbers[colors[order[i]]] += 1
    median, below = 0, numbers[0]
    while 2 * below < count:
        median += 1
        below += numbers[median]
    for i in range(count):
        folds[i] = folded(np.int64(colors[order[i]]) - median)
    k, color_k = rice_parameter(steps, count - 1), rice_parameter(folds, count)
    for value, width in ((np.int64(mags[order[0]]), 16), (k, 4), (median, COLOR_BITS), (color_k, 4)):
        at = put_bits(out, at, value, width)
    return at, k, color_k


@njit(**KERNEL)
def _put_codes(out, at, values, count, k):
    """Write the Rice codes of `count` first `values`; return the position."""
    for i in range(count):
        at = put_rice(out, at, values[i], k)
    return at


@njit(**KERNEL)
def _sort(mags, first, count, order, spare):
    """Fill `order` with `first` to `first` + `count` - 1, sorted by `mags`, below 65536, and stably."""
    if count <= 48:
        for i in range(count):
            mag, place = mags[first + i], i
            while place > 0 and mags[order[place - 1]] > mag:
                order[place] = order[place - 1]
                place -= 1
            order[place] = first + i
        return
    for i in range(count):
        spare[i] = first + i
    for shift in (0, 8):
        source, target = (spare, order) if shift == 0 else (order, spare)
        ends = np.zeros(257, np.int64)
        for i in range(count):
            ends[((mags[source[i]] >> shift) & 255) + 1] += 1
        for digit in range(256):
            ends[digit + 1] += ends[digit]
        for i in range(count):
            digit = (mags[source[i]] >> shift) & 255
            target[ends[digit]] = source[i]
            ends[digit] += 1
    for i in range(count):
        order[i] = spare[i]
