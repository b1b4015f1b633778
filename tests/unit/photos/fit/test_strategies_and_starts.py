"""What is said of strategies and starts holds for photographs of an ellipsoid whose every pixel is known.

The presets are gsplat's; how good a scene gets is measured on photographs that training does not see.
"""

import dataclasses
import functools

import pytest
import torch

from helios.photos.data.dataset import load_dataset
from helios.photos.density import DENSITY
from helios.photos.fit.config import FitConfig, Losses, Size, Steps
from helios.photos.fit.fit import Fit
from helios.photos.fit.options import SceneOptions
from helios.photos.judging import judge_photographs, metrics_named
from helios.rendering.opaque import choose
from tests.support.tiny_scene import write_tiny_scene


@pytest.mark.parametrize(("strategy", "preset"), [("default", (0.1, 0, 0)), ("mcmc", (0.5, 0.01, 0.01))])
def test_presets_are_those_of_gsplat_unless_options_say_otherwise(strategy, preset):
    plain = SceneOptions(FitConfig(size=Size(strategy=strategy)))
    assert dataclasses.astuple(plain.preset()) == preset
    assert plain.start().init_opa == preset[0]
    own = SceneOptions(FitConfig(size=Size(strategy=strategy, init_opa=0.3), losses=Losses(opacity_reg=0.0)))
    assert dataclasses.astuple(own.preset()) == (0.3, 0.0, preset[2])
    assert own.values()["init_opa"] == own.start().init_opa == 0.3
    assert DENSITY.make("spectral", max_gaussians=9).preset == DENSITY.make("default", max_gaussians=9).preset


@pytest.fixture(scope="module")
def held_out(tmp_path_factory):
    """PSNR, dB, of photographs that are not trained on, by strategy, start and seed."""
    folder = tmp_path_factory.mktemp("data") / "tiny"
    data = load_dataset(write_tiny_scene(folder, views=24, width=80, height=80, points=500).folder)
    before = torch.get_num_threads()
    torch.set_num_threads(1)

    @functools.cache
    def measured(strategy: str, start: str, seed: int = 0) -> float:
        size = Size(start, init_num_pts=500, init_extent=0.5, strategy=strategy, max_gaussians=1500)
        fit = Fit(data, SceneOptions(FitConfig(Steps(steps_scaler=0.02, seed=seed), size)), choose("numba"))
        while fit.step < fit.last_step:
            fit.advance()
        judged = list(judge_photographs(fit.trained(), data.test, fit.backend, metrics_named(("psnr",))))
        return sum(one.scores["psnr"].value for one in judged) / len(judged)

    yield measured
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["default", "mcmc"])
def test_a_random_start_ends_within_2_db_of_known_points(held_out, strategy):
    sfm, random = (held_out(strategy, start) for start in ("sfm", "random"))
    assert sfm > 20.0
    assert random > sfm - 2.0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_in_a_short_training_the_default_is_no_worse_than_mcmc(held_out, seed):
    assert held_out(Size().strategy, "sfm", seed) > held_out("mcmc", "sfm", seed) - 0.1
