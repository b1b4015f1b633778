"""Training of what stands for cells of the levels: the light stays, no view becomes worse, and all of it is resumed."""

import dataclasses
import shutil

import numpy as np
import pytest

import helios
from helios.grid import MAX_DEPTH, deepest_keys, keys_at
from helios.levels.branch import LIGHT_COLUMNS, flux_of, stars_as_lights
from helios.levels.choice import choose
from helios.levels.proxies import Lights
from helios.levels.views import BLOCKS, FOCAL_PX, SIZE_PX, place_views
from helios.rendering.truth import render_truth
from helios.training.standing import StandingCell
from helios.universe.summary import summarise
from helios.universe.trained_levels import levels_around, standing_of, trainable_levels, training_indices
from helios.universe.validate import validate_universe
from tests.unit.universe.conftest import add_nothing
from tests.unit.universe.rewriting import rewrite, set_value

STEPS = {"iterations": 40, "image_size": 64, "ratio": 1.0, "backend": "numba"}


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    path = tmp_path_factory.mktemp("levels") / "universe"
    helios.build(synthetic=6000, output=path, seed=4)
    return helios.open(path)


@pytest.fixture(scope="module")
def trained(universe, tmp_path_factory):
    output = tmp_path_factory.mktemp("levels") / "trained"
    result = helios.train(universe, output=output, **STEPS)
    return helios.open(output), result


def test_stars_of_a_cell_are_those_that_neither_it_nor_what_is_above_keeps(universe):
    """Against a walk over all stars: those in the cell whose owner is not above it."""
    levels = universe.levels
    stars = stars_as_lights(universe.columns(LIGHT_COLUMNS))
    owner, keys = levels.owner(), deepest_keys(stars.position_m)
    cells = trainable_levels(levels)
    assert len(cells) > 5
    for cell in cells.tolist():
        depth = int(levels.depth[cell])
        inside = (keys_at(MAX_DEPTH, keys, depth) == levels.key[cell]) & (owner >= depth)
        standing = standing_of(universe, cell)
        assert sorted(standing.stars.luminosity) == sorted(stars.luminosity[inside])
        assert standing.trainable
        assert len(standing.soft) == levels.soft_counts[cell]
        assert len(standing.stars) == levels.below[cell]


def test_what_is_fitted_has_the_light_that_was_there_twice(universe):
    """Whatever training gives back: seen from afar, and from the Sun, in float64."""
    rng = np.random.default_rng(1)
    cell = int(trainable_levels(universe.levels)[0])
    standing = StandingCell.read(universe, cell)
    start = standing.given_start
    moved = dataclasses.replace(
        start,
        means=start.means * 0.9,
        scales=start.scales * rng.uniform(0.5, 1.5, start.scales.shape).astype(np.float32),
        opacities=start.opacities * rng.uniform(0.5, 1.5, len(start)).astype(np.float32),
    )
    fit = standing.standing.fit(standing.settle(moved))
    before = standing.standing.lights
    assert fit.luminosity.sum() == pytest.approx(before.luminosity.sum(), rel=1e-12)
    assert flux_of(fit).sum() == pytest.approx(flux_of(before).sum(), rel=1e-12)
    points = before.sigma_m == 0
    np.testing.assert_array_equal(fit.position_m[points], before.position_m[points])
    assert not np.array_equal(fit.position_m[~points], before.position_m[~points])
    fewer = dataclasses.replace(moved, **{name: column[1:] for name, column in vars(moved).items()})
    assert len(standing.standing.fit(standing.settle(fewer))) == len(before)
    outside = dataclasses.replace(moved, means=moved.means + np.float32(100.0))
    assert standing.settle(outside) is None


