"""Density control of photographed scenes: the transitions of gsplat's own strategies, and what holds for any table.

gsplat's `DefaultStrategy` and `MCMCStrategy` are run beside ours from the same splats, gradients, moments and seed. Its
MCMC calls two functions in CUDA; the tests hand it their definitions in float64: the double sum of equation 9 of the
paper, and R S S^T R^T.
"""

import dataclasses
import math
from types import SimpleNamespace

import gsplat.strategy.ops as gsplat_ops
import numpy as np
import pytest
import torch
from gsplat.strategy import DefaultStrategy, MCMCStrategy
from gsplat.utils import normalized_quat_to_rotmat
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from helios.errors import InputError
from helios.photos.density import DENSITY, Changes
from helios.photos.density.noise import _torch_shake, restless, shake
from helios.photos.density.relocation import relocation
from helios.photos.density.rounds import draw_rows
from helios.photos.density.shapes import spectral_entropy
from helios.photos.table import NAMES, SplatTable
from helios.rendering.opaque import choose

SCENE_SCALE, WIDTH, HEIGHT, VIEWS = 2.0, 80, 60, 3


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some_table(count: int, seed: int = 0, sh_degree: int = 1, moments: bool = True) -> SplatTable:
    """Splats of all sizes, shapes and opacities, among them faint and huge ones and needles, with moments."""
    rng = generator(seed)

    def normal(*shape):
        return torch.randn(shape, generator=rng)

    table = SplatTable(
        {
            "means": normal(count, 3),
            "scales": -3.5 + 1.2 * normal(count, 3),
            "quats": normal(count, 4),
            "opacities": -1.0 + 3.0 * normal(count),
            "sh0": normal(count, 1, 3),
            "shN": normal(count, (sh_degree + 1) ** 2 - 1, 3),
        }
    )
    for name in NAMES if moments else ():
        table.exp_avg[name] += normal(*table.exp_avg[name].shape)
        table.exp_avg_sq[name] += normal(*table.exp_avg[name].shape).square()
    return table


def some_drawing(count: int, seed: int = 0, pull: float = 2e-5) -> SimpleNamespace:
    """What a rasteriser says of a batch: gradients around the threshold, radii of which some are 0."""
    rng = generator(seed)
    means2d = torch.zeros(VIEWS, count, 2, requires_grad=True)
    means2d.grad = pull * torch.randn((VIEWS, count, 2), generator=rng) / VIEWS
    means2d.absgrad = 3.0 * means2d.grad.abs()
    radii = torch.randint(1, 14, (count, 1), generator=rng, dtype=torch.int32).expand(-1, 2)
    radii = radii * (
        torch.rand((VIEWS, count, 1), generator=rng) > 0.3
    )  # gsplat takes one of a splat's, not the largest
    return SimpleNamespace(images=torch.zeros(VIEWS, HEIGHT, WIDTH, 3), means2d=means2d, radii=radii)


def to_gsplat(table: SplatTable) -> tuple[dict, dict]:
    params = {name: torch.nn.Parameter(param.detach().clone()) for name, param in table.params.items()}
    optimizers = {name: torch.optim.Adam([param]) for name, param in params.items()}
    for name, param in params.items():
        moments = {"exp_avg": table.exp_avg[name].clone(), "exp_avg_sq": table.exp_avg_sq[name].clone()}
        optimizers[name].state[param] = {"step": torch.tensor(7.0), **moments}
    return params, optimizers


