"""Adaptive and shallow universes in the v1 layout: nothing lost, everything in its cell, the same pack if it can be.

The adaptive one has leaves on both sides of depth 5: stars all over the sky, few to a leaf, and a cluster with leaves
down to a degree; the shallow ones have the same stars in cells of depth 0 to 4. Half of the leaves are trained, with
splats anywhere in the leaf's box, which sticks out of the leaf, and some far away. What they become is read back from
the pack and compared with the universe in float64; the cell that a splat belongs to is found here by trying all cells
of its leaf.
"""

import itertools
import json

import numpy as np
import pytest

from helios.cells import Cells, frames_of
from helios.constants import R_MIN_M
from helios.grid import CellId, HLGrid, cells_of_keys
from helios.packing.pack import pack_universe
from helios.packing.regroup import keys_in
from helios.packing.site import check_site, write_site
from helios.packing.v1_reader import V1Pack
from helios.universe import Universe
from tests.unit.packing.scene import copy, make_clumps, make_trained, tree

GRID = HLGrid(5)
PACK = ("cells.pack.bin", "cells.pack.json", "cells.pack.sfv", "index.json")


@pytest.fixture(scope="module")
def clumps(tmp_path_factory):
    """An adaptive universe of stars."""
    return make_clumps(tmp_path_factory.mktemp("clumps") / "universe", leaf_capacity=4)


@pytest.fixture(scope="module", params=["adaptive", "depth 2"])
def source(request, clumps, tmp_path_factory):
    """A universe of stars that does not keep its cells."""
    if request.param == "adaptive":
        return clumps
    return make_clumps(tmp_path_factory.mktemp("shallow") / "universe", depth=2)


@pytest.fixture(scope="module")
def regrouped(source, tmp_path_factory):
    """It, half trained and packed."""
    universe = make_trained(source.path, tmp_path_factory.mktemp("regrouped") / "universe", stray=50.0)
    pack_universe(universe, format="v1")
    return universe


def cells_of(leaf: CellId) -> np.ndarray:
    """The (l, theta, phi) [N, 3] of the cells of depth 5 that a leaf holds, or of the one that holds it."""
    if leaf.depth >= 5:
        return np.array([[index >> (leaf.depth - 5) for index in (leaf.l, leaf.theta, leaf.phi)]])
    width = 1 << (5 - leaf.depth)
    ranges = (range(index * width, (index + 1) * width) for index in (leaf.l, leaf.theta, leaf.phi))
    return np.array(list(itertools.product(*ranges)))


def nearest_cell(leaf: CellId, place: np.ndarray) -> CellId:
    """The cell of the leaf that is the fewest cells away from a place [3]."""
    r = np.linalg.norm(place)
    shell = np.floor(np.log2(r / R_MIN_M)) if r > 0 else -1
    _, theta, phi = (int(index[0]) for index in GRID.locate(place[None] / max(r, 1) * 1e15))
    cells = cells_of(leaf)
    around = np.abs(cells[:, 1] - theta)
    away = np.abs(cells[:, 0] - shell) + np.minimum(around, GRID.n_theta - around) + np.abs(cells[:, 2] - phi)
    return CellId(5, *cells[np.argmin(away)].tolist())


def packed(pack: V1Pack) -> list[tuple[float, np.ndarray, CellId, float]]:
    """Luminosity, sr m^2, position [3], metres, and cell of all splats of a pack, the faintest first.

    The last value is the largest coordinate, metres, that was rounded.
    """
    found = []
    for cell in pack:
        splats = cell.splats
        light = splats.luminosities * cell.half_extent_m**2
        places = cell.origin_m + cell.half_extent_m * splats.means.astype(np.float64)
        rounded = cell.half_extent_m * np.abs(splats.means).max(axis=-1)
        found += [(*one, cell.id, size) for *one, size in zip(light, places, rounded)]
    return sorted(found, key=lambda one: one[0])