def test_views_show_what_the_ground_truth_shows(universe):
    """Blocks of points, against `render_truth` summed over them, which samples the filter of stars at their edges."""
    stars = stars_as_lights(universe.columns(LIGHT_COLUMNS))
    for view in place_views(1e19, 3, 5) + place_views(0.0, 1, 6):
        found = np.zeros((1, BLOCKS, BLOCKS))
        view.add(stars, np.ones((len(stars), 1)), found)
        x = stars.position_m - view.camera_m
        distance = np.sqrt((x**2).sum(axis=1))
        near = x @ view.rotation[2] > 0.2 * distance
        viewmat = np.eye(4)
        viewmat[:3, :3] = view.rotation
        focal = np.array([[FOCAL_PX, 0, SIZE_PX / 2], [0, FOCAL_PX, SIZE_PX / 2], [0, 0, 1.0]])
        means, omega = x[near] / distance[near][:, None], stars.luminosity[near] / distance[near] ** 2
        unit = 1.0 / omega.max()
        white = np.ones((len(omega), 3))
        image = render_truth(means, omega * unit, white, viewmat[None], focal[None], SIZE_PX, SIZE_PX)
        picture = image[0, :, :, 0].astype(np.float64) / (unit * FOCAL_PX**2)
        right = picture.reshape(BLOCKS, -1, BLOCKS, SIZE_PX // BLOCKS).sum(axis=(1, 3))
        assert np.abs(found[0] - right).sum() < 2e-2 * right.sum()
        assert found.sum() == pytest.approx(right.sum(), rel=3e-3)


def test_a_fit_is_taken_where_it_is_right_and_not_where_it_is_wrong(universe):
    """The stars themselves are the best fit; the same proxies moved away the worst."""
    tree = universe.levels.tree()
    stars = stars_as_lights(universe.columns(LIGHT_COLUMNS))
    cells = universe.levels.cells_of(deepest_keys(stars.position_m), universe.levels.owner())
    asked = trainable_levels(universe.levels).tolist()
    good = {cell: standing_of(universe, cell).stars for cell in asked}
    taken, gains = choose(tree, good, lambda: [(stars, cells)])
    assert taken
    assert all(gain.after <= gain.before for gain in gains)
    assert sum(gain.after for gain in gains) < 0.9 * sum(gain.before for gain in gains)
    proxies = {cell: tree.proxies.take(tree.cell == cell) for cell in asked}
    bad = {
        cell: Lights(p.position_m * 1.5, p.sigma_m, p.luminosity * 2.0, p.color) for cell, p in proxies.items()
    }  # fmt: skip
    assert choose(tree, bad, lambda: [(stars, cells)])[0] == set()
    assert choose(tree, proxies, lambda: [(stars, cells)])[0] == set(), "what changes nothing is no gain"


def test_training_takes_no_light_and_makes_no_place_worse(universe, trained):
    levels, result = trained[0].levels, trained[1]
    assert {r.index for r in result.levels} == set(trainable_levels(universe.levels).tolist())
    assert (levels.settings > 0).sum() == len(result.levels)
    assert summarise(trained[0])["training"]["levels"] == {"cells": len(result.levels), "taken": levels.taken.sum()}
    assert validate_universe(trained[0].path, add_nothing, 5).findings.counts == {}
    before, after = universe.levels.proxies()[0], levels.proxies()[0]
    changed = np.unique(levels.proxy_cells[(before.position_m != after.position_m).any(axis=1)])
    np.testing.assert_array_equal(changed, np.flatnonzero(levels.taken))
    np.testing.assert_array_equal(trained[0].built_levels.proxies()[0].position_m, before.position_m)
    untouched = ~levels.taken
    np.testing.assert_array_equal(levels.table[untouched], universe.levels.table[untouched])


def test_what_is_trained_is_not_trained_again_and_what_is_added_keeps_it(universe, trained, tmp_path):
    again = helios.train(universe, output=trained[0].path, **STEPS)
    assert (again.results, again.levels) == ((), ())
    first, second = tmp_path / "first", tmp_path / "second"
    inner = next(i for i in trainable_levels(universe.levels).tolist() if universe.levels.depth[i] == 0)
    name = str(universe.levels.cells[inner - 1])
    only = helios.train(universe, name, first, **STEPS)
    assert [r.index for r in only.levels] == [inner]
    assert only.results == ()
    rest = helios.train(universe, output=first, **STEPS)
    assert len(rest.levels) == len(trained[1].levels) - 1
    helios.train(universe, output=second, workers=2, **STEPS)
    for name in ("settings", "extent_m", "table", "taken"):
        np.testing.assert_array_equal(
            getattr(helios.open(second).levels, name), getattr(helios.open(trained[0].path).levels, name)
        )
    np.testing.assert_array_equal(helios.open(first).levels.settings, trained[0].levels.settings)


def test_the_levels_of_a_cell_hold_it_or_lie_in_it(universe):
    levels, count = universe.levels, len(universe)
    for leaf in range(0, count, 5):
        mine = levels_around(universe, np.array([leaf]))
        cell = universe.cells[leaf]
        for i in trainable_levels(levels).tolist():
            other = levels.cells[i - 1]
            depth = min(cell.depth, other.depth)
            same = keys_at(cell.depth, cell.key, depth) == keys_at(other.depth, other.key, depth)
            assert (i in mine) == bool(same)
    assert training_indices(universe, None, False) == list(range(count))
    assert training_indices(universe, 0, False) == [0]
    with pytest.raises(helios.HeliosError, match="not in"):
        training_indices(universe, "9_1_1_1", True)


def test_damage_to_what_is_trained_is_told(universe, trained, tmp_path):
    path = tmp_path / "copy"
    shutil.copytree(trained[0].path, path)

    def dim(columns, _):
        row = int(np.argmax(columns["trained_levels/luminosity"]))
        set_value(columns, "trained_levels/luminosity", row, columns["trained_levels/luminosity"][row] * 1.01)

    rewrite(path, dim)
    assert "level light" in validate_universe(path, add_nothing, 5).findings.counts
    table = path / "universe.zarr/trained_levels/table/c"
    chunk = next(file for file in sorted(table.rglob("*")) if file.is_file())
    data = bytearray(chunk.read_bytes())
    data[len(data) // 2] ^= 4
    chunk.write_bytes(bytes(data))
    assert "files" in validate_universe(path, add_nothing, 5).findings.counts


@pytest.mark.parametrize("column", ["levels/table", "levels/extent_m", "proxies/color", "proxies/luminosity"])
def test_damage_to_what_training_began_from_is_told_too(trained, tmp_path, column):
    path = shutil.copytree(trained[0].path, tmp_path / "damaged")
    file = next(file for file in sorted((path / "universe.zarr" / column / "c").rglob("*")) if file.is_file())
    data = bytearray(file.read_bytes())
    data[len(data) // 3] ^= 8
    file.write_bytes(data)
    assert trained[0].levels.trained
    assert "files" in validate_universe(path, add_nothing, 5).findings.counts


def test_a_cell_and_what_stands_for_it_have_logs_of_their_own(tmp_path):
    pytest.importorskip("tensorboard")
    universe = helios.build(synthetic=1000, depth=0, output=tmp_path / "u")
    names = {str(cell) for cell in universe.cells}
    both = names & {str(universe.levels.cells[i - 1]) for i in trainable_levels(universe.levels).tolist()}
    assert both
    helios.train(universe, output=tmp_path / "t", log="tensorboard", **STEPS | {"iterations": 4, "ratio": 0.5})
    logged = {folder.name for folder in (tmp_path / "t_logs").iterdir()}
    assert logged >= names | {f"levels-{name}" for name in both}
