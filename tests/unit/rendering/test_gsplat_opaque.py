"""What is asked of gsplat for opaque scenes and made of its answer, without a GPU: the twin stands in for its kernels.

The real one is held against the twin in contract/test_opaque_backends.py, where a GPU is.
"""

import gc
import inspect
import weakref
from unittest import mock

import numpy as np
import pytest
import torch

from helios.errors import BackendError
from helios.rendering.opaque import torch_opaque
from helios.rendering.opaque.gsplat_opaque import GsplatOpaque
from helios.rendering.opaque.torch_opaque import TorchOpaque

WIDTH, HEIGHT = 40, 30


def stand_in(
    means, quats, scales, opacities, colors, viewmats, Ks, width, height, near_plane=0.01, far_plane=1e10, eps2d=0.3,
    packed=True, backgrounds=None, render_mode="RGB", absgrad=False, rasterize_mode="classic",
):  # fmt: skip
    """gsplat's `rasterization` as far as it is used: images with depth behind, alphas, and what `meta` holds."""
    assert eps2d == 0.3
    assert render_mode in ("RGB+ED", "RGB")
    arguments = (means, quats, scales, opacities, colors, viewmats, Ks, width, height)
    options = {"near_plane": near_plane, "far_plane": far_plane, "antialiased": rasterize_mode == "antialiased"}
    options |= {"backgrounds": backgrounds, "absgrad": absgrad}
    if packed:
        drawn, meta = drawn_from_rows(arguments, options)
    else:
        drawn = TorchOpaque().draw(*arguments, **options)
        meta = {"means2d": drawn.means2d, "radii": drawn.radii}
    shown = [drawn.images, drawn.depths[..., None]] if render_mode == "RGB+ED" else [drawn.images]
    return torch.cat(shown, -1), drawn.alphas[..., None], meta


def drawn_from_rows(arguments, options):
    """The picture made of centres that exist only as rows of what each camera sees, as in gsplat's packed mode.

    The rows are no leaves, and the sum of absolute gradients is set on them while the picture is differentiated.
    """
    with torch.no_grad():
        at = torch.nonzero((TorchOpaque().draw(*arguments, **options).radii > 0).all(-1), as_tuple=True)
    meta, composite = {"camera_ids": at[0], "gaussian_ids": at[1]}, torch_opaque._composite
    laid_out = []

    def from_rows(means2d, *rest):
        if not laid_out:
            rows = meta["means2d"] = means2d[at]
            laid_out.append(torch.zeros_like(means2d).index_put(at, rows))
            if options["absgrad"] and rows.requires_grad:
                sums = laid_out[0].absgrad = torch.zeros_like(means2d)
                seen = weakref.ref(rows)
                rows.register_hook(lambda grad: setattr(seen(), "absgrad", sums[at]))
        return composite(laid_out[0], *rest)

    with mock.patch.object(torch_opaque, "_composite", from_rows):
        drawn = TorchOpaque().draw(*arguments, **options)
    return drawn, meta | {"radii": drawn.radii[at]}


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


@pytest.mark.parametrize("absgrad", [False, True])
def test_packed_gives_what_unpacked_gives_with_every_gradient(tensors, absgrad):
    """A few of the splats are out of one camera's view, and one of both; rows of these are not there at all."""
    tensors["means"][0] += torch.tensor([50.0, 0.0, 0.0])
    found = {}
    for packed in (False, True):
        leaves = {name: tensor.clone().requires_grad_(name != "Ks") for name, tensor in tensors.items()}
        backend = GsplatOpaque(device="cpu", packed=packed, rasterization=stand_in)
        drawn = backend.draw(**leaves, width=WIDTH, height=HEIGHT, absgrad=absgrad)
        shown = (drawn.radii > 0).all(-1)
        places = drawn.means2d.detach().clone()
        (drawn.images.square().sum() + drawn.depths.sum() + drawn.alphas.sum()).backward()
        grads = {name: leaf.grad for name, leaf in leaves.items() if name != "Ks"} | {"means2d": drawn.means2d.grad}
        if absgrad:
            grads["absolute"] = drawn.means2d.absgrad
        parts = {"images": drawn.images, "alphas": drawn.alphas, "depths": drawn.depths, "radii": drawn.radii}
        found[packed] = parts | {"centres": torch.where(shown[..., None], places, 0.0)} | grads
    assert 0 < shown[:, 1:].sum() < shown[:, 1:].numel()
    assert not shown[:, 0].any()
    assert found[True].keys() == found[False].keys()
    for name, wanted in found[False].items():
        most = wanted.abs().max().item()
        assert most > 0
        torch.testing.assert_close(found[True][name], wanted, rtol=1e-5, atol=1e-6 * most, msg=name)


def test_packed_memory_is_free_once_the_picture_is(tensors):
    """Without a search for cycles, which knows nothing of how much memory of a GPU one holds."""
    kept = []

    def spy(**arguments):
        pixels, alphas, meta = stand_in(**arguments)
        kept.append(weakref.ref(meta["means2d"]))
        return pixels, alphas, meta

    tensors["means"].requires_grad_()
    gc.disable()
    try:
        for differentiated in (True, False):
            drawn = GsplatOpaque(device="cpu", packed=True, rasterization=spy).draw(
                **tensors, width=WIDTH, height=HEIGHT, absgrad=True
            )
            if differentiated:
                drawn.images.sum().backward()
            del drawn
            assert kept[-1]() is None
    finally:
        gc.enable()


def test_depths_that_nobody_looks_at_are_not_drawn(tensors):
    backend = GsplatOpaque(device="cpu", rasterization=stand_in)
    with_depths, without = (
        backend.draw(**tensors, width=WIDTH, height=HEIGHT, with_depths=wanted) for wanted in (True, False)
    )
    assert with_depths.depths.any()
    assert without.depths.shape == (2, HEIGHT, WIDTH)
    assert not without.depths.any()
    assert torch.equal(without.images, with_depths.images)


def test_a_splat_that_is_not_finite_is_given_no_opacity(tensors):
    asked = []

    def spy(**arguments):
        asked.append(arguments["opacities"])
        return stand_in(**arguments)

    tensors["colors"][1, 3] = torch.nan
    tensors["means"][7, 1] = torch.inf
    GsplatOpaque(device="cpu", rasterization=spy).draw(**tensors, width=WIDTH, height=HEIGHT)
    assert torch.nonzero(asked[0] == 0)[:, 0].tolist() == [3, 7]


def test_a_scene_without_splats_is_no_task_for_gsplat(tensors):
    """Its host code divides by their number, which would end the process."""
    none = tensors | {name: tensors[name][:0] for name in ("means", "quats", "scales", "opacities")}
    none["colors"] = tensors["colors"][:, :0]
    for packed in (False, True):
        drawn = GsplatOpaque(device="cpu", packed=packed, rasterization=print).draw(**none, width=WIDTH, height=HEIGHT)
        assert torch.equal(drawn.images, tensors["backgrounds"][:, None, None].expand_as(drawn.images))
        assert drawn.means2d.shape == drawn.radii.shape == (2, 0, 2)


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
