"""`docs/store.md` is enough to read a universe: columns, dtypes and meanings are those of its tables.

The reader here knows zarr, json and that page, and imports nothing of Helios but the command that makes the universe.
"""

import json
import re

import numpy as np
import pytest
import zarr
from click.testing import CliRunner

from helios.cli import main
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "store.md").read_text()
OPTIONAL = {"distance_lower_pc", "distance_upper_pc", "velocity"}


def columns_of(group: str) -> dict[str, str]:
    """The dtype of each column in the table of a group, as the page has them."""
    section = PAGE.split(f"### {group}\n")[1].split("\n#")[0]
    rows = re.findall(r"^\| (`[^|]+) \| (\w+)[^|]* \|", section, re.MULTILINE)
    return {name: dtype for names, dtype in rows for name in re.findall(r"`(\w+)`", names)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    catalogue = ROOT / "tests" / "data" / "formats" / "GaiaSource_style_100.csv.gz"
    options = ["--distance", "edsd", "--epoch", "2026.9", "--leaf-capacity", "20"]
    for command in (
        ["build", "--stars", str(catalogue), *options, "-o", str(folder / "universe")],
        ["train-all", "--input", str(folder / "universe"), "--output", str(folder / "universe"), "--iterations", "2"],
        ["pack", "--universe", str(folder / "universe")],
    ):
        assert CliRunner().invoke(main, command, catch_exceptions=False).exit_code == 0
    return folder / "universe"


@pytest.fixture(scope="module")
def root(folder):
    return zarr.open_group(folder / "universe.zarr", mode="r", zarr_format=3)


@pytest.mark.parametrize("group", ["cells", "inner", "emitters", "splats"])
def test_columns_are_those_of_the_page(root, group):
    assert {name: str(array.dtype) for name, array in root[group].arrays()} == columns_of(group)


def test_the_columns_of_trained_levels_are_those_of_the_page(tmp_path):
    """A hundred stars, of which no proxy stands for two, have none."""
    universe = str(tmp_path / "universe")
    train = ["train-all", "--input", universe, "--output", universe, "--iterations", "2", "--image-size", "32"]
    for command in (["build", "--synthetic", "1000", "--depth", "1", "-o", universe], train):
        assert CliRunner().invoke(main, command, catch_exceptions=False).exit_code == 0
    group = zarr.open_group(tmp_path / "universe/universe.zarr", mode="r")["trained_levels"]
    assert {name: str(array.dtype) for name, array in group.arrays()} == columns_of("trained_levels")


def test_columns_that_only_some_universes_have(tmp_path):
    assert CliRunner().invoke(main, ["build", "--synthetic", "50", "-o", str(tmp_path / "plain")]).exit_code == 0
    plain = zarr.open_group(tmp_path / "plain" / "universe.zarr", mode="r")
    assert "splats" not in plain
    assert set(plain["emitters"].array_keys()) == columns_of("emitters").keys() - OPTIONAL


def test_the_files_and_groups_are_those_of_the_page(folder, root):
    tree = PAGE.split("```text\n")[1].split("```")[0]
    names = {line.split()[0].rstrip("/") for line in tree.splitlines()[1:]}
    found = {path.name for path in folder.iterdir()} | set(root.group_keys())
    assert found | {"trained_levels"} == names  # only where training has mended levels


def test_the_manifest_says_what_the_store_holds(folder, root):
    manifest = json.loads((folder / "index.json").read_text())
    shown = json.loads(PAGE.split("```json\n")[1].split("```")[0])
    assert manifest.keys() == shown.keys()
    assert manifest["version"] == shown["version"] == root.attrs["version"]
    assert manifest["tree"].keys() == shown["tree"].keys()
    assert (manifest["tree"]["depth"], manifest["tree"]["leaf_capacity"]) == (root.attrs["depth"], 20)
    assert manifest["config"] == shown["config"]
    depths = root["cells/depth"][:]
    assert (manifest["tree"]["shallowest"], manifest["tree"]["deepest"]) == (depths.min(), depths.max())
    assert manifest["totals"] == {
        "cells": len(depths),
        "inner_cells": root["inner/depth"].shape[0],
        "stars": root["emitters/x_m"].shape[0],
        "trained_cells": int((root["splats/outcomes"][:] > 0).sum()),
        "splats": root["splats/means"].shape[0],
    }


def grid_cell(depth: int, position: np.ndarray) -> tuple[int, int, int]:
    """The cell of a position at a depth, by the formulas of docs/design.md."""
    r = np.linalg.norm(position)
    return (
        int(np.floor(np.log2(r / 4.6e10) * 2.0 ** (depth - 5))),
        min(int((np.arctan2(position[1], position[0]) + np.pi) / (2 * np.pi) * 2 ** (depth + 1)), 2 ** (depth + 1) - 1),
        min(int(np.arccos(position[2] / r) / np.pi * 2**depth), 2**depth - 1),
    )


def test_stars_lie_in_their_cells_the_most_luminous_first(root):
    cells = {name: root[f"cells/{name}"][:] for name in columns_of("cells")}
    stars = {name: root[f"emitters/{name}"][:] for name in columns_of("emitters")}
    position = np.stack([stars[name] for name in ("x_m", "y_m", "z_m")], axis=-1)
    light = np.sum(position**2, axis=-1) * 10 ** (-0.4 * stars["phot_g_mean_mag"].astype(float))
    for i, depth in enumerate(cells["depth"]):
        rows = slice(cells["offsets"][i], cells["offsets"][i + 1])
        index = tuple(int(cells[name][i]) for name in ("l", "theta", "phi"))
        assert all(grid_cell(int(depth), place) == index for place in position[rows])
        assert np.all(np.diff(light[rows]) <= 1e-12 * light[rows][:-1])
        box = np.array([position[rows].min(axis=0), position[rows].max(axis=0)])
        assert np.array_equal(box, [cells["stars_min_m"][i], cells["stars_max_m"][i]])
    assert np.all(stars["distance_lower_pc"] < stars["distance_upper_pc"])
    distance_pc = np.linalg.norm(position, axis=-1) / 3.0856775814913674e16
    assert np.median(distance_pc / stars["distance_upper_pc"]) < 1 < np.median(distance_pc / stars["distance_lower_pc"])


def test_inner_cells_count_what_is_below(root):
    inner = {name: root[f"inner/{name}"][:] for name in columns_of("inner")}
    offsets, depths = root["cells/offsets"][:], root["cells/depth"][:]
    l = root["cells/l"][:]
    assert np.array_equal(offsets[inner["stop"]] - offsets[inner["first"]], inner["count"])
    for depth, first, stop, shell in zip(*(inner[name] for name in ("depth", "first", "stop", "l"))):
        assert np.all(l[first:stop] >> (depths[first:stop] - depth) == shell)


def test_splats_are_those_of_their_cells(root):
    splats = root["splats"]
    offsets, outcomes = splats["offsets"][:], splats["outcomes"][:]
    assert np.array_equal(np.diff(offsets) > 0, outcomes > 0)
    assert splats["metrics"].shape == (len(outcomes), len(splats.attrs["metrics"]))
    assert np.allclose(np.linalg.norm(splats["quats"][:], axis=1), 1, atol=1e-6)
    assert np.allclose(splats["colors"][:] @ [0.2126, 0.7152, 0.0722], 1, atol=1e-5)


def test_provenance_has_the_entries_that_the_page_names(root):
    section = PAGE.split("## Provenance\n")[1]
    named = set(re.findall(r"`(\w+)`", section)) - {"provenance"}
    assert named <= root.attrs["provenance"].keys()
