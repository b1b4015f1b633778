"""The image loss in Triton, run by Triton's interpreter on the CPU, against the float64 twin.

Triton decides when it is imported whether kernels are compiled or interpreted, so the interpreter runs in a process of
its own. It is slow, so the images are small: 33 x 50 pixels have two strips, cut tiles and cut blocks, 70 x 17 two
chunks of rows, and 80 x 64 four parts, of which those without light are skipped; they meet at row 64, column 42.7.
"""

import importlib.util
import math

import numpy as np
import pytest
import torch

from helios.training.loss.image_terms import block_mean
from tests.unit.training.loss.triton_runs import (
    BOTH,
    assert_agrees,
    dot,
    noise,
    refuse,
    run,
    run_backward_twice,
    run_twin,
    run_without_gradient,
    spots,
)

if importlib.util.find_spec("triton") is None:
    pytest.skip("Triton is not installed", allow_module_level=True)


SCENES = {
    "cells and views": (noise(2, 2, 17, 20), noise(2, 3, 17, 20, seed=1), [[2, 0], [1, 1]]),
    "odd sizes": (noise(1, 1, 33, 50, seed=2), noise(1, 1, 33, 50, seed=3), None),
    "whole blocks": (noise(1, 1, 32, 64, seed=4), noise(1, 2, 32, 64, seed=5), [[1]]),
    "over-exposed": (noise(1, 1, 20, 17, seed=6, peak=3.0), noise(1, 1, 20, 17, seed=7, peak=3.0), None),
    "stars": (spots(1, 1, 48, 40, count=4, seed=8), spots(1, 1, 48, 40, count=4, seed=9), None),
    "chunks": (noise(1, 1, 70, 17, seed=10), noise(1, 1, 70, 17, seed=11), None),
    "dark parts": (
        spots(1, 1, 80, 64, count=4, seed=12, rows=0.5),
        spots(1, 1, 80, 64, count=4, seed=13, rows=0.5, columns=0.4),
        None,
    ),
    "black truth": (spots(1, 1, 20, 24, count=3, seed=14), np.zeros((1, 1, 20, 24, 3), np.float32), None),
    "black prediction": (np.zeros((1, 1, 20, 24, 3), np.float32), spots(1, 1, 20, 24, count=3, seed=15), None),
}


LARGE = ("chunks", "dark parts")


@pytest.mark.parametrize(
    "scene", [pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name for name in SCENES]
)
def test_agrees_with_the_float64_twin(interpret, scene):
    pred, truth, views = SCENES[scene]
    assert_agrees(interpret(run, pred, truth, views, **BOTH), run_twin(pred, truth, views, **BOTH))


@pytest.mark.slow
@pytest.mark.parametrize(("row", "column"), [(70, 45), (57, 40), (76, 60)])
def test_parts_are_skipped_only_where_no_light_reaches(interpret, row, column):
    """Black truth and one pixel of light: within reach of all four parts, from either corner, and of one only."""
    pred, truth = dot(1, 1, 80, 64, row=row, column=column), np.zeros((1, 1, 80, 64, 3), np.float32)
    settings = {"lambda_dssim": 1.0, "lambda_flux": 0.0}
    assert_agrees(interpret(run, pred, truth, **settings), run_twin(pred, truth, **settings))
    assert_agrees(interpret(run, truth, pred, **settings), run_twin(truth, pred, **settings))


@pytest.mark.parametrize("weights", [(1.0, 0.0), (0.0, 0.0), (0.0, 0.7), (1.0, 2.0)])
def test_each_term_by_itself(interpret, weights):
    settings = dict(zip(("lambda_dssim", "lambda_flux"), weights))
    pred, truth = noise(1, 1, 24, 20, seed=16), noise(1, 1, 24, 20, seed=17)
    assert_agrees(interpret(run, pred, truth, **settings), run_twin(pred, truth, **settings))


def test_truth_in_half_precision_is_what_is_compared_with(interpret):
    pred, truth = noise(1, 1, 17, 20, seed=18), noise(1, 1, 17, 20, seed=19)
    loss, gradient, stored = interpret(run, pred, truth, dtype="float16", **BOTH)
    assert_agrees((loss, gradient), run_twin(pred, stored, **BOTH))
    assert np.abs(stored - truth).max() > 0


