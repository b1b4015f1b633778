"""A star has the flux that the law of light gives, whoever draws it.

The expected numbers come from the design's formula alone: a star of magnitude m, catalogued at d_0, puts
F = E Omega f^2 (d_0 / d)^2 pixels of light into an image, Omega = 7e-6 10^(-0.4 m) sr. Sampled at pixel centres, a
Gaussian of variance s^2 at sub-pixel place u sums to F times 1 + 2 sum_k cos(2 pi k u) exp(-2 pi^2 k^2 s^2) per axis
(Poisson summation): a ripple of 0.01 % for s^2 = 0.5 px^2, which is gone in the mean over a lattice of u. The star
stands alone on the camera's axis and the principal point is moved instead, so that nothing but the formula enters.
"""

import math

import numpy as np
import pytest
import torch

from helios.rendering.numba_backend import NumbaBackend
from helios.rendering.torch_reference import TorchBackend
from helios.rendering.truth import render_truth
from helios.rendering.truth_numpy import render_truth_float64

EPS = 0.5
FOCAL = 300.0
COLOR = np.array([0.7, 1.0, 1.6])
MAG, D_0 = 2.0, 50.0  # any star
OMEGA = 7e-6 * 10 ** (-0.4 * MAG)
SIZES_PX = (0.01, 0.1, 0.5, 1.0, 3.0, 10.0)


def ripple(u, variance):
    k = np.arange(1, 9)
    return 1 + 2 * np.sum(np.cos(2 * np.pi * k * u) * np.exp(-2 * np.pi**2 * k**2 * variance))


def flux(d, exposure):
    return exposure * OMEGA * FOCAL**2 * (D_0 / d) ** 2


def exposure_for(peak, d, size_px):
    """The exposure at which the star's image, a Gaussian of flux F, has this alpha at its centre."""
    return peak * 2 * np.pi * (size_px**2 + EPS) / flux(d, 1.0)


def draw_point(render, d, exposure, u, v, offset=(0.0, 0.0)):
    """The sum over the image of an emitter at depth d, at (u, v) from a pixel's centre, per channel."""
    K = [[FOCAL, 0, 16.5 + u - FOCAL * offset[0]], [0, FOCAL, 16.5 + v - FOCAL * offset[1]], [0, 0, 1]]
    mean = [[d * offset[0], d * offset[1], d]]
    image = render(mean, [D_0**2 * OMEGA], [COLOR], [np.eye(4)], [K], 33, 33, exposure)
    return image.sum((0, 1, 2), dtype=np.float64)


def draw_splat(backend, dtype, d, size_px, exposure, u, v, offset=(0.0, 0.0)):
    """The same of an isotropic splat of the star's light that is `size_px` large on the axis at depth d."""
    side = 33 if size_px <= 1 else 2 * math.ceil(5.5 * size_px) + 1
    sigma = size_px * d / FOCAL
    tau = D_0**2 * OMEGA / (2 * np.pi * sigma**2)
    K = [[FOCAL, 0, side / 2 + u - FOCAL * offset[0]], [0, FOCAL, side / 2 + v - FOCAL * offset[1]], [0, 0, 1]]
    arrays = (
        [[[d * offset[0], d * offset[1], d]]],
        [[[1, 0, 0, 0]]],
        [[[sigma] * 3]],
        [[exposure * tau]],
        [[COLOR]],
        [[np.eye(4)]],
        [[K]],
    )
    image = backend.render(*(torch.tensor(np.array(a), dtype=dtype) for a in arrays), side, side)
    return image.double().sum((0, 1, 2, 3)).numpy()


points = pytest.mark.parametrize("render", [render_truth, render_truth_float64], ids=["numba", "numpy"])
splats = pytest.mark.parametrize(
    ("backend", "dtype"),
    [(NumbaBackend(), torch.float32), (TorchBackend(), torch.float64)],
    ids=["numba", "torch"],
)


@points
@pytest.mark.parametrize("d", [0.5, 7.0, 90.0, 500.0])
def test_an_emitters_flux_at_any_place_in_a_pixel(render, d):
    exposure = exposure_for(0.9, 0.5, 0.0)  # one exposure: from 0.5 to 500 the star fades a million times
    for u, v in np.random.default_rng(1).uniform(-0.5, 0.5, (8, 2)):
        expected = flux(d, exposure) * ripple(u, EPS) * ripple(v, EPS) * COLOR
        assert draw_point(render, d, exposure, u, v) == pytest.approx(expected, rel=1e-4)


