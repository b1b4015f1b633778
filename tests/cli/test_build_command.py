"""`helios build` from the command line: what it prints, and that no bad input touches what stands at the output.

Each bad input is run over a sound universe; exit code, message and every byte of that universe are compared.
"""

import gzip
import json
import random
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from helios.cli import main
from helios.universe import Universe
from tests.reading import read_everything
from tests.unit.test_files import kill_before_each_step

ROOT = Path(__file__).parents[2]
STARS = ROOT / "tests/data/gaia_200.csv"
SHARED = ROOT.parent / "shared/data/stars"
KILL_EVERY = 79
HEADER = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp\n"


def build(*arguments, output):
    return CliRunner().invoke(main, ["build", *map(str, arguments), "-o", str(output)])


def contents(path):
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in path.rglob("*") if p.is_file()}


@pytest.fixture
def universe(tmp_path):
    path = tmp_path / "universe"
    assert build("--synthetic", 50, output=path).exit_code == 0
    return path


def test_it_prints_what_it_read_rejected_and_made(tmp_path):
    stars = tmp_path / "stars.csv"
    stars.write_text(HEADER + "1,10,20,5,4,0.5\n2,999,20,5,4,0.5\n3,11,90.0001,5,4,0.5\n4,12,20,-5,4,\n5,13,20,5,4,\n")
    result = build("--stars", stars, "--depth", 5, output=tmp_path / "u")
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert lines[:6] == [
        "read 5 rows (stars.csv)",
        "rejected 3",
        "ra outside [-360, 720]: 1 (first: stars.csv line 3, ra 999)",
        "dec outside [-90, 90]: 1 (first: stars.csv line 4, dec 90.0001)",
        "parallax not above 0: 1 (first: stars.csv line 5, parallax -5)",
        "white 1 (no bp_rp)",
    ]
    assert "stars 2" in lines
    assert "cells 1 at depth 5, 2.0 stars each on average" in lines


def test_without_arguments_the_embedded_bright_stars_are_built(tmp_path):
    result = build(output=tmp_path / "u")
    assert result.exit_code == 0, result.output
    assert "bright_stars.csv.gz" in result.output
    assert "Sun (0 m from the Sun, inside the grid's inner radius" in result.output
    assert len(json.loads((tmp_path / "u/landmarks.json").read_text())) >= 150
    assert Universe.open(tmp_path / "u").offsets[-1] > 8000


def test_several_files_may_follow_stars(tmp_path):
    header, *rows = STARS.read_text().splitlines()
    paths = []
    for i in range(3):
        paths.append(tmp_path / f"{i}.csv")
        paths[-1].write_text("\n".join([header, *rows[i::3]]) + "\n")
    result = build("--stars", *paths, output=tmp_path / "a")
    assert result.exit_code == 0, result.output
    repeated = build("--stars", paths[0], "--stars", paths[1], "--stars", paths[2], output=tmp_path / "b")
    assert repeated.exit_code == 0, repeated.output
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert Universe.open(tmp_path / "a").offsets[-1] == 200


def test_a_directory_of_overlapping_files_keeps_one_of_each_star(tmp_path):
    (tmp_path / "survey").mkdir()
    header, *rows = STARS.read_text().splitlines()
    for name, part in {"1.csv": rows[:120], "2.csv": rows[100:]}.items():
        (tmp_path / "survey" / name).write_text("\n".join([header, *part]) + "\n")
    result = build("--stars", tmp_path / "survey", output=tmp_path / "u")
    assert result.exit_code == 0, result.output
    assert "read      220 rows (1.csv, 2.csv)" in result.output
    first = rows[100].split(",")[0]
    assert f"duplicate source_id: 20 (first: 2.csv line 2, source_id {first})" in result.output
    assert build("--stars", STARS, output=tmp_path / "whole").exit_code == 0
    whole, overlapping = contents(tmp_path / "whole"), contents(tmp_path / "u")
    assert whole.pop("universe.zarr/zarr.json") != overlapping.pop("universe.zarr/zarr.json")
    assert whole == overlapping


