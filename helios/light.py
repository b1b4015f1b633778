"""The law of light: how much of the sky a star covers, and the splat that covers as much."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.constants import OMEGA_0_SR


def solid_angle_sr(phot_g_mean_mag: ArrayLike) -> NDArray[np.float64]:
    """Return Omega(m) = Omega_0 * 10^(-0.4 m), steradians [N], of apparent magnitudes [N] (Pogson's law)."""
    return OMEGA_0_SR * 10.0 ** (-0.4 * np.asarray(phot_g_mean_mag, np.float64))


def luminosity(phot_g_mean_mag: ArrayLike, distance: ArrayLike) -> NDArray[np.float64]:
    """Return d_0^2 Omega(m) [N], steradians times the square of the unit of `distance` [N].

    From any distance d the star covers luminosity / d^2 steradians; the luminosity is the same from everywhere.
    """
    return np.asarray(distance, np.float64) ** 2 * solid_angle_sr(phot_g_mean_mag)


def apparent_magnitude(luminosities: ArrayLike, distance: ArrayLike) -> NDArray[np.float64]:
    """Return the apparent magnitudes [N] of `luminosities` [N] from `distance` [N]: the inverse of `luminosity`."""
    omega = np.asarray(luminosities, np.float64) / np.asarray(distance, np.float64) ** 2
    return -2.5 * np.log10(omega / OMEGA_0_SR)


def splat_luminosity(opacities: ArrayLike, scales: ArrayLike) -> NDArray[np.float64]:
    """Return 2 pi tau sigma^2 [K], steradians times the square of the unit of `scales`.

    `opacities` [K] is tau at exposure 1, not limited to 1; `scales` [K, 3] are standard deviations, and sigma is their
    geometric mean. This is exact for isotropic splats. For others the mean over directions is larger by a fraction of
    4/15 of the sum of squares of ln(scale / sigma), to second order.
    """
    sigma = np.exp(np.mean(np.log(np.asarray(scales, np.float64)), axis=-1))
    return 2.0 * np.pi * np.asarray(opacities, np.float64) * sigma**2


def opacity_of(luminosities: ArrayLike, sigma: ArrayLike) -> NDArray[np.float64]:
    """Return tau [K] of isotropic splats of size `sigma` [K] that carry `luminosities` [K] (unit of sigma squared)."""
    return np.asarray(luminosities, np.float64) / (2.0 * np.pi * np.asarray(sigma, np.float64) ** 2)


def magnitudes_fainter(light: ArrayLike, reference: ArrayLike) -> NDArray[np.float64]:
    """Return by how many magnitudes `light` is fainter than `reference`, in any one unit (Pogson's law)."""
    return -2.5 * np.log10(np.asarray(light, np.float64) / np.asarray(reference, np.float64))
