"""The ground truth is what its float64 twin draws, loses no light in a crowd, and is the same on any number of threads.

The crowded scene has emitters over six decades of brightness in a small frame: many are brighter than white, many lie
on top of each other, some lie outside, behind the camera or on the edge.
"""

import numpy as np
import pytest

from helios.errors import InputError
from helios.rendering.truth import render_truth
from helios.rendering.truth_numpy import render_truth_float64

WIDTH, HEIGHT = 50, 37


@pytest.fixture
def crowd(look_at_origin):
    draw = np.random.default_rng(5)
    viewmats, Ks = look_at_origin(3, 0.8, WIDTH, HEIGHT)  # so near that emitters are behind and outside
    luminosities = 10 ** draw.uniform(-8, -2, 250)
    return draw.uniform(-1, 1, (250, 3)), luminosities, draw.uniform(0.2, 1.2, (250, 3)), viewmats, Ks


def test_a_crowd_is_as_in_float64(crowd):
    means, luminosities, colors, viewmats, Ks = crowd
    image = render_truth(*crowd, WIDTH, HEIGHT, 2.0)
    rounded = (np.float32(means), np.float32(luminosities), np.float32(colors))
    twin = render_truth_float64(*rounded, viewmats, Ks, WIDTH, HEIGHT, 2.0)
    assert image.dtype == np.float32
    assert image.shape == (3, HEIGHT, WIDTH, 3)
    # What is cut where the filter has fallen to LOST, and the rounding of float32.
    assert np.abs(image - twin).max() < 1e-7 * twin.max()
    assert (twin > 1.0).sum() > 100
    depths = means @ viewmats[:, 2, :3].T + 0.8
    assert (depths < 0).any()


def test_even_light_is_that_of_the_axis_wherever_an_emitter_is(crowd):
    image = render_truth(*crowd, WIDTH, HEIGHT, 2.0, even=True)
    rounded = (*(np.float32(column) for column in crowd[:3]), *crowd[3:])
    twin = render_truth_float64(*rounded, WIDTH, HEIGHT, 2.0, even=True)
    assert np.abs(image - twin).max() < 1e-7 * twin.max()
    K = np.array([[[100.0, 0, 101.0], [0, 100.0, 101.0], [0, 0, 1]]])
    places = np.array([[0.0, 0.0, 2.0], [1.2, 0.0, 1.6], [0.8, 1.2, np.sqrt(1.92)]])  # as far, up to 46 degrees aside
    sums = [
        render_truth([place], [1e-4], np.ones((1, 3)), [np.eye(4)], K, 202, 202, even=True).sum() for place in places
    ]
    # The filter is sampled at the centres of pixels: 0.02 %.
    np.testing.assert_allclose(sums, 3 * 1e-4 * 100.0**2 / 4, rtol=1e-3)


def test_the_same_bytes_on_any_number_of_threads_and_for_any_subset_of_the_cameras(crowd):
    *emitters, viewmats, Ks = crowd
    one = render_truth(*crowd, WIDTH, HEIGHT, 2.0, threads=1)
    assert np.array_equal(one, render_truth(*crowd, WIDTH, HEIGHT, 2.0, threads=2))
    assert np.array_equal(one, render_truth(*crowd, WIDTH, HEIGHT, 2.0, threads=7))
    assert np.array_equal(one[1:2], render_truth(*emitters, viewmats[1:2], Ks[1:2], WIDTH, HEIGHT, 2.0))


def test_ten_thousand_emitters_in_one_pixel_lose_no_light():
    n, faint = 10_000, 1e-8
    K = np.array([[[100.0, 0, 8.5], [0, 100.0, 8.5], [0, 0, 1]]])
    means = np.tile([0.0, 0.0, 1.0], (n, 1))
    peak = faint * 100.0**2 / (2 * np.pi * 0.5)
    image = render_truth(means, np.full(n, faint), np.ones((n, 3)), [np.eye(4)], K, 17, 17)
    assert image[0, 8, 8] == pytest.approx(n * peak, rel=1e-6)
    d2 = (np.arange(17) - 8) ** 2
    assert image[0].sum() == pytest.approx(3 * n * peak * np.exp(-(d2 + d2[:, None]) / (2 * 0.5)).sum(), rel=1e-6)


def test_fifty_thousand_emitters_have_the_sum_of_their_light():
    n, exposure, focal = 50_000, 1e-6, 200.0
    draw = np.random.default_rng(3)
    depth = draw.uniform(2, 4, n)
    x, y = draw.uniform(8, 56, (2, n))  # pixels, well inside the frame
    means = np.float32(np.stack([(x - 32) * depth / focal, (y - 32) * depth / focal, depth], axis=1))
    luminosities = np.float32(10 ** draw.uniform(-6, -3, n))
    K = np.array([[[focal, 0, 32.0], [0, focal, 32.0], [0, 0, 1]]])
    image = render_truth(means, luminosities, np.ones((n, 3)), [np.eye(4)], K, 64, 64, exposure)
    z = means[:, 2].astype(float)
    flux = exposure * luminosities * focal**2 * np.linalg.norm(means.astype(float), axis=1) / z**3
    places = focal * means[:, :2].astype(float) / z[:, None] + 32 - 0.5
    # Poisson summation, as in test_flux.
    per_axis = 1 + sum(2 * np.cos(2 * np.pi * k * places) * np.exp(-2 * (np.pi * k) ** 2 * 0.5) for k in (1, 2, 3))
    assert image[0, ..., 1].sum(dtype=float) == pytest.approx((flux * per_axis.prod(1)).sum(), rel=1e-6)


def test_untouched_pixels_are_exactly_zero_and_no_emitters_is_black(look_at_origin):
    viewmats, Ks = look_at_origin(1, 4.0, 32, 32)
    image = render_truth([[0, 0, 0]], [1e-4], [[1, 1, 1]], viewmats, Ks, 32, 32)
    assert image.max() > 0
    assert np.all(image[0, :11] == 0)
    assert np.all(image[0, :, 22:] == 0)
    nothing = render_truth(np.empty((0, 3)), np.empty(0), np.empty((0, 3)), viewmats, Ks, 32, 32)
    assert np.all(nothing == 0)


def test_emitters_behind_or_at_the_camera_are_not_drawn():
    means = [[0, 0, -1.0], [0, 0, 0.0], [0, 0, 5e-4]]
    K = [[[20.0, 0, 8], [0, 20.0, 8], [0, 0, 1]]]
    assert np.all(render_truth(means, np.ones(3), np.ones((3, 3)), [np.eye(4)], K, 16, 16) == 0)


def test_values_that_are_not_finite_and_shapes_that_do_not_fit_are_named(crowd):
    means, luminosities, colors, *cameras = crowd
    broken = luminosities.copy()
    broken[[3, 4]] = np.nan, np.inf
    with pytest.raises(InputError, match="luminosities holds 2 values that are not finite"):
        render_truth(means, broken, colors, *cameras, WIDTH, HEIGHT)
    with pytest.raises(InputError, match=r"colors has shape \(249, 3\), must be \(250, 3\)"):
        render_truth(means, luminosities, colors[1:], *cameras, WIDTH, HEIGHT)
