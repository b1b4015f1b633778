"""The loss on photographs, its gradient, its regularisers, and the order of photographs, against their definitions."""

import pytest
import torch

from helios.photos.fit.chance import Epochs, generator
from helios.photos.fit.losses import photo_loss, regularise, regularisers
from helios.training.loss.image_terms import dssim, l1


@pytest.mark.parametrize(("height", "width"), [(48, 64), (37, 53), (12, 200)])
@pytest.mark.parametrize("ssim_lambda", [0.0, 0.2, 1.0])
def test_loss_is_l1_and_dssim(height, width, ssim_lambda):
    """Against the readable terms in float64; black parts, where the fast twin looks at nothing, are in both."""
    chance = torch.Generator().manual_seed(height)
    pair = torch.rand(2, 2, height, width, 3, generator=chance)
    pair[:, :, : height // 3] = 0.0
    pair[0, :, height // 2 :, : width // 2] = 0.0
    image = pair[0].clone().requires_grad_()
    exact = pair[0].double().requires_grad_()
    found = photo_loss(image, pair[1], ssim_lambda)
    truth = pair[1].double()
    expected = ((1 - ssim_lambda) * l1(exact, truth) + ssim_lambda * dssim(exact, truth)).mean()
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-6)
    found.backward()
    expected.backward()
    error = (image.grad - exact.grad).norm() / exact.grad.norm()
    assert error < 1e-4


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