def assert_same(table: SplatTable, params: dict, optimizers: dict, but_moments_of: torch.Tensor | None = None) -> None:
    """Compare all columns, to a few roundings of float32, and all moments, exactly."""
    others = torch.ones(len(table), dtype=torch.bool)
    if but_moments_of is not None:
        others = ~but_moments_of
    for name in NAMES:
        torch.testing.assert_close(table.params[name], params[name].data, rtol=2e-5, atol=2e-6)
        state = optimizers[name].state[params[name]]
        assert torch.equal(table.exp_avg[name][others], state["exp_avg"][others])
        assert torch.equal(table.exp_avg_sq[name][others], state["exp_avg_sq"][others])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"absgrad": True, "grow_grad2d": 0.003},
        {"refine_scale2d_stop_iter": 1000, "grow_scale2d": 0.15, "prune_scale2d": 0.158},
        {"revised_opacity": True, "prune_opa": 0.0},
        {"prune_scale3d": 0.03, "reset_every": 150, "grow_scale3d": 0.02},
    ],
    ids=lambda options: "-".join(options) or "defaults",
)
def test_default_does_as_gsplat_does(options, monkeypatch):
    """Two rounds, in which the parts of a splat stay in its middle: where they are drawn is the next test's."""
    options = {"refine_start_iter": 50, "refine_every": 100, **options}
    table = some_table(600)
    ours, theirs = DENSITY.get("default")(max_gaussians=10_000, **options), DefaultStrategy(**options)
    params, optimizers = to_gsplat(table)
    state, their_state = ours.begin(table, SCENE_SCALE), theirs.initialize_state(SCENE_SCALE)
    counts = []
    for step in (99, 100, 199, 200):
        drawn = some_drawing(len(table), seed=step)
        info = {"width": WIDTH, "height": HEIGHT, "n_cameras": VIEWS, "gaussian_ids": None}
        info |= {"means2d": drawn.means2d, "radii": drawn.radii}
        with monkeypatch.context() as patch:
            patch.setattr(torch, "randn", lambda *shape, generator=None, **_: torch.zeros(*shape))
            ours.after_backward(table, state, step, drawn, generator())
            counts.append(ours.after_step(table, state, step, 1e-4, generator()))
            theirs.step_post_backward(params, optimizers, their_state, step, info)
        assert_same(table, params, optimizers)
    assert counts[0] == counts[2] == Changes()
    assert min(c.added for c in counts[1::2]) > 50
    assert len(table) == 600 + sum(c.added - c.removed for c in counts)
    assert options.get("prune_opa") == 0.0 or sum(c.removed for c in counts) > 5


def test_parts_lie_in_the_whole_as_gsplat_draws_them():
    """The same generator gives the same places; nothing is pruned."""
    table = some_table(200)
    table.write(torch.arange(200), {"opacities": torch.zeros(200)})
    ours = DENSITY.get("default")(max_gaussians=1000, refine_start_iter=0, grow_scale3d=0.0)
    theirs = DefaultStrategy(refine_start_iter=0, grow_scale3d=0.0)
    params, optimizers = to_gsplat(table)
    drawn = some_drawing(200)
    state, their_state = ours.begin(table, SCENE_SCALE), theirs.initialize_state(SCENE_SCALE)
    ours.after_backward(table, state, 100, drawn, generator())
    ours.after_step(table, state, 100, 1e-4, generator(5))
    torch.manual_seed(5)
    info = {"width": WIDTH, "height": HEIGHT, "n_cameras": VIEWS, "gaussian_ids": None}
    theirs.step_post_backward(
        params, optimizers, their_state, 100, {**info, "means2d": drawn.means2d, "radii": drawn.radii}
    )
    assert len(table) > 250
    assert_same(table, params, optimizers)


def test_opacities_are_reset_and_their_moments_with_them():
    """gsplat 1.5.3 means to (`step % self.reset_every == 0 & step > 0`), but `&` binds first and it never does."""
    table = some_table(100)
    before, moments = table.rows(torch.arange(100)), table.exp_avg["means"].clone()
    ours = DENSITY.get("default")(max_gaussians=100, reset_every=30, prune_opa=0.01)
    state = ours.begin(table, SCENE_SCALE)
    ours.after_step(table, state, 0, 1e-4, generator())
    assert torch.equal(table.params["opacities"], before["opacities"])
    ours.after_step(table, state, 30, 1e-4, generator())
    expected = torch.minimum(torch.sigmoid(before["opacities"]), torch.tensor(0.02))
    torch.testing.assert_close(torch.sigmoid(table.params["opacities"]), expected)
    assert not table.exp_avg["opacities"].any()
    assert torch.equal(table.exp_avg["means"], moments)


def test_no_round_for_a_while_after_a_reset():
    ours = DENSITY.get("default")(max_gaussians=5000, reset_every=300, pause_refine_after_reset=150)
    table = some_table(300)
    state = ours.begin(table, SCENE_SCALE)
    for step, grows in ((700, False), (800, True)):
        ours.after_backward(table, state, step, some_drawing(len(table)), generator())
        assert bool(ours.after_step(table, state, step, 1e-4, generator()).added) == grows


