"""One Parquet file read in parts, side by side, gives the universe, the counts and the messages of the whole file.

The file is written with and without many row groups; only the hash of the input may differ.
"""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helios.building import partition
from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.building.partition import PartitionResult, by_catalogue, partition_tasks
from helios.catalog import open_catalog, parquet, parts_of
from helios.errors import InputError
from helios.schedulers.config import SchedulerConfig
from helios.universe import Universe

ROWS = 900


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(parquet, "PART_ROWS", 200)


def table(identified: bool) -> pa.Table:
    rng = np.random.default_rng(3)
    parallax = rng.uniform(1, 20, ROWS)
    parallax[[450, 800]] = -1.0
    ids = np.arange(ROWS) + 5
    ids[870] = ids[10]
    columns = {
        "source_id": ids,
        "ra": rng.uniform(0, 360, ROWS),
        "dec": rng.uniform(-80, 80, ROWS),
        "parallax": parallax,
        "phot_g_mean_mag": rng.uniform(3, 15, ROWS).astype(np.float32),
        "bp_rp": rng.uniform(0, 3, ROWS).astype(np.float32),
    }
    return pa.table(columns if identified else {n: c for n, c in columns.items() if n != "source_id"})


def write(folder, identified: bool, group_rows: int):
    folder.mkdir()
    pq.write_table(table(identified), folder / "stars.parquet", row_group_size=group_rows)
    return folder / "stars.parquet"


def test_parts_have_whole_row_groups_and_enough_rows(tmp_path, small_parts):
    parts = parts_of(open_catalog(write(tmp_path / "a", True, 90)))
    assert [part.rows for part in parts] == [270, 270, 360]  # what is left is no part of its own
    assert [part.skipped for part in parts] == [0, 270, 540]
    rows = np.concatenate([chunk.row for part in parts for chunk in part.chunks()])
    np.testing.assert_array_equal(rows, np.arange(1, ROWS + 1))
    (whole,) = parts_of(open_catalog(write(tmp_path / "b", True, ROWS)))
    assert whole.rows == ROWS


@pytest.mark.parametrize("identified", [True, False], ids=["identified", "numbered"])
@pytest.mark.parametrize("workers", [1, 2])
def test_the_universe_is_that_of_the_whole_file(tmp_path, small_parts, identified, workers):
    reports = {}
    for name, group_rows in (("parts", 90), ("whole", ROWS)):
        config = BuildConfig(stars=(write(tmp_path / name, identified, group_rows),))
        made = build_universe(config, tmp_path / f"u-{name}", scheduler=SchedulerConfig(workers=workers))
        reports[name] = made, Universe.open(tmp_path / f"u-{name}")
    (parts, divided), (whole, single) = reports["parts"], reports["whole"]
    assert parts.stars == whole.stars == ROWS - 2 - identified
    assert parts.counts.by_reason() == whole.counts.by_reason()
    negative = "parallax not above 0"
    assert parts.counts.rejections[negative] == whole.counts.rejections[negative]
    assert "row 451" in parts.counts.rejections[negative].first
    assert len(parts.inputs) == 1
    for name in ("source_id", "x_m", "y_m", "z_m", "phot_g_mean_mag", "bp_rp"):
        one, other = (u.columns((name,))[name] for u in (divided, single))
        np.testing.assert_array_equal(one, other)


def test_stars_held_back_for_the_bright_list_are_those_of_the_whole_file(tmp_path, small_parts):
    kept = []
    for name, group_rows in (("parts", 90), ("whole", ROWS)):
        config = BuildConfig(stars=(write(tmp_path / name, True, group_rows),), merge_bright=True)
        made = build_universe(config, tmp_path / f"u-{name}")
        kept.append((made.stars, made.merged.provenance(), made.counts.by_reason()))
    assert kept[0] == kept[1]


@pytest.mark.parametrize("skip", [False, True])
def test_a_file_that_changes_between_its_parts_is_refused(tmp_path, small_parts, skip):
    reader = open_catalog(write(tmp_path / "a", True, 90))
    tasks = partition_tasks([reader], None, tmp_path, BuildConfig(stars=(), skip_bad_files=skip))
    assert [task.describes for task in tasks] == [True, False, False]
    results = [PartitionResult(True, seen=[10, time]) for time in (1, 1, 2)]
    if not skip:
        with pytest.raises(InputError, match=r"stars\.parquet: changed while it was read"):
            by_catalogue([reader], tasks, results)
    else:
        ((bad,),) = by_catalogue([reader], tasks, results)
        assert "changed while it was read" in bad.bad
    assert by_catalogue([reader], tasks, results[:1] * 3) == [results[:1] * 3]


def test_a_catalogue_with_a_bad_part_is_left_out(tmp_path, small_parts):
    reader = open_catalog(write(tmp_path / "a", True, 90))
    tasks = partition_tasks([reader], None, tmp_path, BuildConfig(stars=(), skip_bad_files=True))
    bad = PartitionResult(True, bad="damaged")
    assert by_catalogue([reader], tasks, [PartitionResult(True), bad, PartitionResult(True)]) == [[bad]]
    assert partition.changed(reader).args[0].endswith("nothing writes to it")