def expected(universe: Universe) -> list[tuple[float, np.ndarray, CellId]]:
    """The same of all splats that stand for a universe, as it has them."""
    made = []
    for i in range(len(universe)):
        cell, splats = universe.cell(i), universe.splats(i)
        shown = cell.emitters if splats is None else splats
        for light, mean in zip(shown.luminosities.astype(np.float64), shown.means.astype(np.float64)):
            place = cell.origin_m + cell.half_extent_m * mean
            home = nearest_cell(cell.id, place)
            made.append((light * cell.half_extent_m**2, place, home))
    return sorted(made, key=lambda one: one[0])


def test_without_training_it_is_the_pack_of_the_same_stars_at_depth_5(clumps, tmp_path):
    adaptive = Universe.open(copy(clumps.path, tmp_path / "adaptive"))
    uniform = make_clumps(tmp_path / "uniform", depth=5)
    depths = adaptive.cells.depth
    below = {tuple(cells_of(leaf)[0]) for leaf in adaptive.cells if leaf.depth > 5}
    assert 1 < len(below) < (depths > 5).sum(), "deeper leaves must share a cell"
    assert len(uniform) - len(below) > (depths < 5).sum(), "larger leaves must have several cells"
    for universe in (adaptive, uniform):
        assert pack_universe(universe, format="v1").cells == len(uniform)
    for name in PACK:
        assert (adaptive.path / "pack" / name).read_bytes() == (uniform.path / "pack" / name).read_bytes()
    assert tree(adaptive.path / "pack" / "cells") == tree(uniform.path / "pack" / "cells")


@pytest.mark.parametrize("depth", range(5))
def test_a_shallow_universe_has_the_pack_of_its_stars_at_depth_5(tmp_path, depth):
    shallow, uniform = (make_clumps(tmp_path / f"depth{d}", depth=d) for d in (depth, 5))
    assert len(shallow) < len(uniform)
    for universe in (shallow, uniform):
        assert pack_universe(universe, format="v1").depth == 5
    assert tree(shallow.path / "pack") == tree(uniform.path / "pack")


@pytest.mark.parametrize("depth", [5, 6])
def test_a_universe_of_small_cells_keeps_them(tmp_path, depth):
    universe = make_clumps(tmp_path / "universe", depth=depth)
    pack_universe(universe, format="v1")
    pack = V1Pack.open(universe.path / "pack")
    assert list(pack.cell_ids) == list(universe.cells)
    for i, cell in enumerate(pack):
        assert (cell.origin_m == universe.cell(i).origin_m).all()


def test_it_is_regrouped_at_the_depth_that_is_asked_for(clumps, tmp_path):
    for depth in (3, 6):
        adaptive, uniform = Universe.open(clumps.path), make_clumps(tmp_path / f"uniform{depth}", depth=depth)
        report = pack_universe(adaptive, tmp_path / f"{depth}", f"v1:depth={depth},loose_cells=false")
        pack_universe(uniform, format=f"v1:depth={depth}")
        assert (report.cells, report.depth) == (len(uniform), depth)
        for name in PACK:
            assert (tmp_path / f"{depth}" / name).read_bytes() == (uniform.path / "pack" / name).read_bytes()


def test_every_splat_keeps_its_light_and_its_place_and_is_in_its_cell(regrouped):
    found, made = packed(V1Pack.open(regrouped.path / "pack")), expected(regrouped)
    light, wanted = (np.array([one[0] for one in of]) for of in (found, made))
    # tau, a size, and what tau above the limit makes of it, each rounded to float32; the sum of hundreds errs less.
    np.testing.assert_allclose(light, wanted, rtol=1e-6)
    assert light.sum() == pytest.approx(wanted.sum(), rel=2e-7)
    for (_, place, _, size), (_, wanted_place, _) in zip(found, made):
        # Rounded once, to metres around the middle of what is in its cell, and moved along the line of sight before.
        most = 1.01 * np.sqrt(3) * 2.0**-24 * size + 9e-7 * np.linalg.norm(wanted_place)
        assert np.linalg.norm(place - wanted_place) <= most
    assert [one[2] for one in found] == [other[2] for other in made]
    strays = [tuple(int(v[0]) for v in GRID.locate(one[1][None])) != (*vars(one[2]).values(),)[1:] for one in found]
    assert sum(strays) > 20


