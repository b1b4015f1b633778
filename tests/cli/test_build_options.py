"""`helios build` with distances, epochs and quality cuts: what it prints, keeps and refuses of six rows."""

import json
import sys
from types import ModuleType, SimpleNamespace

import pytest
from click.testing import CliRunner

from helios.catalog import zero_point
from helios.cli import main
from helios.universe import Universe

STARS = """\
source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp,parallax_error,pmra,pmdec,radial_velocity,ruwe,r_med,solved
1,10,20,5,4,0.5,0.1,30,-40,12,1.0,200,31
2,11,20,5,5,0.5,1.0,30,-40,,1.0,210,31
3,12,20,-0.2,6,0.5,0.1,1,1,,1.0,5000,31
4,13,20,4,6,0.5,,,,,1.0,,31
5,14,20,4,6,0.5,0.1,3,4,,2.5,-1,31
6,15,20,4,6,0.5,0.1,3,4,,,250,31
"""


def build(folder, *arguments):
    (folder / "stars.csv").write_text(STARS)
    command = ["build", "--stars", str(folder / "stars.csv"), "-o", str(folder / "u"), *arguments]
    return CliRunner().invoke(main, command)


@pytest.mark.parametrize(
    ("arguments", "stars", "counted"),
    [
        ("--distance inverse", 5, ["parallax not above 0: 1 (first: stars.csv line 4, parallax -0.2)"]),
        ("--distance edsd", 5, ["parallax_error missing: 1 (first: stars.csv line 5)"]),
        (
            "--distance r_med",
            4,
            ["r_med missing: 1 (first: stars.csv line 5)", "r_med not above 0: 1 (first: stars.csv line 6, r_med -1)"],
        ),
        (
            "--min-parallax-over-error 10",
            3,
            [
                "parallax not above 0: 1 (first: stars.csv line 4, parallax -0.2)",
                "parallax_error missing: 1 (first: stars.csv line 5)",
                "below --min-parallax-over-error: 1 (first: stars.csv line 3, parallax/parallax_error 5)",
            ],
        ),
        (
            "--max-ruwe 1.4 --distance edsd",
            3,
            [
                "parallax_error missing: 1 (first: stars.csv line 5)",
                "ruwe missing: 1 (first: stars.csv line 7)",
                "ruwe above --max-ruwe: 1 (first: stars.csv line 6, ruwe 2.5)",
            ],
        ),
    ],
)
def test_every_row_is_a_star_or_counted_by_its_reason(tmp_path, arguments, stars, counted):
    result = build(tmp_path, *arguments.split())
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert lines[1 : 2 + len(counted)] == [f"rejected {6 - stars}", *counted]
    assert f"stars {stars}" in lines


def test_an_epoch_moves_stars_and_says_which_it_could_not(tmp_path):
    result = build(tmp_path, "--epoch", "J2026.9")
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    at = lines.index("moved 4 to J2026.9")
    assert lines[at + 1 : at + 3] == [
        "no radial_velocity, moved across the sky only: 3",
        "no proper motion, left where they are: 1",
    ]
    assert "velocity" in Universe.open(tmp_path / "u").emitter_columns


def test_the_universe_remembers_what_was_asked(tmp_path):
    arguments = "--distance edsd --length-scale 800 --epoch 2000 --max-ruwe 3 --min-parallax-over-error -5"
    assert build(tmp_path, *arguments.split()).exit_code == 0
    attributes = json.loads((tmp_path / "u/universe.zarr/zarr.json").read_text())["attributes"]
    assert attributes["provenance"]["options"] == {
        "max_mag": None,
        "limit": None,
        "depth": None,
        "leaf_capacity": 512,
        "distance": "edsd",
        "length_scale_pc": 800.0,
        "epoch": 2000.0,
        "min_parallax_over_error": -5.0,
        "max_ruwe": 3.0,
    }
    columns = attributes["provenance"]["inputs"][0]["schema"]["columns"]
    assert {"parallax_error", "pmra", "pmdec", "radial_velocity", "ruwe"} <= set(columns)


def test_parallaxes_are_corrected_by_their_zero_point_and_counted(tmp_path, monkeypatch):
    package = ModuleType("zero_point")
    package.zpt = SimpleNamespace(load_tables=lambda: None, get_zpt=lambda *columns, _warnings: -0.3)
    monkeypatch.setitem(sys.modules, "zero_point", package)
    zero_point._package.cache_clear()
    arguments = ("--zero-point", "--column", "nu_eff_used_in_astrometry=ruwe", "--column")
    result = build(tmp_path, *arguments, "astrometric_params_solved=solved")
    zero_point._package.cache_clear()
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert lines[1] == "rejected 0"
    at = lines.index("corrected 5 parallaxes, by their zero point")
    assert lines[at + 1] == "no zero point, taken as catalogued: 1"


def test_without_the_package_of_zero_points_the_remedy_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "zero_point", None)
    zero_point._package.cache_clear()
    result = build(tmp_path, "--zero-point")
    assert result.exit_code == 1
    assert "needs the package gaiadr3-zeropoint (pip install gaiadr3-zeropoint)" in result.output
    assert result.output.count("\n") == 1


BAD = [
    ("--epoch B1950", "epoch 'B1950': Besselian, must be a Julian year"),
    ("--epoch soon", "epoch 'soon': must be a Julian year such as J2016.0"),
    ("--epoch 2460000.5", "epoch '2460000.5': must be a year of"),
    ("--distance edds", "stars.csv line 1: no column edds in the header: --distance must be inverse, edsd or a column"),
    ("--distance source_id", "column 'source_id' cannot be both source_id and distance_pc"),
    ("--distance edsd --length-scale 0", "--length-scale 0.0: must be a number of parsecs above 0"),
    ("--distance edsd --length-scale nan", "--length-scale nan: must be a number of parsecs above 0"),
    ("--max-ruwe nan", "--max-ruwe nan: must be a number"),
    ("--min-parallax-over-error inf", "--min-parallax-over-error inf: must be a number"),
    ("--max-ruwe 0.1", "no star left of 6 rows: parallax not above 0: 1"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[case[0] for case in BAD])
def test_what_cannot_be_done_is_refused_in_one_line(tmp_path, arguments, message):
    result = build(tmp_path, *arguments.split())
    assert result.exit_code == 1
    assert message in result.output
    assert result.output.count("\n") == 1
    assert not (tmp_path / "u").exists()


@pytest.mark.parametrize("arguments", ["--epoch J2000", "--distance r_med"])
def test_a_made_sky_has_no_motion_and_no_columns(tmp_path, arguments):
    command = ["build", "--synthetic", "5", "-o", str(tmp_path / "u"), *arguments.split()]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 1
    assert "--synthetic with --epoch or a column of distances: a made sky has neither" in result.output
