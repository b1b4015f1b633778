"""Each option of the trainer has its effect, on photographs of an ellipsoid, in a few steps each.

What data, starts, strategies and fixers make of theirs is tested beside them, what is written when in tests/cli.
"""

import dataclasses

import pytest
import torch

from helios.errors import InputError
from helios.photos.data.dataset import load_dataset
from helios.photos.fit.config import GROUPS, FitConfig
from helios.photos.fit.fit import Fit
from helios.photos.fit.options import SceneOptions
from helios.photos.fit.poses import inverse_motion
from helios.photos.table import NAMES
from helios.rendering.opaque import choose
from tests.support.tiny_scene import write_tiny_scene

STEPS = 8


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "tiny"
    return load_dataset(write_tiny_scene(folder, views=9, width=48, height=36, points=200, masks=True).folder)


@pytest.fixture(scope="module")
def begin(data):
    def make(**options) -> Fit:
        options = {"max_steps": 1000} | options
        names = [{field.name for field in dataclasses.fields(config)} for _, config in GROUPS]
        assert options.keys() <= set().union(*names)
        parts = [config(**{k: v for k, v in options.items() if k in own}) for own, (_, config) in zip(names, GROUPS)]
        return Fit(data, SceneOptions(FitConfig(*parts)), choose("numba"))

    return make


@pytest.fixture(scope="module")
def run(begin):
    def make(steps: int = STEPS, **options) -> Fit:
        fit = begin(**options)
        for _ in range(steps):
            fit.advance()
        return fit

    return make


@pytest.fixture(scope="module")
def plain(run):
    return run()


def same(one: Fit, other: Fit) -> list[str]:
    """The columns that have the same bytes in both."""
    return [name for name in NAMES if torch.equal(one.table.params[name], other.table.params[name])]


def mean(fit: Fit, name: str) -> float:
    column = fit.table.params[name].detach()
    return (column.sigmoid() if name == "opacities" else column.exp()).mean().item()


def test_the_same_options_give_the_same_bytes_and_another_seed_others(run, plain):
    assert same(run(), plain) == list(NAMES)
    assert "means" not in same(run(seed=1), plain)


def test_packed_gives_the_same_bytes_on_the_cpu(run, plain):
    assert same(run(packed=True), plain) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_learning_rate_of_zero_keeps_its_column(run, begin, plain, name):
    """Noise on positions goes with their rate too; degree 1 is reached at once, so that shN is trained."""
    how = {"sh_degree_interval": 1}
    still = run(**how, **{f"{name}_lr": 0.0})
    assert same(still, begin(**how)) == [name]


def test_rates_fall_to_their_share_of_the_last_step(run):
    fit = run(max_steps=STEPS, means_lr_final=0.1)
    assert fit.decay() == pytest.approx(0.1)
    fit.step = STEPS // 2
    assert fit.decay() == pytest.approx(0.1**0.5)


@pytest.mark.parametrize(
    ("how", "pace"),
    [
        ({"steps_scaler": 0.25}, 2.0),
        ({"steps_scaler": 0.25, "batch_size": 4}, 2.0),
        ({"steps_scaler": 4.0}, 1.0),
        ({"batch_size": 4}, 2.0),
    ],
)
def test_positions_go_faster_in_a_shortened_training(begin, how, pace):
    """Adam's first step is its rate, and four photographs a step double all rates, as in gsplat."""

    def way(**how) -> torch.Tensor:
        fit = begin(strategy="default", **how)
        before = {name: fit.table.params[name].detach().clone() for name in ("means", "scales")}
        fit.advance()
        return torch.stack([(fit.table.params[name] - column).abs().max() for name, column in before.items()])

    shared = how.get("batch_size", 1) ** 0.5
    torch.testing.assert_close(way(**how) / way(), torch.tensor([pace, shared]), rtol=2e-3, atol=0.0)


def test_the_loss_is_shared_between_l1_and_ssim(begin):
    none, some, whole = (begin(ssim_lambda=share).advance().loss for share in (0.0, 0.25, 1.0))
    assert some == pytest.approx(0.75 * none + 0.25 * whole, rel=1e-5)
    assert none != pytest.approx(whole, rel=0.01)


def test_regularisers_pull(run, plain):
    assert mean(run(opacity_reg=10.0), "opacities") < 0.99 * mean(plain, "opacities")
    assert mean(run(scale_reg=1000.0), "scales") < 0.99 * mean(plain, "scales")


def test_degrees_of_harmonics_rise_by_steps_up_to_the_last(run):
    fit = run(2, sh_degree=2, sh_degree_interval=2)
    assert fit.table.params["shN"].shape[1] == 8
    assert fit.degree == 1
    assert not fit.table.params["shN"].any(), "degree 0 alone was trained so far"
    fit.advance()
    assert fit.table.params["shN"][:, :3].any()
    assert not fit.table.params["shN"][:, 3:].any()
    fit.step = 100
    assert fit.degree == 2


