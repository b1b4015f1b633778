"""Regularisers against sums done by hand, and their fast twins against torch's gradients."""

import math

import numpy as np
import pytest
import torch

from helios.errors import InputError
from helios.training.config import TrainConfig
from helios.training.optim.model import COLUMNS, Model
from helios.training.registries import REGULARISERS
from helios.training.regularisers import SCALE, weighted_sum
from helios.training.regularisers.collapse import Collapse
from helios.training.regularisers.needle import Needle
from tests.unit.training.scenes import splats_at

TWINS = [name for name in REGULARISERS.names() if REGULARISERS.get(name).has_twin]


def model_of(log_scales, used) -> Model:
    model = Model.of([splats_at(np.zeros((len(log_scales), 3)))], len(log_scales), torch.device("cpu"))
    model.params[0, :, COLUMNS["log_scales"]] = torch.tensor(log_scales)
    model.mask[0] = torch.tensor(used)
    return model


def value(spec, model) -> float:
    return REGULARISERS.make(spec)(model.log_scales, model.mask).item()


def test_values_by_hand_and_blind_to_empty_slots():
    model = model_of([[0.0, 0.0, 3.0], [1.0, 1.0, 1.0], [math.inf, -math.inf, 0.0]], [True, True, False])
    assert value("isotropy", model) == pytest.approx(2.0 / 2)  # variances 2 and 0
    assert value("collapse", model) == pytest.approx((0.1 - math.exp(-3)) / 2)
    assert value("collapse:min_scale_ratio=1", model) == pytest.approx((1 - math.exp(-3)) / 2)
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
    REGULARISERS.make(name)(model.log_scales, model.mask).sum().backward()
    assert (model.params.grad[0, 1] == 0).all()
    assert (model.params.grad[0, 0] != 0).any()


@pytest.mark.parametrize("spec", [*TWINS, "collapse:min_scale_ratio=0.7"])
def test_twins_for_the_cpu(spec):
    draw = np.random.default_rng(3)
    model = model_of(draw.normal(0, 2, (12, 3)).astype(np.float32), draw.random(12) < 0.7)
    model.params.requires_grad_(True)
    regulariser = REGULARISERS.make(spec)
    loss = 0.3 * regulariser(model.log_scales, model.mask)
    (wanted,) = torch.autograd.grad(loss.sum(), model.params)
    log_scales = model.log_scales[0].detach().numpy()
    grad = np.zeros((12, 3), np.float32)
    fast = regulariser.add_gradient(log_scales, model.mask[0].numpy(), 0.3, grad)
    assert fast == pytest.approx(loss.item(), rel=1e-5)
    np.testing.assert_allclose(grad, wanted[0, :, COLUMNS["log_scales"]].numpy(), atol=1e-7)


def test_reg_adds_and_replaces_weights():
    config = TrainConfig(reg=("needle=0.5", "isotropy=0", "collapse=0.2"))
    assert config.regularisers() == {Collapse(): 0.2, Needle(): 0.5}
    model = model_of([[0.0, 0.0, 12.0]], [True])
    both = 0.2 * value("collapse", model) + 0.5 * value("needle", model)
    total = weighted_sum(config.regularisers(), model.log_scales, model.mask).item()
    assert total == pytest.approx(SCALE * both, rel=1e-5)


def test_an_option_of_a_regulariser_stands_between_its_name_and_its_weight():
    config = TrainConfig(reg=("collapse:min_scale_ratio=0.3=0.2", "isotropy=0"))
    assert config.regularisers() == {Collapse(min_scale_ratio=0.3): 0.2}
    with pytest.raises(InputError, match=r"min_scale_ratio 3\.0: must be from 0 to 1"):
        TrainConfig(reg=("collapse:min_scale_ratio=3=0.2",))


@pytest.mark.parametrize("text", ["needle", "needle=", "needle=much", "needle=-1", "needle=nan", "no-such=1"])
def test_bad_weights_are_refused(text):
    with pytest.raises(InputError, match=r"--reg|unknown regulariser"):
        TrainConfig(reg=(text,))
