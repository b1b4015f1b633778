"""Every image loss is least where images are equal, has its gradient, and judges each cell by itself.

Over the registry, on noise: no pixel of prediction and truth is within 1e-3 of the other, where absolute values have
their kink. Losses with a fast twin are held to their readable form, which is held to finite differences.
"""

import math

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from helios.cli import main
from helios.errors import InputError
from helios.training.config import TrainConfig
from helios.training.loss import ImageLoss
from helios.training.registries import IMAGE_LOSSES

FLOOR = 2e-3
"""The most that equal images may be said to differ by."""

VIEWS = torch.tensor([[2, 0], [1, 1]])
WEIGHTS = torch.tensor([[0.3, 1.0, 2.0], [4.0, 0.5, 1.0]], dtype=torch.float64)


def images(seed: int, views: int, height: int = 11, width: int = 9, dtype=torch.float64) -> torch.Tensor:
    """Two cells of `views` images, values on a grid of 0.01: even multiples for one seed, odd ones for the next."""
    grid = np.random.default_rng(seed).integers(0, 50, (2, views, height, width, 3))
    return torch.tensor((2 * grid + seed % 2) / 100, dtype=dtype)


def judged(loss, pred, truth, views=VIEWS):
    """(loss, gradient in `pred`) of a callable (pred, truth, views, view_weights)."""
    pred = pred.clone().requires_grad_(True)
    value = loss(pred, truth, views, WEIGHTS[:, : truth.shape[1]])
    return value.detach(), torch.autograd.grad(value.sum(), pred)[0]


@pytest.fixture(params=IMAGE_LOSSES.names())
def loss(request) -> ImageLoss:
    return TrainConfig(loss=request.param).image_loss()


def test_equal_images_have_the_least_loss(loss):
    truth = images(0, 2)
    least, grad = judged(loss, truth, truth, None)
    assert (least <= FLOOR).all()
    torch.testing.assert_close(least, loss(images(2, 2), images(2, 2)), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(grad, torch.zeros_like(grad))
    for change in (0.5 * truth, truth + 0.01, images(1, 2)):
        assert (loss(change, truth) > least).all()


def test_gradient_is_that_of_finite_differences(loss):
    truth = images(0, 3, 6, 5)
    pred = images(1, 2, 6, 5).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda p: loss(p, truth, VIEWS, WEIGHTS), (pred,), eps=1e-4, atol=1e-6)


def test_views_name_the_truths_to_judge_by(loss):
    pool, pred = images(0, 3), images(1, 2)
    gathered = torch.stack([cell[views] for cell, views in zip(pool, VIEWS)])
    weights = torch.stack([cell[views] for cell, views in zip(WEIGHTS, VIEWS)])
    torch.testing.assert_close(loss(pred, pool, VIEWS, WEIGHTS), loss(pred, gathered, None, weights))
    torch.testing.assert_close(loss(pred, gathered), loss(pred, gathered, None, torch.ones(2, 2)))


def test_a_cell_does_not_depend_on_its_batch(loss):
    truth, pred = images(0, 3), images(1, 2)
    value, grad = judged(loss, pred, truth)
    for cell in (slice(0, 1), slice(1, 2)):
        alone = loss(pred[cell], truth[cell], VIEWS[cell], WEIGHTS[cell])
        torch.testing.assert_close(value[cell], alone, rtol=1e-12, atol=0)
        leaf = pred[cell].clone().requires_grad_(True)
        (own,) = torch.autograd.grad(loss(leaf, truth[cell], VIEWS[cell], WEIGHTS[cell]).sum(), leaf)
        torch.testing.assert_close(grad[cell], own, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_the_prepared_form_is_the_readable_one(loss, device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device; torch sees none")
    truth, pred = images(0, 3, 70, 45), images(1, 2, 70, 45)
    wanted = judged(loss, pred, truth)
    prepared = loss.against(truth.float().to(device), WEIGHTS.to(device))
    value, grad = judged(lambda p, t, v, w: prepared(p, v), pred.float().to(device), truth, VIEWS.to(device))
    # On CUDA the truth is kept in float16, in steps that move these images by 2^-11 of themselves.
    tolerance = 1e-5 if device == "cpu" else 2e-3
    torch.testing.assert_close(value.cpu().double(), wanted[0], rtol=tolerance, atol=0)
    assert (grad.cpu() - wanted[1]).abs().max() <= tolerance * wanted[1].abs().max()
    alone = loss.against(truth[1:].float().to(device), WEIGHTS[1:].to(device))
    assert torch.equal(alone(pred[1:].float().to(device), VIEWS[1:].to(device)), value[1:])


def test_nan_reaches_the_loss_of_its_cell_only(loss):
    truth, pred = images(0, 3), images(1, 2)
    pred[1, 0, 4, 4, 1] = math.nan
    assert torch.isnan(loss(pred, truth, VIEWS, WEIGHTS)).tolist() == [False, True]
    prepared = loss.against(truth.float(), WEIGHTS)
    assert torch.isnan(prepared(pred.float(), VIEWS)).tolist() == [False, True]


def test_help_names_every_loss_and_unknown_options_are_refused(loss):
    text = " ".join(CliRunner().invoke(main, ["train-all", "--help"], terminal_width=200).output.split())
    assert f"Image loss: {', '.join(IMAGE_LOSSES.names())};" in text
    name = next(name for name in IMAGE_LOSSES.names() if isinstance(loss, IMAGE_LOSSES.get(name)))
    with pytest.raises(InputError, match=f"image loss {name}: 'no_such=1' must be OPTION=VALUE"):
        TrainConfig(loss=f"{name}:no_such=1")
