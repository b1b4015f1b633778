"""Distances from parallaxes against two integrations that share nothing with them.

One is a plain sum of 200,000 terms of the posterior as published (Bailer-Jones 2015, eq. 18), in ln r, over all that
is within exp(-60) of the highest: equal steps of a smooth density that vanishes at both ends converge faster than any
power of the step. The other is mpmath with 30 digits, in r. The grid runs from stars that are said to be behind us by
50 errors to ones known to 1e-5, and has the two-peaked posteriors between.
"""

from itertools import pairwise

import mpmath
import numpy as np
import pytest

from helios.catalog.distances import edsd_distances_pc, edsd_mode_pc, edsd_quantiles_pc
from helios.errors import InputError

LEVELS = (0.16, 0.5, 0.84)
RATIOS = [-50.0, -7.0, -1.0, -0.01, 0.0, 0.3, 1.0, 2.5, 3.35, 4.0, 5.0, 6.5, 8.0, 10.0, 30.0, 1e3, 1e5]
ERRORS = [1e-3, 0.02, 0.3, 4.0, 100.0]
SCALES = [10.0, 450.0, 1350.0, 5000.0]
GRID = np.array([(ratio * error, error, scale) for ratio in RATIOS for error in ERRORS for scale in SCALES]).T


def log_posterior(r_pc, parallax, error, scale):
    """Bailer-Jones 2015, eq. 18, without its constant."""
    return 2.0 * np.log(r_pc) - r_pc / scale - 0.5 * ((parallax - 1000.0 / r_pc) / error) ** 2


def direct_quantiles(parallax, error, scale):
    u = np.linspace(np.log(scale) - 40.0, np.log(scale) + 15.0, 20_001)
    for count in (20_001, 20_001, 200_001):
        log_density = log_posterior(np.exp(u), parallax, error, scale) + u
        inside = np.flatnonzero(log_density > log_density.max() - 60.0)
        u = np.linspace(u[max(inside[0] - 1, 0)], u[min(inside[-1] + 1, len(u) - 1)], count)
    log_density = log_posterior(np.exp(u), parallax, error, scale) + u
    density = np.exp(log_density - log_density.max())
    below = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return np.exp(np.interp(np.array(LEVELS) * below[-1], below, u))


def seeded(count):
    rng = np.random.default_rng(7)
    ratio = np.where(rng.random(count) < 0.5, rng.uniform(-50, 20, count), 10.0 ** rng.uniform(-2, 5, count))
    error = 10.0 ** rng.uniform(-4, 2, count)
    return ratio * error, error, 10.0 ** rng.uniform(1, np.log10(5000), count)


@pytest.mark.parametrize("stars", [GRID, seeded(160)], ids=["grid", "seeded"])
def test_quantiles_are_those_of_a_direct_sum(stars):
    got = edsd_quantiles_pc(*stars, LEVELS)
    expected = np.array([direct_quantiles(*star) for star in np.array(stars).T])
    # Linear interpolation between 200,001 places over 20 widths is good to (1e-4)^2 of a width.
    assert np.abs(got / expected - 1.0).max() < 2e-8


@pytest.mark.parametrize("ratio", [-50.0, 0.0, 3.35, 5.0, 12.0, 1e5])
@pytest.mark.parametrize(("error", "scale"), [(0.02, 1350.0), (4.0, 1350.0)])
def test_quantiles_are_those_of_mpmath(ratio, error, scale):
    quantiles = [mpmath.mpf(float(r)) for r in edsd_quantiles_pc(ratio * error, error, scale, LEVELS)]
    mode = mpmath.mpf(float(edsd_mode_pc(ratio * error, error, scale)))
    w, s, length = mpmath.mpf(ratio * error) / 1000, mpmath.mpf(error) / 1000, mpmath.mpf(scale)

    def density(r):
        return mpmath.exp(2 * mpmath.log(r / mode) - (r - mode) / length - ((w - 1 / r) / s) ** 2 / 2)

    with mpmath.workdps(30):
        # Ends of pieces: many around the mode at its own width, and some a decade for what is far from it.
        width = min(mode / max(ratio, 1.0), mode / 2)
        near = [mode + width * step for step in np.linspace(-12, 12, 49) if mode + width * step > 0]
        wide = [length * mpmath.mpf(10) ** power for power in np.linspace(-5, 2.3, 60)]
        pieces = list(pairwise(sorted({*near, *wide, *quantiles})))
        masses = [mpmath.quad(density, piece, maxdegree=4) for piece in pieces]
        total = sum(masses)
        for level, r in zip(LEVELS, quantiles):
            below = sum(mass for mass, piece in zip(masses, pieces) if piece[1] <= r)
            assert abs((below - level * total) / (density(r) * r)) < 1e-9


def test_the_mode_is_a_stationary_point_and_a_maximum():
    parallax, error, scale = seeded(20_000)
    mode = edsd_mode_pc(parallax, error, scale)
    x, a, b = mode / scale, parallax * scale / 1000, error * scale / 1000
    terms = np.array([b**2 * x**3, -2 * b**2 * x**2, a * x, np.full_like(x, -1.0)])
    # The cubic vanishes to the rounding of its own terms.
    assert (np.abs(terms.sum(axis=0)) <= 4e-15 * np.abs(terms).sum(axis=0)).all()
    # Twice differentiated in ln r at a stationary point: -x^2 (d^2 ln P / dr^2) in units of L.
    assert (2.0 + 3.0 / (x * b) ** 2 - 2.0 * a / (x * b**2) > -1e-6).all()


