"""The integers of pack v2: places, magnitudes, colours, sizes, errors and extents, each with its inverse.

Every function is vectorised. Places are metres, barycentric mean ecliptic J2000, float64; "from the Sun" is from the
origin. `client_export/FORMAT.md` has the same formulas in words.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from helios.color import NO_COLOR, color_from_bp_rp
from helios.constants import R_MIN_M
from helios.errors import InputError
from helios.simd import EXACT
from helios.spherical import steps

LON_BITS, COL_BITS, RAD_BITS = 23, 23, 25
"""Bits of the longitude's circle, of the half circle of colatitude, and of 64 doublings of the distance: a step is
0.08 arcsec in both angles and 1.3e-6 of the distance, so a middle is off by half of that at most."""

UNKNOWN_COLOR = 127
"""The colour index of a star without a measured colour, which is drawn white."""

_BP_RP_FROM, _BP_RP_SPAN = -0.5, 5.6
_MAG_ZERO, _MAG_STEPS = 100.0, 100.0
_SIZE_STEPS, _SMALLEST_LOG2 = 6.0, -17.0
_EXTENT_STEPS, _ERROR_STEPS = 4.0, 16.0


def quantised(position_m: ArrayLike) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]]:
    """Return (lon, col, rad), each uint32 [N], of positions [N, 3].

    By the formulas of `helios.grid.HLGrid.locate`: the upper d + 1, d and d + 1 bits are theta, phi and l of the cell
    of depth d that holds the position. A distance that no cell has is put into the first or the last shell. Raises
    InputError for a position that is not finite.
    """
    position = np.asarray(position_m, np.float64).reshape(-1, 3)
    if not np.isfinite(position).all():
        row = int(np.argmin(np.isfinite(position).all(axis=1)))
        raise InputError(f"position {row} is {position[row].tolist()} m, must be finite to be packed")
    lon, col, rad = steps(position, LON_BITS, COL_BITS, RAD_BITS)
    return lon, col, rad


def positions_m(lon: ArrayLike, col: ArrayLike, rad: ArrayLike) -> NDArray[np.float64]:
    """Return positions [N, 3], metres: the middles of the steps lon, col and rad, each [N]."""
    longitude = (np.asarray(lon, np.float64) + 0.5) * (2.0 * np.pi / 2**LON_BITS) - np.pi
    colatitude = (np.asarray(col, np.float64) + 0.5) * (np.pi / 2**COL_BITS)
    r = distances_m(rad)
    flat = r * np.sin(colatitude)
    return np.stack([flat * np.cos(longitude), flat * np.sin(longitude), r * np.cos(colatitude)], axis=-1)


def distances_m(rad: ArrayLike) -> NDArray[np.float64]:
    """Return distances from the Sun [N], metres: the middles of the steps `rad` [N]."""
    return R_MIN_M * np.exp2((np.asarray(rad, np.float64) + 0.5) * (64.0 / 2**RAD_BITS))


def magnitude_steps(phot_g_mean_mag: ArrayLike) -> NDArray[np.uint16]:
    """Return uint16 [N]: 100 (G + 100) of apparent magnitudes [N], rounded and held to the range."""
    steps = np.rint(_MAG_STEPS * (np.asarray(phot_g_mean_mag, np.float64) + _MAG_ZERO))
    return np.clip(steps, 0, 65535).astype(np.uint16)


def proxy_magnitude_steps(phot_g_mean_mag: ArrayLike) -> NDArray[np.uint16]:
    """Return even uint16 [N], as `magnitude_steps` but in steps of 20 mmag: those of proxies."""
    steps = 2.0 * np.rint(_MAG_STEPS / 2.0 * (np.asarray(phot_g_mean_mag, np.float64) + _MAG_ZERO))
    return np.clip(steps, 0, 65534).astype(np.uint16)


def magnitudes(mag: ArrayLike) -> NDArray[np.float64]:
    """Return apparent magnitudes G [N] of the steps `mag` [N]."""
    return np.asarray(mag, np.float64) / _MAG_STEPS - _MAG_ZERO


def color_indices(bp_rp: ArrayLike) -> NDArray[np.uint8]:
    """Return uint8 [N]: 0 to 126 for BP-RP from -0.5 to 5.1, held to that range, and UNKNOWN_COLOR for NaN."""
    bp_rp = np.asarray(bp_rp)
    values = np.ascontiguousarray(bp_rp, np.float32 if bp_rp.dtype == np.float32 else np.float64).ravel()
    found = np.empty(len(values), np.uint8)
    _color_steps(values, found)
    return found.reshape(bp_rp.shape)


@njit(**EXACT)
def color_step(bp_rp):
    """Return the colour index of one BP-RP."""
    if np.isnan(bp_rp):
        return np.uint8(UNKNOWN_COLOR)
    held = min(max(np.float64(bp_rp), _BP_RP_FROM), _BP_RP_FROM + _BP_RP_SPAN)
    return np.uint8(np.rint((held - _BP_RP_FROM) / _BP_RP_SPAN * 126.0))


@njit(**EXACT)
def _color_steps(bp_rp, found):
    for i in range(len(bp_rp)):
        found[i] = color_step(bp_rp[i])


@cache
def palette() -> NDArray[np.float64]:
    """Return linear RGB [128, 3] of luminance 1 of the colour indices; the last is that of UNKNOWN_COLOR."""
    curve = color_from_bp_rp(_BP_RP_FROM + np.arange(127) * (_BP_RP_SPAN / 126.0))
    colors = np.concatenate([curve, [NO_COLOR]]).astype(np.float64)
    colors.setflags(write=False)
    return colors


def nearest_colors(rgb: ArrayLike) -> NDArray[np.uint8]:
    """Return uint8 [N]: the index whose colour is nearest to linear RGB [N, 3] of luminance 1; the least of equals."""
    rgb = np.ascontiguousarray(np.asarray(rgb, np.float64).reshape(-1, 3))
    found = np.empty(len(rgb), np.uint8)
    _nearest(rgb, palette(), found)
    return found


# Without fast-math: a fused multiplication would choose another of two equally near colours on another processor.
@njit(cache=True, nogil=True)
def _nearest(rgb, colors, found):
    for i in range(len(rgb)):
        least = np.inf
        for k in range(len(colors)):
            red, green, blue = rgb[i, 0] - colors[k, 0], rgb[i, 1] - colors[k, 1], rgb[i, 2] - colors[k, 2]
            distance = red * red + green * green + blue * blue
            if distance < least:
                least = distance
                found[i] = k


def size_steps(sigma_over_r: ArrayLike) -> NDArray[np.uint8]:
    """Return uint8 [N]: 0 for a point, else 1 to 127, nearest in the logarithm of sigma / r [N].

    `r` is the distance from the Sun that a reader decodes.
    """
    share = np.asarray(sigma_over_r, np.float64)
    steps = np.rint((_log2(share) - _SMALLEST_LOG2) * _SIZE_STEPS) + 1.0
    return np.where(share > 0, np.clip(steps, 1, 127), 0).astype(np.uint8)


def sizes(size: ArrayLike) -> NDArray[np.float64]:
    """Return sigma / r [N] of the steps `size` [N]."""
    size = np.asarray(size, np.float64)
    return np.where(size > 0, np.exp2((size - 1.0) / _SIZE_STEPS + _SMALLEST_LOG2), 0.0)


def error_steps(error: ArrayLike) -> NDArray[np.uint8]:
    """Return uint8, of the shape of `error`: 0 to 254 from an error of 2 downwards, 255 for none."""
    error = np.asarray(error, np.float64)
    steps = np.rint((1.0 - _log2(error)) * _ERROR_STEPS)
    return np.where(error > 0, np.clip(steps, 0, 254), 255).astype(np.uint8)


def errors_of(steps: ArrayLike) -> NDArray[np.float64]:
    """Return the errors of `steps`, a share of a cell's light, of the same shape."""
    steps = np.asarray(steps, np.float64)
    return np.where(steps < 255, 2.0 * np.exp2(-steps / _ERROR_STEPS), 0.0)


def extent_steps(extent_m: ArrayLike) -> NDArray[np.uint8]:
    """Return uint8 [N], 1 to 255: nearest in the logarithm of extents [N], metres, from r_min up; 0 for an extent 0."""
    extent = np.asarray(extent_m, np.float64)
    steps = np.rint(_log2(extent / R_MIN_M) * _EXTENT_STEPS) + 1.0
    return np.where(extent > 0, np.clip(steps, 1, 255), 0).astype(np.uint8)


def extents_m(steps: ArrayLike) -> NDArray[np.float64]:
    """Return the extents [N], metres, of `steps` [N]; 0 for the step 0."""
    steps = np.asarray(steps, np.float64)
    return np.where(steps > 0, R_MIN_M * np.exp2((steps - 1.0) / _EXTENT_STEPS), 0.0)


def _log2(value: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log2(np.where(value > 0, value, 1.0))
