"""Runs: files of up to twice RUN_ROWS usable stars of one catalogue, sorted by bucket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from helios.building.sorting import by_bucket
from helios.files import unlocked, writing

RUN_ROWS = 1 << 20
"""Number of stars from which a run is written: some 100 MB while it is made."""

_ALIGNED = 64
"""Each array of a file begins at a multiple of this many bytes."""

PIECES = 3
"""Version, to the last digit, of what pieces of a build leave for later stages: a build goes on only with its own."""

UNTOUCHED = "what was there before the build is untouched"

Columns = dict[str, NDArray]
"""Columns [N] of stars by name: those of the store's emitters, or those that these are made of, and `key`, their Morton
keys at MAX_DEPTH."""


@dataclass(frozen=True)
class Run:
    """`rows` stars of the catalogue `part` in the file `path`; their identifiers are `least_id` to `greatest_id`.

    `add_to_id` is added to the identifiers in the file: the rows of catalogues without identifiers are numbered
    consecutively from file to file, which is possible only when all have been read.
    """

    part: int
    path: Path
    rows: int
    least_id: int
    greatest_id: int
    add_to_id: int = 0

    @property
    def index_path(self) -> Path:
        """The file of the buckets."""
        return self.path.with_suffix(".index")

    @property
    def dropped_path(self) -> Path:
        """The file of the unused rows, int64, ascending; absent where all rows are used."""
        return self.path.with_suffix(".dropped")

    def index(self) -> tuple[NDArray[np.unsignedinteger], NDArray[np.unsignedinteger]]:
        """Return the buckets [B] of the run, ascending, and the row at which each begins [B + 1], unsigned integers."""
        index = load(self.index_path)
        return index["buckets"], index["starts"]

    def columns(self, *names: str, rows: slice = slice(None)) -> Columns:
        """Return the given `rows` of the columns `names`, all by default.

        They are read, not mapped into memory: a mapped file would also load much of what surrounds them.
        """
        columns = {}
        with open(self.path, "rb") as file:
            for name, (dtype, place, count) in _layout(file).items():
                if not names or name in names:
                    start, stop, _ = rows.indices(count)
                    file.seek(place + start * dtype.itemsize)
                    columns[name] = np.fromfile(file, dtype, stop - start)
        if self.add_to_id and "source_id" in columns:
            columns["source_id"] = columns["source_id"] + self.add_to_id
        return columns

    def names(self) -> list[str]:
        """Return the names of the columns."""
        with open(self.path, "rb") as file:
            return list(_layout(file))

    def used_rows(self) -> int:
        """Return the number of used rows."""
        return self.rows - (len(load(self.dropped_path)["rows"]) if self.dropped_path.exists() else 0)

    def used(self) -> NDArray[np.bool_]:
        """Return which rows are used, bool [rows]."""
        used = np.ones(self.rows, bool)
        if self.dropped_path.exists():
            used[load(self.dropped_path)["rows"]] = False
        return used

    def drop(self, rows: NDArray[np.int64]) -> None:
        """Mark `rows` as unused, in addition to those that already are. Raises StoreError where writing fails."""
        if self.dropped_path.exists():
            rows = np.union1d(load(self.dropped_path)["rows"], rows)
        save(self.dropped_path, rows=np.sort(rows))


def write_run(part: int, path: Path, columns: Columns, buckets: NDArray[np.uint64]) -> Run:
    """Write the stars `columns` [N] of the catalogue `part`, sorted by `buckets` [N], to `path`; return the run.

    Raises StoreError where writing fails.
    """
    order = by_bucket(buckets)
    buckets = buckets[order]
    starts = np.flatnonzero(np.r_[True, buckets[1:] != buckets[:-1]])
    narrow = np.min_scalar_type(int(buckets[-1]))
    ids = columns["source_id"]
    run = Run(part, path, len(ids), int(ids.min()), int(ids.max()))
    bounds = np.r_[starts, len(buckets)].astype(np.uint32)
    save(run.index_path, buckets=buckets[starts].astype(narrow), starts=bounds)
    save(run.path, **{name: column.take(order) for name, column in columns.items()})
    return run


def save(path: Path, **arrays: NDArray) -> None:
    """Write `arrays`, of one dimension each, to `path`, whole or not at all. Raises StoreError where writing fails.

    Several processes may write the same at once. NumPy's own archives cannot be mapped into memory, and reading Arrow's
    files imports pandas.
    """
    lines = [[name, array.dtype.str, len(array)] for name, array in arrays.items()]
    header = json.dumps(lines).encode()
    # No lock file, for which filelock would make the folder anew: a cluster's worker may write when the work has ended.
    with writing(path, UNTOUCHED), unlocked(path) as new, open(new, "wb") as file:
        file.write(np.uint64(len(header)).tobytes() + header)
        for array in arrays.values():
            file.write(bytes(-file.tell() % _ALIGNED))
            file.write(np.ascontiguousarray(array).data)


def load(path: Path) -> Columns:
    """Return what `save` wrote to `path`, mapped into memory rather than read."""
    with open(path, "rb") as file:
        layout = _layout(file)
    content = np.memmap(path, np.uint8, "r")
    return {
        name: content[place : place + count * dtype.itemsize].view(dtype)
        for name, (dtype, place, count) in layout.items()
    }


def _layout(file: BinaryIO) -> dict[str, tuple[np.dtype, int, int]]:
    """Return the dtype, offset in bytes and length of each array that `save` wrote to `file`."""
    size = int(np.frombuffer(file.read(8), np.uint64)[0])
    place, layout = 8 + size, {}
    for name, dtype, count in json.loads(file.read(size)):
        place += -place % _ALIGNED
        layout[name] = np.dtype(dtype), place, count
        place += count * np.dtype(dtype).itemsize
    return layout


def remove_run(run: Run) -> None:
    """Remove the files of `run`."""
    for path in (run.path, run.index_path, run.dropped_path):
        path.unlink(missing_ok=True)
