"""The twin of the opaque backends, against gsplat's own torch code, finite differences and a sum done by hand."""

import numpy as np
import pytest
import torch

from helios.rendering.opaque.contract import ALPHA_MAX
from helios.rendering.opaque.numba_opaque import NumbaOpaque
from helios.rendering.opaque.torch_opaque import TorchOpaque
from tests import gsplat_torch

WIDTH, HEIGHT = 61, 45


def scene(count=150, seed=0, dtype=torch.float64):
    draw = np.random.default_rng(seed)
    viewmat = np.eye(4)
    viewmat[:3, 3] = (0.1, 0.2, 3.5)
    arrays = (
        draw.uniform(-1, 1, (count, 3)),
        draw.normal(size=(count, 4)),
        np.exp(draw.uniform(np.log(0.03), np.log(0.3), (count, 3))),
        draw.uniform(0.05, 1, count),
        draw.uniform(0, 1, (1, count, 3)),
        viewmat[None],
        np.array([[[70.0, 0, 25], [0, 66, 26], [0, 0, 1]]]),
    )
    return [torch.tensor(a, dtype=dtype) for a in arrays]


@pytest.mark.parametrize("backend", [TorchOpaque(), NumbaOpaque()], ids=lambda b: b.name)
def test_the_picture_is_that_of_gsplats_torch_code(backend):
    """In gsplat's det S = xx yy - xy^2 float32 loses digits: so it computes in float64."""
    module = gsplat_torch.load()
    if module is None:
        pytest.skip("gsplat is not installed")
    arguments = scene()
    given = arguments if backend.name == "torch" else [t.float() for t in arguments]
    ours = backend.draw(*given, WIDTH, HEIGHT)
    image, alpha = gsplat_torch.GsplatTorch(module, WIDTH, HEIGHT).draw(*arguments)
    limit = 1e-12 if backend.name == "torch" else 1e-5
    assert alpha.max() > 0.9
    assert (ours.images[0] - image).abs().max() < limit
    assert (ours.alphas[0] - alpha).abs().max() < limit


def test_two_walls_and_a_background_by_hand():
    """At the centre of a wide splat G is 1: w_0 = a_0, w_1 = (1 - a_0) a_1, whatever the order they are given in."""
    means = torch.tensor([[0.0, 0, 5], [0, 0, 3], [0, 0, 9]], dtype=torch.float64)
    quats, scales = torch.tensor([[2.0, 0, 0, 0]] * 3, dtype=torch.float64), torch.full((3, 3), 1e3).double()
    opacities = torch.tensor([0.5, 0.25, 1.0], dtype=torch.float64)
    colors = torch.eye(3, dtype=torch.float64)[None]
    K = torch.tensor([[[10.0, 0, 2.5], [0, 10, 2.5], [0, 0, 1]]], dtype=torch.float64)
    background = torch.tensor([[2.0, 4, 8]], dtype=torch.float64)
    drawn = TorchOpaque().draw(
        means, quats, scales, opacities, colors, torch.eye(4).double()[None], K, 5, 5, backgrounds=background
    )
    w = [0.75 * 0.5, 0.25, 0.75 * 0.5 * ALPHA_MAX]
    passing = 0.75 * 0.5 * (1 - ALPHA_MAX)
    wanted = torch.tensor(w, dtype=torch.float64) + passing * background[0]
    assert torch.allclose(drawn.images[0, 2, 2], wanted, atol=1e-5)  # rho is 1 - 2e-8
    assert drawn.alphas[0, 2, 2].item() == pytest.approx(sum(w), abs=1e-5)
    assert drawn.depths[0, 2, 2].item() == pytest.approx((w[0] * 5 + w[1] * 3 + w[2] * 9) / sum(w), abs=1e-4)
    assert torch.allclose(drawn.means2d[0], torch.full((3, 2), 2.5).double())


def test_gradients_are_those_of_finite_differences():
    """Away from the limits of coverage, which jump: three wide splats, coverage between 1/255 and 0.999 everywhere."""
    means, quats, scales, _, colors, viewmats, Ks = scene(3, seed=2)
    means[:, :2] *= 0.1
    leaves = [
        t.requires_grad_()
        for t in (means, quats, 1 + scales, torch.tensor([0.3, 0.5, 0.7], dtype=torch.float64), colors, viewmats)
    ]
    background = torch.tensor([[0.2, 0.5, 0.9]], dtype=torch.float64, requires_grad=True)

    def pictures(*tensors):
        drawn = TorchOpaque().draw(*tensors[:6], Ks / 8 + torch.diag(torch.tensor([0, 0, 7 / 8])), 7, 5,
                                   backgrounds=tensors[6])  # fmt: skip
        return drawn.images, drawn.alphas, drawn.depths

    torch.autograd.gradcheck(pictures, (*leaves, background))


def test_the_absolute_gradient_adds_up_what_pixels_ask_alone():
    """On one row of pixels, each of which is also differentiated by itself."""
    arguments = scene(20, seed=3)
    arguments[0].requires_grad_()
    weights = torch.randn(WIDTH, 3, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    drawn = TorchOpaque().draw(*arguments, WIDTH, HEIGHT, absgrad=True)
    asked = (drawn.images[0, 20] * weights).sum(-1)
    alone = [torch.autograd.grad(pixel, drawn.means2d, retain_graph=True)[0].abs() for pixel in asked]
    asked.sum().backward()
    torch.testing.assert_close(drawn.means2d.absgrad, sum(alone))
    assert (drawn.means2d.absgrad > 1.01 * drawn.means2d.grad.abs()).any()