@points
def test_an_emitters_mean_flux_falls_with_the_square_of_the_distance(render):
    exposure = exposure_for(0.9, 0.5, 0.0)
    lattice = [(i / 4, j / 4) for i in range(-2, 2) for j in range(-2, 2)]
    for d in (0.5, 5.0, 50.0, 500.0):
        mean = np.mean([draw_point(render, d, exposure, u, v) for u, v in lattice], axis=0)
        assert mean == pytest.approx(flux(d, exposure) * COLOR, rel=1e-4)


@splats
@pytest.mark.parametrize("size_px", SIZES_PX)
def test_a_splats_flux_at_any_place_in_a_pixel(backend, dtype, size_px):
    variance = size_px**2 + EPS
    for d, (u, v) in zip((0.5, 7.0, 90.0, 500.0), np.random.default_rng(2).uniform(-0.5, 0.5, (4, 2))):
        # The peak stays 0.5 at every distance: of a fainter one, what is dropped (1e-6 / peak) would be seen.
        exposure = exposure_for(0.5, d, size_px)
        expected = flux(d, exposure) * ripple(u, variance) * ripple(v, variance) * COLOR
        assert draw_splat(backend, dtype, d, size_px, exposure, u, v) == pytest.approx(expected, rel=1e-4)


@splats
@pytest.mark.parametrize("size_px", SIZES_PX)
def test_a_splats_mean_flux_falls_with_the_square_of_the_distance(backend, dtype, size_px):
    lattice = [(i / 4, j / 4) for i in range(-2, 2) for j in range(-2, 2)]
    for d in (0.5, 500.0):
        exposure = exposure_for(0.5, d, size_px)
        mean = np.mean([draw_splat(backend, dtype, d, size_px, exposure, u, v) for u, v in lattice], axis=0)
        assert mean == pytest.approx(flux(d, exposure) * COLOR, rel=1e-4)


def test_the_same_splat_seen_from_further_away_is_smaller_and_fainter_by_the_square():
    """One splat and one exposure: what training and a viewer see, down to where alpha nears the threshold."""
    sigma, backend = 0.01, NumbaBackend()
    for d in (1.0, 3.0, 10.0, 30.0):
        size_px = sigma * FOCAL / d
        exposure = exposure_for(0.9, 1.0, sigma * FOCAL)
        # Dropped light: 1e-6 of the peak, and the ripple.
        peak = flux(d, exposure) / (2 * np.pi * (size_px**2 + EPS))
        expected = flux(d, exposure) * ripple(0.2, size_px**2 + EPS) * ripple(0.4, size_px**2 + EPS) * COLOR
        seen = draw_splat(backend, torch.float32, d, size_px, exposure, 0.2, 0.4)
        assert seen == pytest.approx(expected, rel=1e-4 + 2e-6 / peak)


@pytest.mark.parametrize("tangent", [(0.0, 0.0), (0.4, 0.0), (-0.3, 0.5)])
def test_off_the_axis_points_and_specks_have_the_flux_of_their_solid_angle(tangent):
    """A pixel at angle t from the axis covers cos^3 t / f^2 steradians, so light gains 1 / cos^3 t in pixels."""
    d = 20.0
    cos = 1 / math.sqrt(1 + tangent[0] ** 2 + tangent[1] ** 2)
    distance = d / cos
    exposure = exposure_for(0.3, d, 0.01)
    expected = exposure * OMEGA * (D_0 / distance) ** 2 * FOCAL**2 / cos**3 * COLOR
    lattice = [(i / 4, j / 4) for i in range(-2, 2) for j in range(-2, 2)]
    point = np.mean([draw_point(render_truth, d, exposure, u, v, tangent) for u, v in lattice], axis=0)
    assert point == pytest.approx(expected, rel=1e-4)
    for backend, dtype in ((NumbaBackend(), torch.float32), (TorchBackend(), torch.float64)):
        draws = [draw_splat(backend, dtype, d, 0.01, exposure, u, v, tangent) for u, v in lattice]
        assert np.mean(draws, axis=0) == pytest.approx(expected, rel=1e-4)
