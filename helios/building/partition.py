"""The first stage: a piece reads one catalogue and writes its stars, placed and sorted by bucket, as runs."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.building.merging import bright_stars, write_held
from helios.building.placing import Placed, Placing
from helios.building.runs import RUN_ROWS, Run, remove_run, write_run
from helios.catalog import Reader, epochs_of, row_label
from helios.catalog.counts import Counts
from helios.catalog.cuts import first_of_each
from helios.catalog.table import StarTable
from helios.catalog.usable import usable_stars
from helios.errors import InputError
from helios.pieces import seal


@dataclass(frozen=True)
class PartitionTask:
    """A piece of the first stage: read the catalogue of `reader`, the `number`-th of all, into runs in `folder`."""

    number: int
    reader: Reader
    placing: Placing
    folder: Path
    skip_bad_files: bool
    merge_bright: bool = False
    zero_point: bool = False
    johnson: bool = False

    def __repr__(self) -> str:
        return self.reader.name


@dataclass(frozen=True)
class PartitionResult:
    """The result of a PartitionTask: the `runs`, the `counts` of the rows, the `input` for the provenance.

    `identified` says whether the catalogue has identifiers; `last_id` is the identifier of its last row. `held` is
    the file of the rows that may be embedded bright stars, as catalogued; None where there are none. `bad` says what
    is wrong with a catalogue that is left out; the other fields are then empty. `files` are sealed.
    """

    identified: bool
    runs: list[Run] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    input: dict[str, Any] = field(default_factory=dict)
    last_id: int = 0
    bad: str | None = None
    held: Path | None = None
    files: dict[str, int] = field(default_factory=dict)


def partition_catalog(task: PartitionTask) -> PartitionResult:
    """Read the catalogue of `task`, and write and return its runs.

    Raises InputError for a catalogue that cannot be read or changes while it is read, unless bad files are skipped;
    StoreError where a run cannot be written.
    """
    runs: list[Run] = []
    try:
        return _partition(task, runs)
    except (InputError, OSError) as error:
        if not task.skip_bad_files:
            raise
        for run in runs:
            remove_run(run)
        return PartitionResult(task.reader.identified, bad=str(error))


def _partition(task: PartitionTask, runs: list[Run]) -> PartitionResult:
    reader, last_id, counts = task.reader, 0, Counts()
    before = stamp(reader)
    waiting: list[Placed] = []
    bright: list[StarTable] = []
    usable = usable_stars(reader, task.placing.cuts, task.zero_point, RUN_ROWS, task.johnson)
    for stars, counted, last_id in usable:  # noqa: B007
        counts += counted
        if task.merge_bright:
            may_be = bright_stars(task.placing.cuts.max_mag).may_be(stars, epochs_of(stars, reader))
            if may_be.any():
                bright.append(stars[may_be])
                stars = stars[~may_be]
        placed = task.placing.place(stars, epochs_of(stars, reader), row_label(reader))
        counts += placed.counts
        waiting.append(placed)
        if sum(len(placed.row) for placed in waiting) >= RUN_ROWS:
            counts += _write(task, runs, waiting)
            waiting = []
    counts += _write(task, runs, waiting)
    described = reader.provenance()
    if stamp(reader) != before:
        raise InputError(f"{reader.path}: changed while it was read; start again when nothing writes to it")
    held = write_held(task.folder / f"{task.number:06d}-bright", bright)
    files = [path for run in runs for path in (run.index_path, run.path)] + ([held] if held else [])
    return PartitionResult(
        reader.identified, runs, counts, described, last_id, held=held, files=seal(task.folder, files)
    )


def _write(task: PartitionTask, runs: list[Run], waiting: list[Placed]) -> Counts:
    """Write the stars `waiting` as a run and append it to `runs`; return the Counts of duplicates, which it omits."""
    if not sum(len(placed.row) for placed in waiting):
        return Counts()
    columns = {key: np.concatenate([placed.columns[key] for placed in waiting]) for key in waiting[0].columns}
    buckets = np.concatenate([placed.buckets for placed in waiting])
    row = np.concatenate([placed.row for placed in waiting])
    waiting.clear()
    counts = Counts()
    if task.reader.identified:
        first = first_of_each(columns["source_id"])
        if not first.all():
            again = np.flatnonzero(~first)
            where = f"{row_label(task.reader)} {row[again[0]]}, source_id {columns['source_id'][again[0]]}"
            counts = Counts.rejecting("duplicate source_id", len(again), where)
            columns, buckets = {key: column[first] for key, column in columns.items()}, buckets[first]
    path = task.folder / f"{task.number:06d}-{len(runs):06d}.run"
    runs.append(write_run(task.number, path, columns, buckets))
    return counts


def stamp(reader: Reader) -> tuple[int, ...] | None:
    """Return what changes when the file of `reader` is written to or replaced; None where it reads no file."""
    if reader.path is None:
        return None
    status = os.stat(reader.path)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def find_row(reader: Reader, ids: NDArray[np.int64]) -> str:
    """Return the row, for messages, of the first star in the catalogue of `reader` whose identifier is in `ids`.

    Raises InputError where it has none of them any more.
    """
    for table in reader.chunks():
        matches = np.flatnonzero(np.isin(table.source_id, ids))
        if len(matches):
            row = matches[0]
            return f"{row_label(reader)} {table.row[row]}, source_id {table.source_id[row]}"
    raise InputError(f"{reader.path}: changed while it was read; start again when nothing writes to it")
