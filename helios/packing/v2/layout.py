"""How many bits each field of a record of pack v2 has."""

from __future__ import annotations

from numba import njit

from helios.packing.v2.bits import KERNEL

COLOR_BITS, SIZE_BITS, CHILD_BITS = 7, 7, 3

PROXY_BITS, SHAPED_BITS = 11, 16
"""Bits of each coordinate of a proxy below the prefix of its child, and of a shaped splat below that of its cell."""

SHAPED_FIELDS = (10, 10, 10, 32, 8, 8, 8)
"""Bits of the three scales, the rotation and the colour of a shaped splat."""

LEAD_BITS = 16 + 4 + COLOR_BITS + 4
"""Bits of what leads stars or proxies: the first magnitude, the Rice parameter of its steps, the colour around which
all are, the Rice parameter of their differences from it."""


@njit(**KERNEL)
def bits_below(depth):
    """Return how many bits of (lon, col, rad) a cell of `depth` leaves open; the root has depth -1."""
    return 23 - (depth + 1), 23 - max(depth, 0), 25 - (depth + 1)
