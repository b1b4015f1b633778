"""`helios train-*` as a user meets it: what it prints, and what it leaves on disk.

A universe of 150 synthetic stars in a dozen cells trains in seconds, with every path a large one takes: cells with
one star, cells to merge, batches of several sizes.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from helios.cli import main
from helios.landmarks import Landmark
from helios.landmarks.selection import select_around
from helios.rendering.mean_light import mean_light
from helios.training.config import TrainConfig
from helios.universe import Universe

QUICK = ("--iterations", "40", "--image-size", "64", "--backend", "numba")


def helios(*arguments: object):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "universe"
    assert helios("build", "--synthetic", 150, "--depth", 1, "-o", path).exit_code == 0
    return path


@pytest.fixture(scope="module")
def trained(universe):
    path = universe.with_name("trained")
    return path, helios("train-all", "--input", universe, "--output", path, *QUICK)


def test_train_all_says_what_it_did(universe, trained):
    path, result = trained
    cells = len(Universe.open(universe))
    assert result.exit_code == 0, result.output
    assert "backend numba: asked for" in result.output
    inner = int(re.search(r"levels: \d+ of (\d+) cells", result.output)[1])
    assert f"training {cells + inner} cells" in result.output
    for row in ("K brightest stars", "start (merged)", "trained", "5 radii"):
        assert row in result.output
    made = Universe.open(path)
    assert made.trained.all()
    assert {"first_loss", "last_loss", "psnr_5_trained", "flux_error_5_brightest"} <= made.metrics().keys()
    totals = json.loads((path / "index.json").read_text())["totals"]
    assert totals["splats"] == sum(len(made.splats(i)) for i in range(cells)) < 150
    assert totals["trained_cells"] == cells


def test_a_rerun_skips_what_is_trained(universe, trained):
    path, _ = trained
    before = contents(path)
    result = helios("train-all", "--input", universe, "--output", path, *QUICK)
    assert result.exit_code == 0
    assert "cells are trained already" in result.output
    assert contents(path) == before


def test_train_landmarks_selects_around_landmarks(universe, tmp_path):
    ids = Universe.open(universe).cells
    here = Universe.open(universe).columns(("x_m", "y_m", "z_m"), 0, 1)
    mark = {"id": "here", "name": "Here", "kind": "star", "radius_hint": 1e16, "source": "a test", "description": ""}
    mark["pos_meters"] = {name[0]: float(value[0]) for name, value in here.items()}
    (tmp_path / "marks.json").write_text(json.dumps([mark]))
    for reach in (0, 1):
        output = tmp_path / f"reach{reach}"
        command = ["train-landmarks", "--landmarks", tmp_path / "marks.json", "--neighbors", reach]
        result = helios(*command, "--input", universe, "--output", output, *QUICK)
        assert result.exit_code == 0, result.output
        near = [i for i, cell in enumerate(ids) if cell in ids[0].neighbours(reach)]
        share = 100 * len(near) / len(ids)
        assert f"1 landmarks in 1 cells of {len(ids)}, {len(near)} cells selected ({share:.1f} %)" in result.output
        assert Universe.open(output).trained.nonzero()[0].tolist() == near


def test_in_an_adaptive_tree_the_cells_around_may_be_smaller_or_larger(tmp_path):
    """Against distances in the indices: two cells are neighbours where their boxes in the deepest grid's touch."""
    assert helios("build", "--synthetic", 600, "--leaf-capacity", 20, "-o", tmp_path / "u").exit_code == 0
    universe = Universe.open(tmp_path / "u")
    assert universe.depth is None
    assert len(set(universe.cells.depth.tolist())) > 2
    reached, home = {}, universe.cells[int(np.argmax(universe.cells.depth))]
    depth = int(universe.cells.depth.max())
    spans = []
    for cell in universe.cells:
        wide = 1 << depth - cell.depth
        spans.append([(index * wide, index * wide + wide - 1) for index in (cell.l, cell.theta, cell.phi)])
    row = int(universe.offsets[universe.index_of(home)])
    own = [(index, index) for index in (home.l, home.theta, home.phi)]
    for reach in (0, 1, 3):
        expected = []
        for i, span in enumerate(spans):
            (l, theta, phi), turn = [(a - o[1], o[0] - b) for (a, b), o in zip(span, own)], 2 << depth
            around = min(max(theta), max(theta[0] - turn, theta[1] + turn), max(theta[0] + turn, theta[1] - turn))
            if max(*l, around, *phi) <= reach:
                expected.append(i)
        place = [universe.columns((n,), row, row + 1)[n][0] for n in ("x_m", "y_m", "z_m")]
        chosen = select_around(universe, [Landmark("a", "A", "star", tuple(place), 1.0, "", "")], reach)
        assert chosen.homes == {home}
        assert chosen.cells == tuple(expected)
        reached[reach] = len(expected)
    assert reached[0] == 1 < reached[1] < reached[3]
    name = str(universe.cells[0])
    assert name == f"{universe.cells.depth[0]}_{universe.cells[0].index_name}"
    result = helios("train-cell", "--cell", name, "--input", tmp_path / "u", "--output", tmp_path / "one", *QUICK)
    assert result.exit_code == 0, result.output
    assert Universe.open(tmp_path / "one").trained.nonzero()[0].tolist() == [0]


