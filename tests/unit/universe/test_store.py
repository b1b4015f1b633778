"""What others read of a universe: frames, emitters, raw columns, and the errors of a universe that is none."""

import json
import shutil

import numpy as np
import pytest

from helios.color import color_from_bp_rp
from helios.errors import InputError, StoreError
from helios.files import sha256
from helios.grid import CellId
from helios.light import solid_angle_sr
from helios.universe import Universe
from helios.universe import emitters as emitters_module
from helios.universe.emitters import EMITTER_COLUMNS
from tests.reading import read_everything


@pytest.fixture
def universe(copy_of, gaia_csv):
    return Universe.open(copy_of(stars=(gaia_csv,), depth=4))


def test_emitters_are_the_stars_in_the_units_of_their_cell(universe):
    seen = 0
    for i in range(len(universe)):
        cell = universe.cell(i)
        rows = universe.columns(EMITTER_COLUMNS, universe.offsets[i], universe.offsets[i + 1])
        position = np.stack([rows["x_m"], rows["y_m"], rows["z_m"]], axis=-1)
        emitters = cell.emitters
        assert emitters.means.dtype == np.float64
        assert {emitters.luminosities.dtype, emitters.colors.dtype} == {np.dtype(np.float32)}
        assert np.abs(emitters.means).max() <= 1.0 + 2.0**-50
        # Five float64 operations, each rounded by 2^-53 of no more than the origin and the half-extent.
        error = cell.origin_m + cell.half_extent_m * emitters.means - position
        assert np.abs(error).max() <= 5 * 2.0**-53 * (np.abs(cell.origin_m).max() + cell.half_extent_m)
        distance = np.linalg.norm(position, axis=1)
        expected = solid_angle_sr(rows["phot_g_mean_mag"]) * (distance / cell.half_extent_m) ** 2
        np.testing.assert_allclose(emitters.luminosities, expected, rtol=1e-6)
        np.testing.assert_array_equal(emitters.colors, color_from_bp_rp(rows["bp_rp"]))
        low, high = position.min(axis=0), position.max(axis=0)
        np.testing.assert_array_equal(universe.star_boxes_m([i]), ([low], [high]))
        if len(emitters) > 1:
            np.testing.assert_allclose(np.abs(emitters.means).max(), 1.0, rtol=1e-12)
            np.testing.assert_allclose(cell.radius * cell.half_extent_m, np.linalg.norm(high - low) / 2, rtol=1e-5)
        else:
            np.testing.assert_array_equal(emitters.means, 0.0)
            np.testing.assert_allclose(cell.half_extent_m, 1e-6 * distance[0], rtol=1e-12)
            np.testing.assert_allclose(cell.radius, np.sqrt(3.0), rtol=1e-12)
        assert universe.index_of(cell.id) == i
        seen += len(emitters)
    assert seen == universe.offsets[-1] == 200


def test_rows_are_the_same_whatever_the_block_they_come_from(universe, monkeypatch):
    whole = universe.columns(EMITTER_COLUMNS)
    monkeypatch.setattr(emitters_module, "BLOCK_ROWS", 7)
    again = Universe.open(universe.path)
    for start, stop in ((0, 200), (0, 0), (6, 8), (13, 14), (7, 21), (199, 200), (200, 200)):
        part = again.columns(("x_m", "source_id"), start, stop)
        assert list(part) == ["x_m", "source_id"]
        for name, values in part.items():
            np.testing.assert_array_equal(values, whole[name][start:stop])


def test_a_cell_that_is_not_there_is_named(universe):
    absent = next(c for c in universe.cells[0].neighbours(3) if c not in universe.cells)
    with pytest.raises(InputError, match=f"cell {absent}: not in "):
        universe.index_of(absent)
    with pytest.raises(InputError, match=r"cell 3_\d+_\d+_\d+: not in .*, which has \d+ cells, \d+ of them in it"):
        universe.index_of(universe.cells[0].parent)
    with pytest.raises(InputError, match="not in "):
        universe.index_of(CellId(4, 31, 31, 15))


def test_a_built_universe_is_untrained(universe):
    assert universe.trained.dtype == bool
    assert universe.trained.tolist() == [False] * len(universe)
    assert universe.splats(0) is None
    assert universe.metrics() == {}


def test_the_manifest_says_what_the_store_holds(universe):
    index = json.loads((universe.path / "index.json").read_text())
    assert index == {
        "version": 4,
        "config": {"r_min": 4.6e10, "log_base": 4.0, "n_theta": 32, "n_phi": 16},
        "tree": {"depth": 4, "leaf_capacity": None, "shallowest": 4, "deepest": 4},
        "totals": {
            "cells": len(universe),
            "inner_cells": len(universe.inner.cells),
            "stars": 200,
            "trained_cells": 0,
            "splats": 0,
        },
        "landmarks": {"sha256": None},
        "bodies": {"sha256": sha256(universe.path / "bodies.parquet")},
    }


def test_the_manifest_of_many_cells_is_not_larger(universe, make):
    many = Universe.open(make("many", synthetic=4000, leaf_capacity=1).path)
    assert len(many) > 20 * len(universe)
    assert (many.path / "index.json").stat().st_size < 400


def test_where_there_is_no_universe_the_remedy_is_said(tmp_path):
    with pytest.raises(InputError, match="no universe there \\(make one with `helios build"):
        Universe.open(tmp_path / "nowhere")
    with pytest.raises(InputError, match="not a universe"):
        Universe.open(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="no universe there"):
        Universe.open(tmp_path / "file")


def change_json(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (5, "written in version 5, this program reads up to version 4: update helios"),
        (3, "written in version 3, this program reads version 4; build the universe again"),
    ],
)
def test_another_version_says_what_to_do(universe, version, message):
    change_json(
        universe.path / "universe.zarr/zarr.json", lambda content: content["attributes"].update(version=version)
    )
    with pytest.raises(StoreError, match=message):
        Universe.open(universe.path)


@pytest.mark.parametrize("missing", ["universe.zarr", "universe.zarr/cells", "universe.zarr/emitters/x_m"])
def test_a_missing_part_is_damage(universe, missing):
    path = universe.path / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(StoreError, match="build the universe again"):
        read_everything(Universe.open(universe.path))
