"""What is the numba backend's own: threads, views, types, and the exponential its loops are made of.

That it draws the right picture and gradients is in contract/test_backends.py. The scene has a few overlapping splats in
each of several cells, so that a thread that took another's image would show.
"""

import numpy as np
import pytest
import torch
from numba import njit

from helios.errors import BackendError
from helios.rendering.numba_backend import NumbaBackend
from helios.rendering.rows import exp2
from helios.threads import run_striped


def gradients(backend, scene, width=48, height=40):
    leaves = [t.clone().requires_grad_() for t in scene[:5]]
    image = backend.render(*leaves, *scene[5:], width, height)
    (image**2).sum().backward()
    return [image.detach(), *(t.grad for t in leaves)]


def test_the_same_bytes_on_any_number_of_threads(random_scene):
    scene = random_scene(cells=3, views=3)
    one = gradients(NumbaBackend(threads=1), scene)
    for threads in (2, 5, None):
        assert all(torch.equal(a, b) for a, b in zip(one, gradients(NumbaBackend(threads=threads), scene)))


def test_the_gradient_of_many_views_is_the_sum_of_the_views(random_scene):
    means, quats, scales, opacities, colors, viewmats, Ks = random_scene(cells=1, views=3)
    backend = NumbaBackend()
    together = gradients(backend, (means, quats, scales, opacities, colors, viewmats, Ks))
    apart = [
        gradients(backend, (means, quats, scales, opacities, colors, viewmats[:, [c]], Ks[:, [c]])) for c in range(3)
    ]
    for i in range(1, 6):
        assert torch.allclose(together[i], sum(part[i] for part in apart), rtol=1e-4, atol=1e-5)


def test_views_of_larger_tensors_give_what_their_copies_give(random_scene):
    scene = random_scene(cells=2)
    wide = [torch.cat([t, t], dim=-1) for t in scene]
    views = [w[..., : t.shape[-1]] for w, t in zip(wide, scene)]
    assert not views[0].is_contiguous()
    for expected, found in zip(gradients(NumbaBackend(), scene), gradients(NumbaBackend(), views)):
        assert torch.equal(expected, found)


def test_without_gradients_nothing_is_recorded(random_scene):
    scene = random_scene()
    with torch.no_grad():
        image = NumbaBackend().render(*scene, 48, 40)
    assert not image.requires_grad
    assert image.max() > 0


def test_a_splat_that_is_not_finite_draws_nothing_and_spoils_nothing(random_scene):
    scene = random_scene(cells=1)
    without = [t.clone() for t in scene]
    without[3][0, :3] = 0.0
    scene[0][0, 0, 1], scene[2][0, 1, 2], scene[3][0, 2] = torch.nan, torch.inf, torch.nan
    for expected, found in zip(gradients(NumbaBackend(), without), gradients(NumbaBackend(), scene)):
        assert torch.equal(expected, found)


def test_only_float32_is_taken(random_scene):
    with pytest.raises(BackendError, match=r"given torch\.float64 on cpu; it takes float32 on the CPU"):
        NumbaBackend().render(*random_scene(dtype=torch.float64), 48, 40)


def test_a_coarser_threshold_drops_the_faint_part_only(random_scene):
    scene = random_scene(cells=1, splats=1)
    fine, coarse = (NumbaBackend(weight_min=a).render(*scene, 48, 40) for a in (1e-6, 1 / 255))
    kept = coarse > 0
    assert torch.allclose(coarse[kept], fine[kept], rtol=1e-5)
    dropped = fine[~kept]
    assert 0 < dropped.max() <= scene[4].max() / 255


def test_the_exponential_is_good_to_float32():
    t = np.linspace(-125.9, 126.0, 200_001, dtype=np.float32)

    @njit
    def each(t):
        out = np.empty_like(t)
        for i in range(len(t)):
            out[i] = exp2(t[i])
        return out

    exact = 2.0 ** t.astype(np.float64)
    # 7.5e-8 of the polynomial, and a few roundings of 6e-8.
    assert np.max(np.abs(each(t) / exact - 1)) < 2.5e-7


def test_every_stripe_is_worked_once_and_what_one_raises_is_raised_to_the_caller():
    def kernel(stripe, stripes, done):
        done.append((stripe, stripes))
        if stripe == broken:
            raise ZeroDivisionError

    done, broken = [], None
    run_striped(kernel, 7, 3, done)
    assert sorted(done) == [(i, 7) for i in range(7)]
    broken = 1
    with pytest.raises(ZeroDivisionError):
        run_striped(kernel, 7, 3, done)
