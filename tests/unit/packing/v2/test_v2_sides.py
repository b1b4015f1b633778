"""Side files of pack v2 have of each star what the universe has, to the bit, and only what it has.

They are read here by the formulas of `client_export/FORMAT.md`, written down again.
"""

import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from helios.cli import main
from helios.errors import StoreError
from helios.packing.pack import open_pack, pack_universe
from helios.packing.solar import SOLAR_FILES
from helios.packing.v2.compare import side_difference
from helios.packing.v2.format import V2
from helios.packing.v2.reader import read_side
from helios.packing.v2.side import IDS, SIDES
from helios.universe import Universe
from tests.unit.packing.v2.pack_scene import MEASURED, make_universe

GAIA = Path(__file__).parents[3] / "data" / "formats" / "GaiaSource_style_100.csv.gz"
SIDE_NAMES = ("ids", "motion", "distances")
NUMBERS = {"motion": 3, "distances": 2}


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    return make_universe(tmp_path_factory.mktemp("v2") / "universe", **MEASURED)


@pytest.fixture(scope="module")
def packed(universe, tmp_path_factory):
    return V2().write(universe, tmp_path_factory.mktemp("packed"))


def blocks(pack, name, size):
    """Of each tile the bytes of its stars in the side files `name`, `size` bytes a star; their CRCs are checked."""
    files = {path.name: path.read_bytes() for path in pack.folder.glob(f"{name}-*.bin")}
    taken = dict.fromkeys(files, 0)
    for part in pack.tiles():
        file = f"{name}-sky.bin" if part.file == "sky.bin" else part.file.replace("tiles", name)
        begin, end = taken[file], taken[file] + size * part.stars
        raw, (crc,) = files[file][begin:end], struct.unpack("<I", files[file][end : end + 4])
        assert crc == zlib.crc32(raw, part.crc)
        taken[file] = end + 4
        yield raw
    assert taken == {file: len(data) for file, data in files.items()}


def of_stars(pack, name):
    """The float32 numbers [N, k] of the side files `name`, by ascending identifier."""
    ids = np.frombuffer(b"".join(blocks(pack, "ids", 8)), "<i8")
    raw = b"".join(blocks(pack, name, 4 * NUMBERS[name]))
    return np.frombuffer(raw, "<f4").reshape(len(ids), -1)[np.argsort(ids)]


def bits(numbers):
    return np.ascontiguousarray(numbers).view(np.uint32)


def compared(universe, pack):
    """Assert that motion and distances of `pack` are those of the columns of `universe`; return both."""
    columns = universe.columns(("source_id", "velocity", "distance_lower_pc", "distance_upper_pc"))
    order = np.argsort(columns["source_id"])
    motion, distances = of_stars(pack, "motion"), of_stars(pack, "distances")
    np.testing.assert_array_equal(bits(motion), bits(columns["velocity"][order]))
    for i, name in enumerate(("distance_lower_pc", "distance_upper_pc")):
        np.testing.assert_array_equal(bits(distances[:, i]), bits(columns[name][order]))
    return motion, distances


def test_motion_and_distances_of_a_catalogue_are_packed_to_the_bit(tmp_path):
    options = ("--stars", GAIA, "--distance", "edsd", "--epoch", "2026.9", "--merge-bright")
    for arguments in (("build", *options, "-o", "u"), ("pack", "--universe", "u"), ("validate", "u")):
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            result = CliRunner().invoke(main, list(map(str, arguments)))
        assert result.exit_code == 0, result.output
    pack = open_pack(tmp_path / "u" / "pack")
    assert len(pack.tiles()) > 1
    motion, distances = compared(Universe.open(tmp_path / "u"), pack)
    assert len(motion) > 9000
    assert np.isfinite(motion).all()
    assert (np.abs(motion).max(axis=1) > 0).mean() > 0.9
    measured = np.isfinite(distances).all(axis=1)  # the embedded list's have no errors
    assert measured.sum() == 100
    assert (distances[measured, 0] < distances[measured, 1]).all()
    drawn = sum(path.stat().st_size for path in pack.folder.glob("*.bin") if path.name.split("-")[0] not in SIDE_NAMES)
    assert pack.result.size_bytes == drawn


def test_a_tree_of_many_tiles_has_them_too_and_the_same_with_any_workers(universe, packed, tmp_path):
    motion, distances = compared(universe, packed)
    assert len(packed.tiles()) == 1 + len(set(universe.levels.parent[1:].tolist())) > 10  # the sky, and of each parent
    assert len(np.unique(motion, axis=0)) > 5000
    assert np.isfinite(distances).all()
    for workers in (1, 2):
        (tmp_path / str(workers)).mkdir()
        V2().write(universe, tmp_path / str(workers), workers=workers, branch_rows=500)
    for name in packed.files:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
        if name != "head.bin":  # the sum of the light is taken branch by branch
            assert (tmp_path / "1" / name).read_bytes() == (packed.folder / name).read_bytes()


