"""The colour of a star: from Gaia's BP-RP to a temperature, and from that to the linear RGB of a black body."""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from helios.fixed_order import product
from helios.simd import EXACT

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""Luminance of linear RGB with the Rec. 709 primaries and D65 white (ITU-R BT.709-6, item 3.2)."""

NO_COLOR = (1.0, 1.0, 1.0)
"""The colour of a star without a measured BP-RP: the display's white, which claims no hue."""

_XYZ_TO_RGB = np.array(
    [
        [3.2406, -1.5372, -0.4986],
        [-0.9689, 1.8758, 0.0415],
        [0.0557, -0.2040, 1.0570],
    ]
)
"""CIE XYZ to linear RGB with the Rec. 709 primaries and D65 white. IEC 61966-2-1:1999, equation F.8."""

_SECOND_RADIATION_CONSTANT_M_K = 1.438776877e-2
"""hc/k, metre kelvin. CODATA 2018, exact up to rounding."""

_HOT_BP_RP = np.linspace(-0.5, -0.25, 6)
_HOT_LOG_TEFF = 3.999 - 0.654 * _HOT_BP_RP + 0.709 * _HOT_BP_RP**2 - 0.316 * _HOT_BP_RP**3
"""O and early B stars: Jordi et al. 2010, A&A 523, A48, equation 2 (doi:10.1051/0004-6361/201015441)."""

_DWARFS = np.array(
    [  # BP-RP, Teff in kelvin
        (-0.120, 10700),  # B9V
        (-0.037, 9700),  # A0V
        (0.005, 9300),
        (0.068, 8840),
        (0.166, 8250),
        (0.263, 7760),
        (0.377, 7220),  # F0V
        (0.490, 6820),
        (0.587, 6550),
        (0.694, 6180),
        (0.784, 5930),  # G0V
        (0.823, 5770),
        (0.900, 5480),
        (0.983, 5290),  # K0V
        (1.100, 5100),
        (1.190, 4870),
        (1.340, 4600),
        (1.430, 4440),
        (1.530, 4300),
        (1.700, 4090),
        (1.840, 3850),  # M0V
        (2.090, 3660),
        (2.230, 3560),
        (2.500, 3430),
        (2.780, 3270),
        (2.940, 3210),
        (3.350, 3060),  # M5V
        (3.710, 2930),
        (4.160, 2810),
        (4.650, 2680),
        (4.860, 2570),
        (5.100, 2420),  # M8.5V
    ]
)
"""B9 to M8.5 stars: rows of the mean dwarf sequence of Pecaut & Mamajek 2013, ApJS 208, 9
(doi:10.1088/0067-0049/208/1/9), in Mamajek's table of 2024.05.15, the only relation measured in Gaia's own bands over
this whole range. It has no BP-RP for stars hotter than B9. There the synthetic relation above takes over; between the
two, log Teff is linear."""

_NODE_BP_RP = np.concatenate([_HOT_BP_RP, _DWARFS[:, 0]])
_NODE_LOG_TEFF = np.concatenate([_HOT_LOG_TEFF, np.log10(_DWARFS[:, 1])])

_LOOKUP_SIZE = 1024
_LOOKUP_PER_MAG = (_LOOKUP_SIZE - 1) / (_NODE_BP_RP[-1] - _NODE_BP_RP[0])


def teff_from_bp_rp(bp_rp: ArrayLike) -> NDArray[np.float64]:
    """Return effective temperatures in kelvin, float64, of the shape of `bp_rp` (magnitudes).

    log Teff is linear between published values. It falls strictly from 34,900 K at BP-RP = -0.5 to 2,420 K at 5.1 and
    is constant outside that range; NaN stays NaN. Reddening is not removed: a reddened star comes out as cool as it
    looks. The sources stand beside the tables above.
    """
    return 10.0 ** np.interp(np.asarray(bp_rp, np.float64), _NODE_BP_RP, _NODE_LOG_TEFF)


