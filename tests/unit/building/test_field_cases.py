"""Catalogues of one to six rows that say something of themselves: units, masks, tables, frames, epochs, nulls, columns.

They were made after reports about other tools; what is right in each is astropy's, a standard's or arithmetic, and
stands in `cases.json`. Each is built by the command, and the stars are read back from the universe.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from helios.cli import main
from tests.unit.building.said import stars_of

FIELD = Path(__file__).parents[2] / "data/field"
CASES = json.loads((FIELD / "cases.json").read_text())


def build(case, output, monkeypatch):
    monkeypatch.chdir(FIELD)
    command = ["build", "--stars", *case["files"], *case["opts"], "-o", str(output)]
    return CliRunner().invoke(main, command)


@pytest.mark.parametrize("case", [c for c in CASES if c["stars"] is not None], ids=lambda case: case["name"])
def test_the_stars_are_those_that_the_file_means(case, tmp_path, monkeypatch):
    result = build(case, tmp_path / "u", monkeypatch)
    assert result.exit_code == 0, result.output
    found = stars_of(tmp_path / "u")
    assert set(found) == {int(number) for number in case["stars"]}
    for number, right in case["stars"].items():
        star = found[int(number)]
        east = (star["at"].ra.deg - right["ra"] + 180.0) % 360.0 - 180.0
        off = 3600.0 * np.hypot(east * np.cos(np.radians(right["dec"])), star["at"].dec.deg - right["dec"])
        assert off < 0.02
        np.testing.assert_allclose(star["at"].distance.pc, right["pc"], rtol=1e-6)
        np.testing.assert_allclose(star["G"], right["G"], rtol=1e-6)
        np.testing.assert_allclose(star["bp_rp"], np.nan if right["bprp"] is None else right["bprp"], rtol=1e-6)


REFUSED = {
    "K4 QUERY_STATUS ERROR after the table": ["QUERY_STATUS ERROR: time limit reached"],
    "K8 --column bp_rp=BPRP": ["no column BPRP (for bp_rp)", "nearest: RPmag"],
    "K8 --column source_id=Sourc": ["no column Sourc (for source_id)", "nearest: Source"],
    "K8 --column pmra=pmRA with --epoch": ["no column pmRA (for pmra)", "nearest: pm_ra"],
    "K8 TOML difference with a typo": ["no column RPmagg (for bp_rp)", "nearest: RPmag"],
}


@pytest.mark.parametrize("case", [c for c in CASES if c["stars"] is None], ids=lambda case: case["name"])
def test_what_cannot_be_heeded_is_said(case, tmp_path, monkeypatch):
    result = build(case, tmp_path / "u", monkeypatch)
    if case["name"] not in REFUSED:
        assert result.exit_code == 0
        assert "status_overflow.vot says QUERY_STATUS OVERFLOW: its service left rows out" in result.output
        return
    assert result.exit_code != 0
    assert all(words in result.output for words in REFUSED[case["name"]])
    assert len(result.output.strip().splitlines()) == 1
    assert not (tmp_path / "u").exists()
