"""What every registered exporter promises, whatever its format: all the light, in its place, whole or not at all.

One class runs over the registry; a new exporter adds a line to READERS: the options with which it writes what stands
for a cell, and what gives back, from its file alone, where each splat is, how much light it has and of which colour.
The universes are half trained, with splats brighter than opacity 1 and fainter than 1/255.
"""

import base64
import gzip
import itertools
import json
import struct
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
from helios.errors import InputError, StoreError
from helios.packing import EXPORTERS
from helios.packing.export import ExportResult, export
from helios.universe import Universe
from tests.unit.packing import scene

SH_C0 = 0.28209479177387814
"""1 / (2 sqrt(pi)), by which splats' colours are stored."""


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
    def of_splats(cls, exported: ExportResult, means, scales, opacity, color) -> "Read":
        light = 2 * np.pi * opacity * np.prod(scales * exported.unit_m, axis=1) ** (2 / 3)
        return cls(np.array(exported.origin_m) + exported.unit_m * means, light[:, None] * color, opacity, color)


def read_ply(path: Path, exported: ExportResult) -> Read:
    """A 3DGS PLY as Helios writes it, by plyfile."""
    ply = plyfile.PlyData.read(str(path))
    notes = dict(comment.split(" ", 1) for comment in ply.comments)
    origin, unit = np.array([float(x) for x in notes["origin_m"].split()]), float(notes["unit_m"])
    assert (tuple(origin), unit) == (exported.origin_m, exported.unit_m)
    column = {p.name: ply["vertex"][p.name].astype(np.float64) for p in ply["vertex"].properties}
    means, scales, f_dc = (
        np.stack([column[name] for name in names], axis=1)
        for names in ("xyz", [f"scale_{i}" for i in range(3)], [f"f_dc_{i}" for i in range(3)])
    )
    opacity = 1 / (1 + np.exp(-column["opacity"]))
    return Read.of_splats(exported, means, np.exp(scales), opacity, 0.5 + SH_C0 * f_dc)


def read_spz(path: Path, exported: ExportResult) -> Read:
    """SPZ, version 3, by the description of its layout."""
    data = gzip.decompress(path.read_bytes())
    magic, version, count, degree, bits, antialiased, _ = struct.unpack_from("<4sIIBBBB", data)
    assert (magic, version, degree, antialiased, len(data)) == (b"NGSP", 3, 0, 1, 16 + 20 * count)
    ends = 16 + count * np.cumsum([0, 9, 1, 3, 3, 4])
    position, alpha, color, scale, _ = (
        np.frombuffer(data[start:end], np.uint8).reshape(count, -1) for start, end in itertools.pairwise(ends)
    )
    steps = np.zeros((count, 3, 4), np.uint8)
    steps[:, :, 1:] = position.reshape(count, 3, 3)
    means = (steps.view("<i4")[:, :, 0] >> 8) / 2.0**bits
    color = 0.5 + SH_C0 * (color / 255 - 0.5) / 0.15
    return Read.of_splats(exported, means, np.exp(scale / 16 - 10), alpha[:, 0] / 255, color)


def read_glb(path: Path, exported: ExportResult) -> Read:
    """The only buffer of a .glb of glTF 2.0."""
    data = path.read_bytes()
    magic, version, total, size, kind = struct.unpack_from("<4sIII4s", data)
    assert (magic, version, total, kind, size % 4) == (b"glTF", 2, len(data), b"JSON", 0)
    binary, kind = struct.unpack_from("<I4s", data, 20 + size)
    assert (kind, 28 + size + binary) == (b"BIN\0", total)
    return read_gltf_document(json.loads(data[20 : 20 + size]), data[28 + size :], exported)


def read_gltf(path: Path, exported: ExportResult) -> Read:
    """A .gltf whose buffer is in it."""
    document = json.loads(path.read_text())
    kind, text = document["buffers"][0]["uri"].split(",")
    assert kind == "data:application/octet-stream;base64"
    return read_gltf_document(document, base64.b64decode(text, validate=True), exported)