def published_relocation(opacities, scales, ratios, binoms):
    """Equation 9, both of its sums as they stand."""
    o, n, binoms = opacities.double(), ratios.clamp(1, 51).long(), binoms.double()
    p = 1.0 - (1.0 - o) ** (1.0 / n)
    denominator = torch.zeros_like(o)
    for i in range(1, int(n.max()) + 1):
        terms = [binoms[i - 1, k] * (-1) ** k * p ** (k + 1) / math.sqrt(k + 1) for k in range(i)]
        denominator += torch.where(n >= i, sum(terms), 0.0)
    return p.float(), (o / denominator).float()[:, None] * scales


def covariances(quats, scales, **_):
    axes = normalized_quat_to_rotmat(torch.nn.functional.normalize(quats, dim=-1)) * scales[:, None]
    return axes @ axes.mT, None


@pytest.mark.parametrize("cap", [400, 410])
def test_mcmc_does_as_gsplat_does(cap, monkeypatch):
    """Relocation, growth and noise, with chance made equal: the same draws, and noise in each splat's own axes.

    The moments of what was moved or copied are 0, as in the paper's program; gsplat keeps some of them.
    """
    monkeypatch.setattr(gsplat_ops, "compute_relocation", published_relocation)
    monkeypatch.setattr(gsplat_ops, "quat_scale_to_covar_preci", covariances)
    draws = generator(3)
    monkeypatch.setattr(gsplat_ops, "_multinomial_sample", lambda w, n, replacement: draw_rows(w, n, draws))
    ours = DENSITY.make("mcmc:refine_start_iter=10,noise_lr=1e4", max_gaussians=cap)
    theirs = MCMCStrategy(cap_max=cap, refine_start_iter=10, noise_lr=1e4)
    table = some_table(400)
    params, optimizers = to_gsplat(table)
    state, their_state, rng = ours.begin(table, SCENE_SCALE), theirs.initialize_state(), generator(3)

    def their_noise(like):
        own, rows = torch.zeros(like.shape), restless(params["opacities"].data)
        own[rows] = torch.randn(len(rows), 3, generator=draws)
        turn = normalized_quat_to_rotmat(torch.nn.functional.normalize(params["quats"].data, dim=-1))
        return torch.einsum("nij,nj->ni", turn, own)

    monkeypatch.setattr(torch, "randn_like", their_noise)
    dead = torch.sigmoid(table.params["opacities"]) <= ours.min_opacity
    changes = ours.after_step(table, state, 100, 1e-3, rng)
    theirs.step_post_backward(params, optimizers, their_state, 100, {}, lr=1e-3)
    assert changes == Changes(added=cap - 400, moved=int(dead.sum()))
    assert changes.moved > 10
    changed = dead if cap == 400 else torch.ones(cap, dtype=torch.bool)
    assert_same(table, params, optimizers, but_moments_of=changed)
    assert not any(table.exp_avg[name][:400][dead].any() for name in NAMES)
    assert ours.after_step(table, state, 101, 1e-3, rng) == Changes()


@pytest.mark.parametrize("seed", [0, 1])
def test_noise_is_its_twins_and_leaves_only_what_it_would_not_move(seed):
    """Against the torch formula of all rows, in float64; 1e-5 is a hundred roundings of its factors in float32."""
    table, amount = some_table(2000, seed), 30.0
    before = {name: param.detach().clone() for name, param in table.params.items()}
    columns = [before[name].double() for name in ("means", "quats", "scales", "opacities")]
    rows, expected = restless(before["opacities"]), columns[0].clone()
    assert 200 < len(rows) < 1800
    assert torch.equal(rows, (torch.sigmoid(before["opacities"]) < 0.1713).nonzero()[:, 0])
    noise = torch.zeros(2000, 3)
    noise[rows] = torch.randn(len(rows), 3, generator=generator(seed))
    _torch_shake(expected, *columns[1:], torch.arange(2000), noise.double(), amount)
    shake(table, amount, generator(seed))
    moved = table.params["means"].detach().double() - columns[0]
    largest = amount * (2.0 * columns[2]).exp().amax(dim=1, keepdim=True)
    assert ((moved - (expected - columns[0])).abs() < 1e-5 * largest + 1e-6).all()
    assert all(torch.equal(before[name], table.params[name]) for name in NAMES if name != "means")


