"""`--merge-bright`: the rows that the first stage holds back, and the run of them and the embedded stars."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helios.building.placing import Placing
from helios.building.runs import Run, load, save, write_run
from helios.catalog import Reader, epoch_of, epochs_of, row_label
from helios.catalog.bright_merge import Merged, resolve
from helios.catalog.bright_stars import BrightStars
from helios.catalog.counts import Counts
from helios.catalog.cuts import first_of_each
from helios.catalog.table import StarTable

bright_stars = functools.lru_cache(maxsize=1)(BrightStars)
"""Return the embedded stars that pass a `max_mag`; each process reads them once."""

NO_PART = -1
"""The `part` of the run of merged stars, which come from no single catalogue."""


@dataclass(frozen=True)
class Survey:
    """A catalogue that was read, with the files of its `held` rows and the offset of their ids."""

    reader: Reader
    held: Sequence[Path]
    add_to_id: int

    @property
    def epoch(self) -> float:
        """The Julian year of the catalogued positions in rows without their own."""
        return epoch_of(self.reader)

    def stars(self) -> StarTable:
        """Return the held rows, of which there must be some, with the identifiers that they get in the universe."""
        parts = [StarTable(**{name: np.array(column) for name, column in load(path).items()}) for path in self.held]
        stars = StarTable.concatenate(parts)
        return stars.with_ids(stars.source_id + self.add_to_id)


def write_held(path: Path, held: Sequence[StarTable]) -> Path | None:
    """Write the rows `held` to `path`; return it, or None without any. Raises StoreError where writing fails."""
    if not held:
        return None
    stars = StarTable.concatenate(list(held))
    save(path, **stars.columns())
    return path


def merge(
    surveys: Sequence[Survey], bright: BrightStars, placing: Placing, path: Path
) -> tuple[list[Run], Merged, Counts]:
    """Return the run at `path`, what became of the embedded stars, and the Counts.

    The run has the held rows and the stars of `bright` that the merge keeps; the list is empty where it keeps none.
    The Counts are of the rows of `bright` and of all stars that are left out. Raises StoreError where writing fails.
    """
    held = [(survey, survey.stars()) for survey in surveys if survey.held]
    merged = resolve(bright, [(stars, epochs_of(stars, survey.reader)) for survey, stars in held])
    ordinary = [(survey, stars[kept]) for (survey, stars), kept in zip(held, merged.ordinary)]
    placed = [
        placing.place(stars, epochs_of(stars, survey.reader), row_label(survey.reader)) for survey, stars in ordinary
    ]
    epoch, moved = placing.epoch_jyear, placing.epoch_jyear is not None
    if epoch is None:
        # Stars are not moved: the added ones get their positions at the latest epoch of the catalogues.
        epoch = max(survey.epoch for survey in surveys)
    added = bright.placed(merged.added, epoch, placing.cuts.distance, keep_motion=moved)
    placed.append(placing.settle(added, row_label(bright.reader)))
    counts = sum((part.counts for part in placed), bright.counts)
    columns = {key: np.concatenate([part.columns[key] for part in placed]) for key in placed[-1].columns}
    buckets = np.concatenate([part.buckets for part in placed])
    first = first_of_each(columns["source_id"])
    if not first.all():
        again = columns["source_id"][~first]
        counts += Counts.rejecting("duplicate source_id", len(again), f"source_id {again[0]}")
        columns, buckets = {key: column[first] for key, column in columns.items()}, buckets[first]
    if not len(buckets):
        return [], merged, counts
    return [write_run(NO_PART, path, columns, buckets)], merged, counts
