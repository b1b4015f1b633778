"""The integers of a splat with shape in pack v2, and their inverses: scales, rotation, colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_SCALE_STEPS, _SMALLEST_LOG2 = 32.0, -24.0
_COLOR_STEPS = 32.0
_PART_BITS = 10
_PART_MAX = 2**_PART_BITS - 1


def scale_steps(scales_over_r: ArrayLike) -> NDArray[np.uint16]:
    """Return uint16 [N, 3], 0 to 1023: nearest in the logarithm of scales / r [N, 3], r the decoded distance."""
    share = np.maximum(np.asarray(scales_over_r, np.float64), 2.0**_SMALLEST_LOG2)
    return np.clip(np.rint((np.log2(share) - _SMALLEST_LOG2) * _SCALE_STEPS), 0, 1023).astype(np.uint16)


def scales_of(steps: ArrayLike) -> NDArray[np.float64]:
    """Return scales / r of `steps`, of the same shape."""
    return np.exp2(np.asarray(steps, np.float64) / _SCALE_STEPS + _SMALLEST_LOG2)


def rotation_steps(quats: ArrayLike) -> NDArray[np.uint32]:
    """Return uint32 [N] of rotations, quaternions wxyz [N, 4] of any length but 0.

    Its lowest 2 bits are the number of the largest component, made positive, then 10 bits for each of the other three
    in their order, of which none is beyond +-1/sqrt(2).
    """
    q = np.asarray(quats, np.float64).reshape(-1, 4)
    q = q / np.sqrt((q**2).sum(axis=1, keepdims=True))
    largest = np.abs(q).argmax(axis=1)
    sign = np.where(q[np.arange(len(q)), largest] < 0, -1.0, 1.0)
    others = (q * sign[:, None])[np.arange(4) != largest[:, None]].reshape(-1, 3)
    parts = np.clip(np.rint((others * np.sqrt(2.0) + 1.0) / 2.0 * _PART_MAX), 0, _PART_MAX).astype(np.uint32)
    shifts = 2 + _PART_BITS * np.arange(3, dtype=np.uint32)
    return largest.astype(np.uint32) | np.bitwise_or.reduce(parts << shifts, axis=1)


def rotations_of(steps: ArrayLike) -> NDArray[np.float64]:
    """Return unit quaternions wxyz [N, 4] of `steps` [N]."""
    steps = np.asarray(steps, np.uint32)
    largest = (steps & 3).astype(np.int64)
    shifts = 2 + _PART_BITS * np.arange(3, dtype=np.uint32)
    others = ((steps[:, None] >> shifts & _PART_MAX) / _PART_MAX * 2.0 - 1.0) / np.sqrt(2.0)
    quats = np.empty((len(steps), 4))
    quats[np.arange(4) != largest[:, None]] = others.ravel()
    quats[np.arange(len(steps)), largest] = np.sqrt(np.maximum(1.0 - (others**2).sum(axis=1), 0.0))
    return quats / np.sqrt((quats**2).sum(axis=1, keepdims=True))


def rgb_steps(rgb: ArrayLike) -> NDArray[np.uint8]:
    """Return uint8 [N, 3] of linear RGB [N, 3] of luminance 1, up to 7.97."""
    return np.clip(np.rint(np.asarray(rgb, np.float64) * _COLOR_STEPS), 0, 255).astype(np.uint8)


def rgb_of(steps: ArrayLike) -> NDArray[np.float64]:
    """Return linear RGB of `steps`, of the same shape."""
    return np.asarray(steps, np.float64) / _COLOR_STEPS
