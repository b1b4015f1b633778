"""Damaged files of every format are read or refused in one line: no other exception, no hang, nothing endless.

Small real files are mutated by bytes: pieces cut, put in, repeated, turned to noise, single bits flipped. What is
gzipped is mutated inside as well, or its checksum would catch everything. Seeds are fixed by file and number, so that
a failure names its case; `pytest -m slow` runs ten times as many.
"""

import gzip
import math
import random
import time
from pathlib import Path

import numpy as np
import pytest

from helios.catalog import ending_of, open_catalog, row_label
from helios.catalog.cuts import drop_unusable
from helios.catalog.synthetic import Synthetic
from helios.catalog.table import FLOAT_COLUMNS, StarTable
from helios.errors import InputError
from tests.contract.catalogue_files import WRITERS

FILES = sorted((Path(__file__).parents[1] / "data/formats").iterdir())
CASES = 100
SLOW_CASES = 1000

LONGEST_MESSAGE = 500
LONGEST_S = 10.0
"""Hundreds of times what the largest of these files takes."""

INSERTED = (b"\r", b"\n", b"\r\n", b"\0", b'"', b"#", b"<", b"&x;", b",", b"|", b" ", b"\xff", b"9", b"-", b"e", b"nan")


def mutated(data: bytes, rng: random.Random) -> bytes:
    """`data` with one to five changes, half of them near its start, where formats keep what they are."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        place = rng.randrange(len(data) + 1)
        if rng.random() < 0.5:
            place = min(place, int(20 * rng.paretovariate(0.6)))
        length = min(int(rng.paretovariate(0.7)), 4000)
        match rng.randrange(7):
            case 0:
                del data[place : place + length]
            case 1:
                data[place : place + length] = rng.randbytes(length)
            case 2 if place < len(data):
                data[place] ^= 1 << rng.randrange(8)
            case 3:
                del data[place:]
            case 4:
                data[place:place] = data[max(0, place - length) : place]
            case 5:
                data[place:place] = rng.choice(INSERTED) * rng.choice((1, 1, 10, 10_000))
            case _:
                other = rng.randrange(len(data) + 1)
                data[place : place + length] = data[other : other + length]
    return bytes(data)


def cases_of(path: Path, count: int):
    """`count` damaged versions of the file, each with its number."""
    data = path.read_bytes()
    for number in range(count):
        rng = random.Random(f"{path.name} {number}")
        if path.suffix == ".gz" and number % 4:
            yield number, gzip.compress(mutated(gzip.decompress(data), rng), compresslevel=1)
        else:
            yield number, mutated(data, rng)


def check(path: Path) -> bool:
    """Whether `path` was read; fails where it is neither read soundly nor refused in one line."""
    try:
        reader = open_catalog(path)
        table = StarTable.concatenate(list(reader.chunks()))
    except InputError as error:
        message = str(error)
        assert message.startswith(str(path))
        assert len(message.splitlines()) == 1
        assert len(message) < len(str(path)) + LONGEST_MESSAGE
        return False
    assert table.source_id.dtype == np.int64
    assert all(getattr(table, name).dtype == np.float64 for name in FLOAT_COLUMNS)
    kept, counts = drop_unusable(table, row_label(reader))
    assert len(kept) + counts.rejected == len(table) > 0
    assert math.isfinite(sum(float(np.abs(getattr(kept, name)).sum()) for name in ("ra", "dec", "phot_g_mean_mag")))
    return True


def run(path: Path, folder: Path, count: int) -> None:
    victim = folder / f"stars{ending_of(path)}"
    read = 0
    for number, data in cases_of(path, count):
        victim.write_bytes(data)
        started = time.perf_counter()
        try:
            read += check(victim)
        except Exception as error:
            error.add_note(f"case {number} of {path.name}")
            raise
        assert time.perf_counter() - started < LONGEST_S, f"case {number} of {path.name}"
    assert 0 < read < count


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_damaged_files_are_read_or_refused_in_one_line(tmp_path, path):
    run(path, tmp_path, CASES)


def test_damaged_feather_files_are_read_or_refused_in_one_line(tmp_path):
    (tmp_path / "sound").mkdir()
    path = tmp_path / "sound/made.feather"
    (table,) = Synthetic(60, seed=5).chunks()
    WRITERS[".feather"](path, table)
    run(path, tmp_path, CASES)


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_many_damaged_files_are_read_or_refused_in_one_line(tmp_path, path):
    run(path, tmp_path, SLOW_CASES)
