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

_ROWS = (StarRecords.ROWS, ProxyRecords.ROWS, ShapedRecords.ROWS)


def decode_tile(data: bytes | NDArray[np.uint8], depth: ArrayLike, key: ArrayLike, name: str) -> TileRecords:
    """Return the records of M cells whose blocks follow each other in `data`: a tile, or any number of them.

    `depth` int [M], -1 for the root, and `key` uint64 [M] name the cells, `name` is what messages call the tile. Stars
    come in their order in the tile; the integers of proxies and shaped splats have full width, those of their bits that
    are not stored being 1 followed by zeros, the middle. Raises StoreError where the bytes are not such blocks and
    nothing but them. No more is allocated than a tile of so many bytes can fill.
    """
    array = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data
    depths, keys = np.asarray(depth, np.int64).reshape(-1), np.asarray(key, np.uint64).reshape(-1)
    found = np.zeros((len(depths), _FIELDS), np.int64)
    cell, fault, end = _walk_all(array, depths, found)
    if not fault and end != len(array):
        raise StoreError(f"{name}: damaged: {len(array)} bytes, its cells take {end}")
    offsets = np.zeros((3, len(depths) + 1), np.int64)
    if not fault:
        np.cumsum(found[:, :3].T, axis=1, out=offsets[:, 1:])
        rows = [np.zeros((count, ends[-1]), np.uint32) for count, ends in zip(_ROWS, offsets)]
        index = np.stack(cells_of_keys(keys), axis=1).astype(np.int64)
        cell, fault = _read_all(array, depths, index, found, offsets, *rows)
    if fault:
        raise StoreError(f"{name}: damaged: the block of its cell {cell} {_FAULTS[fault]}")
    stars, proxies, shaped = rows
    return TileRecords(
        StarRecords.from_rows(stars), ProxyRecords.from_rows(proxies), ShapedRecords.from_rows(shaped), *offsets
    )


@njit(**KERNEL)
def _walk_all(data, depths, found):
    """Fill the rows of `found`; return the last cell looked at, its fault or 0, and the byte after it."""
    end = 0
    for cell in range(len(depths)):
        fault = _walk(data, 8 * end, depths[cell], found[cell])
        if fault:
            return cell, fault, end
        end = found[cell, _END] >> 3
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
def _walk(data, at, depth, found):
    """Fill `found` with the counts and where the parts lie; return a fault or 0."""
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
            fault, at = _walk_codes(data, at, end, found[kind], width, kind)
            if fault:
                return fault
    found[_SHAPED] = at
    at += found[2] * splat
    if at > end:
        return _SHORT
    found[_END] = (at + 7) & ~7
    return 0 if get_bits(data, at, found[_END] - at) == 0 else _PADDING


@njit(**KERNEL)
def _walk_codes(data, at, end, count, width, kind):
    """Return (a fault or 0, position after them) of `count` stars, `kind` 0, or proxies, 1, and what leads them.

    `width` is how many bits a record has beside its codes, which are of a bit or more each.
    """
    if at + LEAD_BITS + count * (width + 2) - 1 > end:
        return _SHORT, at
    mag, k, color, color_k, at = _get_lead(data, at)
    if kind == 1 and mag & 1:
        return _ODD, at
    at += count * width
    for _ in range(count):
        value, at = get_rice(data, at, end, color_k)
        if value < 0:
            return _SHORT, at
        if (color + unfolded(value)) >> COLOR_BITS != 0:
            return _COLOR, at
    for _ in range(count - 1):
        step, at = get_rice(data, at, end, k)
        if step < 0:
            return _SHORT, at
        mag += step << kind
    return _FAINT if mag > 65535 else 0, at


@njit(**KERNEL)
def _get_lead(data, at):
    """Return (first magnitude, parameter of its steps, colour around which all are, parameter of colours, position)."""
    mag, k = get_bits(data, at, 16), get_bits(data, at + 16, 4)
    return mag, k, get_bits(data, at + 20, COLOR_BITS), get_bits(data, at + 20 + COLOR_BITS, 4), at + LEAD_BITS


@njit(**KERNEL)
def _read(data, depth, index, found, stars, proxies, shaped):
    """Fill the rows of records from a block that `_walk` has found sound; return a fault or 0."""
    end = 8 * len(data)
    left = bits_below(depth)
    if stars.shape[1] > 0:
        mag, k, color, color_k, at = _get_lead(data, found[_STARS])
        at = _get_places(data, at, stars, index, 0, left, left)
        at = _get_colors(data, at, end, color_k, color, stars[5])
        _get_mags(data, at, end, k, mag, 1, stars[MAG])

    below = bits_below(depth + 1)
    kept = (min(below[0], PROXY_BITS), min(below[1], PROXY_BITS), min(below[2], PROXY_BITS))
    if proxies.shape[1] > 0:
        mag, k, color, color_k, at = _get_lead(data, found[_PROXIES])
        for i in range(proxies.shape[1]):
            child = get_bits(data, at, CHILD_BITS)
            if depth == MAX_DEPTH or (depth < 0 and child & 1):
                return _CHILD
            proxies[CHILD, i] = child
            at += CHILD_BITS
        at = _get_places(data, at, proxies, index, 1, below, kept)
        for i in range(proxies.shape[1]):
            proxies[5, i] = get_bits(data, at, SIZE_BITS)
            at += SIZE_BITS
        at = _get_colors(data, at, end, color_k, color, proxies[6])
        _get_mags(data, at, end, k, mag, 2, proxies[MAG])

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


@njit(**KERNEL)
def _get_mags(data, at, end, k, mag, unit, mags):
    """Read the magnitudes `mags`, of which the first is `mag` and the others follow in Rice codes."""
    for i in range(len(mags)):
        if i > 0:
            step, at = get_rice(data, at, end, k)
            mag += step * unit
        mags[i] = mag


@njit(**KERNEL)
def _get_colors(data, at, end, k, middle, colors):
    """Read the `colors`, around `middle`; return the position after them."""
    for i in range(len(colors)):
        value, at = get_rice(data, at, end, k)
        colors[i] = middle + unfolded(value)
    return at
