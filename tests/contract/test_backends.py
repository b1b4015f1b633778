"""Every rasteriser backend draws what the float64 reference draws, and has its gradients.

The scenes are random clouds of splats seen by cameras turned at random, chosen for what breaks rasterisers: specks
far below a pixel, needles at any angle, blobs larger than the image, brightness past 1. The reference itself is held
against finite differences in unit/render/test_torch_reference.py and against the physics in unit/render/test_flux.py.
"""

import math
from importlib.metadata import EntryPoint

import pytest
import torch

from helios.errors import BackendError
from helios.rendering import BACKENDS
from helios.rendering.backend import NEAR, Backend
from helios.rendering.torch_reference import TorchBackend

TOY = "tests.contract.helios_toys.backend"
SPLAT_TENSORS = ("means", "quats", "log_scales", "opacities", "colors")
DISTANCE = 5.0

# Sizes in pixels (least, largest), opacity (least, largest).
SCENES = {
    "specks": ((0.01, 0.5), (0.05, 30.0)),
    "blobs": ((2.0, 5.0), (0.02, 0.6)),
    "bright": ((2.0, 5.0), (0.5, 20.0)),
    "needles": ((0.3, 12.0), (0.02, 0.6)),
    "huge": ((20.0, 100.0), (0.02, 1.0)),
}

NEEDS_CUDA = ("gsplat",)
EVERY = (*BACKENDS.names(), "toy")
"""All that are registered, and one that shows what a new one takes: `helios_toys/backend.py` and a line."""

CPU = [name for name in EVERY if name not in NEEDS_CUDA]
ALL = [pytest.param(name, marks=pytest.mark.gpu) if name in NEEDS_CUDA else name for name in EVERY]
DENSE = ("torch", "toy")
"""Too slow for scenes of every kind."""


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setitem(BACKENDS._entries, "toy", EntryPoint("toy", f"{TOY}:ToyBackend", BACKENDS.group))


