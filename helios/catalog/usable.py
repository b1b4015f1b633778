"""Reads the usable stars of a catalogue: chunk by chunk, corrected, cut and counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from helios.catalog import Reader, epochs_of, row_label
from helios.catalog.counts import Counts
from helios.catalog.cuts import drop_unusable
from helios.catalog.johnson import to_gaia
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
    reader: Reader,
    cuts: Cuts | None = None,
    zero_point: bool = False,
    most_rows: int = MOST_ROWS,
    johnson: bool = False,
) -> Iterator[UsableStars]:
    """Yield the usable rows of `reader` in order, from at most `most_rows` rows at a time.

    `cuts` says which rows are usable; with `zero_point`, the zero point is first subtracted from the parallaxes, and
    with `johnson`, G and BP-RP are first made of V and B-V. Raises
    what the reader raises, and InputError where the package with the zero points is needed but not installed.
    """
    for chunk in reader.chunks():
        for start in range(0, len(chunk), most_rows):
            table = chunk if len(chunk) <= most_rows else chunk[start : start + most_rows]
            last_id, corrections = int(table.source_id[-1]), Counts()
            if "ref_epoch" not in table.absent:
                table = table.with_columns(ref_epoch=np.asarray(epochs_of(table, reader)))
            if johnson:
                table, corrections = to_gaia(table)
            if zero_point:
                table, corrected = subtract_zero_point(table, epochs_of(table, reader))
                corrections += corrected
            stars, counts = drop_unusable(table, row_label(reader), cuts)
            yield UsableStars(stars, counts + corrections, last_id)
