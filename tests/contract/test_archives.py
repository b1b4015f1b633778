"""What every archive promises: its defaults make a question that can be asked, and its stars make a universe.

Each registered archive is asked at a TAP service of this machine, which has a table of its own name and columns.
"""

import dataclasses

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from helios.cli import main
from helios.errors import InputError
from helios.fetching.archives import ARCHIVES, Archive
from helios.fetching.config import FetchConfig
from helios.fetching.run import fetch
from tests.tap_server import TapServer, gaia_rows, serving

pytest.importorskip("pyvo", reason="pyvo is not installed")

everyone = pytest.mark.parametrize("name", ARCHIVES.names())


@everyone
def test_its_defaults_can_be_asked(name):
    archive = ARCHIVES.make(name)
    assert isinstance(archive, Archive)
    assert archive.name == name
    assert archive.credit
    question = FetchConfig(name).question(archive)
    assert question.url.startswith("https://")
    assert (question.archive, question.url, question.table) == (name, archive.url, archive.table)
    assert {archive.source_id, archive.magnitude, "ra", "dec"} <= set(question.columns)


@everyone
def test_it_is_frozen_and_takes_options(name):
    archive = ARCHIVES.make(f"{name}:table=a.b")
    assert archive.table == "a.b"
    assert archive.url == ARCHIVES.make(name).url
    with pytest.raises(dataclasses.FrozenInstanceError):
        archive.table = "c"
    with pytest.raises(InputError, match=rf"archive {name}: 'moon=1' must be OPTION=VALUE"):
        ARCHIVES.make(f"{name}:moon=1")


@everyone
def test_help_names_it(name):
    assert name in CliRunner().invoke(main, ["fetch", "--help"]).output


@everyone
def test_its_stars_make_a_universe(name, tmp_path):
    archive = ARCHIVES.make(name)
    rows = [
        row | {archive.source_id: row["source_id"], archive.magnitude: row["phot_g_mean_mag"]} for row in gaia_rows()
    ]
    with serving(TapServer(), rows, archive.table, archive.columns) as tap:
        config = FetchConfig(f"{name}:url={tap.url}", max_mag=6.0, rows_per_piece=60)
        result = fetch(config, tmp_path / "stars.parquet")
    kept = [row["source_id"] for row in gaia_rows() if row["phot_g_mean_mag"] <= 6.0]
    assert result.rows == len(kept) > 100
    table = pq.read_table(result.path)
    assert table.column_names == list(archive.columns)
    assert sorted(table[archive.source_id].to_pylist()) == sorted(kept)
    assert f'"credit": "{archive.credit}"' in result.record.read_text()
    command = ["build", "--stars", str(result.path), "-o", str(tmp_path / "universe")]
    built = CliRunner().invoke(main, command)
    assert built.exit_code == 0, built.output
    assert f"read      {len(kept):,} rows" in built.output
