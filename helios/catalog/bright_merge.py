"""Decides which rows of a survey are embedded bright stars, and which measurement of each star is kept.

The rows that `BrightStars.may_be` finds, a few thousand in any survey, are set aside while it is read. When all has
been read, `resolve` decides on them together, so that it does not matter in which pieces they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helios.catalog.bright_stars import BrightStars, Pairs
from helios.catalog.table import NO_ID, StarTable

SAME_PLACE_ARCSEC = 1.0
"""A row this close to a bright star is that star, whatever its magnitude: Gaia hardly resolves anything there."""

SAME_STAR_ARCSEC, SAME_STAR_MAG = 5.0, 1.0
"""Up to this distance, a row of similar magnitude is the star: lists give a pair the place of one star, or between."""

SAME_ROW_ARCSEC, SAME_ROW_MAG = 0.4, 0.5
"""Two rows this close and this similar are one star twice, as when two surveys are read together: Gaia resolves almost
no pairs this close (Fabricius et al. 2021, A&A 649, A5)."""

LEAST_PARALLAX_OVER_ERROR = 5.0
"""A row whose parallax is less than this many errors is mismeasured. With Gaia's usual error of 0.1 mas for such bright
stars, only supergiants beyond 2 kpc fall below that, whose distances the list knows no worse."""

DIMMER_MAG = 1.0
"""Where all rows at a star's place together are fainter than the listed star by more than this, the star itself is
missing or mismeasured. None of the 1,954 embedded stars among 2,000 of Gaia DR3's brightest is, though variables and
doubles that the list has as one star differ by up to 0.9 mag. There is no limit in the other direction, and no
magnitude above which Gaia is distrusted: from 1.9 to 3 its G agrees with the list to 0.04 mag in the median, and where
it does not, the list is wrong (gamma Sgr, and M, S and carbon stars)."""


@dataclass(frozen=True)
class Merged:
    """What became of the held rows and of the M bright stars.

    `ordinary` has for each held table a mask [N] of the rows that stay as surveyed; the others are dropped. `added`
    int64 [K] are the bright stars to add as listed. `merged` rows were found to be bright stars; of these, `replaced`
    were replaced by the listed star, and `repeated` were further rows of the same star.
    """

    ordinary: list[NDArray[np.bool_]]
    added: NDArray[np.int64]
    merged: int
    replaced: int
    repeated: int

    def provenance(self) -> dict[str, int]:
        """Return the counts by name. Rows read, which include the list's, are kept + rejected + `rows`."""
        return {
            "rows": self.merged,
            "as_surveyed": self.merged - self.replaced - self.repeated,
            "replaced": self.replaced,
            "repeated": self.repeated,
            "added": len(self.added) - self.replaced,
        }


def resolve(bright: BrightStars, held: Sequence[tuple[StarTable, ArrayLike]]) -> Merged:
    """Return which of the `held` rows, as (table, epochs in Julian years, [N] or one), are which stars of `bright`.

    A star is matched to at most one row: by its Gaia identifier, else its Hipparcos number, where these are unique in
    the list, else to the nearest in position and magnitude. The row is kept unless it is mismeasured by
    LEAST_PARALLAX_OVER_ERROR or DIMMER_MAG: the listed star then replaces it. A star without a row is added. The result
    does not depend on how the rows are divided into tables, nor, where no two rows are alike, on their order.
    """
    sizes = [len(stars) for stars, _ in held]
    total = sum(sizes)
    everyone = np.arange(len(bright.stars))
    if not total:
        return Merged([np.ones(size, bool) for size in sizes], everyone, 0, 0, 0)
    rows = StarTable.concatenate([stars for stars, _ in held])
    starts = np.cumsum([0, *sizes[:-1]])
    found = [bright.pairs(stars, epoch) for stars, epoch in held]
    pairs = Pairs(
        np.concatenate([pairs.row + start for pairs, start in zip(found, starts)]),
        np.concatenate([pairs.star for pairs in found]),
        np.concatenate([pairs.offset for pairs in found]),
    )
    row_of, pair_of = _match(bright, rows, pairs)
    repeated = _repeated(bright, rows, pairs, row_of, pair_of)
    matched = row_of >= 0
    replaced = np.zeros(len(everyone), bool)
    replaced[matched] = _poorly_placed(rows)[row_of[matched]]
    replaced |= matched & _too_faint(bright, rows, pairs, row_of, repeated)

    ordinary = ~repeated
    ordinary[row_of[replaced]] = False
    return Merged(
        np.split(ordinary, starts[1:]),
        np.flatnonzero(~matched | replaced),
        int(matched.sum() + repeated.sum()),
        int(replaced.sum()),
        int(repeated.sum()),
    )


