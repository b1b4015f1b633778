"""Every opaque backend draws what the float64 twin draws, and has all of its gradients.

The scenes are chosen for what breaks rasterisers: needles at any angle, specks far below a pixel, blobs larger than the
image, opacity 1 (clipped coverage), so many opaque ones that most are never reached, a camera within the cloud with
splats behind it, a principal point off the centre, two views with colours of their own. The loss weighs images, alphas
and depths at random, so that every path counts. The twin itself is held against gsplat's own torch code in
unit/rendering/test_torch_opaque.py.
"""

import numpy as np
import pytest
import torch

from helios.errors import BackendError, InputError
from helios.rendering.opaque import OPAQUE_BACKENDS, Drawn, OpaqueBackend, choose
from helios.rendering.opaque.contract import check_opaque
from helios.rendering.opaque.numba_opaque import NumbaOpaque
from helios.rendering.opaque.torch_opaque import TorchOpaque

WIDTH, HEIGHT, VIEWS = 75, 53, 2
INPUTS = ("means", "quats", "scales", "opacities", "colors", "viewmats", "backgrounds")

# Sizes (least, largest) in world units, which are 20 px at the cloud's centre; opacities; distance; splats.
SCENES = {
    "blobs": ((0.05, 0.3), (0.05, 0.95), 4.0, 60),
    "needles": ((0.005, 1.0), (0.1, 0.9), 4.0, 60),
    "specks": ((0.002, 0.02), (0.3, 1.0), 4.0, 300),
    "huge": ((0.5, 1.5), (0.05, 0.6), 4.0, 30),
    "walls": ((0.1, 0.4), (1.0, 1.0), 4.0, 120),
    "buried": ((0.4, 0.8), (0.9, 1.0), 2.2, 300),
    "inside": ((0.05, 0.3), (0.05, 0.95), 0.3, 80),
}

NEEDS_CUDA = ("gsplat", "gsplat packed")
TESTED = [
    pytest.param(name, marks=pytest.mark.gpu) if name in NEEDS_CUDA else name
    for name in (*OPAQUE_BACKENDS.names(), "gsplat packed")
    if name != "torch"
]


@pytest.fixture(autouse=True)
def one_torch_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def scene(name: str, seed: int = 0) -> dict[str, torch.Tensor]:
    sizes, opacities, distance, count = SCENES[name]
    draw = np.random.default_rng(seed)
    turns = np.linalg.qr(draw.normal(size=(VIEWS, 3, 3)))[0]
    viewmats = np.tile(np.eye(4), (VIEWS, 1, 1))
    viewmats[:, :3, :3] = turns * np.linalg.det(turns)[:, None, None]
    viewmats[:, :3, 3] = [(0.05, -0.1, distance), (0.2, 0.1, 1.1 * distance)]
    arrays = {
        "means": draw.uniform(-1, 1, (count, 3)),
        "quats": draw.normal(size=(count, 4)) * draw.uniform(0.3, 3, (count, 1)),
        "scales": np.exp(draw.uniform(*np.log(sizes), (count, 3))),
        "opacities": draw.uniform(*opacities, count),
        "colors": draw.uniform(0, 1, (VIEWS, count, 3)),
        "viewmats": viewmats,
        "Ks": np.tile([[80.0, 0, 30.2], [0, 84.0, 33.7], [0, 0, 1.0]], (VIEWS, 1, 1)),
        "backgrounds": draw.uniform(0, 1, (VIEWS, 3)),
    }
    return {key: torch.tensor(value, dtype=torch.float32) for key, value in arrays.items()}


def draw_with_gradients(backend: OpaqueBackend, tensors: dict, dtype=torch.float32, **options):
    """The result, and the gradients of a loss that weighs images, alphas and depths at random, by name."""
    leaves = {name: t.clone().to(backend.device, dtype).requires_grad_(name in INPUTS) for name, t in tensors.items()}
    drawn = backend.draw(**leaves, width=WIDTH, height=HEIGHT, **options)
    noise = torch.Generator().manual_seed(1)
    loss = sum(
        (part * torch.randn(part.shape, generator=noise, dtype=torch.float64).to(part)).sum()
        for part in (drawn.images, drawn.alphas, drawn.depths)
    )
    loss.backward()
    grads = {name: leaves[name].grad for name in INPUTS} | {"means2d": drawn.means2d.grad}
    if options.get("absgrad"):
        grads["absolute"] = drawn.means2d.absgrad
    return drawn, {name: grad.double().cpu() for name, grad in grads.items()}


def leaves(kind: str) -> dict[str, torch.Tensor]:
    return {name: t.requires_grad_(name in INPUTS) for name, t in scene(kind).items()}


def make(name: str) -> OpaqueBackend:
    if name in NEEDS_CUDA and not torch.cuda.is_available():
        pytest.skip(f"{name} needs a CUDA device; torch sees none")
    name, _, packed = name.partition(" ")
    return OPAQUE_BACKENDS.get(name)(**{"packed": True} if packed else {})


