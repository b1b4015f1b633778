"""Bits, whole numbers and Rice codes of pack v2, as kernels over arrays of bytes.

A bit stream begins with the least significant bit of its first byte. Positions `at` are in bits from the start of the
array; a kernel returns the position after what it wrote or read. Writers need zeroed bytes, readers a caller who knows
that what they read lies before the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from helios.simd.jit import JIT

KERNEL: dict[str, Any] = JIT | {"fastmath": False, "forceinline": False}
"""Arguments of `numba.njit` for kernels of whole numbers: none needs inlining, and without it they compile faster."""

ESCAPE = 24
"""A Rice code's quotient of so many ones or more is written as so many, with the value in 16 bits after them."""

RICE_PARAMETERS = 16
"""Parameters of Rice codes are 0 to 15."""


@njit(**KERNEL)
def put_bits(out, at, value, width):
    """Write the lower `width` bits, at most 40, of `value`."""
    byte = at >> 3
    left = (value & ((1 << width) - 1)) << (at & 7)
    while left:
        out[byte] |= np.uint8(left & 255)
        left >>= 8
        byte += 1
    return at + width


@njit(**KERNEL)
def get_bits(data, at, width):
    """Return the number in `width` bits, at most 32."""
    first, last = at >> 3, (at + width + 7) >> 3
    value = 0
    for byte in range(first, last):
        value |= np.int64(data[byte]) << ((byte - first) << 3)
    return (value >> (at & 7)) & ((1 << width) - 1)


@njit(**KERNEL)
def put_rice(out, at, value, k):
    """Write the Rice code of `value`, below 65536, with parameter `k`."""
    quotient = value >> k
    if quotient >= ESCAPE:
        return put_bits(out, at, value << ESCAPE | ((1 << ESCAPE) - 1), ESCAPE + 16)
    low = value & ((1 << k) - 1)
    return put_bits(out, at, low << (quotient + 1) | ((1 << quotient) - 1), quotient + 1 + k)


@njit(**KERNEL)
def get_rice(data, at, end, k):
    """Return (value, position after it) of the Rice code with parameter `k` at `at`; (-1, `end`) if it passes `end`.

    `end` is that of a byte.
    """
    first = at >> 3
    word = 0  # as many bits as the longest code has, 40; after the end they are zeros
    for byte in range(first, min(first + 6, end >> 3)):
        word |= np.int64(data[byte]) << ((byte - first) << 3)
    word >>= at & 7
    quotient = 0
    while quotient < ESCAPE and word & 1:
        word >>= 1
        quotient += 1
    if quotient == ESCAPE:
        value, at = word & 65535, at + ESCAPE + 16
    else:
        value, at = quotient << k | (word >> 1) & ((1 << k) - 1), at + quotient + 1 + k
    return (value, at) if at <= end else (-1, end)


@njit(**KERNEL)
def rice_parameter(values, count):
    """Return the parameter with which `count` first `values` take the fewest bits; the least of equals."""
    best, fewest = 0, np.int64(1) << 62
    for k in range(RICE_PARAMETERS):
        if count * (k + 1) >= fewest:  # nor can any larger parameter do better
            break
        bits = 0
        for i in range(count):
            quotient = values[i] >> k
            bits += ESCAPE + 16 if quotient >= ESCAPE else quotient + 1 + k
        if bits < fewest:
            best, fewest = k, bits
    return best


@njit(**KERNEL)
def folded(difference):
    """Return 2 d for a `difference` d >= 0, and -2 d - 1 for another: small numbers of all that are near 0."""
    return 2 * difference if difference >= 0 else -2 * difference - 1


@njit(**KERNEL)
def unfolded(value):
    """Return the difference of which `value` >= 0 is `folded`."""
    return (value >> 1) ^ -(value & 1)


@njit(**KERNEL)
def put_varint(out, at, value):
    """Write `value` >= 0 as unsigned LEB128."""
    while value > 127:
        at = put_bits(out, at, (value & 127) | 128, 8)
        value >>= 7
    return put_bits(out, at, value, 8)


@njit(**KERNEL)
def get_varint(data, at, end):
    """Return (value, position after it) of a number of at most 5 bytes, none of them spare; (-1, `end`) for another."""
    value, shift = 0, 0
    while at + 8 <= end and shift < 35:
        byte = get_bits(data, at, 8)
        at += 8
        value |= (byte & 127) << shift
        if byte < 128:
            if byte == 0 and shift > 0:
                break
            return value, at
        shift += 7
    return -1, end