def color_from_bp_rp(bp_rp: ArrayLike) -> NDArray[np.float32]:
    """Return linear RGB [..., 3] float32 of luminance 1 for `bp_rp` [...] in magnitudes.

    That is the colour of a black body at the star's effective temperature. NaN, for a star without a measured colour,
    gives NO_COLOR; no output is NaN or negative. Costs one look-up in a small table per star; the first call makes the
    table, in 2 ms.
    """
    bp_rp = np.asarray(bp_rp)
    values = np.ascontiguousarray(bp_rp, np.float32 if bp_rp.dtype == np.float32 else np.float64).ravel()
    rgb = np.empty((len(values), 3), np.float32)
    _interpolate(values, _NODE_BP_RP[0], _NODE_BP_RP[-1], _LOOKUP_PER_MAG, _lookup(), rgb)
    return rgb.reshape(*bp_rp.shape, 3)


@njit(**EXACT)
def _interpolate(bp_rp, least, most, per_mag, table, rgb):
    for i in range(len(bp_rp)):
        place = (min(max(np.float64(bp_rp[i]), least), most) - least) * per_mag
        if np.isnan(bp_rp[i]):
            rgb[i] = NO_COLOR
            continue
        node = min(int(place), len(table) - 2)
        weight = np.float32(place - node)
        for k in range(3):
            rgb[i, k] = table[node, k] * (np.float32(1.0) - weight) + table[node + 1, k] * weight


@cache
def _lookup() -> NDArray[np.float32]:
    """Linear RGB [1024, 3] at equal steps of BP-RP. Linear interpolation between luminances of 1 has luminance 1."""
    bp_rp = np.linspace(_NODE_BP_RP[0], _NODE_BP_RP[-1], _LOOKUP_SIZE)
    return blackbody_rgb(teff_from_bp_rp(bp_rp)).astype(np.float32)


def blackbody_rgb(teff_k: ArrayLike) -> NDArray[np.float64]:
    """Return linear RGB [..., 3], luminance 1 and no channel negative, of black bodies at `teff_k` [...] kelvin.

    Below about 1,900 K a black body lies outside the gamut of the display; it is mixed with white of the same luminance
    until no channel is negative.
    """
    rgb = product(blackbody_xyz(teff_k), _XYZ_TO_RGB.T)
    rgb /= product(rgb, LUMINANCE)[..., None]
    lowest = rgb.min(axis=-1, keepdims=True)
    return 1.0 + (rgb - 1.0) / np.maximum(1.0, 1.0 - lowest)


def blackbody_xyz(teff_k: ArrayLike) -> NDArray[np.float64]:
    """Return CIE 1931 XYZ [..., 3] of black bodies at `teff_k` [...] kelvin, with X + Y + Z = 1.

    Planck's law is summed over 380 to 780 nm in steps of 5 nm; finer steps change no chromaticity by as much as 1e-4.
    """
    wavelength_nm = np.arange(380.0, 781.0, 5.0)
    wavelength_m = wavelength_nm * 1e-9
    exponent = _SECOND_RADIATION_CONSTANT_M_K / (wavelength_m * np.asarray(teff_k, np.float64)[..., None])
    radiance = wavelength_nm**-5 / np.expm1(exponent)
    xyz = product(radiance, _matching_functions(wavelength_nm))
    return xyz / xyz.sum(axis=-1, keepdims=True)


def _matching_functions(wavelength_nm: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE 1931 2-degree colour matching functions [W, 3]: the fit of Wyman, Sloan & Shirley 2013, JCGT 2(2), 1-11,
    section 2.2. Against the tabulated functions it moves a black body above 2,400 K by 0.002 in x and y at most."""

    def lobe(height, centre, below, above):
        offset = wavelength_nm - centre
        return height * np.exp(-0.5 * (offset * np.where(offset < 0, below, above)) ** 2)

    x = lobe(1.056, 599.8, 0.0264, 0.0323) + lobe(0.362, 442.0, 0.0624, 0.0374) - lobe(0.065, 501.1, 0.0490, 0.0382)
    y = lobe(0.821, 568.8, 0.0213, 0.0247) + lobe(0.286, 530.9, 0.0613, 0.0322)
    z = lobe(1.217, 437.0, 0.0845, 0.0278) + lobe(0.681, 459.0, 0.0385, 0.0725)
    return np.stack([x, y, z], axis=-1)
