"""Reads the usable stars of a catalogue: chunk by chunk, corrected, cut and counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from helios.catalog import Reader, row_label
from helios.catalog.counts import Counts
from helios.catalog.cuts import drop_unusable
from helios.catalog.row_cuts import Cuts
from helios.catalog.table import StarTable
from helios.catalog.zero_point import subtract_zero_point

MOST_ROWS = 1 << 20
"""Most rows of a chunk."""


class UsableStars(NamedTuple):
    """The `stars` of one chunk, the `counts` of its rows, and the identifier of its last row, usable or not."""

    stars: StarTable
    counts: Counts
    last_id: int


def usable_stars(
    reader: Reader, cuts: Cuts | None = None, zero_point: bool = False, most_rows: int = MOST_ROWS
) -> Iterator[UsableStars]:
    """Yield the usable rows of `reader` in order, from at most `most_rows` rows at a time.

    `cuts` says which rows are usable; with `zero_point`, the zero point is first subtracted from the parallaxes. Raises
    what the reader raises, and InputError where the package with the zero points is needed but not installed.
    """
    for chunk in reader.chunks():
        for start in range(0, len(chunk), most_rows):
            table = chunk if len(chunk) <= most_rows else chunk[start : start + most_rows]
            last_id, corrections = int(table.source_id[-1]), Counts()
            if zero_point:
                table, corrections = subtract_zero_point(table)
            stars, counts = drop_unusable(table, row_label(reader), cuts)
            yield UsableStars(stars, counts + corrections, last_id)
