"""On a GPU the optimiser is torch's fused Adam, which the CPU has too: it makes the steps of the CPU's own kernel."""

import pytest
import torch

from helios.photos.fit.adam import BETA1, BETA2, EPSILON, AdamSteps
from helios.photos.fit.adam_fused import fused_step

SHAPES = {"means": (41, 3), "opacities": (41,), "shN": (41, 8, 3), "nothing": (41, 0, 3)}


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_it_is_the_step_of_the_kernel(batch_size, device):
    """To 2e-6 of numbers around 1, ten roundings of float32, after twelve steps of up to 0.05 each."""
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device; torch sees none")
    adam, generator = AdamSteps(batch_size), torch.Generator().manual_seed(batch_size)
    beta1, beta2 = 1 - batch_size * (1 - BETA1), 1 - batch_size * (1 - BETA2)
    for shape in SHAPES.values():
        start = torch.randn(shape, generator=generator)
        one = [start.clone(), torch.zeros(shape), torch.zeros(shape)]
        other = [tensor.clone().to(device) for tensor in one]
        for t in range(1, 13):
            grad = torch.randn(shape, generator=generator)
            adam.step_rows(one[0], grad, one[1], one[2], 0.05, t, None)
            param, first, second = other
            rate, epsilon = 0.05 * batch_size**0.5, EPSILON / batch_size**0.5
            numbers = (rate / (1 - beta1**t), (1 - beta2**t) ** 0.5, beta1, 1 - beta1, beta2, 1 - beta2, epsilon)
            fused_step(param, grad.to(device), first, second, t, numbers)
        for wanted, found in zip(one, other):
            torch.testing.assert_close(found.cpu(), wanted, rtol=2e-6, atol=2e-6)
        assert start.numel() == 0 or not torch.equal(one[0], start)


@pytest.mark.gpu
@pytest.mark.parametrize("how", [{}, {"drawn_only": True}, {"drawn_only": True, "corrected": False}])
def test_the_optimiser_is_the_same_on_both_devices(how):
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device; torch sees none")
    adam, generator = AdamSteps(**how), torch.Generator().manual_seed(0)
    columns = [torch.randn(50, 3, generator=generator), torch.zeros(50, 3), torch.zeros(50, 3)]
    there = [column.clone().cuda() for column in columns]
    for t in range(1, 9):
        grad = torch.randn(50, 3, generator=generator)
        rows = torch.rand(50, generator=generator) < 0.5 if adam.drawn_only else None
        adam.step_rows(columns[0], grad, columns[1], columns[2], 0.05, t, rows)
        adam.step_rows(there[0], grad.cuda(), there[1], there[2], 0.05, t, rows.cuda() if rows is not None else None)
    for wanted, found in zip(columns, there):
        torch.testing.assert_close(found.cpu(), wanted, rtol=2e-6, atol=2e-6)
