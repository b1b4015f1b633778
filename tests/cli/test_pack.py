"""`helios pack` and `helios export` as a user types them: exit code, files, message, and `kill -9` at any time.

Universes are small and real. The kills are of whole processes, at random moments from the interpreter's start to
the last file; the sweep over every single change to the disk is in `tests/unit/pack/test_v1_pack.py`.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from helios.cli import main
from helios.pack.site import check_site
from helios.pack.v1_reader import V1Pack
from helios.universe import Universe
from tests.unit.pack import scene

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    scene.make_stars(folder / "universe")
    scene.make_trained(folder / "universe", folder / "universe_trained")
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """A current directory with `universe` and `universe_trained`."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def viewer(tmp_path, monkeypatch):
    """A viewer in the place of the package's own."""
    scene.make_viewer(tmp_path / "package" / "web")
    monkeypatch.setattr("helios.pack.site.files", lambda name: tmp_path / "package")


def helios(*arguments, code=0):
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    if code == 1:
        assert result.output.startswith("Error: ")
        assert result.output.count("\n") == 1
    return result.output


def test_it_packs_the_trained_universe_and_says_how_large_it_is(here):
    before = scene.tree(here / "universe")
    output = helios("pack")
    packed = V1Pack.open(here / "universe_trained")
    size = (here / "universe_trained" / "cells.pack.bin").stat().st_size
    splats = packed.index["total_splats"]
    trained = sum(cell["trained"] for cell in packed.index["cells"])
    assert (
        f"packed universe_trained: {len(packed)} cells ({trained} trained), {splats} splats, {size:,} bytes" in output
    )
    assert f"{size / splats:.1f} bytes per splat, {size / splats / 56:.2f} x the bare 56; read back: equal" in output
    assert scene.tree(here / "universe") == before


def test_it_packs_the_universe_where_none_is_trained(here):
    shutil.rmtree(here / "universe_trained")
    assert "packed universe: " in helios("pack")
    assert len(V1Pack.open(here / "universe")) > 0


def test_it_packs_the_universe_that_is_named(here):
    assert "(0 trained)" in helios("pack", "--universe", "universe")
    assert not (here / "universe_trained" / "cells.pack.bin").exists()


def test_a_site_is_packed_first_and_says_how_to_look_at_it(here, viewer):
    output = helios("pack", "--site", "site")
    assert output.endswith("look at it: helios serve site\n")
    assert check_site(here / "site") == 2 * len(V1Pack.open(here / "universe_trained"))


def test_a_site_that_may_not_be_written_packs_nothing(here, viewer):
    (here / "mine").mkdir()
    (here / "mine" / "notes.txt").write_text("notes")
    before = scene.tree(here)
    assert "is not empty and no site of Helios" in helios("pack", "--site", "mine", code=1)
    assert scene.tree(here) == before


def newer(universe):
    file = universe / "universe.zarr/zarr.json"
    metadata = json.loads(file.read_text())
    metadata["attributes"]["version"] = 3
    file.write_text(json.dumps(metadata))


def as_file(universe):
    shutil.rmtree(universe)
    universe.write_text("no universe")


@pytest.mark.parametrize("command", [("pack",), ("pack", "--site", "site"), ("export", "-o", "x.ply")])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (shutil.rmtree, "universe: no universe"),
        (as_file, "universe: no universe"),
        (newer, "version 3"),
        (lambda u: shutil.rmtree(u / "universe.zarr"), "missing"),
        (lambda u: os.truncate(u / "universe.zarr/cells/l/c/0", 30), "cells/l: damaged"),
    ],
)
def test_what_is_no_sound_universe_is_one_clear_line(here, command, spoil, message):
    spoil(here / "universe")
    before = scene.tree(here)
    assert message in helios(command[0], "--universe", "universe", *command[1:], code=1)
    assert scene.tree(here) == before


def test_export_writes_all_cells_or_those_that_are_named(here):
    cells = [str(cell) for cell in Universe.open(here / "universe_trained").cell_ids]
    assert f"wrote all.ply: {len(cells)} cells" in helios("export", "--format", "ply", "-o", "all.ply")
    one, two, three = cells[:3]
    for number, arguments in enumerate(
        (
            ("--cells", one, two, three),
            ("--cells", f"{three},{two},{one}"),
            ("--cells", one, "--cells", three, "--cells", two, "--cells", one),
        )
    ):
        assert "3 cells" in helios("export", *arguments, "-o", f"{number}.ply")
    assert (here / "0.ply").read_bytes() == (here / "1.ply").read_bytes() == (here / "2.ply").read_bytes()


def test_an_adaptive_universe_is_regrouped_and_exported_by_names_with_depths(here):
    universe = scene.make_clumps(here / "adaptive", leaf_capacity=8)
    output = helios("pack", "--universe", "adaptive")
    packed = V1Pack.open(here / "adaptive")
    assert f"packed adaptive: {len(packed)} cells (0 trained), 210 splats" in output
    assert f"regrouped at depth 5 from {len(universe)} cells of an adaptive tree" in output
    names = [str(universe.cells[i]) for i in (0, len(universe) - 1)]
    assert "2 cells" in helios("export", "--universe", "adaptive", "--cells", *names, "-o", "two.ply")
    depths = f"{universe.cells.depth.min()} to {universe.cells.depth.max()}"
    assert f"comment cells 2 of an adaptive tree of depths {depths}\n".encode() in (here / "two.ply").read_bytes()
    gone = helios("export", "--universe", "adaptive", "--cells", "0_0_0_0", "-o", "none.ply", code=1)
    assert "cell 0_0_0_0: not in" in gone


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--cells", "1_2"), "must be L_THETA_PHI"),
        (("--cells", "1_2_x"), "must be L_THETA_PHI"),
        (("--cells", "900_0_0"), "outside the grid"),
        (("--cells", "0_0_0"), "not in universe_trained"),
        (("--format", "obj"), "unknown export format 'obj' (choose from ply)"),
        (("-o", "missing/x.ply"), "must be a file in a directory that exists"),
        (("--cells", ","), "no cells to export"),
    ],
)
def test_what_cannot_be_exported_is_one_clear_line(here, arguments, message):
    before = scene.tree(here)
    assert message in helios("export", "-o", "x.ply", *arguments, code=1)
    assert scene.tree(here) == before


def test_killed_at_random_moments_the_next_run_gives_the_bytes_of_an_undisturbed_one(here):
    copies = [scene.copy(here / "universe_trained", here / f"killed_{n}") for n in range(5)]
    helios("pack")
    undisturbed = scene.tree(here / "universe_trained")
    command = [sys.executable, "-m", "helios", "pack", "--universe"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    start = time.monotonic()
    subprocess.run([*command, here / "universe_trained"], check=True, env=environment, capture_output=True)
    duration = time.monotonic() - start
    rng = random.Random(11)
    for path in copies:
        process = subprocess.Popen([*command, path], env=environment, stdout=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.3, 1.0) * duration)
        process.send_signal(signal.SIGKILL)
        process.wait()
        helios("pack", "--universe", path)
        assert scene.tree(path) == undisturbed