def test_train_cell_of_a_universe_and_of_a_file(universe, tmp_path):
    made = Universe.open(universe)
    largest = int((made.offsets[1:] - made.offsets[:-1]).argmax())
    output = tmp_path / "one"
    name = str(made.cells[largest])
    assert helios("train-cell", "--cell", name, "--input", universe, "--output", output, *QUICK).exit_code == 0
    assert Universe.open(output).trained.nonzero()[0].tolist() == [largest]

    assert helios("pack", "--universe", universe, "--format", f"v1:depth={made.depth}").exit_code == 0
    source = universe / "pack" / "cells" / f"{made.cells[largest].index_name}.bin"
    result = helios("train-cell", "--cell", source, "--output", tmp_path / "cell.bin", *QUICK)
    assert result.exit_code == 0, result.output
    from helios.packing.v1_cell import read_cell

    stars, splats = read_cell(source), read_cell(tmp_path / "cell.bin")
    assert splats.id == stars.id
    assert len(splats) == TrainConfig().splat_count(len(stars))
    wanted = made.cell(largest).emitters.luminosities.sum(dtype=float) * made.cell(largest).half_extent_m ** 2
    for cell in (stars, splats):  # as other clients read them: 2 pi tau sigma^2 times the luminance of the colour
        light = mean_light(cell.opacities, cell.scales) * (cell.colors @ [0.2126, 0.7152, 0.0722])
        assert light.sum() == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--backend", "magic"], "unknown backend 'magic' (choose from auto, gsplat, numba, torch)"),
        (["--ratio", "0"], "--ratio 0.0: must be from"),
        (["--ratio", "2"], "--ratio 2.0: must be from"),
        (["--iterations", "-1"], "--iterations -1: must be from"),
        (["--input", "nowhere"], "nowhere: no universe there"),
    ],
)
def test_bad_settings_are_one_line(universe, tmp_path, arguments, message):
    output = tmp_path / "out"
    result = helios("train-all", "--input", universe, "--output", output, *QUICK, *arguments)
    assert result.exit_code == 1
    (line,) = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert message in line
    assert not output.exists()


def test_a_gpu_asked_for_where_there_is_none(universe, tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    result = helios("train-all", "--input", universe, "--output", tmp_path / "out", *QUICK[:-1], "gsplat")
    assert result.exit_code == 1
    assert "use --backend numba" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("cell", "message"), [("1_2", "must be L_THETA_PHI"), ("99_0_0", "outside the grid"), ("0_0_0", "not in")]
)
def test_cells_that_are_not_there(universe, tmp_path, cell, message):
    result = helios("train-cell", "--cell", cell, "--input", universe, "--output", tmp_path / "out", *QUICK)
    assert result.exit_code == 1
    assert message in result.output


def test_checkpoints_and_the_log_change_nothing(universe, trained, tmp_path):
    pytest.importorskip("tensorboard")
    path, _ = trained
    how = ("--checkpoint-every", 7, "--log", "tensorboard")
    result = helios("train-all", "--input", universe, "--output", tmp_path / "out", *QUICK, *how)
    assert result.exit_code == 0, result.output
    assert contents(tmp_path / "out") == contents(path)
    logs = [path.name for path in (tmp_path / "out_logs").iterdir() if not path.name.startswith("levels-")]
    assert len(logs) == len(Universe.open(universe))


def test_a_log_without_its_package_is_one_line(universe, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    for module in ("tensorboard_log", "summary_file"):
        monkeypatch.delitem(sys.modules, f"helios.training.run.{module}", raising=False)
    result = helios("train-all", "--input", universe, "--output", tmp_path / "out", *QUICK, "--log", "tensorboard")
    assert result.exit_code == 1
    (line,) = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert "pip install 'helios-planetarium[log]'" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("size", [17, 50, 257])
def test_image_sizes_need_not_be_multiples_of_16(universe, tmp_path, size):
    arguments = ("--iterations", 40, "--image-size", size, "--backend", "numba")
    name = str(Universe.open(universe).cells[0])
    output = tmp_path / "out"
    result = helios("train-cell", "--cell", name, "--input", universe, "--output", output, *arguments)
    assert result.exit_code == 0, result.output
    made = Universe.open(output)
    assert made.trained.sum() == 1
    (first,), (last,) = (made.metrics()[name][made.trained] for name in ("first_loss", "last_loss"))
    assert (last < first) == (made.training.result(0).outcome in ("trained", "mixed"))


def test_no_iterations_keep_the_start(universe, tmp_path):
    result = helios("train-all", "--input", universe, "--output", tmp_path / "out", *QUICK, "--iterations", 0)
    assert result.exit_code == 0, result.output
    assert "cells ended no better than they began, or with worse light, and keep their start" in result.output
