"""From summed light to the screen, as the viewer does it: glare, tone curve, sRGB; and signed light in two colours.

The same numbers and steps as client_export/src/post_process.ts, which says why; a test compares them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from helios.color import LUMINANCE

HALO = (0.22, 1.9)
VEIL = (0.03, 8.0)
AUREOLE = (0.006, 30.0)
"""The rings of the glare: share of all light, standard deviation in pixels."""

KNEE = 2000.0
KNEE_POWER, KNEE_MOST = 0.2, 65000.0
SHRINK = 2

TOO_MUCH, TOO_LITTLE = (1.0, 0.45, 0.1), (0.15, 0.5, 1.0)
"""Linear RGB of what is lighter, and darker, than the truth."""


def shown(light: NDArray[np.floating], glare: bool = True) -> NDArray[np.uint8]:
    """Return `light` [H, W, 3], linear RGB of any range, as it is shown: sRGB, 8 bits.

    Luminance Y becomes 1 - exp(-Y). Hue is kept; a colour that would leave the screen's range moves towards white.
    """
    rgb = np.minimum(np.asarray(light, np.float64), 1e30)
    if glare:
        share = HALO[0] + VEIL[0] + AUREOLE[0]
        rgb = (1.0 - share) * rgb + HALO[0] * _glare(rgb)
    y = rgb @ LUMINANCE
    seen = -np.expm1(-y)
    rgb = rgb * (seen / np.maximum(y, 1e-6))[..., None]
    top = rgb.max(axis=-1)
    over = top > 1.0
    mix = ((top[over] - 1.0) / (top[over] - seen[over]))[:, None]
    rgb[over] = (1.0 - mix) * rgb[over] + mix * seen[over][:, None]
    return to_srgb(rgb)


def to_srgb(rgb: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return linear RGB, 0 to 1, as 8 bits of sRGB (IEC 61966-2-1:1999)."""
    rgb = np.clip(rgb, 0.0, 1.0)
    curve = np.where(rgb > 0.0031308, 1.055 * rgb ** (1 / 2.4) - 0.055, 12.92 * rgb)
    return np.floor(255.0 * curve + 0.5).astype(np.uint8)


def signed(light: NDArray[np.floating], scale: float) -> NDArray[np.uint8]:
    """Return signed luminance [H, W] in two colours: from black to TOO_MUCH at `scale`, TOO_LITTLE below 0."""
    share = np.clip(np.asarray(light, np.float64) / scale, -1.0, 1.0) if scale > 0 else np.zeros(light.shape)
    more, less = np.maximum(share, 0.0)[..., None], np.maximum(-share, 0.0)[..., None]
    return to_srgb(more * TOO_MUCH + less * TOO_LITTLE)


def _glare(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rings of `rgb` [H, W, 3], weighted so that the innermost one's share is 1."""
    halo = _spread(rgb, HALO[1] / SHRINK, KNEE)
    veil = _spread(halo, math.sqrt(VEIL[1] ** 2 - HALO[1] ** 2) / SHRINK**2)
    aureole = _spread(veil, math.sqrt(AUREOLE[1] ** 2 - VEIL[1] ** 2) / SHRINK**3)
    veil = veil + AUREOLE[0] / VEIL[0] * scaled(aureole, veil.shape)
    halo = halo + VEIL[0] / HALO[0] * scaled(veil, halo.shape)
    return scaled(halo, rgb.shape)


def _spread(source: NDArray[np.float64], sigma: float, knee: float = math.inf) -> NDArray[np.float64]:
    """Return `source` at half its size, what is brighter than `knee` dimmed, blurred by `sigma` of the new pixels."""
    height, width = source.shape[:2]
    small = scaled(source, (-(-height // SHRINK), -(-width // SHRINK)))
    top = small.max(axis=-1, keepdims=True)
    if top.max() > knee:
        top = np.maximum(top, knee)
        small = small * (np.minimum(knee * (top / knee) ** KNEE_POWER, KNEE_MOST) / top)
    return _blurred(_blurred(small, sigma, 1), sigma, 0)


def _blurred(source: NDArray[np.float64], sigma: float, axis: int) -> NDArray[np.float64]:
    taps = 2 * math.ceil(4.0 * sigma / 2.0)
    weights = np.exp(-0.5 * (np.arange(taps + 1) / sigma) ** 2)
    weights /= weights[0] + 2.0 * weights[1:].sum()
    pad = [(taps, taps) if a == axis else (0, 0) for a in range(3)]
    around, count = np.pad(source, pad, mode="edge"), source.shape[axis]
    out = weights[0] * source
    for i in range(1, taps + 1):
        before, after = (np.take(around, range(at, at + count), axis) for at in (taps - i, taps + i))
        out += weights[i] * (before + after)
    return out


def scaled(source: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return `source` at another size, interpolated between the middles of its pixels; at half of it, their means."""
    for axis in (0, 1):
        n, m = source.shape[axis], shape[axis]
        at = np.clip((np.arange(m) + 0.5) * n / m - 0.5, 0, n - 1)
        low = np.minimum(at.astype(np.int64), max(n - 2, 0))
        weight = (at - low).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        high = np.minimum(low + 1, n - 1)
        source = np.take(source, low, axis) * (1.0 - weight) + np.take(source, high, axis) * weight
    return source
