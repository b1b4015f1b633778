"""A universe made in many small pieces holds what a sort of all stars at once gives, however the pieces fall.

The reference splits cells one by one, in Python, and sorts with numpy. Runs and shards are made so small here that a
few thousand stars fill dozens of each; nothing in the build depends on how large they are.
"""

import dataclasses
import itertools
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helios.building import partition, plan, shards
from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.building.partition import PartitionTask, partition_catalog
from helios.building.placing import Placing
from helios.building.sorting import Sorting
from helios.catalog import open_catalog
from helios.catalog.row_cuts import Cuts
from helios.coords import icrs_to_ecliptic_m, parallax_to_distance_m
from helios.errors import InputError
from helios.grid import CellId, HLGrid
from helios.light import luminosity
from helios.universe import Universe, arrays
from helios.universe.tree import TreeRule

FILES, ROWS = 7, 400


def write_catalogue(folder: Path) -> None:
    """FILES files of ROWS stars; a third of each lies in one narrow place, and neighbours share some stars."""
    folder.mkdir()
    rng = np.random.default_rng(5)
    everything = {
        "source_id": np.arange(FILES * ROWS, dtype=np.int64) * 3 + 7,
        "ra": rng.uniform(0, 360, FILES * ROWS),
        "dec": np.rad2deg(np.arcsin(rng.uniform(-1, 1, FILES * ROWS))),
        "parallax": 10.0 ** rng.uniform(-1, 2, FILES * ROWS),
        "phot_g_mean_mag": np.round(rng.uniform(1, 15, FILES * ROWS), 1),
        "bp_rp": np.where(rng.random(FILES * ROWS) < 0.1, np.nan, rng.uniform(-0.5, 4, FILES * ROWS)),
    }
    crowd = rng.random(FILES * ROWS) < 0.3
    for name, middle, width in (("ra", 83.8, 1e-3), ("dec", -5.4, 1e-3), ("parallax", 2.4, 1e-3)):
        everything[name][crowd] = middle + width * rng.normal(size=crowd.sum())
    everything["parallax"][::37] = -1.0
    for number in range(FILES):
        rows = np.arange(number * ROWS - 40 * (number > 0), (number + 1) * ROWS)
        table = pa.table({name: column[rows] for name, column in everything.items()})
        pq.write_table(table, folder / f"{number}.parquet")


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("survey") / "stars"
    write_catalogue(folder)
    return folder


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(partition, "RUN_ROWS", 97)
    for module in (arrays, plan, shards):
        monkeypatch.setattr(module, "SHARD_ROWS", 128)
    monkeypatch.setattr(arrays, "CHUNK_ROWS", 32)


def build(catalogue: Path, output: Path, **options):
    return build_universe(BuildConfig(stars=(catalogue,), **options), output)


def rows_of(catalogue: Path):
    """All rows, read by pandas."""
    return pa.concat_tables(pq.read_table(file) for file in sorted(catalogue.iterdir())).to_pandas()


def stars_of(catalogue: Path, limit: int | None = None):
    """Positions of all stars and their rows, each once, read by pandas."""
    frame = rows_of(catalogue)
    frame = frame[frame.parallax > 0].drop_duplicates("source_id")
    frame["mag"] = frame.phot_g_mean_mag.astype(np.float32)
    frame = frame.sort_values(["mag", "source_id"])[:limit]
    return icrs_to_ecliptic_m(frame.ra, frame.dec, parallax_to_distance_m(frame.parallax)), frame


def split(cells: list[CellId], members: dict[CellId, np.ndarray], rule: TreeRule, leaves: dict) -> None:
    """Sort `members`, indices by deepest cell, into `leaves`, from these `cells` down."""
    for cell in cells:
        below = [rows for rows in members.get(cell, [])]
        if not below:
            continue
        if cell.depth == rule.deepest or (rule.leaf_capacity is not None and len(below) <= rule.leaf_capacity):
            leaves[cell] = below
        else:
            indices = itertools.product(*((2 * index, 2 * index + 1) for index in (cell.l, cell.theta, cell.phi)))
            split([CellId(cell.depth + 1, *index) for index in indices], members, rule, leaves)


