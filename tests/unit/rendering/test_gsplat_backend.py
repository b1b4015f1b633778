"""What is handed to gsplat, checked without a GPU: a stand-in of the same signature that draws with the reference.

The stand-in checks every shape as gsplat 1.5.3's `rasterization` does, and the settings that make it obey the law of
light. The real one is compared in contract/test_backends.py, where a GPU is.
"""

import inspect

import pytest
import torch

from helios.errors import BackendError
from helios.rendering.gsplat_backend import ALPHA_MIN, GsplatBackend
from helios.rendering.torch_reference import TorchBackend


def stand_in(
    means, quats, scales, opacities, colors, viewmats, Ks, width, height, near_plane=0.01, far_plane=1e10,
    radius_clip=0.0, eps2d=0.3, sh_degree=None, packed=True, rasterize_mode="classic", backgrounds=None,
):  # fmt: skip
    *batch, n, _ = means.shape
    c = viewmats.shape[-3]
    assert quats.shape == (*batch, n, 4)
    assert scales.shape == (*batch, n, 3)
    assert opacities.shape == (*batch, n)
    assert colors.shape == (*batch, n, 3)
    assert viewmats.shape == (*batch, c, 4, 4)
    assert Ks.shape == (*batch, c, 3, 3)
    assert (rasterize_mode, packed, eps2d, near_plane, sh_degree) == ("antialiased", False, 0.3, 1e-3, None)
    assert (radius_clip, backgrounds) == (0.0, None)
    reference = TorchBackend(alpha_min=1 / 255)
    image = reference.render(means, quats, scales, opacities, colors, viewmats, Ks, width, height)
    return image, image.sum(-1, keepdim=True), {}


@pytest.fixture
def backend():
    return GsplatBackend(device="cpu", rasterization=stand_in)


def test_a_batch_of_cells_is_drawn_at_once_and_differentiated(backend, random_scene):
    scene = random_scene(cells=3, splats=11, views=2)
    scene[3] *= 4.0  # past 1
    leaves = [t.requires_grad_() for t in scene[:5]]
    image = backend.render(*scene, 48, 40)
    assert image.shape == (3, 2, 40, 48, 3)
    assert torch.equal(image, TorchBackend(alpha_min=ALPHA_MIN).render(*scene, 48, 40))
    image.sum().backward()
    assert all(t.grad is not None and torch.isfinite(t.grad).all() for t in leaves)


def test_the_probe_accepts_a_rasteriser_that_works(backend):
    backend.probe()


def test_the_probe_says_what_is_wrong_in_one_line():
    def no_compiler(**scene):
        raise AttributeError("'NoneType' object has no attribute 'projection'\nand a long story")

    def black(**scene):
        image, alphas, meta = stand_in(**scene)
        return 0.0 * image, alphas, meta

    with pytest.raises(
        BackendError, match=r"^gsplat does not work on this machine: .*'projection' \(use --backend numba\)$"
    ):
        GsplatBackend(device="cpu", rasterization=no_compiler).probe()
    with pytest.raises(BackendError, match="without light or gradient"):
        GsplatBackend(device="cpu", rasterization=black).probe()


def test_tensors_on_another_device_or_of_another_type_are_refused(backend, random_scene):
    with pytest.raises(BackendError, match=r"given torch.float64 on cpu; it takes float32"):
        backend.render(*random_scene(dtype=torch.float64), 48, 40)
    on_cuda = GsplatBackend(device="cuda", rasterization=stand_in)
    with pytest.raises(BackendError, match=r"given torch.float32 on cpu; it takes float32 on cuda"):
        on_cuda.render(*random_scene(), 48, 40)


@pytest.mark.gpu
def test_gsplat_still_has_the_arguments_that_are_passed():
    if not torch.cuda.is_available():
        pytest.skip("gsplat is imported only where torch sees a CUDA device")
    from gsplat import rasterization

    known = inspect.signature(rasterization).parameters
    for name, parameter in inspect.signature(stand_in).parameters.items():
        assert known[name].default == parameter.default