@pytest.mark.parametrize(
    ("options", "kinds", "mask"),
    [
        ({}, ("ids",), 0b001),
        ({"epoch": "J2026.9"}, ("ids", "motion"), 0b011),
        ({"distance": "edsd"}, ("ids", "distances"), 0b101),
        (MEASURED, SIDE_NAMES, 0b111),
    ],
)
def test_a_pack_has_the_side_files_of_what_the_universe_has(options, kinds, mask, tmp_path):
    universe = make_universe(tmp_path / "universe", stars=600, **options)
    pack_universe(universe, tmp_path / "pack", "v1")
    pack_universe(universe, tmp_path / "pack")
    pack_universe(universe, tmp_path / "pack")
    pack = open_pack(tmp_path / "pack")
    assert tuple(side.name for side in pack.head.sides) == kinds
    assert (pack.folder / "head.bin").read_bytes()[55] == mask
    sides = {f"{kind}-{stem}.bin" for kind in kinds for stem in ("sky", "00000")}
    rest = {"head.bin", "sky.bin", "glow.bin", "tiles-00000.bin"}
    assert set(pack.files) == sides | rest
    assert {path.name for path in pack.folder.iterdir()} == sides | rest | {"landmarks.json", *SOLAR_FILES}


def test_the_block_of_another_tile_is_refused(packed, tmp_path):
    """The records are as many, and sound; but their CRC-32 goes on from that of another tile than is there."""
    one, other = packed.tiles()[2:4]
    for side in SIDES:
        folder = tmp_path / side.name
        shutil.copytree(packed.folder, folder)
        file, offset, length = one.side_place(side)
        data = bytearray((folder / file).read_bytes())
        records = data[offset : offset + length - 4]
        data[offset + length - 4 : offset + length] = struct.pack("<I", zlib.crc32(records, other.crc))
        (folder / file).write_bytes(data)
        pack, told = open_pack(folder), []
        for number in range(len(pack)):
            try:
                pack.check(number)
            except StoreError as error:
                told.append(str(error))
        assert len(told) == 1
        assert f"{file}: the tile of cell " in told[0]
        assert "damaged, or of another tile" in told[0]


@pytest.mark.parametrize("name", ["motion", "distances"])
def test_another_value_with_the_right_checksum_is_told_with_its_star(universe, packed, tmp_path, name):
    folder = Path(universe.path) / "pack"
    shutil.copytree(packed.folder, folder)
    side = next(side for side in SIDES if side.name == name)
    part = max(packed.tiles(), key=lambda part: part.stars)
    file, offset, length = part.side_place(side)
    star = int(read_side(folder, IDS, [part])[3])
    data = bytearray((folder / file).read_bytes())
    data[offset + 3 * side.record.itemsize] ^= 1
    records = data[offset : offset + length - 4]
    data[offset + length - 4 : offset + length] = struct.pack("<I", zlib.crc32(records, part.crc))
    (folder / file).write_bytes(data)
    (folder / "landmarks.json").write_bytes((Path(universe.path) / "landmarks.json").read_bytes())
    result = CliRunner().invoke(main, ["validate", str(universe.path)])
    shutil.rmtree(folder)
    assert result.exit_code == 1
    assert f"star {star} has not the universe's {name}" in result.output


def test_not_a_number_is_equal_to_itself_and_every_bit_counts():
    motion, distances = SIDES[1:]
    columns = {
        "source_id": np.array([5, -7, 9]),
        "velocity": np.array([[1, 2, 3], [0, -0.0, 4], [1e9, 0, 0]], np.float32),
        "distance_lower_pc": np.array([1, np.nan, 3], np.float32),
        "distance_upper_pc": np.array([2, np.nan, np.inf], np.float32),
    }
    for side in (motion, distances):
        records = side.records(columns)
        assert side_difference(side, records, columns) is None
        for row in range(3):
            other = records.copy()
            other[row, -1] = np.nextafter(other[row, -1], 7) if np.isfinite(other[row, -1]) else 1
            said = f"star {columns['source_id'][row]} has not the universe's {side.name}"
            assert side_difference(side, other, columns) == said
    positive = np.abs(motion.records(columns))
    assert "star -7 " in side_difference(motion, positive, columns)
    assert IDS.records(columns).tolist() == [5, 2**64 - 7, 9]


def test_a_pack_of_other_kinds_than_the_universe_is_told(universe, tmp_path):
    plain = make_universe(tmp_path / "plain")
    (tmp_path / "pack").mkdir()
    pack = V2().write(plain, tmp_path / "pack")
    said = "it has side files ids, those of the universe are ids, motion, distances"
    assert list(V2().differences(universe, pack)) == [said]
