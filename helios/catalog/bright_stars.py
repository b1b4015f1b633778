"""The embedded naked-eye stars, to be compared with a survey at any epoch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.catalog import Reader, epoch_of, open_catalog, row_label
from helios.catalog.cuts import drop_unusable
from helios.catalog.positions import at_epoch
from helios.catalog.row_cuts import INVERSE, Cuts
from helios.catalog.schema import SchemaChoice
from helios.catalog.schemas import SCHEMAS
from helios.catalog.table import StarTable
from helios.catalogs_path import embedded
from helios.coords import unit_vectors

EMBEDDED_STARS = "bright_stars.csv.gz"
EMBEDDED_SCHEMA = "bright_stars"

REACH_ARCSEC = 10.0
"""A row of a survey within this distance of a bright star, at a common epoch, may be that star.

Of the 2,000 brightest rows of Gaia DR3 that have a parallax, those of embedded stars lie within 2.3 arcsec; a row of
Hipparcos that represents a pair is up to 10 arcsec from the fainter star.
"""

FAINTER_MAG = 1.0
"""A row fainter than the faintest bright star by more than this is not a bright star."""

STEP_YR = 0.01
"""Epochs of single rows are rounded to this many years: the fastest naked-eye star moves 0.07 arcsec in them."""

KEPT_EPOCHS = 8
"""For how many epochs the places of the bright stars are kept."""

MOTION = ("pmra", "pmdec", "radial_velocity")


class Pairs(NamedTuple):
    """P pairs of a survey's row and a bright star near it: indices `row` and `star` int64 [P], `offset` float64 [P, 3].

    `offset` is the vector from the star to the row, in arcsec along ICRS axes, both at the row's epoch.
    """

    row: NDArray[np.int64]
    star: NDArray[np.int64]
    offset: NDArray[np.float64]


class BrightStars:
    """The M embedded stars that have a distance and pass `max_mag`; each instance reads them, in some 0.1 s.

    `stars` are as catalogued (J2000), with motions; their `source_id` is -HR, which cannot equal a Gaia identifier, a
    Hipparcos number or a row number, all above 0. `gaia` and `hip` int64 [M] are their identifiers in those catalogues,
    NO_ID where there is none; some pairs share one. `reader` is the list's reader, and `counts` has the Counts of its
    rows. Other cuts do not apply: the list has neither errors nor RUWE.
    """

    def __init__(self, max_mag: float | None = None):
        self.reader = _reader("source_id")
        table = _rows(self.reader)
        # The cuts keep `row`, by which the other two readings are aligned.
        stars, self.counts = drop_unusable(table, row_label(self.reader), Cuts(max_mag, motion=True))
        kept = np.isin(table.row, stars.row)
        self.stars = stars.with_ids(-stars.source_id)
        self.gaia, self.hip = (_rows(_reader(name)).source_id[kept] for name in ("gaia", "hip"))
        self._directions: dict[float, tuple[NDArray, NDArray, NDArray]] = {}

    @property
    def ref_epoch(self) -> float:
        """The epoch of `stars`, a Julian year."""
        return epoch_of(self.reader)

    def placed(self, which: NDArray[np.int64], epoch: float, distance: str, keep_motion: bool) -> StarTable:
        """Return the stars `which` [K] as seen at `epoch`, a Julian year, at the distance 1/parallax.

        Where `distance` is not "inverse", they have this distance as `distance_pc`, without quantiles: the list has no
        errors. Their motions are left out unless `keep_motion`.
        """
        stars = at_epoch(self.stars[which], self.ref_epoch, epoch)
        if distance != INVERSE:
            stars = stars.with_columns(distance_pc=1000.0 / stars.parallax)
        return stars if keep_motion else stars.with_columns(**dict.fromkeys(MOTION))

    def may_be(self, stars: StarTable, ref_epoch: ArrayLike) -> NDArray[np.bool_]:
        """Return which of `stars`, usable rows at `ref_epoch`, [N] or one, may be a bright star, bool [N].

        These are within REACH_ARCSEC of one, and at most FAINTER_MAG fainter than the faintest. Some 10 million rows a
        second where most are too faint.
        """
        mask = np.zeros(len(stars), bool)
        mask[self.pairs(stars, ref_epoch).row] = True
        return mask

    def pairs(self, stars: StarTable, ref_epoch: ArrayLike) -> Pairs:
        """Return all pairs of a row of `stars`, usable and at `ref_epoch`, and a bright star within REACH_ARCSEC of it.

        They are sorted by row. Rows more than FAINTER_MAG fainter than the faintest bright star have none. Where
        `ref_epoch` is [N], it is rounded to STEP_YR.
        """
        none = Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 3)))
        if not len(self.stars):
            return none
        rows = np.flatnonzero(stars.phot_g_mean_mag <= self.stars.phot_g_mean_mag.max() + FAINTER_MAG)
        if np.ndim(ref_epoch) == 0:
            return self._pairs(stars, rows, float(np.asarray(ref_epoch)))
        epochs = np.round(np.asarray(ref_epoch)[rows] / STEP_YR) * STEP_YR
        found = [none, *(self._pairs(stars, rows[epochs == epoch], float(epoch)) for epoch in np.unique(epochs))]
        joined = [np.concatenate(columns) for columns in zip(*found)]
        order = np.argsort(joined[0], kind="stable")
        return Pairs(*(column[order] for column in joined))

    def _pairs(self, stars: StarTable, rows: NDArray[np.int64], epoch: float) -> Pairs:
        """Return the pairs of the given `rows` of `stars`, which are at `epoch`."""
        directions, order, heights = self._at(epoch)
        reach = np.deg2rad(REACH_ARCSEC / 3600.0)
        # Two directions differ in z by at most the chord between them.
        height = np.sin(np.deg2rad(stars.dec[rows]))
        first = np.searchsorted(heights, height - reach, side="left")
        count = np.searchsorted(heights, height + reach, side="right") - first
        row = np.repeat(rows, count)
        place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
        star = order[place]
        offset = np.rad2deg(unit_vectors(stars.ra[row], stars.dec[row]) - directions[star]) * 3600.0
        near = np.linalg.norm(offset, axis=-1) <= REACH_ARCSEC
        return Pairs(row[near], star[near], offset[near])

    def _at(self, epoch: float) -> tuple[NDArray, NDArray, NDArray]:
        """Return the stars' unit vectors [M, 3] at `epoch`, their order by z [M], and z in that order [M]."""
        if epoch not in self._directions:
            if len(self._directions) >= KEPT_EPOCHS:
                self._directions.clear()
            moved = at_epoch(self.stars, self.ref_epoch, epoch)
            directions = unit_vectors(moved.ra, moved.dec)
            order = np.argsort(directions[:, 2], kind="stable")
            self._directions[epoch] = directions, order, directions[order, 2]
        return self._directions[epoch]


def _reader(identifier: str) -> Reader:
    """Return a reader of the list that takes its column `identifier` as `source_id`."""
    schema = SCHEMAS[EMBEDDED_SCHEMA]
    return open_catalog(embedded(EMBEDDED_STARS), SchemaChoice(schema, {"source_id": identifier}, MOTION))


def _rows(reader: Reader) -> StarTable:
    return StarTable.concatenate(list(reader.chunks()))
