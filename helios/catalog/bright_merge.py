"""Which rows of a survey are embedded bright stars, and whose measurement stands: each star once.

Rows that `BrightStars.may_be` finds are set aside while a survey is read, a few thousand of any; when all of it has
been read, `resolve` decides on them together, so that it does not matter in which pieces they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helios.catalog.bright_stars import BrightStars, Pairs
from helios.catalog.table import NO_ID, StarTable

SAME_PLACE_ARCSEC = 1.0
"""So near to a bright star a row is that star, whatever its magnitude: Gaia resolves hardly anything there."""

SAME_STAR_ARCSEC, SAME_STAR_MAG = 5.0, 1.0
"""Farther away, up to this, a row of like magnitude is the star: lists place pairs by one of the two, or between."""

SAME_ROW_ARCSEC, SAME_ROW_MAG = 0.4, 0.5
"""Two rows as near and as alike as this are one star twice, as where two surveys are read together: Gaia sees next to
no pairs as close as that (Fabricius et al. 2021, A&A 649, A5)."""

LEAST_PARALLAX_OVER_ERROR = 5.0
"""A row whose parallax is less than this many errors is mismeasured. Gaia's usual 0.1 mas for so bright a star leaves
only supergiants beyond 2 kpc below that, of which the list knows the distance no worse."""

DIMMER_MAG = 1.0
"""Where all rows at a star's place together are fainter than the list has it by more than this, the star itself is
missing or mismeasured. Of 1,954 embedded stars among 2,000 of Gaia DR3's brightest there is none, though variables
and doubles that the list has as one star differ by up to 0.9 mag. There is no limit the other way, nor a magnitude
from which Gaia is not believed: its G of those of 1.9 to 3 agrees with the list to 0.04 mag in the median, and where
it does not it is the list that is wrong (gamma Sgr, and M, S and carbon stars)."""


@dataclass(frozen=True)
class Merged:
    """What became of the rows held, and of M bright stars.

    `ordinary` has for each table that was held a mask [N] of its rows that stay in the survey as they are; all others
    give way. `added` int64 [K] are the bright stars to put there as the list has them. Of the `merged` rows, found to
    be bright stars, `replaced` gave way to the list, and `repeated` were further rows of a star.
    """

    ordinary: list[NDArray[np.bool_]]
    added: NDArray[np.int64]
    merged: int
    replaced: int
    repeated: int

    def provenance(self) -> dict[str, int]:
        """The counts, by name. Rows read = kept + rejected + `rows`, where those of the list are rows read too."""
        return {
            "rows": self.merged,
            "as_surveyed": self.merged - self.replaced - self.repeated,
            "replaced": self.replaced,
            "repeated": self.repeated,
            "added": len(self.added) - self.replaced,
        }


def resolve(bright: BrightStars, held: Sequence[tuple[StarTable, float]]) -> Merged:
    """Decide which of the `held` rows, tables with their epochs (Julian years), are which star of `bright`.

    A star is at most one row: that of its Gaia identifier, else of its Hipparcos number, where the list has these once;
    else the nearest in place and magnitude. The row stays unless it is mismeasured, by LEAST_PARALLAX_OVER_ERROR or
    DIMMER_MAG; then the list's star takes its place, and it is added where there is no row. The result does not
    depend on how the rows are cut into tables, nor, where no two are alike, on their order.
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
    """Return int64 [M] the row of each star, and the pair that they are; -1 where there is none."""
    separation = np.linalg.norm(pairs.offset, axis=-1)
    fainter = rows.phot_g_mean_mag[pairs.row] - bright.stars.phot_g_mean_mag[pairs.star]
    by_gaia, by_hip = (_same_id(rows, pairs, ids) for ids in (bright.gaia, bright.hip))
    rank = np.where(by_gaia & _once(bright.gaia)[pairs.star], 0, np.where(by_hip & _once(bright.hip)[pairs.star], 1, 2))
    may_be = by_gaia | by_hip | (separation <= SAME_PLACE_ARCSEC)
    may_be |= (separation <= SAME_STAR_ARCSEC) & (np.abs(fainter) <= SAME_STAR_MAG)
    # An arcsecond of distance counts as a magnitude of difference.
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
    """Return bool [N]: which rows, themselves no star's, are a star again that another row is."""
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
    """Return bool [N]: which rows have a parallax that is said to be uncertain."""
    return rows.parallax < LEAST_PARALLAX_OVER_ERROR * rows.parallax_error


def _too_faint(bright, rows, pairs, row_of, repeated) -> NDArray[np.bool_]:
    """Return bool [M]: at which stars all rows that are theirs, or no star's, give too little light."""
    owner = np.full(len(rows), -1)
    matched = row_of >= 0
    owner[row_of[matched]] = np.flatnonzero(matched)
    theirs = (owner[pairs.row] == pairs.star) | ((owner[pairs.row] < 0) & ~repeated[pairs.row])
    theirs &= (np.linalg.norm(pairs.offset, axis=-1) <= SAME_STAR_ARCSEC) | (owner[pairs.row] == pairs.star)
    light = 10.0 ** (-0.4 * rows.phot_g_mean_mag[pairs.row[theirs]])
    total = np.bincount(pairs.star[theirs], light, len(bright.stars))
    return total < 10.0 ** (-0.4 * (bright.stars.phot_g_mean_mag + DIMMER_MAG))


def _same_id(rows: StarTable, pairs: Pairs, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return bool [P]: whether row and star have one identifier."""
    return (rows.source_id[pairs.row] == ids[pairs.star]) & (ids[pairs.star] != NO_ID)


def _once(ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return bool [M]: which identifiers only one star has."""
    _, inverse, counts = np.unique(ids, return_inverse=True, return_counts=True)
    return counts[inverse] == 1
