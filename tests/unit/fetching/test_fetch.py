"""Fetching brings exactly the rows that the archive has, in pieces, and goes on where it was stopped.

The archive is a TAP service of its own process or thread, over real Gaia rows, that runs the queries in SQLite and
answers with the archive's recorded FIELDs. What must come out is read from `gaia_200.csv`, or from the same recorded
row in another format.
"""

import csv
import hashlib
import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import helios
from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.catalog import open_catalog
from helios.errors import InputError
from helios.fetching.config import FetchConfig
from helios.fetching.events import PieceFetched, Planned, Retrying
from helios.fetching.gaia import Gaia
from helios.fetching.run import fetch, record_path
from helios.progress import Advance
from tests.tap_server import (
    RECORDED_BINARY2,
    RECORDED_TABLEDATA,
    TapServer,
    document,
    gaia_rows,
    recorded_fields,
    serving,
)

pytest.importorskip("pyvo", reason="pyvo is not installed")

QUICK = {"pause": 0.01, "timeout": 5.0}


class Stop(Exception):
    """Ends a fetch from outside, as a kill would."""


def run(tap, output, stop_after=None, **options):
    """All events of a fetch from `tap`, which ends after `stop_after` pieces."""
    config = FetchConfig("gaia", url=tap.url, **{"max_mag": 21.0, **QUICK, **options})
    events, came = [], 0

    def on_event(event):
        nonlocal came
        events.append(event)
        came += isinstance(event, PieceFetched)
        if came == stop_after:
            raise Stop

    if stop_after is None:
        assert fetch(config, output, on_event) == events[-1].result
    else:
        with pytest.raises(Stop):
            fetch(config, output, on_event)
    return events


def expected(keep=lambda row: True):
    rows = sorted(filter(keep, gaia_rows()), key=lambda row: (np.float32(row["phot_g_mean_mag"]), row["source_id"]))
    return [row["source_id"] for row in rows]


def ids(path):
    return pq.read_table(path)["source_id"].to_pylist()


@pytest.mark.parametrize(("serialisation", "compressed"), [("binary2", True), ("tabledata", False)])
def test_pieces_together_are_the_archive_s_rows(tmp_path, serialisation, compressed):
    with serving(TapServer(serialisation, compressed)) as tap:
        events = run(tap, tmp_path / "g.parquet", rows_per_piece=60)
    planned = next(event for event in events if isinstance(event, Planned))
    assert (planned.total, planned.unit) == (200, "stars")
    assert planned.pieces == len(tap.data_queries) > 3
    assert sum(event.rows for event in events if isinstance(event, PieceFetched)) == 200
    table = pq.read_table(tmp_path / "g.parquet")
    assert table.column_names == list(Gaia.columns)
    truth = {row["source_id"]: row for row in gaia_rows()}
    assert table["source_id"].to_pylist() == expected()
    for row in table.to_pylist():
        for name, value in truth[row["source_id"]].items():
            single = name in ("phot_g_mean_mag", "bp_rp")  # as the archive has them
            assert row[name] == (None if value is None else float(np.float32(value)) if single else value)
        assert row["radial_velocity"] is None
    assert table.schema.field("parallax").metadata == {b"unit": b"mas"}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["g.parquet", "g.parquet.query.json"]


def test_a_band_too_full_for_one_piece_is_divided(tmp_path):
    with serving(TapServer()) as tap:
        run(tap, tmp_path / "g.parquet", rows_per_piece=4, max_mag=4.25, min_mag=4.0)
    assert sum("MOD(source_id" in query for query in tap.data_queries) >= 3
    assert ids(tmp_path / "g.parquet") == expected(lambda row: 4.0 <= row["phot_g_mean_mag"] <= 4.25)


def test_the_limit_keeps_the_brightest_and_asks_for_no_more(tmp_path):
    with serving(TapServer()) as tap:
        run(tap, tmp_path / "g.parquet", rows_per_piece=30, limit=37)
        assert ids(tmp_path / "g.parquet") == expected()[:37]
        assert len(tap.data_queries) == 2
        run(tap, tmp_path / "more.parquet", limit=1000)
        assert ids(tmp_path / "more.parquet") == expected()


def test_conditions_are_the_archive_s_to_judge(tmp_path):
    with serving(TapServer()) as tap:
        options = {"where": "parallax > 20 OR (bp_rp < 0)", "min_mag": 3.0, "max_mag": 4.5}
        run(tap, tmp_path / "g.parquet", **options)
    kept = expected(
        lambda row: 3 <= row["phot_g_mean_mag"] <= 4.5 and (row["parallax"] > 20 or (row["bp_rp"] or 9) < 0)
    )
    assert 10 < len(kept) < 190
    assert ids(tmp_path / "g.parquet") == kept