def test_relocation_is_the_integral_that_its_formula_comes_from():
    cases = [(o, n) for o in (0.006, 0.3, 0.9, 0.999, 1 - 2**-23) for n in (1, 2, 3, 17, 51, 400)]
    opacities, counts = torch.tensor([o for o, _ in cases], dtype=torch.float64), torch.tensor([n for _, n in cases])
    p, factor = relocation(opacities, counts)
    torch.testing.assert_close(1.0 - (1.0 - p) ** counts, opacities, rtol=1e-9, atol=0.0)
    for (o, n), p_n, factor_n in zip(cases, p.tolist(), factor.tolist()):
        taken, _ = quad(lambda x: -np.expm1(n * np.log1p(-p_n * np.exp(-x * x / 2))), -12, 12, epsabs=1e-13, limit=200)  # noqa: B023
        assert factor_n == pytest.approx(o * math.sqrt(2 * math.pi) / taken, rel=1e-8)


def picture(table: SplatTable, distance: float = 4.0, side: int = 64) -> torch.Tensor:
    viewmat = torch.eye(4)
    viewmat[2, 3] = distance
    K = torch.tensor([[200.0, 0, side / 2], [0, 200.0, side / 2], [0, 0, 1]])
    p = table.params
    colors = torch.ones(1, len(table), 3)
    with torch.no_grad():
        return (
            choose("torch")
            .draw(
                p["means"],
                p["quats"],
                p["scales"].exp(),
                p["opacities"].sigmoid(),
                colors,
                viewmat[None],
                K[None],
                side,
                side,
            )
            .images[0, ..., 0]
        )


def one_splat(log_scales, opacity: float, quat=(1.0, 0.2, -0.4, 0.3)) -> SplatTable:
    logit = torch.tensor([opacity]).logit()
    shapes = {"means": torch.zeros(1, 3), "scales": torch.tensor([log_scales]), "quats": torch.tensor([quat])}
    return SplatTable({**shapes, "opacities": logit, "sh0": torch.ones(1, 1, 3), "shN": torch.zeros(1, 0, 3)})


@pytest.mark.parametrize("opacity", [0.1, 0.6, 0.95])
def test_relocated_splats_look_like_the_one_before(opacity):
    """The middle pixel stays, and so does the light that is taken away, within what the paper's one-dimensional
    integral leaves of a two-dimensional one."""
    table = one_splat([-2.0, -2.0, -2.0], opacity)
    before = picture(table)
    strategy = DENSITY.make("mcmc:refine_start_iter=0,refine_every=1,noise_lr=0", max_gaussians=4)
    dead = {name: table.params[name].detach().repeat(3, *[1] * (table.params[name].dim() - 1)) for name in NAMES}
    table.append({**dead, "opacities": torch.full((3,), -9.0)})
    assert strategy.after_step(table, strategy.begin(table, 1.0), 1, 0.0, generator()).moved == 3
    after = picture(table)
    assert after.max() == pytest.approx(before.max().item(), abs=0.01)
    assert after.sum() == pytest.approx(before.sum().item(), rel=0.12)
    assert (after - before).abs().max() < 0.16 * opacity


@pytest.mark.parametrize("opacity", [0.1, 0.6, 0.95])
def test_a_needle_looks_the_same_in_two_halves_and_is_rounder(opacity):
    table = one_splat([-1.5, -4.0, -4.0], opacity)
    before, entropy = picture(table), spectral_entropy(table.params["scales"].detach())
    strategy = DENSITY.make("spectral:refine_start_iter=0,refine_every=1", max_gaussians=2)
    state = strategy.begin(table, SCENE_SCALE)
    assert strategy.after_step(table, state, 1, 0.0, generator()) == Changes(added=1)
    after = picture(table)
    assert after.sum() == pytest.approx(before.sum().item(), rel=0.02)
    assert (after - before).square().mean().sqrt() < 0.15 * before.square().mean().sqrt()
    assert (spectral_entropy(table.params["scales"].detach()) > entropy + 0.02).all()


def test_spectral_entropy_is_that_of_the_eigenvalues():
    table = some_table(40)
    values = torch.linalg.eigvalsh(
        covariances(table.params["quats"].double(), table.params["scales"].double().exp())[0]
    )
    shares = values / values.sum(-1, keepdim=True)
    entropy = spectral_entropy(table.params["scales"].detach()).double()
    torch.testing.assert_close(entropy, -(shares * shares.log()).sum(-1).detach(), rtol=1e-4, atol=1e-5)
    assert spectral_entropy(torch.tensor([[math.log(3.52), 0.0, 0.0]])).item() == pytest.approx(0.5, abs=0.01)


