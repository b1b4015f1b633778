"""The first stage: a piece reads one catalogue and writes its stars, placed and sorted by bucket, as runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.building.config import BuildConfig
from helios.building.merging import bright_stars, write_held
from helios.building.placing import Placed, Placing
from helios.building.runs import RUN_ROWS, Run, remove_run, write_run
from helios.catalog import Reader, epochs_of, parts_of, row_label
from helios.catalog.counts import Counts
from helios.catalog.cuts import first_of_each
from helios.catalog.table import StarTable
from helios.catalog.usable import usable_stars
from helios.errors import InputError
from helios.pieces import seal


@dataclass(frozen=True)
class PartitionTask:
    """A piece of the first stage: read the part `reader` of the catalogue number `catalogue` into runs in `folder`.

    `number` is that of the piece; the first of a catalogue also `describes` it.
    """

    number: int
    reader: Reader
    placing: Placing
    folder: Path
    skip_bad_files: bool
    merge_bright: bool = False
    zero_point: bool = False
    johnson: bool = False
    catalogue: int = 0
    describes: bool = True

    def __repr__(self) -> str:
        return self.reader.name


@dataclass(frozen=True)
class PartitionResult:
    """The result of a PartitionTask: the `runs`, the `counts` of the rows, the `input` for the provenance if described.

    `identified` says whether the catalogue has identifiers; `last_id` is the identifier of its last row. `held` is
    the file of the rows that may be embedded bright stars, as catalogued; None where there are none. `bad` says what
    is wrong with a catalogue that is left out; the other fields are then empty. `seen` is the size of the file, and
    when it was changed. `files` are sealed.
    """

    identified: bool
    runs: list[Run] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    input: dict[str, Any] = field(default_factory=dict)
    last_id: int = 0
    bad: str | None = None
    held: Path | None = None
    seen: list[int] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)


def partition_tasks(
    readers: Sequence[Reader], placing: Placing, folder: Path, config: BuildConfig
) -> list[PartitionTask]:
    """Return the pieces that read the parts of all `readers`, those of one after those of another."""
    options = config.skip_bad_files, config.merge_bright, config.zero_point, config.johnson
    parts = [(number, part) for number, reader in enumerate(readers) for part in parts_of(reader)]
    return [
        PartitionTask(i, part, placing, folder, *options, number, describes=not i or parts[i - 1][0] != number)
        for i, (number, part) in enumerate(parts)
    ]


def by_catalogue(
    readers: Sequence[Reader], tasks: Sequence[PartitionTask], results: Sequence[PartitionResult]
) -> list[list[PartitionResult]]:
    """Return the results of the parts of each of `readers`, or only one that is `bad` for a catalogue to be left out.

    Raises InputError for a catalogue that has changed since its first part was read, unless bad files are skipped.
    """
    found: list[list[PartitionResult]] = [[] for _ in readers]
    for task, read in zip(tasks, results):
        found[task.catalogue].append(read)
    for number, (reader, parts) in enumerate(zip(readers, found)):
        bad = next((read for read in parts if read.bad is not None), None)
        if bad is None and any(read.seen != parts[0].seen for read in parts):
            if not next(task for task in tasks if task.catalogue == number).skip_bad_files:
                raise changed(reader)
            bad = PartitionResult(reader.identified, bad=str(changed(reader)))
        if bad is not None:
            found[number] = [bad]
    return found


def changed(reader: Reader) -> InputError:
    """The error for a file that something writes to."""
    return InputError(f"{reader.path}: changed while it was read; start again when nothing writes to it")


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
    described = reader.provenance() if task.describes else {}
    if stamp(reader) != before:
        raise changed(reader)
    held = write_held(task.folder / f"{task.number:06d}-bright", bright)
    files = [path for run in runs for path in (run.index_path, run.path)] + ([held] if held else [])
    return PartitionResult(
        reader.identified,
        runs,
        counts,
        described,
        last_id,
        held=held,
        seen=list(before or ())[2:],
        files=seal(task.folder, files),
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
    runs.append(write_run(task.catalogue, path, columns, buckets))
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
    raise changed(reader)
