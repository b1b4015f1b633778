"""Proves that a star's BP-RP becomes the right temperature and that temperature the right colour on a screen.

Temperatures are held against well-measured stars and against relations that the code does not use, chromaticities
against published points of the Planckian locus, so that a slip in a table, a matrix or a fit shows.
"""

import numpy as np
import pytest

from helios.color import (
    LUMINANCE,
    NO_COLOR,
    blackbody_rgb,
    blackbody_xyz,
    color_from_bp_rp,
    teff_from_bp_rp,
)


@pytest.mark.parametrize(
    ("bp_rp", "teff_k", "tolerance_k"),
    [
        # Sun: Casagrande & VandenBerg 2018, BP-RP 0.82; IAU 2015 B3 nominal temperature.
        (0.82, 5772, 30),
        # Vega: zero of the scale; 9,550 K (Castelli & Kurucz 1994). A0 stars change by 250 K per 0.01 mag.
        (0.0, 9550, 300),
        # 61 Cyg A, 4,374 K (Boyajian et al. 2012), Gaia DR3 BP-RP 1.45.
        (1.45, 4374, 100),
        # Barnard's star, 3,228 K (Mann et al. 2015), Gaia DR3 BP-RP 2.83.
        (2.83, 3228, 100),
        # Proxima, 2,980 K (Ribas et al. 2017), Gaia DR3 BP-RP 3.80.
        (3.80, 2980, 120),
    ],
)
def test_teff_of_known_stars(bp_rp, teff_k, tolerance_k):
    assert teff_from_bp_rp(bp_rp) == pytest.approx(teff_k, abs=tolerance_k)


def test_teff_of_m_dwarfs_agrees_with_mann():
    # Mann et al. 2015, erratum 2016 (ApJ 819, 87), Teff of BP-RP; its scatter is 52 K, mean dwarfs lie up to 5 % below.
    x = np.linspace(1.6, 4.5, 60)
    mann = 3500 * (3.245 - 2.4309 * x + 1.043 * x**2 - 0.2127 * x**3 + 0.01649 * x**4)
    np.testing.assert_allclose(teff_from_bp_rp(x), mann, rtol=0.06)


def test_teff_of_sun_like_stars_agrees_with_jordi():
    # Jordi et al. 2010, A&A 523, A48, equation 2; the code uses it for BP-RP < -0.25 only.
    x = np.linspace(0.3, 1.2, 40)
    jordi = 10 ** (3.999 - 0.654 * x + 0.709 * x**2 - 0.316 * x**3)
    np.testing.assert_allclose(teff_from_bp_rp(x), jordi, rtol=0.06)


def test_teff_falls_strictly_and_is_constant_outside():
    x = np.linspace(-0.5, 5.1, 5001)
    assert (np.diff(teff_from_bp_rp(x)) < 0).all()
    np.testing.assert_array_equal(teff_from_bp_rp([-9.0, -np.inf]), teff_from_bp_rp([-0.5, -0.5]))
    np.testing.assert_array_equal(teff_from_bp_rp([9.0, np.inf]), teff_from_bp_rp([5.1, 5.1]))
    assert np.isnan(teff_from_bp_rp(np.nan))


@pytest.mark.parametrize(
    ("teff_k", "x", "y"),
    [
        # CIE 15:2004: 2,856 K is illuminant A; the others are the Planckian locus, 1931 2-degree observer.
        (2856, 0.4476, 0.4074),
        (4000, 0.3805, 0.3768),
        (6500, 0.3135, 0.3237),
        (10000, 0.2807, 0.2884),
        (20000, 0.2565, 0.2577),
    ],
)
def test_chromaticity_of_black_bodies(teff_k, x, y):
    # 0.002: what the analytic matching functions differ from the tabulated ones at these temperatures.
    np.testing.assert_allclose(blackbody_xyz(teff_k)[:2], [x, y], atol=0.002)


def test_rgb_is_the_chromaticity_in_rec_709():
    # Back through the primaries' own chromaticities (Rec. 709) instead of the matrix that the code has.
    primaries = np.array([[0.64, 0.33], [0.30, 0.60], [0.15, 0.06]])
    xyz_of_primary = np.column_stack([primaries[:, 0], primaries[:, 1], 1 - primaries.sum(1)]) / primaries[:, 1:]
    teff = np.array([2500.0, 4000.0, 5772.0, 9600.0, 30000.0])
    xyz = (blackbody_rgb(teff) * LUMINANCE) @ xyz_of_primary
    np.testing.assert_allclose(xyz / xyz.sum(-1, keepdims=True), blackbody_xyz(teff), atol=2e-4)


def test_colors_have_luminance_one_and_no_negative_channel():
    color = color_from_bp_rp(np.linspace(-1, 6, 20011))
    assert color.dtype == np.float32
    np.testing.assert_allclose(color.astype(np.float64) @ LUMINANCE, 1.0, atol=3e-7)
    assert color.min() > 0
    # Redder star, redder picture.
    assert (np.diff(color[:, 0] / color[:, 2]) >= -1e-4).all()


def test_color_beyond_the_primaries_loses_saturation_not_luminance():
    # At 1,500 K the blue channel would be negative.
    rgb = blackbody_rgb(1500.0)
    assert rgb[2] == pytest.approx(0.0, abs=1e-12)
    assert rgb @ LUMINANCE == pytest.approx(1.0)
    assert rgb[0] > blackbody_rgb(2000.0)[0]


def test_lookup_agrees_with_the_integral():
    bp_rp = np.random.default_rng(7).uniform(-0.5, 5.1, 300)
    # Linear between nodes 0.0055 mag apart; the sharpest bend of the relation is at BP-RP = -0.12.
    np.testing.assert_allclose(color_from_bp_rp(bp_rp), blackbody_rgb(teff_from_bp_rp(bp_rp)), rtol=1e-3)


def test_sun_is_almost_white_hot_stars_blue_cool_stars_red():
    sun, rigel, betelgeuse = color_from_bp_rp([0.82, -0.03, 2.03])
    np.testing.assert_allclose(sun, 1.0, atol=0.12)
    assert rigel[2] > 1.3 > rigel[1] > rigel[0]
    assert betelgeuse[0] > 1.3 > betelgeuse[1] > betelgeuse[2]


def test_no_measured_color_is_white_and_shapes_are_kept():
    assert color_from_bp_rp(np.nan).tolist() == list(NO_COLOR)
    assert color_from_bp_rp([[0.1, np.nan, np.inf]]).shape == (1, 3, 3)
    assert np.isfinite(color_from_bp_rp([np.nan, np.inf, -np.inf])).all()
    assert color_from_bp_rp([]).shape == (0, 3)