def test_it_builds_the_universe_that_the_answer_builds(tmp_path):
    names = list(Gaia.columns)
    rows = [tuple(row.get(name) for name in names) for row in gaia_rows()]
    (tmp_path / "answer.vot").write_bytes(document(names, rows, "binary2"))
    with serving(TapServer()) as tap:
        run(tap, tmp_path / "g.parquet", rows_per_piece=60)
    for name in ("answer.vot", "g.parquet"):
        build_universe(BuildConfig(stars=(tmp_path / name,)), tmp_path / f"{name}.universe")
    files = [
        {
            str(file.relative_to(universe)): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(universe.rglob("*"))
            # Metadata of the group holds the provenance: the name and hash of the input.
            if file.is_file() and file.name != "zarr.json"
        }
        for universe in (tmp_path / "answer.vot.universe", tmp_path / "g.parquet.universe")
    ]
    assert len(files[0]) > 3
    assert files[0] == files[1]


def test_recorded_answers_come_through_as_they_were_given(tmp_path):
    for name, recorded in (("two", RECORDED_TABLEDATA), ("one", RECORDED_BINARY2)):
        table = recorded_fields(recorded)
        names = [field.name.lower() for field in table.fields]
        place = {n: i for i, n in enumerate(names)}
        rows = [
            {"source_id": int(row[place["source_id"]]), "phot_g_mean_mag": float(row[place["phot_g_mean_mag"]])}
            for row in table.array
        ]
        with serving(TapServer(recorded=recorded.read_bytes(), compressed=False), rows) as tap:
            run(tap, tmp_path / f"{name}.parquet", columns=",".join(names))
        ours = open_catalog(tmp_path / f"{name}.parquet")
        theirs = open_catalog(recorded)
        (a,), (b,) = list(ours.chunks()), list(theirs.chunks())
        order = np.argsort(b.phot_g_mean_mag)
        for column in ("source_id", "ra", "dec", "parallax", "phot_g_mean_mag", "bp_rp"):
            np.testing.assert_array_equal(getattr(a, column), getattr(b, column)[order])
    with open(RECORDED_BINARY2.with_suffix(".csv"), newline="") as file:
        (text,) = csv.DictReader(file)
    (row,) = pq.read_table(tmp_path / "one.parquet").to_pylist()
    assert len(row) == len(text) == 152
    for name, value in row.items():
        said = text[name].strip('"')
        if value is None:
            assert said in ("", "null", "nan", "NaN"), name
        elif isinstance(value, bool):
            assert said.lower() == str(value).lower()
        elif isinstance(value, str):
            assert said == value
        elif isinstance(value, int):
            assert int(said) == value
        else:
            assert float(said) == pytest.approx(value, rel=1e-6, abs=1e-30)


def test_units_of_the_archive_count_when_building(tmp_path):
    """A file in degrees and arcseconds is read as the same file in mas."""
    with serving(TapServer()) as tap:
        run(tap, tmp_path / "mas.parquet", limit=20)
    table = pq.read_table(tmp_path / "mas.parquet")
    place = table.schema.get_field_index("parallax")
    field = table.schema.field(place).with_metadata({b"unit": b"arcsec"})
    pq.write_table(
        table.set_column(place, field, pa.array(table["parallax"].to_numpy() / 1000.0)), tmp_path / "as.parquet"
    )
    (ours,), (theirs,) = (list(open_catalog(tmp_path / name).chunks()) for name in ("as.parquet", "mas.parquet"))
    assert ours.parallax[0] > 1.0
    np.testing.assert_allclose(ours.parallax, theirs.parallax, rtol=1e-12)


def test_what_a_kill_at_the_very_end_leaves_is_removed(tmp_path):
    output = tmp_path / "g.parquet"
    with serving(TapServer()) as tap:
        run(tap, output, stop_after=1, max_mag=4.0)
        (pieces,) = tmp_path.glob(".g.parquet.pieces-*")
        shutil.copytree(pieces, tmp_path / "kept")
        run(tap, output, max_mag=4.0)
        (tmp_path / "kept").rename(pieces)
        (done,) = run(tap, output, max_mag=4.0)
        assert done.result.found_from
    assert sorted(file.name for file in tmp_path.iterdir()) == ["g.parquet", "g.parquet.query.json"]


def test_the_record_says_what_was_asked_and_when(tmp_path):
    output = tmp_path / "g.parquet"
    with serving(TapServer()) as tap:
        written = run(tap, output, rows_per_piece=60, where="parallax > 5")[-1].result
    record = json.loads(record_path(output).read_text())
    assert (written.path, written.record, written.found_from) == (output, record_path(output), None)
    assert [query["adql"] for query in record["queries"]] == tap.queries
    assert all(query["date"].endswith("Z") and "T" in query["date"] for query in record["queries"])
    assert sum(query["rows"] for query in record["queries"][1:]) == record["rows"] == len(ids(output)) == written.rows
    assert (record["url"], record["table"], record["where"]) == (tap.url, "gaiadr3.gaia_source", "parallax > 5")
    assert record["sha256"] == hashlib.sha256(output.read_bytes()).hexdigest()
    assert record["size_bytes"] == output.stat().st_size
    assert record["credit"] == "ESA/Gaia/DPAC"


