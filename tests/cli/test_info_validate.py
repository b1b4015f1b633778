"""`helios info` and `helios validate` as a user meets them: what they print, and the exit code of `validate`.

Over a universe made of a catalogue with rows that cannot be used, and one that is trained, packed and all.
"""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from helios import __version__
from helios.cli import main

HEADER = "source_id,ra,dec,plx,phot_g_mean_mag,bp_rp\n"
ROWS = "1,10,20,5,4,0.5\n2,999,20,5,4,0.5\n3,11,30,5,4,0.5\n4,12,20,-5,4,\n5,13,20,5,4,\n"
QUICK = ("--iterations", "3", "--image-size", "32", "--backend", "numba")


def helios(*arguments: object):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def lines_of(result):
    return [" ".join(line.split()) for line in result.output.splitlines()]


@pytest.fixture
def universe(tmp_path):
    (tmp_path / "stars.csv").write_text(HEADER + ROWS)
    command = ("build", "--stars", tmp_path / "stars.csv", "--column", "parallax=plx", "--depth", 4)
    assert helios(*command, "-o", tmp_path / "universe").exit_code == 0
    return tmp_path / "universe"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    assert helios("build", "--synthetic", 60, "--depth", 1, "-o", folder / "universe").exit_code == 0
    command = ("train-all", "--input", folder / "universe", "--output", folder / "trained", *QUICK)
    assert helios(*command).exit_code == 0
    assert helios("pack", "--universe", folder / "trained").exit_code == 0
    assert helios("pack", "--universe", folder / "trained", "--format", "v1", "-o", folder / "v1").exit_code == 0
    return folder / "trained"


def test_info_tells_what_a_universe_was_made_of(universe):
    result = helios("info", universe)
    assert result.exit_code == 0, result.output
    lines = lines_of(result)
    expected = [
        f"universe {universe}, version 4",
        "trained 0 cells",
        "command build: max_mag none, limit none, depth 4, leaf_capacity none",
        "inputs 1",
        "schema gaia_dr3, epoch 2016.0, parallax = plx",
        "read 5 rows",
        "rejected 2",
        "parallax not above 0: 1",
        "ra outside [-360, 720]: 1",
        "kept 3",
        "white 1 (no bp_rp)",
    ]
    assert [line for line in lines if line in expected] == expected
    assert any(line.startswith(f"versions helios {__version__}, astropy ") for line in lines)
    assert f"stars.csv, {len(HEADER + ROWS)} bytes" in lines
    assert any(line.startswith("sha256 ") and len(line) == 71 for line in lines)
    assert any(line.startswith("stars 3 (") for line in lines)


def test_info_as_json_holds_the_same(universe):
    result = helios("info", universe, "--json")
    assert result.exit_code == 0
    told = json.loads(result.output)
    assert (told["universe"], told["stars"], told["depth"]) == (str(universe), 3, 4)
    assert told["provenance"]["rejected"] == {"parallax not above 0": 1, "ra outside [-360, 720]": 1}


def test_info_of_a_trained_universe(trained):
    lines = lines_of(helios("info", trained))
    told = json.loads(helios("info", trained, "--json").output)
    training = told["training"]
    assert training["cells"] == told["cells"]
    assert any(line.startswith(f"trained {training['cells']} cells (") for line in lines)
    assert f"splats {training['splats']} for 60 stars" in lines
    assert f"packed {told['packed_bytes']:,} bytes" in lines
    assert "synthetic 60, seed 0, generator PCG64" in lines


def test_validate_of_sound_universes_is_one_line(universe, trained):
    for path, stars in ((universe, 3), (trained, 60), (trained.with_name("universe"), 60)):
        result = helios("validate", path)
        assert result.exit_code == 0, result.output
        (line,) = result.output.splitlines()
        assert line.startswith(f"{path}: sound, {stars} stars in ")


def test_validate_of_the_embedded_bright_stars(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert helios("build").exit_code == 0
    result = helios("validate")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("universe: sound, ")
    assert helios("info").output.startswith("universe  universe, version 4\n")


def test_validate_says_what_is_wrong_and_exits_with_1(universe):
    index = json.loads((universe / "index.json").read_text())
    index["totals"]["stars"] = 4
    index["tree"]["depth"] = 3
    (universe / "index.json").write_text(json.dumps(index))
    (universe / "landmarks.json").unlink()
    (universe / "universe.zarr/emitters/bp_rp/c/0").write_bytes(b"")
    result = helios("validate", universe, "--show", 1)
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert [line.split(":")[0] for line in lines] == ["files", "index", "index", "landmarks", str(universe)]
    assert lines[1].endswith("; index.json must have the grid and the totals of the store")
    assert lines[2] == "index: and 1 more"
    assert lines[-1].endswith("not sound, 4 wrong in 3 kinds")


def test_validate_says_what_it_could_not_check(universe):
    (universe / "universe.zarr/cells/offsets/c/0").unlink()
    result = helios("validate", universe)
    assert result.exit_code == 1
    assert "not checked: the cells and what is in them: their columns cannot be read" in result.output


@pytest.mark.parametrize("command", ["info", "validate"])
def test_where_there_is_no_universe_that_is_said(tmp_path, command):
    for path in (tmp_path / "nowhere", tmp_path):
        result = helios(command, path)
        assert result.exit_code == 1
        assert result.output.startswith(f"Error: {Path(path)}: ")
        assert result.output.count("\n") == 1


@pytest.fixture(params=["v2", "v1"])
def packed(request, trained, tmp_path):
    """A copy of the trained universe, with a pack of each format."""
    path = shutil.copytree(trained, tmp_path / "universe")
    if request.param == "v1":
        shutil.rmtree(path / "pack")
        shutil.copytree(trained.parent / "v1", path / "pack")
    return path


def test_validate_reads_the_pack_too(packed):
    assert helios("validate", packed).exit_code == 0
    file, part, byte = ("sky.bin", "the sky", 100)
    if not (packed / "pack" / file).exists():
        file, part, byte = ("cells.pack.bin", "cell .*", 500)
    data = bytearray((packed / "pack" / file).read_bytes())
    data[byte] ^= 1
    (packed / "pack" / file).write_bytes(data)
    result = helios("validate", packed)
    assert result.exit_code == 1
    said = rf"pack: .*pack/{re.escape(file)}: {part}: damaged: (its )?CRC-32 .*; a pack must have"
    assert re.match(said, result.output)
    assert result.output.endswith("not sound, 1 wrong in 1 kinds\n")


@pytest.mark.parametrize(
    ("packed", "file"),
    [("v2", "universe.zarr/zarr.json"), ("v2", "pack/head.bin"), ("v1", "pack/index.json")],
    indirect=["packed"],
)
def test_info_of_a_damaged_universe_is_one_line(packed, file):
    (packed / file).write_text("{")
    result = helios("info", packed)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1