def relative(given: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((given.double().cpu() - wanted).norm() / wanted.norm())


@pytest.mark.parametrize("antialiased", [True, False])
@pytest.mark.parametrize("kind", SCENES)
@pytest.mark.parametrize("name", TESTED)
def test_pictures_and_every_gradient_are_those_of_the_twin(name, kind, antialiased):
    tensors, options = scene(kind), {"antialiased": antialiased, "absgrad": True}
    drawn, grads = draw_with_gradients(make(name), tensors, **options)
    wanted, wanted_grads = draw_with_gradients(TorchOpaque(), tensors, torch.float64, **options)
    assert wanted.alphas.max() > 0.1  # there is something to see
    assert torch.equal(drawn.radii.cpu() > 0, wanted.radii > 0)
    shown = wanted.radii > 0
    assert relative(drawn.means2d.detach().cpu()[shown], wanted.means2d.detach()[shown]) < 1e-6
    for part in ("images", "alphas", "depths"):
        assert relative(getattr(drawn, part).detach(), getattr(wanted, part).detach()) < 2e-6, part
    for part, grad in wanted_grads.items():
        assert grad.norm() > 0, part
        assert relative(grads[part], grad) < 1e-4, part


@pytest.mark.parametrize("name", TESTED)
def test_a_splat_that_is_not_finite_draws_nothing_and_asks_for_nothing(name):
    tensors = scene("blobs")
    without = {key: t if key in ("viewmats", "Ks", "backgrounds") else t[..., 6:, :] if t.ndim > 1 else t[6:]
               for key, t in tensors.items()}  # fmt: skip
    for i, key in enumerate(("means", "quats", "scales", "opacities")):
        tensors[key][i, ...] = torch.nan if key != "scales" else torch.inf
    tensors["colors"][:, 4] = torch.nan
    tensors["quats"][5] = 0.0
    drawn, grads = draw_with_gradients(make(name), tensors)
    wanted, wanted_grads = draw_with_gradients(make(name), without)
    assert torch.equal(drawn.images, wanted.images)
    assert (drawn.radii[:, :6] == 0).all()
    for key in ("means", "quats", "scales", "opacities"):
        assert (grads[key][:6] == 0).all()
        torch.testing.assert_close(grads[key][6:], wanted_grads[key])
    torch.testing.assert_close(grads["viewmats"], wanted_grads["viewmats"])


@pytest.mark.parametrize("name", [*TESTED, "torch"])
def test_planes_cut_and_an_empty_view_is_its_background(name):
    backend, tensors = make(name), scene("blobs")
    tensors = {key: t.to(backend.device) for key, t in tensors.items()}
    depth = (tensors["means"] @ tensors["viewmats"][:, :3, :3].mT + tensors["viewmats"][:, None, :3, 3])[..., 2]
    drawn = backend.draw(**tensors, width=WIDTH, height=HEIGHT, near_plane=3.5, far_plane=4.5)
    seen = (drawn.radii > 0).all(-1)
    assert seen.any()
    assert not seen[(depth < 3.5) | (depth > 4.5)].any()
    nothing = backend.draw(**tensors, width=WIDTH, height=HEIGHT, near_plane=1e3)
    assert torch.equal(nothing.images, tensors["backgrounds"][:, None, None].expand_as(nothing.images))
    assert not nothing.alphas.any()
    assert not nothing.depths.any()
    none = {key: t[:0] if key in ("means", "quats", "scales", "opacities") else t for key, t in tensors.items()}
    none["colors"] = tensors["colors"][:, :0]
    drawn, _ = draw_with_gradients(backend, none)
    assert torch.equal(drawn.images.detach(), nothing.images)


@pytest.mark.parametrize("kind", ["blobs", "buried"])
def test_any_number_of_threads_gives_the_same_bytes_whatever_memory_held(kind, monkeypatch):
    def filled(shape, dtype=float, empty=np.empty):
        array = empty(shape, dtype)
        array.reshape(-1).view(np.uint8)[:] = 0xFF  # NaN, or -1
        return array

    def everything(threads):
        drawn, grads = draw_with_gradients(NumbaOpaque(threads=threads), scene(kind), absgrad=True)
        parts = [drawn.images, drawn.alphas, drawn.depths, drawn.means2d, drawn.radii, *grads.values()]
        return [part.detach().numpy().tobytes() for part in parts]

    view = NumbaOpaque().draw(**leaves(kind), width=WIDTH, height=HEIGHT).images.grad_fn.views[0]
    assert (view.ends < view.begin[1:]).any() == (kind == "buried")  # tiles that are done before their lists
    once = everything(1)
    monkeypatch.setattr(np, "empty", filled)
    for threads in (1, 2, 3):
        assert everything(threads) == once


def test_without_gradients_asked_for_nothing_is_kept():
    with torch.no_grad():
        drawn = NumbaOpaque().draw(**scene("blobs"), width=WIDTH, height=HEIGHT)
    assert isinstance(drawn, Drawn)
    assert not any(getattr(drawn, part).requires_grad for part in ("images", "alphas", "depths", "means2d"))


def test_only_the_camera_or_the_background_may_ask_for_gradients():
    for name in ("viewmats", "backgrounds"):
        tensors = scene("blobs")
        tensors[name].requires_grad_()
        NumbaOpaque().draw(**tensors, width=WIDTH, height=HEIGHT).images.sum().backward()
        assert tensors[name].grad.abs().sum() > 0


def test_what_does_not_fit_is_refused_in_one_line():
    tensors = scene("blobs")
    with pytest.raises(BackendError, match=r"^colors has shape \(1, 60, 3\), must be \(2, 60, 3\)$"):
        check_opaque(**(tensors | {"colors": tensors["colors"][:1]}))
    with pytest.raises(BackendError, match=r"scales is torch\.float64 on cpu, means torch\.float32"):
        check_opaque(**(tensors | {"scales": tensors["scales"].double()}))
    with pytest.raises(BackendError, match="takes float32 on the CPU"):
        NumbaOpaque().draw(**{key: t.double() for key, t in tensors.items()}, width=WIDTH, height=HEIGHT)
    with pytest.raises(InputError, match=r"unknown backend 'tpu' \(choose from gsplat, numba, torch\)"):
        choose("tpu")
    assert isinstance(choose("numba"), OpaqueBackend)
    assert isinstance(choose("torch"), OpaqueBackend)
