"""The loss on photographs, its gradient, its regularisers, and the order of photographs, against their definitions."""

import math
from functools import partial

import pytest
import torch

from helios.photos.fit import losses
from helios.photos.fit.chance import Epochs, generator
from helios.photos.fit.losses import differentiate, regularise, regularisers
from helios.photos.fit.views import Demand
from helios.threads import run_striped
from helios.training.loss.image_terms import dssim, l1


def demand(truth, counts=None, weight=1.0) -> Demand:
    return Demand(None, None, truth, counts, weight, torch.zeros(3))


@pytest.mark.parametrize(("height", "width"), [(48, 64), (37, 53), (12, 200), (30, 517)])
@pytest.mark.parametrize("ssim_lambda", [0.0, 0.2, 1.0])
def test_loss_is_l1_and_dssim(height, width, ssim_lambda):
    """Against the readable terms in float64: a picture, and one that is dimmed and weighs half, of three in a step.

    Black parts, where the kernels do not look for SSIM, are in both.
    """
    chance = torch.Generator().manual_seed(height)
    pair = torch.rand(2, 2, height, width, 3, generator=chance)
    pair[:, :, : height // 3] = 0.0
    pair[0, :, height // 2 :, : width // 2] = 0.0
    dims = torch.rand(height, width, generator=chance)
    leaf, exact = pair[0].clone().requires_grad_(), pair[0].double().requires_grad_()
    demands = [demand(pair[1, 0]), demand(pair[1, 1], dims, 0.5)]
    found = differentiate(2.0 * leaf, demands, 3, ssim_lambda)
    expected = 0.0
    for image, truth, counts, share in ((0, 0, torch.ones(1, 1), 1 / 3), (1, 1, dims, 0.5 / 3)):
        seen, wanted = ((values * counts.double()[..., None])[None] for values in (2.0 * exact[image], pair[1, truth]))
        expected = expected + share * ((1 - ssim_lambda) * l1(seen, wanted) + ssim_lambda * dssim(seen, wanted)).sum()
    assert found == pytest.approx(expected.item(), rel=1e-5)
    expected.backward()
    error = (leaf.grad - exact.grad).norm() / exact.grad.norm()
    assert error < 1e-4


def striped(threads, kernel, items, _, *rest):
    run_striped(kernel, items, threads, *rest)


def test_threads_and_bands_change_no_byte(monkeypatch):
    """A large picture is judged in bands of rows, one or two to a thread: as if in one."""
    chance = torch.Generator().manual_seed(1)
    pair = torch.rand(2, 1, 90, 300, 3, generator=chance)
    made = []
    for worth, threads in ((1 << 20, 1), (1 << 12, 2), (1 << 14, 2), (1 << 10, 5)):
        monkeypatch.setattr(losses, "WORTH", worth)
        monkeypatch.setattr(losses, "run_striped", partial(striped, threads))
        leaf = pair[0].clone().requires_grad_()
        made.append((differentiate(leaf, [demand(pair[1, 0])], 1, 0.2), leaf.grad))
    assert all(value == made[0][0] and torch.equal(grad, made[0][1]) for value, grad in made)


def test_what_is_no_number_reaches_the_loss():
    image = torch.rand(1, 20, 20, 3)
    image[0, 7, 9, 1] = torch.nan
    for ssim_lambda in (0.0, 0.2, 1.0):
        assert math.isnan(
            differentiate(image.clone().requires_grad_(), [demand(torch.zeros(20, 20, 3))], 1, ssim_lambda)
        )


def test_regularisers_are_means():
    params = {
        name: torch.randn(50, *rest).double() for name, rest in (("means", [3]), ("opacities", []), ("scales", [3]))
    }
    expected = 0.3 * torch.sigmoid(params["opacities"]).mean() + 0.7 * params["scales"].exp().mean()
    torch.testing.assert_close(regularisers(params, 0.3, 0.7), expected)
    assert regularisers(params, 0.0, 0.0) == 0.0


def test_regularisers_add_their_gradient():
    """Where nothing is shown by kernels, to what there is."""
    params = {name: torch.randn(9, *rest).requires_grad_() for name, rest in (("means", [3]), ("opacities", []))}
    params["scales"] = torch.randn(9, 3).requires_grad_()
    params["scales"].grad = torch.full((9, 3), 0.5)
    assert regularise(params, 0.0, 0.7) == pytest.approx(0.7 * params["scales"].exp().mean().item())
    torch.testing.assert_close(params["scales"].grad, 0.5 + 0.7 * params["scales"].detach().exp() / 27)
    assert params["opacities"].grad is None
    assert regularise(params, 0.0, 0.0) == 0.0


def test_every_photograph_comes_once_an_epoch_in_an_order_that_needs_no_past():
    order = Epochs(5, 7)
    taken = [order.at(place) for place in range(21)]
    for epoch in range(3):
        assert sorted(taken[7 * epoch : 7 * epoch + 7]) == list(range(7))
    assert len({tuple(taken[7 * epoch : 7 * epoch + 7]) for epoch in range(3)}) == 3
    assert [Epochs(5, 7).at(place) for place in reversed(range(21))] == taken[::-1]
    assert [Epochs(6, 7).at(place) for place in range(21)] != taken


def test_chance_is_of_its_seed_purpose_and_number():
    def numbers(*of):
        return tuple(torch.rand(4, generator=generator(*of)).tolist())

    assert numbers(1, 2, 3) == numbers(1, 2, 3)
    assert len({numbers(1, 2, 3), numbers(2, 2, 3), numbers(1, 3, 3), numbers(1, 2, 4)}) == 4