@pytest.fixture(autouse=True)
def one_torch_thread():
    """These scenes are too small to share out: with more threads, torch spends its time waking them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def make(name: str) -> Backend:
    if name in NEEDS_CUDA and not torch.cuda.is_available():
        pytest.skip(f"{name} needs a CUDA device; torch sees none")
    return BACKENDS.get(name)()


def scene(kind="blobs", cells=2, splats=30, views=2, width=64, height=64, seed=0) -> dict[str, torch.Tensor]:
    """Return float64 tensors named as in SPLAT_TENSORS, with viewmats and Ks, of a cloud within the unit cube."""
    (least, largest), (faint, bright) = SCENES[kind]
    draw = torch.Generator().manual_seed(seed)

    def uniform(*shape):
        return torch.rand(*shape, generator=draw, dtype=torch.float64)

    def normal(*shape):
        return torch.randn(*shape, generator=draw, dtype=torch.float64)

    focal = width / 2 / math.tan(math.radians(30))
    sizes_px = math.log(least) + math.log(largest / least) * uniform(cells, splats, 3)
    viewmats = torch.eye(4, dtype=torch.float64).repeat(cells, views, 1, 1)
    turns = torch.linalg.qr(normal(cells, views, 3, 3))[0]
    viewmats[..., :3, :3] = turns * torch.linalg.det(turns)[..., None, None]
    viewmats[..., 2, 3] = DISTANCE
    Ks = torch.tensor([[focal, 0, width / 2], [0, 1.1 * focal, 0.4 * height], [0, 0, 1]], dtype=torch.float64)
    return {
        "means": 2 * uniform(cells, splats, 3) - 1,
        "quats": normal(cells, splats, 4),
        "log_scales": sizes_px + math.log(DISTANCE / focal),
        "opacities": faint + (bright - faint) * uniform(cells, splats),
        "colors": 0.2 + uniform(cells, splats, 3),
        "viewmats": viewmats,
        "Ks": Ks.repeat(cells, views, 1, 1),
    }


def to(tensors, dtype=torch.float32, device="cpu"):
    """Copies that take gradients."""
    return {
        name: t.detach().to(device, dtype).clone().requires_grad_(name in SPLAT_TENSORS) for name, t in tensors.items()
    }


def law_for(backend):
    """The reference, with the threshold of a backend that has one by choice."""
    return TorchBackend(weight_min=0.0 if backend.name in NEEDS_CUDA else backend.weight_min)


def render(backend, s, width=64, height=64):
    splats = (s["means"], s["quats"], s["log_scales"].exp(), s["opacities"], s["colors"])
    return backend.render(*splats, s["viewmats"], s["Ks"], width, height)


def gradients(backend, s, width=64, height=64):
    """The image, and the gradients of a sum over it with random weights."""
    image = render(backend, s, width, height)
    weights = torch.randn(image.shape, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    image.backward(weights.to(image))
    return image.detach(), {name: s[name].grad for name in SPLAT_TENSORS}


@pytest.mark.parametrize("size", [(64, 64), (33, 17)])
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *[
            (name, kind)
            for name in CPU
            for kind in SCENES
            if name not in DENSE or kind in ("specks", "blobs", "bright")
        ],
        *[pytest.param(name, kind, marks=pytest.mark.gpu) for name in NEEDS_CUDA for kind in ("blobs", "needles")],
    ],
)
def test_images_and_gradients_are_the_references(name, kind, size):
    backend = make(name)
    tensors = scene(kind, width=size[0], height=size[1], seed=3)
    expected, expected_grads = gradients(law_for(backend), to(tensors, torch.float64), *size)
    image, grads = gradients(backend, to(tensors, device=backend.device), *size)
    wrong = (image.double().cpu() - expected).abs()
    exact = name not in NEEDS_CUDA
    # gsplat hides and cuts: see tests/unit/rendering/test_gsplat_backend.py.
    assert wrong.max() < (1e-5 if exact else 0.3) * max(1.0, expected.max())
    assert expected.max() > 0.1
    for tensor in SPLAT_TENSORS:
        error = (grads[tensor].double().cpu() - expected_grads[tensor]).norm() / expected_grads[tensor].norm()
        assert error < (1e-3 if exact else 0.5), tensor


@pytest.mark.parametrize("name", CPU)
def test_a_cell_alone_and_in_a_padded_batch_gives_the_same_bytes(name):
    backend = make(name)
    tensors = scene("bright", cells=3, views=2)
    alone = {key: t[1:2] for key, t in tensors.items()}
    padded = {key: t.clone() for key, t in tensors.items()}
    for key in SPLAT_TENSORS:
        empty = torch.zeros(3, 5, *tensors[key].shape[2:], dtype=torch.float64)
        padded[key] = torch.cat([padded[key], empty], dim=1)
    image, grads = gradients(backend, to(alone))
    batch = to(padded)
    batch_image = render(backend, batch)
    weights = torch.randn(image.shape, generator=torch.Generator().manual_seed(7), dtype=torch.float64).to(image)
    batch_image.backward(weights.expand_as(batch_image))
    assert torch.equal(batch_image[1:2], image)
    for key in SPLAT_TENSORS:
        assert torch.equal(batch[key].grad[1:2, :30], grads[key])
        assert torch.all(batch[key].grad[:, 30:] == 0)


@pytest.mark.parametrize("name", CPU)
def test_padding_of_zeros_throughout_draws_nothing_and_has_zero_gradients(name):
    s = to(scene(cells=1, splats=3))
    with torch.no_grad():
        for key in ("means", "quats", "opacities", "colors"):
            s[key].zero_()
        s["log_scales"].fill_(-torch.inf)  # scales of exactly 0
    image, grads = gradients(make(name), s)
    assert torch.all(image == 0)
    for key in ("means", "quats", "opacities", "colors"):
        assert torch.all(grads[key] == 0)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("position", "sigma", "seen"),
    [
        ((0.0, 0.0, 4.0), 0.05, True),
        ((0.0, 0.0, -4.0), 0.05, False),  # behind the camera
        ((0.0, 0.0, 0.5 * NEAR), 0.05, False),  # nearer than the near plane
        ((-2.3, 0.0, 4.0), 0.05, True),  # the centre on the left edge
        ((0.0, 1.3, 4.0), 0.2, True),  # past the lower edge, its wing inside
        ((50.0, 0.0, 4.0), 0.05, False),
        ((0.0, 0.0, 1.0), 30.0, True),  # far larger than the frame
        ((2.0, 0.0, 1.0), 0.8, True),  # the centre so far outside that the Jacobian is clamped, its wing inside
        ((3.0, 0.0, 0.01), 0.5, False),  # beside the camera: 90 degrees off axis
    ],
)
def test_one_splat_anywhere_is_finite_and_as_the_reference_has_it(name, position, sigma, seen):
    backend = make(name)
    width, height = 33, 17
    s = scene(cells=1, splats=1, views=1, width=width, height=height)
    s["means"][0, 0] = torch.tensor(position)
    s["log_scales"][:] = math.log(sigma)
    s["opacities"][:] = 0.8
    s["viewmats"][:] = torch.eye(4)
    image, grads = gradients(backend, to(s, device=backend.device), width, height)
    assert bool(image.max() > 1e-3) is seen
    assert all(torch.isfinite(g).all() for g in grads.values())
    expected = render(law_for(backend), to(s, torch.float64), width, height)
    assert (image.double().cpu() - expected).abs().max() < (0.1 if name in NEEDS_CUDA else 1e-5) * max(
        1, expected.max()
    )


@pytest.mark.parametrize("name", CPU)
def test_extreme_splats_are_never_nan(name):
    draw = torch.Generator().manual_seed(11)
    s = scene("blobs", cells=1, splats=200, width=33, height=17)
    s["means"] *= 10 ** (6 * torch.rand(1, 200, 1, generator=draw, dtype=torch.float64) - 3)
    s["log_scales"] = torch.rand(1, 200, 3, generator=draw, dtype=torch.float64) * 20 - 13
    s["opacities"] = 10 ** (8 * torch.rand(1, 200, generator=draw, dtype=torch.float64) - 4)
    image, grads = gradients(make(name), to(s), 33, 17)
    assert torch.isfinite(image).all()
    assert image.max() > 0
    assert all(torch.isfinite(g).all() for g in grads.values())


@pytest.mark.parametrize("name", CPU)
def test_pixels_that_nothing_reaches_are_exactly_zero(name):
    s = scene(cells=1, splats=1, views=1)
    s["means"][:] = 0.0
    s["viewmats"][..., :3, :3] = torch.eye(3)
    image = render(make(name), to(s))
    assert torch.all(image[..., 61:, :, :] == 0)
    assert torch.all(image[..., :, 61:, :] == 0)
    assert image.max() > 0


@pytest.mark.parametrize("name", ALL)
def test_light_adds_whatever_is_in_front(name):
    backend = make(name)
    s = scene(cells=1, splats=3, views=1)
    s["viewmats"][:] = torch.eye(4)
    s["means"][0] = torch.tensor([[0.0, 0.0, 5.0], [0.0, 0.0, 4.0], [0.0, 0.0, 5.0]])
    s["log_scales"][:] = 0.0
    s["opacities"][:] = 0.6
    s["colors"][0] = torch.eye(3)
    pixel = render(backend, to(s, device=backend.device))[0, 0, 25, 32].tolist()  # beside the common centre
    # Sizes of 11 to 14 pixels: rho and G are within 1 % of 1 here.
    assert pixel == pytest.approx([0.6, 0.6, 0.6], rel=0.02 + 2 * (0.05 if name in NEEDS_CUDA else 0.0))


@pytest.mark.parametrize("name", ALL)
def test_brightness_has_no_limit(name):
    backend = make(name)
    s = scene(cells=1, splats=1, views=1)
    s["viewmats"][:] = torch.eye(4)
    s["means"][0] = torch.tensor([0.0, 0.0, 4.0])
    s["log_scales"][:] = 1.0
    s["opacities"][:] = 50.0
    s = to(s, device=backend.device)
    centre = render(backend, s)[0, 0, 25, 32]
    expected = to(s, torch.float64, "cpu")
    reference = render(TorchBackend(), expected)[0, 0, 25, 32]
    assert reference.max() > 40
    assert torch.allclose(centre.double().cpu(), reference, rtol=1e-4 + 0.1 * (0.05 if name in NEEDS_CUDA else 0.0))
    centre.sum().backward()
    assert s["opacities"].grad.item() == pytest.approx(centre.sum().item() / 50, rel=1e-4)


@pytest.mark.parametrize("name", CPU)
def test_no_splats_at_all_is_a_black_image(name):
    assert torch.all(render(make(name), to(scene(splats=0))) == 0)


@pytest.mark.parametrize("name", CPU)
def test_shapes_that_do_not_fit_are_named(name):
    s = to(scene())
    s["quats"] = s["quats"][:, :, :3]
    with pytest.raises(BackendError, match=r"quats has shape \(2, 30, 3\), must be \(2, 30, 4\)"):
        render(make(name), s)
    with pytest.raises(BackendError, match=r"must be \[B, K, 3\]"):
        render(make(name), {key: t[0] for key, t in to(scene()).items()})


@pytest.mark.parametrize("name", ALL)
def test_every_backend_is_a_backend(name):
    backend = make(name)
    assert isinstance(backend, Backend)
    assert backend.name == name