def test_of_three_roots_the_mode_is_the_smallest():
    parallax, error, scale = seeded(4000)
    error = error * 10.0
    mode = edsd_mode_pc(parallax, error, scale)
    three = 0
    for w, s, length, got in zip(parallax / 1000, error / 1000, scale, mode):
        roots = np.roots([s**2 * length**2, -2 * s**2 * length**2, w * length, -1.0])
        real = np.sort(roots[np.abs(roots.imag) < 1e-9 * np.abs(roots)].real)
        positive = real[real > 0]
        three += len(positive) == 3
        # np.roots is uncertain by rounding over the distance of the roots.
        np.testing.assert_allclose(got / length, positive[0], rtol=1e-5)
    assert three > 100


def test_quantiles_are_ordered_and_fall_as_the_parallax_grows():
    ratio = np.concatenate([np.linspace(-50, 30, 4001), np.geomspace(31, 1e5, 500)])
    for error, scale in ((0.01, 10.0), (0.3, 1350.0), (4.0, 1350.0), (100.0, 5000.0)):
        quantiles = edsd_quantiles_pc(ratio * error, error, scale, (0.05, *LEVELS, 0.95))
        assert (quantiles > 0).all()
        assert (np.diff(quantiles, axis=1) > 0).all()
        # 1/r = w + noise has a monotone likelihood ratio: every quantile falls, and the mode too, jumps included.
        assert (np.diff(quantiles, axis=0) < 0).all()
        assert (np.diff(edsd_mode_pc(ratio * error, error, scale)) < 0).all()


def test_a_small_error_gives_the_inverse_of_the_parallax():
    parallax = np.array([800.0, 10.0, 0.5])
    for error in (1e-5, 1e-9, 1e-14):
        got = edsd_distances_pc(parallax, error * parallax, 1350.0)
        inverse = 1000.0 / parallax
        # The prior moves the mode by (2 - r/L) (s/w)^2, and one error is s/w.
        np.testing.assert_allclose(got.mode, inverse, rtol=3 * error**2 + 1e-15)
        one_sigma = 0.9944578832097532
        np.testing.assert_allclose(got.upper / inverse - 1.0, one_sigma * error, rtol=9 * error, atol=1e-15)
        np.testing.assert_allclose(1.0 - got.lower / inverse, one_sigma * error, rtol=9 * error, atol=1e-15)


def test_a_useless_parallax_gives_the_prior():
    got = edsd_quantiles_pc([3.0, -3.0], 1e9, [10.0, 5000.0], LEVELS)
    np.testing.assert_allclose(edsd_mode_pc([3.0, -3.0], 1e9, [10.0, 5000.0]), [20.0, 10_000.0], rtol=1e-6)
    for row, scale in zip(got, (10.0, 5000.0)):
        below = [float(mpmath.gammainc(3, 0, r / scale, regularized=True)) for r in row]
        np.testing.assert_allclose(below, LEVELS, rtol=1e-6)


def test_distances_scale_with_the_unit_of_length():
    parallax, error, scale = seeded(500)
    once = np.array(edsd_distances_pc(parallax, error, scale))
    np.testing.assert_allclose(np.array(edsd_distances_pc(parallax / 8, error / 8, scale * 8)), 8 * once, rtol=1e-12)


def test_a_star_has_the_same_distance_alone_and_among_many():
    parallax, error, scale = seeded(9001)
    together = edsd_distances_pc(parallax, error, scale)
    for i in (0, 4095, 4096, 9000):
        alone = edsd_distances_pc(parallax[i], error[i], scale[i])
        assert alone.mode.shape == alone.lower.shape == ()
        np.testing.assert_allclose(alone, [column[i] for column in together], rtol=1e-13)
    assert edsd_quantiles_pc([], [], 1350.0).shape == (0, 2)
    assert edsd_distances_pc(parallax.reshape(9001, 1), error.reshape(9001, 1), [10.0, 100.0]).upper.shape == (9001, 2)


def test_nothing_overflows_far_outside_what_catalogues_hold():
    rng = np.random.default_rng(11)
    ratio = np.concatenate([-(10.0 ** rng.uniform(-6, 4, 20_000)), 10.0 ** rng.uniform(-6, 14, 40_000)])
    error, scale = 10.0 ** rng.uniform(-12, 8, len(ratio)), 10.0 ** rng.uniform(-2, 7, len(ratio))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        mode, lower, upper = edsd_distances_pc(ratio * error, error, scale)
    assert np.isfinite(np.array([mode, lower, upper])).all()
    assert (lower > 0).all()
    assert (lower <= upper).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0], [0.1, 0.0], 1350.0), "row 1: parallax_error 0, must be finite and > 0 (leave such rows out)"),
        (([1.0, 2.0], [-0.1, 1.0], 1350.0), "row 0: parallax_error -0.1, must be finite and > 0"),
        (([1.0, 2.0], [0.1, np.nan], 1350.0), "row 1: parallax_error nan, must be finite and > 0"),
        (([1.0, np.nan], 0.1, 1350.0), "row 1: parallax nan, must be finite (leave"),
        (([1.0, np.inf], 0.1, 1350.0), "row 1: parallax inf, must be finite"),
        ((1.0, 0.1, 0.0), "row 0: length_scale_pc 0, must be finite and > 0"),
    ],
)
@pytest.mark.parametrize("function", [edsd_mode_pc, edsd_quantiles_pc, edsd_distances_pc])
def test_what_is_no_measurement_is_refused(function, arguments, message):
    with pytest.raises(InputError) as caught:
        function(*arguments)
    assert str(caught.value).startswith(message)
    assert isinstance(caught.value, ValueError)


def test_levels_outside_the_unit_interval_are_refused():
    with pytest.raises(InputError, match=r"levels \(0.5, 1.0\): must lie in"):
        edsd_quantiles_pc(1.0, 0.1, 1350.0, (0.5, 1.0))
