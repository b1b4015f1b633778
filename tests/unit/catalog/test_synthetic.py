"""The made sky has the distributions it promises, measured on 20,000 stars by Kolmogorov-Smirnov distance."""

import numpy as np
import pytest

from helios.catalog.synthetic import Synthetic
from helios.catalog.table import StarTable
from helios.errors import InputError

COUNT = 20_000


def stars(count=COUNT, seed=0) -> StarTable:
    return StarTable.concatenate(list(Synthetic(count, seed).chunks()))


def distance_to_uniform(values, low, high):
    ordered = (np.sort(values) - low) / (high - low)
    return np.abs(ordered - np.linspace(0, 1, len(values))).max()


def test_every_distribution_is_as_promised():
    sky = stars()
    distance_pc = 1000 / sky.parallax
    absolute_mag = sky.phot_g_mean_mag - 5 * np.log10(distance_pc / 10)
    # 1.95/sqrt(n) is exceeded by chance once in a thousand (Kolmogorov's distribution).
    critical = 1.95 / np.sqrt(COUNT)
    assert distance_to_uniform(sky.ra, 0, 360) < critical
    assert distance_to_uniform(np.sin(np.deg2rad(sky.dec)), -1, 1) < critical
    assert distance_to_uniform(np.log10(distance_pc), 1, 4) < critical
    assert distance_to_uniform(absolute_mag, -2, 10) < critical
    assert distance_to_uniform(sky.bp_rp, -0.5, 4) < critical


def test_columns_do_not_depend_on_each_other():
    sky = stars()
    columns = [sky.ra, sky.dec, np.log(sky.parallax), sky.bp_rp, sky.phot_g_mean_mag + 5 * np.log10(sky.parallax)]
    correlation = np.corrcoef(columns) - np.eye(5)
    assert np.abs(correlation).max() < 4 / np.sqrt(COUNT)


def test_a_seed_gives_its_own_sky_again():
    np.testing.assert_array_equal(stars(100, 3).ra, stars(100, 3).ra)
    assert (stars(100, 3).ra != stars(100, 4).ra).all()


@pytest.mark.parametrize("count", [0, -5])
def test_less_than_one_star_is_refused(count):
    with pytest.raises(InputError, match=f"--synthetic {count}: must be at least 1 star"):
        Synthetic(count)


def test_a_negative_seed_is_refused():
    with pytest.raises(InputError, match="--seed -1: must be 0 or more"):
        Synthetic(5, -1)
