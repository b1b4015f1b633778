"""Finds the faintest star that `--limit` keeps: the last of the N brightest stars of all runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helios.building.runs import Run

_STEPS = ((16, 16), (0, 16))
"""The (shift, bits) of the two steps that find a magnitude: by its 16 high bits, then by its 16 low bits."""


@dataclass(frozen=True, order=True)
class Faintest:
    """The last star that is kept, in the order of `--limit`: by apparent magnitude, then by identifier."""

    phot_g_mean_mag: float
    source_id: int

    def keeps(self, phot_g_mean_mag: NDArray[np.float32], source_id: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of the stars [N] come before this one or are this one, bool [N]."""
        last = np.float32(self.phot_g_mean_mag)
        return (phot_g_mean_mag < last) | ((phot_g_mean_mag == last) & (source_id <= self.source_id))


def faintest_of_brightest(runs: Sequence[Run], count: int) -> Faintest:
    """Return the `count`-th brightest, from 1, of the used stars in `runs`, which must be at least `count`.

    Reads the magnitudes three times, one run at a time; holds only the identifiers of the stars that are exactly as
    bright as the one it returns.
    """
    prefix, rank = 0, count
    for shift, bits in _STEPS:
        counts = np.zeros(1 << bits, np.int64)
        for run in runs:
            places = _ordered(_used(run, "phot_g_mean_mag"))
            places = places[places >> (shift + bits) == prefix >> (shift + bits)] if shift + bits < 32 else places
            counts += np.bincount((places >> shift) & ((1 << bits) - 1), minlength=1 << bits)
        below = np.cumsum(counts) - counts
        place = int(np.flatnonzero(below < rank)[-1])
        rank -= int(below[place])
        prefix |= place << shift
    same = np.concatenate([_used(r, "source_id")[_ordered(_used(r, "phot_g_mean_mag")) == prefix] for r in runs])
    return Faintest(float(_magnitude(prefix)), int(np.partition(same, rank - 1)[rank - 1]))


def _used(run: Run, name: str) -> NDArray:
    """Return the column `name` of the used stars of `run`."""
    return run.columns(name)[name][run.used()]


def _ordered(magnitudes: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return integers [N], 0 to 2^32 - 1, that sort as `magnitudes` [N] do; -0 and 0 give the same integer."""
    bits = (magnitudes + np.float32(0.0)).view(np.uint32).astype(np.int64)
    return np.where(bits >> 31, 0xFFFFFFFF - bits, bits | 0x80000000)


def _magnitude(place: int) -> np.float32:
    """Return the magnitude for which `_ordered` gives `place`."""
    bits = 0xFFFFFFFF - place if place < 0x80000000 else place & 0x7FFFFFFF
    return np.uint32(bits).view(np.float32)
