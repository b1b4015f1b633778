"""The law of light in numbers: Pogson's ratio, the inverse square, and the flux of a splat.

A splat's flux is integrated over a picture plane here, pixel by pixel and direction by direction, which is what the
closed formula claims to be.
"""

import numpy as np
import pytest

from helios.light import luminosity, opacity_of, solid_angle_sr, splat_luminosity


def test_five_magnitudes_are_a_factor_of_a_hundred():
    assert solid_angle_sr(0.0) == pytest.approx(7e-6)
    assert solid_angle_sr(-1.46) / solid_angle_sr(3.54) == pytest.approx(100.0)
    assert solid_angle_sr(1.0) / solid_angle_sr(2.0) == pytest.approx(2.5118864315095801)


def test_luminosity_is_the_stars_own():
    # The same star catalogued from ten times as far is five magnitudes fainter.
    assert luminosity(1.0, 3.0) == pytest.approx(luminosity(6.0, 30.0))


def test_opacity_and_luminosity_undo_each_other():
    sigma = np.array([1e-4, 0.02, 3.0])
    light = np.array([1e-9, 1e-3, 5.0])
    scales = np.repeat(sigma[:, None], 3, axis=1)
    np.testing.assert_allclose(splat_luminosity(opacity_of(light, sigma), scales), light, rtol=1e-13)


def test_an_isotropic_splat_has_the_flux_of_its_picture():
    sigma, tau, distance = 0.01, 0.03, 10.0
    step = sigma / 8
    y, x = np.mgrid[-80:81, -80:81] * step
    covered = tau * np.exp(-(x**2 + y**2) / (2 * sigma**2)) * (step / distance) ** 2
    got = splat_luminosity([tau], [[sigma] * 3])[0] / distance**2
    assert got == pytest.approx(covered.sum(), rel=1e-9)


@pytest.mark.parametrize("logs", [(0.1, 0.0, -0.1), (0.2, -0.1, -0.1)])
def test_an_anisotropic_splat_has_about_the_mean_flux_over_directions(logs):
    rng = np.random.default_rng(2)
    view = rng.normal(size=(200_000, 3))
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    scales = 0.02 * np.exp(logs)
    # Area of the projection along u: sqrt(det of S without u) = s1 s2 s3 sqrt(u S^-1 u).
    area = np.prod(scales) * np.sqrt((view**2 / scales**2).sum(axis=1))
    excess = 2 * np.pi * area.mean() / splat_luminosity([1.0], [scales])[0] - 1
    predicted = 4 / 15 * np.sum(np.square(logs))
    # The next term is of third order; 3 standard errors of the mean are 3e-4.
    assert excess == pytest.approx(predicted, abs=np.max(np.abs(logs)) ** 3 + 3e-4)
