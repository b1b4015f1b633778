"""Finds the stars whose identifier also occurs in an earlier run: two files of one survey may overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.building.runs import Run, load, save
from helios.pieces import seal

SHARE_ROWS = 1 << 22
"""Number of identifiers that a piece sorts, on average; they take 100 MB."""

SAMPLES = 256
"""Number of identifiers sampled per run, so that all pieces get about the same number of stars."""


@dataclass(frozen=True)
class DuplicatesTask:
    """A piece: the identifiers `least` to `greatest`, both included, in `runs`, in the order of the catalogues."""

    number: int
    least: int
    greatest: int
    runs: Sequence[Run]
    folder: Path

    def __repr__(self) -> str:
        return f"source_id {self.least} to {self.greatest}"


@dataclass(frozen=True)
class DuplicatesResult:
    """The result of a DuplicatesTask: the file `path` has the run and row of each star that an earlier run also has.

    `files` are sealed.
    """

    path: Path
    files: dict[str, int]


def duplicates_tasks(runs: Sequence[Run], folder: Path) -> list[DuplicatesTask]:
    """Return the pieces that find all duplicates among `runs`; none where the identifier ranges of no two runs overlap.

    No identifier occurs twice within a run. The files of most surveys have disjoint ranges, which leaves nothing to do.
    """
    overlapping = _overlapping(runs)
    if not overlapping:
        return []
    count = -(-sum(run.rows for run in overlapping) // SHARE_ROWS)
    edges = _even_edges(overlapping, count)
    lowest, highest = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    tasks: list[DuplicatesTask] = []
    for least, beyond in zip([lowest, *edges], [*edges, highest + 1]):
        meeting = [run for run in overlapping if run.least_id < beyond and run.greatest_id >= least]
        tasks.append(DuplicatesTask(len(tasks), least, beyond - 1, meeting, folder))
    return tasks


def find_duplicates(task: DuplicatesTask) -> DuplicatesResult:
    """Write the stars of `task` that an earlier run also has; return their file. Raises StoreError where that fails."""
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
    for number, run in enumerate(task.runs):
        ids = run.columns("source_id")["source_id"]
        rows = np.flatnonzero((ids >= task.least) & (ids <= task.greatest))
        found.append((ids[rows], np.full(len(rows), number), rows))
    ids, numbers, rows = (np.concatenate(columns) for columns in zip(*found))
    order = np.argsort(ids, kind="stable")
    again = order[1:][ids[order[1:]] == ids[order[:-1]]]
    path = task.folder / f"duplicates-{task.number:06d}"
    save(path, run=numbers[again], row=rows[again])
    return DuplicatesResult(path, seal(task.folder, [path]))


def drop_duplicates(task: DuplicatesTask, result: DuplicatesResult) -> None:
    """Mark the stars of `result` as unused in the runs of `task`."""
    repeated = load(result.path)
    numbers, rows = repeated["run"], repeated["row"]
    for number in np.unique(numbers):
        task.runs[number].drop(rows[numbers == number])


def _overlapping(runs: Sequence[Run]) -> list[Run]:
    """Return the runs whose range of identifiers overlaps that of another run, in the order given."""
    order = sorted(range(len(runs)), key=lambda i: runs[i].least_id)
    found: set[int] = set()
    widest = order[0] if order else 0
    for i in order[1:]:
        if runs[i].least_id <= runs[widest].greatest_id:
            found |= {i, widest}
        if runs[i].greatest_id > runs[widest].greatest_id:
            widest = i
    return [runs[i] for i in sorted(found)]


def _even_edges(runs: Sequence[Run], count: int) -> list[int]:
    """Return the identifiers that divide `runs` into at most `count` parts with about the same number of stars."""
    if count < 2:
        return []
    samples, weights = [], []
    for run in runs:
        rows = np.linspace(0, run.rows - 1, min(SAMPLES, run.rows)).astype(np.int64)
        samples.append(run.columns("source_id")["source_id"][rows])
        weights.append(np.full(len(rows), run.rows / len(rows)))
    sample = np.concatenate(samples)
    order = np.argsort(sample)
    total = np.cumsum(np.concatenate(weights)[order])
    edges = sample[order][np.searchsorted(total, total[-1] * np.arange(1, count) / count)]
    return sorted({int(edge) for edge in edges})
