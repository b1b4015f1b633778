"""`helios fetch` as a process: what it prints, what it leaves, and that a killed one is gone on with."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from helios.cli import main
from tests.tap_server import TapServer, gaia_rows, serving

pytest.importorskip("pyvo", reason="pyvo is not installed")

ROOT = Path(__file__).parents[2]


def helios(tap, output, *arguments):
    command = ["fetch", "gaia", "--url", tap.url, "--pause", "0.01", "-o", str(output), *arguments]
    return CliRunner().invoke(main, command)


def test_the_command_of_the_issue(tmp_path):
    output = tmp_path / "gaia.parquet"
    rows = [row | {"parallax_over_error": row["parallax"]} for row in gaia_rows()]
    arguments = ("--max-mag", "8", "--limit", "100000", "--where", "parallax_over_error > 10")
    with serving(TapServer(), rows) as tap:
        result = helios(tap, output, *arguments)
        assert result.exit_code == 0, result.output
        again = helios(tap, output, *arguments)
        other = helios(tap, output, "--max-mag", "7")
    kept = sum(row["parallax"] > 10 for row in gaia_rows())
    assert 0 < kept < 200
    lines = result.output.splitlines()
    assert lines[:2] == ["asking how many stars there are", f"fetching {kept} stars in 1 piece"]
    assert lines[2].startswith(f"wrote {output}: {kept} stars, ")
    assert len(pq.read_table(output)) == kept
    assert json.loads(output.with_name("gaia.parquet.query.json").read_text())["limit"] == 100000
    assert (again.exit_code, len(again.output.splitlines())) == (0, 1)
    assert f"{output}: is there already, {kept} stars fetched " in again.output
    assert other.exit_code == 1
    assert other.output.startswith(f"Error: {output}: exists")
    built = CliRunner().invoke(main, ["build", "--stars", str(output), "-o", str(tmp_path / "universe")])
    assert built.exit_code == 0, built.output
    assert f"{kept} rows (gaia.parquet)" in built.output


def test_errors_are_one_line_and_exit_1(tmp_path):
    with serving(TapServer()) as tap:
        result = helios(tap, tmp_path / "g.parquet", "--where", "parallx > 1")
        assert result.exit_code == 1
        assert result.output.splitlines()[-1] == f"Error: {tap.url}: refuses the query: no such column: parallx"
    unknown = CliRunner().invoke(main, ["fetch", "hubble"])
    assert (unknown.exit_code, unknown.output) == (1, "Error: unknown archive 'hubble' (choose from gaia)\n")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_a_killed_process_is_gone_on_with(tmp_path, number, status):
    output = tmp_path / "g.parquet"
    arguments = ("--max-mag", "21", "--rows-per-piece", "40")
    command = [sys.executable, "-m", "helios", "fetch", "gaia", "-o", str(output), *arguments]
    with serving(TapServer(hold_after=2)) as tap:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            [*command, "--url", tap.url], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
        )
        until = time.monotonic() + 60.0
        while len(tap.data_queries) < 3 and process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(number)
        printed, _ = process.communicate(timeout=60)
        assert process.returncode == status
        if number == signal.SIGINT:
            assert "stopped: the same command goes on with the pieces that are missing" in printed
        assert not output.exists()
        assert len(list(tmp_path.glob(".g.parquet.pieces-*/*/piece-*.parquet"))) == 2
        first = list(tap.data_queries)
        tap.hold_after = None
        del tap.queries[:]
        result = helios(tap, output, *arguments)
        assert result.exit_code == 0, result.output
        assert ", 2 of them here already" in result.output
        assert not [query for query in tap.queries if "COUNT(" in query]
        assert tap.queries[0] == first[2]
        assert not set(tap.queries) & set(first[:2])
    assert sorted(pq.read_table(output)["source_id"].to_pylist()) == sorted(row["source_id"] for row in gaia_rows())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["g.parquet", "g.parquet.query.json"]
