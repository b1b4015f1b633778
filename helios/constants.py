"""Numbers that the whole project agrees on, with their sources."""

import numpy as np

AU_M = 149_597_870_700.0
"""Astronomical unit, metres. IAU 2012 Resolution B2, exact."""

PARSEC_M = AU_M * 648_000.0 / np.pi
"""Parsec, metres. IAU 2015 Resolution B2, note 4: 648000/pi au."""

LIGHT_M_PER_S = 299_792_458.0
"""Speed of light, metres per second. SI, exact."""

JULIAN_YEAR_S = 365.25 * 86_400.0
"""Julian year, seconds. IAU."""

LIGHT_YEAR_M = LIGHT_M_PER_S * JULIAN_YEAR_S
"""Light-year, metres: how far light travels in a Julian year."""

R_MIN_M = 4.6e10
"""Inner radius of the grid, metres: about the perihelion of Mercury. There are no cells inside it."""

MAGNITUDES = (-30.0, 50.0)
"""Least and greatest apparent magnitude of a star. The Sun has -26.9; catalogues write 99 where they have none."""

OMEGA_0_SR = 7e-6
"""Solid angle that a star of apparent magnitude 0 covers at exposure 1, steradians: chosen, see docs/design.md."""

EPS_PX2 = 0.5
"""Variance of the pixel filter, px^2: what gsplat calls `eps2d`, whose own default is 0.3.

Sampled at the centres of pixels, a star's pixels then add up to the same light wherever in a pixel it stands: to 0.2
mmag, where 0.3 leaves 11.6 (Poisson summation: 2 exp(-2 pi^2 eps) per axis).
"""

ICRS_TO_ECLIPTIC = np.array(
    [
        [9.9999999999999412e-01, -7.0783689609715561e-08, 8.0562139776131861e-08],
        [3.2897004077419646e-08, 9.1748212991495837e-01, 3.9777699944404793e-01],
        [-1.0207044725484355e-07, -3.9777699944404304e-01, 9.1748212991495559e-01],
    ]
)
"""Rotation of ICRS Cartesian axes to the mean ecliptic and equinox of J2000: astropy's `BarycentricMeanEcliptic`.

Kept as numbers so that a build need not import astropy; a test holds it against astropy itself.
"""
