"""Rows of MPCORB a second, beside other readers of it: `python -m tests.bench.bench_bodies [--rows N]`.

The file is made of the rows of `tests/data/bodies`, numbered anew, as many as asked for: the whole MPCORB has 1.4
million. Baselines read what they can of it in the same columns: a loop over rows that cuts lines and calls float, as
scripts do; astropy's fixed-width reader; pandas, as skyfield reads it. Printed are rows a second of processor time,
the ratio to each, and the most memory that this reader held beyond what there was.
"""

from __future__ import annotations

import argparse
import io
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import mpc_designation
from astropy.io import ascii as astropy_ascii
from skyfield.data.mpc import load_mpcorb_dataframe

from helios.solar.orbits import Orbits
from helios.solar.readers.joining import read_bodies
from helios.solar.readers.mpcorb import ANOMALY, ARGUMENT, AXIS, ECCENTRICITY, INCLINATION, MOTION, NODE, H

BODIES = Path(__file__).parents[1] / "data" / "bodies" / "mpcorb.dat"
COLUMNS = (H, ANOMALY, ARGUMENT, NODE, INCLINATION, ECCENTRICITY, MOTION, AXIS)
FEW = 20_000
"""Rows that slow baselines are given."""


def made(rows: int) -> bytes:
    """Rows of MPCORB with numbers from 1 on."""
    models = [line[7:] for line in BODIES.read_text().splitlines()[5:9]]
    numbers = (number if number != 134_340 else rows + 1 for number in range(1, rows + 1))
    packed = (mpc_designation.pack_permanent(number) for number in numbers)
    return "".join(f"{name:7}{models[n % len(models)]}\n" for n, name in enumerate(packed)).encode()


def by_rows(data: bytes) -> list[list]:
    """What scripts do."""
    table = []
    for line in io.TextIOWrapper(io.BytesIO(data), "ascii"):
        name = mpc_designation.unpack(line[:7].strip())
        table.append([name, line[20:25], *(float(line[field.start : field.stop]) for field in COLUMNS)])
    return table


def by_astropy(data: bytes) -> object:
    """astropy's reader of tables of fixed width."""
    names = ["designation", "epoch", *(field.name for field in COLUMNS)]
    starts = [0, 20, *(field.start for field in COLUMNS)]
    ends = [6, 24, *(field.stop - 1 for field in COLUMNS)]
    return astropy_ascii.read(
        data.decode(), format="fixed_width_no_header", names=names, col_starts=starts, col_ends=ends
    )


def rate(read: Callable[[], object], rows: int) -> float:
    """Rows a second of processor time, the best of three."""
    best = 0.0
    for _ in range(3):
        start = time.process_time()
        read()
        best = max(best, rows / (time.process_time() - start))
    return best


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=200_000)
    options = parser.parse_args()
    data = made(options.rows)
    few = made(FEW)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "MPCORB.DAT"
        path.write_bytes(data)
        del data
        read_bodies([BODIES])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        orbits = read_bodies([path]).orbits
        held = sum(getattr(orbits, field.name).nbytes for field in fields(Orbits))
        peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        own = rate(lambda: read_bodies([path]), options.rows)
    print(f"this reader          {own:12,.0f} rows/s; orbits {held / 2**20:,.0f} MiB, peak {peak / 2**20:,.0f} MiB")
    for name, read in (
        ("a loop over rows", lambda: by_rows(few)),
        ("astropy fixed width", lambda: by_astropy(few)),
        ("pandas, by skyfield", lambda: load_mpcorb_dataframe(io.BytesIO(few))),
    ):
        theirs = rate(read, FEW)
        print(f"{name:20} {theirs:12,.0f} rows/s: {own / theirs:5.1f} times as long")


if __name__ == "__main__":
    main()
