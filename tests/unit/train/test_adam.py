"""Our Adam, compiled and in torch, against `torch.optim.Adam`."""

import numpy as np
import pytest
import torch

from helios.train import adam
from helios.train.adam import RATES, Adam
from helios.train.model import COLUMNS, Model
from tests.unit.train.scenes import splats_at


def model() -> Model:
    return Model.of([splats_at(np.eye(3)), splats_at(np.eye(3)[:2])], 8, torch.device("cpu"), kept=[1, 0])


@pytest.mark.parametrize("compiled", [True, False])
def test_steps_are_those_of_torch(compiled, monkeypatch):
    ours, theirs = model(), model()
    if not compiled:
        monkeypatch.setattr(adam, "_on_cpu", lambda tensor: False)
    optimizer = Adam(ours, 1e-3)
    columns = {name: theirs.params[..., where].clone().requires_grad_() for name, where in COLUMNS.items()}
    groups = [{"params": [tensor], "lr": 1e-3 * RATES[name]} for name, tensor in columns.items()]
    reference = torch.optim.Adam(groups, eps=1e-15)
    before = ours.params.clone()
    draw = torch.Generator().manual_seed(0)
    for share in (1.0, 1.0, 0.5, 0.1):
        grad = torch.randn(ours.params.shape, generator=draw) * 10.0 ** torch.randint(-6, 3, (14,), generator=draw)
        optimizer.step(grad, share)
        for group, (name, tensor) in zip(reference.param_groups, columns.items()):
            group["lr"] = 1e-3 * RATES[name] * share
            tensor.grad = grad[..., COLUMNS[name]].clone()
        reference.step()
    wanted = torch.cat([tensor.detach() for tensor in columns.values()], dim=-1)
    free = ours.free
    torch.testing.assert_close(ours.params[free], wanted[free], rtol=1e-5, atol=1e-6)
    assert torch.equal(ours.params[~free], before[~free])
    assert (optimizer.exp_avg[~free] == 0).all()


def test_forgotten_slots_start_anew():
    ours = model()
    optimizer = Adam(ours, 1e-3)
    optimizer.step(torch.ones_like(ours.params), 1.0)
    optimizer.forget(0, [2])
    assert (optimizer.exp_avg[0, 2] == 0).all()
    assert (optimizer.exp_avg_sq[0, 2] == 0).all()
    assert (optimizer.exp_avg[0, 1] != 0).all()
