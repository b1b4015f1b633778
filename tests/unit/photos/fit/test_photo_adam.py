"""The optimiser of splats is torch's: Adam where all rows step, SparseAdam where only drawn ones do, in machine code.

gsplat's SelectiveAdam has no bias correction, which its CUDA kernel states; its formula is written out here.
"""

import pytest
import torch

from helios.photos.fit.adam import AdamSteps, _torch_step
from helios.photos.table import NAMES, SplatTable

RATES = dict(zip(NAMES, (1e-2, 5e-3, 1e-3, 5e-2, 2.5e-3, 1e-4)))
ROWS, STEPS = 37, 12


def table(seed=0) -> SplatTable:
    generator = torch.Generator().manual_seed(seed)
    shapes = {"means": (3,), "scales": (3,), "quats": (4,), "opacities": (), "sh0": (1, 3), "shN": (8, 3)}
    return SplatTable({name: torch.randn(ROWS, *shapes[name], generator=generator) for name in NAMES})


def gradients(step: int) -> dict[str, torch.Tensor]:
    return {name: param.detach() for name, param in table(100 + step).params.items()}


def drawn(step: int) -> torch.Tensor:
    return torch.rand(ROWS, generator=torch.Generator().manual_seed(step)) < 0.5


def trained(adam: AdamSteps) -> SplatTable:
    made = table()
    for step in range(STEPS):
        for name, grad in gradients(step).items():
            made.params[name].grad = grad.clone()
        adam.step(made, RATES, drawn(step))
        assert all(param.grad is None for param in made.params.values())
    assert made.steps == STEPS
    return made


def assert_close(made: SplatTable, expected: dict[str, torch.Tensor]) -> None:
    """To 1e-5: a step of a first, uncorrected moment is 3 times the rate, and some are the difference of many."""
    for name, param in made.params.items():
        torch.testing.assert_close(param.detach(), expected[name].to(param.dtype), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_all_rows_step_as_torchs_adam(batch_size):
    """gsplat's trainer scales Adam for B views: rate sqrt(B), betas 1 - B (1 - beta), epsilon / sqrt(B)."""
    params = {name: param.detach().double().requires_grad_() for name, param in table().params.items()}
    groups = [{"params": [param], "lr": RATES[name] * batch_size**0.5} for name, param in params.items()]
    betas = (1 - batch_size * 0.1, 1 - batch_size * 0.001)
    adam = torch.optim.Adam(groups, betas=betas, eps=1e-15 / batch_size**0.5)
    for step in range(STEPS):
        for name, grad in gradients(step).items():
            params[name].grad = grad.double()
        adam.step()
    assert_close(trained(AdamSteps(batch_size)), {name: param.detach() for name, param in params.items()})


def test_drawn_rows_step_as_torchs_sparse_adam():
    params = {name: param.detach().clone().requires_grad_() for name, param in table().params.items()}
    adam = torch.optim.SparseAdam([{"params": [p], "lr": RATES[name]} for name, p in params.items()], eps=1e-15)
    for step in range(STEPS):
        rows = drawn(step).nonzero()[:, 0]
        for name, grad in gradients(step).items():
            params[name].grad = torch.sparse_coo_tensor(
                rows[None], grad[rows], grad.shape, check_invariants=True
            ).coalesce()
        adam.step()
    made = trained(AdamSteps(drawn_only=True))
    assert_close(made, {name: param.detach() for name, param in params.items()})
    never = torch.stack([~drawn(step) for step in range(STEPS)]).all(dim=0)
    assert all((made.exp_avg[name][never] == 0).all() for name in NAMES)


def test_drawn_rows_without_correction_step_as_gsplats_selective_adam():
    expected = {}
    for name, param in table().params.items():
        x = param.detach().double().clone()
        first, second = torch.zeros_like(x), torch.zeros_like(x)
        for step in range(STEPS):
            rows, grad = drawn(step), gradients(step)[name].double()
            first[rows] = 0.9 * first[rows] + 0.1 * grad[rows]
            second[rows] = 0.999 * second[rows] + 0.001 * grad[rows] ** 2
            x[rows] -= RATES[name] * first[rows] / (second[rows].sqrt() + 1e-15)
        expected[name] = x
    assert_close(trained(AdamSteps(drawn_only=True, corrected=False)), expected)


@pytest.mark.parametrize("rows", [None, drawn(3)])
def test_torch_steps_as_the_kernel(rows):
    """What other devices run."""
    t, rate = 5, 1e-2
    numbers = (rate / (1 - 0.9**t), (1 - 0.999**t) ** 0.5, 0.9, 1 - 0.9, 0.999, 1 - 0.999, 1e-15)
    one, other = table(), table()
    for name, grad in gradients(0).items():
        kernel, plain = (
            (made.params[name].detach(), grad, made.exp_avg[name], made.exp_avg_sq[name]) for made in (one, other)
        )
        AdamSteps().step_rows(*kernel, rate, t, rows)
        _torch_step(*plain, rows, *numbers)
        for left, right in zip(kernel, plain):
            torch.testing.assert_close(left, right)
    assert_close(one, {name: param.detach() for name, param in other.params.items()})