def test_the_same_rows_give_the_same_bytes(tmp_path):
    with serving(TapServer()) as tap:
        run(tap, tmp_path / "a.parquet", rows_per_piece=60)
        run(tap, tmp_path / "b.parquet", rows_per_piece=60)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_file_that_is_there_is_kept(tmp_path):
    output = tmp_path / "g.parquet"
    with serving(TapServer()) as tap:
        run(tap, output)
        asked = len(tap.queries)
        (done,) = run(tap, output)
        assert done.result.found_from.endswith("Z")
        assert (done.result.rows, len(tap.queries)) == (200, asked)
        before = output.read_bytes()
        with pytest.raises(InputError, match=r"g\.parquet: exists, .*--overwrite"):
            run(tap, output, max_mag=4.0)
        assert output.read_bytes() == before
        run(tap, output, overwrite=True, max_mag=4.0)
        assert len(ids(output)) < 200
        for damaged in ("{", "[]", "{}"):
            record_path(output).write_text(damaged)
            with pytest.raises(InputError, match="exists"):
                run(tap, output, max_mag=4.0)
        output.write_bytes(b"mine")
        with pytest.raises(InputError, match="exists"):
            run(tap, output, max_mag=4.0)
        assert output.read_bytes() == b"mine"


def test_a_stopped_fetch_asks_only_for_what_is_missing(tmp_path):
    output = tmp_path / "g.parquet"
    with serving(TapServer()) as tap:
        run(tap, output, stop_after=2, rows_per_piece=40)
        assert not output.exists()
        before = list(tap.queries)
        # Another question shares nothing with the first, and leaves its pieces alone.
        run(tap, output.with_name("h.parquet"), rows_per_piece=40, limit=3)
        del tap.queries[:]
        planned = next(event for event in run(tap, output, rows_per_piece=40) if isinstance(event, Planned))
        assert planned.pieces_done == 2
        assert planned.done > 0
        assert len(tap.queries) == planned.pieces - 2
        assert not set(before) & set(tap.queries)
    assert ids(output) == expected()


def test_a_damaged_piece_is_fetched_again(tmp_path):
    output = tmp_path / "g.parquet"
    with serving(TapServer()) as tap:
        run(tap, output, stop_after=1, rows_per_piece=40)
        (piece,) = tmp_path.glob(".g.parquet.pieces-*/*/piece-*.parquet")
        piece.write_bytes(piece.read_bytes()[:-40])
        events = run(tap, output, rows_per_piece=40)
    planned = next(event for event in events if isinstance(event, Planned))
    assert (planned.done, planned.pieces_done) == (0, 0)
    assert ids(output) == expected()


@pytest.mark.parametrize(
    ("fault", "compressed"),
    [
        ("reset", True),
        ("503", True),
        ("502 once", True),
        ("stall", True),
        ("cut", True),
        ("cut", False),
        ("cut quietly", True),
        ("cut quietly", False),
        ("short", True),
    ],
)
def test_what_breaks_on_the_way_is_asked_again(tmp_path, fault, compressed):
    with serving(TapServer("tabledata", compressed, faults=["", fault])) as tap:
        events = run(tap, tmp_path / "g.parquet", rows_per_piece=100, timeout=2.0 if fault == "stall" else 20.0)
    assert sum(isinstance(event, Retrying) for event in events) == 1
    # A job that has run is not run again where only its download was cut.
    pieces = next(event for event in events if isinstance(event, Planned)).pieces
    assert len(tap.data_queries) == pieces + (fault not in ("stall", "cut"))
    assert ids(tmp_path / "g.parquet") == expected()


@pytest.mark.parametrize(
    "places",
    [
        {"result_url": "http://192.0.2.1:81{path}/results/result"},
        {"job_url": "https://192.0.2.1{path}"},
        {"job_url": "{path}", "result_url": "{path}/results/result"},
        {"result_url": ""},
    ],
)
def test_nothing_is_asked_of_another_host(tmp_path, places):
    """192.0.2.1 is nobody's address (RFC 5737): to ask there would end in an error after a while."""
    with serving(TapServer(**places)) as tap:
        run(tap, tmp_path / "g.parquet", tries=1)
    assert ids(tmp_path / "g.parquet") == expected()


def test_the_archive_s_own_word_for_how_far_it_is(tmp_path):
    with serving(TapServer(polls=6)) as tap:
        events = run(tap, tmp_path / "g.parquet")
    assert Advance(0, {"archive": "executing"}) in events


def test_from_python_it_says_what_came(tmp_path):
    with serving(TapServer()) as tap:
        result = helios.fetch("gaia", tmp_path / "g.parquet", url=tap.url, max_mag=4.0, where="parallax > 5", **QUICK)
    assert result.rows == len(ids(result.path)) > 10
