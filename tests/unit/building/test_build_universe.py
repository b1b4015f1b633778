"""From rows to cells: every star is kept or counted, lies inside its cell, and the bytes depend on nothing else.

Two hundred real stars serve most tests; the made sky serves those that need distances over three decades.
"""

import itertools
import json
import random

import numpy as np
import pandas as pd
import pytest

from helios.building.config import BuildConfig
from helios.coords import icrs_to_ecliptic_m, parallax_to_distance_m
from helios.errors import InputError
from helios.grid import HLGrid
from helios.light import luminosity
from helios.universe import Universe


def contents(universe):
    return {p.relative_to(universe).as_posix(): p.read_bytes() for p in universe.rglob("*") if p.is_file()}


def test_every_star_of_the_catalogue_is_in_its_cell(make, gaia_csv):
    universe = Universe.open(make(stars=(gaia_csv,), depth=5).path)
    rows = universe.columns(("source_id", "x_m", "y_m", "z_m", "phot_g_mean_mag", "bp_rp"))
    frame = pd.read_csv(gaia_csv).set_index("source_id").loc[rows["source_id"]]
    position = np.stack([rows["x_m"], rows["y_m"], rows["z_m"]], axis=-1)
    expected = icrs_to_ecliptic_m(frame.ra, frame.dec, parallax_to_distance_m(frame.parallax))
    np.testing.assert_array_equal(position, expected)
    np.testing.assert_array_equal(rows["phot_g_mean_mag"], frame.phot_g_mean_mag.astype(np.float32))
    np.testing.assert_array_equal(rows["bp_rp"], frame.bp_rp.astype(np.float32))
    cell = np.repeat(np.arange(len(universe)), np.diff(universe.offsets))
    for axis, index in enumerate((universe.cells.l, universe.cells.theta, universe.cells.phi)):
        np.testing.assert_array_equal(HLGrid(5).locate(expected)[axis], index[cell])
    low, high = universe.bounds_m()
    assert ((low[cell] <= position) & (position <= high[cell])).all()


def test_cells_are_sorted_by_key_and_stars_by_their_own_light(make):
    universe = Universe.open(make(synthetic=3000, depth=4).path)
    assert (np.diff(universe.cells.key.astype(np.int64)) > 0).all()
    rows = universe.columns(("x_m", "y_m", "z_m", "phot_g_mean_mag"))
    distance = np.linalg.norm([rows["x_m"], rows["y_m"], rows["z_m"]], axis=0)
    light = luminosity(rows["phot_g_mean_mag"], distance)
    inside = np.ones(len(light) - 1, bool)
    inside[universe.offsets[1:-1] - 1] = False
    assert (np.diff(light)[inside] <= 0).all()


def test_the_same_inputs_give_the_same_bytes(make, gaia_csv):
    first = contents(make("a", stars=(gaia_csv,)).path)
    assert first == contents(make("b", stars=(gaia_csv,)).path)
    assert len(first) > 20
    assert contents(make("c", synthetic=500, seed=2).path) == contents(make("d", synthetic=500, seed=2).path)
    assert contents(make("e", synthetic=500, seed=3).path) != contents(make("c", synthetic=500, seed=2).path)


def test_the_order_of_the_rows_does_not_matter(make, gaia_csv, tmp_path):
    header, *rows = gaia_csv.read_text().splitlines()
    random.Random(7).shuffle(rows)
    half = len(rows) // 2
    for name, part in (("one.csv", rows[:half]), ("two.csv", rows[half:])):
        (tmp_path / name).write_text("\n".join([header, *part]) + "\n")
    whole = make("whole", stars=(gaia_csv,)).path
    parts = make("parts", stars=(tmp_path / "two.csv", tmp_path / "one.csv")).path
    for name in ("source_id", "x_m", "bp_rp"):
        column = "universe.zarr/emitters/" + name + "/c/0"
        assert (whole / column).read_bytes() == (parts / column).read_bytes()
    assert (whole / "index.json").read_bytes() == (parts / "index.json").read_bytes()