def test_bad_files_are_skipped_and_counted_where_asked(tmp_path):
    (tmp_path / "survey").mkdir()
    header, *rows = STARS.read_text().splitlines()
    for i in range(10):
        (tmp_path / f"survey/{i}.csv").write_text("\n".join([header, *rows[i::10]]) + "\n")
    (tmp_path / "survey/3.csv").write_text("cut off")
    stopped = build("--stars", tmp_path / "survey", output=tmp_path / "u")
    assert stopped.exit_code == 1
    assert "3.csv line 1: no column ra" in stopped.output
    assert not (tmp_path / "u").exists()
    result = build("--stars", tmp_path / "survey/*.csv", "--skip-bad-files", output=tmp_path / "u")
    assert result.exit_code == 0, result.output
    assert "read      180 rows (0.csv, 1.csv, 2.csv, 4.csv, 5.csv and 4 more)" in result.output
    assert "skipped   1 of 10 files" in result.output
    provenance = Universe.open(tmp_path / "u").provenance
    assert provenance["bad_files"] == ["3.csv"]
    assert [entry["file"] for entry in provenance["inputs"]] == [f"{i}.csv" for i in range(10) if i != 3]


def test_columns_of_ones_own_and_what_the_universe_says_of_them(tmp_path):
    text = STARS.read_text()
    (tmp_path / "own.csv").write_text(text.replace("parallax", "plx", 1).replace("bp_rp", "colour", 1))
    (tmp_path / "own.toml").write_text('name = "own"\nref_epoch = 2015.5\n[columns]\nbp_rp = "colour"\n')
    refused = build("--stars", tmp_path / "own.csv", output=tmp_path / "u")
    assert "no column parallax in the header" in refused.output
    assert "say so with --column" in refused.output
    arguments = ("--schema", tmp_path / "own.toml", "--column", "parallax=plx")
    assert build("--stars", tmp_path / "own.csv", *arguments, output=tmp_path / "u").exit_code == 0
    assert build("--stars", STARS, output=tmp_path / "plain").exit_code == 0
    schema = Universe.open(tmp_path / "u").provenance["inputs"][0]["schema"]
    assert (schema["name"], schema["ref_epoch"], schema["columns"]["bp_rp"]) == ("own", 2015.5, "colour")
    own, plain = contents(tmp_path / "u"), contents(tmp_path / "plain")
    for made in (own, plain):
        made.pop("universe.zarr/zarr.json")
    assert own == plain


def test_the_embedded_stars_say_their_own_epoch(tmp_path):
    assert build(output=tmp_path / "u").exit_code == 0
    assert Universe.open(tmp_path / "u").provenance["inputs"][0]["schema"]["ref_epoch"] == 2000.0


def test_a_build_replaces_all_of_a_universe(universe):
    (universe / "pack").mkdir()
    (universe / "pack/cells.pack.bin").write_bytes(b"packed from the old stars")
    assert build("--synthetic", 60, output=universe).exit_code == 0
    assert not (universe / "cells.pack.bin").exists()
    assert Universe.open(universe).offsets[-1] == 60


LANDMARK = {"id": "far", "name": "Far", "kind": "place", "source": "made", "description": "", "radius_hint": 1.0}


def test_landmarks_outside_the_grid_are_kept_and_reported(tmp_path):
    places = tmp_path / "places.json"
    entries = [
        LANDMARK | {"id": f"p{i}", "pos_meters": {"x": x, "y": 0, "z": 0}} for i, x in enumerate([1e9, 1e31, 1e15])
    ]
    places.write_text(json.dumps(entries))
    result = build("--synthetic", 5, "--landmarks", places, output=tmp_path / "u")
    assert result.exit_code == 0, result.output
    assert "places without a cell: 2: Far (1e+09 m from the Sun, inside" in result.output
    assert [p["id"] for p in json.loads((tmp_path / "u/landmarks.json").read_text())] == ["p0", "p1", "p2"]


