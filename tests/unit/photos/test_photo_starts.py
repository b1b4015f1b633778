"""What training on photographs begins with: gsplat's formulas, evaluated here over all pairs of points."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from helios.errors import InputError
from helios.photos.data.dataset import load_dataset
from helios.photos.data.options import DataOptions
from helios.photos.starts import STARTS
from helios.photos.starts.splats import C0, neighbour_distances
from helios.photos.table import NAMES
from tests.support.tiny_scene import AXES, paint, write_tiny_scene

SETTINGS = {"max_gaussians": 10_000, "init_opa": 0.1, "init_scale": 1.0, "sh_degree": 2}


def make(spec: str, dataset, seed: int = 0, scene_scale: float = 1.0, **settings):
    start = STARTS.make(spec, **{**SETTINGS, **settings})
    return start(dataset, scene_scale, torch.Generator().manual_seed(seed))


def some_points(count: int) -> SimpleNamespace:
    rng = np.random.default_rng(0)
    return SimpleNamespace(
        points=rng.normal(size=(count, 3)), colors=rng.integers(0, 256, (count, 3), np.uint8), train=()
    )


def test_sfm_puts_a_splat_on_each_point_as_gsplat_does():
    dataset = some_points(300)
    table = make("sfm", dataset, init_opa=0.3, init_scale=0.5)
    points = torch.from_numpy(dataset.points)
    nearest = torch.cdist(points, points).topk(4, largest=False).values[:, 1:]
    expected = (0.5 * nearest.square().mean(dim=-1).sqrt()).log().float()
    torch.testing.assert_close(table.params["means"].data, points.float())
    torch.testing.assert_close(table.params["scales"].data, expected[:, None].repeat(1, 3), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(table.params["opacities"].sigmoid(), torch.full((300,), 0.3))
    shown = 255.0 * (0.5 + C0 * table.params["sh0"].data[:, 0])
    torch.testing.assert_close(shown, torch.from_numpy(dataset.colors).float(), rtol=0, atol=1e-3)
    assert table.params["shN"].shape == (300, 8, 3)
    assert not table.params["shN"].any()


def test_a_cap_takes_points_evenly():
    dataset = some_points(4000)
    table = make("sfm", dataset, max_gaussians=1000)
    every = {tuple(point) for point in dataset.points.astype(np.float32)}
    assert {tuple(point) for point in table.params["means"].detach().numpy()} < every
    assert len(table) == 1000
    assert table.params["means"].mean(dim=0).abs().max() < 4.0 / 1000**0.5


def test_random_fills_its_cube():
    table = make("random:init_num_pts=5000,init_extent=1.5", some_points(0), scene_scale=2.0)
    means = table.params["means"].detach() / 3.0
    assert len(table) == 5000
    assert means.abs().max() < 1.0
    counts = torch.histc(means, 10, -1.0, 1.0)
    assert ((counts - 1500.0).abs() < 5.0 * 1500.0**0.5).all()
    assert len(make("random", some_points(0))) == SETTINGS["max_gaussians"]


def test_a_swept_start_lies_on_what_the_photographs_show(tmp_path):
    """An ellipsoid before black: every splat near its surface, all around, in the colour that it has there."""
    write_tiny_scene(tmp_path / "data", views=24, width=96, height=96)
    dataset = load_dataset(tmp_path / "data", DataOptions(normalize_world_space=False, test_every=0))
    table = make("random:init_num_pts=400,init_extent=1.0", dataset, scene_scale=3.0)
    means = table.params["means"].detach().numpy().astype(np.float64)
    radii = np.linalg.norm(means / AXES, axis=-1)
    assert np.quantile(np.abs(radii - 1.0), 0.8) < 0.06
    assert np.quantile(np.abs(radii - 1.0), 0.5) < 0.03
    assert (np.bincount((means > 0) @ [1, 2, 4], minlength=8) > 15).all()
    seen = 0.5 + C0 * table.params["sh0"].detach().numpy()[:, 0]
    nearest = means / radii[:, None]
    assert np.median(np.abs(seen - paint(nearest))) < 0.06
    again = make("random:init_num_pts=400,init_extent=1.0", dataset, scene_scale=3.0)
    assert all(torch.equal(table.params[n], again.params[n]) for n in NAMES)
    plain = make("random:init_num_pts=400,init_extent=1.0,init_sweep=false", dataset, scene_scale=3.0)
    assert (plain.params["means"].detach().norm(dim=-1) - 1.0).abs().median() > 0.5


@pytest.mark.parametrize("name", STARTS.names())
def test_the_seed_decides_all(name):
    one, same, other = (make(name, some_points(500), seed, max_gaussians=400) for seed in (1, 1, 2))
    assert all(torch.equal(one.params[n], same.params[n]) for n in NAMES)
    assert not torch.equal(one.params["means"], other.params["means"])


def test_few_points_and_points_in_one_place():
    with pytest.raises(InputError, match="has 3 points, --init-type sfm needs 4"):
        make("sfm", some_points(3))
    assert (neighbour_distances(np.zeros((5, 3))) > 0).all()
    assert np.isfinite(np.log(neighbour_distances(np.ones((1, 3))))).all()
    twice = np.repeat(np.random.default_rng(0).normal(size=(50, 3)), 4, axis=0)
    assert (neighbour_distances(twice) > 0).all()


def test_options_are_checked():
    assert dataclasses.is_dataclass(STARTS.get("random"))
    with pytest.raises(InputError, match="init_extent"):
        make("random:init_extent=0", some_points(0))
