"""The order of splats in depth: a stable sort of float64 numbers by their bits."""

import numpy as np
from numba import njit

from helios.simd import JIT

DIGIT_BITS = 11
"""Bits looked at together: the counts of all their values, 16 kB a digit, stay in the first-level cache."""

DIGITS = -(-64 // DIGIT_BITS)

SMALL = 400
"""Up to here a merge sort is quicker: measured, 1,000 depths take 61 us by merging and 13 us by digits."""


@njit(**JIT)
def order_by_depth(depths):
    """Return int64 [N], the stable order of float64 `depths` [N], which are 0 or more: equals stay as they stand.

    The bits of such numbers, read as whole numbers, are in the order of the numbers. They are sorted digit by digit
    from the lowest; a digit that all have in common, as the exponents of a cell's depths, costs nothing.
    """
    count = len(depths)
    if count <= SMALL:
        return np.argsort(depths, kind="mergesort")
    bits = np.empty(count, np.float64)
    bits[:] = depths
    keys = bits.view(np.uint64)
    mask = np.uint64((1 << DIGIT_BITS) - 1)
    places = np.zeros((DIGITS, 1 << DIGIT_BITS), np.int32)
    for i in range(count):
        for digit in range(DIGITS):
            places[digit, np.int64((keys[i] >> np.uint64(digit * DIGIT_BITS)) & mask)] += 1
    order, sorted_order = np.arange(count), np.empty(count, np.int64)
    for digit in range(DIGITS):
        shift = np.uint64(digit * DIGIT_BITS)
        place = places[digit]
        if place[np.int64((keys[0] >> shift) & mask)] == count:
            continue
        before = 0
        for value in range(len(place)):
            place[value], before = before, before + place[value]
        for i in order:
            value = np.int64((keys[i] >> shift) & mask)
            sorted_order[place[value]] = i
            place[value] += 1
        order, sorted_order = sorted_order, order
    return order
