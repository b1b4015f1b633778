"""Colours by gsplat's kernel of harmonics are those of the float64 twin, with every gradient.

Without a GPU gsplat's own torch code stands in for its kernel, whose checks of shapes it has.
"""

import pytest
import torch

from helios.photos.sh import sh_colors
from helios.photos.sh_basis import torch_colors
from helios.rendering.opaque.gsplat_sh import gsplat_colors, is_for
from tests import gsplat_torch


def scene(degree: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(degree)
    shapes = ((2, 50, 3), (50, 1, 3), (50, 15, 3))
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


def compare(colors, degree: int, device: str) -> None:
    """1e-5 is a hundred roundings of float32 at values of 1."""
    exact = [tensor.clone().requires_grad_() for tensor in scene(degree)]
    single = [tensor.float().to(device).requires_grad_() for tensor in scene(degree)]
    wanted, found = torch_colors(*exact, degree), colors(*single, degree)
    assert 0.02 < (wanted == 0.0).double().mean() < 0.6, "some colours must be cut at 0"
    torch.testing.assert_close(found.detach().cpu().double(), wanted.detach(), atol=1e-5, rtol=1e-5)
    weights = torch.randn(2, 50, 3, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    wanted.backward(weights)
    found.backward(weights.float().to(device))
    for one, other in zip(exact, single):
        if one.grad is not None and one.grad.any():
            torch.testing.assert_close(other.grad.cpu().double(), one.grad, atol=1e-4, rtol=1e-4)
        else:
            assert other.grad is None or not other.grad.any()


@pytest.mark.parametrize("degree", range(4))
def test_what_is_asked_of_gsplat(degree):
    module = gsplat_torch.load()
    if module is None:
        pytest.skip("gsplat is not installed")
    compare(lambda *given: gsplat_colors(*given, module._spherical_harmonics), degree, "cpu")


def test_no_splats_have_no_colours():
    nothing = [torch.empty(shape) for shape in ((2, 0, 3), (0, 1, 3), (0, 15, 3))]
    assert gsplat_colors(*nothing, 3).shape == (2, 0, 3)


def test_it_is_for_cuda_only():
    assert not is_for(*scene(0))
    assert not is_for(*(tensor.float() for tensor in scene(0)))


@pytest.mark.gpu
@pytest.mark.parametrize("degree", range(4))
def test_on_a_gpu(degree):
    if not torch.cuda.is_available():
        pytest.skip("gsplat needs a CUDA device; torch sees none")
    assert is_for(*(tensor.float().cuda() for tensor in scene(degree)))
    compare(sh_colors, degree, "cuda")
