"""Findings: where a universe does not keep the promises that it makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

PROMISES = {
    "files": "every file must be there, with the bytes that were written",
    "metadata": "version, depth and columns must be as they were written",
    "provenance": "every input must have its hash, every row must be kept or counted",
    "index": "index.json must have the grid and the totals of the store",
    "landmarks": "landmarks.json must be a list of landmarks",
    "bodies": "bodies.parquet must have the orbits that were written",
    "cells": "cells must lie in the grid, each once, in the order of their keys",
    "tree": "cells must split where they hold more than leaf_capacity, and nowhere else; all above are listed",
    "offsets": "offsets must begin at 0, give every cell a row, and end at the last row",
    "finite": "values must be finite; only bp_rp may be NaN, where it is not measured",
    "magnitude": "phot_g_mean_mag must be from -30 to 50",
    "identity": "source_id must be there, and unique",
    "order": "stars of a cell must go from luminous to faint, equals by source_id",
    "bounds": "stars must lie in the box of their cell",
    "place": "stars must be in the cell that the grid has for their position",
    "frame": "the box of a cell's stars must be the smallest that holds them",
    "seen": "stars must leave their cell within 0.001 arcsec, seen from the barycentre, and 1e-6 of their distance",
    "splat offsets": "offsets of splats must begin at 0, never fall, and end at the last splat",
    "splat count": "trained cells must have 1 splat to as many as they have stars, the others none",
    "outcome": "a cell's outcome must be known; one that is not trained has no metrics and no settings",
    "splat finite": "values of splats must be finite",
    "quaternion": "quaternions of splats must have norm 1",
    "splat size": "scales of splats must be above 0",
    "splat light": "opacities of splats must be above 0",
    "splat color": "colours of splats must not be negative, their luminance must be 1",
    "levels": "every star must be kept by one cell of the levels of detail, and cells must be those of one tree",
    "level light": "proxies and glow map must have the light of the stars they stand for, to 1e-6",
    "level error": "the error of a cell must be what its stars and proxies give",
    "pack": "a pack must have the bytes that were written, and what stands for the universe",
}
"""Every promise by its name, in the order in which they are reported."""


@dataclass(frozen=True)
class Finding:
    """One broken promise: its name in PROMISES, what was found instead as `value`, and where.

    `cell` is the name of the cell, or empty; `row` is the row of `table`, which is `emitters` or `splats`, or None.
    """

    promise: str
    value: str
    cell: str = ""
    table: str = ""
    row: int | None = None

    def __str__(self) -> str:
        where = [f"cell {self.cell}"] if self.cell else []
        if self.row is not None:
            where.append(f"{self.table} row {self.row:,}")
        place = f"{' '.join(where)}: " if where else ""
        return f"{self.promise}: {place}{self.value}; {PROMISES[self.promise]}"


def numbers_text(values: ArrayLike) -> str:
    """Return the text of `values`, [N] or a single one, for a finding."""
    return "(" + " ".join(f"{value:.9g}" for value in np.atleast_1d(values)) + ")"


class Findings:
    """The findings so far: `counts` by promise, and the `first` of each promise, at most `shown` of them."""

    def __init__(self, shown: int):
        self._shown = shown
        self.counts: dict[str, int] = {}
        self.first: dict[str, list[Finding]] = {}

    def __len__(self) -> int:
        return sum(self.counts.values())

    def add(self, finding: Finding) -> None:
        """Count `finding`, unless it equals one of the first of its promise."""
        first = self.first.setdefault(finding.promise, [])
        if finding in first:
            return
        self.counts[finding.promise] = self.counts.get(finding.promise, 0) + 1
        if len(first) < self._shown:
            first.append(finding)

    def add_each(
        self, promise: str, places: Sequence[int] | NDArray[np.integer], finding_of: Callable[[int], Finding]
    ) -> None:
        """Count one finding for each of `places`, calling `finding_of` only for those that are kept."""
        first = self.first.get(promise, [])
        for number, place in enumerate(places):
            if len(first) < self._shown:
                self.add(finding_of(int(place)))
                first = self.first[promise]
            else:
                self.counts[promise] += len(places) - number
                return

    def lines(self) -> list[str]:
        """A line for each finding that was kept, and how many more there are, in the order of PROMISES."""
        lines: list[str] = []
        for promise in PROMISES:
            first = self.first.get(promise, [])
            lines += map(str, first)
            if more := self.counts.get(promise, 0) - len(first):
                lines.append(f"{promise}: and {more:,} more")
        return lines
