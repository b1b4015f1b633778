"""What is asked of gsplat for opaque scenes and made of its answer, without a GPU: the twin stands in for its kernels.

The real one is held against the twin in contract/test_opaque_backends.py, where a GPU is.
"""

import inspect

import numpy as np
import pytest
import torch

from helios.errors import BackendError
from helios.rendering.opaque.gsplat_opaque import GsplatOpaque
from helios.rendering.opaque.torch_opaque import TorchOpaque

WIDTH, HEIGHT = 40, 30


class _KeepAbsolute(torch.autograd.Function):
    """As gsplat: passes centres on, and sets `absgrad` on them in the backward pass."""

    @staticmethod
    def forward(ctx, means2d):
        ctx.means2d = means2d
        return means2d.clone()

    @staticmethod
    def backward(ctx, grad):
        ctx.means2d.absgrad = grad.abs()
        return grad


def stand_in(
    means, quats, scales, opacities, colors, viewmats, Ks, width, height, near_plane=0.01, far_plane=1e10, eps2d=0.3,
    packed=True, backgrounds=None, render_mode="RGB", absgrad=False, rasterize_mode="classic",
):  # fmt: skip
    """gsplat's `rasterization` as far as it is used: images with depth behind, alphas, and what `meta` holds."""
    assert (eps2d, render_mode) == (0.3, "RGB+ED")
    drawn = TorchOpaque().draw(
        means, quats, scales, opacities, colors, viewmats, Ks, width, height, backgrounds=backgrounds,
        near_plane=near_plane, far_plane=far_plane, antialiased=rasterize_mode == "antialiased",
    )  # fmt: skip
    meta = {"means2d": drawn.means2d, "radii": drawn.radii}
    pixels = torch.cat([drawn.images, drawn.depths[..., None]], -1)
    if packed:
        at = torch.nonzero((drawn.radii > 0).all(-1), as_tuple=True)
        rows = drawn.means2d.detach()[at].requires_grad_(drawn.means2d.requires_grad)
        # The picture moves with the rows, so that they get a gradient: here of weight 1 in every pixel.
        moved = (_KeepAbsolute.apply(rows) if absgrad else rows).sum()
        pixels = pixels + (moved - moved.detach())
        meta = {"means2d": rows, "radii": drawn.radii[at], "camera_ids": at[0], "gaussian_ids": at[1]}
    return pixels, drawn.alphas[..., None], meta


@pytest.fixture
def tensors():
    draw = np.random.default_rng(0)
    viewmats = np.tile(np.eye(4), (2, 1, 1))
    viewmats[:, 2, 3] = (3, 4)
    arrays = {
        "means": draw.uniform(-1, 1, (25, 3)) * [3, 1, 1],
        "quats": draw.normal(size=(25, 4)),
        "scales": draw.uniform(0.05, 0.3, (25, 3)),
        "opacities": draw.uniform(0.1, 1, 25),
        "colors": draw.uniform(0, 1, (2, 25, 3)),
        "viewmats": viewmats,
        "Ks": np.tile([[40.0, 0, 20], [0, 40, 15], [0, 0, 1]], (2, 1, 1)),
        "backgrounds": draw.uniform(0, 1, (2, 3)),
    }
    return {name: torch.tensor(array, dtype=torch.float32) for name, array in arrays.items()}


@pytest.mark.parametrize("antialiased", [True, False])
def test_what_comes_back_is_taken_apart_as_the_contract_says(tensors, antialiased):
    tensors["means"].requires_grad_()
    options = {"antialiased": antialiased, "near_plane": 2.5, "far_plane": 4.5}
    backend = GsplatOpaque(device="cpu", rasterization=stand_in)
    drawn, wanted = (b.draw(**tensors, width=WIDTH, height=HEIGHT, **options) for b in (backend, TorchOpaque()))
    for part in ("images", "alphas", "depths", "radii"):
        assert torch.equal(getattr(drawn, part), getattr(wanted, part)), part
    for each in (drawn, wanted):
        (each.images.sum() + each.depths.sum()).backward()
    assert torch.equal(drawn.means2d.grad, wanted.means2d.grad)


def test_packed_rows_are_laid_out_again_with_their_gradients(tensors):
    tensors["means"].requires_grad_()
    backend = GsplatOpaque(device="cpu", packed=True, rasterization=stand_in)
    drawn = backend.draw(**tensors, width=WIDTH, height=HEIGHT, absgrad=True)
    wanted = TorchOpaque().draw(**tensors, width=WIDTH, height=HEIGHT)
    shown = (wanted.radii > 0).all(-1)
    assert 0 < shown.sum() < shown.numel()
    assert torch.equal(drawn.radii, wanted.radii)
    assert torch.equal(drawn.means2d.detach()[shown], wanted.means2d.detach()[shown])
    drawn.images.sum().backward()
    each = float(drawn.images.numel())  # the stand-in's weight in every number of the picture
    assert torch.equal(drawn.means2d.grad, torch.where(shown[..., None], each, 0.0).expand(-1, -1, 2))
    assert torch.equal(drawn.means2d.absgrad, drawn.means2d.grad)


def test_a_splat_that_is_not_finite_is_given_no_opacity(tensors):
    asked = []

    def spy(**arguments):
        asked.append(arguments["opacities"])
        return stand_in(**arguments)

    tensors["colors"][1, 3] = torch.nan
    tensors["means"][7, 1] = torch.inf
    GsplatOpaque(device="cpu", rasterization=spy).draw(**tensors, width=WIDTH, height=HEIGHT)
    assert torch.nonzero(asked[0] == 0)[:, 0].tolist() == [3, 7]


def test_the_probe_accepts_what_works_and_says_what_is_wrong_in_one_line():
    GsplatOpaque(device="cpu", rasterization=stand_in).probe()

    def no_compiler(**scene):
        raise AttributeError("'NoneType' object has no attribute 'projection'\nand a long story")

    def black(**scene):
        pixels, alphas, meta = stand_in(**scene)
        return 0.0 * pixels, alphas, meta

    with pytest.raises(
        BackendError, match=r"^gsplat does not work on this machine: .*'projection' \(use --backend numba\)$"
    ):
        GsplatOpaque(device="cpu", rasterization=no_compiler).probe()
    with pytest.raises(BackendError, match="without light or gradient"):
        GsplatOpaque(device="cpu", rasterization=black).probe()


def test_tensors_on_another_device_are_refused(tensors):
    with pytest.raises(BackendError, match=r"given torch\.float32 on cpu; it takes float32 on cuda"):
        GsplatOpaque(device="cuda", rasterization=stand_in).draw(**tensors, width=WIDTH, height=HEIGHT)


@pytest.mark.gpu
def test_gsplat_still_has_the_arguments_that_are_passed():
    if not torch.cuda.is_available():
        pytest.skip("gsplat is imported only where torch sees a CUDA device")
    from gsplat import rasterization as real

    known = inspect.signature(real).parameters
    for name, parameter in inspect.signature(stand_in).parameters.items():
        assert known[name].default == parameter.default
