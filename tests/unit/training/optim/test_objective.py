"""The CPU's machine-code step against autograd over the dense reference: one law, two ways to differentiate it."""

import dataclasses

import numpy as np
import pytest
import torch

from helios.rendering import pick_backend
from helios.rendering.numba_backend import NumbaBackend
from helios.rendering.torch_reference import TorchBackend
from helios.training.config import TrainConfig
from helios.training.optim.model import Model
from helios.training.optim.numba_objective import WEIGHT_MIN, NumbaObjective
from helios.training.optim.objective import TorchObjective
from helios.training.scene import Scene
from helios.training.starts.mixture import Mixture
from tests.unit.training.scenes import cluster

CONFIG = TrainConfig(image_size=48)
VIEWS = np.array([[0, 5, 9, 30], [1, 2, 3, 4]])


def models(scenes, count=2, slots=16):
    """Two equal models of two cells, shaken so that every gradient is far from zero; the first star of one is kept."""
    starts = [Mixture()(scene, 10 - i)[0] for i, scene in enumerate(scenes)]
    pair = [Model.of(starts, slots, torch.device("cpu"), [1, 0]) for _ in range(count)]
    shake = 0.05 * torch.randn(pair[0].params.shape, generator=torch.Generator().manual_seed(0))
    for model in pair:
        model.params += shake
        model.params[1, 2, 11] = -1.0  # a colour at its least
    return pair


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        dataclasses.replace(CONFIG, lambda_dssim=0.0, image_size=41),
        dataclasses.replace(CONFIG, lambda_flux=0.0, lambda_isotropy=0.0),
        dataclasses.replace(CONFIG, reg=("needle=0.1", "size=0.2")),
    ],
    ids=["defaults", "no SSIM, odd size", "no pyramid", "regularisers without a twin"],
)
def test_loss_and_gradient_are_those_of_autograd(config):
    scenes = [Scene.of(cluster(30, 1), config), Scene.of(cluster(28, 2), config)]
    ours, theirs = models(scenes)
    fast = NumbaObjective(ours, scenes, config, pick_backend("numba"))
    slow = TorchObjective(theirs, scenes, config, TorchBackend(weight_min=WEIGHT_MIN))
    (loss, grad), (wanted_loss, wanted) = fast.gradient(VIEWS), slow.gradient(VIEWS)
    np.testing.assert_allclose(loss.numpy(), wanted_loss.numpy(), rtol=1e-5)
    np.testing.assert_allclose(fast.losses().numpy(), slow.losses().numpy(), rtol=1e-5)
    grad, wanted = (torch.where(ours.free[..., None], g, 0.0) for g in (grad, wanted))
    # Each column in its own unit. Where image and truth differ by rounding alone, the sign that L1 asks for is chance.
    for column in range(14):
        scale = wanted[..., column].abs().max().item()
        assert scale > 0
        np.testing.assert_allclose(grad[..., column].numpy(), wanted[..., column].numpy(), atol=5e-4 * scale)


def test_the_same_bytes_on_any_number_of_threads():
    """2048 slots are where a cell's images begin to be shared among threads."""
    config = dataclasses.replace(CONFIG, image_size=32)
    scene = Scene.of(cluster(60, 1), config)
    results = []
    for threads in (1, 3):
        (model,) = models([scene, scene], count=1, slots=2048)
        objective = NumbaObjective(model, [scene, scene], config, NumbaBackend(threads=threads))
        results.append(objective.gradient(VIEWS))
    (loss, grad), (other_loss, other) = results
    assert torch.equal(loss, other_loss)
    assert torch.equal(grad, other)
