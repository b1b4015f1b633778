"""What `make gpu` measures of scenes from photographs, without a GPU: the baseline trains what our trainer trains.

The float32 twin stands in for gsplat's rasteriser, so that only its kernels and its strategies' rounds need a GPU.
"""

import contextlib

import numpy as np
import pytest
import torch

from helios.photos.data.dataset import load_dataset
from helios.photos.fit.fit import Fit
from helios.photos.fit.losses import photo_loss
from helios.photos.sh_basis import torch_colors
from helios.rendering.opaque import choose
from helios.rendering.opaque.gsplat_opaque import GsplatOpaque
from tests.bench.bench_gpu_scene import agreement, config, ellipsoid, in_turn
from tests.bench.gsplat_loop import GsplatLoop
from tests.support.tiny_scene import write_tiny_scene
from tests.unit.rendering.test_gsplat_opaque import stand_in

SPLATS, STEPS = 150, 5


class Watching:
    """A strategy of gsplat's kind that changes nothing, and sums gradients as its DefaultStrategy does."""

    absgrad = False

    def initialize_state(self, scene_scale):
        return {"scene_scale": scene_scale, "pull": 0.0}

    def step_pre_backward(self, params, optimizers, state, step, info):
        info["means2d"].retain_grad()

    def step_post_backward(self, params, optimizers, state, step, info, packed):
        grads = info["means2d"].grad * torch.tensor([info["width"], info["height"]]) / 2.0
        ids = info["gaussian_ids"] if packed else torch.where((info["radii"] > 0).all(-1))[1]
        grads = grads if packed else grads[(info["radii"] > 0).all(-1)]
        state["pull"] = state["pull"] + torch.zeros(SPLATS).index_add(0, ids, grads.norm(dim=-1))


def of_harmonics(means, colors, viewmats, sh_degree, render_mode, sparse_grad, **rest):
    """gsplat's `rasterization` as its trainer calls it: harmonics of splats, colours without depth."""
    assert (render_mode, sparse_grad) == ("RGB", False)
    directions = means[None] - torch.linalg.inv(viewmats)[:, None, :3, 3]
    each = torch_colors(directions, colors[:, :1], colors[:, 1:], sh_degree)
    images, alphas, info = stand_in(means=means, colors=each, viewmats=viewmats, render_mode="RGB", **rest)
    return images, alphas, info | {"width": rest["width"], "height": rest["height"]}


@pytest.fixture
def begun():
    """(fit, loop) of the same training with or without packed pictures."""
    data = ellipsoid(SPLATS, 4, 24, 16, 2)
    with contextlib.ExitStack() as stack:

        def begin(packed):
            backend = GsplatOpaque(device="cpu", packed=packed, rasterization=stand_in)
            fit = stack.enter_context(contextlib.closing(Fit(data, config("default", SPLATS, packed), backend)))
            # The start's splats are balls, whose rotations have no gradient but rounding.
            scales = fit.table.params["scales"].data
            scales += 0.3 * torch.randn(scales.shape, generator=torch.Generator().manual_seed(0))
            return fit, GsplatLoop(fit, of_harmonics, Watching(), photo_loss)

        yield begin


def test_the_scene_in_memory_is_the_painted_one():
    data = ellipsoid(SPLATS, 4, 96, 64, 2)
    assert (data.points.shape, len(data.train)) == ((SPLATS, 3), 4)
    one = data.train[1]
    assert one.image().shape == (one.height, one.width, 3) == (128, 192, 3)
    seen = data.points @ one.viewmat[:3, :3].T + one.viewmat[:3, 3]
    at = seen @ one.K.T
    column, row = np.floor(at[:, :2] / at[:, 2:]).astype(int).T
    near = seen[:, 2] < np.quantile(seen[:, 2], 0.25)  # behind the limb begins at less than a half
    off = np.abs(one.image()[row[near], column[near]].astype(int) - data.colors[near]).mean()
    assert off < 10, "points of the near side have the colours of the pixels that they are in"


@pytest.mark.parametrize("packed", [False, True])
def test_the_baseline_makes_the_steps_of_our_trainer(begun, packed):
    """The way that each column went to 1e-2, as Adam's first steps, whose length is that of a sign, differ where a
    gradient is mere rounding; the pulls on projected centres to 1e-3."""
    fit, loop = begun(packed)
    start = {name: param.detach().clone() for name, param in fit.table.params.items()}
    for _ in range(STEPS):
        ours, theirs = fit.advance().loss, loop.advance()
        assert theirs == pytest.approx(ours, rel=1e-5)
    assert fit.degree == 3
    pull = fit.density["grad2d"]
    assert (loop.state["pull"] - pull).norm() < 1e-3 * pull.norm()
    for name, param in fit.table.params.items():
        way = (param - start[name]).norm()
        assert way > 0
        assert (loop.splats[name] - param).norm() < 1e-2 * way, name


def test_blocks_of_both_are_timed_in_turn(begun):
    fit, loop = begun(False)
    found = in_turn(fit.advance, loop.advance, steps=2, repeats=1)
    assert fit.step == loop.step == 4
    assert min(found.values()) > 0
    assert set(found) == {"ours_s", "gsplat_s", "ratio"}


def test_backends_that_draw_alike_come_to_the_same(tmp_path):
    """numba and the twin, after 40 steps with rounds: the figure that `make gpu` gives of gsplat and numba."""
    data = load_dataset(write_tiny_scene(tmp_path / "tiny", views=8, width=32, height=24, points=80).folder)
    found = agreement(data, {"numba": choose("numba"), "torch": choose("torch")}, 150, 40)
    assert found["apart"] < 0.2
    assert 12 < found["numba"] < 60
    black = np.mean([np.mean((one.image() / 255.0) ** 2) for one in data.test])
    assert found["numba"] > -10 * np.log10(black) + 1
