"""From the blocks and tiles of pack v2 to the records of cells; every number is checked before it is used."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from helios.errors import StoreError
from helios.grid import MAX_DEPTH, cells_of_keys
from helios.packing.v2.bits import KERNEL, get_bits, get_rice, get_varint, unfolded
from helios.packing.v2.layout import (
    CHILD_BITS,
    COLOR_BITS,
    LEAD_BITS,
    PROXY_BITS,
    SHAPED_BITS,
    SHAPED_FIELDS,
    SIZE_BITS,
    bits_below,
)
from helios.packing.v2.records import CHILD, LON, MAG, ProxyRecords, ShapedRecords, StarRecords, TileRecords

_FAULTS = (
    "",
    "ends inside a count",
    "ends before the records it announces",
    "has a magnitude above 655.35 - 100",
    "has a colour outside 0 to 127",
    "has a proxy of a child that cannot be",
    "has an odd magnitude of a proxy",
    "ends in bits that are not zero",
)
_COUNT, _SHORT, _FAINT, _COLOR, _CHILD, _ODD, _PADDING = range(1, len(_FAULTS))

_STARS, _PROXIES, _SHAPED, _END, _FIELDS = range(3, 8)
"""What is found of a block: three counts, then where stars, proxies and splats with shape lie, and its end, bits."""

_FEWEST_BITS = 11
"""Bits of the smallest record: of a star in a cell of depth 20 whose two codes take a bit each."""

_ROWS = (StarRecords.ROWS, ProxyRecords.ROWS, ShapedRecords.ROWS)


def decode_tile(data: bytes | NDArray[np.uint8], depth: ArrayLike, key: ArrayLike, name: str) -> TileRecords:
    """Return the records of M cells whose blocks follow each other in `data`: a tile, or any number of them.

    `depth` int [M], -1 for the root, and `key` uint64 [M] name the cells, `name` is what messages call the tile. Stars
    come in their order in the tile; the integers of proxies and shaped splats have full width, those of their bits that
    are not stored being 1 followed by zeros, the middle. Raises StoreError where the bytes are not such blocks and
    nothing but them. No more is allocated than a tile of so many bytes can fill.
    """
    array = np.frombuffer(data, np.uint8).view()
    array.flags.writeable = False  # as of bytes, so that kernels are compiled once
    depths, keys = np.asarray(depth, np.int64).reshape(-1), np.asarray(key, np.uint64).reshape(-1)
    found = np.zeros((len(depths), _FIELDS), np.int64)
    most = 8 * len(array) // _FEWEST_BITS
    colors, mags = np.empty((2, most), np.uint8), np.empty((2, most), np.uint16)
    cell, fault, end = _walk_all(array, depths, found, colors, mags)
    if not fault and end != len(array):
        raise StoreError(f"{name}: damaged: {len(array)} bytes, its cells take {end}")
    offsets = np.zeros((3, len(depths) + 1), np.int64)
    if not fault:
        np.cumsum(found[:, :3].T, axis=1, out=offsets[:, 1:])
        rows = [np.zeros((count, ends[-1]), np.uint32) for count, ends in zip(_ROWS, offsets)]
        index = np.stack(cells_of_keys(keys), axis=1).astype(np.int64)
        cell, fault = _read_all(array, depths, index, found, offsets, *rows)
        for kind, color_row in ((0, 5), (1, 6)):
            rows[kind][MAG], rows[kind][color_row] = (part[kind, : offsets[kind, -1]] for part in (mags, colors))
    if fault:
        raise StoreError(f"{name}: damaged: the block of its cell {cell} {_FAULTS[fault]}")
    stars, proxies, shaped = rows
    return TileRecords(
        StarRecords.from_rows(stars), ProxyRecords.from_rows(proxies), ShapedRecords.from_rows(shaped), *offsets
    )


@njit(**KERNEL)
def _walk_all(data, depths, found, colors, mags):
    """Fill the rows of `found`; return the last cell looked at, its fault or 0, and the byte after it.

    The colours and magnitudes of all stars go into the first rows of `colors` and `mags`, of proxies into the second.
    """
    end, stars, proxies = 0, 0, 0
    for cell in range(len(depths)):
        fault = _walk(data, 8 * end, depths[cell], found[cell], (stars, proxies), colors, mags)
        if fault:
            return cell, fault, end
        end = found[cell, _END] >> 3
        stars, proxies = stars + found[cell, 0], proxies + found[cell, 1]
    return len(depths), 0, end


@njit(**KERNEL)
def _read_all(data, depths, index, found, offsets, stars, proxies, shaped):
    """Fill the records of all cells; return the last cell looked at and its fault or 0."""
    for cell in range(len(depths)):
        start, end = offsets[:, cell], offsets[:, cell + 1]
        fault = _read(
            data,
            depths[cell],
            index[cell],
            found[cell],
            stars[:, start[0] : end[0]],
            proxies[:, start[1] : end[1]],
            shaped[:, start[2] : end[2]],
        )
        if fault:
            return cell, fault
    return len(depths), 0


@njit(**KERNEL)
def _walk(data, at, depth, found, before, colors, mags):
    """Fill `found` with the counts and where the parts lie, `colors` and `mags` after `before`; return a fault or 0."""
    end = 8 * len(data)
    for kind in range(3):
        found[kind], at = get_varint(data, at, end)
        if found[kind] < 0:
            return _COUNT

    left, below = bits_below(depth), bits_below(depth + 1)
    star = left[0] + left[1] + left[2]
    proxy = CHILD_BITS + SIZE_BITS
    splat = 16
    for axis in range(3):
        proxy += min(below[axis], PROXY_BITS)
        splat += min(left[axis], SHAPED_BITS)
    for bits in SHAPED_FIELDS:
        splat += bits
    for kind, width in ((0, star), (1, proxy)):
        found[_STARS + kind] = at
        if found[kind] > 0:
            fault, at = _walk_codes(data, at, end, found[kind], width, kind, before[kind], colors[kind], mags[kind])
            if fault:
                return fault
    found[_SHAPED] = at
    at += found[2] * splat
    if at > end:
        return _SHORT
    found[_END] = (at + 7) & ~7
    return 0 if get_bits(data, at, found[_END] - at) == 0 else _PADDING


@njit(**KERNEL)
def _walk_codes(data, at, end, count, width, kind, before, colors, mags):
    """Read lead and codes of `count` stars, `kind` 0, or proxies, 1; return (a fault or 0, position after them).

    `width` is how many bits a record has beside its codes, which are of a bit or more each.
    """
    if at + LEAD_BITS + count * (width + 2) - 1 > end:
        return _SHORT, at
    mag, k = get_bits(data, at, 16), get_bits(data, at + 16, 4)
    middle, color_k = get_bits(data, at + 20, COLOR_BITS), get_bits(data, at + 20 + COLOR_BITS, 4)
    if kind == 1 and mag & 1:
        return _ODD, at
    at += LEAD_BITS + count * width
    for i in range(before, before + count):
        value, at = get_rice(data, at, end, color_k)
        if value < 0:
            return _SHORT, at
        color = middle + unfolded(value)
        if color >> COLOR_BITS != 0:
            return _COLOR, at
        colors[i] = color
    for i in range(before, before + count):
        if i > before:
            step, at = get_rice(data, at, end, k)
            if step < 0:
                return _SHORT, at
            mag += step << kind
        if mag > 65535:
            return _FAINT, at
        mags[i] = mag
    return 0, at


@njit(**KERNEL)
def _read(data, depth, index, found, stars, proxies, shaped):
    """Fill the rows that `_walk` does not know, of a block that it has found sound; return a fault or 0."""
    left, below = bits_below(depth), bits_below(depth + 1)
    _get_places(data, found[_STARS] + LEAD_BITS, stars, index, 0, left, left)

    at = found[_PROXIES] + LEAD_BITS
    for i in range(proxies.shape[1]):
        child = get_bits(data, at, CHILD_BITS)
        if depth == MAX_DEPTH or (depth < 0 and child & 1):
            return _CHILD
        proxies[CHILD, i] = child
        at += CHILD_BITS
    kept = (min(below[0], PROXY_BITS), min(below[1], PROXY_BITS), min(below[2], PROXY_BITS))
    at = _get_places(data, at, proxies, index, 1, below, kept)
    for i in range(proxies.shape[1]):
        proxies[5, i] = get_bits(data, at, SIZE_BITS)
        at += SIZE_BITS

    kept = (min(left[0], SHAPED_BITS), min(left[1], SHAPED_BITS), min(left[2], SHAPED_BITS))
    at = _get_places(data, found[_SHAPED], shaped, index, 0, left, kept)
    for i in range(shaped.shape[1]):
        shaped[MAG, i] = get_bits(data, at, 16)
        at += 16
    for field in range(len(SHAPED_FIELDS)):
        for i in range(shaped.shape[1]):
            shaped[5 + field, i] = get_bits(data, at, SHAPED_FIELDS[field])
            at += SHAPED_FIELDS[field]
    return 0


@njit(**KERNEL)
def _get_places(data, at, rows, index, levels, left, kept):
    """Read lon, col and rad, as `encode` writes them, into `rows`; return the position after them."""
    for axis in range(3):
        of_cell = index[1] if axis == 0 else index[2] if axis == 1 else index[0]
        of_child = 1 if axis == 0 else 0 if axis == 1 else 2
        cut = left[axis] - kept[axis]
        middle = (np.int64(1) << cut) >> 1
        for i in range(rows.shape[1]):
            prefix = of_cell << levels | (np.int64(rows[CHILD, i]) >> of_child) & levels
            rows[LON + axis, i] = prefix << left[axis] | get_bits(data, at, kept[axis]) << cut | middle
            at += kept[axis]
    return at