def read_gltf_document(document: dict, buffer: bytes, exported: ExportResult) -> Read:
    """The attributes of KHR_gaussian_splatting, each by its accessor and its view of the buffer."""
    (primitive,), (view,) = document["meshes"][0]["primitives"], document["bufferViews"]
    assert document["buffers"][0]["byteLength"] == view["byteLength"] == len(buffer)
    values = {}
    for name, number in primitive["attributes"].items():
        accessor = document["accessors"][number]
        assert accessor["componentType"] == 5126
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[accessor["type"]]
        shape, strides = (accessor["count"], width), (view["byteStride"], 4)
        column = np.ndarray(shape, "<f4", buffer, accessor["byteOffset"], strides).astype(np.float64)
        values[name.removeprefix("KHR_gaussian_splatting:")] = column
        if name == "POSITION":
            assert [accessor["min"], accessor["max"]] == [column.min(axis=0).tolist(), column.max(axis=0).tolist()]
    assert primitive["extensions"]["KHR_gaussian_splatting"]["colorSpace"] == "lin_rec709_display"
    np.testing.assert_allclose(np.linalg.norm(values["ROTATION"], axis=1), 1, rtol=1e-6)
    opacity, color = values["OPACITY"][:, 0], 0.5 + SH_C0 * values["SH_DEGREE_0_COEF_0"]
    return Read.of_splats(exported, values["POSITION"], values["SCALE"], opacity, color)


def read_csv(path: Path, exported: ExportResult) -> Read:
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

    `light`: relative error of the light of a splat; `color`: the same of its light of one colour, of all its light;
    `place`: error of a coordinate, of the size of all.
    """

    spec: str
    read: Callable[[Path, ExportResult], Read]
    light: float = 1e-5  # a float32 magnitude of up to 40 is rounded by 2e-6, 0.92 of which is the error of its light
    color: float = 1e-5
    place: float = 2e-7


READERS = {
    "ply": Reader("ply", read_ply),
    # Bytes round sizes by 3 % and colours by 0.0037 of their peaks; `tests/unit/packing/test_spz.py` is stricter.
    "spz": Reader("spz", read_spz, light=0.05, color=0.06, place=2**-23),
    "glb": Reader("glb", read_glb),
    "gltf": Reader("gltf", read_gltf),
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
        found = reader.read(tmp_path / "file", exported)
        want_position, want_light = expected(universe, cells)
        assert (exported.cells, exported.splats) == (len(cells), len(want_light))
        assert exported.size_bytes == (tmp_path / "file").stat().st_size
        assert exported.trained_cells == universe.trained[list(cells)].sum()
        total = want_light @ LUMINANCE
        light = found.light[:, 0] if found.color is None else found.light @ LUMINANCE
        off = np.abs(light / total - 1) > 0.05
        np.testing.assert_allclose(light[~off], total[~off], rtol=reader.light)
        told = [float(note.split(" %")[0]) for note in exported.notes if "of the light" in note]
        assert told == ([pytest.approx(100 * total[off].sum() / total.sum(), rel=0.06)] if off.any() else [])
        if found.color is not None:
            error = np.abs(found.light - want_light) - reader.light * want_light
            assert (error[~off] <= reader.color * total[~off, None]).all()
        extent = np.abs(want_position - want_position.mean(axis=0)).max()
        span = max(universe.cell(i).half_extent_m for i in cells) + extent
        np.testing.assert_allclose(found.position, want_position, rtol=0, atol=reader.place * span)

    def test_other_viewers_can_draw_it_and_are_told_what_they_cannot(self, universe, tmp_path, name):
        exported = export(universe, tmp_path / "file", READERS[name].spec)
        found = READERS[name].read(tmp_path / "file", exported)
        if found.color is None:
            assert exported.faint_share == 0
            return
        assert 0 <= found.color.min() <= found.color.max() <= 1 + 1e-6
        assert 0 <= found.opacity.min() <= found.opacity.max() <= 1
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

    @pytest.mark.parametrize(
        ("column", "value"),
        [("means", np.nan), ("scales", np.inf), ("scales", 0), ("opacities", 0), ("colors", np.nan)],
    )
    def test_what_is_no_splat_is_never_written(self, universe, tmp_path, name, monkeypatch, column, value):
        broken = universe.splats(0)
        getattr(broken, column)[-1] = value
        monkeypatch.setattr(type(universe), "splats", lambda self, i: broken)
        with pytest.raises(StoreError, match=f"cell {universe.cells[0]} is damaged, a splat has no place, no size or"):
            export(universe, tmp_path / "file", READERS[name].spec, [0])
        assert not list(tmp_path.iterdir())

    def test_no_cells_and_no_place_are_refused(self, universe, tmp_path, name):
        for cells, place, message in (
            ([], "file", "no cells to export"),
            ([0], ".", "a directory stands there, left as it is; name a file"),
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
