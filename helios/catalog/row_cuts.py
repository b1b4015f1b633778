"""The cuts that a row must pass to be a star. A rejected row is counted under the first cut that holds for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from helios.catalog.table import FLOAT_COLUMNS, NO_ID, StarTable, single
from helios.constants import LIGHT_M_PER_S, MAGNITUDES

INVERSE, EDSD = "inverse", "edsd"
"""The two ways to find a distance from a parallax; any other value names a catalogue's distance column."""

LARGEST_PARALLAX = 1e6
"""Largest parallax, mas, that of a milliparsec: no star has a larger one, and the distance formulas end there."""

EPOCHS = (1000.0, 3000.0)
"""Julian years that the epoch of a position can have: others are Julian dates or mistakes."""

RIGHT_ASCENSIONS = (-360.0, 720.0)
"""Right ascensions that are taken, degrees: an angle is periodic, but -999 is none."""

COLOURS = (-10.0, 20.0)
"""Colours BP-RP that are believed, mag: catalogues write 99 or -999 where there is none. All stars lie between
-1 and 8, and noise in faint ones does not reach these limits."""

LARGEST_MOTION = 1e6
"""Largest proper motion, mas per year: about a hundred times the largest known, that of Barnard's star."""


@dataclass(frozen=True)
class Cuts:
    """The cuts that a user asks for: the options of `helios build` of the same names; None where there is no such cut.

    `motion` says that stars will be moved, so that any motion they have must be credible.
    """

    max_mag: float | None = None
    min_parallax_over_error: float | None = None
    max_ruwe: float | None = None
    distance: str = INVERSE
    motion: bool = False


@dataclass(frozen=True)
class RowCut:
    """One reason, `why`, and the rows that it rejects: those for which `holds`, bool [N], is true.

    A message shows the `value` [N] of the row as `label`, which is None where there is nothing to show.
    """

    why: str
    label: str | None
    value: Callable[[StarTable], NDArray[np.float64]]
    holds: Callable[[StarTable], NDArray[np.bool_]]


def _column(name: str) -> Callable[[StarTable], NDArray[np.float64]]:
    return lambda table: getattr(table, name)


def _cut(why: str, column: str, holds: Callable[[NDArray[np.float64]], NDArray[np.bool_]], label: str = "") -> RowCut:
    """Return the cut of the rows for whose value in `column` the function `holds` is true."""
    value = _column(column)
    return RowCut(why, label or column, value, lambda table: holds(value(table)))


def _missing(column: str, label: str = "") -> RowCut:
    value = _column(column)
    return RowCut(f"{label or column} missing", None, value, lambda table: np.isnan(value(table)))


def _present(column: str, label: str = "") -> tuple[RowCut, RowCut]:
    return _missing(column, label), _cut(f"{label or column} not finite", column, np.isinf, label)


def _positive(column: str, label: str = "") -> RowCut:
    return _cut(f"{label or column} not above 0", column, lambda values: values <= 0.0, label)


def row_cuts(cuts: Cuts) -> Iterator[RowCut]:
    """Yield the cuts in order; a row is rejected by the first that holds for it."""
    parallax_used = cuts.distance in (INVERSE, EDSD)
    empty = partial(_all_missing, FLOAT_COLUMNS)
    yield RowCut("empty row", None, _column("row"), empty)
    yield RowCut("source_id missing", None, _column("row"), lambda table: table.source_id == NO_ID)
    yield from _present("ra")
    yield from _present("dec")
    yield from _present("parallax") if parallax_used else _present("distance_pc", cuts.distance)
    yield from _present("phot_g_mean_mag")
    west, east = RIGHT_ASCENSIONS
    yield _cut(f"ra outside [{west:g}, {east:g}]", "ra", lambda ra: (ra < west) | (ra > east))
    yield _cut("dec outside [-90, 90]", "dec", lambda dec: np.abs(dec) > 90.0)
    if cuts.distance != EDSD:
        yield _positive("parallax") if parallax_used else _positive("distance_pc", cuts.distance)
    faintest, brightest = max(MAGNITUDES), min(MAGNITUDES)
    yield _cut(
        f"phot_g_mean_mag outside [{brightest:g}, {faintest:g}]",
        "phot_g_mean_mag",
        lambda mag: (mag < brightest) | (mag > faintest),
    )
    if parallax_used and (cuts.distance == EDSD or cuts.motion):
        yield _cut(f"parallax beyond {LARGEST_PARALLAX:,.0f} mas", "parallax", lambda w: np.abs(w) > LARGEST_PARALLAX)
    if cuts.motion and not parallax_used:
        least_pc = 1000.0 / LARGEST_PARALLAX
        yield _cut(f"{cuts.distance} below {least_pc:g} pc", "distance_pc", lambda pc: pc < least_pc, cuts.distance)
    yield from _believable_epoch()
    if cuts.motion:
        yield from _believable_motion()
    if cuts.max_mag is not None:
        max_mag = np.float32(cuts.max_mag)
        yield _cut("fainter than --max-mag", "phot_g_mean_mag", lambda mag: single(mag) > max_mag)
    if cuts.distance == EDSD or cuts.min_parallax_over_error is not None:
        yield _missing("parallax_error")
        yield _cut("parallax_error not finite", "parallax_error", np.isinf)
        yield _cut("parallax_error not above 0", "parallax_error", lambda error: error <= 0.0)
    if cuts.min_parallax_over_error is not None:
        if not parallax_used:
            yield from _present("parallax")
        least = np.float32(cuts.min_parallax_over_error)
        yield RowCut(
            "below --min-parallax-over-error",
            "parallax/parallax_error",
            _parallax_over_error,
            lambda table: _parallax_over_error(table) < least,
        )
    if cuts.max_ruwe is not None:
        max_ruwe = np.float32(cuts.max_ruwe)
        yield _missing("ruwe")
        yield _cut("ruwe above --max-ruwe", "ruwe", lambda ruwe: ruwe > max_ruwe)


def _believable_epoch() -> Iterator[RowCut]:
    """Yield the cuts of rows without a usable epoch of their own, where such epochs are read."""
    value = _column("ref_epoch")
    yield RowCut("ref_epoch missing", None, value, lambda t: np.isnan(t.ref_epoch) & ("ref_epoch" not in t.absent))
    yield _cut(
        f"ref_epoch outside [{EPOCHS[0]:g}, {EPOCHS[1]:g}]",
        "ref_epoch",
        lambda year: (year < EPOCHS[0]) | (year > EPOCHS[1]),
    )


def _believable_motion() -> Iterator[RowCut]:
    """Yield the cuts of motions that are not credible; a star without a motion is kept."""
    light_km_s = LIGHT_M_PER_S / 1000.0
    for column in ("pmra", "pmdec"):
        yield _cut(
            f"{column} beyond {LARGEST_MOTION:,.0f} mas a year", column, lambda motion: np.abs(motion) > LARGEST_MOTION
        )
    yield _cut("radial_velocity not below light's", "radial_velocity", lambda speed: np.abs(speed) >= light_km_s)


def _all_missing(columns: tuple[str, ...], table: StarTable) -> NDArray[np.bool_]:
    return np.all([np.isnan(getattr(table, column)) for column in columns], axis=0)


def _parallax_over_error(table: StarTable) -> NDArray[np.float64]:
    """Return parallax/parallax_error [N]; an earlier cut has rejected rows without a usable error."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        # The ratio is rounded too, or 1/0.1 would be less than 10.
        return single(table.parallax / table.parallax_error)
