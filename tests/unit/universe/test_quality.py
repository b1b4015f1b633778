"""The quality of cells in a few numbers: worked out by hand for three cells of unequal light."""

import numpy as np
import pytest

from helios.universe.quality import quality, weighted_median


def test_the_numbers_of_three_cells():
    measured = {
        "light": np.array([1.0, 1.0, 8.0]),
        "light_error_trained": np.array([10.0, -20.0, 0.0]),
        "flux_error_2.5_trained": np.array([5.0, 3.0, 1.0]),
        "flux_error_10_trained": np.array([0.5, 0.3, 0.1]),
        "psnr_2.5_trained": np.array([40.0, 50.0, 30.0]),
        "psnr_10_trained": np.array([60.0, 70.0, 50.0]),
        "flux_error_2.5_start": np.array([9.0, 9.0, 9.0]),
    }
    told = quality(measured)
    light = told["light_error_mmag"]
    assert (light["median"], light["worst"]) == (10.0, 20.0)
    assert light["p90"] == pytest.approx(18.0)
    # 10 mmag fainter of a tenth of the light, 20 brighter of another.
    together = -2500 * np.log10((10 ** (-0.4 * 0.01) + 10 ** (0.4 * 0.02) + 8) / 10)
    assert light["together"] == pytest.approx(together)
    assert told["flux_error_percent"] == {
        "2.5": {"median": 3.0, "by_light": 1.0},
        "10": {"median": 0.3, "by_light": 0.1},
    }
    assert list(told["psnr_db"]) == ["2.5", "10"]
    assert told["psnr_db"]["10"] == {"median": 60.0, "by_light": 50.0}


def test_without_measures_there_is_nothing_to_tell():
    assert quality({}) == {}
    assert quality({"light": np.empty(0)}) == {}


def test_the_weighted_median_of_equal_weights_is_the_lower_median():
    assert weighted_median([4.0, 1.0, 3.0, 2.0], np.ones(4)) == 2.0
    assert weighted_median([4.0, 1.0, 3.0], [0.0, 1.0, 5.0]) == 3.0
