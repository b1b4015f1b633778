"""The first stage: a piece reads one catalogue and writes its stars, placed and sorted by bucket, as runs."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.building.merging import bright_stars, write_held
from helios.building.placing import Placing
from helios.building.runs import RUN_ROWS, Columns, Run, remove_run, write_run
from helios.catalog import Reader
from helios.catalog.cuts import Reason, Rejections, drop_unusable, first_of_each
from helios.catalog.table import StarTable
from helios.errors import InputError


@dataclass(frozen=True)
class Part:
    """A piece of the first stage: the catalogue of `reader`, the `number`-th of all, read into runs in `folder`."""

    number: int
    reader: Reader
    placing: Placing
    folder: Path
    skip_bad_files: bool
    merge_bright: bool = False

    def __repr__(self) -> str:
        return self.reader.name


@dataclass(frozen=True)
class Read:
    """What came of a Part: the runs, the rows turned away, the `input` for the provenance.

    `bad` says what is wrong with a catalogue that is left out; then there is nothing else. `last_id` is the identifier
    of the last row, `corrected` how many parallaxes were and were not corrected by their zero point. `held` has the
    rows that may be embedded bright stars, as they are catalogued, None where there are none.
    """

    runs: list[Run]
    rejections: Rejections
    input: dict[str, Any]
    identified: bool
    last_id: int
    corrected: tuple[int, int]
    bad: str | None = None
    held: Path | None = None

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Read:
        """The Read of which `dataclasses.asdict` and JSON made `values`."""
        reasons = {why: Reason(**reason) for why, reason in values["rejections"]["reasons"].items()}
        return cls(
            **values
            | {
                "runs": [Run(**run | {"path": Path(run["path"])}) for run in values["runs"]],
                "rejections": Rejections(reasons, values["rejections"]["rows_read"]),
                "corrected": tuple(values["corrected"]),
                "held": Path(values["held"]) if values["held"] else None,
            }
        )


def read_part(part: Part) -> Read:
    """Read the catalogue of `part`. Raises InputError for one that cannot be read, where bad files are not skipped.

    Also for one that changes while it is read. Raises StoreError where its runs cannot be written.
    """
    read = Read([], Rejections(), {}, part.reader.identified, 0, (0, 0))
    try:
        return _read(part, read)
    except (InputError, OSError) as error:
        if not part.skip_bad_files:
            raise
        for run in read.runs:
            remove_run(run)
        return dataclasses.replace(read, runs=[], rejections=Rejections(), bad=str(error))


def _read(part: Part, read: Read) -> Read:
    reader, last_id = part.reader, 0
    before = stamp(reader)
    held: list[tuple[Columns, NDArray[np.uint64], NDArray[np.int64]]] = []
    bright: list[StarTable] = []
    rows = 0
    name = f"{reader.name} {reader.row_unit}"
    for table in _pieces(reader):
        read.rejections.rows_read += len(table)
        last_id = int(table.source_id[-1])
        stars = drop_unusable(table, reader.name, read.rejections, part.placing.cuts, reader.row_unit)
        if part.merge_bright:
            may_be = bright_stars(part.placing.cuts.max_mag).may_be(stars, _ref_epoch(reader))
            if may_be.any():
                bright.append(stars[may_be])
                stars = stars[~may_be]
        placed = part.placing.place(stars, _ref_epoch(reader), name, read.rejections)
        held.append(placed)
        rows += len(placed[2])
        if rows >= RUN_ROWS:
            _write(part, read, held, name)
            held, rows = [], 0
    _write(part, read, held, name)
    source = described(reader)
    if stamp(reader) != before:
        raise InputError(f"{reader.path}: changed while it was read; start again when nothing writes to it")
    corrected = (getattr(reader, "corrected", 0), getattr(reader, "uncorrected", 0))
    aside = write_held(part.folder / f"{part.number:06d}-bright", bright)
    return dataclasses.replace(read, input=source, last_id=last_id, corrected=corrected, held=aside)


def _pieces(reader: Reader) -> Iterator[Any]:
    """The reader's chunks, in parts that are not larger than a run."""
    for table in reader.chunks():
        for start in range(0, len(table), RUN_ROWS):
            yield table if len(table) <= RUN_ROWS else table[start : start + RUN_ROWS]


def _write(part: Part, read: Read, held: list, name: str) -> None:
    """Write what is `held` as the next run, without the stars whose identifier stands in it before."""
    if not sum(len(row) for _, _, row in held):
        return
    columns = {key: np.concatenate([columns[key] for columns, _, _ in held]) for key in held[0][0]}
    buckets, row = (np.concatenate([values[i] for values in held]) for i in (1, 2))
    held.clear()
    if read.identified:
        first = first_of_each(columns["source_id"])
        if not first.all():
            again = np.flatnonzero(~first)
            where = f"{name} {row[again[0]]}, source_id {columns['source_id'][again[0]]}"
            read.rejections.add("duplicate source_id", len(again), where)
            columns, buckets = {key: column[first] for key, column in columns.items()}, buckets[first]
    path = part.folder / f"{part.number:06d}-{len(read.runs):06d}.run"
    read.runs.append(write_run(part.number, path, columns, buckets))


def stamp(reader: Reader) -> tuple[int, ...] | None:
    """Return what tells a file from one that was written to since; None for a made sky."""
    path = getattr(reader, "path", None)
    if path is None:
        return None
    found = os.stat(path)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _ref_epoch(reader: Reader) -> float | None:
    schema = getattr(reader, "schema", None)
    return schema.ref_epoch if schema else None


def find_row(reader: Reader, ids: NDArray[np.int64]) -> str:
    """Return where in the catalogue of `reader` the first of `ids`, which it has, stands, for messages."""
    for table in reader.chunks():
        found = np.flatnonzero(np.isin(table.source_id, ids))
        if len(found):
            row = found[0]
            return f"{reader.name} {reader.row_unit} {table.row[row]}, source_id {table.source_id[row]}"
    raise InputError(f"{reader.path}: changed while it was read; start again when nothing writes to it")


def described(reader: Reader) -> dict[str, Any]:
    """Return what the provenance says of the catalogue of `reader`."""
    sources = getattr(reader, "sources", None)
    return reader.provenance() | ({"schema": sources.provenance()} if sources else {})
