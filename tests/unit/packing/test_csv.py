"""The table of stars has the rows of the catalogue: from the source's text, through a universe, to the exported text.

The catalogue is 200 stars of Gaia DR3; astropy says where they are and what is between the two places of each.
"""

import csv
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import Table

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.packing.export import export
from helios.universe import Universe
from tests.unit.packing import scene

GAIA = Path(__file__).parents[2] / "data" / "gaia_200.csv"


def rows(path) -> dict[int, dict[str, str]]:
    """The rows of a CSV file as they are written, by their source_id."""
    with open(path, newline="") as file:
        return {int(row["source_id"]): row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    path = tmp_path_factory.mktemp("gaia") / "universe"
    build_universe(BuildConfig(stars=(str(GAIA),)), path, [])
    return Universe.open(path)


def test_each_star_is_where_its_source_row_says(universe, tmp_path):
    export(universe, tmp_path / "stars.csv", "csv")
    source, found = rows(GAIA), rows(tmp_path / "stars.csv")
    assert 100 < len(found) == universe.offsets[-1]
    assert found.keys() <= source.keys()

    def column(of, name):
        return np.array([float(of[star][name]) for star in found])

    parallax = column(source, "parallax") * u.mas
    wanted = SkyCoord(column(source, "ra") * u.deg, column(source, "dec") * u.deg, parallax.to(u.pc, u.parallax()))
    placed = SkyCoord(column(found, "ra") * u.deg, column(found, "dec") * u.deg, column(found, "distance_pc") * u.pc)
    # Degrees of 360 in float64 end at 6e-14, positions in metres at 1e-16 of themselves: 2e-10 arcsec, with room.
    assert placed.separation(wanted).max() < 1e-9 * u.arcsec
    np.testing.assert_allclose(placed.distance.pc, wanted.distance.pc, rtol=1e-14)
    for name in ("phot_g_mean_mag", "bp_rp"):
        for star, row in found.items():
            text = source[star][name]
            assert row[name] == "" if text in ("", "nan") else np.float32(row[name]) == np.float32(text)


def test_it_reads_as_a_table_and_builds_the_same_universe(universe, tmp_path):
    export(universe, tmp_path / "stars.csv", "csv")
    table = Table.read(tmp_path / "stars.csv", format="ascii.csv")
    assert table.colnames == ["source_id", "ra", "dec", "distance_pc", "phot_g_mean_mag", "bp_rp"]
    assert set(table["source_id"]) == set(universe.columns(["source_id"])["source_id"])
    config = BuildConfig(stars=(str(tmp_path / "stars.csv"),), distance="distance_pc")
    build_universe(config, tmp_path / "again", [])
    again = Universe.open(tmp_path / "again")
    names = ("source_id", "x_m", "y_m", "z_m", "phot_g_mean_mag", "bp_rp")
    for name, column in universe.columns(names).items():
        np.testing.assert_allclose(again.columns([name])[name], column, rtol=1e-13, atol=0 if name[-1] != "m" else 1e3)


def test_of_trained_cells_it_has_the_stars_or_where_asked_the_splats(stars, trained, tmp_path):
    for universe, name in ((stars, "stars"), (trained, "trained")):
        export(universe, tmp_path / name, "csv")
    assert (tmp_path / "stars").read_bytes() == (tmp_path / "trained").read_bytes()
    written = export(trained, tmp_path / "splats", "csv:splats=true")
    table = Table.read(tmp_path / "splats", format="ascii.csv")
    of_trained = int(np.diff(trained.training.offsets).sum())
    assert (written.splats, table["source_id"].mask.sum()) == (len(table), of_trained)
    assert table["bp_rp"].mask.sum() >= of_trained
    assert len(scene.tree(tmp_path)) == 3
