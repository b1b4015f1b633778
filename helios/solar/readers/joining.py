"""All bodies of some files as one table, in which no designation stands twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.rejections import Rejection
from helios.solar.orbits import Orbits
from helios.solar.readers import BodyReader, open_bodies
from helios.solar.readers.counts import BodyCounts

REPEATED = "the same row again"
IN_EARLIER_FILE = "in a file that is named before"


@dataclass(frozen=True)
class Bodies:
    """The bodies of some files, in order, what became of all rows, and what permanently identifies the files."""

    orbits: Orbits
    counts: BodyCounts
    inputs: list[dict[str, Any]]

    def provenance(self) -> dict[str, Any]:
        """Return what a universe of these bodies, which have one epoch, says of them, as JSON values."""
        return {
            "inputs": self.inputs,
            "rows_read": self.counts.rows_read,
            "rejected": self.counts.by_reason(),
            "kept": len(self.orbits),
            "epoch_jd_tdb": float(self.orbits.epoch_jd_tdb[0]),
        }


def read_bodies(paths: Iterable[Path]) -> Bodies:
    """Return the small bodies of the files `paths`, each read by the reader that recognises it.

    A row that stands twice in a file is counted, and so is a body that an earlier file has: of two files, the first
    holds. Raises InputError as the readers do, for a designation that a file has with two orbits, and where there is
    no body at all.
    """
    parts: list[Orbits] = []
    counts = BodyCounts()
    known: set[str] = set()
    readers = [open_bodies(Path(path)) for path in paths]
    for reader in readers:
        orbits, file_counts = read_file(reader)
        counts += file_counts
        names = orbits.designation.tolist()
        again = np.array([name in known for name in names], dtype=bool) if known else np.zeros(len(names), dtype=bool)
        if again.any():
            label = f"{reader.name} {names[int(np.argmax(again))]}"
            counts += BodyCounts(rejections={IN_EARLIER_FILE: Rejection(int(again.sum()), label)})
            orbits = orbits[~again]
        known.update(names)
        parts.append(orbits)
    if not sum(map(len, parts)):
        raise InputError(f"no small body in {counts.rows_read:,} rows ({counts.reasons() or 'the files are empty'})")
    return Bodies(Orbits.joined(parts), counts, [reader.provenance() for reader in readers])


def read_file(reader: BodyReader) -> tuple[Orbits, BodyCounts]:
    """Return the bodies of one file, no designation twice, and the counts of its rows. Raises as `read_bodies`."""
    blocks = list(reader.blocks())
    counts = sum((block.counts for block in blocks), BodyCounts())
    if not blocks:
        raise InputError(f"{reader.name}: has no rows")
    orbits, row = Orbits.joined([block.orbits for block in blocks]), np.concatenate([block.row for block in blocks])
    names = orbits.designation.tolist()
    if len(set(names)) == len(names):
        return orbits, counts
    _, first, group = np.unique(orbits.designation, return_index=True, return_inverse=True)
    former = first[group]
    repeated = former != np.arange(len(orbits))
    differs = repeated & ~_alike(orbits, orbits[former])
    if differs.any():
        at = int(np.argmax(differs))
        raise InputError(
            f"{reader.name} {reader.row_unit} {row[at]:,}: {names[at]} again, with other elements than in "
            f"{reader.row_unit} {row[former[at]]:,}; keep one of them"
        )
    label = f"{reader.name} {reader.row_unit} {row[np.argmax(repeated)]:,}, {names[int(np.argmax(repeated))]}"
    counts += BodyCounts(rejections={REPEATED: Rejection(int(repeated.sum()), label)})
    return orbits[~repeated], counts


def _alike(first: Orbits, second: Orbits) -> NDArray[np.bool_]:
    """Return which rows of the two are the same in all columns, [N]; nothing is the same as nothing."""
    alike = np.ones(len(first), dtype=bool)
    for field in fields(Orbits):
        one, other = getattr(first, field.name), getattr(second, field.name)
        same = one == other
        alike &= same | (np.isnan(one) & np.isnan(other)) if one.dtype.kind == "f" else same
    return alike
