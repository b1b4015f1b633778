"""The bits of Morton keys: those of one of three indices, spread to every third place, and gathered again."""

from __future__ import annotations

from typing import Any

import numpy as np

_STEPS = (
    (32, 0x1F00000000FFFF),
    (16, 0x1F0000FF0000FF),
    (8, 0x100F00F00F00F00F),
    (4, 0x10C30C30C30C30C3),
    (2, 0x1249249249249249),
)


def spread(v: Any) -> Any:
    """Two zeros before each of the 21 low bits, of uint64 [N] or, compiled by `helios.spherical`, of one number."""
    for shift, mask in _STEPS:
        v = (v | (v << np.uint64(shift))) & np.uint64(mask)
    return v


def gather(keys: Any) -> Any:
    """The lowest of each three bits of a key, an int, or of uint64 keys [N]."""
    v = keys & _STEPS[-1][1]
    for (shift, _), (_, mask) in zip(_STEPS[::-1], (*_STEPS[-2::-1], (0, 0x1FFFFF))):
        v = (v | (v >> shift)) & mask
    return v