def expected_leaves(position, rule: TreeRule) -> dict[CellId, list[int]]:
    """The stars of each leaf, by index."""
    members: dict[CellId, list[int]] = {}
    for depth in range(rule.deepest + 1):
        for row, indices in enumerate(zip(*(index.tolist() for index in HLGrid(depth).locate(position)))):
            members.setdefault(CellId(depth, *indices), []).append(row)
    leaves: dict[CellId, list[int]] = {}
    split([cell for cell in members if cell.depth == 0], members, rule, leaves)
    return leaves


@pytest.mark.parametrize(
    "options",
    [
        {"leaf_capacity": 20},
        {"leaf_capacity": 1},
        {"depth": 0},
        {"depth": 2, "limit": 1000},
        {"depth": 8},
        {"leaf_capacity": 50, "limit": 333},
    ],
    ids=str,
)
def test_every_star_comes_to_its_place(catalogue, tmp_path, small_pieces, options):
    report = build(catalogue, tmp_path / "u", **options)
    universe = Universe.open(tmp_path / "u")
    position, frame = stars_of(catalogue, options.get("limit"))
    rule = BuildConfig(**options).rule
    leaves = expected_leaves(position, rule)
    assert sorted(universe.cells) == sorted(leaves)
    assert report.stars == len(frame) == universe.offsets[-1]
    light = luminosity(frame.mag, np.linalg.norm(position, axis=1))
    ids = frame.source_id.to_numpy()
    stored = universe.columns(("source_id", "x_m", "bp_rp"))
    for i, cell in enumerate(universe.cells):
        rows = np.array(leaves[cell])
        rows = rows[np.lexsort((ids[rows], -light[rows]))]
        own = slice(universe.offsets[i], universe.offsets[i + 1])
        np.testing.assert_array_equal(stored["source_id"][own], ids[rows])
        np.testing.assert_array_equal(stored["x_m"][own], position[rows, 0])
        np.testing.assert_array_equal(stored["bp_rp"][own], frame.bp_rp.to_numpy().astype(np.float32)[rows])
    assert report.counts.white == np.isnan(frame.bp_rp).sum()
    rows, counts = rows_of(catalogue), report.counts.by_reason()
    assert report.counts.rows_read == len(rows) == report.stars + sum(counts.values())
    assert counts["parallax not above 0"] == (rows.parallax <= 0).sum()
    assert counts["duplicate source_id"] == rows[rows.parallax > 0].source_id.duplicated().sum() > 200
    assert len(list((tmp_path / "u/universe.zarr/emitters/x_m/c").iterdir())) == -(-report.stars // 128)


def test_the_bytes_do_not_depend_on_the_runs(catalogue, tmp_path, monkeypatch):
    def contents(folder):
        return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}

    build(catalogue, tmp_path / "whole", leaf_capacity=30)
    monkeypatch.setattr(partition, "RUN_ROWS", 61)
    build(catalogue, tmp_path / "parts", leaf_capacity=30)
    assert contents(tmp_path / "whole") == contents(tmp_path / "parts")
    assert not list(tmp_path.glob(".*"))


def test_a_file_that_changes_while_it_is_read_is_refused(catalogue, tmp_path):
    path = tmp_path / "stars.parquet"
    path.write_bytes((catalogue / "0.parquet").read_bytes())

    class Touched:
        """The reader of a file that something else writes to meanwhile."""

        def __init__(self):
            self.reader = open_catalog(path)
            for name in ("name", "row_unit", "identified", "path", "schema", "provenance"):
                setattr(self, name, getattr(self.reader, name))

        def chunks(self):
            yield from self.reader.chunks()
            os.utime(path)

    placing = Placing(Cuts(), 1350.0, None, Sorting(TreeRule(leaf_capacity=512)))
    task = PartitionTask(0, Touched(), placing, tmp_path, skip_bad_files=False)
    with pytest.raises(InputError, match=r"stars\.parquet: changed while it was read"):
        partition_catalog(task)
    read = partition_catalog(dataclasses.replace(task, reader=Touched(), skip_bad_files=True))
    assert "changed while it was read" in read.bad
    assert not read.runs
    assert not list(tmp_path.glob("*.run"))
