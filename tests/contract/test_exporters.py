"""What every registered exporter promises, whatever its format: all the light, in its place, whole or not at all.

One class runs over the registry; a new exporter adds a line to READERS: the options with which it writes what stands
for a cell, and what gives back, from its file alone, where each splat is, how much light it has and of which colour.
The universes are half trained, with splats brighter than opacity 1 and fainter than 1/255.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import plyfile
import pyarrow.csv
import pytest
from astropy import units as u
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord

from helios.color import LUMINANCE
from helios.constants import OMEGA_0_SR
from helios.errors import InputError
from helios.packing import EXPORTERS
from helios.packing.export import export
from helios.universe import Universe
from tests.unit.packing import scene


@dataclass(frozen=True)
class Read:
    """What a file says: `position` [K, 3] metres; `light` [K, 3], sr m^2 of each colour, or [K, 1] of all together.

    `opacity` [K] and `color` [K, 3] are those of splats, else None.
    """

    position: np.ndarray
    light: np.ndarray
    opacity: np.ndarray | None = None
    color: np.ndarray | None = None

    @classmethod
    def of_splats(cls, origin, unit, means, scales, opacity, color) -> "Read":
        light = 2 * np.pi * opacity * np.prod(scales * unit, axis=1) ** (2 / 3)
        return cls(origin + unit * means, light[:, None] * color, opacity, color)


def read_ply(path: Path) -> Read:
    """A 3DGS PLY as Helios writes it, by plyfile."""
    ply = plyfile.PlyData.read(str(path))
    notes = dict(comment.split(" ", 1) for comment in ply.comments)
    origin, unit = np.array([float(x) for x in notes["origin_m"].split()]), float(notes["unit_m"])
    column = {p.name: ply["vertex"][p.name].astype(np.float64) for p in ply["vertex"].properties}
    means, scales, f_dc = (
        np.stack([column[name] for name in names], axis=1)
        for names in ("xyz", [f"scale_{i}" for i in range(3)], [f"f_dc_{i}" for i in range(3)])
    )
    opacity = 1 / (1 + np.exp(-column["opacity"]))
    return Read.of_splats(origin, unit, means, np.exp(scales), opacity, 0.5 + 0.28209479177387814 * f_dc)


def read_csv(path: Path) -> Read:
    """A table of stars; positions by astropy."""
    table = pyarrow.csv.read_csv(path)
    ra, dec, distance, mag = (table[name].to_numpy() for name in ("ra", "dec", "distance_pc", "phot_g_mean_mag"))
    sky = SkyCoord(ra * u.deg, dec * u.deg, distance * u.pc, frame="icrs")
    position = sky.transform_to(BarycentricMeanEcliptic()).cartesian.xyz.to_value(u.m).T
    light = OMEGA_0_SR * 10 ** (-0.4 * mag) * np.linalg.norm(position, axis=1) ** 2
    return Read(position, light[:, None])


@dataclass(frozen=True)
class Reader:
    """`spec`: the format with the options by which it writes what stands for a cell; `read`: what reads it back.

    `light`: relative error of the light of a splat; `place`: error of a coordinate, of the size of all.
    """

    spec: str
    read: Callable[[Path], Read]
    light: float = 1e-5  # a float32 magnitude of up to 40 is rounded by 2e-6, 0.92 of which is the error of its light
    place: float = 2e-7


READERS = {
    "ply": Reader("ply", read_ply),
    "csv": Reader("csv:splats=true", read_csv),
}


@pytest.fixture(scope="module", params=["one depth", "adaptive"])
def universe(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exporters")
    if request.param == "adaptive":
        scene.make_clumps(folder / "universe", leaf_capacity=8)
    else:
        scene.make_stars(folder / "universe")
    return scene.make_trained(folder / "universe", folder / "universe_trained")


def expected(universe: Universe, cells) -> tuple[np.ndarray, np.ndarray]:
    """Return position [K, 3] metres and light [K, 3], sr m^2, of what stands for the cells, from the universe."""
    positions, lights = [], []
    for i in cells:
        cell, splats = universe.cell(i), universe.splats(i)
        shown = cell.emitters if splats is None else splats
        positions.append(cell.origin_m + cell.half_extent_m * shown.means.astype(np.float64))
        light = shown.luminosities.astype(np.float64) * cell.half_extent_m**2
        lights.append(light[:, None] * shown.colors.astype(np.float64))
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
        reader = READERS[name]
        exported = export(universe, tmp_path / "file", reader.spec, cells)
        found = reader.read(tmp_path / "file")
        want_position, want_light = expected(universe, cells)
        assert (exported.cells, exported.splats) == (len(cells), len(want_light))
        assert exported.size_bytes == (tmp_path / "file").stat().st_size
        assert exported.trained_cells == universe.trained[list(cells)].sum()
        if found.color is None:
            want_light = want_light @ LUMINANCE[:, None]
        np.testing.assert_allclose(found.light, want_light, rtol=reader.light, atol=reader.light * want_light.min())
        extent = np.abs(want_position - want_position.mean(axis=0)).max()
        span = max(universe.cell(i).half_extent_m for i in cells) + extent
        np.testing.assert_allclose(found.position, want_position, rtol=0, atol=reader.place * span)

    def test_other_viewers_can_draw_it_and_are_told_what_they_cannot(self, universe, tmp_path, name):
        exported = export(universe, tmp_path / "file", READERS[name].spec)
        found = READERS[name].read(tmp_path / "file")
        if found.color is None:
            assert exported.faint_share == 0
            return
        assert 0 <= found.color.min() <= found.color.max() <= 1 + 1e-6
        assert 0 <= found.opacity.min() <= found.opacity.max() <= 0.951
        light = found.light @ LUMINANCE
        faint = light[found.opacity < 1 / 255].sum() / light.sum()
        assert exported.faint_share == pytest.approx(faint, rel=1e-4)
        trained = [universe.splats(int(i)) for i in np.flatnonzero(universe.trained)]
        assert any((splats.opacities < 1 / 255).any() and (splats.colors > 1).any() for splats in trained)

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