def test_equal_images_have_no_loss_and_no_gradient(interpret):
    truth = spots(1, 1, 24, 24, count=5, seed=20)
    loss, gradient, _ = interpret(run, truth, truth, **BOTH)
    assert loss == 0
    assert (gradient == 0).all()


def test_nearly_equal_images_keep_their_digits(interpret):
    """1 - SSIM is 1e-9 here, of terms of size 1: float32 blurs of p^2 and t^2 would leave nothing of it."""
    truth = noise(1, 1, 24, 24, seed=21)
    pred = truth + np.float32(1e-5) * noise(1, 1, 24, 24, seed=22)
    settings = {"lambda_dssim": 1.0, "lambda_flux": 0.0}
    loss, gradient, _ = interpret(run, pred, truth, **settings)
    wanted, wanted_gradient = run_twin(pred, truth, **settings)
    assert loss == pytest.approx(wanted, rel=1e-4)
    assert np.abs(gradient - wanted_gradient).max() <= 1e-4 * np.abs(wanted_gradient).max()


def test_upstream_gradients_scale_cells(interpret):
    pred, truth = noise(3, 1, 16, 16, seed=23), noise(3, 1, 16, 16, seed=24)
    upstream = np.array([1.0, -0.25, 0.0], np.float32)
    settings = {"lambda_dssim": 0.0, "lambda_flux": 1.0}
    loss, gradient, _ = interpret(run, pred, truth, **settings)
    scaled_loss, scaled, _ = interpret(run, pred, truth, upstream=upstream, **settings)
    assert np.array_equal(scaled_loss, loss)
    assert np.array_equal(scaled, gradient * upstream[:, None, None, None, None])


def test_a_prediction_of_any_layout(interpret):
    pred, truth = noise(1, 1, 17, 16, seed=25), noise(1, 1, 17, 16, seed=26)
    got, wanted = interpret(run, pred, truth, transposed=True, **BOTH), interpret(run, pred, truth, **BOTH)
    assert np.array_equal(got[0], wanted[0])
    assert np.array_equal(got[1], wanted[1])


@pytest.mark.slow
def test_a_cell_has_the_same_bytes_in_any_run_and_batch(interpret):
    pred, truth = noise(2, 1, 16, 17, seed=27), noise(2, 2, 16, 17, seed=28)
    views = [[1], [0]]
    loss, gradient, _ = interpret(run, pred, truth, views, **BOTH)
    again = interpret(run, pred, truth, views, **BOTH)
    assert np.array_equal(again[0], loss)
    assert np.array_equal(again[1], gradient)
    for cell in (1, 0):
        one = slice(cell, cell + 1)
        alone = interpret(run, pred[one], truth[one], views[one], **BOTH)
        assert np.array_equal(alone[0], loss[one])
        assert np.array_equal(alone[1], gradient[one])


def test_a_weight_of_the_light_for_every_truth(interpret):
    pred, truth = noise(2, 2, 20, 16, seed=29), noise(2, 3, 20, 16, seed=30)
    settings = {"lambda_dssim": 0.0, "lambda_flux": np.array([[0.5, 1.0, 2.0], [0.0, 3.0, 1.0]], np.float32)}
    views = [[2, 0], [0, 1]]
    assert_agrees(interpret(run, pred, truth, views, **settings), run_twin(pred, truth, views, **settings))


def test_without_gradient_the_loss_is_the_same(interpret):
    pred, truth = noise(1, 1, 16, 20, seed=31), noise(1, 1, 16, 20, seed=32)
    loss, _, _ = interpret(run, pred, truth, **BOTH)
    assert np.array_equal(interpret(run_without_gradient, pred, truth, **BOTH), loss)


def test_the_gradient_can_be_taken_once(interpret):
    with pytest.raises(RuntimeError, match="only once"):
        interpret(
            run_backward_twice, noise(1, 1, 16, 16), noise(1, 1, 16, 16, seed=33), lambda_dssim=0.0, lambda_flux=1.0
        )


