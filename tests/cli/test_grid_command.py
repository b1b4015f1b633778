"""`helios grid` from the command line: its columns are parsed as a pipe would, and held against the grid itself."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from helios.cli import main
from helios.constants import AU_M, PARSEC_M
from helios.grid import HLGrid
from helios.universe import Universe

DATA = Path(__file__).parents[1] / "data"


def run(*arguments):
    return CliRunner().invoke(main, ["grid", *map(str, arguments)])


def table(output):
    lines = [line.split() for line in output.splitlines() if not line.startswith("#")]
    return pd.DataFrame(lines[1:], columns=lines[0])


def values(output):
    return dict(line.split(maxsplit=1) for line in output.splitlines())


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    path = tmp_path_factory.mktemp("grid") / "universe"
    arguments = ["build", "--stars", DATA / "gaia_200.csv", "--depth", 5, "-o", path]
    assert CliRunner().invoke(main, list(map(str, arguments))).exit_code == 0
    return path


def test_info_lists_every_shell():
    result = run("info", "--depth", 4)
    shells = table(result.output).astype(float)
    inner, outer = HLGrid(4).shell_edges_m(np.arange(32))
    assert result.output.startswith("# depth 4: 32 shells of ratio 4 from 4.6e+10 m, 32 longitudes, 16 colatitudes\n")
    np.testing.assert_allclose(shells.inner_m, inner, rtol=1e-5)
    np.testing.assert_allclose(shells.outer_au, outer / AU_M, rtol=1e-5)
    np.testing.assert_allclose(shells.outer_pc, outer / PARSEC_M, rtol=1e-5)


def test_info_is_of_the_published_grid_by_default():
    assert run("info").output.startswith("# depth 5: 64 shells of ratio 2 ")


def test_info_counts_the_cells_and_stars_of_a_universe(universe):
    shells = table(run("info", "--universe", universe).output)
    opened = Universe.open(universe)
    assert shells.cells.astype(int).tolist() == np.bincount(opened.cells.l, minlength=64).tolist()
    assert shells.stars.astype(int).sum() == 200


def test_locate_finds_the_planets():
    for planet in pd.read_csv(DATA / "planets_j2000_heliocentric.csv").itertuples():
        place = (planet.x_ecl_m, planet.y_ecl_m, planet.z_ecl_m)
        expected = f"5_{planet.cell_l}_{planet.cell_theta}_{planet.cell_phi}"
        assert values(run("locate", "--meters", *place).output)["cell"] == expected
        assert values(run("locate", "--au", *(x / AU_M for x in place)).output)["cell"] == expected


def test_locate_finds_the_cell_of_a_catalogued_star(universe):
    star = pd.read_csv(DATA / "gaia_200.csv").iloc[0]
    result = values(run("locate", "--icrs", star.ra, star.dec, star.parallax, "--universe", universe).output)
    opened = Universe.open(universe)
    cell = opened.cells[[str(c) for c in opened.cells].index(result["cell"])]
    i = opened.index_of(cell)
    assert int(result["stars"]) == opened.offsets[i + 1] - opened.offsets[i] > 0
    assert star.source_id in opened.columns(("source_id",), *opened.offsets[i : i + 2])["source_id"]
    assert result["parent"] == str(cell.parent)
    assert int(result["neighbours"]) == len(cell.neighbours(1)) - 1
    low, high = opened.bounds_m([i])
    np.testing.assert_allclose(np.array(result["bounds_min_m"].split(), float), low[0], rtol=1e-9)
    np.testing.assert_allclose(np.array(result["bounds_max_m"].split(), float), high[0], rtol=1e-9)


def test_cells_lists_the_shells_that_a_range_touches():
    shells = table(run("cells", "--from", "1pc", "--to", "10 pc").output)
    assert shells.l.tolist() == ["19", "20", "21", "22"]
    assert shells.inner_pc.astype(float).iloc[0] <= 1 < shells.outer_pc.astype(float).iloc[0]
    assert shells.inner_pc.astype(float).iloc[-1] < 10 <= shells.outer_pc.astype(float).iloc[-1]


def test_cells_lists_the_cells_of_a_universe(universe):
    cells = table(run("cells", "--from", "10pc", "--to", "0.1kpc", "--universe", universe).output)
    opened = Universe.open(universe)
    inner, outer = HLGrid(opened.depth).shell_edges_m(opened.cells.l)
    touched = (inner < 100 * PARSEC_M) & (outer > 10 * PARSEC_M)
    assert cells.cell.tolist() == [str(c) for c, hit in zip(opened.cells, touched) if hit]
    assert cells.stars.astype(int).sum() == np.diff(opened.offsets)[touched].sum()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("info --depth 21", 1, "grid depth 21: must be from 0 to 20"),
        ("info --depth 3 --universe somewhere", 1, "--depth and --universe: only one of them"),
        ("info --universe nowhere", 1, "nowhere: no universe there (make one with `helios build -o nowhere`)"),
        ("locate", 1, "a place is needed, as one of --meters X Y Z, --au X Y Z, --icrs RA DEC PARALLAX"),
        ("locate --au 1 0 0 --meters 1 0 0", 1, "a place is needed, as one of"),
        (
            "locate --au 0.1 0 0",
            1,
            "no cell at 1.49598e+10 m from the Sun: inside the grid's inner radius of 4.6e+10 m",
        ),
        ("locate --meters 1e30 0 0", 1, "no cell at 1e+30 m from the Sun: beyond the grid's outer radius"),
        ("locate --meters nan 0 0", 1, "--meters nan 0.0 0.0: must be finite numbers"),
        ("locate --icrs 360 0 1", 1, "--icrs 360 0 1: must be ra in [0, 360)"),
        ("locate --icrs 1 0 -1", 1, "parallax > 0"),
        ("cells --from 1pc --to 1pc", 1, "must be an increasing range"),
        ("cells --from 1 --to 2pc", 2, "'1' is not a distance like 10pc"),
        ("cells --from 1.2.3pc --to 2pc", 2, "is not a distance like 10pc"),
        ("cells --from 1furlong --to 2pc", 2, "is not a distance like 10pc"),
        ("cells --from 1m --to 2m", 1, "no cells from 1 to 2 m: the grid goes from 4.6e+10"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_line(arguments, code, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments.split())
    assert result.exit_code == code
    assert message in result.output
    assert "Traceback" not in result.output