def _match(bright: BrightStars, rows: StarTable, pairs: Pairs) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the row of each star and the index of their pair, int64 [M] each; -1 where there is none."""
    separation = np.linalg.norm(pairs.offset, axis=-1)
    fainter = rows.phot_g_mean_mag[pairs.row] - bright.stars.phot_g_mean_mag[pairs.star]
    by_gaia, by_hip = (_same_id(rows, pairs, ids) for ids in (bright.gaia, bright.hip))
    rank = np.where(by_gaia & _once(bright.gaia)[pairs.star], 0, np.where(by_hip & _once(bright.hip)[pairs.star], 1, 2))
    may_be = by_gaia | by_hip | (separation <= SAME_PLACE_ARCSEC)
    may_be |= (separation <= SAME_STAR_ARCSEC) & (np.abs(fainter) <= SAME_STAR_MAG)
    # One arcsecond of separation counts as much as one magnitude of difference.
    misfit = np.hypot(separation, fainter)
    best_first = np.lexsort((pairs.star, rows.source_id[pairs.row], misfit, rank))

    row_of, pair_of = np.full((2, len(bright.stars)), -1)
    taken = np.zeros(len(rows), bool)
    for pair in best_first[may_be[best_first]].tolist():
        row, star = pairs.row[pair], pairs.star[pair]
        if row_of[star] < 0 and not taken[row]:
            row_of[star], pair_of[star], taken[row] = row, pair, True
    return row_of, pair_of


def _repeated(bright, rows, pairs, row_of, pair_of) -> NDArray[np.bool_]:
    """Return which unmatched rows repeat a star that is matched to another row, bool [N]."""
    owner = row_of[pairs.star]
    free = np.ones(len(rows), bool)
    free[row_of[row_of >= 0]] = False
    again = (owner >= 0) & free[pairs.row]
    apart = np.linalg.norm(pairs.offset - pairs.offset[pair_of[pairs.star]], axis=-1)
    unlike = np.abs(rows.phot_g_mean_mag[pairs.row] - rows.phot_g_mean_mag[owner])
    again &= (
        _same_id(rows, pairs, bright.gaia)
        | _same_id(rows, pairs, bright.hip)
        | (rows.source_id[pairs.row] == rows.source_id[owner])
        | ((apart <= SAME_ROW_ARCSEC) & (unlike <= SAME_ROW_MAG))
    )
    repeated = np.zeros(len(rows), bool)
    repeated[pairs.row[again]] = True
    return repeated


def _poorly_placed(rows: StarTable) -> NDArray[np.bool_]:
    """Return which rows have a parallax that is too uncertain by its own error, bool [N]."""
    return rows.parallax < LEAST_PARALLAX_OVER_ERROR * rows.parallax_error


def _too_faint(bright, rows, pairs, row_of, repeated) -> NDArray[np.bool_]:
    """Return for which stars the nearby rows, their own and unmatched ones, together are too faint, bool [M]."""
    owner = np.full(len(rows), -1)
    matched = row_of >= 0
    owner[row_of[matched]] = np.flatnonzero(matched)
    theirs = (owner[pairs.row] == pairs.star) | ((owner[pairs.row] < 0) & ~repeated[pairs.row])
    theirs &= (np.linalg.norm(pairs.offset, axis=-1) <= SAME_STAR_ARCSEC) | (owner[pairs.row] == pairs.star)
    light = 10.0 ** (-0.4 * rows.phot_g_mean_mag[pairs.row[theirs]])
    total = np.bincount(pairs.star[theirs], light, len(bright.stars))
    return total < 10.0 ** (-0.4 * (bright.stars.phot_g_mean_mag + DIMMER_MAG))


def _same_id(rows: StarTable, pairs: Pairs, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether row and star have the same identifier, bool [P]."""
    return (rows.source_id[pairs.row] == ids[pairs.star]) & (ids[pairs.star] != NO_ID)


def _once(ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which identifiers only one star has, bool [M]."""
    _, inverse, counts = np.unique(ids, return_inverse=True, return_counts=True)
    return counts[inverse] == 1