def test_nan_and_views_out_of_range_reach_the_loss_of_their_cell_only(interpret):
    pred, truth = noise(2, 1, 16, 16, seed=34), noise(2, 2, 16, 16, seed=35)
    for settings in (BOTH, {"lambda_dssim": 0.0, "lambda_flux": 0.0}):
        loss, gradient, _ = interpret(run, pred, truth, [[1], [2]], **settings)
        assert np.isnan(loss).tolist() == [False, True]
        assert not np.isnan(gradient[0]).any()
    pred[0, 0, 7, 5, 1] = math.nan
    loss, gradient, _ = interpret(run, pred, truth, [[1], [0]], **BOTH)
    assert np.isnan(loss).tolist() == [True, False]
    assert not np.isnan(gradient[1]).any()


def test_nan_in_the_dark_is_seen(interpret):
    pred = np.zeros((1, 1, 80, 64, 3), np.float32)
    pred[0, 0, 78, 62, 2] = math.nan
    loss, _, _ = interpret(run, pred, np.zeros_like(pred), lambda_dssim=1.0, lambda_flux=0.0)
    assert np.isnan(loss)


def test_half_precision_keeps_faint_light_and_the_light_of_blocks(interpret):
    truth = np.float32(10) ** np.random.default_rng(36).uniform(-8, 1.7, (1, 1, 64, 64, 3)).astype(np.float32)
    truth[0, 0, :8] = 0.0
    _, _, stored = interpret(run, truth, truth, dtype="float16", lambda_dssim=0.0, lambda_flux=0.0)
    assert (stored[truth == 0] == 0).all()
    # 11 binary digits, half a step; below 2^-14 2^-10 steps of 2^-24 2^-10.
    assert (np.abs(stored - truth) <= np.maximum(2.0**-11 * truth, 2.0**-35)).all()
    light, kept = (block_mean(torch.tensor(images, dtype=torch.float64), 32) for images in (truth, stored))
    assert ((kept / light - 1).abs() < 2.0**-11).all()


def zeros(*shape):
    return torch.zeros(*shape, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((zeros(1, 1, 16, 16).double(), zeros(1, 1, 16, 16)), "pred is torch.float64 .* must be float32"),
        ((zeros(1, 16, 16), zeros(1, 1, 16, 16)), r"pred is torch.float32 \(1, 16, 16, 3\)"),
        ((zeros(1, 1, 16, 16), zeros(1, 1, 16, 17)), "only V may differ"),
        ((zeros(1, 1, 16, 16), zeros(2, 1, 16, 16)), "only V may differ"),
        ((zeros(1, 1, 16, 16), zeros(1, 2, 16, 16)), "say which with `views`"),
        ((zeros(1, 1, 16, 16), zeros(1, 2, 16, 16), torch.zeros(1, 2, dtype=torch.int64)), r"must be int64 \(1, 1\)"),
        ((zeros(1, 1, 16, 16), zeros(1, 2, 16, 16), torch.zeros(1, 1, dtype=torch.int32)), "views is torch.int32"),
        ((zeros(1, 1, 16, 16), zeros(1, 1, 16, 16).half()), "truth is torch.float16"),
        ((zeros(1, 1, 16, 16), zeros(1, 1, 16, 16), None, torch.bfloat16), "choose from torch.float16, torch.float32"),
        ((zeros(1, 1, 16, 16), zeros(1, 1, 16, 16) + 65.0, None, torch.float16), "light of 65.0; float16 holds less"),
        ((zeros(1, 1, 16, 16), zeros(1, 1, 16, 16) + math.nan, None, torch.float16), "light of nan"),
    ],
)
def test_what_does_not_fit_is_refused(interpret, arguments, message):
    with pytest.raises(ValueError, match=message):
        interpret(refuse, *arguments)


def test_weights_of_the_light_that_do_not_fit_are_refused(interpret):
    with pytest.raises(ValueError, match=r"lambda_flux is \(2, 1\)"):
        interpret(refuse, zeros(1, 1, 16, 16), zeros(1, 1, 16, 16), lambda_flux=torch.ones(2, 1))


def test_on_a_machine_without_cuda_the_loss_can_be_imported_but_refuses_cpu_tensors():
    from helios.training.loss.triton_loss import triton_image_loss

    with pytest.raises(ValueError, match="on a device of type cuda"):
        triton_image_loss(zeros(1, 1, 16, 16), zeros(1, 1, 16, 16), **BOTH)
