"""Our Adam, in machine code, in torch and as a Triton kernel, against `torch.optim.Adam`."""

import importlib.util

import numpy as np
import pytest
import torch

from helios.training.optim import adam
from helios.training.optim.adam import RATES, Adam
from helios.training.optim.adam_steps import torch_step
from helios.training.optim.model import COLUMNS, Model
from tests.unit.training.scenes import splats_at


def model(device: str = "cpu") -> Model:
    cells = [splats_at(np.eye(3)), splats_at(np.eye(3)[:2])]
    return Model.of(cells, 8, torch.device(device), kept=[1, 0])


def steps(stepper=None, device: str = "cpu") -> dict[str, np.ndarray]:
    """Parameters and first moments after four steps with gradients over nine decades."""
    ours = model(device)
    optimizer, draw = Adam(ours, 1e-3), torch.Generator().manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        if stepper:
            patch.setattr(adam, "_stepper", lambda device_type: stepper)
        for share in SHARES:
            optimizer.step(gradient(draw, ours.params.shape).to(device), share)
    return {"params": ours.params.cpu().numpy(), "exp_avg": optimizer.exp_avg.cpu().numpy()}


SHARES = (1.0, 1.0, 0.5, 0.1)


def gradient(draw: torch.Generator, shape) -> torch.Tensor:
    return torch.randn(shape, generator=draw) * 10.0 ** torch.randint(-6, 3, (14,), generator=draw)


def triton_steps() -> dict[str, np.ndarray]:
    from helios.training.optim.triton_adam import triton_step

    return steps(triton_step)


def check(got: dict[str, np.ndarray]) -> None:
    start = model()
    columns = {name: start.params[..., where].clone().requires_grad_() for name, where in COLUMNS.items()}
    groups = [{"params": [tensor], "lr": 1e-3 * RATES[name]} for name, tensor in columns.items()]
    reference, draw = torch.optim.Adam(groups, eps=1e-15), torch.Generator().manual_seed(0)
    for share in SHARES:
        grad = gradient(draw, start.params.shape)
        for group, (name, tensor) in zip(reference.param_groups, columns.items()):
            group["lr"] = 1e-3 * RATES[name] * share
            tensor.grad = grad[..., COLUMNS[name]].clone()
        reference.step()
    wanted = torch.cat([tensor.detach() for tensor in columns.values()], dim=-1).numpy()
    free = start.free.numpy()
    assert free.sum() == 4
    np.testing.assert_allclose(got["params"][free], wanted[free], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(got["params"][~free], start.params.numpy()[~free])
    assert (got["exp_avg"][~free] == 0).all()


@pytest.mark.parametrize("stepper", [None, torch_step], ids=["machine code", "torch"])
def test_steps_are_those_of_torch(stepper):
    check(steps(stepper))


def test_the_kernel_steps_are_those_of_torch(interpret):
    check(interpret(triton_steps))


@pytest.mark.gpu
def test_the_kernel_steps_are_those_of_torch_on_a_gpu():
    if not (torch.cuda.is_available() and importlib.util.find_spec("triton")):
        pytest.skip("the compiled step needs Triton and a CUDA device; torch sees none")
    check(steps(device="cuda"))