def write_bad_inputs(folder):
    gz = gzip.compress((HEADER + "".join(f"{i},{i / 9},2,3,4,5\n" for i in range(3000))).encode())
    files = {
        "empty.csv": b"",
        "no_parallax.csv": b"source_id,ra,dec,phot_g_mean_mag\n1,2,3,4\n",
        "text.csv": (HEADER + "1,2,3,4,5,6\n2,3,abc,4,5,6\n").encode(),
        "short.csv": (HEADER + "1,2,3\n").encode(),
        "cut.csv.gz": gz[:-100],
        "noise.csv": random.Random(1).randbytes(2000),
        "none.csv": (HEADER + "1,900,3,4,5,6\n2,nan,3,4,5,6\n3,inf,3,4,5,6\n4,2,3,-4,5,6\n").encode(),
        "places.json": b"{no json",
        "nowhere.json": json.dumps([LANDMARK | {"pos_meters": {"x": "far", "y": 0, "z": 0}}]).encode(),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "folder.csv").mkdir()


BAD = [
    ("--stars missing.csv", 1, "missing.csv: no such file"),
    ("--stars empty.csv", 1, "empty.csv: empty, must be a CSV file with a header and a row per star"),
    ("--stars folder.csv", 1, "folder.csv: is a directory"),
    ("--stars no_parallax.csv", 1, "no_parallax.csv line 1: no column parallax in the header"),
    ("--stars text.csv", 1, "text.csv line 3: dec 'abc': must be a number"),
    ("--stars short.csv", 1, "short.csv line 2: 3 values, the header has 6 columns"),
    ("--stars cut.csv.gz", 1, "cut.csv.gz: damaged gzip file"),
    ("--stars noise.csv", 1, "noise.csv line 1: not text"),
    ("--stars none.csv", 1, "no star left of 4 rows: ra missing: 1 (first: none.csv line 3)"),
    ("--limit 0", 1, "--limit 0: must be at least 1 star"),
    ("--limit -1", 1, "--limit -1: must be at least 1 star"),
    ("--limit many", 2, "'many' is not a valid integer"),
    ("--synthetic 0", 1, "--synthetic 0: must be at least 1 star"),
    ("--synthetic 5 --seed -1", 1, "--seed -1: must be 0 or more"),
    ("--synthetic 5 --stars text.csv", 1, "only one of them can say where the stars come from"),
    ("--synthetic 5 --depth 99", 1, "--depth 99: must be from 0 to 20"),
    ("--synthetic 5 --max-mag -90", 1, "no star left of 5 rows: fainter than --max-mag: 5"),
    ("--synthetic 5 --landmarks missing.json", 1, "missing.json: no such file"),
    ("--synthetic 5 --landmarks places.json", 1, "places.json: no JSON"),
    ("--synthetic 5 --landmarks nowhere.json", 1, "nowhere.json entry 0"),
    ("--stars no*.vot", 1, "no*.vot: matches no file"),
    ("--stars empty.csv --skip-bad-files", 1, "none of 1 files could be read; the first: empty.csv: empty"),
    ("--stars text.csv --skip-bad-files", 1, "none of 1 files could be read; the first: text.csv line 3: dec 'abc'"),
    ("--stars text.csv --schema gaia_dr9", 1, "--schema gaia_dr9: must be gaia_dr3, gaia_edr3, gaia_dr2,"),
    ("--stars text.csv --schema places.json", 1, "places.json: no TOML"),
    ("--stars text.csv --column plx", 1, "--column plx: must be NAME=SOURCE"),
    ("--stars text.csv --column ra=alpha", 1, "text.csv line 1: no column alpha (for ra), which --column"),
    ("--synthetic 5 --column ra=alpha", 1, "--synthetic with --schema or --column: a made sky has no columns"),
    ("text.csv", 2, "did you mean --stars?"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), BAD, ids=[case[0] for case in BAD])
