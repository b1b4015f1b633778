"""PSNR and flux error against numbers worked out by hand.

Pictures of a few constant patches, so that every expected value is a line of arithmetic; 33 x 17 pixels where the
edge matters, because neither side is a multiple of a block.
"""

import numpy as np
import pytest
import torch

from helios.training.loss import metrics
from helios.training.loss.metrics import PSNR_CAP_DB


def psnr(pred, target):
    return metrics.psnr(torch.from_numpy(pred), torch.from_numpy(target)).numpy()


def flux_error(pred, target, **options):
    return metrics.flux_error(torch.from_numpy(pred), torch.from_numpy(target), **options).numpy()


def test_psnr_of_a_known_error_per_view():
    target = np.zeros((3, 8, 8, 3), np.float32)
    pred = target.copy()
    pred[1] = 0.1  # mean square 0.01: 20 dB
    pred[2, 0, 0, 0] = 1.0  # 1 / 192: 22.833 dB
    np.testing.assert_allclose(psnr(pred, target), [PSNR_CAP_DB, 20.0, 10 * np.log10(192)], rtol=1e-6)


def test_what_is_brighter_than_white_counts_as_white_in_psnr_and_in_full_in_flux():
    target = np.full((1, 32, 32, 3), 3.0)
    assert psnr(2 * target, target) == PSNR_CAP_DB
    assert flux_error(2 * target, target) == pytest.approx(100.0)


def test_flux_error_counts_light_that_left_its_block_twice():
    target = np.zeros((1, 64, 64, 3))
    target[0, 10, 10] = 2.0
    target[0, 40, 40] = 2.0
    within, away, half = target.copy(), target.copy(), target * 0.5
    within[0, 10, 10], within[0, 31, 31] = 0.0, 2.0
    away[0, 10, 10], away[0, 10, 50] = 0.0, 2.0
    assert flux_error(within, target) == pytest.approx(0.0)
    assert flux_error(away, target) == pytest.approx(100.0)  # 2 missing here, 2 too many there, of 4
    assert flux_error(half, target) == pytest.approx(50.0)


def test_flux_error_weighs_channels_by_luminance():
    target = np.ones((1, 32, 32, 3))
    pred = target.copy()
    pred[..., 1] = 0.5
    assert flux_error(pred, target) == pytest.approx(100 * 0.7152 * 0.5)


def test_flux_error_of_an_image_that_blocks_do_not_divide():
    target = np.ones((2, 33, 17, 3), np.float32)
    pred = target.copy()
    pred[0, 32] = 3.0  # the last row is a block row of its own: 17 pixels, 2 too bright
    pred[1, :, 16] = 0.0
    np.testing.assert_allclose(flux_error(pred, target), [100 * 34 / 561, 100 * 33 / 561], rtol=1e-6)
    np.testing.assert_allclose(flux_error(pred, target, block=1), [100 * 34 / 561, 100 * 33 / 561], rtol=1e-6)


def test_flux_error_of_a_black_truth():
    black, lit = np.zeros((1, 8, 8, 3)), np.full((1, 8, 8, 3), 0.1)
    assert flux_error(black, black) == 0.0
    assert flux_error(lit, black) == np.inf


@pytest.mark.parametrize("metric", [psnr, flux_error])
def test_shapes_that_do_not_fit_are_refused(metric):
    with pytest.raises(ValueError, match="must be the same"):
        metric(np.zeros((1, 8, 8, 3)), np.zeros((2, 8, 8, 3)))
    with pytest.raises(ValueError, match="at least 1"):
        flux_error(np.zeros((1, 8, 8, 3)), np.zeros((1, 8, 8, 3)), block=0)