def test_starts(begin, data):
    sfm = begin(init_opa=0.25, init_scale=2.0)
    assert len(sfm.table) == len(data.points)
    assert mean(sfm, "opacities") == pytest.approx(0.25, rel=1e-5)
    assert mean(sfm, "scales") == pytest.approx(2 * mean(begin(init_scale=1.0), "scales"), rel=1e-4)
    anywhere = {"init_type": "random", "init_num_pts": 500, "init_extent": 0.5, "global_scale": 2.0}
    random = begin(**anywhere, init_sweep=False)
    assert len(random.table) == 500
    assert random.scene_scale == pytest.approx(2.0 * 1.1 * data.scene_scale)
    assert random.table.params["means"].abs().max().item() == pytest.approx(0.5 * random.scene_scale, rel=0.02)
    swept = begin(**anywhere)
    distances = [fit.table.params["means"].detach().norm(dim=1).median().item() for fit in (swept, random)]
    assert len(swept.table) == 500
    assert distances[0] < 0.6 * distances[1]
    assert len(begin(max_gaussians=50).table) == 50


def test_antialiasing_dims_what_is_smaller_than_a_pixel(begin, data):
    one = data.train[0]
    sums = []
    for antialiased in (True, False):
        trained = begin(antialiased=antialiased, init_scale=0.05).trained()
        sums.append(trained.draw(choose("numba"), one.viewmat, one.K, one.width, one.height).alphas.sum().item())
    assert sums[0] < 0.5 * sums[1]


@pytest.mark.parametrize("planes", [{"near_plane": 100.0}, {"far_plane": 0.01, "near_plane": 0.001}])
def test_nothing_is_drawn_beyond_the_planes(begin, data, planes):
    one = data.train[0]
    drawn = begin(**planes).trained().draw(choose("numba"), one.viewmat, one.K, one.width, one.height)
    assert not drawn.images.any()


@pytest.mark.parametrize("option", ["sparse_grad", "visible_adam"])
def test_only_drawn_splats_step(run, option):
    """What the second view does not draw goes on by its momentum, unless only drawn splats step."""
    near = {"near_plane": 1.0, "strategy": "default", "sh_degree": 0}
    moved = {}
    for how in ({}, {option: True}):
        fit = run(1, **near, **how)
        before = fit.table.params["sh0"].detach().clone()
        pushed = fit.table.exp_avg["sh0"].abs().sum(dim=(1, 2)) > 0
        fit.advance()
        moved[bool(how)] = (fit.table.params["sh0"] != before).flatten(1).any(dim=1)[pushed]
    assert moved[False].all()
    assert 0.1 < moved[True].float().mean() < 0.95


def test_a_batch_takes_so_many_photographs(begin):
    fit = begin(batch_size=3)
    seen = [d.camera for step in (0, 1) for d in fit._demands.of_step(step, fit._order, ())]
    assert len(set(seen)) == 6
    assert {d.weight for d in fit._demands.of_step(0, fit._order, ())} == {1.0}
    fit.advance()
    assert fit.step == 1


def test_backgrounds_by_chance_are_in_the_photograph_too(begin):
    """Where the mask leaves something out, the truth is the background of this step; photographs are black without."""
    black, coloured = begin(), begin(random_bkgd=True)
    for step in (0, 1):
        (plain,), (one,) = (fit._demands.of_step(step, fit._order, ()) for fit in (black, coloured))
        assert not plain.truth[0, 0].any()
        assert one.background.min() > 0
        torch.testing.assert_close(one.truth[0, 0], one.background)
    assert begin(random_bkgd=True).advance().loss != pytest.approx(begin().advance().loss, rel=0.01)


def test_what_masks_leave_out_can_be_ignored(begin):
    fit = begin(mask_outside="ignored")
    (one,) = fit._demands.of_step(0, fit._order, ())
    assert one.counts is not None
    assert 0.05 < one.counts.mean() < 0.9
    (plain,) = begin()._demands.of_step(0, fit._order, ())
    assert plain.counts is None


def test_cameras_move_if_they_are_trained(run):
    shaken = {"pose_noise": 0.01, "max_steps": STEPS}
    still, moving = run(**shaken), run(**shaken, pose_opt=True)
    kept, pulled = run(max_steps=STEPS, pose_opt=True, pose_opt_lr=0.0), run(**shaken, pose_opt=True, pose_opt_reg=1e6)
    # The numbers of a rotation are made normal as it moves: what counts is the rotation.
    start, *others = (inverse_motion(fit.motions.motions) for fit in (still, moving, pulled))
    found, held = ((other - start).norm() for other in others)
    assert found > 1000 * held
    assert kept.motions.motions.abs().max() < 1e-12


def test_steps_are_scaled_together(begin):
    fit = begin(max_steps=1000, steps_scaler=0.1, strategy="mcmc:refine_every=50")
    assert fit.last_step == 100
    assert fit.strategy.refine_every == 5
    assert fit.options.fit.scaled_all((7, 500, 5000)) == {1, 50}


def test_a_loss_that_is_no_number_ends_it(begin):
    fit = begin(scale_reg=1.0)
    fit.table.params["scales"].data[0] = 1000.0
    with pytest.raises(InputError, match="step 1: the loss is"):
        fit.advance()
