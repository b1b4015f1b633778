"""The columns of a table of fixed width, and what is said of rows and files that have others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.solar.readers.fixed_width import BLANK, POINT, Field, Rows


@dataclass(frozen=True)
class Layout:
    """Columns of a table: `numbers` with a fixed point, the characters `gaps` that are always blank, and its `width`.

    A row is at least `least` characters long; `described` is where its columns are described.
    """

    numbers: tuple[Field, ...]
    gaps: tuple[int, ...]
    least: int
    width: int
    described: str

    def strange(self, rows: Rows) -> NDArray[np.bool_]:
        """Return which of `rows` have something in a gap, or the point of a number elsewhere, [N]."""
        chars = rows.chars
        strange = (chars[:, list(self.gaps)] != BLANK).any(axis=1)
        for field in self.numbers:
            if field.point is not None:
                strange |= (chars[:, field.point] != POINT) & ~rows.blank(field.start, field.stop)
        return strange

    def check(self, rows: Rows) -> None:
        """Raise InputError where a line is cut short, and where the columns of a row, or of most, are others."""
        short = rows.length < self.least
        if short.any():
            at = int(np.argmax(short))
            raise rows.file.fault(
                int(rows.row[at]),
                f"{rows.length[at]} characters, a row of {rows.file.kind} has at least {self.least}; the line is cut "
                "short: download the file again",
            )
        strange = self.strange(rows)
        if not strange.any():
            return
        row = int(rows.row[np.argmax(strange)])
        if 2 * int(strange.sum()) > len(rows):
            raise InputError(
                f"{rows.file.name} line {row:,}: the columns are not those of {rows.file.kind}, as in files of another "
                f"year or program (they must be those of {self.described})"
            )
        raise rows.file.fault(
            row,
            f"its values are not in the columns of {rows.file.kind} ({self.described}); the line is damaged: download "
            "the file again",
        )