def test_bad_input_is_one_line_and_the_output_stays(universe, tmp_path, monkeypatch, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    write_bad_inputs(tmp_path)
    before, around = contents(universe), sorted(p.name for p in tmp_path.iterdir())
    result = build(*arguments.split(), output=universe)
    assert result.exit_code == code
    assert message in result.output
    assert "Traceback" not in result.output
    error = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert len(error) == 1
    if code == 1:
        assert result.output.count("\n") == 1
    assert contents(universe) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == around


def test_a_directory_that_is_no_universe_is_not_touched(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.txt").write_text("text")
    result = build("--synthetic", 5, output=tmp_path / "thesis")
    assert result.exit_code == 1
    assert "thesis: a directory that is not a universe, or holds other files too, left as it is; name" in result.output
    assert contents(tmp_path) == {"thesis/chapter.txt": b"text"}


def test_a_universe_with_a_file_of_its_owner_is_not_touched(universe):
    (universe / "thesis.txt").write_text("years of work")
    before = contents(universe.parent)
    result = build("--synthetic", 60, output=universe)
    assert result.exit_code == 1
    assert "a directory that is not a universe, or holds other files too, left as it is" in result.output
    assert contents(universe.parent) == before


def test_a_damaged_universe_may_be_built_again(universe):
    before = contents(universe)
    (universe / "index.json").write_text("damaged")
    assert build("--synthetic", 50, output=universe).exit_code == 0
    assert contents(universe) == before


def test_killed_at_any_moment_the_same_command_gives_the_same_bytes(tmp_path):
    """Over an old universe, one in KILL_EVERY calls of a build that open or change a file is its last."""
    assert build("--stars", STARS, output=tmp_path / "undisturbed").exit_code == 0
    assert build("--synthetic", 50, output=tmp_path / "old").exit_code == 0
    expected, old = contents(tmp_path / "undisturbed"), contents(tmp_path / "old")
    folders = [tmp_path / f"killed-{number:02d}" for number in range(17)]
    for folder in folders:
        shutil.copytree(tmp_path / "old", folder / "universe")
    arguments = f"['build', '--stars', {str(STARS)!r}, '-o', str(folder / 'universe')]"
    statement = f"sys.stdout = open(os.devnull, 'w'); main({arguments}, standalone_mode=False)"
    # A build in the process that the others are forked from: they need not import, nor load kernels.
    first = f"['build', '--stars', {str(STARS)!r}, '-o', {str(tmp_path / 'first')!r}]"
    imports = "import contextlib, io; from helios.cli import main\nwith contextlib.redirect_stdout(io.StringIO()):\n"
    imports += f"    main({first}, standalone_mode=False)"
    killed = kill_before_each_step(statement, folders, imports, every=KILL_EVERY)
    assert killed > 10
    found = []
    for folder in folders[:killed]:
        read_everything(Universe.open(folder / "universe"))
        found.append(contents(folder / "universe"))
        assert build("--stars", STARS, output=folder / "universe").exit_code == 0
        assert contents(folder / "universe") == expected
        assert [path.name for path in folder.iterdir()] == ["universe"]
    assert all(content in (old, expected) for content in found)
    assert found[0] == old
    assert all(contents(folder / "universe") == expected for folder in folders[killed:])


def test_one_hundred_thousand_stars_fill_the_published_cells(tmp_path):
    catalogue = SHARED / "gaia_dr3_g15_100k.csv.gz"
    if not catalogue.exists():
        pytest.skip(f"{catalogue.name} is not part of the project and not beside it")
    result = build("--stars", catalogue, "--depth", 5, output=tmp_path / "u")
    assert result.exit_code == 0, result.output
    universe = Universe.open(tmp_path / "u")
    assert (len(universe), universe.offsets[-1]) == (9_248, 100_000)
    rows = universe.columns(("x_m", "y_m", "z_m"))
    low, high = universe.bounds_m()
    counts = universe.offsets[1:] - universe.offsets[:-1]
    for axis, values in enumerate(rows.values()):
        assert (values >= low[:, axis].repeat(counts)).all()
        assert (values <= high[:, axis].repeat(counts)).all()
