"""Regularisers against sums done by hand, and their fast twins against torch's gradients."""

import math

import numpy as np
import pytest
import torch

from helios.errors import InputError
from helios.train.config import TrainConfig
from helios.train.loss.regularisers import FAST, regularisation
from helios.train.optim.model import COLUMNS, Model
from helios.train.registries import REGULARISERS
from tests.unit.train.scenes import splats_at

CONFIG = TrainConfig()


def model_of(log_scales, used) -> Model:
    model = Model.of([splats_at(np.zeros((len(log_scales), 3)))], len(log_scales), torch.device("cpu"))
    model.params[0, :, COLUMNS["log_scales"]] = torch.tensor(log_scales)
    model.mask[0] = torch.tensor(used)
    return model


def value(name, model) -> float:
    return REGULARISERS.get(name)(model, CONFIG).item()


def test_values_by_hand_and_blind_to_empty_slots():
    model = model_of([[0.0, 0.0, 3.0], [1.0, 1.0, 1.0], [math.inf, -math.inf, 0.0]], [True, True, False])
    assert value("isotropy", model) == pytest.approx(2.0 / 2)  # variances 2 and 0
    assert value("collapse", model) == pytest.approx((0.1 - math.exp(-3)) / 2)
    assert value("size", model) == pytest.approx(((2 + math.exp(3)) / 3 + math.e) / 2)
    assert value("isotropy", model_of([[0.0, 1.0, 2.0]], [False])) == 0.0


def test_a_needle_is_log_3_and_a_ball_nothing():
    assert value("needle", model_of([[0.0, 0.0, 12.0]], [True])) == pytest.approx(math.log(3), rel=1e-6)
    assert value("needle", model_of([[0.5, 0.5, 0.5]], [True])) == pytest.approx(0.0, abs=1e-6)
    assert value("needle", model_of([[4.0, 4.0, -9.0]], [True])) == pytest.approx(math.log(3 / 2), rel=1e-6)


@pytest.mark.parametrize("name", REGULARISERS.names())
def test_no_gradient_reaches_an_empty_slot(name):
    model = model_of([[0.0, 1.0, 3.0], [0.0, 0.0, 4.0]], [True, False])
    model.params.requires_grad_(True)
    REGULARISERS.get(name)(model, CONFIG).sum().backward()
    assert (model.params.grad[0, 1] == 0).all()
    assert (model.params.grad[0, 0] != 0).any()


@pytest.mark.parametrize("name", FAST)
def test_fast_twins(name):
    draw = np.random.default_rng(3)
    model = model_of(draw.normal(0, 2, (12, 3)).astype(np.float32), draw.random(12) < 0.7)
    model.params.requires_grad_(True)
    loss = 0.3 * REGULARISERS.get(name)(model, CONFIG)
    (wanted,) = torch.autograd.grad(loss.sum(), model.params)
    log_scales = model.log_scales[0].detach().numpy()
    grad = np.zeros((12, 3), np.float32)
    fast = FAST[name](log_scales, model.mask[0].numpy(), 0.3, CONFIG.min_scale_ratio, grad)
    assert fast == pytest.approx(loss.item(), rel=1e-5)
    np.testing.assert_allclose(grad, wanted[0, :, COLUMNS["log_scales"]].numpy(), atol=1e-7)


def test_reg_adds_and_replaces_weights():
    config = TrainConfig(reg=("needle=0.5", "isotropy=0", "collapse=0.2"))
    assert config.regularisers() == {"collapse": 0.2, "needle": 0.5}
    model = model_of([[0.0, 0.0, 12.0]], [True])
    both = 0.2 * value("collapse", model) + 0.5 * value("needle", model)
    alone = regularisation(model, TrainConfig(reg=("needle=1", "isotropy=0", "collapse=0"))).item()
    assert regularisation(model, config).item() == pytest.approx(alone / value("needle", model) * both, rel=1e-5)


@pytest.mark.parametrize("text", ["needle", "needle=", "needle=much", "needle=-1", "needle=nan", "no-such=1"])
def test_bad_weights_are_refused(text):
    with pytest.raises(InputError, match=r"--reg|unknown regulariser"):
        TrainConfig(reg=(text,))