def test_what_fades_together_has_the_light_of_the_same_leaves_in_both_layers(regrouped, viewer, tmp_path):
    site = write_site(regrouped, tmp_path / "site", viewer=viewer).path
    layers, wanted, found = ("universe", "stars"), {}, {}
    for i, leaf in enumerate(regrouped.cells):
        cell, splats = regrouped.cell(i), regrouped.splats(i)
        for layer, shown in zip(layers, (splats or cell.emitters, cell.emitters)):
            for light, mean in zip(shown.luminosities.astype(np.float64), shown.means.astype(np.float64)):
                alone = nearest_cell(leaf, cell.origin_m + cell.half_extent_m * mean)
                whole = leaf if splats and leaf.depth < 5 else alone
                wanted.setdefault(whole, dict.fromkeys(layers, 0.0))[layer] += light * cell.half_extent_m**2
    packs = [V1Pack.open(site / layer) for layer in layers]
    for layer, pack in zip(layers, packs):
        for cell in pack:
            up = cell.levels_up
            whole = CellId(5 - up, cell.id.l >> up, cell.id.theta >> up, cell.id.phi >> up)
            light = cell.splats.luminosities.sum() * cell.half_extent_m**2
            found.setdefault(whole, dict.fromkeys(layers, 0.0))[layer] += light
            below = regrouped.trained[list(regrouped.tree.below(cell.id))]
            assert cell.trained == (layer == "universe" and (up > 0 or below.any()))
    assert {whole.depth for whole in wanted} >= ({2, 3, 5} if regrouped.depth is None else {2, 5})
    assert found == {whole: pytest.approx(lights, rel=1e-6) for whole, lights in wanted.items()}
    assert check_site(site) == sum(map(len, packs))


def test_its_stars_are_those_of_the_universe_of_depth_5(regrouped, viewer, tmp_path):
    site = write_site(regrouped, tmp_path / "site", viewer=viewer).path
    uniform = make_clumps(tmp_path / "uniform", depth=5)
    pack_universe(uniform, format="v1")
    for name in PACK[:2]:
        assert (site / "stars" / name).read_bytes() == (uniform.path / "pack" / name).read_bytes()
    folders = site / "stars", uniform.path / "pack"
    sums, of_depth_5 = ((folder / "cells.pack.sfv").read_text().splitlines() for folder in folders)
    assert sums[:-1] == of_depth_5[:-1]  # the last is that of the index, which says of what leaves these are parts


def test_packing_leaves_the_universe_as_it_was_and_gives_the_same_bytes_again(regrouped, source, tmp_path):
    again = Universe.open(copy(regrouped.path, tmp_path / "again"))
    report = pack_universe(again, format="v1")
    assert tree(again.path) == tree(regrouped.path)
    assert again.fingerprint == source.fingerprint
    assert (again.trained == regrouped.trained).all()
    index = json.loads((again.path / "pack" / "index.json").read_text())
    assert report.cells == len(index["cells"])
    assert report.trained_cells == sum(cell["trained"] for cell in index["cells"])


@pytest.mark.parametrize("leaf", [CellId(0, 0, 1, 0), CellId(2, 3, 7, 1), CellId(3, 5, 0, 7), CellId(4, 9, 31, 8)])
def test_a_splat_goes_to_the_cell_of_its_leaf_that_is_the_fewest_cells_away(leaf):
    rng = np.random.default_rng(8)
    origin, size = (value[0] for value in frames_of(*Cells.of_ids([leaf]).bounds_m()))
    places = np.concatenate([origin + size * rng.normal(size=(40, 3)) * spread for spread in (0.3, 3.0, 1e5)])
    near = 1e10 * rng.normal(size=(20, 3)) / 3
    places = np.concatenate([places, near, 1e30 * rng.normal(size=(10, 3)), -1e60 * np.ones((1, 3))])
    found = np.stack(cells_of_keys(keys_in(leaf, places, GRID)), axis=-1)
    assert [CellId(5, *index) for index in found.tolist()] == [nearest_cell(leaf, place) for place in places]
    assert len(np.unique(found, axis=0)) > 3
    at_the_sun = cells_of_keys(keys_in(leaf, np.zeros((1, 3)), GRID))
    assert [int(index[0]) for index in at_the_sun] in cells_of(leaf).tolist()
