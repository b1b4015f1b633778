"""`--merge-bright`: what the first stage holds of a catalogue, and the run made of it and of the embedded stars."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helios.building.placing import Placing
from helios.building.runs import Run, load, save, write_run
from helios.catalog import Reader, epoch_of, row_label
from helios.catalog.bright_merge import Merged, resolve
from helios.catalog.bright_stars import BrightStars
from helios.catalog.counts import Counts
from helios.catalog.cuts import first_of_each
from helios.catalog.table import StarTable

bright_stars = functools.lru_cache(maxsize=1)(BrightStars)
"""The embedded stars that pass a `max_mag`: read once by each process."""

NO_PART = -1
"""The `part` of the run of merged stars, which are of no one catalogue."""


@dataclass(frozen=True)
class Survey:
    """A catalogue that was read: where its `held` rows lie, None where there are none, and what to add to their ids."""

    reader: Reader
    held: Path | None
    add_to_id: int

    @property
    def epoch(self) -> float:
        """The Julian year of its places."""
        return epoch_of(self.reader)

    def stars(self, held: Path) -> StarTable:
        """The rows `held`, under the identifiers that they have in the universe."""
        stars = StarTable(**{name: np.array(column) for name, column in load(held).items()})
        return stars.with_ids(stars.source_id + self.add_to_id)


def write_held(path: Path, held: Sequence[StarTable]) -> Path | None:
    """Write the rows `held` to `path` and return it, None where there are none. Raises StoreError where it cannot."""
    if not held:
        return None
    stars = StarTable.concatenate(list(held))
    save(path, **stars.columns())
    return path


def merge(
    surveys: Sequence[Survey], bright: BrightStars, placing: Placing, path: Path
) -> tuple[list[Run], Merged, Counts]:
    """Return the run, at `path`, of the held rows that are used and of the stars of `bright` that are.

    Also what became of them, and the Counts of the rows of `bright` and of all that are not used. There is no run where
    there is no such star.
    """
    held = [(survey, survey.stars(survey.held)) for survey in surveys if survey.held]
    merged = resolve(bright, [(stars, survey.epoch) for survey, stars in held])
    placed = [
        placing.place(stars[ordinary], survey.epoch, row_label(survey.reader))
        for (survey, stars), ordinary in zip(held, merged.ordinary)
    ]
    epoch, moved = placing.epoch_jyear, placing.epoch_jyear is not None
    if epoch is None:
        # Where stars are not moved, those added stand where the catalogues would have them.
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
