"""The mean light of a splat is what many directions see of it, to Carlson's last digit."""

import numpy as np
import pytest

from helios.light import splat_luminosity
from helios.rendering.mean_light import mean_light
from helios.training.cameras import fibonacci_sphere


@pytest.mark.parametrize(
    "scales", [[1, 1, 1], [1, 1, 1.0001], [1, 2, 3], [10, 1, 1], [1, 10, 10], [1e-3, 0.01, 0.02], [3e-9, 1e-8, 2e-9]]
)
def test_it_is_the_mean_over_directions(scales):
    """A shadow of the ellipsoid along n covers pi sqrt(sum (n_i s_j s_k)^2)."""
    a, b, c = (float(s) for s in scales)
    squares = np.array([b * c, a * c, a * b]) ** 2
    shadows = np.sqrt(fibonacci_sphere(200_000) ** 2 @ squares)
    assert mean_light([0.7], [scales])[0] == pytest.approx(2 * np.pi * 0.7 * shadows.mean(), rel=1e-8)


def test_of_a_ball_it_is_the_luminosity():
    sizes = np.repeat(np.geomspace(1e-9, 1.0, 7)[:, None], 3, axis=1)
    np.testing.assert_allclose(mean_light(np.ones(7), sizes), splat_luminosity(np.ones(7), sizes), rtol=1e-14)


def test_of_a_long_one_it_follows_the_second_order_of_its_docstring():
    """`splat_luminosity` is less by 4/15 of the sum of squares of ln(scale / sigma)."""
    logs = np.array([[0.05, -0.02, -0.03]])
    excess = mean_light([1.0], np.exp(logs)) / splat_luminosity([1.0], np.exp(logs)) - 1
    assert excess[0] == pytest.approx(4 / 15 * (logs**2).sum(), rel=0.05)
