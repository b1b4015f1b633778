"""The glow map of pack v2: on a cube around the Sun, the light of all stars that the sky tile lacks."""

from __future__ import annotations

import zlib
from bisect import bisect_left

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.constants import OMEGA_0_SR
from helios.errors import StoreError

NO_LIGHT = 255

_VALUES = OMEGA_0_SR * 10.0 ** (-0.4 * (np.arange(NO_LIGHT) / 16.0 + 2.0))
_NEAREST = np.append((_VALUES[1:] + _VALUES[:-1]) / 2.0, _VALUES[-1] / 2.0)
"""From which light on a step is nearer than the one after it; the last one's next is no light."""

_SPARE_LIGHT = 1e-6


def encode_glow(omega_sr: ArrayLike) -> bytes:
    """Return the bytes of the light of texels, float64 [6, n, n], steradians at exposure 1.

    What rounding a texel to 1/16 magnitude leaves goes to the next ones with light, of which each takes one step at
    most, so that the sum is kept to 1e-5 wherever it can be: below magnitude 17.9 a whole map is dark.
    """
    light = np.asarray(omega_sr, np.float64).ravel()
    lit = np.flatnonzero(light > 0)
    own = np.minimum(np.searchsorted(-_NEAREST, -light[lit]), NO_LIGHT).tolist()
    values = np.append(_VALUES, 0.0).tolist()
    steps, carry = np.full(len(light), NO_LIGHT, np.uint8), 0.0
    for texel, omega, nearest in zip(lit.tolist(), light[lit].tolist(), own):
        carry += omega
        step = max(nearest - 1, 0)
        for choice in range(step + 1, min(nearest + 1, NO_LIGHT) + 1):
            if abs(carry - values[choice]) < abs(carry - values[step]):
                step = choice
        steps[texel] = step
        carry -= values[step]
    for texel in lit[np.argsort(-light[lit], kind="stable")].tolist():
        step = int(steps[texel])
        other = max(step - 1, 0) if carry > 0 else min(step + 1, NO_LIGHT)
        if abs(moved := carry + values[step] - values[other]) < abs(carry):
            steps[texel], carry = other, moved
    if len(lit):
        _spill(steps, lit, carry, _SPARE_LIGHT * light.sum())
    return zlib.compress(steps.tobytes(), 9)


def _spill(steps: NDArray[np.uint8], lit: NDArray[np.int64], carry: float, spare: float) -> None:
    """Put what few or very bright texels leave into the texels after the brightest, until `spare` is left."""
    values = np.append(_VALUES, 0.0).tolist()
    rising = [-value for value in values]
    for texel in lit.tolist():
        if carry < -spare:
            step = int(steps[texel])
            steps[texel] = other = min(step + 1, NO_LIGHT)
            carry += values[step] - values[other]
    after = np.roll(np.arange(len(steps)), -int(lit[np.argmin(steps[lit])]) - 1)
    for texel in after.tolist():
        if carry <= spare:
            break
        carry += values[steps[texel]]
        steps[texel] = step = bisect_left(rising, -carry)
        carry -= values[step]


def decode_glow(data: bytes, n: int, name: str) -> NDArray[np.float64]:
    """Return the light of texels, float64 [6, n, n], steradians; `name` is what messages call the map.

    Raises StoreError where `data` is not a zlib stream of 6 n^2 bytes and nothing but it. The caller has compared its
    CRC-32.
    """
    stream = zlib.decompressobj()
    try:
        steps = np.frombuffer(stream.decompress(data, 6 * n * n + 1), np.uint8)
    except zlib.error as error:
        raise StoreError(f"{name}: damaged: does not unpack ({error})") from error
    if len(steps) != 6 * n * n or not stream.eof or stream.unused_data:
        raise StoreError(f"{name}: damaged: does not unpack to the {6 * n * n} bytes of a map, and nothing but it")
    return np.append(_VALUES, 0.0)[steps].reshape(6, n, n)
