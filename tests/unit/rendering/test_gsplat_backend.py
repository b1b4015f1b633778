"""What gsplat's kernels make of the law of light, without a GPU: an imitation with their limits stands in for them.

`tests/gsplat_imitation.py` composites, drops coverage below 1/255 and cuts at 3.33 standard deviations. The real one is
compared in contract/test_backends.py, where a GPU is.
"""

import inspect

import numpy as np
import pytest
import torch

from helios.errors import BackendError
from helios.light import opacity_of
from helios.rendering.gsplat_backend import ALPHA, GsplatBackend, peak_shares
from helios.rendering.numba_backend import NumbaBackend
from helios.rendering.torch_reference import TorchBackend
from helios.training.loss.metrics import flux_error
from tests.gsplat_imitation import rasterization


def checking(**scene):
    """The imitation, and that it is asked for what obeys the law of light."""
    wanted = {"rasterize_mode": "classic", "packed": False, "eps2d": 0.5, "near_plane": 1e-3}
    assert {name: scene[name] for name in wanted} == wanted
    return rasterization(**scene)


@pytest.fixture
def backend():
    return GsplatBackend(device="cpu", rasterization=checking)


def stars(size_px, seed, count=40, width=96, height=64):
    """The arguments of `render` for a cell of bright and faint isotropic splats, some on top of others."""
    draw = np.random.default_rng(seed)
    focal, distance = 100.0, 5.0
    means = draw.uniform(-1, 1, (count, 3)) * np.array([1.5, 0.9, 0.5])
    means[: count // 4] = means[count // 4 : 2 * (count // 4)] + 1e-3
    sigma = size_px * distance / focal * 10.0 ** draw.uniform(-0.5, 0.5, count)
    light = 10.0 ** draw.uniform(-6, -1, count) * (distance / focal) ** 2
    viewmat = np.eye(4)
    viewmat[2, 3] = distance
    K = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    arrays = (
        means,
        np.tile([1.0, 0, 0, 0], (count, 1)),
        np.repeat(sigma[:, None], 3, axis=1),
        opacity_of(light, sigma),
        draw.uniform(0.5, 1.5, (count, 3)),
        viewmat[None],
        K[None],
    )
    return [torch.tensor(a, dtype=torch.float32)[None] for a in arrays], (width, height)


@pytest.mark.parametrize("size_px", [0.02, 0.5, 3.0])
@pytest.mark.parametrize("exposure", [1e-4, 1.0, 1e4])
def test_within_gsplats_limits_light_adds_at_any_exposure_as_in_numba(backend, size_px, exposure):
    """Five decades of brightness, and points as well as blobs: at most 6 % of the light is not where numba has it.

    gsplat given the law's own opacities drops all that is faint and hides what is behind all that is bright.
    """
    scene, size = stars(size_px, 1)
    scene[3] = exposure * scene[3]
    numba = NumbaBackend(weight_min=1e-6 * exposure)
    ours, theirs = (b.render(*scene, *size) for b in (numba, backend))
    assert flux_error(theirs, ours, block=32).item() < 6.0
    assert theirs.sum().item() == pytest.approx(ours.sum().item(), rel=0.05)
    *splats, viewmats, Ks = scene
    plain, _, _ = rasterization(
        *splats, viewmats, Ks, *size, near_plane=1e-3, packed=False, rasterize_mode="antialiased"
    )
    assert flux_error(plain, ours, block=32).item() > 20.0


def test_what_is_behind_many_splats_loses_at_most_the_coverage_of_each(backend):
    scene, size = stars(4.0, 2, count=2)
    scene[0][:] = 0.0
    for count in (1, 2, 8):
        one = [t[:, :1].expand(-1, count, *t.shape[2:]).contiguous() for t in scene[:5]]
        seen, law = (b.render(*one, *scene[5:], *size).sum().item() for b in (backend, TorchBackend(weight_min=0.0)))
        assert 1.02 * law >= seen >= 0.98 * law * (1 - ALPHA) ** (count - 1)


def test_the_share_of_the_peak_is_that_of_the_reference(random_scene):
    """The centre of a splat's image, in a picture of one pixel around it."""
    means, quats, scales, opacities, colors, viewmats, Ks = random_scene(
        cells=2, splats=1, views=3, dtype=torch.float64
    )
    means[:] = 0.0
    shares = peak_shares(means, quats, scales, viewmats, Ks, 48, 40)
    one = torch.ones_like(opacities)
    images = TorchBackend().render(means, quats, scales, one, torch.ones_like(colors), viewmats, Ks, 48, 40)
    centre = images[:, :, 19:21, 23:25, 0].amax(dim=(-1, -2))
    # The nearest pixel's centre is 0.7 px from the splat's.
    assert torch.all(centre <= shares[..., 0])
    assert torch.all(centre > 0.75 * shares[..., 0])


def test_a_batch_of_cells_is_drawn_at_once_and_differentiated(backend, random_scene):
    scene = random_scene(cells=3, splats=11, views=2)
    leaves = [t.requires_grad_() for t in scene[:5]]
    image = backend.render(*scene, 48, 40)
    assert image.shape == (3, 2, 40, 48, 3)
    reference = [t.detach().double().requires_grad_(i < 5) for i, t in enumerate(scene)]
    law = TorchBackend().render(*reference, 48, 40)
    weights = torch.randn(image.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64) + 1.0
    image.backward(weights.float())
    law.backward(weights)
    for leaf, wanted in zip(leaves, reference):
        cosine = torch.cosine_similarity(leaf.grad.double().flatten(), wanted.grad.flatten(), dim=0)
        assert cosine > 0.9


def test_the_probe_accepts_a_rasteriser_that_works(backend):
    backend.probe()


def test_the_probe_says_what_is_wrong_in_one_line():
    def no_compiler(**scene):
        raise AttributeError("'NoneType' object has no attribute 'projection'\nand a long story")

    def black(**scene):
        image, alphas, meta = checking(**scene)
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
    on_cuda = GsplatBackend(device="cuda", rasterization=checking)
    with pytest.raises(BackendError, match=r"given torch.float32 on cpu; it takes float32 on cuda"):
        on_cuda.render(*random_scene(), 48, 40)


@pytest.mark.gpu
def test_gsplat_still_has_the_arguments_that_are_passed():
    if not torch.cuda.is_available():
        pytest.skip("gsplat is imported only where torch sees a CUDA device")
    from gsplat import rasterization as real

    known = inspect.signature(real).parameters
    for name, parameter in inspect.signature(rasterization).parameters.items():
        assert known[name].default == parameter.default
