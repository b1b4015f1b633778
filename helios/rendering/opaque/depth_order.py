"""The order of splats in depth: a stable sort of float32 numbers by their bits, front to back."""

import numpy as np
from numba import njit

from helios.simd import JIT

DIGIT_BITS = 11
"""Bits looked at together: the counts of all their values, 8 kB a digit, stay in the first-level cache."""

DIGITS = -(-32 // DIGIT_BITS)


@njit(**JIT)
def order_by_depth(depths):
    """Return int32 [N], the stable order of float32 `depths` [N], which are 0 or more: equals stay as they stand.

    The bits of such numbers, read as whole numbers, are in the order of the numbers. They are sorted digit by digit
    from the lowest; a digit that all have in common costs nothing.
    """
    count = len(depths)
    keys, keys_after = depths.view(np.uint32).copy(), np.empty(count, np.uint32)
    order, order_after = np.arange(count).astype(np.int32), np.empty(count, np.int32)
    mask = np.uint32((1 << DIGIT_BITS) - 1)
    places = np.zeros((DIGITS, 1 << DIGIT_BITS), np.int32)
    for i in range(count):
        for digit in range(DIGITS):
            places[digit, np.int64((keys[i] >> np.uint32(digit * DIGIT_BITS)) & mask)] += 1
    for digit in range(DIGITS):
        shift = np.uint32(digit * DIGIT_BITS)
        place = places[digit]
        if count == 0 or place[np.int64((keys[0] >> shift) & mask)] == count:
            continue
        before = 0
        for value in range(len(place)):
            place[value], before = before, before + place[value]
        for i in range(count):
            value = np.int64((keys[i] >> shift) & mask)
            to = place[value]
            place[value] = to + 1
            keys_after[to], order_after[to] = keys[i], order[i]
        keys, keys_after = keys_after, keys
        order, order_after = order_after, order
    return order
