"""Damage to a pack of the format v2 is noticed by reading it, in one line, and costs only the part in which it is."""

import random
import shutil

import pytest

from helios.errors import StoreError
from helios.packing.pack import open_pack
from helios.packing.v2.files import GLOW, HEAD, SKY
from tests.unit.packing.v2.pack_scene import pack_of_several_shards

KINDS = ("flip", "flip", "missing", "short", "swap", "gone")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A pack of several shards and pages."""
    pack = pack_of_several_shards(tmp_path_factory.mktemp("v2"))
    assert pack.head.n_shards > 1
    assert {name.split("-")[0] for name in pack.files} == {HEAD, SKY, GLOW, "tiles", "ids", "motion", "distances"}
    assert sum(not part.cells and part.file not in (SKY, GLOW) for part in pack.parts) > 2
    return pack


def damaged(data: bytes, kind: str, rng: random.Random) -> tuple[bytes, int, int]:
    """`data` with a fault, and the range of bytes that it may change: from the first to the one behind the last."""
    place = rng.randrange(len(data))
    if kind == "flip":
        return data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :], place, place + 1
    if kind == "missing":
        return data[:place] + data[place + 1 :], place, len(data)
    if kind == "short":
        return data[:place], place, len(data)
    other = rng.randrange(len(data))
    swapped = bytearray(data)
    swapped[place], swapped[other] = data[other], data[place]
    return bytes(swapped), min(place, other), max(place, other) + 1


def faults(folder) -> tuple[list[str], list[int]]:
    """The messages of all parts that do not read, and the numbers of those that do."""
    pack, told, whole = open_pack(folder), [], []
    for number in range(len(pack)):
        try:
            pack.check(number)
            whole.append(number)
        except StoreError as error:
            told.append(str(error))
    return told, [pack.parts[number] for number in whole]


@pytest.mark.parametrize("trials", [pytest.param(150), pytest.param(1000, marks=pytest.mark.slow)])
def test_each_fault_is_noticed_in_one_line_and_costs_only_its_part(sound, tmp_path, trials):
    rng = random.Random(trials)
    folder = tmp_path / "pack"
    shutil.copytree(sound.folder, folder)
    every = set(sound.parts)
    for _ in range(trials):
        name, kind = rng.choice(sound.files), rng.choice(KINDS)
        path, data = folder / name, (sound.folder / name).read_bytes()
        if kind == "gone":
            path.unlink()
            first, last = 0, len(data)
        else:
            spoilt, first, last = damaged(data, kind, rng)
            if spoilt == data:
                continue
            path.write_bytes(spoilt)
        if name == HEAD:
            with pytest.raises(StoreError) as caught:
                open_pack(folder)
            told = [str(caught.value)]
        else:
            told, whole = faults(folder)
            if not any(page_in(part, name, first, last) for part in sound.parts):
                assert {part for part in every if not touched(part, name, first, last)} <= set(whole)
        assert told, (name, kind, first)
        assert all("\n" not in line and str(folder) in line for line in told)
        path.write_bytes(data)
    assert faults(folder)[0] == []


def touched(part, name: str, first: int, last: int) -> bool:
    """Whether the part has any of the bytes from `first` to `last` of the file `name`."""
    if part.file == name:
        return part.offset < last and first < part.offset + part.length
    for side, size in (("ids", 8), ("motion", 12), ("distances", 8)):
        if f"{side}-{part.stem}.bin" == name:
            begin = size * part.first_star + 4 * part.first_tile
            return begin < last and first < begin + size * part.stars + 4
    return False


def page_in(part, name: str, first: int, last: int) -> bool:
    """Whether it is a page, with all that is below it, that has any of these bytes."""
    return not part.cells and part.file not in (SKY, GLOW) and touched(part, name, first, last)


def test_bytes_behind_the_last_part_are_noticed(sound, tmp_path):
    for name in sound.files:
        folder = tmp_path / name
        shutil.copytree(sound.folder, folder)
        with (folder / name).open("ab") as file:
            file.write(b"\0")
        if name == HEAD:
            with pytest.raises(StoreError, match=r"head\.bin: damaged"):
                open_pack(folder)
        else:
            told, whole = faults(folder)
            assert len(told) == 1
            assert f"{name}: damaged" in told[0]
            assert set(whole) == set(sound.parts)


def test_a_damaged_page_costs_what_is_below_it(sound, tmp_path):
    folder = tmp_path / "pack"
    shutil.copytree(sound.folder, folder)
    page = next(part for part in reversed(sound.parts) if not part.cells and part.file not in (SKY, GLOW))
    data = bytearray((folder / page.file).read_bytes())
    data[page.offset + 9] ^= 4
    (folder / page.file).write_bytes(data)
    told, whole = faults(folder)
    assert len(told) == 1
    assert "the page of cell" in told[0]
    assert len(set(sound.parts) - set(whole)) > 1
    assert sound.parts[0] in whole
