"""`charbonnier`, which has no fast twin: its formula, and training by it through the command's option.

On the CPU its gradient goes through autograd and the numba rasteriser; the reference is the formula over the torch
backend.
"""

import dataclasses

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from helios.cli import main
from helios.errors import InputError
from helios.rendering.numba_backend import NumbaBackend
from helios.rendering.torch_reference import TorchBackend
from helios.training.config import TrainConfig
from helios.training.loss.charbonnier import Charbonnier
from helios.training.optim.model import Model
from helios.training.optim.objective import TorchObjective, objective_for
from helios.training.scene import Scene
from helios.universe import Universe
from tests.unit.training.scenes import cluster, splats_at

EPS = 0.05
CONFIG = TrainConfig(image_size=48, loss=f"charbonnier:eps={EPS}", lambda_isotropy=0.0, lambda_collapse=0.0)
VIEWS = np.array([[3, 17, 40, 90]])


def test_its_formula_by_hand():
    pred, truth = torch.zeros(1, 1, 2, 1, 3), torch.zeros(1, 1, 2, 1, 3)
    pred[0, 0, 0] = 0.4
    assert Charbonnier(0.3)(pred, truth).item() == pytest.approx((0.5 + 0.3) / 2)
    with pytest.raises(InputError, match="eps"):
        TrainConfig(loss="charbonnier:eps=0")


def test_the_cpu_trains_by_its_gradient():
    scene = Scene.of(cluster(40, 1), CONFIG)
    start = splats_at(np.random.default_rng(2).uniform(-0.5, 0.5, (8, 3)))
    ours, theirs = (Model.of([start], 8, torch.device("cpu")) for _ in range(2))
    objective = objective_for(ours, [scene], CONFIG, NumbaBackend())
    assert isinstance(objective, TorchObjective)
    loss, grad = objective.gradient(VIEWS)

    theirs.params.requires_grad_(True)
    arguments = theirs.render_arguments(torch.tensor([scene.exposure], dtype=torch.float32))
    cameras = (torch.from_numpy(a[VIEWS]) for a in (scene.views.viewmats, scene.views.Ks))
    drawn = TorchBackend().render(*arguments, *cameras, 48, 48)
    off = drawn - torch.from_numpy(scene.truth[VIEWS])
    wanted = torch.sqrt(off**2 + EPS**2).mean()
    (wanted_grad,) = torch.autograd.grad(wanted, theirs.params)
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-5)
    torch.testing.assert_close(grad, wanted_grad, rtol=1e-3, atol=1e-5 * wanted_grad.abs().max().item())


def test_a_run_by_the_option_lowers_it(tmp_path):
    def helios(*arguments):
        result = CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output

    made, trained = tmp_path / "universe", tmp_path / "trained"
    helios("build", "--synthetic", 150, "--depth", 1, "-o", made)
    quick = (
        "--iterations",
        100,
        "--image-size",
        64,
        "--backend",
        "numba",
        "--reg",
        "isotropy=0",
        "--reg",
        "collapse=0",
    )
    helios("train-all", "--input", made, "--output", trained, *quick, "--loss", CONFIG.loss)
    metrics = Universe.open(trained).metrics()
    first, last = (metrics[name][np.isfinite(metrics[name])] for name in ("first_loss", "last_loss"))
    assert len(last) > 3
    assert (first > EPS).all()
    assert (last <= first).all()
    assert (last < first).any()


def test_it_is_another_run_than_the_default():
    assert dataclasses.replace(CONFIG, loss="photometric").digest() != CONFIG.digest()
