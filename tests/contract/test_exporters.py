"""What every registered exporter promises, whatever its format: all the light, in its place, whole or not at all.

One class runs over the registry; a new exporter adds a line to READERS: the options with which it writes what stands
for a cell, and what gives back, from its file alone, where each splat is and how much light it has. The universes are
half trained, with splats brighter than opacity 1.
"""

from pathlib import Path

import numpy as np
import plyfile
import pyarrow.csv
import pytest
from astropy import units as u
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord

from helios.constants import OMEGA_0_SR
from helios.errors import InputError
from helios.packing import EXPORTERS
from helios.packing.export import export
from helios.universe import Universe
from tests.unit.packing import scene


def read_ply(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return position [K, 3] metres and luminosity [K] sr m^2, float64, of a 3DGS PLY as Helios writes it."""
    ply = plyfile.PlyData.read(str(path))
    notes = dict(comment.split(" ", 1) for comment in ply.comments)
    origin, unit = np.array([float(x) for x in notes["origin_m"].split()]), float(notes["unit_m"])
    column = {p.name: ply["vertex"][p.name].astype(np.float64) for p in ply["vertex"].properties}
    scales = np.exp(np.stack([column[f"scale_{i}"] for i in range(3)]))
    tau = 1 / (1 + np.exp(-column["opacity"]))
    position = origin + unit * np.stack([column[axis] for axis in "xyz"], axis=1)
    return position, 2 * np.pi * tau * np.prod(scales * unit, axis=0) ** (2 / 3)


def read_csv(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The same of a table of stars; positions by astropy."""
    table = pyarrow.csv.read_csv(path)
    ra, dec, distance, mag = (table[name].to_numpy() for name in ("ra", "dec", "distance_pc", "phot_g_mean_mag"))
    sky = SkyCoord(ra * u.deg, dec * u.deg, distance * u.pc, frame="icrs")
    position = sky.transform_to(BarycentricMeanEcliptic()).cartesian.xyz.to_value(u.m).T
    return position, OMEGA_0_SR * 10 ** (-0.4 * mag) * np.linalg.norm(position, axis=1) ** 2


READERS = {"ply": ("ply", read_ply), "csv": ("csv:splats=true", read_csv)}


@pytest.fixture(scope="module", params=["one depth", "adaptive"])
def universe(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exporters")
    if request.param == "adaptive":
        scene.make_clumps(folder / "universe", leaf_capacity=8)
    else:
        scene.make_stars(folder / "universe")
    return scene.make_trained(folder / "universe", folder / "universe_trained")


def expected(universe: Universe, cells) -> tuple[np.ndarray, np.ndarray]:
    """Return position [K, 3] metres and luminosity [K] sr m^2 of what stands for the cells, from the universe."""
    positions, lights = [], []
    for i in cells:
        cell, splats = universe.cell(i), universe.splats(i)
        shown = cell.emitters if splats is None else splats
        positions.append(cell.origin_m + cell.half_extent_m * shown.means.astype(np.float64))
        lights.append(shown.luminosities.astype(np.float64) * cell.half_extent_m**2)
    return np.concatenate(positions), np.concatenate(lights)


@pytest.mark.parametrize("name", EXPORTERS.names())
class TestExporter:
    @pytest.mark.parametrize("choice", ["a trained cell", "a cell of stars", "neighbours", "all"])
    def test_all_the_light_is_in_its_place(self, universe, tmp_path, name, choice):
        last = len(universe) - 1
        cells = {
            "a trained cell": [0],
            "a cell of stars": [1],
            "neighbours": [last - 1, last],
            "all": range(len(universe)),
        }[choice]
        spec, read = READERS[name]
        exported = export(universe, tmp_path / "file", spec, cells)
        position, light = read(tmp_path / "file")
        want_position, want_light = expected(universe, cells)
        assert (exported.cells, exported.splats) == (len(cells), len(want_light))
        assert exported.size_bytes == (tmp_path / "file").stat().st_size
        assert exported.trained_cells == universe.trained[list(cells)].sum()
        # A float32 magnitude of up to 40 is rounded by 2e-6, 0.92 of which is the error of its light.
        np.testing.assert_allclose(light, want_light, rtol=1e-5)
        extent = np.abs(want_position - want_position.mean(axis=0)).max()
        span = max(universe.cell(i).half_extent_m for i in cells) + extent
        np.testing.assert_allclose(position, want_position, rtol=0, atol=2e-7 * span)

    def test_the_same_cells_give_the_same_bytes(self, universe, tmp_path, name):
        for file in ("one", "two"):
            export(universe, tmp_path / file, name, [0, 1, 2])
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()

    def test_without_cells_named_it_is_all_of_them(self, universe, tmp_path, name):
        for file, cells in (("all", None), ("each", range(len(universe)))):
            assert export(universe, tmp_path / file, name, cells).cells == len(universe)
        assert (tmp_path / "all").read_bytes() == (tmp_path / "each").read_bytes()

    def test_it_replaces_a_file_and_leaves_nothing_beside_it(self, universe, tmp_path, name):
        (tmp_path / "file").write_text("old")
        export(universe, tmp_path / "file", name, [0])
        assert [path.name for path in tmp_path.iterdir()] == ["file"]
        assert (tmp_path / "file").read_bytes() != b"old"

    def test_a_failure_leaves_the_old_file(self, universe, tmp_path, name, monkeypatch):
        def fail(self, target):
            raise OSError("disk full")

        (tmp_path / "file").write_text("old")
        monkeypatch.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="disk full"):
            export(universe, tmp_path / "file", name, [0])
        assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"file": "old"}

    def test_no_cells_and_no_place_are_refused(self, universe, tmp_path, name):
        for cells, place, message in (
            ([], "file", "no cells to export"),
            ([0], ".", "must be a file in a directory that exists"),
            ([0], "missing/file", "must be a file in a directory that exists"),
        ):
            with pytest.raises(InputError, match=message):
                export(universe, tmp_path / place, name, cells)
        assert not list(tmp_path.iterdir())


def test_an_unknown_format_names_the_choices(universe, tmp_path):
    with pytest.raises(
        InputError, match=rf"unknown export format 'obj' \(choose from {', '.join(EXPORTERS.names())}\)"
    ):
        export(universe, tmp_path / "file", "obj")
