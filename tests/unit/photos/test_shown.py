"""What splats show, and a step of Adam on what is asked of it, in machine code: against autograd and torch in float64.

One pass over the rows makes the gradients of all columns, from what pictures ask of sizes, opacities and colours and
from what the rasteriser asks of positions and rotations itself; the twin is the plain way, column by column.
"""

import math

import pytest
import torch

from helios.photos.fit.adam import AdamSteps
from helios.photos.fit.losses import regularise, regularisers
from helios.photos.sh_basis import torch_colors
from helios.photos.shown import ShowOnCpu, showable
from helios.photos.table import NAMES, SplatTable

RATES = dict(zip(NAMES, (1e-2, 5e-3, 1e-3, 5e-2, 2.5e-3, 1e-4)))


def table(rows: int, harmonics: int) -> SplatTable:
    generator = torch.Generator().manual_seed(rows)
    shapes = {"means": (3,), "scales": (3,), "quats": (4,), "opacities": (), "sh0": (1, 3), "shN": (harmonics, 3)}
    return SplatTable({name: torch.randn(rows, *shapes[name], generator=generator) for name in NAMES})


def plainly(params, centres, degree):
    """(scales, opacities, colors) by torch."""
    directions = params["means"][None] - centres[:, None]
    colors = torch_colors(directions, params["sh0"], params["shN"], degree)
    return params["scales"].exp(), params["opacities"].sigmoid(), colors


def in_kernels(params, centres, degree, kept):
    return ShowOnCpu.apply(
        *(params[name] for name in ("means", "scales", "opacities", "sh0", "shN")), centres, degree, kept
    )


def loss_of(params, shown, asked):
    """Sums of what is shown times what is asked, and of what the rasteriser asks of the rest."""
    total = sum((values * weights).sum() for values, weights in zip(shown, asked))
    return total + (params["means"] * asked[3]).sum() + (params["quats"] * asked[4]).sum()


@pytest.mark.parametrize("drawn_only", [False, True])
@pytest.mark.parametrize(("degree", "views", "rows"), [(0, 1, 37), (1, 1, 5), (2, 2, 64), (3, 1, 75)])
def test_splats_step_as_by_their_gradients(drawn_only, degree, views, rows):
    """Three steps of two draws each. 1e-5 is a hundred roundings of float32 at values of 1."""
    adam, made, twin = AdamSteps(drawn_only=drawn_only), table(rows, 15), table(rows, 15)
    for step in range(3):
        chance, kept, total = torch.Generator().manual_seed(step), [], 0.0
        drawn = torch.rand(rows, generator=chance) < 0.6
        exact = {name: param.detach().double().requires_grad_() for name, param in made.params.items()}
        for _ in range(2):
            centres = torch.randn(views, 3, generator=chance)
            shapes = (rows, 3), (rows,), (views, rows, 3), (rows, 3), (rows, 4)
            asked = [torch.randn(shape, generator=chance) for shape in shapes]
            asked[2][:, ::5] = 0.0
            found, expected = in_kernels(made.params, centres, degree, kept), plainly(exact, centres.double(), degree)
            cut = (expected[2] == 0.0).double().mean()
            assert 0.0 < cut < 0.6, "some colours must be cut at 0"
            for one, other in zip(found, expected):
                torch.testing.assert_close(one.double(), other, atol=1e-5, rtol=1e-5)
            loss_of(made.params, found, asked).backward()
            total = total + loss_of(exact, expected, [t.double() for t in asked])
        assert regularise(made.params, 0.3, 0.7, kept) == pytest.approx(regularisers(exact, 0.3, 0.7).item(), rel=1e-5)
        (total + regularisers(exact, 0.3, 0.7)).backward()
        assert all(made.params[name].grad is None for name in ("scales", "opacities", "sh0", "shN"))
        for name, param in exact.items():
            twin.params[name].grad = param.grad.float()
        adam.step(made, RATES, drawn, kept)
        adam.step(twin, RATES, drawn)
        for name in NAMES:
            pairs = (made.params, twin.params), (made.exp_avg, twin.exp_avg), (made.exp_avg_sq, twin.exp_avg_sq)
            for ours, plain in pairs:
                torch.testing.assert_close(ours[name].detach(), plain[name].detach(), rtol=1e-4, atol=2e-5)
            twin.params[name].data.copy_(made.params[name].detach())
    assert bool(made.exp_avg["shN"].any()) == (degree > 0)


def test_what_is_not_finite_reaches_the_loss():
    made, kept = table(40, 3), []
    with torch.no_grad():
        made.params["scales"][33, 1], made.params["opacities"][7] = torch.inf, torch.nan
    scales, opacities, _ = shown = in_kernels(made.params, torch.zeros(1, 3), 1, kept)
    assert not scales[33, 1].isfinite()
    assert opacities[7].isnan()
    assert scales.isfinite().sum() == scales.numel() - 1
    assert opacities.isfinite().sum() == 39
    sum(t.sum() for t in shown).backward()
    assert math.isnan(regularise(made.params, 0.0, 1.0, kept))


def test_only_what_kernels_take_is_showable():
    params = table(3, 3).params
    assert showable(params)
    assert not showable({name: param.double() for name, param in params.items()})