def run(name: str, cap: int, seed: int, threads: int = 1, count: int = 120, steps: int = 12) -> SplatTable:
    """A few rounds on random gradients; every step is held to the cap, and rows to their moments."""
    before_threads = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        table, rng = some_table(count, seed), generator(seed)
        strategy = dataclasses.replace(DENSITY.make(name, max_gaussians=cap), refine_start_iter=1, refine_every=3)
        state = strategy.begin(table, SCENE_SCALE)
        for step in range(steps):
            known = torch.cat([table.exp_avg["opacities"], torch.zeros(1)])
            before = len(table)
            strategy.after_backward(table, state, step, some_drawing(before, seed + step), rng)
            changes = strategy.after_step(table, state, step, 1e-5, rng)
            assert len(table) == before + changes.added - changes.removed <= cap
            for name_ in NAMES:
                assert table.params[name_].shape == table.exp_avg[name_].shape == table.exp_avg_sq[name_].shape
                assert table.params[name_].isfinite().all()
                assert table.params[name_].requires_grad
            assert torch.isin(table.exp_avg["opacities"], known).all()
        return table
    finally:
        torch.set_num_threads(before_threads)


@settings(max_examples=12, deadline=None)
@given(
    name=st.sampled_from([*DENSITY.names(), "spectral:spectral_threshold=1", "default:reset_every=4"]),
    count=st.integers(1, 60),
    room=st.integers(0, 40),
    seed=st.integers(0, 2**31),
)
def test_no_step_exceeds_the_cap_and_moments_follow_their_rows(name, count, room, seed):
    run(name, count + room, seed, count=count)


def same(one: SplatTable, other: SplatTable) -> bool:
    pairs = zip(one.state().values(), other.state().values())
    return all(a == b if isinstance(a, int) else all(torch.equal(a[n], b[n]) for n in NAMES) for a, b in pairs)


@pytest.mark.parametrize("name", DENSITY.names())
def test_same_seed_same_bytes_on_any_number_of_threads(name):
    """Of more splats than the 32,768 from which on torch shares an operation among threads."""
    tables = [run(name, 60_000, 1, threads, count=40_001, steps=4) for threads in (1, 2, 3)]
    assert len(tables[0]) > 41_000
    assert same(tables[0], tables[1])
    assert same(tables[0], tables[2])


def test_spectral_without_its_splitting_is_default():
    assert same(run("spectral:enable_spectral_splitting=false", 200, 4), run("default", 200, 4))
    assert not same(run("spectral", 200, 4), run("default", 200, 4))
    assert not same(run("default", 200, 4), run("default", 200, 5))


def test_the_strongest_grow_where_there_is_no_room_for_all():
    table = some_table(50)
    table.write(torch.arange(50), {"opacities": torch.zeros(50), "scales": torch.full((50, 3), -9.0)})
    strategy = DENSITY.make("default:refine_start_iter=0", max_gaussians=55)
    state = strategy.begin(table, SCENE_SCALE)
    state["grad2d"], state["count"] = torch.linspace(1.0, 2.0, 50).roll(20), torch.ones(50)
    strongest = set(map(tuple, table.params["means"][15:20].tolist()))
    assert strategy.after_step(table, state, 100, 1e-4, generator()) == Changes(added=5)
    assert set(map(tuple, table.params["means"][50:].tolist())) == strongest


def test_steps_scale_and_a_start_above_the_cap_is_refused():
    scaled = DENSITY.make("default", max_gaussians=9).scaled(1 / 15)
    assert (scaled.refine_start_iter, scaled.refine_stop_iter, scaled.refine_every, scaled.reset_every) == (
        33,
        1000,
        6,
        200,
    )
    assert DENSITY.make("mcmc", max_gaussians=9).scaled(1e-9).refine_every == 1
    for name in ("default", "mcmc", "mcmc:cap_max=9", "spectral"):
        with pytest.raises(InputError, match="the start has 10 splats, must be at most 9"):
            DENSITY.make(name, max_gaussians=10 if "cap" in name else 9).begin(some_table(10), 1.0)
