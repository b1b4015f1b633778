"""Whatever splats are given, light, hue and shape stay, and opacity and colour come into range; numbers in float64."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helios.packing.bounds import LEAST_OPACITY, bounded
from helios.packing.pack_cells import OPACITY_LIMIT
from tests.unit.packing.scene import random_splats


@given(seed=st.integers(0, 2**32 - 1), exponent=st.floats(-8, 4), widest=st.sampled_from([0.0, 1e-3, np.inf]))
def test_light_hue_and_shape_stay(seed, exponent, widest):
    splats = random_splats(np.random.default_rng(seed), 20)
    opacities = (splats.opacities * 10**exponent).astype(np.float32)
    splats = dataclasses.replace(splats, opacities=opacities)
    held = bounded(splats, widest)

    light, kept = (s.luminosities[:, None] * s.colors.astype(np.float64) for s in (splats, held))
    np.testing.assert_allclose(kept, light, rtol=1e-6)
    np.testing.assert_array_equal(held.means, splats.means)
    np.testing.assert_array_equal(held.quats, splats.quats)
    assert held.colors.max() <= 1
    assert held.opacities.max() <= np.float32(OPACITY_LIMIT)
    # One factor for the three axes, and none where there is nothing to mend.
    growth = held.scales / splats.scales.astype(np.float64)
    np.testing.assert_allclose(growth, growth[:, :1] * np.ones(3), rtol=1e-12)
    sigma = np.exp(np.log(splats.scales.astype(np.float64)).mean(axis=1))
    tau = splats.opacities * splats.colors.max(axis=1).astype(np.float64)
    mended = (tau > OPACITY_LIMIT) | ((tau < LEAST_OPACITY) & (sigma <= widest))
    np.testing.assert_allclose(growth[~mended], 1, rtol=1e-7)
    assert (held.opacities[sigma <= widest] >= np.float32(LEAST_OPACITY)).all()


def test_colours_below_one_are_left_as_they_are():
    splats = random_splats(np.random.default_rng(1), 5)
    splats = dataclasses.replace(splats, colors=splats.colors / 100, opacities=np.full(5, 0.5, np.float32))
    held = bounded(splats, np.inf)
    np.testing.assert_array_equal(held.colors, splats.colors)
    np.testing.assert_array_equal(held.opacities, splats.opacities)
    assert held.scales == pytest.approx(splats.scales.astype(np.float64), rel=1e-12)