def test_stars_of_equal_light_are_sorted_by_identifier(make, tmp_path):
    header = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp\n"
    for ids in itertools.permutations((3, 1, 2)):
        name = "".join(map(str, ids))
        (tmp_path / f"{name}.csv").write_text(header + "".join(f"{i},10,20,5,6,0.5\n" for i in ids))
        universe = Universe.open(make(name, stars=(tmp_path / f"{name}.csv",), depth=5).path)
        assert universe.columns(("source_id",))["source_id"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("count", [10, 200, 3000])
def test_cells_split_where_they_hold_more_than_512_stars(make, count):
    report = make(synthetic=count)
    universe = Universe.open(report.path)
    stars = np.diff(universe.offsets)
    assert (universe.depth, universe.leaf_capacity) == (None, 512)
    assert stars.max() <= 512
    assert (report.cells, report.depths) == (len(universe), (universe.cells.depth.min(), universe.cells.depth.max()))
    for i, count_below in enumerate(universe.inner.count):
        assert count_below > 512
        assert count_below == stars[universe.inner.first[i] : universe.inner.stop[i]].sum()
    if count <= 512:
        assert set(universe.cells.depth) == {0}


def test_every_row_is_kept_or_counted(make, tmp_path):
    header = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp\n"
    rows = ["1,10,20,5,1,0.5", "1,11,21,5,1,0.5", "2,999,20,5,1,", "3,10,20,5,9,0.5", "4,10,20,-5,1,0.5"]
    rows += ["5,10,20,5,2,", "6,10,20,5,3,0.5", "7,10,20,1e9,1,0.5", "8,10,20,1e-11,1,0.5"]
    (tmp_path / "rows.csv").write_text(header + "\n".join(rows) + "\n")
    report = make(stars=(tmp_path / "rows.csv",), max_mag=8.0, limit=2)
    assert report.counts.by_reason() == {
        "beyond --limit": 1,
        "beyond the grid's outer radius": 1,
        "duplicate source_id": 1,
        "fainter than --max-mag": 1,
        "inside the grid's inner radius": 1,
        "parallax not above 0": 1,
        "ra outside [-360, 720]": 1,
    }
    assert report.counts.rows_read == 9 == report.stars + report.counts.rejected
    assert (report.stars, report.counts.white) == (2, 1)
    assert report.counts.rejections["duplicate source_id"].first == "rows.csv line 3, source_id 1"
    assert report.counts.rejections["beyond --limit"].first == "source_id 6, phot_g_mean_mag 3"
    universe = Universe.open(report.path)
    assert sorted(universe.columns(("source_id",))["source_id"].tolist()) == [1, 5]


def test_values_at_the_end_of_float64_are_counted_without_a_warning(make, tmp_path):
    """pytest turns every warning of numpy into an error here."""
    header = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp\n"
    far = "".join(f"{i},10,20,{parallax},5,0.5\n" for i, parallax in enumerate((5e-324, 1e-300, 1e-150, 1e-20)))
    near = "".join(f"{i},10,20,{parallax},5,0.5\n" for i, parallax in enumerate((1e300, 1.7e308), 10))
    odd = "20,10,20,5,1e300,0.5\n21,10,20,5,5,1e300\n22,10,20,5,5,-inf\n23,0,-90,5,5,0.5\n"
    (tmp_path / "extreme.csv").write_text(header + far + near + odd)
    report = make(stars=(tmp_path / "extreme.csv",), depth=20)
    assert report.counts.by_reason() == {
        "beyond the grid's outer radius": 4,
        "inside the grid's inner radius": 2,
        "phot_g_mean_mag outside [-30, 50]": 1,
    }
    assert (report.stars, report.counts.white) == (3, 2)


def test_a_duplicate_is_found_across_files_and_its_file_named(make, gaia_csv, tmp_path):
    copy = tmp_path / "copy.csv"
    copy.write_bytes(gaia_csv.read_bytes())
    report = make(stars=(gaia_csv, copy))
    assert report.counts.by_reason() == {"duplicate source_id": 200}
    assert report.counts.rejections["duplicate source_id"].first.startswith("copy.csv line 2, ")
    assert report.stars == 200


def test_limit_keeps_the_brightest(make, gaia_csv):
    universe = Universe.open(make(stars=(gaia_csv,), limit=17).path)
    frame = pd.read_csv(gaia_csv)
    expected = frame.nsmallest(17, "phot_g_mean_mag").source_id
    assert set(universe.columns(("source_id",))["source_id"]) == set(expected)


def test_where_no_row_is_a_star_the_reasons_are_said(make, tmp_path):
    (tmp_path / "none.csv").write_text("ra,dec,parallax,phot_g_mean_mag\n10,20,-1,5\n999,20,1,5\n")
    with pytest.raises(InputError) as raised:
        make(stars=(tmp_path / "none.csv",))
    assert str(raised.value) == (
        "no star left of 2 rows: ra outside [-360, 720]: 1 (first: none.csv line 3, ra 999); "
        "parallax not above 0: 1 (first: none.csv line 2, parallax -1)"
    )
    assert not (tmp_path / "universe").exists()


def test_provenance_says_where_the_stars_came_from(make, gaia_csv, tmp_path):
    report = make(stars=(gaia_csv,), max_mag=4.0, depth=3)
    attributes = json.loads((report.path / "universe.zarr/zarr.json").read_text())["attributes"]
    provenance = attributes["provenance"]
    assert provenance["inputs"][0]["file"] == "gaia_200.csv"
    assert provenance["options"] == {"max_mag": 4.0, "limit": None, "depth": 3, "leaf_capacity": None}
    assert provenance["rows_read"] == 200
    assert provenance["rejected"] == report.counts.by_reason()
    assert (attributes["version"], attributes["depth"]) == (4, 3)
    assert str(tmp_path) not in json.dumps(attributes)
    assert str(gaia_csv.parent) not in json.dumps(attributes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 0}, "--limit 0: must be at least 1 star"),
        ({"limit": -3}, "--limit -3: must be at least 1 star"),
        ({"depth": 99}, "--depth 99: must be from 0 to 20"),
        ({"depth": -1}, "--depth -1: must be from 0 to 20"),
        ({"leaf_capacity": 0}, "--leaf-capacity 0: must be at least 1 star"),
        ({"leaf_capacity": 512, "depth": 5}, "--depth and --leaf-capacity: only one of them can say when cells split"),
        ({"max_mag": float("nan")}, "--max-mag nan: must be a number of magnitudes"),
        ({"synthetic": 5, "stars": ("a.csv",)}, "--synthetic and --stars: only one of them"),
    ],
)
def test_options_outside_their_range_are_refused(options, message):
    with pytest.raises(InputError) as raised:
        BuildConfig(**options)
    assert str(raised.value).startswith(message)
